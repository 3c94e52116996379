"""Fused kernels are used where they are supported, and refused with the reason where they are required."""

import importlib.util
import sys
from types import ModuleType, SimpleNamespace

import pytest

from src.models.kernels import liger as kernels
from src.models.kernels.liger import apply_liger, uses_fused_kernels
from src.schema import UserError
from tests import tiny
from tests.zoo import builders

GPU, CPU = SimpleNamespace(device="cuda"), SimpleNamespace(device="cpu")


@pytest.fixture
def liger(monkeypatch):
    """A package with the names that are used of liger-kernel 0.8.5, which needs a GPU to be imported usefully."""
    calls = []
    package, transformers, patches = (
        ModuleType(name)
        for name in ("liger_kernel", "liger_kernel.transformers", "liger_kernel.transformers.monkey_patch")
    )
    patches.MODEL_TYPE_TO_APPLY_LIGER_FN = {"llama": None, "qwen2": None}
    transformers._apply_liger_kernel_to_instance = lambda **options: calls.append(options)
    for module in (package, transformers, patches):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: object() if name == "liger_kernel" else real(name, *rest),
    )
    monkeypatch.setattr(kernels, "compiles_kernels", lambda kind: True)
    return calls


@pytest.mark.parametrize(
    ("architecture", "known"), [("llama", True), ("qwen2", True), ("gpt_bigcode", False)]
)
def test_auto_uses_them_for_architectures_that_have_them(liger, architecture, known):
    assert uses_fused_kernels("auto", tiny.model_config(architecture), GPU) is known
    assert uses_fused_kernels("auto", tiny.model_config(architecture), CPU) is False
    assert uses_fused_kernels(False, tiny.model_config(architecture), GPU) is False


def test_the_loss_is_not_patched(liger):
    model = tiny.build_model("llama")
    apply_liger(model)
    (options,) = liger
    assert options["model"] is model
    assert not options["cross_entropy"]
    assert not options["fused_linear_cross_entropy"]


def test_patches_are_taken_back_and_made_again(liger, monkeypatch):
    """A stand-in that changes what Liger changes: a function of the model's code, and forwards of its modules."""
    model = tiny.build_model("llama")
    code, norm = sys.modules[type(model).__module__], model.model.norm
    rotate = code.apply_rotary_pos_emb

    def patch(model, **_):
        code.apply_rotary_pos_emb = "rotary of Liger"
        norm.forward = lambda x: x + 1

    monkeypatch.setattr(sys.modules["liger_kernel.transformers"], "_apply_liger_kernel_to_instance", patch)
    monkeypatch.setattr(code, "apply_rotary_pos_emb", rotate)
    patches = apply_liger(model)
    for on in (True, False, True, False):
        patches.switch(on)
        assert (code.apply_rotary_pos_emb == "rotary of Liger") is on
        assert ("forward" in vars(norm)) is on
    assert code.apply_rotary_pos_emb is rotate


def test_experts_keep_their_own_forward(liger, monkeypatch):
    model = builders.build("deepseek_v2")
    experts = [module for module in model.modules() if type(module).__name__ == "DeepseekV2Experts"]

    def patch(model, **_):
        for module in model.modules():
            module.forward = lambda x: x

    monkeypatch.setattr(sys.modules["liger_kernel.transformers"], "_apply_liger_kernel_to_instance", patch)
    patches = apply_liger(model)
    assert experts
    for on in (True, False, True):
        assert not any("forward" in vars(module) for module in experts)
        patches.switch(on)
        assert ("forward" in vars(model.model.norm)) is on


@pytest.mark.parametrize(
    ("architecture", "hardware", "reason"),
    [
        ("llama", CPU, "fused kernels run on NVIDIA GPUs only"),
        ("starcoder2", GPU, "liger-kernel has none for starcoder2"),
    ],
)
def test_true_says_what_is_missing(liger, architecture, hardware, reason):
    with pytest.raises(UserError, match=rf"training.fused_kernels=true, but {reason}; or set .*=auto"):
        uses_fused_kernels(True, tiny.model_config(architecture), hardware)


def test_they_are_not_used_where_triton_cannot_compile(liger, monkeypatch):
    monkeypatch.setattr(kernels, "compiles_kernels", lambda kind: False)
    assert uses_fused_kernels("auto", tiny.model_config("llama"), GPU) is False
    with pytest.raises(UserError, match="true, but Triton cannot compile them on this machine; or set"):
        uses_fused_kernels(True, tiny.model_config("llama"), GPU)


def test_true_without_the_package_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert uses_fused_kernels("auto", tiny.model_config("llama"), GPU) is False
    with pytest.raises(UserError, match=r"not installed: pip install -r requirements-gpu\.txt"):
        uses_fused_kernels(True, tiny.model_config("llama"), GPU)
