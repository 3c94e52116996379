"""Replaces single values in files that a stranger may hand over: each file is then used, or refused in one plain line.

    python -m benchmarks.reliability.strangers [--target NAME ...] [--share 1] [--json FILE]

Its last result: benchmarks/results/strangers.json. A file fails where it ends in anything but success or one of the
errors that a script prints in one line, where it takes more than SLOWEST_S, or where an active character (a control
character, a change of direction) reaches what is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import dataclasses
import io
import itertools
import json
import logging
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from src.cli import _reason
from src.config import load_config
from src.schema import UserError, to_json
from src.system.plain_text import PlainRecord, escape_controls, one_line

SLOWEST_S = 20
ACTIVE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\u2066\r\x00"  # title, clearing, colour, direction, NUL
VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "text": "seven",
    "active text": ACTIVE,
    "300 letters": "n" * 300,
    "a path": "../../../outside",
    "NaN": float("nan"),
    "infinite": float("-inf"),
    "huge whole number": 10**400,
    "huge number": 1e308,
    "negative": -1,
    "empty list": [],
    "empty object": {},
    "nested": json.loads("[" * 400 + "]" * 400),
    "half a character": "\ud800",
}
RENAMED = "another key"
Keys = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """A folder to work in, and whole files to spoil copies of."""

    folder: Path
    model: Path
    adapter: Path
    data: Path


@dataclass
class Outcome:
    """What became of the variants of one file."""

    target: str
    tried: int = 0
    used: int = 0
    refused: int = 0
    faults: dict[str, str] = field(default_factory=dict)  # of a variant: what happened


@dataclass(frozen=True)
class Target:
    """A file, what reads it, and the text that this prints."""

    file: Path
    document: Any
    use: Callable[[], str]


def variants(document: Any, share: int = 1) -> Iterator[tuple[str, Any]]:
    """What was changed, and the document with it: each value at each place, and each key with active text for it;
    one in `share` of them."""
    changes = ((keys, name) for keys in _places(document) for name in (*VALUES, RENAMED))
    possible = (change for change in changes if change[1] != RENAMED or isinstance(change[0][-1], str))
    for keys, name in itertools.islice(possible, 0, None, share):
        where = ".".join(map(str, keys))
        if name == RENAMED:
            yield f"{where} renamed", _changed(document, keys, None, ACTIVE)
        else:
            yield f"{where} = {name}", _changed(document, keys, VALUES[name])


def _places(value: Any, keys: Keys = ()) -> Iterator[Keys]:
    """Every place but the root; of a list, the first element alone."""
    if keys:
        yield keys
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*keys, key))
    elif isinstance(value, list) and value:
        yield from _places(value[0], (*keys, 0))


def _changed(document: Any, keys: Keys, value: Any, name: str = "") -> Any:
    """A copy with another value at a place, or with another key where a name is given."""
    made = copy.deepcopy(document)
    holder = made
    for key in keys[:-1]:
        holder = holder[key]
    if name:
        holder[name] = holder.pop(keys[-1])
    else:
        holder[keys[-1]] = value
    return made


def comparison_target(place: Place) -> Target:
    from src.evaluation.comparison import load_comparison
    from src.report.index import render_index
    from src.report.markdown.document import render_markdown
    from src.report.terminal import render_table
    from tests.evaluation.comparisons import comparison, with_seeds, with_trainings

    file = _folder(place, "comparison") / "comparison.json"

    def use() -> str:
        found = load_comparison(file)
        assert found is not None
        render_markdown(found, 2, "")
        render_index(file.parent)
        to_json(found)
        return render_table(found)

    return Target(file, json.loads(to_json(with_trainings(with_seeds(comparison(1, 1))))), use)


def run_target(place: Place) -> Target:
    from src.generation.settings import prompt_template
    from src.models.fingerprints import trained_elsewhere
    from src.models.loading import resolve
    from src.models.run_record import read_record
    from src.schema import Training, parse_record

    folder = _copy(place, place.adapter)
    document = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    document["history"] = document["history"][:1]

    def use() -> str:
        record = read_record(folder)
        assert record is not None
        training = json.dumps(dataclasses.asdict(record.training))
        parse_record(Training, training, "origin.json", "Fetch it again")
        reference = resolve(str(folder), str(place.model))
        trained_elsewhere(reference)
        return prompt_template(reference, load_config()) and ""

    return Target(folder / "run.json", document, use)


def adapter_target(place: Place) -> Target:
    from src.models.hardware import decide
    from src.models.loading import resolve
    from src.models.lora_model import load_model

    folder, settings = _copy(place, place.adapter), load_config(overrides=["model.device=cpu"]).model
    document = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))

    def use() -> str:
        reference = resolve(str(folder), str(place.model))
        load_model(reference, merge=True, config=settings, hardware=decide(settings))
        return ""

    return Target(folder / "adapter_config.json", document, use)


def _model_target(name: str) -> Callable[[Place], Target]:
    def target(place: Place) -> Target:
        from src.data.preprocessing import prompt_ids
        from src.generation.settings import Decoding
        from src.generation.streaming import stream_answer
        from src.models.hardware import decide
        from src.models.loading import load_base, load_tokenizer

        folder, settings = _copy(place, place.model), load_config(overrides=["model.device=cpu"]).model
        document = json.loads((folder / name).read_text(encoding="utf-8"))

        def use() -> str:
            tokenizer = load_tokenizer(str(folder), settings)
            prompt = prompt_ids(tokenizer, "Print 3.", "", "alpaca")
            if "tokenizer" not in name:
                model = load_base(str(folder), settings, decide(settings))
                stream_answer(model, tokenizer, prompt, Decoding(2))  # type: ignore[arg-type]
            return ""

        return Target(folder / name, document, use)

    return target


def card_target(place: Place) -> Target:
    from src.data.card.markdown import render_card
    from src.data.dataset import load_card

    folder = _copy(place, place.data)
    config = load_config(overrides=[f"data.dataset_path={folder}"]).data

    def use() -> str:
        return escape_controls(render_card(load_card(config))) and ""

    return Target(folder / "card.json", json.loads((folder / "card.json").read_text(encoding="utf-8")), use)


def origin_target(place: Place) -> Target:
    from src.evaluation.predictions import read_origin, write_answers
    from src.models.run_record import read_record
    from src.schema import Sample

    folder = _folder(place, "origin")
    record = read_record(place.adapter)
    assert record is not None
    origin = {"name": "lora--starter", "model": "m", "training": dataclasses.asdict(record.training)}
    path = write_answers(folder, [Sample("a", "Add.", "", "x", "y")], origin)

    def use() -> str:
        name = read_origin(path).get("name", "run")
        assert (folder / name).resolve().parent == folder.resolve(), "a name that leads out of the folder"
        return str(name)

    document = json.loads((folder / "origin.json").read_text(encoding="utf-8"))
    return Target(folder / "origin.json", document, use)


TARGETS: dict[str, Callable[[Place], Target]] = {
    "comparison.json": comparison_target,
    "run.json": run_target,
    "adapter_config.json": adapter_target,
    "config.json": _model_target("config.json"),
    "generation_config.json": _model_target("generation_config.json"),
    "tokenizer_config.json": _model_target("tokenizer_config.json"),
    "card.json": card_target,
    "origin.json": origin_target,
}


def campaign(name: str, place: Place, share: int = 1) -> Outcome:
    """Try one in `share` of the variants of a file."""
    target, outcome = TARGETS[name](place), Outcome(name)
    target.file.write_text(json.dumps(target.document), encoding="utf-8")
    assert _tried(target) == "used", "the whole file is not used"
    for what, document in variants(target.document, share):
        target.file.write_text(json.dumps(document), encoding="utf-8")
        became = _tried(target)
        outcome.tried += 1
        outcome.used += became == "used"
        outcome.refused += became == "refused"
        if became not in ("used", "refused"):
            outcome.faults[what] = became
    return outcome


class _SlowError(BaseException):
    """It takes more than SLOWEST_S."""


def _too_slow(number: int, frame: FrameType | None) -> None:
    raise _SlowError


def _tried(target: Target) -> str:
    """ "used", "refused", or what is wrong."""
    printed = io.StringIO()
    handler = logging.StreamHandler(printed)
    factory, previous = logging.getLogRecordFactory(), signal.signal(signal.SIGALRM, _too_slow)
    logging.getLogger().addHandler(handler)
    logging.setLogRecordFactory(PlainRecord)  # as cli.run does
    signal.alarm(SLOWEST_S)
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            became = _became(target, printed)
    except _SlowError:
        became = f"more than {SLOWEST_S} s"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
        logging.setLogRecordFactory(factory)
        logging.getLogger().removeHandler(handler)
    text = printed.getvalue().replace("\r", "")  # of progress bars
    return became if escape_controls(text) == text else f"active text: {escape_controls(text)[:200]}"


def _became(target: Target, printed: io.StringIO) -> str:
    try:
        printed.write(target.use())
    except UserError as error:
        printed.write(one_line(str(error)))
        return "refused" if str(error).strip() else "an empty message"
    except Exception as error:  # a fault, unless the scripts make one line of it
        return "refused" if _reason(error) else f"{type(error).__name__}: {error!s:.200}"
    return "used"


def _folder(place: Place, name: str) -> Path:
    folder = place.folder / name
    folder.mkdir()
    return folder


def _copy(place: Place, source: Path) -> Path:
    return Path(shutil.copytree(source, Path(tempfile.mkdtemp(dir=place.folder)) / source.name))


def _made_place(folder: Path) -> Place:
    from src.training.trainer import fine_tune
    from tests import tiny

    model, data = tiny.save_model(folder / "model"), tiny.save_data(folder / "data")
    adapter = fine_tune(tiny.config(model, data, folder / "out", "training.max_steps=2"), "lora").folder
    return Place(folder, model, adapter, data)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--share", type=int, default=1, help="try one in so many variants")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = _made_place(Path(folder))
        outcomes = []
        for name in args.target:
            outcomes.append(campaign(name, place, args.share))
            print(json.dumps(dataclasses.asdict(outcomes[-1])), flush=True)
    if args.json:
        args.json.write_text(json.dumps([dataclasses.asdict(item) for item in outcomes], indent=1) + "\n")
    raise SystemExit(any(item.faults for item in outcomes))


if __name__ == "__main__":
    main()
