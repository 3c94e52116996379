"""CodeBLEU equals the package where the package is right, and is fixed where it is wrong; no text delays it."""

import json
import logging
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from src.evaluation import codebleu as module
from src.evaluation.codebleu import MAX_CHARACTERS, MAX_DEPTH, CodeBleu, codebleu_score, combine, is_code
from src.languages.registry import LANGUAGES
from tests.evaluation.programs_by_language import PROGRAMS

ROOT = Path(module.__file__).parents[2]
PYTHON, OTHER_PYTHON = PROGRAMS["python"]
SHUFFLED = " ".join(random.Random(0).sample(PYTHON.split(), len(PYTHON.split())))
BOTH = """
import dataclasses, json, sys
from codebleu import calc_codebleu
from src.evaluation.codebleu import codebleu_score
for prediction, reference, language in json.load(sys.stdin):
    print(json.dumps([
        dataclasses.asdict(codebleu_score(prediction, reference, language)),
        calc_codebleu([reference], [prediction], language),
    ]))
"""
SENTENCE = "The quick brown fox jumps over the lazy dog and runs away from the angry farmer."


def found(prediction: str, reference: str, language: str = "python") -> CodeBleu:
    score = codebleu_score(prediction, reference, LANGUAGES[language].codebleu or "")
    assert score is not None
    return score


def value(prediction: str, reference: str, language: str = "python") -> float:
    return found(prediction, reference, language).value


def all_pairs() -> list[tuple[str, str, str]]:
    """Prediction, reference, language: similar, equal, empty, and in another language."""
    pairs = []
    for language, (reference, other) in PROGRAMS.items():
        pairs += [
            (other, reference, language),
            (reference, other, language),
            (reference, reference, language),
        ]
        pairs += [(OTHER_PYTHON, reference, language), ("", reference, language)]
    return pairs


@pytest.fixture(scope="module")
def scored() -> list[tuple[dict, dict]]:
    """What this gives for all_pairs() and what codebleu 0.7.0 does, in an interpreter with PYTHONHASHSEED=0."""
    requests = [(p, r, LANGUAGES[language].codebleu) for p, r, language in all_pairs()]
    ran = subprocess.run(
        [sys.executable, "-c", BOTH], input=json.dumps(requests), capture_output=True, text=True, check=True,
        cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "0"},
    )  # fmt: skip
    pairs = [tuple(json.loads(line)) for line in ran.stdout.splitlines()]
    assert len(pairs) == 50
    return pairs


def test_all_ten_languages_of_the_package_are_tried():
    assert {LANGUAGES[language].codebleu for language in PROGRAMS} == {
        "python", "javascript", "java", "c", "cpp", "c_sharp", "php", "ruby", "go", "rust",
    }  # fmt: skip


def test_package_value_equals_the_package_called_by_hand(scored):
    for ours, package in scored:
        assert ours["package_value"] == pytest.approx(100 * package["codebleu"], abs=1e-9)


def test_parts_equal_the_packages(scored):
    names = ("ngram_match_score", "weighted_ngram_match_score", "syntax_match_score", "dataflow_match_score")
    for ours, package in scored:
        assert ours["parts"] == pytest.approx([package[name] for name in names], abs=1e-12)


def test_where_the_package_is_right_the_value_is_its_mean(scored):
    fixed = [
        (ours["value"], ours["package_value"])
        for (prediction, *_), (ours, _) in zip(all_pairs(), scored, strict=True)
        if prediction and prediction != OTHER_PYTHON and ours["parts"][3] > 0
    ]
    assert len(fixed) >= 20
    assert all(ours == pytest.approx(theirs, abs=1e-9) for ours, theirs in fixed)


def test_scores_lie_between_0_and_100(scored):
    assert all(0 <= ours["value"] <= 100 + 1e-9 for ours, _ in scored)


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_right_answer_scores_100_in_every_language(language):
    for program in PROGRAMS[language]:
        assert value(program, program, language) == pytest.approx(100)


@pytest.mark.parametrize("prediction", ["", " \n\t", "# only a comment", "#\n#\n"])
def test_an_empty_answer_scores_nothing(prediction):
    assert value(prediction, PYTHON) == 0
    # the package: an empty answer 25, as if its data flow were perfect (issue 59 of the package)
    assert value(prediction, "print('hi')") == 0


def test_an_empty_answer_scores_less_than_shuffled_code():
    assert value("", PYTHON) < value(SHUFFLED, PYTHON) < value(OTHER_PYTHON, PYTHON)
    assert found("", "print('hi')").package_value == 25


@pytest.mark.parametrize("text", ["x = '\ud800'", "\udfff", "x = 1\x00", "\x00"], ids=ascii)
def test_lone_surrogates_and_nul_are_scored(text):
    assert found(text, PYTHON)
    codebleu_score(PYTHON, text, "python")


def test_an_empty_reference_has_no_codebleu_in_any_language():
    names = sorted({language.codebleu for language in LANGUAGES.values() if language.codebleu})
    assert len(names) == 10
    assert [codebleu_score("", " ", name) for name in names] == [None] * 10


SHORT_AND_ODD = (
    "x = 1 | x | import os | pass | print('hi') | a b | x = 'h\u00e9llo \u4f60\u597d'\ny = x"
    " | for i in range(3): print(i) | f(1, 2)\ng(3) | def f(:\n | x = ( | \ufeffx = 1"
).split(" | ")


@pytest.mark.parametrize("code", SHORT_AND_ODD)
def test_short_and_odd_references_can_be_matched_in_full(code):
    assert value(code, code) == pytest.approx(100)


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
    assert codebleu_score("x = 1", reference, "python") is None


def test_no_data_flow_in_the_reference_leaves_three_parts():
    score = found(
        "print('hello', 'big', 'new', 'wide', 'world')", "print('hello', 'big', 'old', 'wide', 'world')"
    )
    assert score.parts[3] == 0
    assert score.value == pytest.approx(100 * sum(score.parts[:3]) / 3)
    assert score.package_value == pytest.approx(100 * (sum(score.parts[:3]) + 1) / 4)


def test_missed_data_flow_counts_as_missed():
    score = found("return 0", PYTHON)
    assert score.parts[3] == 0
    assert score.value == pytest.approx(100 * sum(score.parts[:3]) / 4)


def test_unrelated_code_behind_a_right_answer_costs():
    unrelated = "\n".join(f"unrelated_{n} = compute_{n}({n}, other_{n})" for n in range(50))
    score = found(f"{PYTHON}\n{unrelated}", PYTHON)
    assert score.package_value is not None
    assert score.package_value > 70
    assert score.value < 40
    assert value(f"{PYTHON}\nprint(total([1, 2]))\n", PYTHON) > 80


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
    assert value(right.translate(in_unicode), right.translate(in_unicode)) == pytest.approx(100)
    assert unicode_score.value == pytest.approx(ascii_score.value)
    assert unicode_score.package_value != pytest.approx(
        ascii_score.package_value
    )  # the package loses its place


def test_php_without_its_tag_is_read_as_php():
    right, wrong = "function f($a) { return $a + 1; }", "function f($a) { print(2); }"
    assert value(right, right, "php") == pytest.approx(100)
    assert value(wrong, right, "php") < 70


def test_what_is_too_long_or_too_deep_for_the_package_is_not_given_to_it():
    deep = "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)
    assert found(deep, PYTHON) == CodeBleu(0.0, (0.0, 0.0, 0.0, 0.0), None)
    assert codebleu_score(PYTHON, deep, "python") is None
    assert codebleu_score(PYTHON, "x = 1\n" * MAX_CHARACTERS, "python") is None
    assert found(PYTHON + "y = 2\n" * MAX_CHARACTERS, PYTHON).package_value is None


def names(letter: str, count: int) -> str:
    return ",".join(f"{letter}{n}" for n in range(count))


@pytest.mark.parametrize(
    ("language", "prediction"),
    [
        ("python", "[" * 10_000),
        ("python", "[" * 30_000),
        ("python", "(" * 100_000),
        ("python", "x = 1\n" * 1_700_000),
        ("python", "{" * 5_000 + "}" * 5_000),
        ("python", "".join("\t" * n + f"for i{n} in i:\n" for n in range(60)) + "\t" * 60 + "x = i\n"),
        ("python", "if x:\n" + "".join(" " * n + "if x:\n" for n in range(1, 150))),
        ("python", "'" * 16_000),
        ("python", "a." * 8_000),
        ("c", "o\x91\x00" + "*/\x00" * 33_000),
        ("go", "o\x91\x00" + "*/\x00" * 33_000),
        ("go", f"{names('b', 900)} = {names('c', 1_500)}"),
        ("javascript", f"a[{names('b', 2_000)}]++"),
        ("python", "".join(f"{chr(0x4E00 + n)}={chr(0x4E01 + n)}\n" for n in range(4_000))),
    ],
    ids=["10000 brackets", "30000 brackets", "100000 brackets", "10 MB", "braces", "loops", "ifs", "quotes", "dots",
         "C with NUL", "Go with NUL", "assignments", "an increment", "names that grow"],
)  # fmt: skip
def test_what_hangs_or_crashes_the_package_is_scored_in_seconds(language, prediction):
    logging.disable(logging.WARNING)  # as the worker does
    began = time.process_time()
    try:
        assert value(prediction, PROGRAMS[language][0], language) < 5
    finally:
        logging.disable(logging.NOTSET)
    assert time.process_time() - began < 10  # 3 s; the tracing of coverage makes Python thrice as slow


@pytest.mark.parametrize("reference", ["[" * 30_000, "x = 1\n" * 1_000_000], ids=["brackets", "6 MB"])
def test_a_reference_too_heavy_for_the_package_has_no_codebleu(reference):
    assert codebleu_score(PYTHON, reference, "python") is None


def test_a_parse_that_others_held_up_is_tried_again(monkeypatch):
    module.load_parser("python")
    expected = str(module._tree(PYTHON * 100, "python").root_node)
    monkeypatch.setattr(module, "PARSE_CPU_S", 1.0)
    monkeypatch.setattr(module.time, "thread_time", lambda: 0.0)  # the processor was others'
    limits = []

    class Late:
        """A parser that is stopped twice."""

        timeout_micros = 0
        reset = staticmethod(lambda: None)

        def parse(self, code: bytes):
            limits.append(self.timeout_micros)
            if len(limits) < 3:
                raise ValueError("Parsing failed")
            return parser.parse(code)

    parser = module._parser("python")
    monkeypatch.setattr(module, "_parser", lambda language: Late())
    assert str(module._tree(PYTHON * 100, "python").root_node) == expected
    assert limits == [1_000_000, 2_000_000, 4_000_000]
