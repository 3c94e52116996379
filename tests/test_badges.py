"""The buttons for Colab and Kaggle lead to the address that CITATION.cff states, everywhere the same."""

from __future__ import annotations

import json

import pytest

from tests import badges

FORK = "https://github.com/somebody/a-fork"


@pytest.mark.parametrize("name", badges.DOCUMENTS)
def test_every_document_has_the_buttons_of_the_stated_address(name: str):
    text = (badges.ROOT / name).read_text(encoding="utf-8")
    assert badges.renewed(name, text, badges.address()) == text, "run python -m tests.badges"
    assert all(f"]({target})" in text for target in badges.targets(badges.address()))


@pytest.mark.parametrize("name", badges.DOCUMENTS)
def test_a_fork_changes_one_line_and_gets_its_own(name: str):
    text = (badges.ROOT / name).read_text(encoding="utf-8")
    forked = badges.renewed(name, text, FORK)
    path = f"{FORK}/blob/main/notebooks/demo.ipynb".removeprefix("https://github.com/")
    assert f"](https://colab.research.google.com/github/{path})" in forked
    assert f"](https://www.kaggle.com/kernels/welcome?src=https://github.com/{path})" in forked
    assert badges.renewed(name, forked, badges.address()) == text
    if name == badges.NOTEBOOK:
        cells = ["".join(cell["source"]) for cell in json.loads(forked)["cells"]]
        assert any(f'\nREPOSITORY = "{FORK}"  # ' in cell for cell in cells)
