"""Answers to tasks of the starter set, labelled by hand: the tasks' own asserts agree with the labels."""

import pytest

from benchmarks.evaluation.labelled import HALVES, labelled_answers, outcomes, summary, task


@pytest.fixture(scope="module", params=HALVES)
def answers(request):
    return labelled_answers(request.param)


def test_there_are_enough_and_no_task_is_in_both_halves(answers):
    assert len(answers) >= 150
    assert len({answer.task for answer in answers}) >= 40
    assert {answer.label for answer in answers} == {"right", "acceptable", "wrong"}
    development, held_out = ({answer.task for answer in labelled_answers(half)} for half in HALVES)
    assert not development & held_out


def test_verdicts_on_the_development_half(sandbox):
    answers = labelled_answers("development")
    rows = summary(answers, outcomes(sandbox, answers))
    assert rows["right"]["passed"] >= 0.95 * (rows["right"]["n"] - rows["right"]["no verdict"])
    assert rows["acceptable"]["passed"] >= 0.6 * rows["acceptable"]["n"]
    assert rows["wrong"]["passed"] <= 0.03 * rows["wrong"]["n"]


def test_asserts_agree_with_the_labels(sandbox, answers):
    checked = [answer for answer in answers if answer.label != "acceptable" and "tests" in task(answer.task)]
    assert len(checked) >= 100
    jobs = [lambda sandbox, a=answer: sandbox.python(a.code, task(a.task)["tests"]) for answer in checked]
    passed = [execution.outcome == "passed" for execution in sandbox.map(jobs)]
    expected = [answer.label == "right" or not answer.seen for answer in checked]
    assert [a for a, found, wanted in zip(checked, passed, expected, strict=True) if found != wanted] == []
