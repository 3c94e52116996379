"""A model answers each sample once, and its answers carry all that decided them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from src.config import load_config
from src.evaluation import answers
from src.evaluation.answers import RunRequest, answer, keep_answers, precision, run_name
from src.evaluation.benchmarks.test_set import TestSet
from src.evaluation.predictions import read_origin, read_predictions
from src.models.hardware import Hardware
from src.models.loading import ModelReference
from src.schema import Example
from tests import tiny

EXAMPLES = [Example(str(n), f"Print {n}", "", f"print({n})", "python", tests="assert True") for n in range(3)]


@pytest.mark.parametrize(
    ("model_path", "name"),
    [
        ("checkpoints/quickstart/lora/final", "quickstart-lora--starter"),
        ("checkpoints/lora/final/", "lora--starter"),
        ("../elsewhere/my model", "elsewhere-my_model--starter"),
        ("owner/model-1.5B", "owner-model-1.5B--starter"),
        ("runs\\qlora\\final", "runs-qlora--starter"),
        ("./final", "model--starter"),
    ],
)
def test_a_run_is_named_after_the_last_two_folders_that_say_something(model_path: str, name: str):
    assert run_name(model_path, "starter") == name


@pytest.mark.parametrize(
    ("adapter", "bits", "stated"),
    [
        (None, 0, "bfloat16"),
        (Path("lora"), 0, "bfloat16, adapter merged"),
        (Path("qlora"), 4, "4-bit nf4 base, adapter apart"),
        (Path("qlora"), 8, "8-bit base, adapter apart"),
    ],
)
def test_the_precision_is_that_of_the_weights_in_use(adapter: Path | None, bits: int, stated: str):
    quantization = load_config(overrides=[f"qlora.bits={bits}"]).qlora if bits else None
    hardware = Hardware("cpu", torch.bfloat16, "a CPU", 8.0)
    assert precision(ModelReference("base", adapter, quantization), hardware) == stated


def test_answers_are_generated_once_and_only_for_new_samples(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    config = tiny.config(tiny_model, tmp_path, tmp_path)
    generated: list[list[str]] = []
    real = answers._generate

    def counting(setup, missing, *rest):
        generated.append([example.id for example, _ in missing])
        real(setup, missing, *rest)

    monkeypatch.setattr(answers, "_generate", counting)

    def answered(examples: list[Example]) -> answers.Answers:
        return answer(RunRequest(str(tiny_model), None, TestSet("test", examples), config, tmp_path, "run"))

    first = answered(EXAMPLES[:2])
    assert answered(EXAMPLES[:2]) == first
    every = answered(EXAMPLES)
    assert generated == [["0", "1"], ["2"]]
    assert every.samples[:2] == first.samples
    assert read_predictions(tmp_path / "run" / "generations.jsonl") == every.samples
    assert [(sample.reference, sample.tests) for sample in every.samples] == [
        (e.output, e.tests) for e in EXAMPLES
    ]


def test_another_decoding_is_another_answer(tiny_model: Path, tmp_path: Path):
    def origin(*overrides: str) -> dict:
        config = tiny.config(tiny_model, tmp_path, tmp_path, *overrides)
        return answer(
            RunRequest(str(tiny_model), None, TestSet("test", EXAMPLES[:1]), config, tmp_path, "run")
        ).origin

    short, long = origin("evaluation.max_new_tokens=2"), origin("evaluation.max_new_tokens=3")
    assert short["decoding"] != long["decoding"]
    assert {key for key in short if short[key] != long[key]} == {"decoding"}
    assert short["base_model"] == str(tiny_model)


def test_kept_answers_carry_their_origin_beside_them(tiny_model: Path, tmp_path: Path):
    config = tiny.config(tiny_model, tmp_path, tmp_path)
    path = keep_answers(
        RunRequest(str(tiny_model), None, TestSet("test", EXAMPLES[:1]), config, tmp_path, "mine")
    )
    origin = read_origin(path)
    assert (origin["name"], origin["test_set"], origin["model"]) == ("mine", "test", str(tiny_model))
    assert origin["precision"] == "float32"
    assert "versions" in origin["generated"]
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert read_origin(path) == {}  # not of these answers


def test_answers_say_which_base_they_were_made_with_and_whether_the_adapter_was_trained_on_it(
    tiny_model: Path, tiny_adapter: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    config = tiny.config(tiny_model, tmp_path, tmp_path)
    other = str(tiny.save_model(tmp_path / "other", seed=1))

    def origin(model: str | Path, base: str | None = None) -> dict[str, str]:
        test_set = TestSet("test", EXAMPLES[:1])
        return answer(RunRequest(str(model), base, test_set, config, tmp_path, "run")).origin

    plain, own, strange = origin(tiny_model), origin(tiny_adapter), origin(tiny_adapter, other)
    assert plain["base_fingerprint"] == plain["fingerprint"] == own["base_fingerprint"] != own["fingerprint"]
    assert "trained_on" not in own
    assert "training" not in plain
    assert own["training"]["method"] == "lora"
    assert [step for step, _ in own["training"]["loss"]]
    assert "was trained on" in caplog.text
    assert strange["trained_on"].startswith(str(tiny_model))
    assert strange["base_fingerprint"] == origin(other)["fingerprint"]


def test_answers_cut_off_while_thinking_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """The chat template begins the thought, as DeepSeek-R1's does; a random model never ends it."""
    model = tiny.save_model(tmp_path / "model")
    template = "{% for m in messages %}{{ m.content }}{% endfor %}{{ '<think>\\n' }}"
    (model / "chat_template.jinja").write_text(template, encoding="utf-8")
    config = tiny.config(model, tmp_path, tmp_path, "prompt.template=chat")
    made = answer(RunRequest(str(model), None, TestSet("test", EXAMPLES), config, tmp_path, "run"))
    finished = [sample.finish for sample in made.samples]
    assert "thinking" in finished
    assert set(finished) <= {"thinking", "stop", "turn"}
    assert (
        f"{finished.count('thinking')} of 3 answers were cut off while the model was still thinking"
        in caplog.text
    )
