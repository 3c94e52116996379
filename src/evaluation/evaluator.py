"""Scores answers: extraction, text metrics, execution and tests, gathered into a Run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from src.config import EvaluationConfig
from src.evaluation.extraction import extract
from src.evaluation.functional import classify, execute, judge
from src.evaluation.metrics import (
    bleu_code_statistics,
    bleu_statistics,
    chrf_statistics,
    codebleu_scores,
    measures,
)
from src.evaluation.sandbox import Limits, Sandbox
from src.evaluation.statistics import score
from src.schema import Example, Execution, Generation, Run, Sample, SampleScore


def to_samples(examples: Sequence[Example], generations: Sequence[Generation]) -> list[Sample]:
    """Each answer beside the example it answers."""
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


def score_samples(
    samples: Sequence[Sample],
    config: EvaluationConfig,
    allow_unsandboxed: bool = False,
    label: str = "scoring",
) -> list[SampleScore]:
    """Every measurement on every sample, in the order of `samples`."""
    from tqdm import tqdm

    extracted = [extract(sample.prediction, sample.language) for sample in samples]
    codes = [item.code for item in extracted]
    code_bleu = codebleu_scores(
        codes, [sample.reference for sample in samples], [sample.language for sample in samples]
    )
    limits = Limits(wall_s=config.timeout_s, cpu_s=config.timeout_s, memory_mib=config.memory_mib)
    with Sandbox(limits, config.workers or None, allow_unsandboxed) as sandbox:
        jobs = [_job(sample, code) for sample, code in zip(samples, codes, strict=True)]
        ran = list(tqdm(sandbox.map(jobs), total=len(jobs), desc=label, unit="program", disable=None))
    scores = []
    for sample, item, four, (execution, functional) in zip(samples, extracted, code_bleu, ran, strict=True):
        flags = item.flags + (("truncated",) if sample.finish == "length" else ())
        scores.append(
            SampleScore(
                id=sample.id,
                language=sample.language,
                code=item.code,
                bleu=bleu_statistics(item.code, sample.reference),
                bleu_code=bleu_code_statistics(item.code, sample.reference, sample.language),
                chrf=chrf_statistics(item.code, sample.reference),
                codebleu=four.value if four else None,
                codebleu_parts=four.parts if four else None,
                codebleu_package=four.package_value if four else None,
                execution=execution.outcome,
                functional=functional.outcome if functional else "",
                error=classify(execution, functional, flags, item.code),
                defines_only=execution.detail == "defines only",
                exact=item.code.strip() == sample.reference.strip(),
                flags=flags,
                raw_bleu=bleu_statistics(sample.prediction, sample.reference),
                completion=sample.completion,
            )
        )
    return scores


def _job(sample: Sample, code: str) -> Any:
    def run(sandbox: Sandbox) -> tuple[Execution, Execution | None]:
        return execute(sandbox, sample, code), judge(sandbox, sample, code)

    return run


def summarise(
    name: str, scores: Sequence[SampleScore], config: EvaluationConfig, provenance: dict[str, Any]
) -> Run:
    """All metrics with their intervals, overall and by language, and the counts of what happened."""
    by_language: dict[str, dict[str, Any]] = {}
    for language in sorted({item.language for item in scores}):
        part = [item for item in scores if item.language == language]
        by_language[language or "other"] = {
            metric: score(measure, config.bootstrap_resamples, config.seed)
            for metric, measure in measures(part).items()
        }
    return Run(
        name=name,
        n=len({item.id for item in scores}),
        metrics={
            metric: score(measure, config.bootstrap_resamples, config.seed)
            for metric, measure in measures(scores).items()
        },
        outcomes=outcomes(scores),
        by_language=by_language,
        provenance=provenance,
    )


def outcomes(scores: Sequence[SampleScore]) -> dict[str, dict[str, int]]:
    """How often each outcome came, by kind."""
    counts = {
        "execution": Counter(item.execution for item in scores if item.execution),
        "functional": Counter(item.functional or "no_verdict" for item in scores),
        "error": Counter(item.error for item in scores if item.error),
        "flags": Counter(flag for item in scores for flag in item.flags),
        "other": Counter(
            {
                "exact": sum(item.exact for item in scores),
                "defines_only": sum(item.defines_only for item in scores),
            }
        ),
    }
    return {kind: dict(sorted(counter.items())) for kind, counter in counts.items()}
