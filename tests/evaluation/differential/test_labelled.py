"""Answers to small tasks, labelled by hand: the tasks' own asserts agree with the labels."""

import ast
import contextlib
import io
import json
import re
from pathlib import Path

import pytest

from benchmarks import RESULTS
from benchmarks.evaluation.labelled import (
    ANSWERS,
    SETS,
    answers_in,
    labelled_answers,
    outcomes,
    summary,
    task,
)


@pytest.fixture(scope="module", params=SETS)
def answers(request):
    return labelled_answers(request.param)


def program(answer):
    """What stands in the fence or, with none, the whole; its function also goes by the reference's name."""
    fenced = re.search(r"```python\n(.*?)```", answer.text, re.DOTALL)
    code = fenced[1] if fenced else answer.text
    names, wanted = (
        [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
        for source in (code, task(answer.task)["output"])
    )
    return f"{code}\n{wanted[-1]} = {names[-1]}\n" if names and wanted and wanted[-1] not in names else code


def test_there_are_enough(answers):
    assert len(answers) >= 150
    assert len({answer.task for answer in answers}) >= 40
    assert len({(answer.task, answer.text) for answer in answers}) == len(answers)
    assert {answer.label for answer in answers} == {"right", "acceptable", "wrong"}


def test_no_task_is_in_two_sets_but_those_that_a_third_hand_answers_anew():
    tasks = {name: {answer.task for answer in labelled_answers(name)} for name in SETS}
    again = tasks.pop("third_hand")
    assert sum(map(len, tasks.values())) == len(set().union(*tasks.values()))
    assert len(again - set().union(*tasks.values())) >= 30
    assert not again & tasks["development"]


def test_no_answer_is_in_two_sets():
    programs = [
        {(answer.task, ast.dump(ast.parse(program(answer)))) for answer in labelled_answers(name)}
        for name in SETS
    ]
    assert sum(map(len, programs)) == len(set().union(*programs))


@pytest.mark.parametrize("name", SETS)
def test_the_page_on_the_sets_counts_them(name):
    answers = labelled_answers(name)
    labels = [answer.label for answer in answers]
    counts = [len({answer.task for answer in answers}), len(answers)]
    counts += [labels.count(label) for label in ("right", "acceptable", "wrong")]
    counts.append(sum(not answer.seen for answer in answers))
    row = " | ".join(map(str, [name, *counts]))
    assert f"| {row} |" in (ANSWERS / "README.md").read_text(encoding="utf-8")


@pytest.mark.campaign
def test_verdicts_on_the_development_half(sandbox):
    answers = labelled_answers("development")
    rows = summary(answers, outcomes(sandbox, answers))
    assert rows["right"]["passed"] >= 0.95 * (rows["right"]["n"] - rows["right"]["no verdict"])
    assert rows["acceptable"]["passed"] >= 0.6 * rows["acceptable"]["n"]
    assert rows["wrong"]["passed"] <= 0.03 * rows["wrong"]["n"]


def test_asserts_agree_with_the_labels(answers):
    checked = [answer for answer in answers if answer.label != "acceptable" and "tests" in task(answer.task)]
    assert len(checked) >= 100
    passed = [_result(program(answer), task(answer.task)["tests"]) is None for answer in checked]
    expected = [answer.label == "right" or not answer.seen for answer in checked]
    assert [a for a, found, wanted in zip(checked, passed, expected, strict=True) if found != wanted] == []


@pytest.mark.parametrize(
    "name", ["fourth_hand", "fifth_hand", "sixth_hand", "seventh_hand", "eighth_hand", "ninth_hand"]
)
def test_scripts_print_what_the_reference_prints_if_they_are_right_and_only_then(name):
    scripts = [a for a in labelled_answers(name) if "tests" not in task(a.task)]
    checked = [answer for answer in scripts if answer.label != "acceptable"]
    assert len(checked) >= 40
    for answer in checked:
        same = _printed(program(answer)) == _printed(task(answer.task)["output"])
        assert same == (answer.label == "right"), answer


def _printed(code):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(code, {"__name__": "__main__"})
    return [line.rstrip() for line in out.getvalue().rstrip().splitlines()]


@pytest.mark.parametrize("name", ["other_hand", "third_hand"])
def test_wrong_answers_differ_from_the_reference_at_the_call_that_their_form_names(name):
    named = [answer for answer in labelled_answers(name) if "; differs at " in answer.form]
    assert len(named) >= 10
    assert {answer.label for answer in named} == {"wrong"}
    unseen = [answer for answer in labelled_answers(name) if not answer.seen]
    assert set(unseen) <= set(named)
    for answer in named:
        call = f"at_call = {answer.form.split('; differs at ')[1]}"
        assert _result(program(answer), call) != _result(task(answer.task)["output"], call), answer


def _result(code, check):
    """What `check` assigns to `at_call`, or the kind of error that it or the code raises, in a space of its own."""
    space = {"__name__": "answer", "at_call": None}
    try:
        exec(code, space)
        exec(check, space)
    except Exception as error:
        return type(error)
    return space["at_call"]


def test_the_page_on_functional_accuracy_has_the_measured_coverage():
    measured = json.loads((RESULTS / "functional.json").read_text(encoding="utf-8"))
    page = (Path(__file__).resolve().parents[3] / "docs" / "functional.md").read_text(encoding="utf-8")
    every = measured["mutants_of_all_references"]
    assert f"| give a verdict | **{measured['verdict_percent']} %** |" in page
    assert f"{every['caught_percent']:.1f} % of {every['n']} are caught" in page


def test_answers_to_samples_of_another_data_set_are_judged_by_its_rows(sandbox, tmp_path):
    path = tmp_path / "own.txt"
    path.write_text(
        "@@ 1\n@ right: adds\ndef f(a, b):\n    return b + a\n@ wrong: takes away\ndef f(a, b):\n    return a - b\n"
    )
    rows = [{}, {"instruction": "Write a function that adds.", "output": "def add(x, y):\n    return x + y"}]
    answers = answers_in(path)
    assert [kind for kind, _ in outcomes(sandbox, answers, rows)] == ["passed", "rejected"]
