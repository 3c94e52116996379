"""A raw row becomes an example with normal texts, or says why it is none."""

import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src.data.curation.cleaning import Reject, clean, content_id, is_no_input, normalise
from src.data.sources.readers import RawRow
from src.schema import Example


def cleaned(**changes):
    return clean(RawRow(3, {"instruction": "Add", "input": "", "output": "a + b"} | changes))


def test_a_good_row_is_an_example_with_the_id_of_its_content():
    expected = Example(content_id("Add", "", "a + b"), "Add", "", "a + b")
    assert cleaned() == expected
    assert cleaned(id="other", response="ignored", input=None) == expected


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        ({"instruction": None}, "instruction missing", ""),
        ({"output": None}, "output missing", ""),
        ({"output": ""}, "output empty", ""),
        ({"output": " \n\t "}, "output empty", ""),
        ({"instruction": "\ufeff"}, "instruction empty", ""),
        ({"instruction": "\x0c\ufeff"}, "instruction empty", ""),
        ({"output": 3}, "output not text", "int"),
        ({"output": ["a"]}, "output not text", "list"),
        ({"instruction": {"a": 1}}, "instruction not text", "dict"),
        ({"input": 1.5}, "input not text", "float"),
        ({"language": 1}, "language not text", "int"),
        ({"tests": [1]}, "tests not text", "list"),
        ({"output": "a\0b"}, "NUL character", ""),
        ({"instruction": "a\0b"}, "NUL character", ""),
        ({"output": "\udcff"}, "not UTF-8", ""),
        ({"input": "\ud83d"}, "not UTF-8", ""),
    ],
)
def test_a_bad_row_is_rejected_with_one_of_few_reasons(changes, reason, detail):
    assert cleaned(**changes) == Reject(3, reason, detail)


@pytest.mark.parametrize(("values", "detail"), [([], "list"), ("x", "str"), (None, "NoneType"), (1, "int")])
def test_what_is_no_object_is_rejected(values, detail):
    assert clean(RawRow(7, values)) == Reject(7, "not an object", detail)


def test_a_row_that_was_broken_keeps_its_problem_and_its_file():
    assert clean(RawRow(9, None, "broken JSON", file="b.jsonl")) == Reject(9, "broken JSON", "", "b.jsonl")


def test_a_row_of_another_shape_is_cleaned_too():
    chat = [{"role": "user", "content": "Add \r\n"}, {"role": "assistant", "content": "a + b\n"}]
    assert clean(RawRow(1, {"messages": chat})) == cleaned()
    assert clean(RawRow(1, {"messages": chat[:1]})) == Reject(1, "no assistant turn")


@pytest.mark.parametrize("empty", [None, math.nan])
def test_null_and_nan_are_columns_that_are_not_there(empty):
    assert cleaned(input=empty, language=empty, tests=empty, history=empty, system=empty) == cleaned()
    assert cleaned(output=empty) == Reject(3, "output missing")
    chat = [{"role": "user", "content": "Add"}, {"role": "assistant", "content": "a + b"}]
    assert cleaned(instruction=empty, output=empty, messages=chat) == cleaned()


def test_what_was_said_before_stands_in_the_input():
    said = {"system": "Be brief.", "history": [["Hi", "Hello"]]}
    context = "System: Be brief.\n\nUser: Hi\n\nAssistant: Hello"
    assert cleaned(**said).input == context
    assert cleaned(**said, input="N/A").input == context
    assert cleaned(**said, input="a = 1\n").input == f"{context}\n\nInput:\na = 1"
    assert cleaned(system="a\0b") == Reject(3, "NUL character")


@pytest.mark.parametrize(
    ("named", "language"),
    [("python", "python"), ("Python3", "python"), ("C++", "cpp"), ("English", ""), ("", "")],
)
def test_a_language_that_the_row_names_is_taken_by_its_key(named, language):
    assert cleaned(language=named).language == language


@pytest.mark.parametrize(
    "text",
    ["", "<noinput>", "< noinput >", "<no input>", "No input", "No input required.", "no input needed", "N/A", "n.a.",
     "None", "None.", "(none)", "Not applicable", "[not required]", "no_input", "NOINPUT", "Input not needed"],
)  # fmt: skip
def test_words_for_no_input_are_no_input(text):
    assert is_no_input(text)
    assert cleaned(input=text).input == ""


@pytest.mark.parametrize(
    "text", "0|none of the above|NaN|[1, 2]|input|x = None|n|no|null|nothing is given here".split("|")
)
def test_other_short_inputs_stay(text):
    assert not is_no_input(text)
    assert cleaned(input=text).input == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("\ufeffa", "a"),
        ("\n\ufeff\n a", " a"),
        ("\n \n  a\n", "  a"),
        ("    return x  \n\n", "    return x"),
        ("a\n\n\nb", "a\n\n\nb"),
        ("\t\n", ""),
    ],
)
def test_texts_are_normalised_but_indentation_stays(text, expected):
    assert normalise(text) == expected


@given(st.text(alphabet=st.sampled_from(" \t\r\n\ufeffax")) | st.text())
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)


def test_an_id_separates_the_texts():
    assert content_id("ab", "", "c") != content_id("a", "b", "c")
    assert len(content_id("a", "b", "c")) == 16
    # sha256sum (coreutils 9.1) of "a\0b\0c"
    assert content_id("a", "b", "c") == "8badde10c760e9b7"


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


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=VALUES)
def test_any_value_is_a_valid_example_or_a_reject(values):
    found = clean(RawRow(1, values))
    if isinstance(found, Reject):
        assert found.line == 1
        assert 0 < len(found.reason) < 60
        return
    texts = (found.instruction, found.input, found.output)
    assert found.output.strip()
    assert found.instruction.strip()
    assert found.id == content_id(*texts)
    assert all("\r" not in text and "\0" not in text for text in texts)
    assert json.dumps(vars(found), ensure_ascii=False).encode()
    assert normalise(found.output) == found.output
