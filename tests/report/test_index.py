"""reports/README.md: every report with its verdict, whatever state its folder is in, and nobody else's file is replaced."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from src.report.index import is_ours, render_index, renew_index
from src.schema import to_json
from tests.evaluation.comparisons import comparison, with_trainings


def _reports(root: Path) -> Path:
    records = {"b": comparison(2), "a/deep one": with_trainings(comparison(1)), "runs/x": comparison(1)}
    for place, made in records.items():
        (root / place).mkdir(parents=True)
        (root / place / "comparison.json").write_text(to_json(made), encoding="utf-8")
    (root / "damaged").mkdir()
    (root / "damaged" / "comparison.json").write_text("{", encoding="utf-8")
    return root


def test_every_report_stands_there_with_its_verdicts(tmp_path: Path) -> None:
    text = render_index(_reports(tmp_path))
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["## `a/deep one`", "## b", "## damaged"]  # runs are not committed
    assert "[the report](a/deep%20one/comparison.md)" in text
    assert (
        "Base-7b before and after fine-tuning, trained on Code Alpaca, tested on the starter set, n = 50"
        in text
    )
    assert text.count("- No difference was shown with LoRA") == 2
    assert text.count("- No difference was shown with QLoRA") == 1
    assert "`damaged/comparison.json: Invalid JSON" in text


def test_names_in_reports_are_text_and_nothing_else(tmp_path: Path) -> None:
    made = comparison(1)
    hostile = dataclasses.replace(made, comparisons={"[x](http://evil.example)": made.comparisons["lora"]})
    (tmp_path / "comparison.json").write_text(to_json(hostile), encoding="utf-8")
    text = render_index(tmp_path)
    assert "shown with `[x](http://evil.example)`." in text
    assert "\n## In this folder\n" in text
    assert "[the report](comparison.md)" in text


def test_only_our_own_index_is_replaced(tmp_path: Path) -> None:
    root = _reports(tmp_path)
    assert renew_index(root / "b", root) == [root / "README.md"]
    first = (root / "README.md").read_text(encoding="utf-8")
    assert renew_index(root, root) == [root / "README.md"]
    assert (root / "README.md").read_text(encoding="utf-8") == first
    (root / "README.md").write_text("mine", encoding="utf-8")
    assert not is_ours(root / "README.md")
    assert renew_index(root / "b", root) == []
    assert renew_index(tmp_path.parent, root) == []
    assert (root / "README.md").read_text(encoding="utf-8") == "mine"
