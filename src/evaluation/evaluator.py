"""Scores answers: extraction, text metrics, execution and tests, aggregated into a Run."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from src.config import EvaluationConfig
from src.evaluation.execution.judge import pass_at_k
from src.evaluation.metrics import measures
from src.evaluation.scoring.pool import ScoringSettings, score_in_workers
from src.evaluation.scoring.score_store import ScoreStore
from src.evaluation.statistics.estimates import Measure
from src.evaluation.statistics.seeds import estimate_over_seeds, values_over_seeds
from src.metrics.combine import combine_mean
from src.metrics.table import METRICS, passed
from src.models.run_record import seed_of
from src.sandbox.launch import ON_LINUX
from src.sandbox.sandbox import WALL_FACTOR, Limits, unavailable_reason
from src.schema import Likeness, Run, Sample, SampleScore, Score, UserError

log = logging.getLogger(__name__)

PASS_AT = (10, 100, 1000)  # pass@1 is functional accuracy


def limits_of(config: EvaluationConfig) -> Limits:
    """What one generated program may use."""
    return Limits(config.timeout_s, WALL_FACTOR * config.timeout_s, config.memory_mib)


def score_samples(
    samples: Sequence[Sample],
    config: EvaluationConfig,
    store: ScoreStore,
    allow_unsandboxed: bool = False,
    label: str = "scoring",
) -> list[SampleScore]:
    """Every measurement on every sample, in the order of `samples`; what `store` holds is not measured again."""
    from tqdm import tqdm

    pending = [sample for sample in samples if store.get(sample) is None]
    limits = limits_of(config)
    if pending:
        _warn_of_what_is_missing(allow_unsandboxed)
        done = len(samples) - len(pending)
        with tqdm(total=len(samples), initial=done, desc=label, unit="sample", disable=None) as progress:
            for sample, score in score_in_workers(
                pending, ScoringSettings(limits, allow_unsandboxed, config.workers)
            ):
                store.add([sample], [score])
                progress.update()
    return store.of(samples)


def _warn_of_what_is_missing(allow_unsandboxed: bool) -> None:
    """One line for each kind of metric that this machine cannot have. Raises UserError where it was insisted on."""
    unavailable = unavailable_reason()
    if unavailable and allow_unsandboxed:
        if not ON_LINUX:
            raise UserError(f"--allow_unsandboxed {unavailable} too: leave it out for the other metrics")
        log.warning("no sandbox (%s): untrusted programs run with NO protection", unavailable)
    elif unavailable:
        log.warning("execution metrics: not run: %s", unavailable)


def summarise_run(
    name: str,
    scores: Sequence[SampleScore],
    config: EvaluationConfig,
    provenance: dict[str, Any],
    novelty: dict[str, Likeness] | None = None,
) -> Run:
    """All metrics with their intervals, overall and by language, and the counts of every outcome."""
    return Run(
        name=name,
        n=len({item.id for item in scores}),
        metrics=_estimated([scores], config),
        outcomes=outcomes(scores),
        by_language=_by_language([scores], config),
        provenance=provenance,
        novelty=novelty or {},
    )


def summarise_seeds(
    runs: Sequence[Run], scores: Sequence[Sequence[SampleScore]], config: EvaluationConfig
) -> Run:
    """The runs of one method's trainings as one run, with the means over seeds; one training's run is itself."""
    if len(runs) == 1:
        return runs[0]

    values = {name: values_over_seeds(each) for name, each in measures_by_metric(scores).items()}
    return Run(
        name=", ".join(run.name for run in runs),
        n=runs[0].n,
        metrics=_estimated(scores, config),
        outcomes=_added([run.outcomes for run in runs]),
        by_language=_by_language(scores, config),
        provenance={
            key: _one_or_each([run.provenance.get(key) for run in runs])
            for key in dict.fromkeys(key for run in runs for key in run.provenance)
        },
        seeds={
            label: {name: each[number] for name, each in values.items()}
            for number, label in enumerate(_labels(runs))
        },
        novelty=runs[0].novelty if all(run.novelty == runs[0].novelty for run in runs) else {},
        trainings=[training for run in runs for training in run.trainings],
    )


def _estimated(parts: Sequence[Sequence[SampleScore]], config: EvaluationConfig) -> dict[str, Score]:
    """Each metric of one training, or its mean over several."""
    resamples, seed = config.bootstrap_resamples, config.seed
    scored = {
        name: estimate_over_seeds(each, resamples, seed) for name, each in measures_by_metric(parts).items()
    }
    package_value = scored["codebleu_package"].value
    return scored | {"codebleu": dataclasses.replace(scored["codebleu"], package_value=package_value)}


def _by_language(
    parts: Sequence[Sequence[SampleScore]], config: EvaluationConfig
) -> dict[str, dict[str, Score]]:
    return {
        language or "other": _estimated(of_language(parts, language), config)
        for language in sorted({item.language for item in parts[0]})
    }


def measures_by_metric(parts: Sequence[Sequence[SampleScore]]) -> dict[str, list[Measure]]:
    """Each metric that all trainings have, of the scores of each."""
    found = [measures(part) | pass_at_k_measures(part) for part in parts]
    return {name: [each[name] for each in found] for name in found[0] if all(name in each for each in found)}


def of_language(parts: Sequence[Sequence[SampleScore]], language: str) -> list[list[SampleScore]]:
    """The scores of samples in that language, of each training."""
    return [[item for item in part if item.language == language] for part in parts]


def of_ids(parts: Sequence[Sequence[SampleScore]], ids: Collection[str]) -> list[list[SampleScore]]:
    """The scores of those samples, of each training."""
    return [[item for item in part if item.id in ids] for part in parts]


def _labels(runs: Sequence[Run]) -> list[str]:
    """The seed of each run where its folder names it, else its name; numbered where that is not unique."""
    labels = [seed_of(Path(str(run.provenance.get("model", "")))) or run.name for run in runs]
    if len(set(labels)) == len(labels):
        return labels
    return [f"{label} ({number})" for number, label in enumerate(labels, start=1)]


def _one_or_each(values: list[Any]) -> Any:
    return values[0] if all(value == values[0] for value in values) else values


def _added(outcomes: Sequence[dict[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    kinds = dict.fromkeys(kind for each in outcomes for kind in each)
    added = {kind: sum((Counter(each.get(kind, {})) for each in outcomes), Counter()) for kind in kinds}
    return {kind: dict(sorted(counter.items())) for kind, counter in added.items()}


def pass_at_k_measures(scores: Sequence[SampleScore]) -> dict[str, Measure]:
    """pass@k for each k > 1 that the completions allow, one row per sample; empty where there is one completion.

    Where a benchmark adds tests to its own, pass@k_base is by the latter alone, for k = 1 too.
    """
    functional = METRICS["functional_accuracy"].value
    values = {
        "": list(map(functional, scores)),
        "_base": [passed(item.base, item.functional_lacks if item.base else "") for item in scores],
    }
    found: dict[str, Measure] = {}
    for suffix, ks in (("", PASS_AT), ("_base", (1, *PASS_AT))):
        found |= _pass_at_k([item.id for item in scores], values[suffix], ks, suffix)
    return found


def _pass_at_k(
    ids: Sequence[str], values: Sequence[float | None], ks: Sequence[int], suffix: str
) -> dict[str, Measure]:
    verdicts: dict[str, list[bool]] = {}
    for key, value in zip(ids, values, strict=True):
        if value is not None:
            verdicts.setdefault(key, []).append(value > 0)
    fewest = min(map(len, verdicts.values()), default=0)
    keys = tuple(sorted(set(ids)))
    found = {}
    for k in (k for k in ks if k <= fewest):
        rows = [
            (100 * pass_at_k(len(right), sum(right), k), 1.0) if (right := verdicts.get(key)) else (0.0, 0.0)
            for key in keys
        ]
        name, signature = f"pass@{k}{suffix}", f"unbiased:1|completions:{fewest}"
        found[name] = Measure(name, signature, np.array(rows), combine_mean, keys)
    return found


def outcomes(scores: Sequence[SampleScore]) -> dict[str, dict[str, int]]:
    """The count of each outcome, by kind."""
    counts = {
        "execution": Counter(item.execution for item in scores if item.execution),
        "functional": Counter(item.functional or "no_verdict" for item in scores),
        "error": Counter(item.error for item in scores if item.error),
        "flags": Counter(flag for item in scores for flag in item.flags),
        "other": Counter(
            exact=sum(item.exact for item in scores),
            defines_only=sum(item.defines_only for item in scores),
            lacking=sum(bool(item.execution_lacks or item.functional_lacks) for item in scores),
        ),
    }
    return {kind: dict(sorted(counter.items())) for kind, counter in counts.items()}
