"""What a program returned, printed and changed is recorded, within bounds."""

import ast

import pytest

from src.evaluation.differential.probe import MAX_TEXT, _assign_last_value, _Capture
from src.evaluation.differential.probe_runner import Inputs, run_probe

NO_INPUT = Inputs("", {})


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


@pytest.mark.parametrize("first", [MAX_TEXT - 1, MAX_TEXT, MAX_TEXT + 1])
def test_what_follows_a_write_that_ends_at_the_limit_is_noticed(first):
    texts = set()
    for rest in ("bc", "bd"):
        output = _Capture()
        output.write("a" * first)
        output.write(rest)
        texts.add(output.text())
    assert len(texts) == 2


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


def test_values_that_do_not_fit_into_the_record_are_compared_by_their_digests(sandbox):
    program = "def f(n):\n    print('a' * 1900)\n    return 'v' * 3000 + str(n)\n"
    calls = record(sandbox, program, [("f", [str(n)]) for n in range(40)])["calls"]
    assert [call["error"] for call in calls] == [""] * 40
    assert calls[0]["value"] == ["s", "v" * 3000 + "0"]
    assert calls[-1]["value"][:3] == ["h", "s", 3002]
    assert len({str(call["value"]) for call in calls}) == 40
    assert calls[-1]["stdout"] == calls[-2]["stdout"]
    assert calls[-1]["stdout"].startswith("\n[cut] ")


def test_long_files_and_many_are_compared_whole(sandbox):
    program = "for n in range(12):\n    open(f'{n}.txt', 'w').write('a' * 5000 + END if n == 11 else 'b')\n"
    ends = [
        record(sandbox, program.replace("END", end), ordered=True)["files"] for end in ("'c'", "'d'", "'c'")
    ]
    assert ends[0] == ends[2] != ends[1]
    long = [record(sandbox, f"open('a', 'w').write('a' * 9000 + '{end}')")["files"]["a"] for end in "cd"]
    assert long[0] != long[1]
    assert len(long[0]) < 5_000
