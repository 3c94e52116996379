"""Where a number is half-way between two, either is right."""

import ast

import pytest

from src.evaluation.differential.inputs.preconditions.rounding import rounding_mutants


def shown(program, x):
    namespace = {"x": x}
    exec(program, namespace)
    return namespace["y"]


@pytest.mark.parametrize(
    "program", ["y = f'{x:.2f}'", "y = round(x, 2)", "y = '%.2f' % x", "y = '{:.2f} {}'.format(x, 'a')"]
)
def test_only_a_number_half_way_between_two_is_rounded_otherwise(program):
    up, down = rounding_mutants(ast.parse(program))
    assert shown(up, 0.125) != shown(down, 0.125)
    assert shown(up, 0.127) == shown(down, 0.127) == shown(program, 0.127)


@pytest.mark.parametrize("program", ["y = round(x)", "y = f'{x}'", "y = x * 2"])
def test_what_is_not_rounded_to_decimals_is_left_alone(program):
    assert rounding_mutants(ast.parse(program)) == []
