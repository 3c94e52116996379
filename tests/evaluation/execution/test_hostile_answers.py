"""Hostile answers in every language end as they must, and the good ones beside them are right."""

import json
import os
import socket
from functools import partial
from string import Template

import pytest

from src.evaluation.execution.runners import run_program
from src.evaluation.execution.tools import find_tool
from src.languages.registry import LANGUAGES
from src.sandbox.sandbox import Limits, Sandbox, unavailable_reason
from tests.evaluation.execution.hostile_answers import ANSWERS

pytestmark = pytest.mark.skipif(unavailable_reason() is not None, reason=str(unavailable_reason()))

SECRET = "swordfish-9142"
SHORT = Limits(wall_s=6, cpu_s=1, memory_mib=256, output_bytes=20_000, processes=32, file_mib=8)
PATIENT = Limits(wall_s=60, cpu_s=20, memory_mib=256, output_bytes=20_000, processes=32, file_mib=8)
GOOD = [
    ("python", "print(6 * 7)", "42\n"),
    ("bash", "echo $((6 * 7))", "42\n"),
    ("javascript", "console.log(6 * 7)", "42\n"),
]


def is_here(answer):
    return all(find_tool(tool) for tool in LANGUAGES[answer.language].tools)


def limits_of(answer):
    return SHORT if "timeout" in answer.outcome else PATIENT


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What became of each, and of the good ones that ran among them; whether the host was reached."""
    canary = tmp_path_factory.mktemp("host") / "canary.txt"
    canary.write_text(SECRET)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        names = {"CANARY": str(canary), "PORT": server.getsockname()[1], "PID": os.getpid()}
        found, good = {}, []
        for limits in (SHORT, PATIENT):
            answers = [a for a in ANSWERS if limits_of(a) is limits and is_here(a)]
            with Sandbox(limits, workers=2) as sandbox:
                jobs = []
                for number, answer in enumerate(answers):
                    source = Template(answer.source).safe_substitute(names)
                    jobs.append((answer, partial(run_program, answer.language, code=source)))
                    language, code, _ = GOOD[number % len(GOOD)]
                    if number % 8 < len(GOOD):
                        jobs.append((None, partial(run_program, language, code=code)))
                executions = sandbox.map(lambda s, job=job: job(sandbox=s) for _, job in jobs)
                for (answer, job), execution in zip(jobs, executions, strict=True):
                    if answer is None:
                        good.append((job.args[0], execution))
                    else:
                        found[answer.language, answer.name] = execution
        try:
            server.accept()
            reached = True
        except BlockingIOError:
            reached = False
    return found, good, reached, canary.read_text()


def test_the_suite_is_as_large_as_it_claims():
    assert len(ANSWERS) >= 75
    assert len({(answer.language, answer.name) for answer in ANSWERS}) == len(ANSWERS)
    assert {"bash", "javascript", "c", "cpp", "java", "php", "ruby", "sql", "html"} <= {
        a.language for a in ANSWERS
    }


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: f"{a.language}: {a.name}")
def test_a_hostile_answer_ends_as_it_must(ran, answer):
    if not is_here(answer):
        pytest.skip(f"no {LANGUAGES[answer.language].tools} on this machine")
    execution = ran[0][answer.language, answer.name]
    assert execution.outcome in answer.outcome.split("|"), execution
    assert "BREACH" not in execution.stdout, execution
    assert SECRET not in json.dumps([execution.stdout, execution.stderr])
    shown = execution.stdout + execution.stderr + execution.detail
    assert all(c in "\n\t" or c.isprintable() or c == " " for c in shown if ord(c) < 0xA0)


def test_the_good_answers_beside_them_are_right(ran):
    good = ran[1]
    expected = {language: output for language, _, output in GOOD}
    assert len(good) >= 20
    for language, execution in good:
        assert (execution.outcome, execution.stdout) == ("passed", expected[language])


def test_the_host_was_not_reached(ran):
    _, _, reached, canary = ran
    assert not reached
    assert canary == SECRET
