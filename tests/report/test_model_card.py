"""The model card: front matter that the hub accepts, figures of this adapter alone, code that is Python."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard  # 2.4.0: the hub's own reader of cards
from markdown_it import MarkdownIt  # 4.3.0

from src.models.run_record import DataOrigin, RunRecord
from src.report.model_card import render_model_card
from tests.evaluation.comparisons import comparison, with_seeds
from tests.models.records import run_record
from tests.report.hostile_texts import HOSTILE


def _run(
    method: str = "lora", base: str = "codellama/CodeLlama-7b-hf", *overrides: str, **data: str
) -> RunRecord:
    """A run.json as training writes it."""
    metrics = {
        "steps": 120, "best_step": 100, "validation_loss": 0.8123, "train_samples": 4335,
        "trainable_parameters": 16_777_216, "total_parameters": 6_755_323_904,
    }  # fmt: skip
    run = run_record("data.source=hub", *overrides, method=method, base_model=base, metrics=metrics)
    about = run.provenance | {"commit": "4f3c2b1a", "versions": {"torch": "2.13.0", "peft": "0.21.2"}}
    return dataclasses.replace(run, provenance=about, data=DataOrigin(**data) if data else None)


def _front(card: str) -> dict[str, Any]:
    return yaml.safe_load(card.split("---\n")[1])


def test_the_front_matter_is_what_the_hub_reads() -> None:
    card = render_model_card(_run(), comparison(2))
    assert card.startswith("---\nlibrary_name: peft\n")
    assert _front(card) == {
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "base_model": "codellama/CodeLlama-7b-hf",
        "base_model_relation": "adapter",
        "license": "cc-by-nc-4.0",
        "datasets": ["sahil2801/CodeAlpaca-20k"],
        "tags": ["lora", "code"],
        "model-index": [
            {
                "name": "lora-CodeLlama-7b-hf",
                "results": [
                    {
                        "task": {"type": "text-generation"},
                        "dataset": {"type": "starter", "name": "starter"},
                        "metrics": [
                            {"type": "bleu", "name": "BLEU", "value": 38.3},
                            {"type": "bleu_code", "name": "BLEU over code", "value": 35.0},
                            {"type": "chrf", "name": "chrF", "value": 46.2},
                            {"type": "codebleu", "name": "CodeBLEU", "value": 41.1},
                            {"type": "execution_success", "name": "Execution success", "value": 78.0},
                            {"type": "functional_accuracy", "name": "Functional accuracy", "value": 42.0},
                        ],
                    }
                ],
            }
        ],
    }


def test_the_hubs_own_reader_takes_the_card() -> None:
    read = ModelCard(render_model_card(_run("qlora"), comparison(2)))
    assert read.data.base_model == "codellama/CodeLlama-7b-hf"
    assert read.data.license == "cc-by-nc-4.0"
    assert read.data.tags == ["lora", "qlora", "code"]
    assert {result.metric_type: result.metric_value for result in read.data.eval_results}["bleu"] == 40.0
    assert read.text.lstrip().startswith("# QLoRA adapter for CodeLlama-7b-hf")


@pytest.mark.parametrize(
    ("base", "data", "licence"),
    [
        (
            "codellama/CodeLlama-7b-hf",
            {"source": "github", "origin": "u", "licence": "CC BY-NC 4.0"},
            "cc-by-nc-4.0",
        ),
        ("smollm2-135m", {"source": "starter", "origin": "starter", "licence": "Apache-2.0"}, "apache-2.0"),
        ("codellama/CodeLlama-7b-hf", {"source": "starter", "origin": "s", "licence": "Apache-2.0"}, "other"),
        ("smollm2-135m", {"source": "file", "origin": "mine.json", "licence": "not known"}, "other"),
    ],
)
def test_the_licence_never_promises_more_than_base_and_data_allow(
    base: str, data: dict[str, str], licence: str
) -> None:
    card = render_model_card(_run("lora", base, **data), None)
    front = _front(card)
    assert front["license"] == licence
    assert ("license_name" in front) is (licence == "other")
    assert ("may not be used commercially" in card) is (licence == "cc-by-nc-4.0")
    assert data["licence"] in card


@pytest.mark.parametrize(
    ("source", "datasets", "words"),
    [
        ("hub", ["sahil2801/CodeAlpaca-20k"], "CC BY-NC 4.0"),
        ("github", ["sahil2801/CodeAlpaca-20k"], "CC BY-NC 4.0"),
        ("starter", None, "Apache-2.0"),
        ("file", None, "not known"),
    ],
)
def test_a_run_without_a_record_of_its_data_falls_back_on_its_configuration(
    source: str, datasets: list[str] | None, words: str
) -> None:
    card = render_model_card(_run("lora", "codellama/CodeLlama-7b-hf", f"data.source={source}"), None)
    assert _front(card).get("datasets") == datasets
    assert words in card


@pytest.mark.parametrize("base", ["/home/me/model", "./model", "model", "a/b/c", "checkpoints/merged/x y"])
def test_a_base_that_is_not_on_the_hub_is_left_out_of_the_front_matter(base: str) -> None:
    card = render_model_card(_run(base=base), None)
    assert "base_model" not in _front(card)
    assert base in card


def test_the_embedded_model_goes_by_its_name_on_the_hub() -> None:
    card = render_model_card(_run(base="smollm2-135m"), None)
    assert _front(card)["base_model"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert "from_pretrained('HuggingFaceTB/SmolLM2-135M-Instruct'" in card


def test_results_carry_their_intervals() -> None:
    card = render_model_card(_run(), comparison(2))
    assert "**No difference was shown with LoRA: 16 points more of the programs run (95 % CI" in card
    assert (
        "| BLEU | 31.2 [26.8 to 35.6] | 38.3 [33.9 to 42.7] | **+7.1** [4.0 to 10.3] | < 0.001 | 50 |" in card
    )
    assert "QLoRA" not in card


@pytest.mark.parametrize(("name", "value"), [("qlora", "40.0 [35.6"), ("", "38.3 [33.9")])
def test_the_name_chooses_the_adapters_own_figures(name: str, value: str) -> None:
    assert value in render_model_card(_run(), comparison(2), name)


def test_another_adapters_figures_are_never_shown() -> None:
    for card in (render_model_card(_run("qlora"), comparison(1)), render_model_card(_run(), None)):
        assert "has not been compared with its base model yet" in card
        assert "model-index" not in _front(card)
        assert "38.3" not in card


@pytest.mark.parametrize("method", ["lora", "qlora"])
@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("template", ["alpaca", "chat"])
def test_the_code_to_load_it_is_python(method: str, bits: int, template: str) -> None:
    run = _run(method, "org/base", f"prompt.template={template}", f"qlora.bits={bits}")
    (block,) = re.findall(r"```python\n(.*?)```", render_model_card(run, None), re.DOTALL)
    ast.parse(block)
    assert ("load_in_4bit=True, bnb_4bit_quant_type='nf4'" in block) is (method == "qlora" and bits == 4)
    assert ("load_in_8bit=True" in block) is (method == "qlora" and bits == 8)
    assert ("apply_chat_template" in block) is (template == "chat")
    assert ("### Response:" in block) is (template == "alpaca")


def test_settings_and_sizes_are_listed() -> None:
    card = render_model_card(_run("qlora"), None)
    for row in (
        ("lora.r", "16"),
        ("qlora.bits", "4"),
        ("Trainable parameters", "16,777,216"),
        ("peft", "0.21.2"),
    ):
        assert "<tr><td><code>{}</code></td><td><code>{}</code></td></tr>".format(*row) in card
    assert "<code>q_proj, k_proj, v_proj, o_proj</code>" in card


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_names_break_neither_yaml_nor_markdown(case: str) -> None:
    text = HOSTILE[case][:300]
    run = _run("lora", text, source="hub", origin=text, licence=text)
    run.provenance["commit"] = text
    run.config["data"]["dataset_name"] = text
    made = comparison(1)
    card = render_model_card(run, dataclasses.replace(made, test_set=made.test_set | {"name": text}))
    card.encode("utf-8")
    front = _front(card)
    assert front["library_name"] == "peft"
    assert "base_model" not in front
    assert "datasets" not in front
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(card.split("---\n", 2)[2])
    tags = {tag.lower() for tag in re.findall(r"<([a-zA-Z!?][\w-]*)", rendered)}
    assert tags <= {
        "h1", "h2", "p", "strong", "code", "pre", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip


@pytest.mark.parametrize("template", ["alpaca", "chat"])
def test_the_code_of_the_card_answers_with_plain_peft(
    template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from peft import LoraConfig, get_peft_model

    from tests import tiny

    base, folder = tiny.save_model(tmp_path / "base"), tmp_path / "adapter"
    get_peft_model(tiny.build_model(), LoraConfig(target_modules=["q_proj"])).save_pretrained(str(folder))
    tiny.tokenizer().save_pretrained(folder)
    run = _run("lora", str(base), f"prompt.template={template}")
    (block,) = re.findall(r"```python\n(.*?)```", render_model_card(run, None), re.DOTALL)
    monkeypatch.chdir(folder)
    scope: dict[str, Any] = {}
    exec(block.replace("max_new_tokens=256", "max_new_tokens=3"), scope)
    assert scope["answer"].shape[1] == scope["inputs"]["input_ids"].shape[1] + 3
    text = scope["tokenizer"].decode(scope["inputs"]["input_ids"][0], skip_special_tokens=False)
    assert text.count(tiny.START) == (0 if template == "chat" else 1)  # the tiny chat template writes none
    assert "reverses a string" in text
    capsys.readouterr()


def test_one_of_several_seeds_has_its_own_scores_and_a_word_on_the_mean() -> None:
    card = render_model_card(_run("lora", "org/base", "training.seed=44"), with_seeds(comparison(1)))
    (results,) = _front(card)["model-index"][0]["results"]
    assert {metric["value"] for metric in results["metrics"]} == {40.3}
    assert "After is the mean over 3 seeds; this adapter is that of seed 44." in card
    other = render_model_card(_run("lora", "org/base", "training.seed=7"), with_seeds(comparison(1)))
    assert "model-index" not in _front(other)
