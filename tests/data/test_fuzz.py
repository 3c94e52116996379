"""Whatever a file holds, reading it gives examples and rejects, or one UserError; nothing else."""

import contextlib
import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src.data.curation.cleaning import Reject, clean, content_id, normalise
from src.data.sources.readers import READERS, RawRow, read_rows
from src.languages.detection import detect
from src.languages.name_patterns import NAMED
from src.schema import Example, UserError
from tests.data.preparing import rows

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "120"))  # a long campaign sets more
FUZZ = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

COLUMNS = "instruction input output messages conversations prompt completion response language tests role content from value"
KEYS = st.sampled_from(COLUMNS.split()) | st.text(max_size=5)
TEXTS = st.text(max_size=30) | st.sampled_from(
    ["user", "assistant", "system", "\ud800", "\0", "< noinput >", "\ufeff"]
)
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
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


def check(row):
    found = clean(row)
    assert isinstance(found, Example | Reject)
    if isinstance(found, Example):
        assert found.output.strip()
        assert found.instruction.strip()
        assert found.id == content_id(found.instruction, found.input, found.output)
        assert all(
            "\r" not in text and "\0" not in text for text in (found.instruction, found.input, found.output)
        )
        assert json.dumps(vars(found), ensure_ascii=False).encode()
        assert normalise(found.output) == found.output
    else:
        assert found.line == row.line
        assert 0 < len(found.reason) < 60


@pytest.mark.parametrize("suffix", READERS)
@FUZZ
@given(content=damaged() | st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_refusal(tmp_path_factory, suffix, content):
    path = tmp_path_factory.getbasetemp() / f"fuzz{suffix}"
    path.write_bytes(content)
    found = []
    with contextlib.suppress(UserError):
        found = list(read_rows(path))
    lines = content.count(b"\n") + content.count(b"\r") + 1
    for row in found:
        assert 1 <= row.line <= lines + 1
        check(row)


@FUZZ
@given(values=VALUES)
def test_any_value_is_an_example_or_a_reject(values):
    check(RawRow(1, values))


@FUZZ
@given(instruction=st.text(max_size=40), code=st.text(max_size=80))
def test_any_text_has_a_known_language_or_none(instruction, code):
    assert detect(instruction, "", code) in {"", *NAMED} - {"other"}
