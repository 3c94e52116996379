"""Files of a stranger are data: whatever one value of them is replaced by, they are used, or refused in one plain line.

One variant in some is tried here; benchmarks/reliability/strangers.py tries all.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import RESULTS, ROOT
from benchmarks.reliability.strangers import ACTIVE, TARGETS, VALUES, Place, campaign, variants

SHARES = {"comparison.json": 613, "run.json": 103, "card.json": 61}  # one in so many
OTHERS = 17


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, tiny_adapter: Path, tiny_data: Path
) -> Place:
    return Place(tmp_path_factory.mktemp("strangers"), tiny_model, tiny_adapter, tiny_data)


@pytest.mark.parametrize("target", TARGETS)
def test_a_file_with_one_hostile_value_is_used_or_refused_in_one_plain_line(
    place: Place, target: str
) -> None:
    outcome = campaign(target, place, SHARES.get(target, OTHERS))
    assert outcome.faults == {}
    assert outcome.used + outcome.refused == outcome.tried > 5


def test_every_place_of_a_document_is_tried_with_every_value() -> None:
    made = dict(variants({"a": [1, 2], "b": {"c": "x"}}))
    assert len(made) == 4 * len(VALUES) + 3  # a, a.0, b, b.c; an element of a list has no key
    assert made["a.0 = text"] == {"a": ["seven", 2], "b": {"c": "x"}}
    assert made["b.c renamed"] == {"a": [1, 2], "b": {ACTIVE: "x"}}


def test_the_documents_say_what_the_last_long_run_gave() -> None:
    outcomes = json.loads((RESULTS / "strangers.json").read_text(encoding="utf-8"))
    assert [item["target"] for item in outcomes] == list(TARGETS)
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    for item in outcomes:
        assert item["faults"] == {}
        assert f"| `{item['target']}` | {item['tried']:,} | {item['used']:,} | {item['refused']:,} |" in text
