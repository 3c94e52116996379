"""Records survive their JSON, which has one form and no figure that JSON does not have."""

from __future__ import annotations

import dataclasses
import json

import pytest

from src.schema import Example, Generation, SampleScore, from_dict, to_json

SCORE = SampleScore(
    "1", "python", "print('\u4e2d')", (1, 2), (3, 4), (5,), 12.5, (0.1, 0.2), None, "passed", "",
    flags=("truncated",), raw_bleu=(6, 7),
)  # fmt: skip


@pytest.mark.parametrize(
    "record", [Example("1", "a\u2028", "", '"b"'), Generation("2", "x", 3, "stop", 4), SCORE]
)
def test_a_flat_record_survives_its_json(record):
    assert from_dict(type(record), json.loads(to_json(record))) == record


def test_keys_come_in_the_order_of_the_fields_and_text_stays_readable():
    text = to_json(Generation("1", "\u4e2d", 2, "length"))
    assert text == '{"id": "1", "text": "\u4e2d", "tokens": 2, "finish": "length", "completion": 0}'


def test_a_figure_that_json_does_not_have_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        to_json(dataclasses.replace(SCORE, codebleu=float("nan")))


@pytest.mark.parametrize(
    "values", [{"id": "1"}, {"id": "1", "text": "", "tokens": 1, "finish": "", "more": 2}]
)
def test_a_missing_or_unknown_field_is_refused(values: dict):
    with pytest.raises(TypeError):
        from_dict(Generation, values)
