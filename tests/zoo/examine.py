"""What the project makes of a tiny model: its own training and decoding, held against stock transformers and peft."""

from __future__ import annotations

import dataclasses
import functools
import logging
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig

from src.config import Config
from src.data.preprocessing import Encoded, prompt_ids
from src.generation import generate
from src.generation.generate import generate_missing
from src.generation.settings import Decoding
from src.generation.store import GenerationStore
from src.models.hardware import decide
from src.models.loading import ModelReference, load_tokenizer
from src.models.lora_model import linear_layers, load_model
from src.schema import Example, UserError
from src.training.job import prepare
from src.training.self_check.check import check
from src.training.trainer import build_trainer
from tests import tiny
from tests.zoo import builders, reference

TOLERANCE = 1e-5  # relative, float32
NEW_TOKENS = 36  # more than are decoded between two polls for rows that have ended
RIGHT = "right"


@dataclass(frozen=True)
class Outcome:
    """What became of one way to compute: "right", "wrong", "refused", "traceback", or "" where it was not tried."""

    verdict: str = ""
    detail: str = ""  # the error's size, the message, the last line of the traceback

    @property
    def fails(self) -> bool:
        return self.verdict in ("wrong", "traceback")


@dataclass(frozen=True)
class Examined:
    """A row of the table."""

    model_type: str
    kind: str = ""  # the class of the model
    stock: str = ""  # why stock transformers cannot train it; empty where it can
    training: Outcome = Outcome()  # as the project chooses
    way: str = ""  # what it chose, in the words of its log
    packs: bool = False
    shared: bool = False  # prefixes
    qlora: Outcome = Outcome()
    decoding: Outcome = Outcome()
    decodes_by: str = ""  # as self_check.PATHS
    targets: list[str] = field(default_factory=list)

    @property
    def fails(self) -> bool:
        """Whether the project does something wrong, or refuses what stock code trains."""
        refused = self.training.verdict == "refused" and not self.stock
        return refused or any(each.fails for each in (self.training, self.qlora, self.decoding))


def examine(model_type: str, data: Path, quantised: bool = False) -> Examined:
    """Train and decode with the type's tiny model; `data` is a prepared data set."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "model"
        try:
            model = builders.save(folder, model_type)
        except Exception as error:
            return Examined(model_type, stock=f"cannot be built: {_line(error)}")
        row = Examined(model_type, kind=type(model).__name__)
        row = _train(row, folder, data, Path(made))
        if quantised and not row.stock:
            row = dataclasses.replace(row, qlora=_quantised(folder, data, Path(made)))
        return _decode(row, folder, Path(made))


@functools.cache
def _base_config() -> Config:
    changed = ("training.max_steps=1", "training.batch_size=6", "lora.lora_dropout=0")
    return tiny.config("model", Path("data"), Path("out"), *changed)


def _config(folder: Path, data: Path, out: Path) -> Config:
    """Read once: only the folders differ."""
    base, change = _base_config(), dataclasses.replace
    return change(
        base,
        model=change(base.model, base_model=str(folder)),
        data=change(base.data, dataset_path=str(data)),
        training=change(base.training, output_dir=str(out / "out")),
    )


def _train(row: Examined, folder: Path, data: Path, out: Path) -> Examined:
    built, refused = _tried(lambda: _built(_config(folder, data, out), "lora"))
    samples, lora = (built.samples, built.lora) if built else (_samples(folder, data), None)
    stock, why = _stock(folder, samples, lora)
    row = dataclasses.replace(row, stock=why)
    if built is None:
        return dataclasses.replace(row, training=refused)
    way = built.trainer.computation
    return dataclasses.replace(
        row,
        training=_held(stock, built.computed),
        way=str(way),
        packs=way.packs,
        shared=way.share,
        targets=sorted(lora.target_modules),
    )


@dataclass
class _Built:
    """The project's trainer, checked by itself and before its first step."""

    trainer: Any
    samples: list[Encoded]
    lora: LoraConfig

    def computed(self) -> reference.Computed:
        """Loss and gradients of the first step by the trainer itself."""
        self.trainer.adapted.zero_grad(set_to_none=True)
        loss = float(self.trainer.training_step(self.trainer.adapted, self.samples))
        return reference.Computed(loss, reference.gradients(self.trainer.adapted))


def _built(config: Config, method: str) -> _Built:
    job = prepare(config, method)
    trainer = build_trainer(job)
    check(trainer)
    reference.fill_b(trainer.adapted)
    lora: Any = trainer.adapted.peft_config["default"]
    return _Built(trainer, job.samples()[0], lora)


def _samples(folder: Path, data: Path) -> list[Encoded]:
    """Of the data set, where no job could be made that has them."""
    from src.data.dataset import load_split
    from src.data.preprocessing import encode_split

    config = _config(folder, data, folder)
    return encode_split(tiny.tokenizer(), load_split(config.data, "train"), 256).samples[:6]


def _stock(
    folder: Path, samples: list[Encoded], lora: LoraConfig | None
) -> tuple[reference.Computed | None, str]:
    """Loss and gradients by stock code, or why there are none; of any layer where the project names none."""
    why = ""
    try:
        layers = [lora] if lora else list(_any_layer(folder))
    except Exception as error:
        return None, _line(error)
    for each in layers:
        try:
            model = reference.adapt(reference.stock_model(folder), each)
            if reference.sees_the_future(model, samples[0]):
                return None, "not causal: a token changes the logits of those before it"
            computed = reference.one_by_one(model, samples)
        except Exception as error:
            why = why or _line(error)
            continue
        if any(item.any() for item in computed.gradients.values()):
            return computed, ""
        why = why or "no gradient reaches the adapter"
    return None, why


def _any_layer(folder: Path) -> Iterator[LoraConfig]:
    yield LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    for name in sorted({name.split(".")[-1] for name in linear_layers(reference.stock_model(folder))}):
        yield LoraConfig(r=4, target_modules=[name], task_type="CAUSAL_LM")


def _quantised(folder: Path, data: Path, out: Path) -> Outcome:
    """QLoRA against stock transformers with the same settings of bitsandbytes."""
    built, refused = _tried(lambda: _built(_config(folder, data, out), "qlora"))
    if built is None:
        return refused
    quantization = built.trainer.adapted.get_base_model().config.quantization_config
    try:
        model = reference.adapt(reference.stock_model(folder, quantization_config=quantization), built.lora)
        stock = reference.one_by_one(model, built.samples)
    except Exception as error:
        return Outcome("", f"stock: {_line(error)}")
    return _held(stock, built.computed)


def _held(stock: reference.Computed | None, compute: Callable[[], reference.Computed]) -> Outcome:
    found, failed = _tried(compute)
    if found is None:
        return failed
    if stock is None:
        return Outcome("wrong", "trained, though stock code cannot")
    error = stock.error_of(found)
    return Outcome(RIGHT if error <= TOLERANCE else "wrong", f"{error:.1e}")


def _tried(work: Callable[[], Any]) -> tuple[Any, Outcome]:
    try:
        return work(), Outcome()
    except UserError as error:
        return None, Outcome("refused", str(error))
    except Exception as error:
        return None, Outcome("traceback", _line(error))


def _line(error: Exception) -> str:
    """The error in one line, with the place where it was raised."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(str(error).split())[:160]
    return f"{type(error).__name__}: {text} ({Path(place.filename).name}:{place.name})"


def _decode(row: Examined, folder: Path, out: Path) -> Examined:
    """Answers of the project to prompts of many lengths, of which some end early, against the plain forward pass, one by one."""
    rows = tiny.rows(3)
    examples = [
        Example(str(number), item["instruction"], item["input"], "") for number, item in enumerate(rows)
    ]
    tokenizer = load_tokenizer(
        str(folder), _config(folder, folder, out).model
    )  # a type may have its own class
    prompts = [prompt_ids(tokenizer, item.instruction, item.input, "alpaca") for item in examples]
    try:
        stock = reference.stock_model(folder).eval()
        expected = reference.answers(stock, prompts, NEW_TOKENS, end=0)
    except Exception as error:
        return dataclasses.replace(row, decoding=Outcome("", f"stock: {_line(error)}"))
    ends = {0, max(expected, key=len)[NEW_TOKENS // 3]}  # one row at least ends before others
    expected = [_cut(tokens, ends) for tokens in expected]
    with _listening() as ways:
        found, failed = _tried(lambda: _answers(folder, examples, ends, out))
    if found is None:
        return dataclasses.replace(row, decoding=failed)
    wanted = [(tokenizer.decode(item, skip_special_tokens=True), len(item)) for item in expected]
    equal = sum(one == other for one, other in zip(found, wanted, strict=True))
    outcome = Outcome(RIGHT if equal == len(wanted) else "wrong", f"{equal} of {len(wanted)} answers")
    return dataclasses.replace(row, decoding=outcome, decodes_by=ways[-1])


def _cut(tokens: list[int], ends: set[int]) -> list[int]:
    """Up to and with the first end token."""
    return tokens[: next((place for place, token in enumerate(tokens) if token in ends), len(tokens)) + 1]


def _answers(folder: Path, examples: list[Example], ends: set[int], out: Path) -> list[tuple[str, int]]:
    """Each answer and its number of tokens."""
    config = _config(folder, folder, out)
    model: Any = load_model(ModelReference(str(folder)), config=config.model, hardware=decide(config.model))
    model.generation_config.eos_token_id = sorted(ends)
    decoding = Decoding(NEW_TOKENS)
    store = GenerationStore(out / "answers.jsonl", {})
    tokenizer = load_tokenizer(str(folder), config.model)
    generate_missing(model, tokenizer, store.missing(examples, decoding), decoding, store, batch_size=2)
    return [(item.text, item.tokens) for item in store.of(examples, decoding)]


@contextmanager
def _listening() -> Iterator[list[str]]:
    """The ways to decode that are chosen within the block."""
    chosen: list[str] = []
    own = generate.decoding_path

    def noted(*arguments: Any) -> str:
        chosen.append(own(*arguments))
        return chosen[-1]

    generate.decoding_path = noted
    try:
        yield chosen
    finally:
        generate.decoding_path = own


def quiet() -> None:
    """Nothing but the harness speaks."""
    import warnings

    import transformers

    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
