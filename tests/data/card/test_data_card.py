"""A card survives its JSON whole, and its pages show every figure."""

import dataclasses
import json
import struct

import pytest

from src.data.card.chart import draw_card
from src.data.card.data_card import Contamination, DataCard, Duplicates, SplitCard, card_json, parse_card
from src.data.card.markdown import render_card
from src.data.curation.cleaning import Reject
from src.data.curation.contamination import Overlap
from src.data.curation.quality import Defects, Lengths, TokenLengths
from tests.data.preparing import example

CARD = DataCard(
    source="file",
    origin="rows | of \u4e2d\u6587.jsonl",
    licence="not known",
    recipe="0123456789abcdef",
    fingerprint="fedcba9876543210",
    settings={"test_fraction": 0.1, "remove_contamination": True},
    rows_read=1_250,
    rows=1_234,
    rejected={"output empty": 12, "not an object": 4},
    first_rejects=(Reject(3, "output empty"), Reject(9, "not an object", "list", "b.parquet")),
    reject_unit="line",
    splits={
        "train": SplitCard(1_000, "a" * 64, {"python": 900, "": 100}, 250, 3),
        "validation": SplitCard(100, "b" * 64, {"python": 60, "cpp": 40}, 25, 0),
        "test": SplitCard(134, "c" * 64, {"cpp": 134}, 0, 134),
    },
    characters={name: Lengths(12.5, 10, 20, 30, 4_000) for name in ("instruction", "input", "output")},
    duplicates=Duplicates(0.7, 5, 17, 19, 8, 23, 6, 0),
    defects=Defects(2, 100, 1, ("id1", "id2"), ("id3",)),
    contamination=Contamination(
        {"test": 134, "humaneval": 164},
        {"test": 7, "humaneval": 1},
        (
            Overlap("id1", "humaneval", "HumanEval/3", "near prompt"),
            Overlap("id2", "test", "id9", "solution n-gram"),
        ),
        removed=8,
    ),
    tokens=TokenLengths("tiny", 1_024, Lengths(99.5, 90, 180, 220, 2_000), 37, 2, 1_234),
)


@pytest.mark.parametrize(
    "card", [CARD, dataclasses.replace(CARD, tokens=None, rejected={}, first_rejects=())]
)
def test_a_card_survives_its_json(card):
    assert parse_card(card_json(card)) == card


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"schema": 2}', card_json(CARD).replace('"recipe"', '"receipt"'),
     card_json(CARD)[:-100], json.dumps(json.loads(card_json(CARD)) | {"more": 1})],
)  # fmt: skip
def test_what_is_no_card_is_refused(text):
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        parse_card(text)


def test_every_figure_stands_in_the_page():
    page = render_card(CARD)
    for figure in (
        "1,234 examples of 1,250 rows", "fedcba9876543210", "test_fraction 0.1", "| train | 1,000 | 25.0 % | 3 |",
        "| output empty | 12 |", "line 3 (output empty)", "b.parquet row 9 (not an object: list)",
        "| python | 960 | 77.8 % | 90.0 % | 60.0 % | 0.0 % |", "| none found | 100 | 8.1 % |",
        "| output, characters | 12.5 | 10 | 20 | 30 | 4,000 |", "tokens of tiny | 99.5 | 90 |",
        "37 of 1,234 samples (3.0 %) lose the end of their response, 2 of them all of it",
        "| exact copies, dropped | 5 |", "| rows with a near-duplicate output | 19 |", "| refusals | 2 | 0.2 % |",
        "| humaneval | 164 | 1 | near prompt 1 |", "8 training rows were removed",
    ):  # fmt: skip
        assert figure in page, figure


def test_a_page_without_tokens_rejects_or_overlaps_says_so():
    nothing = Contamination({"test": 134}, {"test": 0}, (), 0)
    page = render_card(
        dataclasses.replace(CARD, tokens=None, rejected={}, first_rejects=(), contamination=nothing)
    )
    assert "Tokens were not counted" in page
    assert "## Rows left out\n\nNone." in page
    assert "| test | 134 | 0 | none |" in page
    assert "Nothing was removed" in page


def test_every_line_of_a_table_has_as_many_cells():
    for block in render_card(CARD).split("\n\n"):
        if block.startswith("|"):
            assert len({line.replace("\\|", "").count("|") for line in block.splitlines()}) == 1, block


def test_places_name_file_and_unit():
    assert CARD.place(Reject(3, "x")) == "line 3"
    assert CARD.place(Reject(3, "x", file="b.jsonl")) == "b.jsonl line 3"
    assert CARD.place(Reject(3, "x", file="b.parquet")) == "b.parquet row 3"


def splits(**outputs):
    return {
        name: [example(number, text) for number, text in enumerate(texts)] for name, texts in outputs.items()
    }


@pytest.mark.parametrize(
    "rows",
    [
        splits(train=["x" * size for size in range(1, 300)], validation=["a", "bb"], test=["c" * 40] * 9),
        splits(train=["x"], validation=[], test=[]),
        splits(train=["x" * 1_000_000], validation=["y"], test=["z"]),
    ],
)
def test_the_picture_is_a_png_of_the_usual_size_and_always_the_same(rows):
    picture = draw_card(CARD, rows)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    assert width == 1660
    assert 600 <= height <= 1400
    assert picture == draw_card(CARD, rows)
