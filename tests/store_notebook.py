"""Runs the demo notebook and stores what its cells show, for GitHub's view of it: `python -m tests.store_notebook`."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "demo.ipynb"
CELL_TIMEOUT_S = 3_600
COLORS = 64  # of a stored picture: a chart needs no more


def read() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


def run(notebook: Any, folder: Path) -> Any:
    """The notebook with what its cells show when they are run from `folder`, without progress, warnings and times."""
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=CELL_TIMEOUT_S, kernel_name="python3", resources=resources)
    client.record_timing = False
    client.execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
    notebook.metadata.language_info = {"name": "python"}  # not the version that happened to run it
    return notebook


def shrink(notebook: Any) -> Any:
    """The notebook with smaller pictures, each in a palette of its own."""
    for cell in notebook.cells:
        for data in (
            output.data for output in cell.get("outputs", []) if "image/png" in output.get("data", {})
        ):
            made = io.BytesIO()
            picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
            picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
            data["image/png"] = base64.b64encode(made.getvalue()).decode("ascii")
    return notebook


if __name__ == "__main__":
    nbformat.write(shrink(run(read(), ROOT)), NOTEBOOK)
