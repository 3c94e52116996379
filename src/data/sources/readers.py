"""Reads instruction files row by row: JSON arrays, JSON lines, CSV, Parquet, also compressed by gzip."""

from __future__ import annotations

import csv
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.data.sources.parquet import parquet_rows
from src.data.sources.row_schemas import COMPLETIONS
from src.schema import UserError
from src.system.untrusted import read_file, unpack_gzip

BLANKS = re.compile(r"[\s,]*")
OBJECT_START = re.compile(
    r'\{\s*"(?:instruction|input|output|id|messages|conversations|prompt|completion)"\s*:'
)
GZIP = ".gz"
BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


@dataclass(frozen=True)
class RawRow:
    """One row of a source, before its content is checked."""

    line: int  # of its file where it starts, from 1; the number of the row where a format has no lines
    values: Any  # a dict of its columns, unless the row is invalid
    problem: str = ""  # why the row could not be parsed
    split: str = ""  # where the source comes with splits
    file: str = ""  # its file, where rows come from several
    share: float = 1.0  # of the rows of its file to keep


def read_rows(path: Path) -> Iterator[RawRow]:
    """Rows of `path`; one that does not parse is a RawRow with a problem.

    Raises UserError where the file as a whole cannot be read.
    """
    name = path.with_suffix("") if path.suffix.lower() == GZIP else path
    reader = READERS.get(name.suffix.lower())
    if reader is None:
        raise UserError(
            f"{path}: expected a file ending in {', '.join(READERS)}, got {path.suffix or 'none'!r}"
        )
    return reader(path)


def read_bytes(path: Path) -> bytes:
    """Content of a data file; raises UserError where it is missing, unreadable or empty."""
    try:
        content = read_file(path)
    except FileNotFoundError as error:
        raise UserError(f"no data file {path}; check --path") from error
    except OSError as error:
        raise UserError(f"cannot read the data file {path}: {error.strerror or error}") from error
    if path.suffix.lower() == GZIP:
        try:
            content = unpack_gzip(content, path)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{path} is no whole gzip file ({error}); download it again") from error
    if not content.strip():
        raise UserError(f"the data file {path} is empty; check --path or download it again")
    return content


def _read_text(path: Path) -> str:
    """The file as text; bytes that are not UTF-8 become lone surrogates, so that only their rows are rejected."""
    content = read_bytes(path)
    encoding = next((name for bom, name in BOMS.items() if content.startswith(bom)), "utf-8")
    try:
        return content.decode(encoding, "surrogateescape" if encoding != "utf-16" else "strict")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} starts as UTF-16 and breaks at byte {error.start}; save it as UTF-8"
        ) from error


def _read_json(path: Path) -> Iterator[RawRow]:
    text = _read_text(path)
    start = BLANKS.match(text).end()  # type: ignore[union-attr]
    if text[start : start + 1] == "[":
        return _array_rows(text, start + 1, path)
    return _line_rows(text)


def _line_rows(text: str) -> Iterator[RawRow]:
    decode = json.JSONDecoder(strict=False).decode
    for number, line in enumerate(text.split("\n"), 1):  # never splitlines: U+2028 may stand inside a string
        if not line.strip():
            continue
        try:
            yield RawRow(number, decode(line))
        except (ValueError, RecursionError):
            yield RawRow(number, None, "broken JSON" if _is_unicode(line) else "not UTF-8")


def _array_rows(text: str, position: int, path: Path) -> Iterator[RawRow]:
    """Elements of a JSON array; after a broken one, parsing resumes at the next that looks like a row."""
    decode = json.JSONDecoder(strict=False).raw_decode
    line, counted = 1, 0
    while True:
        position = BLANKS.match(text, position).end()  # type: ignore[union-attr]
        line += text.count("\n", counted, position)
        counted = position
        if text[position : position + 1] == "]":
            return
        try:
            values, position = decode(text, position)
            yield RawRow(line, values)
        except (ValueError, RecursionError) as error:
            resume = OBJECT_START.search(text, position + 1)
            if resume is None and not text.rstrip().endswith("]"):
                raise UserError(
                    f"{path} breaks off in line {text.count(chr(10)) + 1}: the JSON array that starts it is never "
                    "closed; download the file again"
                ) from error
            yield RawRow(line, None, "broken JSON")
            position = resume.start() if resume else text.rindex("]")


def _read_csv(path: Path) -> Iterator[RawRow]:
    csv.field_size_limit(2**31 - 1)
    reader = csv.DictReader(io.StringIO(_read_text(path), newline=""), strict=True)
    try:
        columns = set(reader.fieldnames or [])
    except csv.Error as error:
        raise UserError(f"{path} is not CSV ({error}); save it again, fields in double quotes") from error
    if not ({"instruction", "output"} <= columns or ("prompt" in columns and columns & set(COMPLETIONS))):
        got = ", ".join(reader.fieldnames or [])[:80]
        raise UserError(
            f"{path}: expected a header with instruction, input, output or prompt, completion, got {got!r}"
        )
    return _csv_rows(reader)


def _csv_rows(reader: csv.DictReader[str]) -> Iterator[RawRow]:
    while True:
        line = reader.line_num + 1
        try:
            values: dict[Any, Any] = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield RawRow(line, None, "broken CSV")
            continue
        yield RawRow(line, None, "broken CSV") if None in values else RawRow(line, values)


def _read_parquet(path: Path) -> Iterator[RawRow]:
    rows = parquet_rows(read_bytes(path), path)
    return (RawRow(number, values) for number, values in enumerate(rows, 1))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


READERS: dict[str, Callable[[Path], Iterator[RawRow]]] = {
    ".json": _read_json,
    ".jsonl": _read_json,
    ".ndjson": _read_json,
    ".parquet": _read_parquet,
    ".csv": _read_csv,
}
