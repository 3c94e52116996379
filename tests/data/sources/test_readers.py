"""Every format gives the same rows; a broken row is lost alone and says where it stood."""

import contextlib
import csv
import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src.data.sources.readers import READERS, read_rows
from src.schema import UserError
from tests.data.preparing import rows

ROWS = rows(5)


def array(values):
    return json.dumps(values, indent=2).encode()


def lines(values):
    return "\n".join(map(json.dumps, values)).encode()


def write_csv(path, values):
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(values[0]))
        writer.writeheader()
        writer.writerows(values)


def write_parquet(path, values):
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(values), path)


def found(path):
    return [(item.line, item.values, item.problem) for item in read_rows(path)]


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.json", lambda path, values: path.write_bytes(array(values))),
        ("lines.json", lambda path, values: path.write_bytes(lines(values))),
        ("a.jsonl", lambda path, values: path.write_bytes(lines(values))),
        ("array.jsonl", lambda path, values: path.write_bytes(array(values))),
        ("a.ndjson", lambda path, values: path.write_bytes(lines(values))),
        ("A.JSON", lambda path, values: path.write_bytes(array(values))),
        ("bom.json", lambda path, values: path.write_bytes(b"\xef\xbb\xbf" + array(values))),
        ("crlf.jsonl", lambda path, values: path.write_bytes(lines(values).replace(b"\n", b"\r\n"))),
        ("utf16.json", lambda path, values: path.write_bytes(array(values).decode().encode("utf-16"))),
        ("a.csv", write_csv),
        ("a.parquet", write_parquet),
    ],
)
def test_every_format_gives_the_same_rows(tmp_path, name, write):
    path = tmp_path / name
    write(path, ROWS)
    assert [values for _, values, _ in found(path)] == ROWS
    compressed = tmp_path / f"{name}.gz"
    compressed.write_bytes(gzip.compress(path.read_bytes()))
    assert found(compressed) == found(path)


def test_every_reader_is_tested():
    assert set(READERS) == {".json", ".jsonl", ".ndjson", ".csv", ".parquet"}


GOOD = '{"instruction": "a", "output": "b"}'
VALUES = {"instruction": "a", "output": "b"}


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("broken line", f"{GOOD}\n{{oops\n\n{GOOD}\n", [(1, ""), (2, "broken JSON"), (4, "")]),
        ("not UTF-8", GOOD.encode() + b'\n{"instruction": "\xff" \n' + GOOD.encode(), [(1, ""), (2, "not UTF-8"), (3, "")]),
        ("deep", f"{GOOD}\n{'[' * 100_000}\n{GOOD}", [(1, ""), (2, "broken JSON"), (3, "")]),
        ("long number", f"{GOOD}\n{'1' * 5000}\n", [(1, ""), (2, "broken JSON")]),
        ("separator inside a text", '{"instruction": "a\u2028b", "output": "b"}\n' + GOOD, [(1, ""), (2, "")]),
        ("broken element", f"[\n{GOOD},\n{{oops,\n{GOOD}\n]", [(2, ""), (3, "broken JSON"), (4, "")]),
        ("broken last element", f"[\n{GOOD},\n{{oops\n]", [(2, ""), (3, "broken JSON")]),
        ("broken chat", '[{oops,\n{"messages": []}\n]', [(1, "broken JSON"), (2, "")]),
        ("no comma", f"[{GOOD}\n{GOOD}]", [(1, ""), (2, "")]),
        ("deep element", f"[\n{'[' * 100_000},\n{GOOD}]", [(2, "broken JSON"), (3, "")]),
        ("empty array", "[]", []),
        ("not rows", '[1, null, "x"]', [(1, ""), (1, ""), (1, "")]),
    ],
)  # fmt: skip
def test_a_broken_row_is_lost_alone_and_says_its_line(tmp_path, name, content, expected):
    path = tmp_path / "a.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert [(line, problem) for line, _, problem in found(path)] == expected


def test_control_characters_inside_a_text_are_kept(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"output": "a\tb\x00c"}')
    assert found(path) == [(1, {"output": "a\tb\0c"}, "")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("instruction,output\na,b\nc,d,e\nf,g\n", [(2, ""), (3, "broken CSV"), (4, "")]),
        ('instruction,output\n"a\nb",c\nd,e\n', [(2, ""), (4, "")]),
        ('instruction,output\na,"b\n', [(2, "broken CSV")]),
        ("prompt,completion\na,b\n", [(2, "")]),
    ],
)
def test_csv_rows_count_from_the_line_they_start_in(tmp_path, content, expected):
    path = tmp_path / "a.csv"
    path.write_text(content)
    assert [(line, problem) for line, _, problem in found(path)] == expected


def test_a_csv_cell_of_a_megabyte_is_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"instruction,output\na,{'b' * 1_000_000}\n")
    assert len(found(path)[0][1]["output"]) == 1_000_000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"x", "expected a file ending in .json, .jsonl"),
        ("a", b"x", "expected a file ending in"),
        ("a.json", b"", "is empty; check --path"),
        ("a.json", b" \n\t\n", "is empty"),
        ("a.json", f"[{GOOD},\n{GOOD[:20]}".encode(), "breaks off in line 2"),
        ("a.json", f"[{GOOD},".encode(), "is never closed"),
        ("a.json", b"\xff\xfe[\x00{\x00\x01", "save it as UTF-8"),
        ("a.csv", b"question,answer\na,b\n", "expected a header with instruction, input, output or prompt"),
        ("a.csv", b"\n\n,\n", "expected a header with"),
        ("a.csv", b'"instruction,output\n', "is not CSV"),
        ("a.jsonl.gz", b"{}", "a.jsonl.gz is no whole gzip file"),
        ("a.jsonl.gz", gzip.compress(b"{}", mtime=0)[:-3], "a.jsonl.gz is no whole gzip file"),
        ("a.txt.gz", gzip.compress(b"{}", mtime=0), "expected a file ending in"),
        ("a.parquet", b"PAR1 and then nothing", "is not a whole Parquet file"),
        ("a.parquet", b"", "is empty"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_name(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        list(read_rows(path))
    assert message in str(error.value)
    assert name in str(error.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"no data file .*a\.json; check --path"):
        list(read_rows(tmp_path / "a.json"))
    (tmp_path / "b.json").mkdir()
    with pytest.raises(UserError, match=r"cannot read the data file .*Is a directory"):
        list(read_rows(tmp_path / "b.json"))


GOOD = (
    json.dumps(rows(3)).encode(),
    "\n".join(map(json.dumps, rows(3))).encode(),
    b'instruction,output\na,b\n"c\nd",e\n',
)


@st.composite
def damaged(draw):
    """A good file with a few pieces cut out, doubled or overwritten."""
    content = draw(st.sampled_from(GOOD))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 12)))
        content = (
            content[:start] + draw(st.binary(max_size=6) | st.just(content[start:end] * 2)) + content[end:]
        )
    return content


@pytest.mark.parametrize("suffix", READERS)
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=damaged() | st.binary(max_size=200))
def test_any_bytes_are_rows_with_their_line_or_refused(tmp_path_factory, suffix, content):
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    last = content.count(b"\n") + content.count(b"\r") + 2
    with contextlib.suppress(UserError):
        assert all(1 <= row.line <= last for row in read_rows(path))
