"""The name of a parameter suggests its kinds."""

import pytest

from src.evaluation.differential.inputs.parameter_names import kinds_of_name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("words", "list[str]"),
        ("matrix", "matrix"),
        ("email", "email"),
        ("capacity", "int"),
        ("city", "str"),
        ("On_Click_Handler", "function of 0"),
    ],
)
def test_the_first_pattern_that_is_found_counts(name, kind):
    assert [*kinds_of_name(name), "int"][0] == kind


def test_a_name_without_a_meaning_suggests_nothing():
    assert kinds_of_name("unknown_thing") == []
