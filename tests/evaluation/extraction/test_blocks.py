"""Marks divide an answer into blocks, and nothing of it is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.evaluation.extraction.blocks import Block, split_blocks

CASES = {
    "a\n```py\nb\n```\nc": [Block("a"), Block("b", "py", True), Block("c")],
    "~~~ {.python}\nb\n~~~": [Block("b", "python", True)],
    "```\nb": [Block("b", "", True, closed=False)],
    "a ```py\nb```": [Block("a "), Block("b", "py", True)],
    "```python print(1)```": [Block("print(1)", "", True)],
    "[PYTHON]\nb\n[/PYTHON]": [Block("b", "python", True)],
    "<code>b &lt; c</code>": [Block("b < c", "", True)],
    "```py\nx &lt; y\n```": [Block("x &lt; y", "py", True)],
    "b\n[DONE]\nc": [Block("b"), Block("c")],
    "```md\n```py\nb\n```\n```": [Block("b", "py", True)],
    "````md\n```py\nb\n```\n````": [Block("b", "py", True)],
    "x = [\n1]\n<p>": [Block("x = [\n1]\n<p>")],
    "- c:\n  ```py\n  def f():\n      b\n  ```": [Block("- c:"), Block("def f():\n    b", "py", True)],
}


@pytest.mark.parametrize("text", CASES)
def test_an_answer_is_divided_at_its_marks(text):
    assert [block for block in split_blocks(text) if block.text.strip()] == CASES[text]


@given(
    st.lists(st.sampled_from(["```py", "```", "~~~", "[BEGIN]", "[DONE]", "a", "b = [1]", "", "<p>"])).map(
        "\n".join
    )
)
def test_every_line_that_is_no_mark_is_in_one_block(text):
    def plain(lines):
        return [line for line in lines if line in ("a", "b = [1]", "<p>")]

    assert plain("\n".join(block.text for block in split_blocks(text)).split("\n")) == plain(text.split("\n"))
