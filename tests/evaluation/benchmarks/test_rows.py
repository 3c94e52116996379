"""A row of a benchmark is an example whose tests are Python, or says why it is none."""

import pytest

from src.evaluation.benchmarks.calls import parse_calls
from src.evaluation.benchmarks.rows import RowError, to_example
from tests.evaluation.benchmarks.files import HUMANEVAL, HUMANEVALPLUS, MBPP, MBPPPLUS

JAVASCRIPT = {
    "task_id": "JavaScript/0",
    "prompt": "/* Double n. */\nconst twice = (n) => {\n",
    "entry_point": "twice",
    "canonical_solution": "  return 2 * n;\n}\n",
    "test": "console.assert(twice(2) === 4)\n",
}


@pytest.mark.parametrize(
    "row",
    [
        JAVASCRIPT,
        HUMANEVAL | {"language": "go"},
        HUMANEVAL | {"test": "int main() { return 0; }"},
        HUMANEVAL | {"canonical_solution": "    return 2 * n;\n}\n"},
        MBPP | {"code": "int twice(int n) { return 2 * n; }"},
    ],
)
def test_a_row_of_another_language_is_refused_by_its_id(row):
    name = "mbpp" if "code" in row else "humaneval"
    with pytest.raises(RowError, match=rf"{row['task_id']} is not Python"):
        to_example(name, row)


@pytest.mark.parametrize("task", ["Python/0", "HumanEval/0", "PYTHON/0"])
def test_a_python_row_of_a_benchmark_in_many_languages_is_read(task):
    example = to_example("humaneval", HUMANEVAL | {"task_id": task, "language": "python", "declaration": "x"})
    assert (example.id, example.language) == (task, "python")


def test_rows_of_evalplus_have_calls_for_tests():
    example = to_example("humanevalplus", HUMANEVALPLUS)
    assert (example.id, example.prefix) == ("HumanEval/900", HUMANEVALPLUS["prompt"])
    calls = parse_calls(example.tests)
    assert (calls.base, calls.plus[0], calls.atol) == ([[2], [0]], [-1], 0)
    example = to_example("mbppplus", MBPPPLUS)
    assert (example.instruction, example.prefix) == (MBPPPLUS["prompt"], "")
    assert parse_calls(example.tests).plus == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base_input": None}, "expected a list 'base_input', got null"),
        ({"plus_input": {"a": 1}}, "expected a list 'plus_input', got dict"),
        ({"plus_input": [1]}, "HumanEval/900 has inputs that are none"),
        ({"atol": "x"}, "HumanEval/900 has inputs that are none"),
        ({"entry_point": 1}, "expected a text 'entry_point'"),
    ],
)
def test_a_row_without_inputs_is_refused(change, message):
    with pytest.raises(RowError, match=message):
        to_example("humanevalplus", HUMANEVALPLUS | change)


@pytest.mark.parametrize("name", HUMANEVAL)
@pytest.mark.parametrize("value", [None, 3, ["a"]])
def test_a_column_of_another_type_is_named(name, value):
    if name == "task_id" and value == 3:
        assert to_example("humaneval", HUMANEVAL | {name: value}).id == "3"
        return
    with pytest.raises(RowError, match=f"expected a text '{name}', got (null|int|list)"):
        to_example("humaneval", HUMANEVAL | {name: value})
    with pytest.raises(RowError, match=f"expected a text '{name}', got none"):
        to_example("humaneval", {key: item for key, item in HUMANEVAL.items() if key != name})
