"""The section on what was trained: every setting of each method, and what is not recorded says so."""

from __future__ import annotations

import dataclasses
from typing import Any

from src.report.markdown.training import training_section
from src.schema import Comparison
from tests.evaluation.comparisons import comparison, with_trainings


def _changed(made: Comparison, **changes: Any) -> Comparison:
    """The first training of the first method with other values."""
    name, method = next(iter(made.comparisons.items()))
    first, *others = method.after.trainings
    after = dataclasses.replace(method.after, trainings=[dataclasses.replace(first, **changes), *others])
    return dataclasses.replace(
        made, comparisons=made.comparisons | {name: dataclasses.replace(method, after=after)}
    )


def test_each_method_has_its_settings_and_what_all_share_stands_once() -> None:
    text = training_section(with_trainings(comparison(2)))
    assert (
        "Model: Base-7b. Data: `org/CodeAlpaca-20k` (`CC BY-NC 4.0`), 4,106 samples. Machine: 2 CPU cores."
        in text
    )
    for method in ("LoRA", "QLoRA"):
        assert f"| {method} | 16 | 1.5 | 0.0002 | 42 | 1,843,200 (1.4 %) | 6 min |" in text
    assert "Not recorded" not in text


def test_seeds_share_a_row_and_values_that_differ_are_all_there() -> None:
    text = training_section(_changed(with_trainings(comparison(1), 3), machine="A GPU", seconds=36.0))
    assert (
        "| LoRA | 16 | 1.5 | 0.0002 | 42, 43, 44 | 1,843,200 (1.4 %) | 3 x 4 min |" in text
    )  # mean of 36, 372, 372 s
    assert "Machine: A GPU; 2 CPU cores." in text


def test_times_have_the_unit_that_is_read_at_once() -> None:
    for seconds, shown in ((95.0, "95 s"), (600.0, "10 min"), (9_000.0, "2.5 h")):
        assert f"| {shown} |" in training_section(_changed(with_trainings(comparison(1)), seconds=seconds))


def test_what_is_not_recorded_says_so() -> None:
    made = with_trainings(comparison(1))
    assert "Not recorded for LoRA, QLoRA: no `run.json` was there" in training_section(comparison(2))
    both = dataclasses.replace(
        made, comparisons=made.comparisons | {"qlora": comparison(2).comparisons["qlora"]}
    )
    assert training_section(both).endswith(
        "Not recorded for QLoRA: no `run.json` was there, or an older version scored the answers."
    )
    nothing = dict.fromkeys("seed samples epochs learning_rate rank trained_parameters seconds".split())
    text = training_section(_changed(made, machine="", licence="", **nothing))
    assert "Data: `org/CodeAlpaca-20k`." in text
    assert "| LoRA | n/a | n/a | n/a | n/a | n/a | n/a |" in text
    assert "| 1,843,200 |" in training_section(_changed(made, all_parameters=None))
