"""Records survive their JSON, which has one form and no figure that JSON does not have."""

from __future__ import annotations

import dataclasses
import json

import pytest

from src.schema import (
    Example,
    Generation,
    Run,
    SampleScore,
    Score,
    UserError,
    decode,
    parse_record,
    to_json,
)

SCORE = SampleScore(
    "1", "python", "print('\u4e2d')", {"bleu": (1, 2), "chrf": (5,)}, 12.5, (0.1, 0.2), None, "passed", "",
    flags=("truncated",), raw_bleu=(6, 7),
)  # fmt: skip


@pytest.mark.parametrize(
    "record", [Example("1", "a\u2028", "", '"b"'), Generation("2", "x", 3, "stop", 4), SCORE]
)
def test_a_flat_record_survives_its_json(record):
    assert decode(type(record), to_json(record)) == record


def test_keys_come_in_the_order_of_the_fields_and_text_stays_readable():
    text = to_json(Generation("1", "\u4e2d", 2, "length"))
    assert (
        text
        == '{"id": "1", "text": "\u4e2d", "tokens": 2, "finish": "length", "completion": 0, "prompt": ""}'
    )


def test_a_figure_that_json_does_not_have_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        to_json(dataclasses.replace(SCORE, codebleu=float("nan")))


@pytest.mark.parametrize(
    "values", [{"id": "1"}, {"id": "1", "text": "", "tokens": 1, "finish": "", "more": 2}]
)
def test_a_missing_or_unknown_field_is_refused(values: dict):
    with pytest.raises(ValueError, match="Generation"):
        decode(Generation, json.dumps(values))


RUN = Run(
    "lora",
    2,
    {"bleu": Score(31.2, (20.0, 40), 2, 1.0, "nrefs:1")},
    {"error": {"name": 1}},
    {},
    {"commit": "a"},
)


def test_a_nested_record_survives_its_json():
    assert parse_record(Run, to_json(RUN), "scores.json", "") == RUN


CHANGED = [  # text of the record, what stands there instead, the message
    ('"n": 2', '"n": "2"', "scores.json: n: Input should be a valid integer (got '2')"),
    (
        '"value": 31.2',
        '"value": "high"',
        "scores.json: metrics.bleu.value: Input should be a valid number (got 'high')",
    ),
    ('"ci95": [20.0, 40]', '"ci95": [20.0]', "scores.json: metrics.bleu.ci95.1: Field required"),
    ('"coverage": 1.0', '"cover": 1.0', "scores.json: metrics.bleu.coverage: Field required"),
    (
        '"error": {"name": 1}',
        '"error": {"name": 1.5}',
        "scores.json: outcomes.error.name: Input should be a valid integer",
    ),
    ('"provenance"', '"colour": 3, "provenance"', "scores.json: colour: Unexpected keyword argument (got 3)"),
    ('"schema": 1', '"schema": 2', "scores.json: schema: Input should be 1 (got 2)"),
    ('"schema": 1}', "", "scores.json: Invalid JSON: EOF"),
    ('"lora"', "[" * 100_000, "scores.json: Invalid JSON: recursion limit exceeded"),
]


@pytest.mark.parametrize(("there", "instead", "message"), CHANGED, ids=lambda text: text[:20])
def test_what_is_no_such_record_is_refused_with_its_key_and_the_remedy(
    there: str, instead: str, message: str
):
    text = to_json(RUN)
    assert there in text
    with pytest.raises(UserError) as refused:
        parse_record(Run, text.replace(there, instead), "scores.json", "Delete it")
    assert str(refused.value).startswith(message)
    assert str(refused.value).endswith("; damaged or of another version. Delete it")
    assert refused.value.__cause__ is not None
