"""Texts are numbers with the units that the task shows and the reference knows."""

from src.evaluation.differential.inputs.stated.units import units_of

SHOWN = "Turn a text such as '1h 30m' into minutes."


def test_units_that_a_reference_knows_are_those_of_all_texts():
    units = units_of(SHOWN, ["h", "m"], [])
    assert units is not None
    assert units(["2h 5m"])
    assert units(["45m"])
    assert not units(["5x"])
    assert units.fit("10 and 7") == "10h 7m"
    assert units.fit("45m") == "45m"


def test_letters_that_a_reference_does_not_know_are_no_units():
    assert units_of("Decode '3a2b' to 'aaabb'.", [], []) is None
