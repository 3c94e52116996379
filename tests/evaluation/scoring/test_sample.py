"""A stage that fails gives its fallback and spoils no other."""

from __future__ import annotations

import dataclasses
from unittest.mock import patch

import pytest

from src.evaluation.benchmarks.calls import HUMANEVAL, calls_text
from src.evaluation.codebleu.score import CodeBleu
from src.evaluation.scoring import sample as module
from src.evaluation.scoring.sample import Stages, score_sample, unreadable_score
from src.schema import Execution, Sample, SampleScore, UserError

SAMPLE = Sample("s", "Print 1.", "", "print(1)", "```python\nprint(1)\n```", "python", finish="length")
FULL = CodeBleu(100.0, (1.0, 1.0, 1.0, 1.0), 100.0)


@pytest.fixture(autouse=True)
def verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        module, "execute", lambda sandbox, sample, code: Execution("passed" if code else "error")
    )
    monkeypatch.setattr(
        module, "judge", lambda sandbox, sample, code: Execution("passed" if code else "failed")
    )


def scored(failed: dict[str, str], codebleu=lambda *_: FULL) -> tuple[SampleScore, Stages, list[str]]:
    begun: list[str] = []
    stages = Stages(failed, begun.append)
    with patch.object(module, "codebleu_score", codebleu):
        return score_sample(SAMPLE, None, stages), stages, begun  # type: ignore[arg-type]


def test_all_stages_are_announced_before_they_begin():
    score, stages, begun = scored({})
    assert begun == ["extraction", "text metrics", "CodeBLEU", "execution", "functional accuracy"]
    assert stages.failed == {}
    assert (score.code, score.codebleu, score.exact) == ("print(1)", 100.0, True)
    assert set(score.flags) == {"fenced", "truncated"}
    assert score.error == ""


@pytest.mark.parametrize(
    ("code", "reference", "exact"),
    [
        ("print(1)", "print(1)\r\n", True),
        ("if a:  \n    b", "\n\nif a:\r    b \t\n", True),
        ("if a:\n    b", "if a:\n   b", False),
        ("print( 1)", "print(1)", False),
    ],
)
def test_exact_is_blind_to_line_ends_and_to_white_space_at_ends(code: str, reference: str, exact: bool):
    sample = dataclasses.replace(SAMPLE, prediction=code, reference=reference, language="")
    stages = Stages({}, lambda _: None)
    assert score_sample(sample, None, stages).exact is exact  # type: ignore[arg-type]


def test_what_an_answer_lacks_is_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "execute", lambda *_: Execution("not_run", "no numpy", lacks="numpy"))
    monkeypatch.setattr(module, "judge", lambda *_: None)
    score, _, _ = scored({})
    assert (score.execution, score.execution_lacks, score.functional_lacks) == ("not_run", "numpy", "")
    assert score.error == "missing"


def test_a_stage_known_to_kill_is_left_out():
    def codebleu(*_: str) -> CodeBleu:
        raise AssertionError("computed")

    score, stages, _ = scored({"CodeBLEU": "SIGSEGV"}, codebleu)
    assert stages.failed == {"CodeBLEU": "SIGSEGV"}
    assert score.codebleu == 0
    assert score.execution == "passed"
    assert score.error == ""  # the answer was read and ran


def test_an_unread_answer_counts_as_wrong_and_not_as_missing():
    score, _, _ = scored({"extraction": "more than 20 s of processor time"})
    assert (score.code, score.execution, score.functional) == ("", "error", "failed")
    assert (score.error, "unreadable" in score.flags) == ("unreadable", True)
    assert sum(score.statistics["bleu"][2:6]) == 0
    assert score.statistics["bleu"][1] > 0  # the reference's length counts


@pytest.mark.parametrize("error", [OverflowError("x"), RecursionError(), MemoryError(), ValueError("a\nb")])
def test_any_error_of_a_parser_is_a_reason(error: Exception):
    def codebleu(*_: str) -> CodeBleu:
        raise error

    score, stages, _ = scored({}, codebleu)
    assert stages.failed["CodeBLEU"].startswith(type(error).__name__)
    assert "\n" not in stages.failed["CodeBLEU"]
    assert score.codebleu == 0


def test_a_mistake_of_the_user_is_no_fault_of_a_sample():
    def codebleu(*_: str) -> CodeBleu:
        raise UserError("the parsers cannot be used")

    with pytest.raises(UserError):
        scored({}, codebleu)


@pytest.mark.parametrize(
    ("prediction", "finish", "code", "flags"),
    [
        ("<think>\n```python\nno()\n```\n</think>\nprint(1)", "stop", "print(1)", set()),
        ("<think>\n```python\nno()\n```", "thinking", "", {"truncated", "thinking", "no_code"}),
        ("Let me see.\n```python\nno()\n```", "thinking", "", {"truncated", "thinking", "no_code"}),
        ("<think>\n```python\nno()\n```", "", "", {"thinking", "no_code"}),
        (" print(1)", "stop", "print(1)", set()),
    ],
)
def test_a_thought_is_no_part_of_the_program(prediction: str, finish: str, code: str, flags: set[str]):
    sample = dataclasses.replace(SAMPLE, prediction=prediction, finish=finish)
    score = score_sample(sample, None, Stages({}, lambda _: None))  # type: ignore[arg-type]
    assert (score.code, set(score.flags)) == (code, flags)


@pytest.mark.parametrize(("language", "value"), [("python", 0), ("jsx", 0), ("sql", None), ("", None)])
def test_an_unreadable_answer_has_no_codebleu_only_where_its_language_has_none(language, value):
    assert unreadable_score(dataclasses.replace(SAMPLE, language=language)).codebleu == value


ASSERTION = 'Traceback (most recent call last):\n  File "<tests>", line 1, in <module>\nAssertionError{}\n'


@pytest.mark.parametrize(
    ("functional", "execution", "message"),
    [
        (Execution("failed", "assert f(2) == 4", stderr=ASSERTION.format("")), Execution("passed"), "assert f(2) == 4"),
        (
            Execution("failed", "assert f(2) == 4", stderr=ASSERTION.format(": too few")),
            Execution("passed"),
            "assert f(2) == 4: AssertionError: too few",
        ),
        (Execution("failed", "f(5): another value"), Execution("passed"), "f(5): another value"),
        (Execution("error", "SyntaxError"), Execution("error", "SyntaxError", stderr="SyntaxError: bad\n"), "SyntaxError: bad"),
        (None, Execution("error", "ReferenceError", stderr="ReferenceError: a is not defined\n    at x\n"),
         "ReferenceError: a is not defined"),
        (Execution("passed"), Execution("timeout", "10 s of CPU"), "10 s of CPU"),
        (None, Execution("killed"), "killed"),
        (Execution("passed"), Execution("passed", "defines only"), ""),
        (None, Execution("not_run", "no sandbox"), ""),
        (Execution("failed", "x" * 900), Execution("passed"), "x" * 300),
    ],
)  # fmt: skip
def test_what_went_wrong_is_told_in_the_words_of_the_test_or_the_interpreter(
    monkeypatch: pytest.MonkeyPatch, functional: Execution | None, execution: Execution, message: str
):
    monkeypatch.setattr(module, "execute", lambda *_: execution)
    monkeypatch.setattr(module, "judge", lambda *_: functional)
    assert scored({})[0].message == message


@pytest.mark.parametrize("outcome", ["failed", "killed"])
def test_what_ends_all_tests_ends_those_on_the_base_inputs_too(monkeypatch: pytest.MonkeyPatch, outcome: str):
    row = {
        "task_id": "HumanEval/900",
        "entry_point": "f",
        "atol": 0,
        "base_input": [[1]],
        "plus_input": [[2]],
    }
    apart = dataclasses.replace(SAMPLE, tests=calls_text(HUMANEVAL, row))
    plain = dataclasses.replace(SAMPLE, tests="assert f(1) == 1")
    monkeypatch.setattr(module, "judge", lambda *_: Execution(outcome))  # as where there is no code
    stages = Stages({}, lambda _: None)
    assert score_sample(apart, None, stages).base == outcome  # type: ignore[arg-type]
    assert score_sample(plain, None, stages).base == ""  # type: ignore[arg-type]
    assert (unreadable_score(apart).base, unreadable_score(plain).base) == ("killed", "")
    monkeypatch.setattr(module, "judge", lambda *_: Execution("failed", base="passed"))
    assert score_sample(apart, None, stages).base == "passed"  # type: ignore[arg-type]
