"""YAML is read as people type it, and what would cost unbounded time or memory is refused."""

from __future__ import annotations

import time

import pytest
import yaml

from src.yaml_text import MAX_DEPTH, parse_yaml

VALUES = [  # text, value by YAML 1.2's core schema; PyYAML reads the first five and the date otherwise
    ("2e-4", 2e-4), ("1E3", 1000.0), ("-1.5e+2", -150.0), (".5e1", 5.0), ("1_0e2", 1000.0),
    ("2026-01-01", "2026-01-01"), ("2e-4x", "2e-4x"), ("e5", "e5"), ("'2e-4'", "2e-4"), ("0.1", 0.1), ("7", 7),
    ("true", True), ("", None), ("~", None), ("[a, {b: 1}]", ["a", {"b": 1}]), ("# none", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_numbers_dates_and_collections(text: str, value: object):
    found = parse_yaml(text)
    assert found == value
    assert type(found) is type(value)


def test_what_yaml_writes_is_read_back():
    texts = ["2026-01-01", "1:30", "yes", "null", "", "a: b", "!x", "*y", "7", "0.1"]
    for value in (*texts, 2e-4, 1e300, True, None, [], {}):
        assert parse_yaml(yaml.safe_dump({"key": value})) == {"key": value}


REFUSED = [  # text, reason
    ("a: &x 1\nb: *x", "aliases (*name) are not read; write the value out"),
    ("!!int ''", "tags (!name) are not read"),
    ("!!timestamp x", "tags (!name) are not read"),
    ("[" * (MAX_DEPTH + 1), f"nested more than {MAX_DEPTH} deep"),
    ("a: 1\nb: 2\na: 3", "the key a is there 2 times"),
    ("{[1]: 2}", "unhashable key"),
    ("0b_", "invalid literal"),
    ("1" + ":00" * 200 + ".0", "too large"),
    ("9" * 5000, "4300 digits"),
    ("a: 1\n---\nb: 2", "single document"),
    ("\ud800", "not allowed"),
    ("[1", "expected ',' or ']'"),
]


@pytest.mark.parametrize(
    ("text", "reason"), REFUSED, ids=lambda text: text[:20].encode("unicode_escape").decode()
)
def test_what_cannot_be_read_says_why_in_one_line(text: str, reason: str):
    with pytest.raises(ValueError, match=r"^.{1,200}$") as caught:
        parse_yaml(text)
    assert reason in str(caught.value)


@pytest.mark.parametrize("bomb", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000])
def test_deep_nesting_is_refused_at_once(bomb: str):
    started = time.process_time()
    with pytest.raises(ValueError, match="nested more than"):
        parse_yaml(bomb)
    assert time.process_time() - started < 1
