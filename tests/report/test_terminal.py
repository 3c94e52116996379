"""The tables on the screen: aligned, at most 80 columns, plain unless a terminal wants colours."""

from __future__ import annotations

import dataclasses
import io
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len  # rich 15.0.0: how many columns a terminal gives a text

from src.report.terminal import COLUMNS, render_run, render_table, render_written
from src.schema import Comparison, Score
from tests.evaluation.comparisons import METHODS, comparison


class _Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def _renamed(made: Comparison, names: dict[str, str]) -> Comparison:
    return dataclasses.replace(
        made, comparisons={names.get(name, name): method for name, method in made.comparisons.items()}
    )


def _widest(made: Comparison) -> Comparison:
    """Every figure as wide as it can be."""
    score = Score(100.0, (100.0, 100.0), 100_000, 1.0, "s")
    before = dataclasses.replace(made.before, metrics=dict.fromkeys(made.before.metrics, score))
    methods = {}
    for name, method in made.comparisons.items():
        (found, *_) = method.difference.values()
        wide = dataclasses.replace(found, delta=-100.0, ci95=(-100.0, -100.0), n=100_000)
        after = dataclasses.replace(method.after, metrics=before.metrics)
        methods[name] = dataclasses.replace(
            method, after=after, difference=dict.fromkeys(method.difference, wide)
        )
    return dataclasses.replace(made, before=before, comparisons=methods)


def test_the_files_of_a_report_are_listed_below_their_folder_in_80_columns() -> None:
    folder = Path("f" * 100)
    names = [f"picture_{number}.png" for number in range(12)]
    lines = render_written([*(folder / name for name in names), Path("reports/README.md")]).splitlines()
    assert lines[0] == f"wrote in {folder}:"  # not broken: it is there to be copied
    assert lines[-2:] == ["wrote in reports:", "  README.md"]
    assert ", ".join(names) == " ".join(line.strip() for line in lines[1:-2])
    assert all(len(line) <= COLUMNS for line in lines[1:])


def test_every_figure_stands_under_its_heading() -> None:
    lines = render_table(comparison(2)).splitlines()
    (header,) = (line for line in lines if line.startswith("Metric"))
    at = lines.index("LoRA")
    row = next(line for line in lines[at:] if line.startswith("  BLEU "))
    for value, heading in (
        ("31.2", "Before"),
        ("38.3", "After"),
        ("+7.1* [4.0 to 10.3]", "Change [95 % CI]"),
    ):
        assert row.index(value) + len(value) == header.index(heading) + len(heading)
    assert "+16.0  [12.9 to 19.2]" in "\n".join(lines)  # not significant: no mark
    assert lines[0].startswith("No difference was shown with LoRA: 16 points more of the programs run")
    assert lines[-1] == "* p < 0.05; p is after Holm's correction over all metrics and methods"


def test_one_method_needs_no_name_above_its_rows() -> None:
    lines = render_table(comparison(1)).splitlines()
    assert "LoRA" not in lines
    assert any(line.startswith("BLEU ") for line in lines)


def test_a_change_over_fewer_samples_than_the_scores_beside_it_is_marked() -> None:
    made = comparison(1)
    assert "^" not in render_table(made)
    (method,) = made.comparisons.values()
    fewer = method.difference | {"codebleu": dataclasses.replace(method.difference["codebleu"], n=43)}
    method = dataclasses.replace(method, difference=fewer)
    lines = render_table(dataclasses.replace(made, comparisons={"lora": method})).splitlines()
    assert [line.split()[-1] for line in lines if line.endswith("^")] == ["43^"]
    assert lines[-1] == "^ over the samples that count in both, fewer than in the scores beside it"


@pytest.mark.parametrize("colours", [False, True])
@pytest.mark.parametrize(
    "made",
    [
        comparison(0),
        comparison(1),
        comparison(6),
        _renamed(comparison(2), {"lora": "W" * 200, "qlora": "低秩适配方法比较长的名字低秩适配方法"}),
        _widest(_renamed(comparison(len(METHODS)), {"lora": "W" * 200})),
    ],
    ids=["none", "one", "six", "long names", "widest"],
)
def test_no_line_is_longer_than_eighty_columns(
    made: Comparison, colours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if colours:
        monkeypatch.setattr(sys, "stdout", _Terminal())
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)
    import re

    text = re.sub(r"\x1b\[[0-9;]*m", "", render_table(made))
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= COLUMNS
    assert "…" not in text or any(len(name) > 12 for name in made.comparisons)


@pytest.mark.parametrize(
    ("terminal", "environment", "coloured"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),  # no-color.org: an empty value does not count
        (True, {"TERM": "dumb"}, False),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_colours_come_only_where_they_are_wanted(
    terminal: bool, environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", _Terminal() if terminal else io.StringIO())
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in render_table(comparison(1))) is coloured


@pytest.mark.parametrize("name", ["[bold]x[/bold]", "\x1b[31mred", "\u202eleft", "\ud800", "a\nb"])
def test_names_are_text_and_nothing_else(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = _renamed(comparison(1), {"lora": name})
    plain = render_table(made)
    assert "\x1b" not in plain
    assert "\u202e" not in plain
    monkeypatch.setattr(sys, "stdout", _Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = render_table(made)
    assert "\x1b[31m" not in coloured
    if name.startswith("[bold]"):
        assert "[bold]x[/bold]" in plain
        assert "[bold]x[/bold]" in coloured
    coloured.encode("utf-8")


def test_a_narrow_encoding_gets_hyphens_instead_of_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    text = render_table(comparison(3))
    text.encode("cp1252")
    assert "-5.1* [-8.2 to -1.9]" in text


def test_the_rules_of_a_coloured_table_become_hyphens_too(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _Terminal()
    screen.encoding = "ascii"
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = render_table(comparison(3))
    text.encode("ascii")
    assert "\x1b[" in text
    assert "?" not in text
    assert "-----" in text


def test_a_run_is_a_table_too() -> None:
    lines = render_run(comparison(1).before).splitlines()
    assert lines[0] == "before, 50 samples"
    assert [line.split() for line in lines if line.startswith("CodeBLEU")] == [
        ["CodeBLEU", "36.4", "[31.2", "to", "41.6]", "44", "88", "%"]
    ]
    assert lines[-4:] == [
        "Programs: passed 21, error 11, timeout 2",
        "Verdicts: failed 35, passed 15",
        "Faults: wrong output 15, syntax 7, name 4, timeout 1",
        "Form: fenced 40, truncated 1",
    ]
    bare = dataclasses.replace(comparison(1).before, metrics={"bleu": Score(None, None, 0, 0.0, "s")})
    assert "n/a" in render_run(bare)
