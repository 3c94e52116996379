"""A card survives its JSON whole, and what is no card is refused."""

import dataclasses
import json

import pytest

from src.data.card.data_card import DataCard
from src.data.curation.cleaning import Reject
from src.schema import UserError, parse_record, to_json
from tests.data.card.example_card import CARD


@pytest.mark.parametrize(
    "card", [CARD, dataclasses.replace(CARD, tokens=None, rejected={}, first_rejects=())]
)
def test_a_card_survives_its_json(card):
    assert parse_record(DataCard, to_json(card), "card.json", "") == card


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"schema": 2}', to_json(CARD).replace('"recipe"', '"receipt"'),
     to_json(CARD).replace('"checked": {"', '"checked": {"other '), to_json(CARD)[:-100], json.dumps(json.loads(to_json(CARD)) | {"more": 1})],
)  # fmt: skip
def test_what_is_no_card_is_refused(text):
    with pytest.raises(UserError, match=r"^card\.json: .*damaged or of another version\. Prepare it again"):
        parse_record(DataCard, text, "card.json", "Prepare it again")


def test_places_name_file_and_unit():
    assert CARD.place(Reject(3, "x")) == "line 3"
    assert CARD.place(Reject(3, "x", file="b.jsonl")) == "b.jsonl line 3"
    assert CARD.place(Reject(3, "x", file="b.parquet")) == "b.parquet row 3"


def test_languages_are_summed_over_the_splits_most_frequent_first():
    assert list(CARD.languages().items()) == [("python", 960), ("cpp", 174), ("", 100)]
