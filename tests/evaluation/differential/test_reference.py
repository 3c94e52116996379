"""A reference settles something where inputs are found that tell it from programs which differ in one place."""

from src.evaluation.differential.reference import _behaviour, reference_behaviour
from src.sandbox.sandbox import Limits
from src.schema import Execution, Sample


def behaviour(sandbox, reference, instruction="", input=""):
    return reference_behaviour(sandbox, Sample("1", instruction, input, reference, "", "python"))


def test_a_reference_that_no_input_tells_from_its_mutants_settles_nothing(sandbox):
    reference = "def f(n: int):\n    if n == 735911:\n        return n // 3 - 5 * n + 7\n    return 1"
    reference += (
        "\n\ndef g(s: str):\n    if s == 'x' + 'q' * 30:\n        return len(s) % 7 - 12\n    return 2"
    )
    hidden = reference.replace("735911", "int('735' + '911')").replace(
        "'x' + 'q' * 30", "''.join(['x', 'q' * 30])"
    )
    assert behaviour(sandbox, hidden).reason.startswith("no inputs distinguish")


def test_functions_that_only_write_files_are_compared_by_what_the_script_writes(sandbox):
    found = behaviour(
        sandbox, "def f(path):\n    with open(path, 'w') as f:\n        f.write('one')\nf('out.txt')"
    )
    assert (found.reason, found.calls, found.record["files"]) == ("", (), {"out.txt": "one"})


class Waiting:
    """A sandbox whose programs are ended by the wall clock."""

    limits = Limits()

    def __init__(self):
        self.starved, self.runs = 0, 0

    def python(self, source, tests="", stdin=b""):
        self.starved += 1
        self.runs += 1
        return Execution("timeout", "30 s of wall time")


def test_what_the_wall_clock_decided_is_not_kept(sandbox):
    waiting = Waiting()
    reference = "print('seen on a busy machine first')"
    assert behaviour(waiting, reference).reason == "reference does not run"
    assert behaviour(waiting, reference).reason == "reference does not run"
    assert waiting.runs == 2
    assert behaviour(sandbox, reference).reason == ""


def test_a_reference_is_run_once_for_all_its_answers(sandbox):
    _behaviour.cache_clear()
    for _ in range(3):
        behaviour(sandbox, "print('once')")
    assert (_behaviour.cache_info().misses, _behaviour.cache_info().hits) == (1, 2)
