"""Steps that end in an error which the reference does not mean are left out of sessions."""

from src.evaluation.differential.inputs.sessions.faults import faults, speaks_of_errors, without_steps

GAVE = ["q", [["returned", ["n"]], ["raised", ["s", "KeyError"]], ["raised", ["s", "ValueError"]]]]
SESSION = ("()", "[('open', ('a',)), ('add', ('b', 2)), ('add', ('a', -2))]")


def test_errors_that_the_program_raises_itself_are_no_faults():
    assert faults(GAVE, {"ValueError"}) == {1}
    assert faults(GAVE, set()) == {1, 2}


def test_what_is_no_session_has_no_faults():
    assert not faults(["i", "0x1"], set())
    assert not faults(["h", "q", 3, "digest"], set())
    assert not faults(None, set())


def test_the_other_steps_stay_in_order():
    assert without_steps(SESSION, {1}) == ("()", "[('open', ('a',)), ('add', ('a', -2))]")
    assert without_steps(SESSION, ()) == SESSION


def test_a_task_that_speaks_of_errors_wants_them():
    assert speaks_of_errors("pop() raises an IndexError where nothing is left.")
    assert not speaks_of_errors("deposit(name, amount) adds to an account.")
