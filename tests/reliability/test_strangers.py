"""Files of a stranger are data: whatever one value of them is replaced by, they are used, or refused in one plain line.

One variant in some is tried here; benchmarks/reliability/strangers.py tries all.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import RESULTS, ROOT
from benchmarks.reliability.strangers import ACTIVE, TARGETS, VALUES, Place, campaign, variants
from src.evaluation.predictions import read_origin, write_answers
from src.schema import Sample, UserError

SHARES = {"comparison.json": 61, "run.json": 41, "card.json": 31, "origin.json": 7}  # one in so many
OTHERS = 37


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


@pytest.mark.parametrize(
    "name", ["../out", "/tmp/out", "a/b", "a\\b", "..", ".", "", "n" * 300, ACTIVE, 3, None]
)
def test_answers_of_a_stranger_are_scored_into_a_folder_of_a_plain_name(tmp_path: Path, name: object) -> None:
    """The name in origin.json becomes that of a folder."""
    path = write_answers(tmp_path, [Sample("a", "Add.", "", "x", "y")], {"name": name})
    with pytest.raises(UserError, match=r"origin\.json is damaged; fetch it again, or delete it"):
        read_origin(path)
    write_answers(tmp_path, [Sample("a", "Add.", "", "x", "y")], {"name": "checkpoints-lora--starter_1.0"})
    assert read_origin(path)["name"] == "checkpoints-lora--starter_1.0"


def test_the_documents_say_what_the_last_long_run_gave() -> None:
    outcomes = json.loads((RESULTS / "strangers.json").read_text(encoding="utf-8"))
    assert [item["target"] for item in outcomes] == list(TARGETS)
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    for item in outcomes:
        assert item["faults"] == {}
        assert f"| `{item['target']}` | {item['tried']:,} | {item['used']:,} | {item['refused']:,} |" in text
