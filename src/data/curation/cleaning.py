"""Cleans a raw row into an Example, or rejects it with a reason."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from src.data.sources.readers import RawRow
from src.data.sources.row_schemas import alpaca_columns
from src.languages.registry import LANGUAGE_ALIASES
from src.provenance import digest
from src.schema import Example

NO_INPUT = re.compile(
    r"(no[\s_-]*inputs?(\s*(is|was))?(\s*(needed|required|necessary|given|provided))?"
    r"|n\s*[/.]\s*a|na|none|not\s+(applicable|required|needed|necessary|provided)|input\s+not\s+(required|needed|provided))",
    re.IGNORECASE,
)
LEADING_BLANKS = re.compile(r"\A(?:[^\S\n]*\n|\ufeff)+")  # blank lines, byte order marks
LEADING_SPACE = re.compile(r"\A[\s\ufeff]+")


@dataclass(frozen=True)
class Reject:
    """A rejected row."""

    line: int
    reason: str  # from a small set: rejects are counted by it
    detail: str = ""
    file: str = ""  # where rows come from several files


def clean(row: RawRow) -> Example | Reject:
    """The row as an Example with its texts normalised; its language stays "" unless the row names it."""
    found = row.problem or _clean(row.values)
    if isinstance(found, Example):
        return found
    reason, _, detail = found.partition(": ")
    return Reject(row.line, reason, detail, row.file)


def _clean(values: Any) -> Example | str:
    """The example, or why there is none: "reason" or "reason: detail"."""
    if not isinstance(values, dict):
        return f"not an object: {type(values).__name__}"
    columns = alpaca_columns({name: value for name, value in values.items() if not _is_missing(value)})
    if isinstance(columns, str):
        return columns
    texts: dict[str, str] = {}
    for name in ("instruction", "input", "output", "language", "tests", "context"):
        value: Any = columns.get(name)
        if value is None and name not in ("instruction", "output"):
            value = ""
        reason = _text_problem(name, value)
        if reason:
            return reason
        texts[name] = normalise(value)
    texts["instruction"] = LEADING_SPACE.sub("", texts["instruction"])
    if is_no_input(texts["input"]):
        texts["input"] = ""
    context = texts.pop("context")
    if context:
        texts["input"] = f"{context}\n\nInput:\n{texts['input']}" if texts["input"] else context
    for name in ("instruction", "output"):
        if not texts[name].strip():
            return f"{name} empty"
    texts["language"] = LANGUAGE_ALIASES.get(texts["language"].strip().lower(), "")
    return Example(id=content_id(texts["instruction"], texts["input"], texts["output"]), **texts)


def _is_missing(value: Any) -> bool:
    """Whether a column is not there: null, or the NaN that pandas writes for an empty cell."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _text_problem(name: str, value: Any) -> str:
    """The reason to reject a row for this column; "" where the value is a valid text."""
    if value is None:
        return f"{name} missing"
    if not isinstance(value, str):
        return f"{name} not text: {type(value).__name__}"
    if "\0" in value:
        return "NUL character"
    if value.isascii():
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:  # lone surrogates: bytes that were not UTF-8, or half a \u escape pair
        return "not UTF-8"
    return ""


def normalise(text: str) -> str:
    """`text` with LF line ends, without byte order mark, leading blank lines and trailing white space.

    Indentation is kept: an output may continue a program.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip()
    return LEADING_BLANKS.sub("", text)


def is_no_input(text: str) -> bool:
    """Whether `text` only says that there is no input: "< noinput >", "N/A", "No input required."."""
    return len(text) < 40 and (
        not text.strip(" .<>[]()\n\t") or NO_INPUT.fullmatch(text.strip(" .<>[]()\n\t")) is not None
    )


def content_id(instruction: str, input: str, output: str) -> str:
    """First 16 hex digits of the SHA-256 of the three texts; separated by "\\0", which no text contains."""
    return digest("\0".join((instruction, input, output)))
