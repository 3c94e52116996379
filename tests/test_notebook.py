"""The demo notebook, run as a person would, on a tiny model."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from src.config import load_config
from tests import tiny
from tests.store_notebook import NOTEBOOK, ROOT, read, run

MOST_BYTES = 400_000  # pictures included; GitHub shows larger notebooks late or not at all
ABSOLUTE = re.compile(r"(?<![\w.:/])/(?:home|root|tmp|work|usr|Users|mnt|var)/")
FAKE_PIP = "import sys\nopen('installed.txt', 'w').write(' '.join(sys.argv[1:]))\n"


def _cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _source(text: str) -> str:
    """The one cell of code that has `text` in it."""
    [found] = [cell.source for cell in _cells(read()) if text in cell.source]
    return str(found)


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
    done = run(read(), ROOT)
    printed = _printed(done)
    for part in (
        "% of the work wasted",
        "parameters, frozen",
        "training takes about",
        "validation loss",
        "sandbox:",
        "Functional accuracy",
    ):
        assert part in printed
    assert _pictures(done) == 4  # data card, packing, training curve, chart
    report = (settings / "report" / "comparison.md").read_text(encoding="utf-8")
    assert "# run in a notebook, such as notebooks/demo.ipynb" in report
    assert "ipykernel" not in report
    assert (settings / "lora" / "final" / "adapter_model.safetensors").is_file()


def test_it_finds_the_repository_from_its_own_folder():
    notebook = read()
    first = notebook.cells.index(_cells(notebook)[0])
    notebook.cells = notebook.cells[: first + 1]
    notebook.cells[-1].source += "\nprint(Path.cwd(), inside)"
    assert f"{ROOT} True" in _printed(run(notebook, NOTEBOOK.parent))


def test_outside_the_repository_it_is_fetched_and_what_is_missing_is_installed(tmp_path: Path):
    """pip is a stand-in that writes down what it is asked for."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    (tmp_path / "pip.py").write_text(FAKE_PIP, encoding="utf-8")
    cell = re.sub('REPOSITORY = ".*?"', lambda _: f"REPOSITORY = {str(ROOT)!r}", _source("REPOSITORY ="))
    first = f"{cell}\nprint(ROOT, inside)"
    for _ in range(2):  # and again after the session was cut off
        done = subprocess.run(
            [sys.executable, "-c", first], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)},
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == ["ready", f"{tmp_path / 'code-alpaca'} False"]
        asked = (tmp_path / "code-alpaca" / "installed.txt").read_text(encoding="utf-8").split()
        assert "--constraint" in asked
        assert not [word for word in asked if word.startswith(("torch==", "numpy==", "pytest=="))]


def test_without_an_address_it_is_asked_for(tmp_path: Path):
    cell = re.sub('REPOSITORY = ".*?"', 'REPOSITORY = ""', _source("REPOSITORY ="))
    done = subprocess.run([sys.executable, "-c", cell], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr.splitlines()[-1].startswith("ValueError: REPOSITORY is empty: put the address there")


def _choices() -> list[str]:
    [table] = [cell.source for cell in read().cells if "| `MODEL` |" in cell.source]
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)[1:]


@pytest.mark.parametrize("model", _choices())
def test_each_model_of_the_table_has_settings_that_load(model: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("DEMO_SETTINGS", raising=False)
    names: dict[str, Any] = {"Path": Path, "os": os, "sys": sys}
    exec(_source("MODEL = ").replace("smollm2-135m", model), names)
    exec(_source("load_config("), names)
    config = names["config"]
    assert config.model.base_model == model
    assert names["METHODS"] == (["qlora"] if model.startswith("codellama") else ["lora"])
    assert config.model.dtype == config.qlora.compute_dtype == "auto"  # float16 on a T4
    assert config.data.source == ("starter" if model == "smollm2-135m" else "hub")
    assert config.training.save_steps <= config.training.max_steps / 2  # a session that is cut off goes on
    assert config == load_config(names["BASE"], names["SETTINGS"])


def test_on_colab_results_go_to_the_drive(monkeypatch: pytest.MonkeyPatch):
    mounted: list[str] = []

    class Drive:
        mount = staticmethod(mounted.append)

    colab: Any = type(sys)("google.colab")
    colab.drive = Drive
    monkeypatch.setitem(sys.modules, "google", type(sys)("google"))
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    monkeypatch.delenv("DEMO_SETTINGS", raising=False)
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {"Path": Path, "os": os, "sys": sys}
    exec(_source("MODEL = "), names)
    exec(_source("load_config("), names)
    assert mounted == ["/content/drive"]
    assert names["DEMO"] == Path("/content/drive/MyDrive/code-alpaca/demo/smollm2-135m")


def test_what_it_shows_is_stored_whole_and_without_noise():
    notebook = read()
    assert [cell.execution_count for cell in _cells(notebook)] == list(range(1, len(_cells(notebook)) + 1))
    assert _pictures(notebook) == 4
    assert "smollm2-135m, starter data" in _printed(notebook)  # its own rows, not Code Alpaca's
    outputs = [output for cell in _cells(notebook) for output in cell.outputs]
    assert [each for each in outputs if each.output_type == "error" or each.get("name") == "stderr"] == []
    kinds = {kind for each in outputs for kind in each.get("data", {})}
    assert kinds <= {"text/plain", "text/markdown", "image/png"}
    shown = json.dumps(
        [{**each.get("data", {}), "image/png": "", "text": each.get("text")} for each in outputs]
    )
    assert ABSOLUTE.findall(shown) == []
    assert NOTEBOOK.stat().st_size < MOST_BYTES


def test_its_cells_name_no_place_of_one_machine():
    notebook = read()
    text = "\n".join(cell.source for cell in notebook.cells)
    assert len(notebook.cells) > 20
    assert ABSOLUTE.findall(text) == []
    assert "sys.argv" not in text
