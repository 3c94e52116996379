"""CodeBLEU without the defects of the codebleu package, computed in a process that can be killed."""

from __future__ import annotations

import json
import logging
import os
import selectors
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from src.evaluation.languages import LANGUAGES
from src.schema import UserError

log = logging.getLogger(__name__)

START_S = 60.0
SAMPLE_S = 10.0
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class CodeBleu:
    """CodeBLEU of one sample."""

    value: float  # 0-100, without the package's defects
    parts: tuple[float, float, float, float]  # the package's n-gram, weighted n-gram, syntax, data flow; 0-1
    package_value: float | None  # 0-100, as the package combines its parts; None where it cannot be run


NOTHING = CodeBleu(0.0, (0.0, 0.0, 0.0, 0.0), None)


def codebleu_scores(
    predictions: Sequence[str | None],
    references: Sequence[str],
    languages: Sequence[str],
    sample_s: float = SAMPLE_S,
) -> list[CodeBleu | None]:
    """CodeBLEU of each sample; None where its language or its reference has none.

    A prediction on which the package hangs or crashes scores 0. Raises UserError when the package's parsers
    cannot be loaded.
    """
    if not len(predictions) == len(references) == len(languages):
        raise ValueError(
            f"{len(predictions)} predictions, {len(references)} references, {len(languages)} languages"
        )
    keys = [LANGUAGES[language].codebleu if language in LANGUAGES else None for language in languages]
    needed = sorted({key for key in keys if key})
    if not needed:
        return [None] * len(predictions)
    with _Worker(needed, sample_s) as worker:
        scores = [
            worker.score(prediction or "", reference, key) if key else None
            for prediction, reference, key in zip(predictions, references, keys, strict=True)
        ]
    if worker.failures:
        log.warning(
            "CodeBLEU hung or crashed on %d of %d predictions: scored 0", worker.failures, len(scores)
        )
    return scores


class _Worker:
    """A codebleu_worker process, started anew after it hung or crashed."""

    def __init__(self, languages: Sequence[str], sample_s: float) -> None:
        self.languages = languages
        self.sample_s = sample_s
        self.failures = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> _Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill()

    def score(self, prediction: str, reference: str, language: str) -> CodeBleu | None:
        process = self._process or self._start()
        request = json.dumps([prediction, reference, language]).encode() + b"\n"
        try:
            process.stdin.write(request)  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            answer = _read_line(process, self.sample_s)
        except (BrokenPipeError, EOFError, TimeoutError):
            self._kill()
            self.failures += 1
            return NOTHING
        return None if answer is None else _to_score(answer)

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "src.evaluation.codebleu_worker", *self.languages],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            answer = _read_line(self._process, START_S)
        except (EOFError, TimeoutError) as error:
            raise UserError(
                "the codebleu package does not start. Run pip install -r requirements.txt."
            ) from error
        if "error" in answer:
            raise UserError(
                f"codebleu cannot load its parser ({answer['error']}). Run pip install -r requirements.txt:"
                " it needs the versions of tree-sitter pinned there."
            )
        return self._process

    def _kill(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.communicate()
        self._process = None


def _read_line(process: subprocess.Popen[bytes], timeout_s: float) -> Any:
    """One JSON line of the worker. Raises TimeoutError, or EOFError when the worker is gone."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(timeout_s):
            raise TimeoutError
    line = process.stdout.readline()
    if not line:
        raise EOFError
    return json.loads(line)


def _to_score(answer: dict[str, Any]) -> CodeBleu:
    first, second, third, fourth = answer["parts"]
    package = answer["package_value"]
    return CodeBleu(100 * answer["value"], (first, second, third, fourth), package and 100 * package)
