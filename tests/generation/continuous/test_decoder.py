"""Decoding in slots gives the tokens of generate() one by one, whatever the slots, the refills and the graphs."""

from __future__ import annotations

import contextlib
import random

import pytest
import torch
from peft import LoraConfig, get_peft_model
from scipy.stats import chisquare
from transformers import GenerationConfig, TemperatureLogitsWarper, TopPLogitsWarper

from src.generation.continuous import decoder, kernel
from src.generation.continuous.decoder import Request, SlotDecoder, StopCondition
from src.generation.continuous.kv_cache import SlotCache, fits_slots, slot_bytes, slots_attended
from src.generation.continuous.steps import CaptureError, Steps, fitting_spans
from src.generation.settings import Decoding
from tests import tiny

NEW = 70  # more than two strides, and not whole ones
SHAPES = {
    **{name: (name, {}) for name in tiny.ARCHITECTURES},
    "llama, no shared heads": ("llama", {"num_key_value_heads": 4}),
    "gpt_bigcode, no shared heads": ("gpt_bigcode", {"multi_query": False}),
}


def _requests(count: int) -> list[Request]:
    draw = random.Random(3)
    return [
        Request((str(n), 0), [draw.randrange(3, 400) for _ in range(draw.choice((1, 2, 5, 30, 90)))])
        for n in range(count)
    ]


REQUESTS = _requests(13)


@pytest.fixture(scope="module", params=SHAPES)
def reference(request):
    """A model, tokens that end its rows at very different places, and what generate() answers one by one."""
    name, changed = SHAPES[request.param]
    model = tiny.build_model(
        name, seed=1, initializer_range=0.3, **changed
    )  # rows that do not repeat one token
    settings = GenerationConfig(max_new_tokens=NEW, do_sample=False, eos_token_id=None, pad_token_id=1)
    model.generation_config.eos_token_id = None
    rows = {}
    for item in REQUESTS:
        output = model.generate(torch.tensor([item.prompt]), generation_config=settings)
        rows[item.key] = output[0, len(item.prompt) :].tolist()
    ends = frozenset(rows[REQUESTS[n].key][place] for n, place in ((0, 5), (4, 33), (7, 50)))
    expected = {}
    for key, row in rows.items():
        stop = next((place + 1 for place, token in enumerate(row) if token in ends), None)
        expected[key] = (row[:stop], "stop" if stop else "length")
    return model, ends, expected


def _decode(
    model, requests=REQUESTS, settings=None, ends=frozenset(), slots=5, graphs=False, is_next_turn=None
):
    endings = StopCondition(ends, is_next_turn or (lambda tokens: False))
    decoder = SlotDecoder(model, requests, settings or Decoding(NEW), endings, slots, graphs)
    found = [answer for answers in decoder.answers() for answer in answers]
    assert len(found) == len(requests)
    return {answer.key: (answer.tokens, answer.finish) for answer in found}


@pytest.fixture
def emulated_graphs(monkeypatch: pytest.MonkeyPatch):
    """CUDA graphs as a CPU can have them: a replay does what the capture would have recorded. Lists the captures."""
    captured = []

    class Replayed:
        def __init__(self, steps, spans):
            captured.append(spans)
            self.steps, self.spans = steps, spans

        def replay(self):
            self.steps._forward(self.spans)
            if not self.steps.sampled:
                self.steps._advance(self.spans[-1][1])

    def first(steps, spans):
        steps._forward(spans)
        steps._advance(spans[-1][1])

    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: None)
    monkeypatch.setattr(Steps, "_capture", lambda *arguments: Replayed(*arguments))  # noqa: PLW0108 - binds self
    monkeypatch.setattr(Steps, "_first_step", first)
    monkeypatch.setattr(decoder, "MIN_GRAPH_SLOTS", 2)
    return captured


@pytest.mark.parametrize("slots", [1, 5, 40])
def test_tokens_are_those_of_generate_one_by_one(reference, slots: int):
    model, ends, expected = reference
    assert len({len(tokens) for tokens, _ in expected.values()}) > 2
    assert _decode(model, ends=ends, slots=slots) == expected


@pytest.fixture
def emulated_kernel(monkeypatch: pytest.MonkeyPatch):
    """The kernel as a CPU can have it: plain PyTorch, row by row. Lists its calls."""
    calls = []

    def attend(query, key, value, keys, values, positions, scale):
        calls.append(len(query))
        return _attended(query, key, value, keys, values, positions, scale)

    monkeypatch.setattr(kernel, "runs_on", lambda device, head_dim: True)
    monkeypatch.setattr(kernel, "attend", attend)
    return calls


def _attended(query, key, value, keys, values, positions, scale):
    """What the kernel promises, of (b, heads, head_dim) and the like."""
    rows = []
    for row, position in enumerate(positions.tolist()):
        keys[row, :, position], values[row, :, position] = key[row], value[row]
        known = (item[row, :, : position + 1] for item in (keys, values))  # each (kv_heads, places, head_dim)
        shared = [item.repeat_interleave(query.shape[1] // key.shape[1], dim=0).double() for item in known]
        weights = (scale * query[row, :, None].double() @ shared[0].mT).softmax(-1)
        rows.append((weights @ shared[1])[:, 0])
    return torch.stack(rows).to(query.dtype)


@pytest.mark.parametrize("graphs", [False, True])
def test_the_kernel_changes_no_token_and_needs_one_graph(reference, emulated_kernel, emulated_graphs, graphs):
    model, ends, expected = reference
    assert _decode(model, ends=ends, slots=5, graphs=graphs) == expected
    assert emulated_kernel
    sizes = {spans[0][1] for spans in emulated_graphs}
    assert len(emulated_graphs) == len(sizes)  # one for every number of slots
    assert bool(sizes) == graphs


@pytest.mark.skipif(not torch.cuda.is_available(), reason="the kernel runs on GPUs")
@pytest.mark.parametrize(("heads", "kv_heads", "dim"), [(32, 32, 128), (9, 3, 64), (48, 1, 128), (4, 2, 16)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_kernel_attends_as_promised(heads: int, kv_heads: int, dim: int, dtype):
    torch.manual_seed(0)
    rows, length = 7, 300
    positions = torch.tensor([0, 1, 15, 63, 64, 170, 299], device="cuda")
    query = torch.randn(rows, heads, dim, dtype=dtype, device="cuda")
    key, value = (torch.randn(rows, kv_heads, dim, dtype=dtype, device="cuda") for _ in range(2))
    stores = [torch.randn(rows + 2, kv_heads, length, dim, dtype=dtype, device="cuda") for _ in range(2)]
    own = [store.clone() for store in stores]
    assert kernel.runs_on(query.device, dim)
    found = kernel.attend(query, key, value, *own, positions, dim**-0.5)
    wanted = _attended(query, key, value, *stores, positions, dim**-0.5)
    tolerance = 1e-2 if dtype == torch.bfloat16 else 1e-5
    torch.testing.assert_close(found, wanted, rtol=tolerance, atol=tolerance)
    assert all(torch.equal(*pair) for pair in zip(own, stores, strict=True))  # kept, and nothing else written


@pytest.mark.parametrize("slots", [5, 13])
def test_graphs_change_no_token(reference, emulated_graphs, slots: int):
    model, ends, expected = reference
    assert _decode(model, ends=ends, slots=slots, graphs=True) == expected
    assert emulated_graphs
    assert len(set(emulated_graphs)) == len(emulated_graphs)  # none is captured twice


def test_what_is_drawn_depends_neither_on_the_slots_nor_on_graphs(emulated_graphs):
    model = tiny.build_model("llama", seed=1)
    drawn = Decoding(NEW, temperature=0.9, top_p=0.95, seed=4)
    expected = _decode(model, settings=drawn, slots=13)
    assert _decode(model, settings=drawn, slots=3) == expected
    assert _decode(model, settings=drawn, slots=5, graphs=True) == expected
    assert _decode(model, list(reversed(REQUESTS)), drawn, slots=4) == expected
    assert _decode(model, settings=Decoding(NEW, temperature=0.9, top_p=0.95, seed=5)) != expected


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (0.5, 0.8), (2.0, 0.3)])
def test_tokens_are_drawn_as_often_as_generate_draws_them(temperature: float, top_p: float):
    """Against the probabilities after transformers' own warpers; chi-squared of scipy over the frequent tokens."""
    model, prompt, count = tiny.build_model("llama", seed=1, initializer_range=0.2), [7, 8, 9], 3000
    with torch.inference_mode():
        scores = model(torch.tensor([prompt])).logits[:, -1].float()
    scores = TopPLogitsWarper(top_p)(None, TemperatureLogitsWarper(temperature)(None, scores))
    wanted = (scores.softmax(-1)[0] * count).double()
    requests = [Request((str(n), 0), prompt) for n in range(count)]
    rows = _decode(model, requests, Decoding(1, temperature, top_p, seed=1), slots=count)
    found = torch.bincount(torch.tensor([tokens[0] for tokens, _ in rows.values()]), minlength=400)
    assert found[wanted == 0].sum() == 0
    often = wanted >= 5
    assert often.sum() > 2
    pairs = [[*values[often].tolist(), float(values[~often].sum())] for values in (found, wanted)]
    pairs = [pair if wanted[~often].sum() >= 5 else pair[:-1] for pair in pairs]
    scale = sum(pairs[0]) / sum(pairs[1])
    assert chisquare(pairs[0], [value * scale for value in pairs[1]]).pvalue > 0.001


def test_a_long_answer_does_not_hold_the_batch(monkeypatch: pytest.MonkeyPatch):
    """Rows of 32 tokens pass through one slot while the long one stays in the other."""
    model, strides, start = tiny.build_model("llama"), [], Steps.start

    def counted(steps, tokens, *arguments):
        strides.append(len(tokens))
        return start(steps, tokens, *arguments)

    def is_next_turn(tokens):  # all but the row that is asked about first
        first.append(tokens)
        return tokens is not first[0]

    first: list[list[int]] = []
    monkeypatch.setattr(Steps, "start", counted)
    requests = [Request((str(n), 0), [5] * (20 - n)) for n in range(5)]
    rows = _decode(model, requests, Decoding(128), slots=2, is_next_turn=is_next_turn)
    assert sorted(len(tokens) for tokens, _ in rows.values()) == [32, 32, 32, 32, 128]
    assert strides == [2, 2, 2, 2]


def test_an_adapter_apart_is_decoded_with_it(reference):
    model, _, _ = reference
    settings = LoraConfig(r=4, init_lora_weights=False, target_modules="all-linear", task_type="CAUSAL_LM")
    torch.manual_seed(0)
    adapted = get_peft_model(model, settings)
    try:
        rows = _decode(adapted, REQUESTS[:5], slots=3)
        for request in REQUESTS[:5]:
            config = GenerationConfig(max_new_tokens=NEW, do_sample=False, pad_token_id=1)
            plain = adapted.generate(input_ids=torch.tensor([request.prompt]), generation_config=config)
            assert rows[request.key][0] == plain[0, len(request.prompt) :].tolist()
    finally:
        adapted.unload()


def test_the_model_attends_as_before_afterwards():
    model = tiny.build_model("llama")
    before = model.config._attn_implementation
    _decode(model, REQUESTS[:2])
    assert model.config._attn_implementation == before

    def fails(tokens):
        raise CaptureError("no")

    with pytest.raises(CaptureError):
        _decode(model, REQUESTS[:2], is_next_turn=fails)
    assert model.config._attn_implementation == before


@pytest.mark.parametrize(
    ("failures", "raised"), [(0, None), (1, None), (2, CaptureError), (-1, torch.OutOfMemoryError)]
)
def test_where_cudnn_cannot_attend_the_next_kernel_does(failures: int, raised, caplog, monkeypatch):
    model, calls = tiny.build_model("llama"), []
    steps = Steps(model, 2, 64, 63, graphs=False)
    real = steps._forward

    def fails(spans):
        calls.append(spans)
        if failures < 0:
            raise torch.OutOfMemoryError
        if len(calls) <= failures:
            raise RuntimeError("no execution plan")
        real(spans)

    monkeypatch.setattr(steps, "_forward", fails)
    with slots_attended(model), pytest.raises(raised) if raised else contextlib.nullcontext():
        steps._try_kernels(((0, 2, 64),))
    assert len(calls) == (2 if failures > 0 else 1)
    assert ("without cuDNN: no execution plan" in caplog.text) == (failures > 0)


WIDE = ((0, 4, 128), (4, 8, 64))


@pytest.mark.parametrize(
    ("known", "wanted", "expected"),
    [
        ([], ((0, 4, 70), (4, 8, 33)), ((0, 4, 128), (4, 8, 128))),  # with 32 to spare, in 64s
        ([], ((0, 4, 190), (4, 8, 1)), ((0, 4, 200), (4, 8, 64))),  # no more than there is
        ([WIDE], ((0, 4, 110), (4, 8, 60)), WIDE),
        ([WIDE, ((0, 4, 128), (4, 8, 128))], ((0, 4, 110), (4, 8, 60)), WIDE),  # the tightest
        ([WIDE], ((0, 4, 96), (4, 8, 20)), WIDE),  # reads too much, but a new one would be the same
        ([((0, 4, 200), (4, 8, 192))], ((0, 4, 96), (4, 8, 20)), WIDE),
        ([WIDE], ((0, 4, 110), (4, 8, 65)), ((0, 4, 192), (4, 8, 128))),
        ([WIDE], ((0, 2, 110), (2, 4, 60)), ((0, 2, 192), (2, 4, 128))),  # other slots
    ],
)
def test_graphs_are_used_again_where_they_read_enough_and_not_too_much(known, wanted, expected):
    assert fitting_spans(known, wanted, 200) == expected


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0], [1, 3, 0], [3]])
def test_slots_are_selected_and_sorted(order: list[int]):
    cache = SlotCache(4, 6)
    cache.prefill(torch.arange(4))
    keys, values = torch.randn(4, 2, 5, 3), torch.randn(4, 2, 5, 3)
    cache.update(keys, values, 0)
    cache.select(order)
    cache.decode(torch.arange(len(order)), torch.full((len(order),), 5), 5)
    token = torch.randn(len(order), 2, 1, 3)
    found = cache.update(token, token, 0)
    assert torch.equal(found[0], keys[order])
    assert torch.equal(found[1], values[order])


def test_what_a_row_leaves_in_its_slot_does_not_reach_the_next():
    cache = SlotCache(2, 8)
    cache.prefill(torch.tensor([0, 1]))
    cache.update(*[torch.full((2, 1, 8, 4), float("nan"))] * 2, 0)
    cache.prefill(torch.tensor([1]))
    cache.update(*[torch.ones(1, 1, 3, 4)] * 2, 0)
    assert all(torch.isfinite(store[1]).all() for store in cache.stores.values())
    assert all(torch.isnan(store[0]).all() for store in cache.stores.values())


def test_the_memory_of_a_slot_is_told_beforehand(reference):
    model, _, _ = reference
    steps = Steps(model, 3, 64, 63, graphs=False)
    with slots_attended(model):
        steps.prefill([[5, 6], [7], [8]], [0, 1, 2])
    assert sum(store.nbytes for store in steps.cache.stores.values()) == 3 * slot_bytes(model, 64)


@pytest.mark.parametrize(
    ("name", "changed", "fits"),
    [
        ("llama", {}, True),
        ("starcoder2", {"sliding_window": 99}, False),
        ("starcoder2", {"sliding_window": 100}, True),
        ("qwen2", {"sliding_window": 50}, True),  # switched off
        ("qwen2", {"sliding_window": 50, "use_sliding_window": True, "max_window_layers": 1}, False),
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}}, False),
        ("llama", {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}, True),
    ],
)
def test_models_that_attend_otherwise_are_left_to_generate(name: str, changed: dict, fits: bool):
    assert fits_slots(tiny.build_model(name, **changed), 100) is fits
