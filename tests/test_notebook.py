"""The demo notebook, run as a person would, on a tiny model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests import tiny

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "demo.ipynb"


def _notebook() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


def _run(notebook: Any, folder: Path) -> Any:
    NotebookClient(
        notebook, timeout=400, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    return notebook


@pytest.fixture
def settings(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of a run of seconds; what it writes goes under the folder given back."""
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in tiny.rows()), encoding="utf-8")
    chosen = tiny.overrides(
        tiny_model,
        tmp_path / "data",
        tmp_path / "demo",
        "data.source=file",
        f"data.paths=[{source}]",
        "data.validation_fraction=0.15",
        "data.test_fraction=0.15",
        "data.near_duplicate_threshold=1",
        "training.max_steps=2",
    )
    monkeypatch.setenv("DEMO_SETTINGS", " ".join(chosen))
    return tmp_path / "demo"


def _printed(notebook: Any) -> str:
    return "".join(
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream"
    )


def _pictures(notebook: Any) -> int:
    return sum(
        "image/png" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])
    )


def test_it_runs_top_to_bottom_from_the_repository_root(settings: Path):
    done = _run(_notebook(), ROOT)
    printed = _printed(done)
    for part in (
        "% of the work wasted",
        "parameters, frozen",
        "validation loss",
        "sandbox:",
        "Functional accuracy",
    ):
        assert part in printed
    assert _pictures(done) == 4  # data card, packing, training curve, chart
    report = (settings / "report" / "comparison.md").read_text(encoding="utf-8")
    assert "jupyter execute notebooks/demo.ipynb" in report  # a command that does it again
    assert (settings / "lora" / "final" / "adapter_model.safetensors").is_file()


def test_it_finds_the_repository_from_its_own_folder():
    notebook = _notebook()
    first = next(place for place, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells = notebook.cells[: first + 1]
    assert str(ROOT) in _printed(_run(notebook, NOTEBOOK.parent))


def test_it_is_kept_without_outputs():
    cells = [cell for cell in _notebook().cells if cell.cell_type == "code"]
    assert len(cells) > 5
    assert [cell.source for cell in cells if cell.outputs or cell.execution_count] == []
