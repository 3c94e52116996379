"""Commands, models and environment are shown as recorded; code that ran without a sandbox is named."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from src.report.markdown.provenance import (
    provenance_section,
    reproduction_section,
    sandbox_warning,
)
from src.schema import Comparison
from tests.evaluation.comparisons import comparison


def _before_with(provenance: dict[str, Any]) -> Comparison:
    made = comparison(1)
    return dataclasses.replace(made, before=dataclasses.replace(made.before, provenance=provenance))


def test_precision_prompt_and_sandbox_of_each_run_are_shown() -> None:
    text = provenance_section(comparison(1))
    assert "| Model | Precision | Prompt | Generated code ran in |" in text
    assert "| LoRA | float32 | alpaca | bubblewrap |" in text


def test_what_one_run_did_not_record_is_not_available() -> None:
    assert "| Before | n/a | n/a | bubblewrap |" in provenance_section(
        _before_with({"sandbox": "bubblewrap"})
    )


def test_nested_settings_are_joined_by_dots() -> None:
    text = provenance_section(comparison(1))
    for name, value in (("config.lora.r", "16"), ("versions.torch", "2.13.0"), ("dirty", "false")):
        assert f"<tr><td><code>{name}</code></td><td><code>{value}</code></td></tr>" in text
    assert "[&quot;q_proj&quot;, &quot;v_proj&quot;]" in text


def test_nothing_recorded_shows_no_table() -> None:
    made = comparison(0)
    bare = dataclasses.replace(made.before, provenance={})
    text = provenance_section(dataclasses.replace(made, before=bare, provenance={}, test_set={}))
    assert text == ""


@pytest.mark.parametrize(
    ("sandbox", "warning"),
    [
        (
            "none: programs ran without a sandbox",
            "> **Generated code ran without a sandbox** (Before). A program",
        ),
        (
            "bubblewrap needs Linux, this is darwin",
            "> **Generated code was not run** (Before), for want of a sandbox: `bubblewrap needs Linux, this is darwin`",
        ),
        ("bubblewrap", ""),
        (None, ""),
        ("", ""),
    ],
)
def test_code_that_ran_unsandboxed_or_not_at_all_is_named(sandbox: str | None, warning: str) -> None:
    text = sandbox_warning(_before_with({"sandbox": sandbox}))
    assert text.startswith(warning)
    assert bool(text) is bool(warning)


def test_a_run_without_a_record_of_a_sandbox_gets_no_warning() -> None:
    assert sandbox_warning(_before_with({})) == ""


def test_the_commands_of_all_methods_reproduce_it() -> None:
    made = comparison(2)
    first, second = made.comparisons.values()
    provenance = {"command": "python compare_results.py --name lora"}
    old = dataclasses.replace(first, after=dataclasses.replace(first.after, provenance=provenance))
    text = reproduction_section(dataclasses.replace(made, comparisons={"lora": old, "qlora": second}))
    assert text.startswith(
        "<details>\n<summary><b>Reproduce it</b></summary>\n\nAt commit `4f3c2b1a`:\n\n```bash\npython compare_results.py --name lora\npython compare"
    )
    assert text.count("python compare_results.py") == 2


@pytest.mark.parametrize(
    ("commit", "origin"),
    [
        ("4f3c2b1a+dirty", "At commit `4f3c2b1a` (and what was changed in it and not committed):"),
        ("unknown", "From the project's folder:"),
        ("", "From the project's folder:"),
    ],
)
def test_the_state_of_the_code_is_said(commit: str, origin: str) -> None:
    made = comparison(1)
    text = reproduction_section(
        dataclasses.replace(made, provenance={"command": ["python", "x.py"], "commit": commit})
    )
    assert origin in text
    assert "```bash\npython x.py\n```" in text


def test_without_a_command_there_is_nothing_to_reproduce() -> None:
    assert reproduction_section(dataclasses.replace(comparison(0), provenance={"commit": "4f3c2b1a"})) == ""
