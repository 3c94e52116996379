"""Every architecture is trained and decoded as stock transformers and peft do it, or refused in one line."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests import tables, tiny
from tests.training.encoded import random_samples
from tests.zoo import builders, table
from tests.zoo.examine import Examined, examine
from tests.zoo.families import FAULTS, SELECTED
from tests.zoo.features import effects

LEAST_EFFECT = 1e-3  # on the loss, of a feature that is switched off
RESULTS = table.stored()
OTHERS = [name for name in builders.TYPES if name not in SELECTED]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save_data(tmp_path_factory.mktemp("zoo") / "data", 20)


@functools.cache
def _effects(model_type: str) -> dict[str, float]:
    return effects(model_type, random_samples(40, 60))


def _summary(row: Examined) -> str:
    return f"{row.training}, {row.qlora}, {row.decoding}; stock: {row.stock or 'trains it'}"


def test_a_tiny_model_has_the_same_weights_every_time_and_others_with_another_seed():
    one, again, other = (builders.build("gemma2", seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("model_type", SELECTED)
def test_a_selected_type_is_right_or_refused(model_type: str, data: Path):
    row = examine(model_type, data)
    assert not row.fails, _summary(row)
    stored = RESULTS["types"][model_type]
    way = (row.packs, row.shared, row.decodes_by)
    assert way == tuple(stored[name] for name in ("packs", "shared", "decodes_by"))


@pytest.mark.campaign
@pytest.mark.parametrize("model_type", OTHERS)
def test_every_other_type_is_right_or_refused(model_type: str, data: Path):
    row = examine(model_type, data, quantised=True)
    assert row.fails == (model_type in FAULTS), _summary(row)


@pytest.mark.parametrize("model_type", SELECTED)
def test_the_loss_moves_when_a_feature_is_switched_off(model_type: str):
    assert {name: by for name, by in _effects(model_type).items() if by <= LEAST_EFFECT} == {}


@pytest.mark.campaign
@pytest.mark.parametrize("model_type", [name for name in OTHERS if not RESULTS["types"][name]["stock"]])
def test_the_loss_moves_when_a_feature_of_another_type_is_switched_off(model_type: str):
    assert {name: by for name, by in _effects(model_type).items() if by <= LEAST_EFFECT} == {}


def test_selected_types_have_features_of_every_kind():
    names = {name for model_type in SELECTED for name in _effects(model_type)}
    wanted = "sliding_window attention_chunk_size final_logit_softcapping attn_logit_softcapping logit_scale logits_scaling"
    assert set(wanted.split()) | {"sink", "A_log", "conv1d.weight", "index_topk"} <= names


def test_all_types_are_listed():
    assert set(RESULTS["types"]) == set(builders.TYPES)
    assert len(SELECTED) == len(set(SELECTED)) >= 40


def test_nothing_in_the_table_is_wrong_but_for_known_faults():
    verdicts = {
        name: {row[part]["verdict"] for part in ("training", "qlora", "decoding")}
        for name, row in RESULTS["types"].items()
    }
    assert [name for name, found in verdicts.items() if "wrong" in found] == []
    refused = {
        name
        for name, row in RESULTS["types"].items()
        if not row["stock"] and row["training"]["verdict"] == "refused"
    }
    assert refused | {name for name, found in verdicts.items() if "traceback" in found} == set(FAULTS)
    assert not set(FAULTS) & set(SELECTED)


def test_what_stock_code_trains_is_trained():
    trained = [row for row in RESULTS["types"].values() if not row["stock"]]
    right = [row for row in trained if row["training"]["verdict"] == "right"]
    assert len(right) >= 0.95 * len(trained) > 100
    assert sum(row["packs"] for row in right) >= 60


def test_the_document_says_what_the_results_say():
    text = table.DOCUMENT.read_text(encoding="utf-8")
    for name, made in table.made(RESULTS).items():
        assert tables.between(text, name) == made, "run python -m tests.zoo.run"


def test_the_code_models_of_the_readme_are_trained_right():
    shown = tables.between((table.ROOT / "README.md").read_text(encoding="utf-8"), "code-models")
    named = set(re.findall(r"`(\w+)`", "".join(row.split("|")[2] for row in shown.splitlines()[2:])))
    assert len(named) > 8
    assert {RESULTS["types"][name]["training"]["verdict"] for name in named} == {"right"}
