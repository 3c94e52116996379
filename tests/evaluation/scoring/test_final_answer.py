"""The thought is not the answer, and an answer without one says so."""

from __future__ import annotations

import pytest

from src.evaluation.scoring.final_answer import final_answer, was_thinking

CODE = "def f():\n    return 1"


@pytest.mark.parametrize(
    ("prediction", "finish", "expected"),
    [
        (CODE, "stop", CODE),
        (f"<think>\n```python\nwrong()\n```\n</think>\n{CODE}", "stop", f"\n{CODE}"),
        (f"```python\nwrong()\n```\n</think>\n{CODE}", "", f"\n{CODE}"),  # the prompt began the thought
        (f"<think>\n{CODE}", "", ""),
        (f"<think>\n{CODE}", "length", ""),
        (CODE, "thinking", ""),
        (CODE, "length", CODE),
        (f" {CODE}", "stop", CODE),
        (" x = 1", "stop", "x = 1"),
        (" x = 1\n\ny = 2", "stop", "x = 1\n\ny = 2"),
        # white space that continues a prompt
        ("    x = 1\n    return x", "stop", "    x = 1\n    return x"),
        (" x = 1\n return x", "stop", " x = 1\n return x"),
        (" x = 1\n\n return x", "stop", " x = 1\n\n return x"),
        ("\n x = 1", "stop", "\n x = 1"),
    ],
)
def test_the_answer_is_what_follows_the_thought(prediction: str, finish: str, expected: str):
    assert final_answer(prediction, finish) == expected


@pytest.mark.parametrize(
    ("prediction", "finish", "expected"),
    [
        ("<think>\nx", "", True),
        ("<think>\nx</think>", "length", False),
        ("x", "thinking", True),
        ("x", "", False),
    ],
)
def test_a_thought_without_an_end_is_told(prediction: str, finish: str, expected: bool):
    assert was_thinking(prediction, finish) == expected
