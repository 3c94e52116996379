"""Compares runs on the same samples: differences, their tests, and the answers side by side."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from src.config import EvaluationConfig
from src.data.curation.novelty import BANDS, UNLIKE, UNLIKE_NAME, band_of
from src.evaluation.evaluator import measures_by_metric, of_ids, of_language, summarise_seeds
from src.evaluation.metrics import measure
from src.evaluation.runs import ScoredRun
from src.evaluation.statistics.estimates import holm
from src.evaluation.statistics.seeds import counting, difference_over_seeds, values
from src.metrics.table import METRICS
from src.schema import (
    ComparedExample,
    Comparison,
    Difference,
    Likeness,
    MethodComparison,
    Run,
    Sample,
    SampleScore,
    UserError,
    parse_record,
)
from src.system.untrusted import read_file

log = logging.getLogger(__name__)

Scores = Sequence[Sequence[SampleScore]]  # of each training of one side, in the same order of samples

# What must be equal in both runs for a difference to mean anything: a key of their provenance, its name.
MUST_MATCH = {
    "test_set_fingerprint": "test sets",
    "decoding": "decoding",
    "backend": "backends of generation",  # recorded where it is not transformers
    "sandbox": "ways of running programs",
}


def compare(
    before: Sequence[ScoredRun],
    after: Sequence[ScoredRun],
    name: str,
    config: EvaluationConfig,
    provenance: dict[str, Any],
    earlier: Comparison | None = None,
    before_name: str = "",
) -> Comparison:
    """The comparison of two models under the name of the method, added to `earlier` where one is given.

    Each side is one run, or those of one method's trainings with several seeds. Holm's correction spans all metrics
    and methods of the result. Raises UserError where the runs are not comparable, or `earlier` has another "before".
    """
    for run in [*before[1:], *after]:
        _check_comparable(before[0].run, run.run)
    old, new = ([run.scores for run in side] for side in (before, after))
    before_run, after_run = (
        summarise_seeds([run.run for run in side], scores, config)
        for side, scores in ((before, old), (after, new))
    )
    if earlier is not None:
        _check_extends(earlier, before_run)
    method = MethodComparison(
        after=after_run,
        difference=_differences(old, new, config),
        by_language=_by_language(old, new, config),
        by_novelty=_by_novelty(old, new, after_run.novelty, config),
        format_share=format_share(old, new),
        examples=_side_by_side(before[0], after[0]),
        caveat=next(filter(None, (_caveat(a.run, b.run) for a in before for b in after)), ""),
    )
    if method.caveat:
        log.warning("%s: %s", name, method.caveat)
    methods = {**(earlier.comparisons if earlier else {}), name: method}
    origin = before[0].run.provenance
    return Comparison(
        test_set={
            "name": origin.get("test_set", ""),
            "origin": origin.get("test_set_origin", ""),
            "licence": origin.get("test_set_licence", ""),
            "fingerprint": origin["test_set_fingerprint"],
            "n": before_run.n,
            "languages": dict(Counter(score.language or "other" for score in old[0])),
            "decoding": origin.get("decoding", "as given in the predictions files"),
        },
        before=before_run,
        comparisons=_corrected(methods),
        provenance=provenance,
        before_name=before_name or (earlier.before_name if earlier else ""),
    )


def _caveat(before_run: Run, after_run: Run) -> str:
    """Why the difference is not what fine-tuning did, where "after" ran with an adapter."""
    before, after = before_run.provenance, after_run.provenance
    if after.get("trained_on"):
        return "the adapter was trained on another base than the one that it ran on"
    bases = [run.get("base_fingerprint") for run in (before, after)]
    if None in bases or bases[0] == bases[1] or after["model"] == after["base_model"]:
        return ""
    return "'before' is another base than the adapter's, so the difference is not what fine-tuning did"


def format_share(before: Scores, after: Scores) -> dict[str, float]:
    """BLEU gained by the raw answers, by the code extracted from them, and the difference, due to form alone."""
    gains = {}
    bleu = METRICS["bleu"]
    for name, row in (("raw", lambda item: item.raw_bleu), ("extracted", bleu.row)):
        old, new = (
            [measure(bleu, [item.id for item in part], list(map(row, part))).statistics for part in side]
            for side in (before, after)
        )
        gains[name] = round(float(values(new, bleu.combine).mean() - values(old, bleu.combine).mean()), 4)
    return gains | {"difference": round(gains["raw"] - gains["extracted"], 4)}


def load_comparison(path: Path) -> Comparison | None:
    """The comparison.json at `path`; None where there is none. Raises UserError where it cannot be read."""
    try:
        content = read_file(path)
    except FileNotFoundError:
        return None
    return parse_record(Comparison, content, str(path), "Delete it or give another --output_dir")


def _check_comparable(before: Run, after: Run) -> None:
    if mismatch := _mismatch(before, after, MUST_MATCH):
        raise UserError(
            f"cannot compare {before.name} with {after.name}: their {mismatch}; evaluate both in the same way"
        )


def _check_extends(earlier: Comparison, before: Run) -> None:
    names = MUST_MATCH | {"fingerprint": "models before", "predictions": "files before"}
    if mismatch := _mismatch(earlier.before, before, names):
        raise UserError(
            f"the comparison in this folder has another 'before': the {mismatch}; give another --output_dir or "
            "--fresh to replace it"
        )


def _mismatch(left: Run, right: Run, names: dict[str, str]) -> str:
    """The first key of `names` in which their provenance differs, with both values; "" where there is none."""
    for key, what in names.items():
        old, new = left.provenance.get(key), right.provenance.get(key)
        if old != new:
            return f"{what} differ ({_short(old)} and {_short(new)})"
    return ""


def _short(value: Any) -> str:
    text = "not stated" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text[:90]


def _differences(before: Scores, after: Scores, config: EvaluationConfig) -> dict[str, Difference]:
    old, new = (measures_by_metric(side) for side in (before, after))
    return {
        name: difference_over_seeds(old[name], new[name], config.bootstrap_resamples, config.seed)
        for name in old
        if not (name in METRICS and METRICS[name].beside)
        if name in new and counting([*old[name], *new[name]]).any()  # else no row counts in all
    }


def _by_language(before: Scores, after: Scores, config: EvaluationConfig) -> dict[str, dict[str, Difference]]:
    return {
        language or "other": _differences(of_language(before, language), of_language(after, language), config)
        for language in sorted({score.language for score in before[0]})
    }


def _by_novelty(
    before: Scores, after: Scores, novelty: Mapping[str, Likeness], config: EvaluationConfig
) -> dict[str, dict[str, Difference]]:
    """The differences in each band, and on all samples unlike anything trained on; bands without a sample are left out."""
    bands = {name: {key for key, item in novelty.items() if band_of(item.answer) == name} for name in BANDS}
    bands[UNLIKE_NAME] = {key for key, item in novelty.items() if item.answer < UNLIKE}
    return {
        name: _differences(of_ids(before, ids), of_ids(after, ids), config)
        for name, ids in bands.items()
        if ids
    }


def _corrected(methods: dict[str, MethodComparison]) -> dict[str, MethodComparison]:
    """Every p-value corrected for the number of differences in the report."""
    keys = [(name, metric) for name, method in methods.items() for metric in method.difference]
    adjusted = holm([methods[name].difference[metric].p_value for name, metric in keys])
    corrected = {name: dict(method.difference) for name, method in methods.items()}
    for (name, metric), p_holm in zip(keys, adjusted, strict=True):
        corrected[name][metric] = dataclasses.replace(corrected[name][metric], p_holm=p_holm)
    return {name: dataclasses.replace(method, difference=corrected[name]) for name, method in methods.items()}


def _side_by_side(before: ScoredRun, after: ScoredRun) -> list[ComparedExample]:
    """The first completion of every sample."""
    later = {score.id: (sample, score) for sample, score in _first(after)}
    return [
        ComparedExample(
            sample.id, sample.language, sample.instruction, sample.input, sample.reference,
            before=score.code or sample.prediction,
            after=later[sample.id][1].code or later[sample.id][0].prediction,
            before_scores=sample_figures(score),
            after_scores=sample_figures(later[sample.id][1]),
        )
        for sample, score in _first(before)
    ]  # fmt: skip


def _first(run: ScoredRun) -> list[tuple[Sample, SampleScore]]:
    seen: dict[str, tuple[Sample, SampleScore]] = {}
    for sample, score in zip(run.samples, run.scores, strict=True):
        seen.setdefault(sample.id, (sample, score))
    return list(seen.values())


def sample_figures(score: SampleScore) -> dict[str, Any]:
    """What the report shows of one answer."""
    values = {name: metric.value(score) for name, metric in METRICS.items() if metric.by_sample}
    return {
        **{name: None if value is None else round(value, 2) for name, value in values.items()},
        "execution": score.execution,
        "functional": score.functional,
        "error": score.error,
        "message": score.message,
    }
