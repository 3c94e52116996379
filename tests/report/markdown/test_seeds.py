"""The section on seeds: every value, their spread, and what a difference still needs."""

from __future__ import annotations

import dataclasses

from src.report.formatting import evidence
from src.report.markdown.document import render_markdown
from src.report.markdown.seeds import seeds_section
from src.schema import SeedErrors
from tests.evaluation.comparisons import comparison, with_seeds


def test_each_metric_has_every_seed_their_spread_both_errors_and_the_seeds_needed() -> None:
    text = seeds_section(with_seeds(comparison(2)))
    assert (
        "| Metric | Seed 42 | Seed 43 | Seed 44 | Spread | Error: samples | Error: seeds | Seeds needed |"
        in text
    )
    assert "| BLEU | 36.3 | 38.3 | 40.3 | 2.0 | 1.2 | 2.5 | 5 |" in text
    assert text.count("### ") == 1  # the second method has one training
    assert "n is too small |" in seeds_section(with_seeds(comparison(1), needed=None))


def test_without_seeds_there_is_no_section_and_a_line_says_so() -> None:
    made = comparison(2)
    assert seeds_section(made) == ""
    line = "LoRA and QLoRA rest on one training each: intervals and p-values cover other samples, not other seeds."
    assert line in render_markdown(made, 3).splitlines()


def test_the_document_names_the_seeds_wherever_figures_are_of_several() -> None:
    text = render_markdown(with_seeds(comparison(2)), 3)
    assert "; mean of 3 training seeds.**" in text
    assert "| Answers | Before | LoRA, 3 seeds | QLoRA |" in text
    assert "Answers of seed 42;" in text
    assert text.index("<b>Metrics in detail") < text.index("<b>Seeds") < text.index("<b>By language")


def test_the_evidence_names_the_seeds_of_both_sides() -> None:
    method = with_seeds(comparison(1)).comparisons["lora"]
    both = dataclasses.replace(method.difference["bleu"], seeds=SeedErrors(5, 3, 1.0, 1.0, 2))
    assert evidence(both).endswith("n = 50, 3 and 5 seeds")
