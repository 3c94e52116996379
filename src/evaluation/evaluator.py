"""Scores answers: extraction, text metrics, execution and tests, aggregated into a Run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from src.config import EvaluationConfig
from src.evaluation.codebleu.client import CodeBleu, codebleu_scores
from src.evaluation.execution.judge import classify, execute, judge, pass_at_k
from src.evaluation.extraction import MAX_ANSWER_CHARS, Extracted, extract
from src.evaluation.metrics import (
    NOT_RUN,
    bleu_code_statistics,
    bleu_statistics,
    chrf_statistics,
    combine_mean,
    measures,
)
from src.evaluation.score_store import ScoreStore, sample_digest
from src.evaluation.statistics.estimates import Measure, estimate
from src.sandbox.sandbox import Limits, Sandbox
from src.schema import Execution, Run, Sample, SampleScore, Score

PART_SAMPLES = 200  # samples between starts of CodeBLEU's process
PASS_AT = (10, 100, 1000)  # pass@1 is functional accuracy


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
    done = len(samples) - len(pending)
    limits = Limits(wall_s=config.timeout_s, cpu_s=config.timeout_s, memory_mib=config.memory_mib)
    if pending:
        with (
            Sandbox(limits, config.workers or None, allow_unsandboxed) as sandbox,
            tqdm(total=len(samples), initial=done, desc=label, unit="sample", disable=None) as progress,
        ):
            for start in range(0, len(pending), PART_SAMPLES):
                part = pending[start : start + PART_SAMPLES]
                for sample, score in zip(part, _score_part(part, sandbox), strict=True):
                    store.add([sample], [score])
                    progress.update()
    return [store.done[sample_digest(sample)] for sample in samples]


def _score_part(samples: Sequence[Sample], sandbox: Sandbox) -> Iterator[SampleScore]:
    """Scores as the programs finish, in the order of `samples`."""
    extracted = [extract(sample.prediction, sample.language) for sample in samples]
    codes = [item.code for item in extracted]
    code_bleu = codebleu_scores(
        codes, [sample.reference for sample in samples], [sample.language for sample in samples]
    )
    executed = sandbox.map(_job(sample, code) for sample, code in zip(samples, codes, strict=True))
    for sample, item, similarity, verdicts in zip(samples, extracted, code_bleu, executed, strict=True):
        yield _score(sample, item, similarity, *verdicts)


def _score(
    sample: Sample,
    item: Extracted,
    similarity: CodeBleu | None,
    execution: Execution,
    functional: Execution | None,
) -> SampleScore:
    flags = item.flags + (("truncated",) if sample.finish == "length" else ())
    return SampleScore(
        id=sample.id,
        language=sample.language,
        code=item.code,
        bleu=bleu_statistics(item.code, sample.reference),
        bleu_code=bleu_code_statistics(item.code, sample.reference, sample.language),
        chrf=chrf_statistics(item.code, sample.reference),
        codebleu=similarity.value if similarity else None,
        codebleu_parts=similarity.parts if similarity else None,
        codebleu_package=similarity.package_value if similarity else None,
        execution=execution.outcome,
        functional=functional.outcome if functional else "",
        error=classify(execution, functional, flags, item.code),
        defines_only=execution.detail == "defines only",
        exact=item.code.strip() == sample.reference.strip(),
        flags=flags,
        raw_bleu=bleu_statistics(sample.prediction[:MAX_ANSWER_CHARS], sample.reference),
        completion=sample.completion,
    )


def _job(sample: Sample, code: str) -> Callable[[Sandbox], tuple[Execution, Execution | None]]:
    def run(sandbox: Sandbox) -> tuple[Execution, Execution | None]:
        return execute(sandbox, sample, code), judge(sandbox, sample, code)

    return run


def summarise_run(
    name: str, scores: Sequence[SampleScore], config: EvaluationConfig, provenance: dict[str, Any]
) -> Run:
    """All metrics with their intervals, overall and by language, and the counts of every outcome."""

    def estimated(part: Sequence[SampleScore]) -> dict[str, Score]:
        found = measures(part) | pass_at_k_measures(part)
        resamples, seed = config.bootstrap_resamples, config.seed
        return {metric: estimate(measure, resamples, seed) for metric, measure in found.items()}

    languages = sorted({item.language for item in scores})
    return Run(
        name=name,
        n=len({item.id for item in scores}),
        metrics=estimated(scores),
        outcomes=outcomes(scores),
        by_language={
            language or "other": estimated([item for item in scores if item.language == language])
            for language in languages
        },
        provenance=provenance,
    )


def pass_at_k_measures(scores: Sequence[SampleScore]) -> dict[str, Measure]:
    """pass@k for each k > 1 that the completions allow, one row per sample; empty where there is one completion."""
    verdicts: dict[str, list[bool]] = {}
    for item in scores:
        if item.functional not in NOT_RUN:
            verdicts.setdefault(item.id, []).append(item.functional == "passed")
    fewest = min(map(len, verdicts.values()), default=0)
    ids = tuple(sorted({item.id for item in scores}))
    found = {}
    for k in (k for k in PASS_AT if k <= fewest):
        rows = [
            (100 * pass_at_k(len(passed), sum(passed), k), 1.0)
            if (passed := verdicts.get(key))
            else (0.0, 0.0)
            for key in ids
        ]
        signature = f"unbiased:1|completions:{fewest}"
        found[f"pass@{k}"] = Measure(f"pass@{k}", signature, np.array(rows), combine_mean, ids)
    return found


def outcomes(scores: Sequence[SampleScore]) -> dict[str, dict[str, int]]:
    """The count of each outcome, by kind."""
    counts = {
        "execution": Counter(item.execution for item in scores if item.execution),
        "functional": Counter(item.functional or "no_verdict" for item in scores),
        "error": Counter(item.error for item in scores if item.error),
        "flags": Counter(flag for item in scores for flag in item.flags),
        "other": Counter(
            exact=sum(item.exact for item in scores), defines_only=sum(item.defines_only for item in scores)
        ),
    }
    return {kind: dict(sorted(counter.items())) for kind, counter in counts.items()}
