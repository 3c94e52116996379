"""The sentences at the head of a report: the answer follows from the figures, and says what they do not show."""

from __future__ import annotations

import dataclasses

import pytest

from src.data.curation.novelty import UNLIKE_NAME
from src.report.verdict import data_and_test_set, headline, one_training, title
from src.schema import Comparison, Difference
from tests.evaluation.comparisons import comparison, with_seeds, with_trainings

RUNS, PASSES = "execution_success", "functional_accuracy"
UNSURE = "not significant (which does not show that there is no effect)"


def _difference(
    delta: float, p_holm: float, values: tuple[float, float] | None = None, detectable: float = 14.0
) -> Difference:
    ci95 = (delta - 3.1, delta + 3.2)
    return Difference(delta, ci95, p_holm / 2, p_holm, 20, 10, 20, 50, detectable, "t", values=values)


def _compared(**differences: Difference) -> Comparison:
    made = comparison(1, 0)
    method = dataclasses.replace(made.comparisons["lora"], difference=differences)
    return dataclasses.replace(made, comparisons={"lora": method})


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        (
            {RUNS: _difference(36.7, 0.0004, (52.0, 88.8)), PASSES: _difference(11.8, 0.009, (7.4, 19.1))},
            "Yes: with LoRA 37 points more of the programs run (52 to 89 %) and 12 points more pass (7 to 19 %).",
        ),
        (
            {RUNS: _difference(2.0, 0.4), PASSES: _difference(11.8, 0.009)},
            "Yes: with LoRA 12 points more of the programs pass; 2 points more run (95 % CI −1.1 to 5.2, corrected p = 0.40; "
            f"minimum detectable difference 14 points, 80 % power), {UNSURE}.",
        ),
        (
            {RUNS: _difference(36.7, 0.0004), PASSES: _difference(-0.6, 0.8)},
            "In part: with LoRA 37 points more of the programs run; 0.6 points fewer pass (95 % CI −3.7 to 2.6, corrected "
            f"p = 0.80; minimum detectable difference 14 points, 80 % power), {UNSURE}.",
        ),
        (
            {RUNS: _difference(-9.0, 0.01), PASSES: _difference(8.0, 0.01)},
            "In part: with LoRA 9 points fewer of the programs run and 8 points more pass.",
        ),
        (
            {RUNS: _difference(9.0, 0.01), PASSES: _difference(-1.0, 0.01)},
            "No, it got worse: with LoRA 9 points more of the programs run and 1 point fewer pass.",
        ),
        (
            {RUNS: _difference(0.0, 1.0), PASSES: _difference(0.0, 1.0, detectable=100.0)},
            "No difference was shown with LoRA: as many of the programs run (95 % CI −3.1 to 3.2, corrected p = 1.00; minimum "
            "detectable difference 14 points, 80 % power) and as many pass (95 % CI −3.1 to 3.2, corrected p = 1.00; this n can "
            f"show nothing), {UNSURE}.",
        ),
        (
            {RUNS: _difference(36.7, 0.0004)},
            "In part: with LoRA 37 points more of the programs run; whether they are right could not be judged.",
        ),
        (
            {"bleu": _difference(7.1, 0.0004), "chrf": _difference(5.0, 0.4)},
            "Not tested, no program was run or judged: with LoRA BLEU +7.1 (95 % CI 4.0 to 10.3): more like the references, "
            "which need not be better code.",
        ),
        (
            {"bleu": _difference(-1.0, 0.4)},
            "Not tested, no program was run or judged: with LoRA BLEU −1.0 (95 % CI −4.1 to 2.2), " + UNSURE + ".",
        ),
        ({"pass@10": _difference(3.0, 0.001)}, "Not tested, no program was run or judged: with LoRA pass@10 +3 points (95 % CI −0.1 to 6.2)."),
        ({}, "LoRA: no metric could be compared."),
    ],
)  # fmt: skip
def test_the_answer_follows_from_the_numbers(differences: dict[str, Difference], expected: str) -> None:
    assert headline(_compared(**differences), "lora") == expected


def test_a_list_of_reports_gets_the_answer_without_its_evidence() -> None:
    unsure = _difference(2.0, 0.4)
    for differences, expected in (
        ({RUNS: _difference(36.7, 0.0004, (52.0, 88.8)), PASSES: unsure}, "In part: with LoRA 37 points more of the programs run (52 to 89 %); no change was shown in how many pass."),
        ({RUNS: unsure, PASSES: unsure}, "No difference was shown with LoRA."),
    ):  # fmt: skip
        assert headline(_compared(**differences), "lora", brief=True) == expected


def _with_novelty(n: int, metric: str = PASSES) -> Comparison:
    found = dataclasses.replace(_difference(8.0, 1.0), n=n)
    made = _compared(**{PASSES: _difference(11.8, 0.009)})
    method = dataclasses.replace(made.comparisons["lora"], by_novelty={UNLIKE_NAME: {metric: found}})
    return dataclasses.replace(made, comparisons={"lora": method})


def test_the_gain_on_new_samples_is_told_where_there_are_enough() -> None:
    new = "; on the 20 samples unlike anything trained on, 8 points more {} (95 % CI 4.9 to 11.2)."
    assert headline(_with_novelty(20), "lora").endswith(new.format("pass"))
    assert headline(_with_novelty(20, RUNS), "lora").endswith(new.format("run"))
    few = "; too few samples ({}) are unlike anything trained on to tell what is left on those."
    assert headline(_with_novelty(19), "lora").endswith(few.format(19))
    assert headline(_with_novelty(50, "bleu"), "lora").endswith(few.format(0))


def test_the_number_of_seeds_ends_the_answer_where_it_is_known() -> None:
    made = comparison(1)
    assert "seed" not in headline(made, "lora")  # of answers whose model is not known
    assert headline(with_trainings(made), "lora").endswith("; one training seed.")
    assert headline(with_seeds(with_trainings(made, 3)), "lora").endswith("; mean of 3 training seeds.")


def test_a_headline_repeats_the_caveat_of_its_method() -> None:
    made = _compared(**{PASSES: _difference(11.8, 0.009)})
    plain = headline(made, "lora")
    method = dataclasses.replace(made.comparisons["lora"], caveat="it ran elsewhere")
    assert headline(dataclasses.replace(made, comparisons={"lora": method}), "lora") == (
        f"{plain} Caution: it ran elsewhere."
    )


def test_names_are_written_as_the_page_requires() -> None:
    made = dataclasses.replace(comparison(1), before_name="full precision")
    assert "with <LoRA> instead of <full precision>" in headline(made, "lora", "<{}>".format)
    assert title(made, "<{}>".format) == "<full precision> and <LoRA> on <SmolLM2-135M-Instruct>"


def test_the_title_says_no_more_than_is_known() -> None:
    made = comparison(2)
    assert title(made, str) == "SmolLM2-135M-Instruct before and after fine-tuning"
    assert data_and_test_set(made, str) == "tested on the starter set, n = 50"
    assert title(with_trainings(made), str) == "Base-7b before and after fine-tuning"
    trained = with_trainings(made)
    assert data_and_test_set(trained, str) == "trained on Code Alpaca, tested on the starter set, n = 50"
    own = dataclasses.replace(trained, test_set={"name": "data", "origin": "org/CodeAlpaca-20k"})
    assert data_and_test_set(own, str) == "trained on Code Alpaca, tested on its test split, n = 50"
    bare = dataclasses.replace(made, test_set={}, before=dataclasses.replace(made.before, provenance={}))
    assert title(bare, str) == "Before and after fine-tuning"
    assert data_and_test_set(bare, str) == "n = 50"


def test_models_of_one_training_are_named() -> None:
    made = comparison(2)
    assert one_training(made) == (
        "LoRA and QLoRA rest on one training each: intervals and p-values cover other samples, not other seeds."
    )
    assert one_training(with_seeds(made)).startswith("QLoRA rests on one training: ")
    assert one_training(with_seeds(comparison(1))) == ""
    lora = made.comparisons["lora"]
    given = dataclasses.replace(
        lora, after=dataclasses.replace(lora.after, provenance={"predictions": "new.jsonl"})
    )
    assert one_training(dataclasses.replace(made, comparisons={"lora": given})) == ""


def test_an_adapter_before_is_one_training_and_a_base_model_is_none() -> None:
    made = with_seeds(comparison(1))
    for model, expected in (("checkpoints/lora/final", "The model before rests on"), ("smollm2-135m", "")):
        origin = made.before.provenance | {"model": model, "base_model": "smollm2-135m"}
        before = dataclasses.replace(made.before, provenance=origin)
        found = one_training(dataclasses.replace(made, before=before))
        assert found.startswith(expected)
        assert bool(found) == bool(expected)
