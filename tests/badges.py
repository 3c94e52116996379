"""Keeps the buttons that open the notebook on Colab and Kaggle at this project's address: `python -m tests.badges`.

The address is `repository-code` in CITATION.cff. Where that is not stated, the buttons open the services' own pages, on
which an address can be given.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = "notebooks/demo.ipynb"
DOCUMENTS = ("README.md", "README.zh-CN.md", NOTEBOOK)
WORDS = {"README.zh-CN.md": ("在 Colab 中打开", "在 Kaggle 中打开")}
COLAB, KAGGLE = "https://colab.research.google.com", "https://www.kaggle.com"
IMAGES = (f"{COLAB}/assets/colab-badge.svg", "https://kaggle.com/static/images/open-in-kaggle.svg")
_BETWEEN = re.compile(r"(?<=<!-- badges -->).*(?=<!-- /badges -->)")
_ADDRESS = re.compile(r'(?<=REPOSITORY = \\").*?(?=\\")')  # in a cell, as JSON


def address() -> str:
    """This project's address at GitHub; "" where it is not stated."""
    stated = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8")).get("repository-code", "")
    return str(stated).rstrip("/")


def targets(repository: str) -> tuple[str, str]:
    """What the buttons for Colab and Kaggle open."""
    if not repository:
        return f"{COLAB}/github/", f"{KAGGLE}/code/new"
    path = f"{repository}/blob/main/{NOTEBOOK}"
    return path.replace("https://github.com/", f"{COLAB}/github/"), f"{KAGGLE}/kernels/welcome?src={path}"


def renewed(document: str, text: str, repository: str) -> str:
    """The text of a document with its buttons for `repository`, and in the notebook the address that is cloned."""
    words = WORDS.get(document, ("Open in Colab", "Open in Kaggle"))
    buttons = " ".join(
        f"[![{word}]({image})]({target})"
        for word, image, target in zip(words, IMAGES, targets(repository), strict=True)
    )
    text = _BETWEEN.sub(buttons, text)
    return _ADDRESS.sub(json.dumps(repository)[1:-1], text)


if __name__ == "__main__":
    for name in DOCUMENTS:
        path = ROOT / name
        path.write_text(renewed(name, path.read_text(encoding="utf-8"), address()), encoding="utf-8")
