"""A stand-in for the package vllm that takes the arguments of vLLM 0.33.0 and no others, and computes with transformers."""

from __future__ import annotations

import importlib.machinery
import subprocess
import sys
import types
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

# Of LLM.__init__ (vllm/entrypoints/llm.py) and EngineArgs (vllm/engine/arg_utils.py), those that may be given here.
ENGINE_ARGUMENTS = {
    "model", "tokenizer", "dtype", "max_model_len", "gpu_memory_utilization", "seed", "trust_remote_code",
    "generation_config", "enable_lora", "max_loras", "max_lora_rank", "enforce_eager", "tensor_parallel_size",
}  # fmt: skip
LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # vllm/config/lora.py


@dataclass
class SamplingParams:
    """The fields of vllm/sampling_params.py that a request may set, with their defaults."""

    n: int = 1
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int | None = None
    stop: str | list[str] | None = None
    stop_token_ids: list[int] | None = None
    ignore_eos: bool = False
    max_tokens: int | None = 16
    skip_special_tokens: bool = True
    include_stop_str_in_output: bool = False
    detokenize: bool = True


@dataclass
class LoRARequest:
    """vllm/lora/request.py"""

    lora_name: str
    lora_int_id: int
    lora_path: str = ""


@dataclass
class Calls:
    """What the engine was made and asked with."""

    engines: list[dict[str, Any]] = field(default_factory=list)
    batches: list[tuple[list[dict[str, list[int]]], list[SamplingParams], LoRARequest | None]] = field(
        default_factory=list
    )
    forced: list[int] | None = None  # tokens that the model answers instead of its own
    failure: str = ""  # what a child process prints before the engine ends


def install(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Put the stand-in where `import vllm` finds it."""
    calls = Calls()

    class LLM:
        def __init__(self, model: str, **given: Any) -> None:
            unknown = set(given) - ENGINE_ARGUMENTS
            if unknown:
                raise TypeError(f"LLM got unexpected arguments {unknown}")
            if given.get("max_lora_rank", 16) not in LORA_RANKS:
                raise ValueError("max_lora_rank")
            calls.engines.append({"model": model, **given})
            if (
                calls.failure
            ):  # as its processes do, which inherit the streams and fail after the engine has started
                subprocess.run([sys.executable, "-c", f"import sys; sys.exit({calls.failure!r})"])
            self.limit = given["max_model_len"]
            self.tokenizer = AutoTokenizer.from_pretrained(model)
            self.base = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
            if self.limit > self.base.config.max_position_embeddings:
                raise ValueError(f"User-specified max_model_len ({self.limit}) is greater")

        def generate(
            self,
            prompts: list[dict[str, list[int]]],
            sampling_params: list[SamplingParams],
            *,
            use_tqdm: bool = True,
            lora_request: LoRARequest | None = None,
        ) -> list[Any]:
            assert len(prompts) == len(sampling_params)
            if calls.failure:
                raise RuntimeError(
                    "EngineCore encountered an issue. See stack trace (above) for the root cause."
                )
            calls.batches.append((prompts, sampling_params, lora_request))
            model = self.base if lora_request is None else self._adapted(lora_request)
            return [
                types.SimpleNamespace(outputs=[self._complete(model, prompt["prompt_token_ids"], how)])
                for prompt, how in zip(prompts, sampling_params, strict=True)
            ]

        def _adapted(self, request: LoRARequest) -> Any:
            from peft import PeftModel

            if not hasattr(self, "adapted"):
                self.adapted = PeftModel.from_pretrained(self.base, request.lora_path).eval()
            return self.adapted

        @torch.inference_mode()
        def _complete(self, model: Any, prompt: list[int], how: SamplingParams) -> Any:
            """Token by token: the end token is kept, a stop text ends after the token that completes it."""
            row: list[int] = []
            generator = torch.Generator().manual_seed(how.seed or 0)
            while len(row) < (how.max_tokens or 0) and len(prompt) + len(row) < self.limit:
                row.append(self._next(model, [*prompt, *row], len(row), how, generator))
                text = self.tokenizer.decode(row, skip_special_tokens=how.skip_special_tokens)
                if row[-1] in (how.stop_token_ids or []) or any(stop in text for stop in how.stop or []):
                    break
            return types.SimpleNamespace(token_ids=tuple(row))

        def _next(self, model: Any, ids: list[int], place: int, how: SamplingParams, generator: Any) -> int:
            if calls.forced is not None:
                return calls.forced[place % len(calls.forced)]
            logits = model(input_ids=torch.tensor([ids])).logits[0, -1]
            if how.temperature == 0:
                return int(logits.argmax())
            return int(torch.multinomial((logits / how.temperature).softmax(-1), 1, generator=generator))

    _modules(monkeypatch, LLM)
    installed(monkeypatch, "vllm", "0.33.0")
    return calls


def installed(monkeypatch: pytest.MonkeyPatch, name: str, version: str) -> None:
    """Let the module be brought by the distribution `name`."""
    monkeypatch.setattr("src.generation.vllm.packages_distributions", lambda: {"vllm": [name, name]})
    monkeypatch.setattr("src.generation.vllm.version", {name: version}.__getitem__)


def _modules(monkeypatch: pytest.MonkeyPatch, engine: type) -> None:
    contents = {
        "vllm": {"LLM": engine, "SamplingParams": SamplingParams},
        "vllm.lora": {},
        "vllm.lora.request": {"LoRARequest": LoRARequest},
    }
    for name, names in contents.items():
        module = types.ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        module.__dict__.update(names)
        monkeypatch.setitem(sys.modules, name, module)
