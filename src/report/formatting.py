"""Formats names and values, the same in every report."""

from __future__ import annotations

from collections.abc import Callable

from src.data.curation.novelty import UNLIKE_NAME
from src.languages.registry import label
from src.metrics.table import METRICS, PERCENT
from src.schema import Comparison, Difference, MethodComparison, Run, Score

METHOD_LABELS = {"lora": "LoRA", "qlora": "QLoRA", "dora": "DoRA", "rslora": "rsLoRA", "pissa": "PiSSA"}
SIGNIFICANCE = 0.05
FEWEST = 20  # samples unlike anything trained on of which the headline gives the change
MINUS = "\u2212"
NOT_AVAILABLE = "n/a"


def metric_label(name: str) -> str:
    return METRICS[name].label if name in METRICS else name


def method_label(name: str) -> str:
    return METHOD_LABELS.get(name, name)


def is_share(metric: str) -> bool:
    """Whether the metric is a percentage of samples, not a score."""
    return METRICS[metric].unit == PERCENT if metric in METRICS else metric.startswith("pass@")


def language_label(name: str) -> str:
    return label(name) if name not in ("", "other") else "other or not known"


def metric_names(comparison: Comparison) -> list[str]:
    """Every metric of the comparison: the known ones in their usual order, then the others."""
    runs = [comparison.before, *(method.after for method in comparison.comparisons.values())]
    found = {name for run in runs for name in shown_metrics(run)}
    return [name for name in METRICS if name in found] + sorted(found - METRICS.keys())


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


def seeds_needed(difference: Difference) -> str:
    """How many seeds a difference needs: "5", or that n is too small where more seeds would not help; "" with one training each."""
    if difference.seeds is None:
        return ""
    return str(difference.seeds.needed or "n is too small")


def one_training(comparison: Comparison, shown: Callable[[str], str]) -> str:
    """A sentence that names the models of one training each, as `shown`, whose seed may be lucky; "" for none."""
    named = [("The model before", comparison.before)] if _is_trained(comparison.before) else []
    named += [(method_label(name), method.after) for name, method in comparison.comparisons.items()]
    names = [name for name, run in named if not run.seeds]
    if not names:
        return ""
    *others, last = map(shown, names)
    who = f"{', '.join(others)} and {last} rest" if others else f"{last} rests"
    each = " each" if others else ""
    return f"{who} on one training{each}: intervals and p-values cover other samples, not other seeds."


def _is_trained(run: Run) -> bool:
    """Whether a run is of an adapter, which a training made."""
    model, base = (run.provenance.get(key) for key in ("model", "base_model"))
    return base is not None and model != base


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


def headline(name: str, method: MethodComparison) -> str:
    """The result of one method in a sentence, from its values alone; `name` is written as given."""
    leading = next((metric for metric in METRICS if metric in method.difference), None)
    if leading is None:
        return f"{name}: no metric could be compared."
    parts = [_leading_clause(name, leading, method.difference[leading])]
    verdict = next((m for m in reversed(drawn_metrics()) if is_share(m) and m in method.difference), None)
    if verdict is not None and verdict != leading:
        parts.append(_further_clause(verdict, method.difference[verdict]))
    if leading in method.by_novelty.get(UNLIKE_NAME, {}):
        parts.append(_unlike_clause(leading, method.by_novelty[UNLIKE_NAME][leading]))
    elif method.by_novelty:
        parts.append("none of the samples is unlike anything trained on")
    caution = f" Caution: {method.caveat}." if method.caveat else ""
    return "; ".join(parts) + "." + caution


def _unlike_clause(metric: str, difference: Difference) -> str:
    """What is left of the change where the training data hold nothing alike."""
    where = f"on the {difference.n} samples unlike anything trained on (nearest training answer {UNLIKE_NAME} alike)"
    if difference.n < FEWEST:
        return f"{where} {_in_sentence(metric)} cannot be told: fewer than {FEWEST}"
    change = points(metric, signed(difference.delta))
    return f"{where} {_in_sentence(metric)} {change} (95 % CI {interval(difference.ci95)})"


def _leading_clause(name: str, metric: str, difference: Difference) -> str:
    if significant(difference):
        verb = "gains" if difference.delta > 0 else "loses"
        amount = points(metric, number(abs(difference.delta)))
        return (
            f"{name} {verb} {amount} {'of ' if is_share(metric) else ''}{_in_sentence(metric)} "
            f"({evidence(difference)})"
        )
    change = (
        f"{name}: {_in_sentence(metric)} {points(metric, signed(difference.delta))} ({evidence(difference)})"
    )
    return f"{change}, {_not_significant(metric, difference)}"


def _further_clause(metric: str, difference: Difference) -> str:
    clause = f"{_in_sentence(metric)} {points(metric, signed(difference.delta))}"
    if significant(difference):
        return f"{clause} ({evidence(difference)})"
    return f"{clause}, {_not_significant(metric, difference)}"


def _not_significant(metric: str, difference: Difference) -> str:
    if difference.detectable >= 100:
        return f"not significant ({sizes(difference)} can show nothing)"
    shown = f"{sizes(difference)} can show {points(metric, number(difference.detectable))} or more"
    if difference.seeds is None:
        return f"not significant at this n ({shown})"
    needed = difference.seeds.needed
    more = (
        f"{needed} seeds show as much as this"
        if needed
        else "more seeds alone would not show as much as this"
    )
    return f"not significant ({shown}; {more})"


def _in_sentence(metric: str) -> str:
    return metric_label(metric).lower() if is_share(metric) else metric_label(metric)
