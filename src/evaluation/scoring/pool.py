"""Scores samples in processes that can be killed: no answer can end or block the scoring of the others."""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
import os
import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from src.evaluation.scoring.sample import unreadable_score
from src.sandbox.sandbox import Limits
from src.schema import Sample, SampleScore, UserError, decode
from src.system.worker_process import Budget, WorkerEndedError, WorkerProcess

log = logging.getLogger(__name__)

READING_CPU_S = 20.0  # many times what the slowest honest text takes: no machine's speed decides
READING_WALL_S = 300.0
START_ATTEMPTS = 3
WORKER = ("-m", "src.evaluation.scoring.worker")
EXECUTIONS = 12  # programs that one stage runs at most, the reference's among them


@dataclass(frozen=True)
class ScoringSettings:
    """What a worker needs to know."""

    limits: Limits
    allow_unsandboxed: bool
    workers: int = 0  # 0: as many as processors

    def budget(self, stage: str) -> Budget:
        """What a stage may use; programs of the sandbox count in wall time only, and have limits of their own."""
        if stage in ("execution", "functional accuracy"):
            return Budget(READING_CPU_S, READING_WALL_S + EXECUTIONS * self.limits.response_s)
        return Budget(READING_CPU_S, READING_WALL_S)


def score_in_workers(
    samples: Sequence[Sample], settings: ScoringSettings
) -> Iterator[tuple[Sample, SampleScore]]:
    """Every sample with its score, as they come. Raises UserError where a worker cannot be started.

    Completions of one prompt, which follow each other, go to one worker: it runs their reference once. A sample of
    which a program may have ended early because of a busy machine is scored again at the end, with no other beside it.
    Leaving the iterator kills the workers.
    """
    groups = [list(group) for _, group in itertools.groupby(samples, key=lambda sample: sample.id)]
    workers = _Workers(settings, sorted({sample.language for sample in samples}))
    found: queue.SimpleQueue[tuple[Sample, SampleScore | None] | BaseException] = queue.SimpleQueue()
    again: list[Sample] = []
    pool = ThreadPoolExecutor(min(settings.workers or os.cpu_count() or 1, len(groups)), "scoring")
    try:
        for group in groups:
            pool.submit(workers.score_group, group, found.put)
        for _ in samples:
            item = found.get()
            if isinstance(item, BaseException):
                raise item
            sample, score = item
            if score is None:
                again.append(sample)
            else:
                yield sample, score
        for sample in again:
            score, _ = pool.submit(workers.score, sample).result()
            yield sample, score
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        workers.close()


class _Workers:
    """One process per thread, started when it is first needed and again after it was killed."""

    def __init__(self, settings: ScoringSettings, languages: list[str]) -> None:
        self._settings = settings
        self._argument = json.dumps(
            {
                "limits": dataclasses.asdict(settings.limits),
                "allow_unsandboxed": settings.allow_unsandboxed,
                "languages": languages,
            }
        )
        self._own = threading.local()
        self._lock = threading.Lock()
        self._started: set[WorkerProcess] = set()
        self._closed = False

    def score_group(self, group: list[Sample], put: Callable[[Any], None]) -> None:
        """Put each sample with its score, None where a busy machine may have had a part in it; an error that is not a sample's is put in place of the rest."""
        try:
            for sample in group:
                score, starved = self.score(sample)
                put((sample, None if starved else score))
        except BaseException as error:  # the thread that waits raises it
            put(error)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for process in self._started:
                process.close()

    def score(self, sample: Sample) -> tuple[SampleScore, bool]:
        """The sample's score, and whether a busy machine may have ended one of its programs.

        A stage that kills the process is left out when it is tried again.
        """
        failed: dict[str, str] = {}
        endings: Counter[str] = Counter()  # by stage; before any stage began it is none of the sample's doing
        while True:
            stage = "start"
            try:
                process = self._process()
                process.send({"sample": dataclasses.asdict(sample), "failed": failed})
                while True:
                    reply = process.receive(self._settings.budget(stage))
                    if "error" in reply:
                        raise UserError(reply["error"])
                    if "score" in reply:
                        _warn(sample, reply["failed"])
                        return decode(SampleScore, json.dumps(reply["score"])), reply["starved"]
                    stage = reply["stage"]
            except WorkerEndedError as ended:
                self._discard()
                endings[stage] += 1
                if endings["start"] == START_ATTEMPTS:
                    raise UserError(
                        f"the process that scores has ended {START_ATTEMPTS} times ({ended})"
                    ) from ended
                if endings[stage] == 1 and not ended.over_budget:  # the system may have ended it
                    continue
                if stage in failed:  # what stands in for the stage kills the process too
                    _warn(sample, failed | {"score": str(ended)})
                    return unreadable_score(sample), False
                if stage != "start":
                    failed[stage] = str(ended)

    def _process(self) -> WorkerProcess:
        """This thread's process. Raises UserError where it cannot be started."""
        process: WorkerProcess | None = getattr(self._own, "process", None)
        if process is not None:
            return process
        with self._lock:
            if self._closed:
                raise UserError("the scoring was stopped")
        try:
            process = WorkerProcess([*WORKER, self._argument], env={"PYTHONHASHSEED": "0"})
        except WorkerEndedError as error:
            raise UserError(f"the process that scores cannot be started ({error})") from error
        if "error" in process.greeting:
            process.close()
            raise UserError(process.greeting["error"])
        with self._lock:
            self._started.add(process)
        self._own.process = process
        return process

    def _discard(self) -> None:
        process = self._own.process
        self._own.process = None
        with self._lock:
            self._started.discard(process)
        process.close()


def _warn(sample: Sample, failed: dict[str, str]) -> None:
    for stage, reason in failed.items():
        log.warning("sample %s: no %s (%s); it counts as wrong there", sample.id, stage, reason)
