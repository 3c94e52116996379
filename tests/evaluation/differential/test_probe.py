"""What a program returned, printed and changed is recorded, within bounds."""

import ast
import collections

import pytest

from src.evaluation.differential.equality import well_formed
from src.evaluation.differential.probe import MAX_TEXT, _assign_last_value, _Capture, describe
from src.evaluation.differential.probe_runner import Inputs, run_probe

NO_INPUT = Inputs("", {})


@pytest.mark.parametrize(
    ("value", "described"),
    [
        (None, ["n"]),
        (True, ["b", 1]),
        (255, ["i", "0xff"]),
        (0.5, ["f", "0.5"]),
        (1 + 2j, ["c", "1.0", "2.0"]),
        ("a", ["s", "a"]),
        (b"\x01", ["y", "01"]),
        ([1, (None,)], ["l", [["i", "0x1"], ["t", [["n"]]]]]),
        (collections.deque([1]), ["l", [["i", "0x1"]]]),
        ({"k": {3}}, ["d", [[["s", "k"], ["S", [["i", "0x3"]]]]]]),
        ((i for i in "ab"), ["g", [["s", "a"], ["s", "b"]]]),
        (range(2), ["g", [["i", "0x0"], ["i", "0x1"]]]),
        (len, ["u"]),
    ],
)
def test_a_value_is_described_by_its_kind_and_content(value, described):
    assert describe(value) == described


def test_long_texts_that_differ_at_the_end_are_described_differently():
    assert describe("a" * MAX_TEXT + "b") != describe("a" * MAX_TEXT + "c")
    assert len(str(describe("a" * 10**6))) < 100


def test_deep_and_large_values_are_truncated():
    deep = []
    for _ in range(10_000):
        deep = [deep]
    assert well_formed(describe(deep))
    assert well_formed(describe([list(range(1000))] * 1000))


def test_output_is_kept_up_to_a_length_and_a_digest_of_all():
    texts = []
    for end in ("", "b", "c"):
        output = _Capture()
        output.write("a" * MAX_TEXT + end)
        output.write(end)
        texts.append(output.text())
    assert texts[0] == "a" * MAX_TEXT
    assert len(set(texts)) == 3
    assert all(text.startswith("a" * MAX_TEXT + "\n[cut] ") for text in texts[1:])


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ("a = 1\nb = 2", ["b", "a"]),
        ("a = 1\nb = 2\na + b", ["_last_", "b"]),
        ("a = 1\n'text'", ["a"]),
        ("if __name__ == '__main__':\n    c = 3", ["c"]),
        ("", []),
    ],
)
def test_the_last_values_of_a_program_are_found(program, names):
    tree, found = _assign_last_value(ast.parse(program))
    assert found == names
    compile(tree, "program.py", "exec")


def record(sandbox, program, calls=(), inputs=NO_INPUT, **options):
    _, found = run_probe(sandbox, inputs, program, calls, **options)
    assert found is not None
    return found


def test_each_call_is_recorded_with_its_value_output_error_and_changed_arguments(sandbox):
    program = "def f(xs):\n    print(len(xs))\n    xs.sort()\n    return xs[0]\n"
    sorted_already, changed, failed = record(
        sandbox, program, [("f", ["[1, 2]"]), ("f", ["[2, 1]"]), ("f", ["[]"])]
    )["calls"]
    assert sorted_already == {"value": ["i", "0x1"], "error": "", "stdout": "2\n", "changed": None}
    assert changed["changed"] == [["l", [["i", "0x1"], ["i", "0x2"]]]]
    assert (failed["value"], failed["error"], failed["stdout"]) == (None, "IndexError", "0\n")


def test_a_program_is_recorded_with_its_output_last_value_files_and_own_calls(sandbox):
    program = "def f(n):\n    return n + 1\nprint(f(3))\nopen('out.txt', 'w').write(open('in.txt').read())\ntotal = x + 1\n"
    found = record(sandbox, program, inputs=Inputs("x = 4", {"in.txt": "given"}), record_calls=True)
    assert found["module"] == {"error": "", "message": "", "stdout": "4\n", "last": ["i", "0x5"]}
    assert found["files"] == {"out.txt": "given"}
    assert found["seen"] == {"f": [["3"]]}


def test_a_call_that_does_not_end_is_a_timeout_and_the_next_is_made(sandbox):
    program = "def f(n):\n    while n:\n        pass\n    return 7\n"
    endless, ended = record(sandbox, program, [("f", ["1"]), ("f", ["0"])], share=0.2)["calls"]
    assert (endless["error"], ended["value"]) == ("timeout", ["i", "0x7"])


def test_a_program_that_exits_is_recorded_by_its_status(sandbox):
    errors = [record(sandbox, f"import sys\nsys.exit({status})")["module"]["error"] for status in (0, 3)]
    assert errors == ["", "SystemExit"]


def test_chance_is_that_of_the_seed(sandbox):
    program = "import random\nprint(random.random())"
    outputs = [record(sandbox, program, seed=seed)["module"]["stdout"] for seed in (1, 1, 2)]
    assert outputs[0] == outputs[1] != outputs[2]
