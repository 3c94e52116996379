"""The pages of a card show every figure."""

import dataclasses

from src.data.card.data_card import Contamination
from src.data.card.markdown import card_summary, render_card
from tests.data.card.example_card import CARD


def test_every_figure_is_on_the_page():
    page = render_card(CARD)
    for figure in (
        "1,234 examples of 1,250 rows", "fedcba9876543210", "test_fraction 0.1", "| train | 1,000 | 25.0 % | 3 |",
        "| output empty | 12 |", "line 3 (output empty)", "b.parquet row 9 (not an object: list)",
        "| Python | 960 | 77.8 % | 90.0 % | 60.0 % | 0.0 % |", "| none found | 100 | 8.1 % |",
        "| output, characters | 12.5 | 10 | 20 | 30 | 4,000 |", "tokens of tiny | 99.5 | 90 |",
        "37 of 1,234 samples (3.0 %) lose the end of their response, 2 of them all of it",
        "| exact copies, dropped | 5 |", "| rows with a near-duplicate output | 19 |", "| refusals | 2 | 0.2 % |",
        "| rows with an output of nearly the same characters | 21 |",
        "| training answer | 1 (33.3 %) | 0 (0.0 %) | 1 (33.3 %) | 1 (33.3 %) |",
        "| training prompt | 1 (33.3 %) | 2 (66.7 %) | 0 (0.0 %) | 0 (0.0 %) |",
        "| training answer, identifiers replaced | 0 (0.0 %) | 0 (0.0 %) | 2 (66.7 %) | 1 (33.3 %) |",
        "| humaneval | 164 | 1 | near prompt 1 |", "8 training rows were removed",
    ):  # fmt: skip
        assert figure in page, figure


def test_a_page_without_tokens_rejects_or_overlaps_says_so():
    nothing = Contamination({"test": 134}, {"test": 0}, (), 0)
    page = render_card(
        dataclasses.replace(
            CARD, tokens=None, rejected={}, first_rejects=(), contamination=nothing, novelty={}
        )
    )
    assert "Novelty" not in page
    assert "Tokens were not counted" in page
    assert "## Rows left out\n\nNone." in page
    assert "| test | 134 | 0 | none |" in page
    assert "Nothing was removed" in page


def test_every_line_of_a_table_has_as_many_cells():
    for block in render_card(CARD).split("\n\n"):
        if block.startswith("|"):
            assert len({line.replace("\\|", "").count("|") for line in block.splitlines()}) == 1, block


def test_the_summary_says_what_was_kept_rejected_and_overlaps():
    nowhere = dataclasses.replace(CARD.contamination, rows={"test": 0, "humaneval": 1}, removed=0)
    card = dataclasses.replace(CARD, contamination=nowhere)
    assert card_summary(card, "data/x").splitlines() == [
        "data/x: train 1,000, validation 100, test 134",
        "1,234 of 1,250 rows kept, fingerprint fedcba9876543210, licence not known",
        "  left out: 12 output empty (line 3, ...)",
        "  left out: 4 not an object (b.parquet row 9, ...)",
        "  n-grams or near-duplicates shared with humaneval: 1 training rows; data.remove_contamination=true drops them",
        "  test samples by likeness of the nearest training answer: 1 under 50 %, 0 50 to 65 %, 1 65 to 80 %, 1 80 % and more",
        "wrote train.jsonl, validation.jsonl, test.jsonl, card.json, data_card.md, data_card.png",
    ]
    assert "shared with test: 7 training rows (removed)" in card_summary(CARD, "data/x")
