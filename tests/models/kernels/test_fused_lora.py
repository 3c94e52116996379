"""Fused layers compute what peft's own layers compute, outputs and gradients."""

import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model

from src.models.kernels.fused_lora import fuse_lora_layers, unfuse_lora_layers
from tests import tiny


def adapted(architecture, **options):
    model = get_peft_model(
        tiny.build_model(architecture),
        LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", **options),
    )
    torch.manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.3)  # at 0 most gradients would be 0
    return model.train()


def outcome(model, ids):
    model.zero_grad(set_to_none=True)
    torch.manual_seed(2)
    logits = model(input_ids=ids).logits
    (logits.float() ** 2).mean().backward()
    return logits.detach(), {
        name: item.grad for name, item in model.named_parameters() if item.grad is not None
    }


@pytest.fixture
def ids():
    return torch.randint(3, 400, (2, 17), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
def test_outputs_and_gradients_are_those_of_peft(architecture, ids):
    plain = adapted(architecture)
    fused = copy.deepcopy(plain)
    assert (
        fuse_lora_layers(fused)
        == sum(name.endswith("lora_A.default") for name, _ in plain.named_modules())
        > 0
    )
    (logits, gradients), (expected, gradients_of_peft) = outcome(fused, ids), outcome(plain, ids)
    torch.testing.assert_close(logits, expected, rtol=1e-5, atol=1e-6)
    assert gradients.keys() == gradients_of_peft.keys()
    for name in gradients:
        torch.testing.assert_close(gradients[name], gradients_of_peft[name], rtol=1e-4, atol=1e-8)


def test_unfused_layers_are_those_of_peft_again():
    model = adapted("llama")
    before = [dict(vars(module)) for module in model.modules()]
    assert fuse_lora_layers(model) == fuse_lora_layers(model) > 0
    assert any("forward" in vars(module) for module in model.modules())
    unfuse_lora_layers(model)
    assert [dict(vars(module)) for module in model.modules()] == before


def test_the_output_of_a_fused_layer_can_be_changed_in_place():
    """As OLMoE does, which clamps queries, keys and values."""
    model = adapted("llama")
    fuse_lora_layers(model)
    layer = model.base_model.model.model.layers[0].mlp.up_proj
    x = torch.randn(2, 5, 32, requires_grad=True)
    changed = layer(x).clamp_(-0.01, 0.01)
    changed.sum().backward()
    expected = layer(x.detach()).detach()
    torch.testing.assert_close(changed, expected.clamp(-0.01, 0.01))


def test_the_whole_layer_has_the_gradients_of_its_formula_dropout_included():
    layer = adapted("llama", lora_dropout=0.3).base_model.model.model.layers[0].mlp.up_proj.double()
    plain = copy.deepcopy(layer)
    wrapper = torch.nn.Module()
    wrapper.layer = layer
    assert fuse_lora_layers(wrapper) == 1
    x = torch.randn(3, 5, layer.base_layer.in_features, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(4)
    y = layer(x)
    y.cos().sum().backward()
    torch.manual_seed(4)
    dropped = torch.native_dropout(x.reshape(15, -1), 0.3, True)[0].view(x.shape)
    again = x.detach().clone().requires_grad_()
    keep = (dropped != 0).double() / 0.7
    a, b = (getattr(plain, name)["default"].weight for name in ("lora_A", "lora_B"))
    expected = plain.base_layer(again) + (again * keep) @ a.T @ b.T * plain.scaling["default"]
    expected.cos().sum().backward()
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(x.grad, again.grad)
    torch.testing.assert_close(layer.lora_A["default"].weight.grad, a.grad)
    torch.testing.assert_close(layer.lora_B["default"].weight.grad, b.grad)


def test_second_derivatives_are_refused():
    layer = adapted("llama").base_model.model.model.layers[0].mlp
    fuse_lora_layers(layer)
    weights = layer.up_proj.lora_A["default"].weight, layer.up_proj.lora_B["default"].weight
    first = torch.autograd.grad(layer.up_proj(torch.randn(3, 32)).cos().sum(), weights, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        sum((item**2).sum() for item in first).backward()


def test_nothing_is_dropped_in_evaluation(ids):
    plain = adapted("llama", lora_dropout=0.5).eval()
    fused = copy.deepcopy(plain)
    fuse_lora_layers(fused)
    torch.testing.assert_close(fused(input_ids=ids).logits, plain(input_ids=ids).logits, rtol=1e-5, atol=1e-6)


def test_a_disabled_or_merged_adapter_is_left_to_peft(ids):
    model = adapted("llama")
    merged = copy.deepcopy(model)
    fuse_lora_layers(model)
    with model.disable_adapter():
        torch.testing.assert_close(
            model(input_ids=ids).logits, tiny.build_model("llama")(input_ids=ids).logits
        )
    fuse_lora_layers(merged)
    before = merged(input_ids=ids).logits
    merged.merge_adapter()
    torch.testing.assert_close(merged(input_ids=ids).logits, before, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", [{"use_dora": True}, {"lora_bias": True}])
def test_other_kinds_of_layers_are_not_touched(options):
    assert fuse_lora_layers(adapted("llama", **options)) == 0


def test_a_4_bit_base_is_multiplied_as_bitsandbytes_does(ids):
    pytest.importorskip("bitsandbytes")
    from bitsandbytes.nn import Linear4bit

    torch.manual_seed(0)
    base = Linear4bit(64, 64, bias=True, compute_dtype=torch.float32, quant_type="nf4")
    base.load_state_dict(torch.nn.Linear(64, 64).state_dict())
    wrapper = torch.nn.ModuleDict({"layer": base.to("cpu")})
    model = get_peft_model(wrapper, LoraConfig(r=4, target_modules=["layer"])).train()
    layer = model.base_model.model["layer"]
    torch.nn.init.normal_(layer.lora_B["default"].weight)
    x = torch.randn(7, 64, requires_grad=True)
    results = []
    for change in (lambda _: None, lambda it: (fuse_lora_layers(it), 1)):
        x.grad = None
        model.zero_grad()
        change(model)
        y = layer(x)
        y.cos().sum().backward()
        results.append(
            [y.detach(), x.grad, *(item.grad.clone() for item in layer.parameters() if item.grad is not None)]
        )
    assert len(results[0]) == 4
    torch.testing.assert_close(results[1], results[0], rtol=1e-5, atol=1e-5)
