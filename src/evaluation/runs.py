"""A model's or a predictions file's run on a test set: generated, scored and stored under reports/runs/NAME."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src import provenance
from src.config import Config
from src.evaluation.benchmarks.novelty import run_novelty
from src.evaluation.evaluator import score_samples, summarise_run
from src.evaluation.predictions import ORIGIN, TRAINING, read_origin, read_predictions
from src.evaluation.scoring.score_store import ScoreStore
from src.sandbox.sandbox import unavailable_reason
from src.schema import Run, Sample, SampleScore, Training, parse_record, to_json
from src.system import distributed
from src.system.files import sole_writer, write_atomic

if TYPE_CHECKING:
    from src.evaluation.answers import RunRequest

FETCH_AGAIN = "Fetch it again, or delete it to score the predictions beside it as they are"
IN_USE = "wait for it, or keep this run elsewhere (evaluate.py --name, compare_results.py --runs_dir)"


@dataclass(frozen=True)
class ScoredRun:
    """A run with the samples and scores it aggregates, in the same order."""

    run: Run
    samples: list[Sample]
    scores: list[SampleScore]


def run_model(request: RunRequest) -> ScoredRun:
    """Answers and scores of a model; what an earlier run stored of either is used again."""
    from src.evaluation.answers import answer

    with sole_writer(request.folder, IN_USE):
        answers = answer(request)
        return _score(
            request.folder,
            answers.samples,
            answers.origin,
            request.config,
            request.allow_unsandboxed,
            request.training_data,
        )


def generate_on_all_ranks(request: RunRequest) -> None:
    """All ranks generate the answers, which run_model on rank 0 then finds in the store."""
    from src.evaluation.answers import answer_shard

    with sole_writer(request.folder, IN_USE) if distributed.is_rank0() else nullcontext():
        answer_shard(request)


def run_predictions(
    path: Path,
    config: Config,
    runs_folder: Path,
    name: str | None = None,
    allow_unsandboxed: bool = False,
    training_data: Path | None = None,
) -> ScoredRun:
    """Scores of the answers in a predictions file; no model is needed.

    Where --generate_only wrote it, the run has the name and the origin that were recorded then.
    """
    samples = read_predictions(path)
    origin = {"test_set": "given predictions", **read_origin(path), "predictions": path.name}
    recorded_name = str(origin.pop("name", path.stem))
    folder = runs_folder / (name or recorded_name)
    with sole_writer(folder, IN_USE):
        return _score(folder, samples, origin, config, allow_unsandboxed, training_data)


def samples_fingerprint(samples: Sequence[Sample]) -> str:
    """16 hex digits over the tasks of the samples, independent of the answers and of the order."""
    tasks = {
        (item.id, item.instruction, item.input, item.reference, item.language, item.tests, item.prefix)
        for item in samples
    }
    return provenance.digest(repr(sorted(tasks)))


def _score(
    folder: Path,
    samples: list[Sample],
    origin: dict[str, Any],
    config: Config,
    allow_unsandboxed: bool,
    training_data: Path | None,
) -> ScoredRun:
    recorded = origin.get(TRAINING)
    trainings = [parse_record(Training, json.dumps(recorded), ORIGIN, FETCH_AGAIN)] if recorded else []
    unavailable = unavailable_reason()
    without = "none: programs ran without a sandbox" if allow_unsandboxed else unavailable
    sandbox = without if unavailable else "bubblewrap"
    limits = {"timeout_s": config.evaluation.timeout_s, "memory_mib": config.evaluation.memory_mib}
    store = ScoreStore(folder / "scored.jsonl", {"sandbox": sandbox, **limits})
    samples = sorted(samples, key=lambda sample: (sample.id, sample.completion))
    scores = score_samples(samples, config.evaluation, store, allow_unsandboxed, f"scoring {folder.name}")
    run_provenance = {
        **{key: value for key, value in origin.items() if key != TRAINING},
        "test_set_fingerprint": samples_fingerprint(samples),
        "sandbox": sandbox,
        "evaluation": dataclasses.asdict(config.evaluation),
        **provenance.describe(),
    }
    novelty = run_novelty(samples, origin, config.data, training_data)
    run = summarise_run(folder.name, scores, config.evaluation, run_provenance, novelty)
    run = dataclasses.replace(run, trainings=trainings)
    write_atomic(folder / "scores.json", to_json(run, indent=1) + "\n")
    return ScoredRun(run, samples, scores)
