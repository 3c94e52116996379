"""Formats names and values, the same in every report."""

from __future__ import annotations

import re

from src.languages.registry import label
from src.metrics.table import METRICS, PERCENT
from src.models.embedded import public_name
from src.schema import Comparison, Difference, Run, Score, Training

METHOD_LABELS = {"lora": "LoRA", "qlora": "QLoRA", "dora": "DoRA", "rslora": "rsLoRA", "pissa": "PiSSA"}
DATA_LABELS = {  # where data are from, or the name of a test set -> what people call it
    r"code_?-?alpaca": "Code Alpaca",
    r"starter": "the starter set",
    r"humaneval_?plus": "HumanEval+",
    r"humaneval": "HumanEval",
    r"mbpp_?plus": "MBPP+",
    r"mbpp": "MBPP",
}
BEFORE = "Before"
SIGNIFICANCE = 0.05
FEW_METHODS = 2  # with more, the head of a report is shortened, so that it stays on the first screens
MINUS = "\u2212"
NOT_AVAILABLE = "n/a"


def metric_label(name: str) -> str:
    return METRICS[name].label if name in METRICS else name


def method_label(name: str) -> str:
    return METHOD_LABELS.get(name, name)


def before_label(comparison: Comparison) -> str:
    """What the model before is called: as given, else the method that trained it, else Before."""
    trained = {method_label(training.method) for training in comparison.before.trainings}
    taken = set(map(method_label, comparison.comparisons))
    return comparison.before_name or (trained.pop() if len(trained) == 1 and not trained & taken else BEFORE)


def model_label(base: str) -> str:
    """A model by the last part of its name: CodeLlama-7b-hf."""
    return re.split(r"[\\/]", public_name(base).rstrip("/\\"))[-1]


def data_label(origin: str) -> str:
    """Data, or a test set, by the name that people use; that of their file or of the hub where there is none."""
    known = (name for pattern, name in DATA_LABELS.items() if re.search(pattern, origin, re.IGNORECASE))
    return next(known, origin.rsplit("/", 1)[-1])


def named_runs(comparison: Comparison) -> list[tuple[str, Run]]:
    """The model before and each method after, by their labels."""
    methods = [(method_label(name), method.after) for name, method in comparison.comparisons.items()]
    return [(before_label(comparison), comparison.before), *methods]


def trainings(comparison: Comparison) -> dict[str, list[Training]]:
    """The trainings behind each model that has any, by its label."""
    return {name: run.trainings for name, run in named_runs(comparison) if run.trainings}


def is_share(metric: str) -> bool:
    """Whether the metric is a percentage of samples, not a score."""
    return METRICS[metric].unit == PERCENT if metric in METRICS else metric.startswith("pass@")


def language_label(name: str) -> str:
    return label(name) if name not in ("", "other") else "other or not known"


def metric_names(comparison: Comparison) -> list[str]:
    """Every metric of the comparison: the known ones in their usual order, then the others."""
    found = {name for _, run in named_runs(comparison) for name in shown_metrics(run)}
    return [name for name in METRICS if name in found] + sorted(found - METRICS.keys())


def tested_metrics(comparison: Comparison) -> list[str]:
    """Those of them that are tested: without the ones that count another otherwise."""
    return [name for name in metric_names(comparison) if not (name in METRICS and METRICS[name].beside)]


def shown_metrics(run: Run) -> list[str]:
    """Every metric of the run but those that say the same as the one that they stand beside."""
    return [name for name in run.metrics if not _repeats(run, name)]


def _repeats(run: Run, name: str) -> bool:
    main = run.metrics.get(METRICS[name].beside) if name in METRICS else None
    score = run.metrics[name]
    return main is not None and (main.value, main.n) == (score.value, score.n)


def drawn_metrics() -> list[str]:
    """The metrics of the chart and of the tables by language."""
    return [name for name, metric in METRICS.items() if metric.drawn]


def sample_metrics() -> dict[str, str]:
    """The metrics that each single sample shows, with their labels."""
    return {name: metric.label for name, metric in METRICS.items() if metric.by_sample}


def number(value: float | None) -> str:
    """A score with one decimal; a true minus sign."""
    return NOT_AVAILABLE if value is None else f"{value:.1f}".replace("-", MINUS)


def signed(value: float) -> str:
    """A difference with its sign, and 0.0 where it rounds to zero: +7.1, −0.4, 0.0."""
    text = f"{value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", MINUS)


def points(metric: str, text: str) -> str:
    """A value with its unit for a sentence: 12 points of a share, 7.1 of a score."""
    if not is_share(metric):
        return text
    short = text.removesuffix(".0")
    return f"{short} point" if short.lstrip(f"+{MINUS}") == "1" else f"{short} points"


def interval(ci95: tuple[float, float] | None) -> str:
    return NOT_AVAILABLE if ci95 is None else f"{number(ci95[0])} to {number(ci95[1])}"


def p_text(p_value: float) -> str:
    """What follows the letter p: "< 0.001", "= 0.012", "= 0.48"; close to the significance level, "= 0.0504"."""
    if p_value < 0.001:
        return "< 0.001"
    if p_value >= 0.1:
        return f"= {p_value:.2f}"
    text = f"{p_value:.3f}"
    return f"= {p_value:.4f}" if text == f"{SIGNIFICANCE:.3f}" else f"= {text}"


def evidence(difference: Difference) -> str:
    """Interval, corrected p, n and seeds of a difference, to be written in parentheses."""
    corrected = f"Holm-corrected p {p_text(difference.p_holm)}"
    return f"95 % CI {interval(difference.ci95)}, {corrected}, {sizes(difference)}"


def sizes(difference: Difference) -> str:
    """What a difference rests on: "n = 50", "n = 50, 3 seeds", or of two methods with seeds "n = 50, 3 and 5 seeds"."""
    found = difference.seeds
    if found is None:
        return f"n = {difference.n}"
    counts = sorted({count for count in (found.before, found.after) if count > 1})
    return f"n = {difference.n}, {' and '.join(map(str, counts))} seeds"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def score_text(score: Score | None) -> str:
    if score is None or score.value is None:
        return NOT_AVAILABLE
    return f"{number(score.value)} [{interval(score.ci95)}]"


def sample_count(difference: Difference | None, *scores: Score | None) -> str:
    """How many samples a difference is over, and of how many where the scores beside it are over more: "1 of 2"."""
    beside = "/".join(str(n) for n in sorted({0 if score is None else score.n for score in scores}))
    if difference is None:
        return beside
    return f"{difference.n} of {beside}" if over_fewer(difference, *scores) else str(difference.n)


def over_fewer(difference: Difference, *scores: Score | None) -> bool:
    """Whether a score beside the difference is over more samples than count in both."""
    return any(score is not None and score.n > difference.n for score in scores)


def significant(difference: Difference) -> bool:
    return difference.p_holm < SIGNIFICANCE
