"""CodeBLEU equals the package where the package is right, and no sample ends or delays the others."""

import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from src.evaluation.codebleu import client
from src.evaluation.codebleu.client import CodeBleu, codebleu_scores
from src.languages.registry import LANGUAGES
from src.schema import UserError
from tests.evaluation.programs_by_language import PROGRAMS

ROOT = Path(client.__file__).parents[3]
PYTHON, OTHER_PYTHON = PROGRAMS["python"]
SHUFFLED = " ".join(random.Random(0).sample(PYTHON.split(), len(PYTHON.split())))
BY_HAND = """
import json, sys
from codebleu import calc_codebleu
for prediction, reference, language in json.load(sys.stdin):
    print(json.dumps(calc_codebleu([reference], [prediction], language)))
"""


def one(prediction, reference, language="python", **options) -> CodeBleu | None:
    return codebleu_scores([prediction], [reference], [language], **options)[0]


def value(prediction, reference, language="python") -> float:
    found = one(prediction, reference, language)
    assert found is not None
    return found.value


def many(pairs) -> list[CodeBleu | None]:
    return codebleu_scores(*map(list, zip(*pairs, strict=True)))


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
def by_hand() -> list[dict[str, float]]:
    """What codebleu 0.7.0 gives for all_pairs() in an interpreter of its own with PYTHONHASHSEED=0."""
    requests = [(p, r, LANGUAGES[language].codebleu) for p, r, language in all_pairs()]
    ran = subprocess.run(
        [sys.executable, "-c", BY_HAND], input=json.dumps(requests), capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONHASHSEED": "0"},
    )  # fmt: skip
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.fixture(scope="module")
def scored() -> list[CodeBleu | None]:
    return many(all_pairs())


def test_all_ten_languages_of_the_package_are_tried():
    assert {LANGUAGES[language].codebleu for language in PROGRAMS} == {
        "python", "javascript", "java", "c", "cpp", "c_sharp", "php", "ruby", "go", "rust",
    }  # fmt: skip


def test_package_value_equals_the_package_called_by_hand(scored, by_hand):
    assert len(by_hand) == 50
    for found, expected in zip(scored, by_hand, strict=True):
        assert found.package_value == pytest.approx(100 * expected["codebleu"], abs=1e-9)


def test_parts_equal_the_packages(scored, by_hand):
    names = ("ngram_match_score", "weighted_ngram_match_score", "syntax_match_score", "dataflow_match_score")
    for found, expected in zip(scored, by_hand, strict=True):
        assert found.parts == pytest.approx([expected[name] for name in names], abs=1e-12)


def test_where_the_package_is_right_the_value_is_its_mean(scored):
    fixed = [
        (found.value, found.package_value)
        for (prediction, reference, _), found in zip(all_pairs(), scored, strict=True)
        if prediction and prediction != OTHER_PYTHON and found.parts[3] > 0
    ]
    assert len(fixed) >= 20
    assert all(ours == pytest.approx(theirs, abs=1e-9) for ours, theirs in fixed)


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_right_answer_scores_100_in_every_language(language):
    for program in PROGRAMS[language]:
        assert value(program, program, language) == pytest.approx(100)


@pytest.mark.parametrize("prediction", ["", " \n\t", None, "# only a comment", "#\n#\n"])
def test_an_empty_answer_scores_nothing(prediction):
    assert value(prediction, PYTHON) == 0
    # the package: an empty answer 25, as if its data flow were perfect (issue 59 of the package)
    assert one(prediction, "print('hi')").value == 0


def test_an_empty_answer_scores_less_than_shuffled_code():
    assert value("", PYTHON) < value(SHUFFLED, PYTHON) < value(OTHER_PYTHON, PYTHON)
    assert one("", "print('hi')").package_value == 25


@pytest.mark.parametrize("text", ["x = '\ud800'", "\udfff", "x = 1\x00", "\x00"], ids=ascii)
def test_lone_surrogates_and_nul_are_scored(text):
    assert one(text, PYTHON) is not None
    one(PYTHON, text)


@pytest.mark.parametrize("seed", ["1", "random"])
def test_the_hash_seed_of_this_process_changes_nothing(seed, scored):
    code = (
        "import json, sys\nfrom src.evaluation.codebleu.client import codebleu_scores\n"
        "print(json.dumps([[s.value, s.parts, s.package_value] for s in codebleu_scores(*json.load(sys.stdin))]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(list(zip(*all_pairs(), strict=True))), capture_output=True,
        text=True, check=True, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": seed},
    )  # fmt: skip
    expected = [[score.value, list(score.parts), score.package_value] for score in scored]
    assert json.loads(ran.stdout) == expected


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_neither_the_order_of_samples_nor_the_number_of_workers_changes_anything(workers, scored):
    order = random.Random(workers).sample(range(50), 50)
    pairs = all_pairs()
    shuffled = codebleu_scores(*map(list, zip(*(pairs[i] for i in order), strict=True)), workers=workers)
    assert shuffled == [scored[i] for i in order]


def test_no_samples_and_no_language_are_no_error():
    assert codebleu_scores([], [], []) == []
    assert codebleu_scores(["x", "x"], ["x", "x"], ["bash", ""]) == [None, None]
    assert one("SELECT 1", "SELECT 1", "sql") is None
    with pytest.raises(ValueError, match="1 predictions, 2 references"):
        codebleu_scores(["x"], ["x", "y"], ["python"])


@pytest.mark.parametrize(
    "prediction",
    ["[" * 10_000, "[" * 30_000, "(" * 100_000, "x = 1\n" * 1_700_000, "{" * 5_000 + "}" * 5_000,
     "".join("\t" * n + f"for i{n} in i:\n" for n in range(60)) + "\t" * 60 + "x = i\n",
     "if x:\n" + "".join(" " * n + "if x:\n" for n in range(1, 150)), "'" * 16_000, "a." * 8_000],
    ids=["10000 brackets", "30000 brackets", "100000 brackets", "10 MB", "braces", "loops", "ifs", "quotes", "dots"],
)  # fmt: skip
def test_what_hangs_or_crashes_the_package_is_scored_in_seconds(prediction, caplog):
    began = time.monotonic()
    found = codebleu_scores([prediction, PYTHON], [PYTHON, PYTHON], ["python"] * 2, workers=1)
    assert time.monotonic() - began < 30
    assert found[0].value < 5
    assert found[1].value == pytest.approx(100)
    assert not caplog.records  # none of them had to be killed


@pytest.mark.parametrize("reference", ["[" * 30_000, "x = 1\n" * 1_000_000], ids=["brackets", "6 MB"])
def test_a_reference_too_heavy_for_the_package_has_no_codebleu(reference):
    assert one(PYTHON, reference) is None


def test_what_was_cut_has_no_package_value():
    assert one(PYTHON + "y = 2\n" * 4000, PYTHON).package_value is None


def worker_with(monkeypatch, behaviour: str) -> None:
    """Let the child process run `behaviour` on a request that holds the word POISON."""
    program = f"""
import os, sys, time
from src.evaluation.codebleu import worker
real = worker.codebleu_parts
def score(prediction, reference, language):
    if "POISON" in prediction:
        {behaviour}
    return real(prediction, reference, language)
worker.codebleu_parts = score
sys.exit(worker.main(sys.argv[1:]))
"""
    start = subprocess.Popen

    def popen(command, **options):
        return start([command[0], "-c", program, *command[3:]], **options)

    monkeypatch.setattr(client.subprocess, "Popen", popen)


@pytest.mark.parametrize(
    "behaviour", ["time.sleep(600)", "os.abort()", "sys.exit(0)"], ids=["hangs", "crashes", "ends"]
)
def test_a_sample_that_ends_the_worker_scores_nothing_and_the_next_are_scored(monkeypatch, caplog, behaviour):
    worker_with(monkeypatch, behaviour)
    predictions = [PYTHON, "x = 'POISON'", PYTHON]
    with caplog.at_level(logging.WARNING):
        found = codebleu_scores(predictions, [PYTHON] * 3, ["python"] * 3, sample_s=3, workers=1)
    assert [score.value for score in found] == pytest.approx([100, 0, 100])
    assert found[1].package_value is None
    assert "1 of 3" in caplog.text


def test_a_sample_is_tried_again_when_the_worker_was_killed_by_others(monkeypatch, caplog):
    started = []
    start = subprocess.Popen

    def popen(*arguments, **options):
        started.append(start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(client.subprocess, "Popen", popen)
    with client.CodeBleuWorker(["python"], 30) as worker:
        assert worker.score(PYTHON, PYTHON, "python").value == pytest.approx(100)
        os.kill(started[0].pid, signal.SIGKILL)
        started[0].wait()
        assert worker.score(PYTHON, PYTHON, "python").value == pytest.approx(100)
    assert worker.failures == 0
    assert len(started) == 2
    assert all(process.returncode is not None for process in started)


def test_a_package_that_does_not_start_is_the_users_to_fix(monkeypatch):
    monkeypatch.setattr(client, "ROOT", Path(client.__file__).parent)  # no package src below it
    with pytest.raises(UserError, match=r"No module named.*pip install -r requirements\.txt"):
        one(PYTHON, PYTHON)


def test_scores_lie_between_0_and_100(scored):
    assert all(0 <= score.value <= 100 + 1e-9 for score in scored)


def test_an_empty_reference_has_no_codebleu_in_any_language():
    languages = [name for name, language in LANGUAGES.items() if language.codebleu]
    assert len(languages) == 10
    assert codebleu_scores([""] * 10, [" "] * 10, languages) == [None] * 10
