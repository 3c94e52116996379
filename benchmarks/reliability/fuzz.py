"""Fuzzes the parsers: each accepts its input or refuses it with a UserError, in bounded time.

    python -m benchmarks.reliability.fuzz [--minutes 10] [--target NAME ...] [--json FILE]

Its last result: benchmarks/results/fuzz.json. A target draws inputs with hypothesis and fails where a parser raises
anything but UserError, breaks a promise about its result, or takes more than SLOWEST_S of processor time for one input.
Targets run side by side, one a core. Those that read what a model wrote are in fuzz_answers.py.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks import ROOT
from benchmarks.reliability.fuzz_answers import ANSWER_TARGETS
from src.schema import UserError

SLOWEST_S = 5.0  # of processor time for one input
SIZE = 200_000  # characters to which a fragment is repeated
ROUND = 20  # examples between two checks of the clock

CODE = st.sampled_from([
    "```", "```python\n", "~~~", "\n", "    ", "def f(x):\n    return x\n", "print(1)", "import os\n", "class A: pass",
    "function f() { return 1; }", "SELECT * FROM t;", "#include <a>\n", "### Instruction:", "### Response:", "{", "}",
    "<script>", "Here is the code:", "\r\n", "\t", "\0", "\ufeff", "\u2028", "\ud800", "'''", '"""', "\\", "`", "|", "#",
    "package main\n", "<?php ", "fn main() {}", "#!/bin/bash\n", "public static void main", "(" * 50, "[" * 3000, "key: 1\n",
])  # fmt: skip
TEXT = st.text(st.characters(), max_size=80) | st.lists(CODE | st.text(max_size=8), max_size=25).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
BYTES = st.binary(max_size=200) | TEXT.map(lambda text: text.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True)
class Outcome:
    """One target's campaign."""

    target: str
    examples: int
    minutes: float
    failure: str  # "" where all held


def _mutated(lines: bytes, place: int, junk: bytes) -> bytes:
    """`lines` with some bytes replaced at a place."""
    place %= len(lines) + 1
    return lines[:place] + junk + lines[place + len(junk) // 2 :]


def _accepted(work: Callable[[], Any]) -> Any:
    """What `work` gives; None where it refuses in one line."""
    try:
        return work()
    except UserError as refusal:
        if not str(refusal).strip():
            raise AssertionError("an empty message") from refusal
        return None


def _folder() -> Path:
    """A folder of this process for files to parse; removed with it."""
    if "fuzz" not in _FOLDERS:
        _FOLDERS["fuzz"] = tempfile.TemporaryDirectory(prefix="fuzz-")
    return Path(_FOLDERS["fuzz"].name)


_FOLDERS: dict[str, tempfile.TemporaryDirectory[str]] = {}


def _config_texts() -> st.SearchStrategy[bytes]:
    from src.config import ALL_KEYS
    from src.yaml_text import DEFAULTS

    whole = DEFAULTS.read_bytes()
    keys = st.sampled_from(sorted({part for key in ALL_KEYS for part in key.split(".")}))
    atoms = st.sampled_from(
        ["lora:", "  r: ", "- ", ": ", *"[]{}|>'\"", "&a ", "*a", "!!", "${", "2e-4", ".nan"]
    )
    made = st.lists(keys | atoms | st.sampled_from(["\n", " "]) | st.text(max_size=5), max_size=30)
    return (
        BYTES
        | made.map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass"))
        | st.builds(_mutated, st.just(whole), st.integers(0, len(whole)), st.binary(max_size=8))
    )  # fmt: skip


def config_target() -> Callable[[], None]:
    import dataclasses

    import yaml

    from src.config import load_config

    path = _folder() / "config.yaml"

    @given(_config_texts())
    def check(content: bytes) -> None:
        path.write_bytes(content)
        config = _accepted(lambda: load_config(path))
        if config is not None:
            path.write_text(yaml.safe_dump(dataclasses.asdict(config), allow_unicode=True), encoding="utf-8")
            assert load_config(path) == config

    return check


def override_target() -> Callable[[], None]:
    from src.config import ALL_KEYS, load_config

    values = TEXT | VALUES.map(lambda value: json.dumps(value, allow_nan=True))

    @given(st.sampled_from(ALL_KEYS) | TEXT, values)
    def check(key: str, value: str) -> None:
        _accepted(lambda: load_config(overrides=[f"{key}={value}"]))

    return check


ROWS = st.fixed_dictionaries(
    {"instruction": TEXT | VALUES, "output": TEXT | VALUES},
    optional={"input": TEXT | VALUES, "language": TEXT, "messages": VALUES, "prompt": VALUES, "tests": TEXT},
)


def row_target() -> Callable[[], None]:
    from src.data.curation.cleaning import Reject, clean
    from src.data.sources.readers import RawRow

    @given(
        VALUES
        | ROWS
        | st.dictionaries(st.sampled_from(["messages", "conversations", "prompt", "completion"]), VALUES)
    )
    def check(values: Any) -> None:
        made = clean(RawRow(1, values))
        if isinstance(made, Reject):
            assert made.reason
            return
        assert made.instruction.strip()
        assert made.output.strip()
        again = clean(RawRow(1, asdict(made)))
        assert again == made, "cleaning twice changes a row"

    return check  # fmt: skip


def data_file_target() -> Callable[[], None]:
    from src.data.curation.cleaning import clean
    from src.data.sources.readers import READERS, read_rows

    good = b"".join(json.dumps({"instruction": f"i{n}", "output": "o"}).encode() + b"\n" for n in range(4))
    array = b"[" + good.strip().replace(b"\n", b",\n") + b"]"
    table = b"instruction,input,output\na,,b\nc,,d\n"
    contents = (
        BYTES
        | st.builds(
            _mutated, st.sampled_from([good, array, table]), st.integers(0, 200), st.binary(max_size=6)
        )
        | st.lists(ROWS, max_size=4).map(lambda rows: json.dumps(rows).encode())
    )

    @given(contents, st.sampled_from(sorted(READERS)))
    def check(content: bytes, ending: str) -> None:
        path = _folder() / f"rows{ending}"
        path.write_bytes(content)
        rows = _accepted(lambda: list(read_rows(path)))
        for row in rows or []:
            assert row.line >= 1
            clean(row)

    return check


def predictions_target() -> Callable[[], None]:
    from src.evaluation.predictions import predictions_text, read_predictions

    names = st.sampled_from(
        ["id", "instruction", "input", "reference", "prediction", "language", "tests", "completion"]
    )
    fields = dict.fromkeys(("id", "instruction", "input", "reference", "prediction"), TEXT)
    lines = st.lists(st.fixed_dictionaries(fields) | st.dictionaries(names, VALUES), max_size=4)
    text = lines.map(lambda rows: "".join(json.dumps(row) + "\n" for row in rows).encode())
    path = _folder() / "predictions.jsonl"

    @given(text | BYTES | st.builds(_mutated, text, st.integers(0, 400), st.binary(max_size=4)))
    def check(content: bytes) -> None:
        path.write_bytes(content)
        samples = _accepted(lambda: read_predictions(path))
        if samples is not None:
            path.write_text(predictions_text(samples), encoding="utf-8")
            assert read_predictions(path) == samples

    return check  # fmt: skip


def markdown_target() -> Callable[[], None]:
    from markdown_it import MarkdownIt

    from src.report.markdown.document import render_markdown
    from tests.evaluation.comparisons import comparison

    renderer = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    forbidden = ("<script", "<img", "<a ", "<iframe", "<svg", "javascript:")
    plain = renderer.render(render_markdown(comparison(examples=1), 1)).lower()

    @given(TEXT, TEXT)
    def check(first: str, second: str) -> None:
        texts = {"instruction": first, "input": second, "reference": second, "before": first, "after": second}
        page = render_markdown(comparison(examples=1, **texts), 1)
        shown = renderer.render(page).lower()
        for tag in forbidden[:5]:
            assert shown.count(tag) <= plain.count(tag), tag  # without texts there are fewer examples

    return check


FILE_TARGETS: dict[str, Callable[[], Callable[[], None]]] = {
    "config file": config_target,
    "override": override_target,
    "data row": row_target,
    "data file": data_file_target,
    "predictions": predictions_target,
    "markdown": markdown_target,
}
TARGETS = (*FILE_TARGETS, *ANSWER_TARGETS)


class _SlowError(BaseException):
    """Not an Exception: a parser's own handlers should not catch it, and there is no time to look for a smaller input."""


def _limited(work: Callable[..., None]) -> Callable[..., None]:
    """`work`, stopped after SLOWEST_S of processor time; not stopped is what never returns to the interpreter."""

    @functools.wraps(work)
    def run(*args: Any, **options: Any) -> None:
        before = signal.signal(signal.SIGPROF, _stop)
        signal.setitimer(signal.ITIMER_PROF, SLOWEST_S)
        try:
            work(*args, **options)
        except _SlowError:
            inputs = [f"{value!r:.400} ({len(repr(value))})" for value in (*args, *options.values())]
            raise _SlowError(f"more than {SLOWEST_S:g} s of processor time for {inputs}") from None
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    return run


def _stop(number: int, frame: object) -> None:
    raise _SlowError


def fuzz(name: str, seconds: float, size: int = SIZE) -> Outcome:
    """Rounds of a target until the time is over or one fails. With 0 seconds one round, the same every time."""
    check: Any = FILE_TARGETS[name]() if name in FILE_TARGETS else ANSWER_TARGETS[name](size)
    check.hypothesis.inner_test = _limited(check.hypothesis.inner_test)
    started, examples, failure = time.monotonic(), 0, ""
    counted = settings(
        max_examples=ROUND, deadline=None, database=None, print_blob=False, derandomize=not seconds,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
    )(check)  # fmt: skip
    while not failure and (not examples or time.monotonic() - started < seconds):
        try:
            counted()
        except (Exception, _SlowError) as error:
            notes = " ".join(getattr(error, "__notes__", []))
            failure = f"{type(error).__name__}: {error} {notes}"[:1500]
        examples += ROUND
    return Outcome(name, examples, round((time.monotonic() - started) / 60, 2), failure)


def _in_processes(names: list[str], minutes: float) -> list[Outcome]:
    """Every target in a process of its own, as many at a time as there are cores."""
    waiting, running, made = list(names), {}, []
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            name = waiting.pop(0)
            command = [
                sys.executable,
                "-m",
                "benchmarks.reliability.fuzz",
                "--one",
                name,
                "--minutes",
                str(minutes),
            ]
            running[name] = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for name, process in list(running.items()):
            if process.poll() is not None:
                printed = process.communicate()[0]
                lost = Outcome(name, 0, 0.0, f"the process ended with {process.returncode}")
                made.append(
                    Outcome(**json.loads(printed.splitlines()[-1])) if process.returncode == 0 else lost
                )
                print(made[-1], flush=True)
                del running[name]
        time.sleep(0.1)
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the parsers.")
    parser.add_argument("--minutes", type=float, default=10.0, help="of each target")
    parser.add_argument("--target", action="append", choices=TARGETS)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--one", choices=TARGETS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(asdict(fuzz(args.one, args.minutes * 60))))
        return 0
    outcomes = _in_processes(args.target or list(TARGETS), args.minutes)
    if args.json:
        args.json.write_text(json.dumps([asdict(item) for item in outcomes], indent=1) + "\n")
    return int(any(item.failure for item in outcomes))


if __name__ == "__main__":
    sys.exit(main())
