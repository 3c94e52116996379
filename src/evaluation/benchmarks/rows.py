"""Converts the rows of benchmarks' own files to examples with tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from src.evaluation.benchmarks.calls import HUMANEVAL, MBPP, calls_text, parse_calls
from src.languages.syntax import parse_python
from src.schema import Example

Row = Mapping[str, Any]


class RowError(Exception):
    """A row is not one of the benchmark; the message says why."""


def humaneval(row: Row) -> Example:
    """A row of OpenAI's HumanEval."""
    prompt, solution = _text(row, "prompt"), _text(row, "canonical_solution")
    _python(row, prompt + solution)
    return Example(
        id=_id(row),
        instruction=prompt,
        input="",
        output=solution,
        language="python",
        tests=_python(row, f"{_text(row, 'test')}\ncheck({_text(row, 'entry_point')})\n"),
        prefix=prompt,
    )


def mbpp(row: Row) -> Example:
    """A row of MBPP, with the full or the sanitized fields. The official prompt shows the tests: they name the function."""
    tests = "\n".join(_texts(row, "test_list"))
    setup = _text(row, "test_setup_code", "") or "\n".join(_texts(row, "test_imports", ()))
    return Example(
        id=f"MBPP/{_id(row)}",
        instruction=f"{_text(row, 'text' if 'text' in row else 'prompt')}\nYour code should pass these tests:\n{tests}",
        input="",
        output=_python(row, _text(row, "code").replace("\r\n", "\n")),
        language="python",
        tests=_python(row, f"{setup}\n{tests}\n" if setup else f"{tests}\n"),
    )


def humanevalplus(row: Row) -> Example:
    """A row of EvalPlus's HumanEvalPlus file."""
    prompt, solution = _text(row, "prompt"), _text(row, "canonical_solution")
    _python(row, prompt + solution)
    tests = _calls(row, HUMANEVAL)
    return Example(_id(row), prompt, "", solution, language="python", tests=tests, prefix=prompt)


def mbppplus(row: Row) -> Example:
    """A row of EvalPlus's MbppPlus file."""
    prompt, solution = _text(row, "prompt"), _python(row, _text(row, "canonical_solution"))
    return Example(_id(row), prompt, "", solution, language="python", tests=_calls(row, MBPP))


def _calls(row: Row, dataset: str) -> str:
    _text(row, "entry_point")
    inputs = {name: row.get(name) for name in ("base_input", "plus_input")}
    for name, value in inputs.items():
        if not isinstance(value, list) and value != {}:  # one task of MBPP+ has {} for none
            raise RowError(f"expected a list {name!r}, got {_kind(row, name)}; EvalPlus's own files have it")
    text = calls_text(dataset, {"atol": 0, **row, **{name: value or [] for name, value in inputs.items()}})
    if parse_calls(text) is None:
        raise RowError(f"{_id(row)} has inputs that are none")
    return text


READERS: dict[str, Callable[[Row], Example]] = {
    "humaneval": humaneval, "mbpp": mbpp, "humanevalplus": humanevalplus, "mbppplus": mbppplus,
}  # fmt: skip


def to_example(name: str, row: Any) -> Example:
    """The example of a row of benchmark `name`. Raises RowError where it is none."""
    if not isinstance(row, Mapping):
        raise RowError(f"expected an object, got {type(row).__name__}")
    return READERS[name](row)


def _id(row: Row) -> str:
    value = row.get("task_id")
    return str(value) if type(value) is int else _text(row, "task_id")


def _text(row: Row, name: str, default: str | None = None) -> str:
    value = row.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise RowError(f"expected a text {name!r}, got {_kind(row, name)}")
    return value


def _texts(row: Row, name: str, default: tuple[str, ...] | None = None) -> list[str]:
    value = row.get(name)
    if value is None and default is not None:
        return list(default)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RowError(f"expected a list of texts {name!r}, got {_kind(row, name)}")
    return value


def _kind(row: Row, name: str) -> str:
    return "none" if name not in row else "null" if row[name] is None else type(row[name]).__name__


def _python(row: Row, code: str) -> str:
    """`code`, which has to be Python: HumanEval exists in many languages, with the same fields."""
    language = str(row.get("language") or "python").lower()
    if not language.startswith("py") or parse_python(code) is None:
        raise RowError(
            f"{_id(row)} is not Python" + ("" if language.startswith("py") else f" but {language[:20]}")
        )
    return code
