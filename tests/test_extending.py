"""Every example of docs/extending.md works as it is printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from transformers import AutoModelForCausalLM, GPTNeoXConfig, PreTrainedModel

from src.config import load_config
from src.data.preparation import prepare_data
from src.data.preprocessing import Encoded
from src.data.sources.readers import READERS
from src.evaluation.execution.judge import execute
from src.evaluation.execution.runners import RUNNERS
from src.evaluation.extraction import extract
from src.languages.registry import LANGUAGE_ALIASES, LANGUAGES
from src.models.lora_model import target_modules
from src.sandbox.sandbox import Sandbox
from src.schema import Sample, SampleScore, UserError
from src.training.packing.packs import Pack

PAGE = Path(__file__).resolve().parents[1] / "docs" / "extending.md"
SAMPLES = [Encoded(str(n), [(7 * n + k) % 300 for k in range(5 + 3 * n)], 2) for n in range(4)]
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def _example(title: str) -> dict[str, Any]:
    """The names that the one code block under `title` defines."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    [code] = BLOCK.findall(section)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, f"{PAGE.name}: {title}", "exec"), names)
    return names


def _score(number: int, exact: bool) -> SampleScore:
    return SampleScore(
        id=f"{number:02}", language="python", code="", bleu=(), bleu_code=(), chrf=(), codebleu=None,
        codebleu_parts=None, codebleu_package=None, execution="", functional="", exact=exact,
    )  # fmt: skip


def _neox() -> PreTrainedModel:
    config = GPTNeoXConfig(
        vocab_size=300, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=256, initializer_range=0.2,
    )  # fmt: skip
    torch.manual_seed(0)
    made: PreTrainedModel = AutoModelForCausalLM.from_config(config).eval()
    return made


def test_every_code_block_is_tried():
    page = PAGE.read_text(encoding="utf-8")
    titles = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert titles == ["A metric", "A language", "A model", "A data source"]
    assert len(BLOCK.findall(page)) == len(titles)


def test_a_new_metric_gets_its_interval_and_its_paired_test():
    names = _example("A metric")
    before = [_score(number, number < 2) for number in range(10)]
    after = [_score(number, number < 8) for number in reversed(range(10))]  # their order does not matter
    change = names["exact_match_change"](before, after)
    # six changed for the better, none for the worse: McNemar's chi-square is 6, whose p is 0.0143 (by hand)
    assert change == "20 -> 80, p = 0.014, n = 10"


def test_a_new_language_is_extracted_and_run_in_the_sandbox():
    answer = "Run it:\n```pl\nprint 1 + 2;\n```\nand compare:\n```zig\nprint(3);\n```\n"
    assert extract(answer, "perl").code != "print 1 + 2;"
    with (
        patch.dict(LANGUAGES),
        patch.dict(LANGUAGE_ALIASES),
        patch.dict(RUNNERS),
        Sandbox(workers=1) as sandbox,
    ):
        _example("A language")
        assert extract(answer, "perl").code == "print 1 + 2;"
        sample = Sample("1", "Print 3.", "", "print 3;", "", language="perl")
        done = execute(sandbox, sample, 'my $n = 1 + 2; print "$n\\n";')
        assert (done.outcome, done.stdout) == ("passed", "3\n")
        assert execute(sandbox, sample, "my $n = ;").outcome == "error"
    assert not {"perl", "pl"} & {*LANGUAGES, *LANGUAGE_ALIASES, *RUNNERS}


def test_a_new_architecture_is_adapted_by_named_layers_and_keeps_packed_samples_apart():
    names = _example("A model")
    model = _neox()
    with pytest.raises(UserError, match=r"auto finds no attention layers.*query_key_value"):
        target_modules(model, "auto")
    assert names["packing_error"](model, SAMPLES) < 1e-5
    adapted = {
        name.split(".")[-2] for name, part in names["adapt"](model).named_modules() if "lora_A" in name[-6:]
    }
    assert adapted == {"query_key_value", "dense"}


def test_the_packing_error_notices_samples_that_see_each_other():
    names = _example("A model")

    def leaking(samples: list[Encoded]) -> Pack:
        from src.training.packing.packs import make_pack

        made = make_pack(samples)
        positions = torch.arange(made.tokens)[None]
        return Pack(made.input_ids, positions, made.predicting, made.targets, made.boundaries, made.longest)

    names["make_pack"] = leaking
    model = _neox()
    assert names["packing_error"](model, SAMPLES) > 1e-2


def test_a_new_file_format_is_prepared_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(READERS, ".tsv", READERS[".csv"])  # puts back afterwards what was there
    _example("A data source")
    rows = [f"Print the number {n * n}.\t\tprint({n * n})" for n in range(30)]
    file = tmp_path / "rows.tsv"
    file.write_text("\n".join(["instruction\tinput\toutput", *rows, "one column"]) + "\n", encoding="utf-8")
    changed = [f"data.dataset_path={tmp_path / 'data'}", "data.near_duplicate_threshold=1"]
    config = load_config(overrides=[*changed, "data.validation_fraction=0.2", "data.test_fraction=0.2"])
    card = prepare_data(config.data, "file", [str(file)])
    assert (card.rows_read, card.rows) == (31, 30)
    assert card.rejected == {"wrong number of columns": 1}
    assert [card.place(row) for row in card.first_rejects] == ["line 32"]
