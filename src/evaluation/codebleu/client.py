"""CodeBLEU without the defects of the codebleu package, computed in a process that can be killed."""

from __future__ import annotations

import itertools
import json
import logging
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from src.languages.registry import LANGUAGES
from src.schema import UserError

log = logging.getLogger(__name__)

START_TIMEOUT_S = 120.0
SAMPLE_TIMEOUT_S = 60.0  # ten times what the slowest sample takes, so that no machine's speed decides
ATTEMPTS = 2  # per sample: another sample or the system may have ended the process the first time
MAX_WORKERS = 2
SAMPLES_PER_WORKER = 100  # starting one costs as much time as 100 samples
ROOT = Path(__file__).resolve().parents[3]

_Request = tuple[int, str, str, str]  # index, prediction, reference, language as the package calls it


@dataclass(frozen=True)
class CodeBleu:
    """CodeBLEU of one sample."""

    value: float  # 0-100, without the package's defects
    parts: tuple[float, float, float, float]  # the package's n-gram, weighted n-gram, syntax, data flow; 0-1
    package_value: float | None  # 0-100, as the package combines its parts; None where it cannot be run


ZERO = CodeBleu(0.0, (0.0, 0.0, 0.0, 0.0), None)


def codebleu_scores(
    predictions: Sequence[str | None],
    references: Sequence[str],
    languages: Sequence[str],
    sample_s: float = SAMPLE_TIMEOUT_S,
    workers: int | None = None,
) -> list[CodeBleu | None]:
    """CodeBLEU of each sample; None where its language or its reference has none.

    A prediction on which the package hangs (longer than `sample_s`) or crashes scores 0. `workers` processes
    divide the samples (None: as many as pay off) and change nothing but the time.
    Raises UserError when the package's parsers cannot be loaded.
    """
    if not len(predictions) == len(references) == len(languages):
        raise ValueError(
            f"{len(predictions)} predictions, {len(references)} references, {len(languages)} languages"
        )
    keys = [LANGUAGES[language].codebleu if language in LANGUAGES else None for language in languages]
    samples = zip(predictions, references, keys, strict=True)
    requests = [
        (i, prediction or "", reference, key) for i, (prediction, reference, key) in enumerate(samples) if key
    ]
    scores: list[CodeBleu | None] = [None] * len(predictions)
    if not requests:
        return scores
    count = workers or min(MAX_WORKERS, os.cpu_count() or 1, 1 + len(requests) // SAMPLES_PER_WORKER)
    with ThreadPoolExecutor(count) as pool:
        shards = pool.map(
            _score_shard, (requests[i::count] for i in range(count)), itertools.repeat(sample_s)
        )
        for index, found in itertools.chain.from_iterable(shards):
            scores[index] = found
    return scores


def _score_shard(requests: Sequence[_Request], sample_s: float) -> list[tuple[int, CodeBleu | None]]:
    with CodeBleuWorker(sorted({language for *_, language in requests}), sample_s) as worker:
        scores = [
            (index, worker.score(prediction, reference, language))
            for index, prediction, reference, language in requests
        ]
    if worker.failures:
        log.warning(
            "CodeBLEU hung or crashed on %d of %d predictions: scored 0", worker.failures, len(scores)
        )
    return scores


class CodeBleuWorker:
    """A worker process (codebleu/worker.py), restarted after it hung or crashed."""

    def __init__(self, languages: Sequence[str], sample_s: float) -> None:
        self.languages = languages
        self.sample_s = sample_s
        self.failures = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> CodeBleuWorker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill()

    def score(self, prediction: str, reference: str, language: str) -> CodeBleu | None:
        """CodeBLEU of one sample in a language as the package calls it; ZERO where the package hangs or crashes."""
        request = json.dumps([prediction, reference, language]).encode() + b"\n"
        for _ in range(ATTEMPTS):
            try:
                reply = self._exchange(request)
            except TimeoutError:
                break
            except (BrokenPipeError, EOFError):
                self._kill()
                continue
            return None if reply is None else _to_score(reply)
        self._kill()
        self.failures += 1
        return ZERO

    def _exchange(self, request: bytes) -> Any:
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(request)
        process.stdin.flush()
        return _read_line(process, self.sample_s)

    def _start(self) -> subprocess.Popen[bytes]:
        with tempfile.TemporaryFile() as messages:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "src.evaluation.codebleu.worker", *self.languages],
                cwd=ROOT,
                env=os.environ | {"PYTHONHASHSEED": "0"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=messages,
                start_new_session=True,
            )
            try:
                reply = _read_line(self._process, START_TIMEOUT_S)
            except (EOFError, TimeoutError):
                messages.seek(0)
                reason = messages.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
                reply = {"error": reason or "no answer"}
        if "error" in reply:
            raise UserError(
                f"the codebleu package cannot be used ({reply['error']}). Run pip install -r requirements.txt:"
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
    """One JSON line of the worker. Raises TimeoutError, or EOFError when the worker has ended."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(timeout_s):
            raise TimeoutError
    line = process.stdout.readline()
    if not line:
        raise EOFError
    return json.loads(line)


def _to_score(reply: dict[str, Any]) -> CodeBleu:
    ngram, weighted, syntax, dataflow = reply["parts"]
    package = reply["package_value"]
    return CodeBleu(100 * reply["value"], (ngram, weighted, syntax, dataflow), package and 100 * package)
