"""The scripts' entry point: exit codes, one line for a mistake, and flags that win over the configuration."""

from __future__ import annotations

import argparse
import errno
import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from src import cli
from src.schema import UserError


def _run(monkeypatch: pytest.MonkeyPatch, outcome: BaseException | None, *flags: str) -> int:
    def main(args: argparse.Namespace) -> None:
        if outcome is not None:
            raise outcome

    monkeypatch.setattr("sys.argv", ["script.py", *flags])
    try:
        cli.run(main, cli.parser("test"))
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


CASES = [  # exception, exit code, text in standard error
    (None, 0, ""),
    (UserError("no adapter\n in here"), 2, "error: no adapter in here\n"),
    # it quotes a stranger's file, which does nothing to the terminal
    (
        UserError("no \x1b[2J\x07\u202eb\0 in \u2066x\x9b"),
        2,
        "error: no \\x1b[2J\\x07\\u202eb\\x00 in \\u2066x\\x9b\n",
    ),
    (
        OSError(errno.ENOSPC, "No space left on device", "/tmp/x"),
        2,
        "No space left on device (/tmp/x); what was finished",
    ),
    (PermissionError(errno.EACCES, "Permission denied", "/x"), 2, "Permission denied (/x)"),
    (
        RuntimeError("Symlink loop from '/x'"),
        2,
        "error: Symlink loop from '/x'; put a file or folder in its place",
    ),
    (MemoryError(), 2, "error: out of memory; what was finished is kept"),
    (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 2, "error: out of memory"),
    (RuntimeError("PytorchStreamWriter failed writing file"), 2, "error: No space left on device; what was"),
    (KeyboardInterrupt(), 130, "the same command continues"),
    (cli.Stopped(), 143, "the same command continues"),
]


def test_a_command_that_a_message_names_has_the_settings_of_this_one(monkeypatch, capsys):
    error = UserError("no data in d. Run python download_data.py --force")
    flags = ("--config", "my configs/a.yaml", "--set", "data.dataset_path=d")
    assert _run(monkeypatch, error, *flags) == 2
    command = "python download_data.py --config 'my configs/a.yaml' --set data.dataset_path=d --force"
    assert f"no data in d. Run {command}\n" in capsys.readouterr().err


def test_hyphens_in_a_flag_are_underscores(monkeypatch, capsys):
    given = []
    parser = cli.parser("test")
    parser.add_argument("--dry_run", action="store_true")
    parser.add_argument("--max_steps")
    monkeypatch.setattr("sys.argv", ["script.py", "--dry-run", "--max-steps=a-b", "--set", "a.b=c-d"])
    cli.run(given.append, parser)
    assert (given[0].dry_run, given[0].max_steps, given[0].overrides) == (True, "a-b", ["a.b=c-d"])


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--learning_rate", "; write --set training.learning_rate=VALUE\n"),
        ("--learning-rate=1e-4", "; write --set training.learning_rate=VALUE\n"),
        ("--seed", "; write --set training.seed=VALUE or --set evaluation.seed=VALUE\n"),
        ("--training.seed", "; write --set training.seed=VALUE\n"),
        ("--nothing", "unrecognized arguments: --nothing\n"),
        ("nothing", "unrecognized arguments: nothing\n"),
        ("--conf", "unrecognized arguments: --conf; did you mean --config?\n"),
        ("--quite", "unrecognized arguments: --quite; did you mean --quiet?\n"),
    ],
)
def test_a_flag_that_is_a_key_of_the_configuration_says_what_to_write(monkeypatch, capsys, flag, message):
    assert _run(monkeypatch, None, flag) == 2
    assert capsys.readouterr().err.endswith(message)


@pytest.mark.parametrize(("outcome", "code", "message"), CASES)
def test_each_end_has_its_exit_code_and_its_line(monkeypatch, capsys, outcome, code: int, message: str):
    assert _run(monkeypatch, outcome) == code
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") <= 1


DROPPING = """
import signal, time
from src import cli
class Doomed:
    def __del__(self):
        signal.raise_signal(signal.NUMBER)
        time.sleep(1)  # the handler is called in here at the latest, and what it raises is dropped
def main(args):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell starts in the background
    Doomed()
    time.sleep(20)
cli.run(main, cli.parser("test"))
"""


@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_an_interruption_while_an_object_is_deleted_is_not_lost(number: str, code: int):
    script = DROPPING.replace("NUMBER", number)
    root = Path(cli.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code
    assert done.stderr.count("the same command continues") == 1
    assert "ignored" not in done.stderr


def test_other_errors_while_an_object_is_deleted_reach_the_default_hook(monkeypatch):
    reported = []
    monkeypatch.setattr(sys, "unraisablehook", reported.append)
    assert _run(monkeypatch, None) == 0

    class Faulty:
        def __del__(self) -> None:
            raise ValueError("a bug")

    Faulty()
    assert [str(each.exc_value) for each in reported] == ["a bug"]


@pytest.mark.parametrize(
    "outcome", [ValueError("a bug"), RuntimeError("a bug"), OSError("a bug with no number"), AssertionError()]
)
def test_a_bug_of_ours_is_not_reported_as_a_mistake_of_the_user(monkeypatch, outcome: Exception):
    with pytest.raises(type(outcome)):
        _run(monkeypatch, outcome)


def test_verbose_adds_the_traceback_with_the_causes(monkeypatch, capsys, caplog):
    error = UserError("wrong")
    error.__cause__ = KeyError("the reason")
    with caplog.at_level(logging.INFO):
        assert _run(monkeypatch, error, "--verbose") == 2
    assert "UserError: wrong" in caplog.text
    assert "KeyError: 'the reason'" in caplog.text
    assert capsys.readouterr().err.endswith("error: wrong\n")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("flags", "drawn"), [((), True), (("--verbose",), True), (("--quiet",), False)])
def test_quiet_silences_progress_on_a_terminal(monkeypatch, flags: tuple[str, ...], drawn: bool):
    from tqdm import tqdm

    screen = _Terminal()
    monkeypatch.setenv("TQDM_DISABLE", "0")
    monkeypatch.setattr("sys.stderr", screen)
    _run(monkeypatch, None, *flags)
    with tqdm(total=2, disable=None) as bar:  # as all bars of the project ask
        assert (not bar.disable) is drawn
    assert ("0/2" in screen.getvalue()) is drawn
    assert os.environ["TQDM_DISABLE"] == ("0" if drawn else "1")  # for bars of others
    print("error", file=sys.stderr)
    assert screen.getvalue().endswith("error\n")


@pytest.mark.parametrize(
    ("terminal", "flags", "drawn"), [(True, (), True), (True, ("--quiet",), False), (False, (), False)]
)
def test_downloads_and_loading_show_bars_on_a_terminal_alone(
    monkeypatch, terminal: bool, flags: tuple[str, ...], drawn: bool
):
    monkeypatch.setattr("sys.stderr", _Terminal() if terminal else io.StringIO())
    for name in ("HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    monkeypatch.setenv("TQDM_DISABLE", "0")
    _run(monkeypatch, None, *flags)
    assert os.environ.get("HF_HUB_DISABLE_PROGRESS_BARS") == (None if drawn else "1")
    assert os.environ.get("HF_DATASETS_DISABLE_PROGRESS_BARS") == (None if drawn else "1")


def test_a_flag_wins_over_set_and_an_absent_flag_changes_nothing():
    parser = cli.parser("test")
    parser.add_argument("--samples", dest="evaluation.num_samples", type=int)
    parser.add_argument("--temperature", dest="evaluation.temperature", type=float)
    args = parser.parse_args("--set evaluation.num_samples=3 --set lora.r=4 --samples 7".split())
    config = cli.configure(args)
    assert (config.evaluation.num_samples, config.lora.r, config.evaluation.temperature) == (7, 4, 0)


def test_flags_are_not_abbreviated():
    with pytest.raises(SystemExit) as ended:
        cli.parser("test").parse_args(["--conf", "x"])
    assert ended.value.code == 2


def test_scripts_find_the_defaults_from_another_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli.configure(cli.parser("test").parse_args([])).lora.r == 16


def test_a_config_file_that_is_given_and_missing_is_refused_whatever_its_name(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    args = cli.parser("test").parse_args(["--config", "config.yaml"])
    with pytest.raises(UserError, match=r"no config file config\.yaml; give --config FILE"):
        cli.configure(args)
    (tmp_path / "config.yaml").write_text("lora:\n  r: 3\n", encoding="utf-8")
    assert cli.configure(args).lora.r == 3
    assert cli.next_command("x.py", args) == "python x.py --config config.yaml"


@pytest.mark.parametrize(("flags", "said"), [([], "loading ...\n"), (["--quiet"], "")])
def test_a_script_says_that_it_loads_once_its_settings_are_read(capsys, flags: list[str], said: str):
    cli.configure(cli.parser("test").parse_args(flags))
    assert capsys.readouterr().err == said


PRINTING = r"""
import sys
from src import cli
from src.schema import UserError
def main(args):
    print("5 \u2212 3, \u7a7a, \U0001f600, \ufffd, \udcff")
    print("\u7a7a", file=sys.stderr)
    print(ascii(sys.stdin.read()))
    raise UserError("no folder \u7a7a\ufffd")
cli.run(main, cli.parser("test"))
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk", "cp1252", "utf-8"])
def test_no_character_ends_a_script(encoding: str):
    """What `encoding` cannot show comes out as an escape; what it cannot read goes on as lone surrogates."""
    done = subprocess.run(
        [sys.executable, "-c", PRINTING],
        cwd=Path(cli.__file__).parents[1],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        input=b"a\xff",
        capture_output=True,
    )
    assert done.returncode == 2
    output, errors = done.stdout.decode(encoding), done.stderr.decode(encoding)
    assert errors.count("\n") == 2
    for text, shown in ((output, "\u7a7a \U0001f600 \ufffd \udcff"), (errors, "no folder \u7a7a\ufffd")):
        escaped = shown.encode(encoding, "backslashreplace").decode(encoding)
        assert all(part in text for part in escaped.split())
    read = b"a\xff".decode(encoding, "surrogateescape")
    assert ascii(read) in output


@pytest.mark.parametrize("encoding", ["ascii", "gbk"])
@pytest.mark.parametrize("script", sorted(path.name for path in Path(cli.__file__).parents[1].glob("*.py")))
def test_help_is_shown_in_any_encoding(script: str, encoding: str):
    done = subprocess.run(
        [sys.executable, script, "--help"],
        cwd=Path(cli.__file__).parents[1],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert done.returncode == 0
    assert done.stdout.startswith(b"usage:")


def test_a_name_that_the_locale_has_no_bytes_for_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "gbk")
    assert _run(monkeypatch, UnicodeEncodeError("gbk", "data/\u0e01", 5, 6, "illegal")) == 2
    assert "(gbk) has no name for 'data/\\u0e01'; set PYTHONUTF8=1" in capsys.readouterr().err


def test_text_that_cannot_be_encoded_elsewhere_stays_a_bug(monkeypatch):
    with pytest.raises(UnicodeEncodeError):
        _run(monkeypatch, UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"))


def test_standard_input_that_was_read_already_is_left_as_it_is(monkeypatch):
    read = io.TextIOWrapper(io.BytesIO(b"a\nb\n"), encoding="utf-8")
    assert read.readline() == "a\n"
    monkeypatch.setattr(sys, "stdin", read)
    assert _run(monkeypatch, None) == 0
    assert read.readline() == "b\n"


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_may_never_end_is_refused_where_a_file_is_expected(tmp_path: Path, kind: str):
    """In a process of its own: the check stays as long as its process."""
    path = tmp_path / "rows.json"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    done = subprocess.run(
        [sys.executable, "download_data.py", "--source", "file", "--path", path, "--set", f"data.dataset_path={tmp_path}"],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"error: {path} is a pipe or a device, where a file is expected; put a file in its place"
    )


@pytest.mark.parametrize("name", ["x" * 300, "\x1b[2J", "a\u202eb", "a\nb", "\udcff"])
def test_a_name_that_is_no_folder_or_heading_is_refused(name: str):
    with pytest.raises(argparse.ArgumentTypeError, match="at most 200 bytes of printable text"):
        cli.name_of_run(name)
    assert cli.name_of_run("LoRA r=16 é") == "LoRA r=16 é"
