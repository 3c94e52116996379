"""A comparison holds what the statistics say of two runs, and refuses runs that do not belong together."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from src.config import Config
from src.evaluation.comparison import compare, format_share, load_comparison
from src.evaluation.runs import ScoredRun, run_predictions
from src.evaluation.statistics.estimates import holm
from src.metrics.table import METRICS
from src.schema import Comparison, Sample, UserError, parse_record, to_json
from tests.evaluation.samples import write_predictions

REFERENCE = "def double(x):\n    return 2 * x"
WRONG = "def double(x):\n    return 3 * x"


def _samples(right: set[int], chatter: bool = False) -> list[Sample]:
    answers = [REFERENCE if n in right else WRONG for n in range(8)]
    if chatter:
        answers = [f"Here you are, with pleasure:\n```python\n{code}\n```" for code in answers]
    return [
        Sample(str(n), f"Double it, task {n}.", "", REFERENCE, answer, "python", "assert double(2) == 4")
        for n, answer in enumerate(answers)
    ]


@pytest.fixture(scope="module")
def scored(tmp_path_factory, config: Config) -> dict[str, ScoredRun]:
    folder = tmp_path_factory.mktemp("runs")
    files = {
        "before": _samples({0, 1}, chatter=True),
        "lora": _samples({0, 2, 3, 4, 5, 6, 7}),
        "qlora": _samples({0, 1, 2, 3}),
        "others": _samples({0, 1})[:5],
        "again": _samples({0, 2, 3}),
    }
    return {
        name: run_predictions(write_predictions(folder / f"{name}.jsonl", samples), config, folder)
        for name, samples in files.items()
    }


def _compared(scored, config, *methods):
    made = None
    for method in methods:
        made = compare([scored["before"]], [scored[method]], method, config.evaluation, {}, made)
    return made


def test_wins_losses_and_ties_are_those_of_the_samples(scored, config):
    found = _compared(scored, config, "lora").comparisons["lora"].difference["functional_accuracy"]
    assert (found.wins, found.losses, found.ties, found.n) == (6, 1, 1, 8)
    assert found.delta == pytest.approx(100 * (7 - 2) / 8)


def test_both_methods_stand_beside_one_before_and_are_corrected_together(scored, config):
    made = _compared(scored, config, "lora", "qlora")
    assert list(made.comparisons) == ["lora", "qlora"]
    family = [d for method in made.comparisons.values() for d in method.difference.values()]
    assert len(family) == 2 * sum(not metric.beside for metric in METRICS.values())
    assert [d.p_holm for d in family] == holm([d.p_value for d in family])
    alone = _compared(scored, config, "lora").comparisons["lora"].difference["bleu"]
    assert made.comparisons["lora"].difference["bleu"].p_value == alone.p_value


def test_comparing_a_method_again_replaces_it(scored, config):
    again = _compared(scored, config, "lora", "qlora", "lora")
    assert sorted(again.comparisons) == ["lora", "qlora"]


def test_every_sample_stands_side_by_side(scored, config):
    examples = _compared(scored, config, "lora").comparisons["lora"].examples
    assert [example.id for example in examples] == [str(n) for n in range(8)]
    assert examples[2].before == WRONG
    assert examples[2].after == REFERENCE
    assert examples[2].after_scores["functional"] == "passed"
    assert examples[2].after_scores["bleu"] == 100


def test_the_share_of_form_is_what_extraction_takes_away(scored):
    share = format_share([scored["before"].scores], [scored["lora"].scores])
    assert share["difference"] == pytest.approx(share["raw"] - share["extracted"], abs=1e-3)
    assert share["difference"] > 5  # the chatter is gone
    same = format_share([scored["before"].scores], [scored["before"].scores])
    assert same == {"raw": 0, "extracted": 0, "difference": 0}


def test_a_comparison_comes_back_from_its_json(scored, config, tmp_path: Path):
    made = _compared(scored, config, "lora", "qlora")
    path = tmp_path / "comparison.json"
    path.write_text(to_json(made), encoding="utf-8")
    assert load_comparison(path) == made
    assert load_comparison(tmp_path / "none.json") is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 2}', '{"schema": 1}', "null"])
def test_a_file_that_is_no_comparison_is_refused(tmp_path: Path, content: str):
    path = tmp_path / "comparison.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"Delete it or give another --output_dir"):
        load_comparison(path)


def test_other_samples_are_refused(scored, config):
    with pytest.raises(UserError, match="their test sets differ"):
        _compared(scored, config, "others")


@pytest.mark.parametrize("key", ["decoding", "sandbox", "backend"])
def test_another_way_of_evaluating_is_refused(scored, config, key: str):
    run = scored["lora"].run
    changed = dataclasses.replace(run, provenance=run.provenance | {key: "another"})
    with pytest.raises(UserError, match="differ"):
        compare(
            [scored["before"]],
            [dataclasses.replace(scored["lora"], run=changed)],
            "lora",
            config.evaluation,
            {},
        )


def test_another_model_before_is_refused(scored, config):
    made = _compared(scored, config, "lora")
    with pytest.raises(UserError, match="another 'before'"):
        compare([scored["qlora"]], [scored["lora"]], "qlora", config.evaluation, {}, made)


def test_json_follows_the_documented_shape(scored, config):
    made = _compared(scored, config, "lora")
    values = json.loads(to_json(made))
    assert values["schema"] == 1
    assert set(values) == {"schema", "test_set", "before", "before_name", "comparisons", "provenance"}
    documented = {"value", "ci95", "n", "coverage", "signature"}
    assert documented == set(values["before"]["metrics"]["bleu"])
    assert documented | {"package_value"} == set(values["before"]["metrics"]["codebleu"])
    assert parse_record(Comparison, to_json(made), "x", "") == made
    difference = values["comparisons"]["lora"]["difference"]["bleu"]
    assert {"delta", "ci95", "p_value", "wins", "losses", "ties"} <= set(difference)
    assert made.test_set["languages"] == {"python": 8}


BASE = {"model": "m", "base_model": "m", "base_fingerprint": "1"}
OTHER = {"model": "o", "base_model": "o", "base_fingerprint": "2"}
ADAPTER = {"model": "lora/final", "base_model": "m", "base_fingerprint": "1"}


@pytest.mark.parametrize(
    ("before", "after", "caveat"),
    [
        (BASE, ADAPTER, ""),
        (OTHER, ADAPTER, "'before' is another base than the adapter's"),
        (BASE, ADAPTER | {"trained_on": "x (3)"}, "trained on another base than the one that it ran on"),
        (ADAPTER, ADAPTER | {"model": "qlora/final"}, ""),  # two adapters of one base
        (OTHER, BASE, ""),  # of two whole models nobody knows
        ({}, ADAPTER, ""),  # of a version that did not record it
        (BASE, {}, ""),  # answers of somebody else
    ],
)
def test_a_difference_that_is_not_what_fine_tuning_did_says_so(
    scored, config, caplog, before: dict, after: dict, caveat: str
):
    runs = [
        dataclasses.replace(
            scored[name],
            run=dataclasses.replace(scored[name].run, provenance=scored[name].run.provenance | more),
        )
        for name, more in (("before", before), ("lora", after))
    ]
    found = compare(runs[:1], runs[1:], "lora", config.evaluation, {}).comparisons["lora"].caveat
    assert caveat in found
    assert bool(found) is bool(caveat)
    assert (found in caplog.text) or not caveat


def test_several_seeds_are_one_method_with_a_mean_and_every_value(scored, config):
    made = compare([scored["before"]], [scored["lora"], scored["again"]], "lora", config.evaluation, {})
    method = made.comparisons["lora"]
    passed = {name: seed["functional_accuracy"] for name, seed in method.after.seeds.items()}
    assert passed == {"lora": 100 * 7 / 8, "again": 100 * 3 / 8}
    assert method.after.metrics["functional_accuracy"].value == pytest.approx(100 * 5 / 8)
    found = method.difference["functional_accuracy"]
    assert found.delta == pytest.approx(100 * (5 - 2) / 8)
    assert (found.seeds.before, found.seeds.after) == (1, 2)
    assert set(method.by_language["python"]) == set(method.difference)
    assert method.after.outcomes["functional"] == {"failed": 6, "passed": 10}  # of both
    assert method.after.provenance["predictions"] == ["lora.jsonl", "again.jsonl"]
    assert method.after.provenance["sandbox"] == scored["lora"].run.provenance["sandbox"]
    assert made.before == scored["before"].run
    assert made.before.seeds == {}
    shares = [format_share([scored["before"].scores], [scored[name].scores]) for name in ("lora", "again")]
    assert method.format_share["raw"] == pytest.approx((shares[0]["raw"] + shares[1]["raw"]) / 2, abs=1e-3)


def test_seeds_may_stand_on_both_sides_and_further_methods_join_them(scored, config, tmp_path: Path):
    before = [scored["before"], scored["qlora"]]
    made = compare(before, [scored["lora"], scored["again"]], "lora", config.evaluation, {})
    path = tmp_path / "comparison.json"
    path.write_text(to_json(made), encoding="utf-8")
    made = compare(before, [scored["again"]], "one", config.evaluation, {}, load_comparison(path))
    assert list(made.before.seeds) == ["before", "qlora"]
    assert made.comparisons["one"].difference["bleu"].seeds.after == 1
    with pytest.raises(UserError, match="another 'before'"):
        compare(before[:1], [scored["again"]], "one", config.evaluation, {}, made)


def test_a_seed_on_other_samples_is_refused(scored, config):
    with pytest.raises(UserError, match="their test sets differ"):
        compare([scored["before"]], [scored["lora"], scored["others"]], "lora", config.evaluation, {})


def test_a_comparison_of_the_first_version_is_read(scored, config, tmp_path: Path):
    made = _compared(scored, config, "lora")
    values = json.loads(to_json(made))
    for run in (values["before"], values["comparisons"]["lora"]["after"]):
        del run["seeds"]
        del run["trainings"]
    del values["before_name"]
    for found in values["comparisons"]["lora"]["difference"].values():
        del found["seeds"], found["values"]
    (tmp_path / "comparison.json").write_text(json.dumps(values), encoding="utf-8")
    read = load_comparison(tmp_path / "comparison.json")
    method = made.comparisons["lora"]
    bare = {name: dataclasses.replace(found, values=None) for name, found in method.difference.items()}
    assert read == dataclasses.replace(
        made, comparisons={"lora": dataclasses.replace(method, difference=bare)}
    )


def test_the_values_of_a_difference_are_over_the_samples_that_count_in_both(scored, config):
    found = _compared(scored, config, "lora").comparisons["lora"].difference
    assert found["functional_accuracy"].values == (25.0, 87.5)
    for difference in found.values():
        assert difference.values[1] - difference.values[0] == pytest.approx(difference.delta)
    seeds = compare([scored["before"]], [scored["lora"], scored["again"]], "lora", config.evaluation, {})
    assert seeds.comparisons["lora"].difference["functional_accuracy"].values == (25.0, 62.5)


def test_the_name_of_the_model_before_stays_with_the_report(scored, config):
    named = compare(
        [scored["before"]], [scored["lora"]], "lora", config.evaluation, {}, before_name="LoRA, r 8"
    )
    added = compare([scored["before"]], [scored["qlora"]], "qlora", config.evaluation, {}, named)
    assert added.before_name == "LoRA, r 8"
    changed = compare([scored["before"]], [scored["qlora"]], "qlora", config.evaluation, {}, named, "r 8")
    assert changed.before_name == "r 8"


def test_what_went_wrong_stands_beside_the_answer_in_its_own_words(scored, config):
    examples = _compared(scored, config, "lora").comparisons["lora"].examples
    assert examples[2].before_scores["message"] == "assert double(2) == 4"
    assert examples[2].after_scores["message"] == ""
