"""What does not end, or only waits, is ended."""

from tests.evaluation.differential.inside.records import record


def test_a_call_that_does_not_end_is_a_timeout_and_the_next_is_made(sandbox):
    program = "def f(n):\n    while n:\n        pass\n    return 7\n"
    endless, ended = record(sandbox, program, [("f", ["1"]), ("f", ["0"])], share=0.2)["calls"]
    assert (endless["error"], ended["value"]) == ("timeout", ["i", "0x7"])


def test_a_program_that_exits_is_recorded_by_its_status(sandbox):
    errors = [record(sandbox, f"import sys\nsys.exit({status})")["module"]["error"] for status in (0, 3)]
    assert errors == ["", "SystemExit"]


def test_what_only_waits_is_ended_by_the_wall_clock_and_noted(sandbox):
    before = sandbox.starved
    program = "import select\nimport os\ndef f(n):\n    select.select([os.pipe()[0]], [], [])\n"
    assert record(sandbox, program, [("f", ["2"])], share=0.1)["calls"][0]["error"] == "waited"
    assert sandbox.starved == before + 1
