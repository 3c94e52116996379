"""What the codebleu package gets wrong is fixed, in the value and not in the package's own."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from src.evaluation.codebleu import worker
from src.evaluation.codebleu.worker import MAX_CHARACTERS, MAX_DEPTH, codebleu_parts, combine, is_code
from tests.evaluation.programs_by_language import PROGRAMS

ROOT = Path(worker.__file__).parents[3]
PYTHON = PROGRAMS["python"][0]
SENTENCE = "The quick brown fox jumps over the lazy dog and runs away from the angry farmer."


def found(prediction, reference, language="python"):
    score = codebleu_parts(prediction, reference, language)
    assert score is not None
    return score


def value(prediction, reference, language="python"):
    return found(prediction, reference, language)["value"]


SHORT_AND_ODD = (
    "x = 1 | x | import os | pass | print('hi') | a b | x = 'h\u00e9llo \u4f60\u597d'\ny = x"
    " | for i in range(3): print(i) | f(1, 2)\ng(3) | def f(:\n | x = ( | \ufeffx = 1"
).split(" | ")


@pytest.mark.parametrize("code", SHORT_AND_ODD)
def test_short_and_odd_references_can_be_matched_in_full(code):
    assert value(code, code) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (PYTHON, True),
        ("x = 1  # The quick brown fox jumps over the lazy dog", True),
        ("print('The quick brown fox jumps over the lazy dog')", True),
        ("for a in b if c", True),
        (SENTENCE, False),
        ("I am sorry, but I cannot write that program for you today.", False),
        ("# nothing but a comment", False),
        ("", False),
    ],
)
def test_prose_and_comments_are_not_code(text, code):
    assert is_code(text, "python") is code


@pytest.mark.parametrize("prediction", ["", " \n\t", "# only a comment", SENTENCE])
def test_an_answer_without_code_scores_nothing(prediction):
    assert value(prediction, PYTHON) == 0


@pytest.mark.parametrize("reference", [SENTENCE, "", " \n", "# nothing but a comment"])
def test_a_reference_without_code_has_no_codebleu(reference):
    assert codebleu_parts("x = 1", reference, "python") is None


def test_no_data_flow_in_the_reference_leaves_three_parts():
    score = found(
        "print('hello', 'big', 'new', 'wide', 'world')", "print('hello', 'big', 'old', 'wide', 'world')"
    )
    assert score["parts"][3] == 0
    assert score["value"] == pytest.approx(sum(score["parts"][:3]) / 3)
    assert score["package_value"] == pytest.approx((sum(score["parts"][:3]) + 1) / 4)


def test_missed_data_flow_counts_as_missed():
    score = found("return 0", PYTHON)
    assert score["parts"][3] == 0
    assert score["value"] == pytest.approx(sum(score["parts"][:3]) / 4)


def test_unrelated_code_behind_a_right_answer_costs():
    unrelated = "\n".join(f"unrelated_{n} = compute_{n}({n}, other_{n})" for n in range(50))
    score = found(f"{PYTHON}\n{unrelated}", PYTHON)
    assert score["package_value"] > 0.7
    assert score["value"] < 0.4
    assert value(f"{PYTHON}\nprint(total([1, 2]))\n", PYTHON) > 0.8


def test_recall_shrinks_once_a_prediction_is_over_twice_as_long_as_its_reference():
    reference = "abc = d + e"  # 7 characters without spaces
    twice, four_times = "abcdef = ghijkl", "abcdef = ghijkl\nabcdef = ghijkl"  # 13 and 26
    parts = (0.4, 0.8, 0.7, 0.5)
    assert combine(twice, reference, "python", parts) == pytest.approx((0.4 + 0.8 + 0.7 + 0.5) / 4)
    brevity = 2 * 7 / 26
    expected = (0.4 + brevity * (0.8 + 0.7 + 0.5)) / 4
    assert combine(four_times, reference, "python", parts) == pytest.approx(expected)


def test_the_bytes_of_other_alphabets_do_not_shift_the_data_flow():
    right = "name = 'cafe a b'\ngreeting = name + '!'\nprint(greeting)"
    wrong = right.replace("name + '!'", "greeting + '!'")
    in_unicode = str.maketrans({"e": "\u00e9", "a": "\u4f60", "b": "\U0001f600"})
    ascii_score = found(wrong, right)
    unicode_score = found(wrong.translate(in_unicode), right.translate(in_unicode))
    assert value(right.translate(in_unicode), right.translate(in_unicode)) == pytest.approx(1)
    assert unicode_score["value"] == pytest.approx(ascii_score["value"])
    assert unicode_score["package_value"] != pytest.approx(
        ascii_score["package_value"]
    )  # the package loses its place


def test_php_without_its_tag_is_read_as_php():
    right, wrong = "function f($a) { return $a + 1; }", "function f($a) { print(2); }"
    assert value(right, right, "php") == pytest.approx(1)
    assert value(wrong, right, "php") < 0.7


def test_what_is_too_long_or_too_deep_for_the_package_is_not_given_to_it():
    deep = "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)
    assert found(deep, PYTHON) == {"value": 0.0, "parts": (0.0, 0.0, 0.0, 0.0), "package_value": None}
    assert codebleu_parts(PYTHON, deep, "python") is None
    assert codebleu_parts(PYTHON, "x = 1\n" * MAX_CHARACTERS, "python") is None
    assert found(PYTHON + "y = 2\n" * MAX_CHARACTERS, PYTHON)["package_value"] is None


def test_the_process_replies_to_each_line_in_order():
    requests = [[PYTHON, PYTHON, "python"], ["", PYTHON, "python"], ["x", SENTENCE, "python"]]
    ran = subprocess.run(
        [sys.executable, "-m", "src.evaluation.codebleu.worker", "python"],
        cwd=ROOT,
        input="".join(json.dumps(request) + "\n" for request in requests),
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONHASHSEED": "0"},
    )
    ready, equal, empty, none = map(json.loads, ran.stdout.splitlines())
    assert ready == {"ready": True}
    assert math.isclose(equal["value"], 1)
    assert (empty["value"], none) == (0, None)
