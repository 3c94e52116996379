"""What is a thought, and what is the answer after it."""

from __future__ import annotations

import time

import pytest

from src.data.thoughts import TAGS, is_thinking, opened_tag, without_thought

CASES = [  # answer, what follows the thought
    ("print(1)", "print(1)"),
    ("<think>\nA loop: `for`.\n</think>\n\nprint(1)", "\n\nprint(1)"),
    ("  <think></think>print(1)", "print(1)"),
    ("<think>a</think>\n<think>b</think>\nprint(1)", "\nprint(1)"),
    ("Let me see.\n```python\nno()\n```\n</think>\n\nprint(1)", "\n\nprint(1)"),  # the prompt began it
    ("\n</think>\n\nprint(1)", "\n\nprint(1)"),
    ("</think>print(1)", "print(1)"),
    ("<think>\nLet me", "<think>\nLet me"),
    ("", ""),
    # programs that speak of thoughts
    ('text.split("</think>")[-1]', 'text.split("</think>")[-1]'),
    ("print('<think>')\nprint('</think>')", "print('<think>')\nprint('</think>')"),
    ("x = 1\n# <think>\n# y </think>\n", "x = 1\n# <think>\n# y </think>\n"),
    ("<think>a</think>\nx.split('</think>')", "\nx.split('</think>')"),
    # gpt-oss, with its special tokens but for these left out
    ("<|channel|>analysis<|message|>Hmassistant<|channel|>final<|message|>print(1)", "print(1)"),
    ("<|channel|>final<|message|>print(1)", "print(1)"),
]


@pytest.mark.parametrize(("answer", "rest"), CASES)
def test_the_answer_is_what_follows_the_thought(answer: str, rest: str):
    assert without_thought(answer) == rest


@pytest.mark.parametrize("tag", TAGS)
def test_every_kind_of_thought_is_known(tag: str):
    assert without_thought(f"{tag}hm{TAGS[tag]}x") == "x"
    assert is_thinking(f"\n{tag}hm")
    assert not is_thinking(f"{tag}hm{TAGS[tag]}")
    assert opened_tag(f"user\n{tag}\n") == tag


@pytest.mark.parametrize(
    ("answer", "opened", "thinking"),
    [
        ("print(1)", "", False),
        ("print(1)", "<think>", True),
        ("hm\n</think>\nprint(1)", "<think>", False),
        ("hm\n</think>\n<think>more", "<think>", True),
        ("print('<think>')", "", False),
    ],
)
def test_an_answer_thinks_until_its_thought_is_closed(answer: str, opened: str, thinking: bool):
    assert is_thinking(answer, opened) == thinking


def test_a_prompt_that_only_speaks_of_a_tag_opens_none():
    assert opened_tag("What is <think>?\n\n### Response:\n") == ""


@pytest.mark.parametrize(
    "answer", ["<think></think>" * 100_000, "<think>" * 200_000, "</think>x" * 200_000, " " * 10**6]
)
def test_any_answer_is_read_in_linear_time(answer: str):
    began = time.process_time()
    without_thought(answer)
    is_thinking(answer)
    assert time.process_time() - began < 2
