"""The result of a comparison in words: whether it got better, by how much, on new samples, with how many seeds."""

from __future__ import annotations

from collections.abc import Callable

from src.data.curation.novelty import UNLIKE_NAME
from src.metrics.table import METRICS
from src.report.formatting import (
    BEFORE,
    before_label,
    data_label,
    interval,
    is_share,
    method_label,
    metric_label,
    model_label,
    p_text,
    points,
    signed,
    significant,
    trainings,
)
from src.schema import Comparison, Difference, MethodComparison, Run

Shown = Callable[[str], str]  # how a name is written: escaped for Markdown, or as it is

RUNS, PASSES = "execution_success", "functional_accuracy"
WORDS = {RUNS: "run", PASSES: "pass"}  # what programs of that metric do
FEWEST = 20  # samples unlike anything trained on, of which the change is told
NOT_SIGNIFICANT = "not significant (which does not show that there is no effect)"


def title(comparison: Comparison, shown: Shown) -> str:
    """What was compared: the model, as far as it is known, and the methods where none stands before."""
    before, model = before_label(comparison), base_model(comparison)
    if before == BEFORE:
        return f"{shown(model)} before and after fine-tuning" if model else "Before and after fine-tuning"
    names = _listed([shown(name) for name in (before, *map(method_label, comparison.comparisons))])
    return f"{names} on {shown(model)}" if model else names


def base_model(comparison: Comparison) -> str:
    """The label of the model that was fine-tuned; "" where that is not known or not one."""
    found = {item.base_model for each in trainings(comparison).values() for item in each}
    recorded = comparison.before.provenance
    found = found or {str(recorded.get("base_model") or recorded.get("model") or "")}
    return model_label(found.pop()) if len(found) == 1 else ""


def data_and_test_set(comparison: Comparison, shown: Shown) -> str:
    """What it was trained and tested on: "trained on Code Alpaca, tested on HumanEval, n = 164"."""
    labels = {data_label(item.data) for each in trainings(comparison).values() for item in each}
    origin, name = (str(comparison.test_set.get(key) or "") for key in ("origin", "name"))
    tested = data_label(origin or name)
    place = f"the test split of {shown(tested)}" if origin else shown(tested)
    if labels == {tested}:
        return f"trained on {shown(tested)}, tested on its test split, n = {comparison.before.n}"
    data = f"trained on {shown(labels.pop())}, " if len(labels) == 1 else ""
    return f"{data}{f'tested on {place}, ' if tested else ''}n = {comparison.before.n}"


def headline(comparison: Comparison, name: str, shown: Shown = str, brief: bool = False) -> str:
    """The result of one method in a sentence, from its figures alone; `brief` leaves out what is in every table."""
    method = comparison.comparisons[name]
    before = before_label(comparison)
    who = shown(method_label(name)) + ("" if before == BEFORE else f" instead of {shown(before)}")
    if not method.difference:
        return f"{who}: no metric could be compared."
    known = {metric: method.difference[metric] for metric in WORDS if metric in method.difference}
    parts = [_tested(who, known, brief) if known else _untested(who, method)]
    parts += [*_unlike(method), *_seeds(method.after)]
    caution = f" Caution: {shown(method.caveat)}." if method.caveat else ""
    return "; ".join(parts) + "." + caution


def one_training(comparison: Comparison, shown: Shown = str) -> str:
    """A sentence that names the models of one training each, whose seed may be lucky; "" for none and where nothing
    is known of any model, as of answers from a file."""
    before = before_label(comparison)
    named = [("The model before" if before == BEFORE else before, comparison.before)]
    named += [(method_label(name), method.after) for name, method in comparison.comparisons.items()]
    names = [
        shown(name)
        for name, run in named
        if not run.seeds and (_is_trained(run) if run is comparison.before else "model" in run.provenance)
    ]
    if not names:
        return ""
    rest = "rest on one training each" if len(names) > 1 else "rests on one training"
    return f"{_listed(names)} {rest}: intervals and p-values cover other samples, not other seeds."


def _tested(who: str, known: dict[str, Difference], brief: bool) -> str:
    """The answer to whether it got better, by what the programs do."""
    changed = {metric: found for metric, found in known.items() if significant(found)}
    unclear = {metric: found for metric, found in known.items() if metric not in changed}
    first = next(iter({**changed, **unclear}))
    clauses = _listed([_change(metric, found, metric == first) for metric, found in changed.items()])
    left = [_unshown(metric, found, metric == first) for metric, found in unclear.items()]
    if not changed:
        nothing = f"No difference was shown with {who}"
        return nothing if brief else f"{nothing}: {_listed(left)}, {NOT_SIGNIFICANT}"
    parts = [f"{_answer(changed)}: with {who} {clauses}"]
    if left:
        words = _listed([WORDS[metric] for metric in unclear])
        parts += [
            f"no change was shown in how many {words}" if brief else f"{_listed(left)}, {NOT_SIGNIFICANT}"
        ]
    return "; ".join(parts + ([] if PASSES in known else ["whether they are right could not be judged"]))


def _answer(changed: dict[str, Difference]) -> str:
    better = {metric for metric, found in changed.items() if found.delta > 0}
    if not better or (PASSES in changed and PASSES not in better):
        return "No, it got worse"
    return "Yes" if PASSES in better and len(better) == len(changed) else "In part"


def _change(metric: str, difference: Difference, first: bool) -> str:
    """ "12 points more of the programs pass (7 to 19 %)" """
    levels = "" if difference.values is None else " ({:.0f} to {:.0f} %)".format(*difference.values)
    return f"{_more(difference.delta, first)} {WORDS[metric]}{levels}"


def _unshown(metric: str, difference: Difference, first: bool) -> str:
    shown = "this n can show nothing"
    if difference.detectable < 100:
        shown = f"minimum detectable difference {_points(difference.detectable)}, 80 % power"
    evidence = f"95 % CI {interval(difference.ci95)}, corrected p {p_text(difference.p_holm)}; {shown}"
    return f"{_more(difference.delta, first)} {WORDS[metric]} ({evidence})"


def _more(delta: float, first: bool) -> str:
    of = " of the programs" if first else ""
    if signed(delta) == "0.0":
        return f"as many{of}"
    return f"{_points(abs(delta))} {'more' if delta > 0 else 'fewer'}{of}"


def _points(value: float) -> str:
    """Whole points, of less than one its decimal."""
    text = f"{value:.0f}" if value >= 0.95 else f"{value:.1f}"
    return f"{text} point" if text == "1" else f"{text} points"


def _untested(who: str, method: MethodComparison) -> str:
    """Where no program was run or judged, the first metric of texts, and what it says."""
    metric = next((name for name in METRICS if name in method.difference), next(iter(method.difference)))
    found = method.difference[metric]
    change = points(metric, signed(found.delta))
    told = f"Not tested, no program was run or judged: with {who} {metric_label(metric)} {change} (95 % CI {interval(found.ci95)})"
    if not significant(found):
        return f"{told}, {NOT_SIGNIFICANT}"
    likeness = "more" if found.delta > 0 else "less"
    return (
        told if is_share(metric) else f"{told}: {likeness} like the references, which need not be better code"
    )


def _unlike(method: MethodComparison) -> list[str]:
    """What is left of the change where the training data hold nothing alike."""
    if not method.by_novelty:
        return []
    there = method.by_novelty.get(UNLIKE_NAME, {})
    found = [(metric, there[metric]) for metric in (PASSES, RUNS) if metric in there]
    for metric, difference in found:
        if difference.n >= FEWEST:
            change = f"{_more(difference.delta, first=False)} {WORDS[metric]}"
            return [
                f"on the {difference.n} samples unlike anything trained on, {change} (95 % CI {interval(difference.ci95)})"
            ]
    count = max((difference.n for _, difference in found), default=0)
    return [f"too few samples ({count}) are unlike anything trained on to tell what is left on those"]


def _seeds(run: Run) -> list[str]:
    if run.seeds:
        return [f"mean of {len(run.seeds)} training seeds"]
    return ["one training seed"] if len(run.trainings) == 1 else []


def _is_trained(run: Run) -> bool:
    """Whether a run is of an adapter, which a training made."""
    model, base = (run.provenance.get(key) for key in ("model", "base_model"))
    return bool(run.trainings) or (base is not None and model != base)


def _listed(names: list[str]) -> str:
    *others, last = names or [""]
    return f"{', '.join(others)} and {last}" if others else last
