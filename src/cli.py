"""What all scripts share: flags, logging, and the one place that turns a user's mistake into a line and an exit code."""

from __future__ import annotations

import argparse
import io
import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO, cast

from src.schema import UserError
from src.system import distributed
from src.system.exhaustion import is_disk_full, is_out_of_memory
from src.system.files import expand_home, refuse_pipes
from src.system.plain_text import PlainRecord, one_line

if TYPE_CHECKING:
    from src.config import Config

EXIT_MISTAKE = 2
MAX_NAME_BYTES = 200  # a file system takes 255, and names get endings
DEFAULT_CONFIG = Path("config.yaml")
RESEND_S = 0.1  # delay before a signal whose exception Python has dropped is sent again
RANK0_FIRST_S = 15.0  # other ranks wait so long before they report an error of their own
OUT_OF_MEMORY = (
    "out of memory; what was finished is kept. Close other programs, lower evaluation.batch_size and "
    "evaluation.workers, or use a smaller model"
)
DISK_FULL = (
    "No space left on device; what was finished is kept. Free some space and start the same command again"
)

place = expand_home  # the type of an argument that is a path, or another name of a model or file

_DEFAULT_KEY = re.compile(r"default: (\w+)\.(\w+)\b")  # in a help text


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Shows the default of a flag that has one, and the value in config.yaml of one that is a key there."""

    def _get_help_string(self, action: argparse.Action) -> str:
        none = action.default in (None, False, [], "", argparse.SUPPRESS)
        return _DEFAULT_KEY.sub(_with_value, action.help or "") + ("" if none else " (default: %(default)s)")


def _with_value(key: re.Match[str]) -> str:
    """`default: training.seeds` -> `default: training.seeds = 1`"""
    from src.yaml_text import DEFAULTS, parse_yaml

    return f"{key[0]} = {parse_yaml(DEFAULTS.read_text(encoding='utf-8'))[key[1]][key[2]]}"


class _NoTerminal:
    """Standard error without progress bars: it writes as before and reports that it is no terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def isatty(self) -> bool:
        return False


class Stopped(BaseException):
    """SIGTERM arrived; as with KeyboardInterrupt, only `run` catches it."""


def parser(description: str, *examples: str) -> argparse.ArgumentParser:
    """A parser with the flags that all scripts have. `examples` are commands, shown at the end of --help."""
    made = argparse.ArgumentParser(
        description=description,
        epilog="\n  ".join(["examples:", *examples]) if examples else None,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    made.add_argument(
        "--config", type=path, metavar="FILE",
        help="YAML file of settings; keys that it lacks come from config.yaml, the default",
    )  # fmt: skip
    made.add_argument(
        "--set", action="append", default=[], metavar="SECTION.KEY=VALUE", dest="overrides",
        help="change one setting of config.yaml, such as training.seed=1; repeatable (default: no change)",
    )  # fmt: skip
    made.add_argument("--quiet", action="store_true", help="no progress bars, only results and errors")
    made.add_argument("--verbose", action="store_true", help="more log messages, and tracebacks of errors")
    return made


def configure(args: argparse.Namespace) -> Config:
    """The configuration of --config and --set; flags that are keys of it (dest="training.seeds") win where they are given.

    It is the last thing a script does before it imports what takes seconds, so this is where it says so.
    """
    from src.config import load_config

    flags = [f"{key}={value}" for key, value in vars(args).items() if "." in key and value is not None]
    nearby = DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None  # none where run from another folder
    config = load_config(args.config or nearby, args.overrides + flags)
    if not args.quiet:
        print("loading ...", file=sys.stderr, flush=True)
    return config


def _parsed(arguments: argparse.ArgumentParser) -> argparse.Namespace:
    """The flags, --dry-run read as --dry_run. A flag that is a key of the configuration is named as such."""
    words = [word if not word.startswith("--") else _underscored(word) for word in sys.argv[1:]]
    args, unknown = arguments.parse_known_args(words)
    if unknown:
        meant = _as_setting(unknown[0]) or _as_flag(unknown[0], arguments)
        arguments.error(f"unrecognized arguments: {' '.join(unknown)}{meant}")
    return args


def _underscored(word: str) -> str:
    flag, equals, value = word.partition("=")
    return f"--{flag[2:].replace('-', '_')}{equals}{value}"


def _as_setting(flag: str) -> str:
    """ "; write --set training.learning_rate=..." for --learning_rate; "" for what is no key of the configuration."""
    from src.config import keys_named

    found = keys_named(flag.removeprefix("--").partition("=")[0])
    return f"; write {' or '.join(f'--set {key}=VALUE' for key in found)}" if found else ""


def _as_flag(word: str, arguments: argparse.ArgumentParser) -> str:
    """ "; did you mean --model_path?" for --model; "" for what resembles no flag."""
    import difflib

    flag = word.partition("=")[0]
    flags = re.findall(r"--\w+", arguments.format_usage())
    longer = [name for name in flags if name.startswith(flag) and len(flag) > 2]
    found = longer or (difflib.get_close_matches(flag, flags, n=1) if flag.startswith("--") else [])
    return f"; did you mean {' or '.join(found)}?" if found else ""


def name_of_run(text: str) -> str:
    """An argument that becomes a folder and a heading."""
    if len(text.encode("utf-8", "replace")) > MAX_NAME_BYTES or not text.isprintable():
        raise argparse.ArgumentTypeError(f"expected at most {MAX_NAME_BYTES} bytes of printable text")
    return text


def path(text: str) -> Path:
    """An argument that is nothing but a path."""
    return Path(expand_home(text))


def next_command(script: str, args: argparse.Namespace, *more: str) -> str:
    """The command that continues with the same settings and `more`, quoted for the shell."""
    import shlex

    words = ["python", script]
    if args.config is not None:
        words += ["--config", str(args.config)]
    for override in args.overrides:
        words += ["--set", override]
    return shlex.join([*words, *more])


def _with_settings(message: str, args: argparse.Namespace) -> str:
    """The message, a command of ours that it names with the --config and --set of this one."""
    return re.sub(r"python (\w+\.py)\b", lambda found: next_command(found[1], args), message)


def run(main: Callable[[argparse.Namespace], None], arguments: argparse.ArgumentParser) -> None:
    """Parse, call `main`, exit: 0 done; 2 a user's mistake, one line; 130/143 stopped, resumable."""
    _escape_unencodable()
    args = _parsed(arguments)
    _configure_output(args)
    refuse_pipes()
    signal.signal(signal.SIGTERM, _stop)
    sys.unraisablehook = partial(_resend_dropped, sys.unraisablehook)
    try:
        main(args)
    except UserError as error:
        if not isinstance(error, distributed.LostProcessError) or distributed.rank() > 1:
            _wait_for_rank0()
        _print_error(_with_settings(str(error), args), args.verbose)
        sys.exit(EXIT_MISTAKE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        reason = _reason(error)
        if not reason:
            raise
        _print_error(reason, args.verbose)
        sys.exit(EXIT_MISTAKE)
    except KeyboardInterrupt:
        print("stopped; the same command continues", file=sys.stderr)
        sys.exit(130)
    except Stopped:
        print("terminated; the same command continues", file=sys.stderr)
        sys.exit(143)


def _reason(error: Exception) -> str:
    """The message where the system refused something, or memory or disk is full; "" for a bug."""
    if isinstance(error, UnicodeEncodeError) and error.encoding == sys.getfilesystemencoding() != "utf-8":
        return (
            f"the locale's encoding ({error.encoding}) has no name for {error.object!a:.80}; set PYTHONUTF8=1"
        )
    if isinstance(error, OSError) and (error.filename or error.errno):
        path = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or error}{path}; what was finished is kept"
    if str(error).startswith("Symlink loop"):  # a RuntimeError of pathlib, up to Python 3.12
        return f"{error}; put a file or folder in its place"
    return OUT_OF_MEMORY if is_out_of_memory(error) else DISK_FULL if is_disk_full(error) else ""


def _wait_for_rank0() -> None:
    """Let rank 0 report an error that all ranks find: when it exits, the launcher terminates the others."""
    if distributed.is_rank0():
        return
    try:
        time.sleep(RANK0_FIRST_S)
    except (Stopped, KeyboardInterrupt):
        _ignore_sigterm_of_launcher()
        sys.exit(EXIT_MISTAKE)


def _ignore_sigterm_of_launcher() -> None:
    """The launcher terminates all ranks when one has failed; this one is exiting already."""
    if distributed.world_size() > 1:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise Stopped


def _resend_dropped(default_hook: Callable[[Any], object], dropped: Any) -> None:
    """Send a signal again whose exception Python has dropped, as it does while an object is being deleted."""
    number = {KeyboardInterrupt: signal.SIGINT, Stopped: signal.SIGTERM}.get(dropped.exc_type)
    if number is None:
        default_hook(dropped)
    else:
        # on Windows kill ends the process
        send = partial(os.kill, os.getpid()) if os.name == "posix" else signal.raise_signal
        timer = threading.Timer(RESEND_S, send, (number,))
        timer.daemon = True
        timer.start()


def _print_error(message: str, verbose: bool) -> None:
    _ignore_sigterm_of_launcher()
    if verbose:
        logging.getLogger(__name__).exception("where it happened:")
    print(f"error{distributed.rank_suffix()}: {one_line(message)}", file=sys.stderr)


def _escape_unencodable() -> None:
    """Let no character end a script: a terminal that is not UTF-8 gets escapes for what it cannot show.

    What it sends and cannot be decoded becomes lone surrogates, which are refused where text is expected.
    """
    streams = (
        (sys.stdin, "surrogateescape"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    )
    for stream, errors in streams:
        if isinstance(stream, io.TextIOWrapper):
            with suppress(io.UnsupportedOperation):  # what a program around us has read already
                stream.reconfigure(errors=errors)


def unmute() -> None:
    """Print again in a process that printed nothing as one of several, and has become a run of its own."""
    assert sys.__stdout__ is not None
    sys.stdout = sys.__stdout__


def _configure_output(args: argparse.Namespace) -> None:
    """Set the verbosity of all libraries, before any of them is imported."""
    if not distributed.is_rank0():
        args.quiet = True
        sys.stdout = Path(os.devnull).open("w", errors="replace")  # noqa: SIM115  # only rank 0 prints
    level = logging.INFO if args.verbose else logging.ERROR if args.quiet else logging.WARNING
    logging.setLogRecordFactory(PlainRecord)
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "info" if args.verbose else "error")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "INFO" if args.verbose else "ERROR")
    # vLLM's default is standard output, where results are printed
    os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("BITSANDBYTES_NOWELCOME", "1")
    if not args.verbose:
        for name in ("httpx", "huggingface_hub", "bitsandbytes", "datasets", "matplotlib", "torchao"):
            logging.getLogger(name).setLevel(logging.ERROR)
        os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    if args.quiet or not sys.stderr.isatty():  # else downloads and the loading of weights show bars
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    if args.quiet:
        os.environ["TQDM_DISABLE"] = "1"
        sys.stderr = cast(TextIO, _NoTerminal(sys.stderr))  # some bars check for a terminal only
