"""Every private or unstable name of a library that the program leans on, with the reason: an upgrade fails here first.

Names that are public but have changed between releases, or that only work by what they contain, are held too. The
last tests hold that the tables are whole: a private name or an inner module that src uses and no table names fails.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = (
    "transformers peft torch accelerate liger_kernel bitsandbytes sacrebleu magika vllm datasets "
    "huggingface_hub safetensors triton onnxruntime"
).split()
NOT_HERE = {
    "liger_kernel": "liger-kernel needs Triton and a GPU: run this where requirements-gpu.txt is installed",
    "vllm": "vLLM wants other versions of torch and transformers: run this in its own environment",
}

# module:name.attribute -> why it is leant on, and what breaks without it
NAMES = {
    "transformers:Trainer._save_checkpoint": "overridden: a checkpoint is marked complete before older ones go",
    "transformers:Trainer._determine_best_metric": "overridden: every new best is saved, whatever save_steps says",
    "transformers:Trainer._load_scaler": "overridden: no scale is loaded where none is used",
    "transformers:Trainer._save": "writes the adapter that FSDP has gathered",
    "transformers:Trainer.get_optimizer_cls_and_kwargs": "LoRA+ builds the Trainer's own optimizer with two rates",
    "transformers:Trainer.floating_point_ops": "overridden: a batch is samples, of which it cannot count the tokens",
    "transformers.trainer_utils:rotate_checkpoints": "deletes older checkpoints once the new one is complete",
    "transformers.masking_utils:AttentionMaskInterface.register": "no mask is built for packed samples",
    "transformers.masking_utils:flash_attention_mask": "the function registered for them: none where no row is padded",
    "transformers:AttentionInterface.register": "attention of packs and of slots",
    "transformers:PreTrainedModel.set_attn_implementation": "attention of slots, for the time of decoding",
    "transformers:PreTrainedModel._supports_sdpa": "whether a kind of model has torch's attention at all",
    "transformers:PreTrainedModel._supports_attention_backend": "whether a kind of model takes attention of ours",
    "transformers:PreTrainedConfig._attn_implementation": "the attention to go back to after decoding in slots",
    "transformers:PreTrainedConfig.get_text_config": "sizes of a decoder inside a model of several parts",
    "transformers:PreTrainedConfig.sub_configs": "the largest width among the parts of a model",
    "transformers:Cache.is_compileable": "asked of our cache of slots as of its own",
    "transformers:Cache.get_seq_length": "the same",
    "transformers:DynamicCache.reorder_cache": "rows that have finished leave a static batch",
    "transformers.pytorch_utils:Conv1D": "StarCoder's linear layers",
    "transformers.modeling_layers:GradientCheckpointingLayer": "the layers of a decoder whose activations are recomputed",
    "transformers.utils:cached_file": "the commit of a hub model is the name of its folder in the cache",
    "transformers.utils.logging:disable_progress_bar": "no bars where standard error is no terminal",
    "transformers.generation.streamers:BaseStreamer": "streams the answer of a chat",
    "transformers.utils.chat_template_utils:render_jinja_template": "renders a chat template in a process that is watched",
    "transformers.integrations:TensorBoardCallback": "logs to a folder of ours",
    "transformers:MODEL_FOR_CAUSAL_LM_MAPPING": "the class of a model before its weights are loaded",
    "bitsandbytes.functional:has_avx512bf16": "where it is true, Linear4bit packs weights anew in evaluation mode: kept off",
    "peft.optimizers:create_loraplus_optimizer": "LoRA+",
    "peft.tuners.lora:LoraLayer.get_base_layer": "fused layers and LoftQ read the frozen weights",
    "peft.tuners.lora:LoraLayer.merged": "a merged layer is computed by peft",
    "peft.tuners.lora:LoraLayer.disable_adapters": "a layer with its adapter off is computed by peft",
    "transformers.utils.quantization_config:Mxfp4Config": "bases in MXFP4 are loaded in full",
    "torch:_foreach_copy_": "gradients of all ranks in one kernel",
    "torch:_foreach_zero_": "the gradients that graphs add to in one kernel",
    "torch:_foreach_add_": "gradients of a CUDA graph are added in one kernel",
    "torch:native_dropout": "dropout with its mask, which the fused backward pass reads",
    "torch.ops.aten:native_dropout_backward": "the other half of it",
    "torch.ops.mkldnn:_is_mkldnn_bf16_supported": "whether this CPU computes in bfloat16",
    "torch.nn.attention:sdpa_kernel": "CUDA graphs are captured with one kernel of attention",
    "torch.nn.attention:SDPBackend.MATH": "that kernel and its kin",
    "torch.ops.aten:_efficient_attention_forward": "attention of packed samples on a GPU without that",
    "torch.nn.attention.varlen:varlen_attn": "attention of packed samples on a GPU; new in torch 2.11",
    "torch.distributed:DistError": "the type of NCCL's errors, by which a lost process is told from a bug",
    "torch.distributed.checkpoint.state_dict:get_model_state_dict": "gathers an adapter under FSDP2",
    "torch.distributed.checkpoint.state_dict:StateDictOptions": "without the frozen base",
    "torch.utils.tensorboard:SummaryWriter": "purges what a killed process had logged beyond its checkpoint",
    "torch.autograd.function:once_differentiable": "fused layers refuse second derivatives",
    "torch.utils.checkpoint:checkpoint": "logits are recomputed chunk by chunk",
    "accelerate.utils:broadcast": "collectives",
    "accelerate.utils:broadcast_object_list": "collectives",
    "accelerate.utils:gather_object": "collectives",
    "accelerate.utils:reduce": "collectives",
    "accelerate.utils:wait_for_everyone": "collectives",
    "accelerate:Accelerator.no_sync": "gradients of all packs but the last are not reduced",
    "bitsandbytes.functional:dequantize_4bit": "the frozen weights of fused QLoRA layers, and LoftQ",
    "bitsandbytes.nn:Linear4bit": "recognised by its name, so that it need not be imported",
    "sacrebleu.metrics:BLEU._extract_corpus_statistics": "sufficient statistics: intervals and tests come from them",
    "sacrebleu.metrics:CHRF._extract_corpus_statistics": "the same",
    "magika:Magika._init_onnx_session": "overridden: one thread, several times faster with one text at a time",
    "huggingface_hub.constants:HF_HUB_OFFLINE": "set after it was read, once the hub does not answer",
    "huggingface_hub.errors:HFValidationError": "a name that is none",
    "huggingface_hub.errors:GatedRepoError": "recognised by its name in the explanation of an error",
    "huggingface_hub.errors:RepositoryNotFoundError": "the same",
    "huggingface_hub.errors:HfHubHTTPError": "the same",
    "huggingface_hub.errors:LocalEntryNotFoundError": "the same",
    "huggingface_hub.errors:OfflineModeIsEnabled": "the same",
    "datasets.exceptions:DatasetsError": "what a data set of the hub may raise",
    "safetensors.torch:load_file": "the best adapter, without a pickle",
    "liger_kernel.transformers:_apply_liger_kernel_to_instance": "patches one model and no class",
    "liger_kernel.transformers.monkey_patch:MODEL_TYPE_TO_APPLY_LIGER_FN": "the architectures that have kernels",
    "vllm:LLM.generate": "another backend of generation",
    "vllm:SamplingParams": "its stop conditions are ours",
    "vllm.lora.request:LoRARequest": "an adapter beside its base",
}  # fmt: skip

# function -> parameters that are passed by name or overridden in their order
PARAMETERS = {
    "transformers:Trainer._save_checkpoint": "model trial",
    "transformers:Trainer._determine_best_metric": "metrics trial",
    "transformers:Trainer._save": "output_dir state_dict",
    "transformers:Trainer.save_model": "output_dir _internal_call",
    "transformers:Trainer.log": "logs start_time",
    "transformers:Trainer.training_step": "model inputs num_items_in_batch",
    "transformers:Trainer.get_optimizer_cls_and_kwargs": "args model",
    "transformers.trainer_utils:rotate_checkpoints": "output_dir save_total_limit best_model_checkpoint use_mtime",
    "transformers:LlamaForCausalLM.forward": "position_ids past_key_values use_cache logits_to_keep",
    "transformers:DynamicCache.update": "key_states value_states layer_idx",
    "transformers.utils.chat_template_utils:render_jinja_template": "conversations chat_template add_generation_prompt",
    "peft:PeftModel.from_pretrained": "model model_id is_trainable config",
    "peft:PeftModel.save_pretrained": "path_initial_model_for_weight_conversion",
    "peft.optimizers:create_loraplus_optimizer": "model optimizer_cls lr loraplus_lr_ratio",
    "torch.nn.attention.varlen:varlen_attn": "query key value cu_seq_q cu_seq_k max_q max_k scale",
    "torch.distributed.checkpoint.state_dict:StateDictOptions": "full_state_dict cpu_offload ignore_frozen_params",
    "bitsandbytes.functional:dequantize_4bit": "A quant_state",
    "sacrebleu.metrics:BLEU._extract_corpus_statistics": "hypotheses references",
    "vllm:LLM.generate": "prompts sampling_params use_tqdm lora_request",
}  # fmt: skip

# module -> words in its source, each with what reads or sets them
WORDS = {
    "transformers.trainer": {
        "self._tr_loss = torch.tensor(": "the loss not logged yet, which a checkpoint keeps",
        "self._globalstep_last_logged = self.state.global_step": "the step of the last log, kept with it",
        '"rng_state.pth"': "checkpoints of one process",
        "rng_state_{": "the number of processes that wrote a checkpoint is the number of these files",
        'TRAINER_STATE_NAME = "trainer_state.json"': "read before the Trainer does, for its log and its best",
        "self.is_in_train = True": "a validation outside of training restores no unlogged loss",
        "self.model_wrapped = ": "the model that FSDP and DeepSpeed gather through",
        "self.is_fsdp_enabled = ": "whether each process holds a part of the weights",
        "best_model_checkpoint": "the folder of the best weights, looked up beside the checkpoint",
    },
    "transformers.modeling_utils": {
        "DISABLE_SAFETENSORS_CONVERSION": "keeps a service from converting pickled weights, which are refused",
        "hf_quantizer": "taken off the embedded model, whose weights are plain once it is converted",
        "output_loading_info": "weights that were not in the file, which would be random",
    },
    "accelerate.accelerator": {
        'getattr(model, "_is_accelerate_prepared", False)': "keeps accelerate from wrapping the model in DDP",
        "self.native_amp = False": "its own autocast and unscaling are off",
        "self.scaler.scale(loss).backward(": "the loss is scaled by the scaler that is set",
        "scaler=scaler": "and so are the steps of the optimizer",
    },
    "accelerate.utils.launch": {
        "ACCELERATE_USE_FSDP": "how the launcher asks for sharding",
        "FSDP_VERSION": "of which the first is refused",
        "ACCELERATE_USE_DEEPSPEED": "the same",
        "ACCELERATE_USE_CPU": "how the launcher turns GPUs off",
    },
    "accelerate.utils.constants": {
        'FSDP_MODEL_NAME = "pytorch_model_fsdp"': "a checkpoint of FSDP is known by its file",
    },
    "peft.optimizers.loraplus": {"loraplus_weight_decay": "LoRA+ with the weight decay of the configuration"},
    "peft.peft_model": {"missing adapter keys": "an adapter of another model is known by this warning"},
    "torch.nn.modules.module": {"Error(s) in loading state_dict": "an adapter of other shapes is known by these words"},
    "magika.magika": {
        "self._model_path =": "the model that the session of one thread loads",
        "self._init_onnx_session()": "where the overridden method is called",
    },
    "vllm.v1.engine.utils": {"See root cause above. ": "an engine that does not start is known by these words"},
    "vllm.v1.engine.exceptions": {"See stack trace (above)": "an engine that ends is known by these words"},
    "vllm.envs": {
        "VLLM_NO_USAGE_STATS": "keeps it from reporting its use",
        "VLLM_LOGGING_STREAM": "its messages go to standard error",
    },
}  # fmt: skip


def _found(name: str) -> Any:
    """The object of "module:attribute.attribute"; a test of a package that is not here is skipped with the reason."""
    module, _, path = name.partition(":")
    package = module.split(".")[0]
    needed = {"liger_kernel": ("liger_kernel", "triton"), "vllm": ("vllm",)}.get(package, ())
    if any(importlib.util.find_spec(item) is None for item in needed):
        pytest.skip(NOT_HERE[package])
    found = torch_operators(module) if module.startswith("torch.ops") else importlib.import_module(module)
    for attribute in path.split("."):
        found = getattr(found, attribute)
    return found


def torch_operators(module: str) -> Any:
    import torch

    return getattr(torch.ops, module.rpartition(".")[2])


def _of_instances(name: str) -> bool:
    """Whether the name is set by __init__, and so is not found in the class."""
    return name == "transformers:PreTrainedConfig._attn_implementation"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_still_there(name: str):
    if _of_instances(name):
        from transformers import LlamaConfig

        assert hasattr(LlamaConfig(), name.rpartition(".")[2])
    else:
        _found(name)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_function_still_takes_its_parameters_in_this_order(name: str):
    parameters = list(inspect.signature(_found(name)).parameters)
    wanted = PARAMETERS[name].split()
    assert [parameter for parameter in parameters if parameter in wanted] == wanted


@pytest.mark.parametrize(
    ("module", "words"), [(module, words) for module in WORDS for words in WORDS[module]]
)
def test_a_library_still_says_these_words(module: str, words: str):
    package = module.partition(".")[0]
    if package in NOT_HERE and importlib.util.find_spec(package) is None:
        pytest.skip(NOT_HERE[package])
    spec = importlib.util.find_spec(module)
    assert spec
    assert spec.origin
    text = Path(spec.origin).read_text(encoding="utf-8")
    assert words in text or words.replace('"', "'") in text


def test_attention_functions_still_get_the_bounds_of_packed_samples():
    from transformers.modeling_flash_attention_utils import FlashAttentionKwargs

    assert {"cu_seq_lens_q", "cu_seq_lens_k", "max_length_q"} <= set(FlashAttentionKwargs.__annotations__)


def test_packed_attention_still_takes_a_window_or_is_causal_without():
    accepted = inspect.signature(_found("torch.nn.attention.varlen:varlen_attn")).parameters
    assert {"window_size", "is_causal"} & set(accepted)


def test_an_adapted_layer_still_holds_its_parts_by_adapter_name():
    """What fused layers, LoftQ and the names of weights read; peft documents none of them."""
    import torch
    from peft import LoraConfig, get_peft_model

    class Base(torch.nn.Sequential):
        pass

    adapted: Any = get_peft_model(Base(torch.nn.Linear(4, 4)), LoraConfig(r=2, target_modules=["0"]))
    ((name, layer),) = [item for item in adapted.named_modules() if hasattr(item[1], "lora_A")]
    assert name == "base_model.model.0"
    parts = (layer.lora_A, layer.lora_B, layer.lora_dropout, layer.scaling, layer.r)
    assert [list(part) for part in parts] == [["default"]] * 5
    assert not layer.lora_variant  # DoRA has one
    assert adapted.get_base_model() is adapted.base_model.model


def test_a_4_bit_layer_is_still_a_linear_layer_with_the_state_of_its_weight():
    import torch
    from bitsandbytes.nn import Linear4bit, Params4bit

    assert issubclass(Linear4bit, torch.nn.Linear)
    assert "quant_state" in inspect.signature(Params4bit.__new__).parameters


def test_sacrebleu_still_counts_four_orders_of_n_grams_and_two_lengths():
    """Equal texts of three tokens: three, two, one and no n-gram, and as many that match."""
    from sacrebleu.metrics import BLEU

    assert BLEU()._extract_corpus_statistics(["a b c"], [["a b c"]])[0] == [3, 3, 3, 2, 1, 0, 3, 2, 1, 0]


def test_magika_still_gives_a_label_and_its_best_guess():
    from magika import Magika

    found = Magika().identify_bytes(b"import os\n\ndef f():\n    return os.getcwd()\n" * 5)
    assert (str(found.output.label), str(found.dl.label)) == ("python", "python")


def test_liger_still_takes_a_model_and_ignores_the_kernels_that_it_lacks():
    """Found in the source: imported, it wants Triton."""
    spec = importlib.util.find_spec("liger_kernel")
    if spec is None or spec.origin is None:
        pytest.skip(NOT_HERE["liger_kernel"])
    text = (Path(spec.origin).parent / "transformers" / "monkey_patch.py").read_text(encoding="utf-8")
    functions = {node.name: node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
    given = functions["_apply_liger_kernel_to_instance"].args
    assert ([item.arg for item in given.args], given.kwarg is not None) == (["model"], True)
    llama = {item.arg for item in functions["apply_liger_kernel_to_llama"].args.args}
    assert {"rope", "rms_norm", "swiglu", "cross_entropy", "fused_linear_cross_entropy"} <= llama


def _modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / "src").rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_every_inner_module_that_is_imported_is_named():
    """Also private names of outer modules."""
    imported = {
        f"{node.module}:{alias.name}"
        for _, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in LIBRARIES
        for alias in node.names
        if "." in node.module or alias.name.startswith("_")
    }
    assert len(imported) > 20
    documented = {
        "torch.nn:functional",
        "torch.nn.functional:scaled_dot_product_attention",
        "torch.utils.data:DataLoader",
    }
    unnamed = {name for name in imported - documented if not any(key.startswith(name) for key in NAMES)}
    assert unnamed == set()


STANDARD = {
    "_exit",
    "_getframe",
    "_run_exitfuncs",
    "_shutdown",
}  # Python's own, in what runs inside the sandbox


def test_every_private_name_that_is_not_ours_is_named():
    """An attribute with one underscore that no module of src defines. Those of the Trainer that a module of ours also
    sets on itself look like its own here: they stand among the words above."""
    defined: set[str] = set()
    used: set[str] = set()
    for _, tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                defined.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                defined.add(node.id)
            elif isinstance(node, ast.Attribute) and node.attr[:1] == "_" and node.attr[:2] != "__":
                (defined if _is_own(node) else used).add(node.attr)
    foreign = used - defined - STANDARD
    assert {"_extract_corpus_statistics", "_foreach_copy_"} <= foreign
    text = "\n".join([*NAMES, *(words for module in WORDS.values() for words in module)])
    assert {name for name in foreign if name not in text} == set()


def _is_own(node: ast.Attribute) -> bool:
    """Whether an object of ours sets the attribute on itself."""
    return isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "self"
