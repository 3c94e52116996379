"""Reads and writes predictions files, one JSON object per line with an answer and its reference, and their origin."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from src.schema import Example, Generation, Sample, UserError
from src.system.files import write_together
from src.system.untrusted import read_file, read_object

log = logging.getLogger(__name__)

REQUIRED = ("id", "instruction", "input", "reference", "prediction")
OPTIONAL = ("language", "tests", "prefix", "finish")
ANSWERS = "generations.jsonl"  # a model's predictions file
ORIGIN = "origin.json"  # beside it: the model and the settings that its answers are from
RUN_NAME = re.compile(r"[\w.+ -]{1,200}")  # no path: what run_name makes, and most of what --name is given
TRAINING = "training"  # of an origin: what its run.json says, where the model is an adapter of ours
MAX_COMPLETION = 2**31
EXPECTED = f"expected JSON lines with {', '.join(REQUIRED)} and optionally {', '.join(OPTIONAL)}, completion"

_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_PLAIN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # also controls and line ends


def read_predictions(path: Path) -> list[Sample]:
    """The samples of a predictions file, sorted by id and completion; a language not given is detected.

    A lone surrogate, which is no character, becomes U+FFFD in a text; an id or a language with one is refused. Raises
    UserError naming the line where the file is not what it should be.
    """
    samples = [_sample(values, f"{path} line {number}") for number, values in _rows(path)]
    if not samples:
        raise UserError(f"{path} holds no predictions; {EXPECTED}")
    seen: set[tuple[str, int]] = set()
    for sample in samples:
        key = (sample.id, sample.completion)
        if key in seen:
            raise UserError(
                f"{path}: id {_shown(sample.id)} occurs twice with completion {sample.completion}; number the completions "
                'of one prompt with "completion": 0, 1, ...'
            )
        seen.add(key)
    return sorted(samples, key=lambda sample: (sample.id, sample.completion))


def predictions_text(samples: Sequence[Sample]) -> str:
    """The content of a predictions file, readable by read_predictions."""
    return "".join(json.dumps(dataclasses.asdict(sample)) + "\n" for sample in samples)


def to_samples(examples: Sequence[Example], generations: Sequence[Generation]) -> list[Sample]:
    """Each generation as a sample, with the example it answers."""
    by_id = {example.id: example for example in examples}
    return [_to_sample(by_id[generation.id], generation) for generation in generations]


def _to_sample(example: Example, generation: Generation) -> Sample:
    return Sample(
        id=example.id,
        instruction=example.instruction,
        input=example.input,
        reference=example.output,
        prediction=generation.text,
        language=example.language,
        tests=example.tests,
        prefix=example.prefix,
        finish=generation.finish,
        completion=generation.completion,
    )


def reference_sample(example: Example) -> Sample:
    """A sample whose answer is its own reference."""
    return _to_sample(example, Generation(example.id, example.output, 0, ""))


def write_answers(folder: Path, samples: Sequence[Sample], origin: dict[str, Any]) -> Path:
    """Write a model's predictions file with a record of its origin, for scoring on another machine."""
    text = predictions_text(samples)
    record = {"sha256": _sha256(text.encode()), "origin": origin}
    write_together({folder / ANSWERS: text, folder / ORIGIN: json.dumps(record, indent=1) + "\n"})
    return folder / ANSWERS


def read_origin(path: Path) -> dict[str, Any]:
    """The origin that write_answers recorded of the predictions file `path`; empty where it recorded none, or of
    other answers.

    Raises UserError where the record is damaged.
    """
    record_path = path.parent / ORIGIN
    try:
        record = read_object(record_path)
        origin = dict(record["origin"])
        _check_name(origin)
        same = record["sha256"] == _sha256(read_file(path))
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{record_path} is damaged; fetch it again, or delete it to score {path.name} as it is"
        ) from error
    if not same:
        log.warning("%s describes other answers than those in %s and is ignored", record_path, path)
    return origin if same else {}


def _check_name(origin: dict[str, Any]) -> None:
    """Raise ValueError where the name of the run, which becomes that of a folder, is no plain name."""
    name = origin.get("name", "run")
    if not isinstance(name, str) or RUN_NAME.fullmatch(name) is None or name.strip(".") == "":
        raise ValueError("a name that is none")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        text = read_file(path).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(f"no predictions file {path}; {EXPECTED}") from error
    except IsADirectoryError as error:
        raise UserError(f"{path} is a folder; give the file of predictions in it") from error
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror}); {EXPECTED}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}); {EXPECTED}") from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line, object_pairs_hook=_object)
            except _RepeatedKeyError as error:
                raise UserError(f"{path} line {number} has the key {error} twice") from error
            except (ValueError, RecursionError) as error:
                raise UserError(f"{path} line {number} is not JSON (cut off?); {EXPECTED}") from error


class _RepeatedKeyError(Exception):
    """An object has two values for one key: either may be the one that was meant."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise _RepeatedKeyError(_shown(counts.most_common(1)[0][0]))
    return values


def _shown(text: str) -> str:
    """`text` for a message: one short line."""
    return ascii(text if len(text) <= 80 else text[:80] + "...")


def _shown_value(value: Any) -> str:
    """A JSON value for a message; of a large or nested one its type."""
    if isinstance(value, str):
        return _shown(value)
    is_small = isinstance(value, float) or (isinstance(value, int) and abs(value) < MAX_COMPLETION)
    return repr(value) if is_small else type(value).__name__


def _sample(values: Any, place: str) -> Sample:
    if not isinstance(values, dict):
        raise UserError(f"{place} is not an object; {EXPECTED}")
    missing = [name for name in REQUIRED if name not in values]
    if missing:
        raise UserError(f"{place} lacks {missing[0]!r}; {EXPECTED}")
    texts = {name: _text(values, name, place) for name in (*REQUIRED, *OPTIONAL)}
    completion = values.get("completion", 0)
    if type(completion) is not int or completion < 0:
        got = _shown_value(completion)
        raise UserError(f"{place}: completion must be a whole number of 0 or more, got {got}")
    if completion >= MAX_COMPLETION:
        raise UserError(f"{place}: completion must be below {MAX_COMPLETION}")
    if "language" in values:
        from src.languages.registry import LANGUAGE_ALIASES

        name = texts["language"].lower()
        texts["language"] = LANGUAGE_ALIASES.get(name, name)
    else:
        texts["language"] = _language(texts)
    return Sample(**texts, completion=completion)


def _text(values: dict[str, Any], name: str, place: str) -> str:
    value = values.get(name, "")
    if name == "id" and type(value) is int:
        return str(value)
    if value is None and name in ("input", "prediction", *OPTIONAL):
        return ""
    if not isinstance(value, str):
        raise UserError(f"{place}: {name} must be a text, got {type(value).__name__}")
    if name in ("id", "language"):
        value = value.strip() if name == "language" else value
        if _NOT_PLAIN.search(value):
            raise UserError(f"{place}: {name} must be plain text in one line, got {_shown(value)}")
        return value
    return _SURROGATE.sub("\ufffd", value)


def _language(texts: dict[str, str]) -> str:
    from src.languages.detection import detect

    if texts["tests"]:
        return "python"  # tests are Python asserts
    return detect(texts["instruction"], texts["input"], texts["reference"])
