"""Varied values keep their kinds; a seed gives the same ones in every process."""

import ast
import subprocess
import sys
from pathlib import Path

from src.evaluation.differential.inputs.forms.related import parts_of
from src.evaluation.differential.inputs.forms.shapes import named_shape, shape_of
from src.evaluation.differential.inputs.input_generation import kinds_of
from src.evaluation.differential.inputs.variation import Variation, chained, source_of

ROOT = Path(__file__).resolve().parents[4]
BASES = [("[3, 1, 2]", "5", "'open the door'"), ("{'a': (2, 3)}", "2.5", "{'golf', 'chess'}")]


def test_kinds_are_kept_and_values_are_not():
    found = list(Variation([7, "-"], seed=1).calls(BASES, 60))
    assert len(set(found)) > 40
    assert {kinds_of(call) for call in found} == {kinds_of(base) for base in BASES}


def test_constants_and_their_neighbours_turn_up():
    found = {int(call[0]) for call in Variation([100, 7], seed=0).calls([("5",)], 300)}
    assert {99, 100, 101, 6, 7, 8, 107} <= found
    texts = [ast.literal_eval(call[0]) for call in Variation(["@"], seed=0).calls([("'ab'",)], 50)]
    assert any("@" in text for text in texts)


def test_texts_of_a_form_mostly_keep_it():
    dates = [ast.literal_eval(call[0]) for call in Variation([], seed=0).calls([("'2020-01-05'",)], 50)]
    assert sum(shape_of(text) is not None for text in dates) > 40
    roman = named_shape("a Roman numeral")
    drawn = [ast.literal_eval(call[0]) for call in Variation([], 0, roman).calls([("'XIV'",)], 50)]
    assert len(set(drawn)) > 20
    assert sum(map(roman.admits, drawn)) > 40


def test_letters_change_places_within_a_word_only():
    letters = {ast.literal_eval(call[0]) for call in Variation([], seed=2).calls([("'one, two'",)], 200)}
    assert not any(" ," in text or ",t" in text for text in letters)


def test_the_same_seed_gives_the_same_in_every_process():
    code = (
        "from tests.evaluation.differential.inputs.test_variation import BASES, Variation\n"
        "print(list(Variation([1, 'x'], 3).calls(BASES, 40)))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_sets_are_written_in_one_order_wherever_they_stand():
    assert source_of({"b", "a"}) == "{'a', 'b'}"
    assert source_of([({"b", "a"},), {"k": {2, 1}}]) == "[({'a', 'b'},), {'k': {1, 2}}]"
    for value in (set(), (), (1,), [], {}, {"a": [1.5, None]}, ("x", {3})):
        assert ast.literal_eval(source_of(value)) == value if value != set() else source_of(value) == "set()"


def test_records_keep_their_keys_and_a_key_of_theirs_is_given():
    base = ("[{'name': 'Bob', 'age': 30}, {'name': 'Ann', 'age': 25}]", "'age'")
    calls = [tuple(map(ast.literal_eval, call)) for call in Variation([], 1).calls([base], 60)]
    assert all(set(record) == {"name", "age"} for records, _ in calls for record in records)
    assert {key for _, key in calls} == {"name", "age"}
    assert (base[0], "'name'") in parts_of(ast.literal_eval(base[0]))


def test_numbers_are_negative_where_the_task_speaks_of_them():
    calls = [
        [ast.literal_eval(source) for source in call]
        for call in Variation([], 1, signed=True).calls(BASES, 60)
    ]
    assert sum(number < 0 for items, number, _ in calls if isinstance(items, list) for number in [number]) > 1
    assert not any(
        number < 0
        for _, number, _ in (map(ast.literal_eval, c) for c in Variation([], 1).calls(BASES[:1], 60))
    )


def test_pairs_touch_at_times():
    found = [ast.literal_eval(call[0]) for call in Variation([], 0).calls([("[(1, 20), (31, 40)]",)], 60)]
    assert any(len({*sum(pairs, ())}) < 2 * len(pairs) - 1 for pairs in found)


def test_of_chained_keys_the_last_one_keeps_its_value():
    assert chained({"a": "b", "b": None}, "tree") == {"tree": "a", "a": "b", "b": None}
    assert chained({3: 10, 12: 5}, "tree") == {3: 12, 12: 5}
    assert chained({"a": 1}, "tree") == {"a": 1}


def test_rows_have_items_of_the_list_beside_them_at_times():
    found = Variation([], 0).calls([("[11, 12, 13]", "[[1, 2], [3, 4]]")], 40)
    calls = [[*map(ast.literal_eval, call)] for call in found]
    assert any({*items} & {*row} for items, rows in calls for row in rows)
