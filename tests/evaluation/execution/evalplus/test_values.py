"""What a program wrote in place of a value is refused; a digest says that two values are equal, and nothing else."""

import pytest

from src.evaluation.execution.evalplus.values import Digest, decoded


@pytest.mark.parametrize(
    "written",
    [{}, {"t": 1}, {"a": [1], "b": 2}, {"q": [1]}, {"i": 5}, {"i": "z"}, {"s": [[1]]}, {"d": [[1]]}, {"d": [[[], 1]]}, {"c": ["1"]}, {"y": "x"}, {"t": None}],
)  # fmt: skip
def test_what_a_program_writes_in_place_of_a_value_is_refused(written):
    with pytest.raises((ValueError, TypeError)):
        decoded(written)


def test_a_digest_is_equal_to_itself_alone():
    assert decoded({"h": "ab"}) == Digest("ab")
    assert decoded({"h": "ab"}) != Digest("cd")
