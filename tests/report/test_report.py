"""write_reports: all files at once or none, comparison.json as documented, no text where none is wanted."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from src.report import report
from src.report.report import write_reports
from tests.evaluation.comparisons import comparison, with_trainings

FILES = [
    "comparison.json",
    "comparison.md",
    "comparison.html",
    "comparison.png",
    "comparison_dark.png",
    "README.md",
]
CURVES = ["training_curve.png", "training_curve_dark.png"]
SECRET = "MARKseventeen"


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that take no time, for tests of the files around them."""
    for name in ("draw_chart", "draw_losses"):
        monkeypatch.setattr(report, name, lambda *_: b"a picture")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports") / "new" / "folder"
    paths = write_reports(comparison(2, 6), folder, 2)
    assert [path.name for path in paths] == FILES
    return folder


def test_these_files_are_written_and_nothing_else(written: Path) -> None:
    assert sorted(path.name for path in written.iterdir()) == sorted(FILES)
    assert all(path.stat().st_size > 1_000 for path in written.iterdir())


@pytest.mark.usefixtures("undrawn")
def test_github_shows_the_report_with_its_folder_unless_somebody_wrote_another_readme(
    written: Path, tmp_path: Path
) -> None:
    shown = (written / "comparison.md").read_bytes()
    assert (written / "README.md").read_bytes() == shown
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    assert "README.md" not in [path.name for path in write_reports(comparison(1, 1), tmp_path, 1)]
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "mine"
    (tmp_path / "README.md").write_bytes(shown)  # one of ours is replaced
    write_reports(comparison(1, 1), tmp_path, 1)
    assert (tmp_path / "README.md").read_bytes() == (tmp_path / "comparison.md").read_bytes() != shown


@pytest.mark.usefixtures("undrawn")
def test_the_curve_is_drawn_where_there_is_a_record_of_a_training(tmp_path: Path) -> None:
    names = [path.name for path in write_reports(with_trainings(comparison(1, 1)), tmp_path, 1)]
    assert [name for name in names if name not in FILES] == CURVES
    assert f'src="{CURVES[0]}"' in (tmp_path / "comparison.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("undrawn")
def test_a_report_in_the_folder_of_reports_is_entered_in_its_index(tmp_path: Path) -> None:
    outside = write_reports(comparison(1, 1), tmp_path / "elsewhere", 1, tmp_path / "reports")
    assert not (tmp_path / "reports").exists()
    inside = write_reports(comparison(1, 1), tmp_path / "reports" / "mine", 1, tmp_path / "reports")
    assert inside[len(outside) :] == [tmp_path / "reports" / "README.md"]
    write_reports(comparison(1, 1), tmp_path / "reports", 1, tmp_path / "reports")
    assert (tmp_path / "reports" / "README.md").read_text(encoding="utf-8").startswith("# Reports")


def test_the_guide_is_linked_from_within_the_project_alone() -> None:
    assert report._guide(report.ROOT / "reports" / "a") == "../../docs/reports.md"
    assert report._guide(report.ROOT.parent / "elsewhere") == ""
    assert (report.ROOT / report.GUIDE).exists()


def test_comparison_json_has_the_documented_shape(written: Path) -> None:
    found = json.loads((written / "comparison.json").read_text(encoding="utf-8"))
    assert set(found) == {"schema", "test_set", "before", "before_name", "comparisons", "provenance"}
    assert found["schema"] == 1
    assert set(found["comparisons"]) == {"lora", "qlora"}
    for run in (found["before"], *(method["after"] for method in found["comparisons"].values())):
        for score in run["metrics"].values():
            assert set(score) == {"value", "ci95", "n", "coverage", "signature"}
    for method in found["comparisons"].values():
        assert set(method) >= {"after", "difference", "examples"}
        for difference in method["difference"].values():
            assert set(difference) >= {"delta", "ci95", "p_value", "wins", "losses", "ties"}
    metrics = found["before"]["metrics"]
    assert {"bleu", "codebleu", "execution_success", "functional_accuracy"} <= set(metrics)
    assert metrics["bleu"]["value"] == 31.2
    assert metrics["bleu"]["ci95"] == pytest.approx([26.8, 35.6])


def test_comparison_json_holds_every_sample_with_its_text(written: Path) -> None:
    found = json.loads((written / "comparison.json").read_text(encoding="utf-8"))
    for method in found["comparisons"].values():
        assert len(method["examples"]) == 6
        assert all(example["before"] and example["reference"] for example in method["examples"])


def test_the_same_comparison_gives_the_same_files(written: Path, tmp_path: Path) -> None:
    for path in write_reports(comparison(2, 6), tmp_path, 2):
        assert path.read_bytes() == (written / path.name).read_bytes(), path.name


@pytest.mark.parametrize("examples", [0, -1])
def test_without_examples_no_file_holds_any_text_of_a_sample(tmp_path: Path, examples: int) -> None:
    texts = {field: f"{SECRET} {field}" for field in ("instruction", "input", "reference", "before", "after")}
    made = comparison(1, 3, **texts)
    (method,) = made.comparisons.values()
    leaky = {
        "message": f"NameError: {SECRET}",
        "exact": True,
    }
    samples = [
        dataclasses.replace(e, before_scores=e.before_scores | leaky, after_scores=e.after_scores | leaky)
        for e in method.examples
    ]
    made = dataclasses.replace(made, comparisons={"lora": dataclasses.replace(method, examples=samples)})
    for path in write_reports(made, tmp_path, examples):
        assert SECRET.encode() not in path.read_bytes(), path.name
    (kept,) = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))["comparisons"].values()
    assert [example["id"] for example in kept["examples"]] == ["sample0000", "sample0001", "sample0002"]
    assert kept["examples"][0]["after_scores"] == {
        "bleu": 71.0, "codebleu": 80.0, "execution": "passed", "functional": "passed", "error": "", "exact": True,
    }  # fmt: skip
    write_reports(made, tmp_path, 1)
    assert SECRET.encode() in (tmp_path / "comparison.md").read_bytes()  # the check above can fail


@pytest.mark.parametrize("broken", ["render_markdown", "render_html", "draw_chart", "to_json"])
def test_no_file_is_replaced_when_one_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    write_reports(comparison(1, 1), tmp_path, 1)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(*_: Any, **__: Any) -> str:
        raise RuntimeError("no room")

    monkeypatch.setattr(report, broken, fail)
    with pytest.raises(RuntimeError, match="no room"):
        write_reports(comparison(2, 6), tmp_path, 1)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_no_file_is_replaced_when_the_last_cannot_be_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_reports(comparison(1, 1), tmp_path, 1)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(report, "draw_chart", lambda *_: 7)  # not bytes: the write itself fails
    with pytest.raises(TypeError):
        write_reports(comparison(2, 6), tmp_path, 1)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_figure_that_is_not_a_number_is_refused(tmp_path: Path) -> None:
    made = comparison(1, 1)
    metrics = made.before.metrics | {
        "bleu": dataclasses.replace(made.before.metrics["bleu"], value=float("nan"))
    }
    made = dataclasses.replace(made, before=dataclasses.replace(made.before, metrics=metrics))
    with pytest.raises(ValueError, match="JSON"):
        write_reports(made, tmp_path, 1)
    assert list(tmp_path.iterdir()) == []


def test_lone_surrogates_survive_in_json_and_are_spelt_out_elsewhere(tmp_path: Path) -> None:
    text = "x = '\ud800' # 中文 🙂"
    write_reports(comparison(1, 1, after=text), tmp_path, 1)
    found = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert found["comparisons"]["lora"]["examples"][0]["after"] == text
    assert "中文" in (tmp_path / "comparison.json").read_text(encoding="utf-8")
    assert "x = '<U+D800>' # 中文 🙂" in (tmp_path / "comparison.md").read_text(encoding="utf-8")
