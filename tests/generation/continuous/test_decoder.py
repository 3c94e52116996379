"""Continuous batching gives the tokens of generate() one by one, for any number of slots, with and without graphs."""

from __future__ import annotations

import random

import pytest
import torch
from peft import LoraConfig, get_peft_model
from scipy.stats import chisquare
from transformers import GenerationConfig, TemperatureLogitsWarper, TopPLogitsWarper

from src.generation.continuous import decoder, kernel
from src.generation.continuous.decoder import CPU_POLL_INTERVAL, MAX_SLOTS, Request, SlotDecoder, free_slots
from src.generation.continuous.steps import POLL_INTERVAL, CaptureError, Steps
from src.generation.settings import Decoding
from tests import tiny
from tests.generation.continuous.plain_attention import attend_row_by_row

NEW = 70  # more than two poll intervals, and not a multiple of one
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


def _decode(model, requests=REQUESTS, settings=None, ends=frozenset(), slots=5, graphs=False, truncate=None):
    def at_ends(row, checked):
        end = next((place + 1 for place, token in enumerate(row) if token in ends), None)
        return (row[:end], "stop") if end else (row, "length")

    decoder = SlotDecoder(model, requests, settings or Decoding(NEW), truncate or at_ends, slots, graphs)
    found = [answer for answers in decoder.answers() for answer in answers]
    assert len(found) == len(requests)
    return {answer.key: (answer.tokens, answer.finish) for answer in found}


@pytest.fixture
def emulated_graphs(monkeypatch: pytest.MonkeyPatch):
    """CUDA graphs emulated on a CPU: a replay does what the capture would have recorded. Lists the captures."""
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
    monkeypatch.setattr(decoder, "CPU_POLL_INTERVAL", POLL_INTERVAL)
    return captured


@pytest.mark.parametrize("slots", [1, 5, 40])
def test_tokens_are_those_of_generate_one_by_one(reference, slots: int):
    model, ends, expected = reference
    assert len({len(tokens) for tokens, _ in expected.values()}) > 2
    assert _decode(model, ends=ends, slots=slots) == expected


@pytest.fixture
def emulated_kernel(monkeypatch: pytest.MonkeyPatch):
    """The kernel emulated on a CPU by plain PyTorch, row by row. Lists its calls."""
    calls = []

    def attend(query, key, value, keys, values, positions, scale):
        calls.append(len(query))
        return attend_row_by_row(query, key, value, keys, values, positions, scale)

    monkeypatch.setattr(kernel, "runs_on", lambda device, head_dim: True)
    monkeypatch.setattr(kernel, "takes", lambda key, value: True)
    monkeypatch.setattr(kernel, "attend", attend)
    return calls


@pytest.mark.parametrize("graphs", [False, True])
def test_the_kernel_changes_no_token_and_needs_one_graph(reference, emulated_kernel, emulated_graphs, graphs):
    model, ends, expected = reference
    assert _decode(model, ends=ends, slots=5, graphs=graphs) == expected
    assert emulated_kernel
    sizes = {spans[0][1] for spans in emulated_graphs}
    assert len(emulated_graphs) == len(sizes)  # one for every number of slots
    assert bool(sizes) == graphs


@pytest.mark.parametrize("slots", [5, 13])
def test_graphs_change_no_token(reference, emulated_graphs, slots: int):
    model, ends, expected = reference
    assert _decode(model, ends=ends, slots=slots, graphs=True) == expected
    assert emulated_graphs
    assert len(set(emulated_graphs)) == len(emulated_graphs)  # none is captured twice


def test_sampled_tokens_depend_neither_on_the_slots_nor_on_graphs(emulated_graphs):
    model = tiny.build_model("llama", seed=1)
    sampled = Decoding(NEW, temperature=0.9, top_p=0.95, seed=4)
    expected = _decode(model, settings=sampled, slots=13)
    assert _decode(model, settings=sampled, slots=3) == expected
    assert _decode(model, settings=sampled, slots=5, graphs=True) == expected
    assert _decode(model, list(reversed(REQUESTS)), sampled, slots=4) == expected
    assert _decode(model, settings=Decoding(NEW, temperature=0.9, top_p=0.95, seed=5)) != expected


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (0.5, 0.8), (2.0, 0.3)])
def test_tokens_are_sampled_with_the_probabilities_of_generate(temperature: float, top_p: float):
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
    model, sizes, start = tiny.build_model("llama"), [], Steps.start

    def counted(steps, tokens, *arguments):
        sizes.append(len(tokens))
        return start(steps, tokens, *arguments)

    def truncate(row, checked):  # all but the row that is polled first
        polled.append(len(row))
        return row, "length" if len(polled) == 1 or checked else "turn"

    polled: list[int] = []
    monkeypatch.setattr(Steps, "start", counted)
    monkeypatch.setattr(decoder, "CPU_POLL_INTERVAL", POLL_INTERVAL)
    requests = [Request((str(n), 0), [5] * (20 - n)) for n in range(5)]
    rows = _decode(model, requests, Decoding(128), slots=2, truncate=truncate)
    assert sorted(len(tokens) for tokens, _ in rows.values()) == [32, 32, 32, 32, 128]
    assert sizes == [2, 2, 2, 2]


def test_few_steps_are_computed_on_a_cpu_for_rows_that_have_finished(monkeypatch: pytest.MonkeyPatch):
    steps, advance = [], Steps._advance
    monkeypatch.setattr(Steps, "_advance", lambda self, rows: (steps.append(rows), advance(self, rows))[1])
    rows = _decode(tiny.build_model("llama"), slots=13, truncate=lambda row, checked: (row[:3], "turn"))
    assert {len(tokens) for tokens, _ in rows.values()} == {3}
    assert steps == [13] * CPU_POLL_INTERVAL


def test_slots_on_a_cpu_fit_into_half_of_the_free_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(decoder, "available_ram_gib", lambda: 1.0)
    cpu = torch.device("cpu")
    assert [free_slots(size * 2**20, cpu) for size in (1, 64, 1024)] == [MAX_SLOTS["cpu"], 8, 1]


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

    def fails(row, checked):
        raise CaptureError("no")

    with pytest.raises(CaptureError):
        _decode(model, REQUESTS[:2], truncate=fails)
    assert model.config._attn_implementation == before
