"""A record is read where the probe wrote it, and nothing else is taken for one."""

import ast
import json

import pytest

from src.evaluation.differential.probe_runner import Inputs, run_probe
from src.sandbox.sandbox import Limits
from src.schema import Execution

CALLS = [("f", ["1"])]
MODULE = {"error": "", "message": "", "stdout": "", "marked": "", "last": ["n"]}
RESULT = {"value": ["i", "0x2"], "error": "", "stdout": "", "marked": "", "changed": None}
RECORD = {"module": MODULE, "calls": [RESULT], "files": {}, "seen": {}, "told": []}


class Scripted:
    """In place of a sandbox: the program writes `text`, MARKER in it replaced by the marker of the plan."""

    limits = Limits()
    starved = 0

    def __init__(self, text):
        self.text = text

    def python(self, source, stdin=b""):
        self.plan = json.loads(ast.literal_eval(source.split("\n", 1)[0].removeprefix("PLAN_JSON = ")))
        return Execution("passed", stdout=self.text.replace("MARKER ", self.plan["marker"]))


def run(text, calls=CALLS, **options):
    sandbox = Scripted(text)
    execution, record = run_probe(
        sandbox, Inputs("x = 1", {"a.txt": "b"}), "def f(a): pass", calls, **options
    )
    return sandbox, execution, record


def test_the_line_behind_the_marker_is_the_record():
    _, execution, record = run(f"some output\nMARKER {json.dumps(RECORD)}\nmore")
    assert record == RECORD
    assert execution.outcome == "passed"


@pytest.mark.parametrize("text", ["", "output", json.dumps(RECORD), "MARKER {", "MARKER " + "[" * 100_000])
def test_without_a_whole_record_there_is_none(text):
    _, execution, record = run(text)
    assert record is None
    assert execution.outcome == "passed"


@pytest.mark.parametrize(
    "record",
    [
        [],
        {},
        RECORD | {"module": None},
        RECORD | {"module": MODULE | {"stdout": 3}},
        RECORD | {"module": MODULE | {"last": ["l", 3]}},
        RECORD | {"files": {"a": 1}},
        RECORD | {"calls": []},
        RECORD | {"calls": [RESULT, RESULT]},
        RECORD | {"calls": [RESULT | {"value": ["?"]}]},
        RECORD | {"calls": [RESULT | {"changed": 3}]},
        RECORD | {"calls": [RESULT | {"changed": [["l", [3]]]}]},
        RECORD | {"calls": [{name: RESULT[name] for name in ("value", "error", "stdout")}]},
        RECORD | {"calls": [RESULT | {"value": ["b", float("inf")]}]},
        RECORD | {"calls": [RESULT | {"value": ["f", float("nan")]}]},
        RECORD | {"calls": [RESULT | {"value": ["i", 10**4000]}]},
        RECORD | {"calls": [RESULT | {"note": float("nan")}]},
        RECORD | {"calls": [None]},
        RECORD | {"calls": {"0": RESULT}},
        RECORD | {"files": None},
        RECORD | {"seen": None},
        RECORD | {"told": None},
        RECORD | {"told": ["x"]},
        RECORD | {"told": [3]},
        RECORD | {"seen": {"f": 3}},
        RECORD | {"seen": {"f": [["1", 2]]}},
        {name: RECORD[name] for name in ("module", "calls", "files")},
        RECORD | {"module": MODULE | {"error": "ValueError"}},  # a program that fails is not called
    ],
    ids=str,
)
def test_a_record_of_another_shape_is_none(record):
    assert run(f"MARKER {json.dumps(record)}\n")[2] is None


@pytest.mark.parametrize(
    "value",
    ['["l", ' * 30_000, '["i", ' + "1" * 5_000 + "]", '["f", 1e999]', '["b", 1e999]', '["l", ["\\ud800"]]'],
)
def test_a_record_that_only_json_can_write_is_none(value):
    text = json.dumps(RECORD).replace('["i", "0x2"]', value)
    assert text != json.dumps(RECORD)
    assert run(f"MARKER {text}\n")[2] is None


def test_what_a_forged_record_has_beside_the_known_parts_is_left_out():
    forged = RECORD | {"more": 1, "module": MODULE | {"more": [[[]]]}, "calls": [RESULT | {"more": {}}]}
    assert run(f"MARKER {json.dumps(forged)}\n")[2] == RECORD


def test_a_program_that_fails_has_a_record_without_calls():
    failed = RECORD | {"module": MODULE | {"error": "ValueError"}, "calls": []}
    assert run(f"MARKER {json.dumps(failed)}\n")[2] == failed


def test_the_plan_holds_the_inputs_and_a_share_of_the_time():
    plan = run("", share=0.5, seed=2)[0].plan
    assert (plan["setup"], plan["files"], plan["calls"]) == ("x = 1", {"a.txt": "b"}, [["f", ["1"]]])
    assert (plan["seed"], plan["record_calls"]) == (2, False)
    # of 10 s wall time, halved: 0.3 for the program, 0.05 for a call, 0.6 for all
    assert [plan[name] for name in ("module_s", "call_s", "total_s")] == pytest.approx([1.5, 0.25, 3.0])


def test_the_marker_of_a_run_cannot_be_known_before():
    assert run("")[0].plan["marker"] != run("")[0].plan["marker"]
