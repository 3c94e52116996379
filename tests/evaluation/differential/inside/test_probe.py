"""What a program returned, printed and changed is recorded, within bounds."""

from src.evaluation.differential.probe_runner import Inputs
from tests.evaluation.differential.inside.records import record


def test_each_call_is_recorded_with_its_value_output_error_and_changed_arguments(sandbox):
    program = "def f(xs):\n    print(len(xs))\n    xs.sort()\n    return xs[0]\n"
    sorted_already, changed, failed = record(
        sandbox, program, [("f", ["[1, 2]"]), ("f", ["[2, 1]"]), ("f", ["[]"])]
    )["calls"]
    assert sorted_already == {
        "value": ["i", "0x1"],
        "error": "",
        "stdout": "2\n",
        "marked": "",
        "changed": None,
    }
    assert changed["changed"] == [["l", [["i", "0x1"], ["i", "0x2"]]]]
    assert (failed["value"], failed["error"], failed["stdout"]) == (None, "IndexError", "0\n")


def test_a_program_is_recorded_with_its_output_last_value_files_and_own_calls(sandbox):
    program = "def f(n):\n    return n + 1\nprint(f(3))\nopen('out.txt', 'w').write(open('in.txt').read())\ntotal = x + 1\n"
    found = record(sandbox, program, inputs=Inputs("x = 4", {"in.txt": "given"}), record_calls=True)
    assert found["module"] == {
        "error": "", "message": "", "stdout": "4\n", "marked": "", "last": ["i", "0x5"]
    }  # fmt: skip
    assert found["files"] == {"out.txt": "given"}
    assert found["seen"] == {"f": [["3"]]}


def test_chance_is_that_of_the_seed(sandbox):
    program = "import random\nprint(random.random())"
    outputs = [record(sandbox, program, seed=seed)["module"]["stdout"] for seed in (1, 1, 2)]
    assert outputs[0] == outputs[1] != outputs[2]


def test_values_that_do_not_fit_into_the_record_are_compared_by_their_digests(sandbox):
    program = "def f(n):\n    print('a' * 1900)\n    return 'v' * 3000 + str(n)\n"
    calls = record(sandbox, program, [("f", [str(n)]) for n in range(40)])["calls"]
    assert [call["error"] for call in calls] == [""] * 40
    assert calls[0]["value"] == ["s", "v" * 3000 + "0"]
    assert calls[-1]["value"][:3] == ["h", "s", 3002]
    assert len({str(call["value"]) for call in calls}) == 40
    assert calls[-1]["stdout"] == calls[-2]["stdout"]
    assert calls[-1]["stdout"].startswith("\n[cut] ")


def test_each_variant_says_which_calls_tell_it_from_the_program(sandbox):
    program = "def f(n):\n    return n * n\n"
    variants = [
        program,
        program.replace("*", "+"),
        "def f(n):\n    while n > 3:\n        pass\n    return n * n\n",
        "1 / 0",
    ]
    found = record(sandbox, program, [("f", ["2"]), ("f", ["3"]), ("f", ["4"])], variants=variants)["told"]
    assert found == [frozenset(), {1, 2}, {2}, {0, 1, 2}]


def test_variants_leave_the_program_and_each_other_alone(sandbox):
    program = "seen = []\ndef f(n):\n    seen.append(n)\n    return len(seen)\n"
    found = record(sandbox, program, [("f", ["2"]), ("f", ["3"])], variants=[program, program])
    assert found["told"] == [frozenset(), frozenset()]
    assert [call["value"] for call in found["calls"]] == [["i", "0x1"], ["i", "0x2"]]


def test_variants_are_told_apart_by_digests_where_there_is_no_room(sandbox):
    program = "def f(n):\n    return n * n\n"
    calls = [("f", [str(n)]) for n in range(400)]
    found = record(sandbox, program, calls, variants=[program, program.replace("*", "+")])
    assert found["calls"][0]["value"][0] == "h"
    assert found["told"][0] == frozenset()
    assert 2 not in found["told"][1]
    assert 3 in found["told"][1]
