"""A table that a task shows as text has other rows of the same columns."""

import ast
import random

import pytest

from src.evaluation.differential.inputs.known.tables import OfTable, shown_tables, table_of
from src.evaluation.differential.inputs.preconditions.relations import granted_by
from src.evaluation.differential.inputs.variation import Variation

PEOPLE = "name,age,score\nAlice,30,85.5\nBob,25,90\nCharlie,22,78"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (PEOPLE, ("name", "age", "score")),
        ("Name; Age\nAnn; 3\nBo; 4\n", ("Name", " Age")),
        ("a\tb\n1\t2\n3\t4", ("a", "b")),
        ("name,age\nAnn,30", None),  # one row may be any text
        ("1,2\n3,4\n5,6", None),  # no names
        ("a,b\n1,2\n3", None),
        ("a,b\n1,2\n,", None),
        ('a,b\n"1,5",2\n3,4', None),
        ("One, two.\nThree, four.\nFive and six.", None),
        ("", None),
        ("\n\n\n", None),
        (",,,\n,,,\n,,,", None),
    ],
)
def test_a_table_has_a_line_of_names_and_as_many_values_in_all_others(text, names):
    table = table_of(text)
    assert (table.names if table else None) == names


def test_other_tables_have_the_columns_and_values_of_their_kinds():
    table, draw = table_of(PEOPLE), random.Random(1)
    others = [table.other(draw, numbers=[17, 18, 19]) for _ in range(200)]
    rows = [[line.split(",") for line in text.split("\n")[1:]] for text in others]
    assert all(map(table.is_like, others))
    assert all(1 <= len(own) <= 7 for own in rows)
    assert {len(own) for own in rows} >= {1, 3, 6}
    ages = {int(age) for own in rows for _, age, _ in own}
    assert {17, 18, 19, 30} <= ages
    assert min(ages) > 0
    assert all(name.isalpha() for own in rows for name, _, _ in own)
    assert all(float(score) > 0 for own in rows for _, _, score in own)
    assert any(len({*map(tuple, own)}) < len(own) for own in rows)
    assert others[0] == table.other(random.Random(1), numbers=[17, 18, 19])


def test_the_end_of_the_last_line_and_spaces_stay():
    table = table_of("Name, Age\nAnn, 30\nBob, 25\n")
    other = table.other(random.Random(0))
    assert other.endswith("\n")
    assert all(line.count(", ") == 1 for line in other.splitlines())
    assert not table.is_like(other.rstrip("\n"))


def test_a_column_is_exchanged_for_one_of_its_kind():
    assert table_of(PEOPLE).alike("age") == ["age", "score"]
    assert table_of(PEOPLE).alike("name") == ["name"]
    calls = [*Variation([], 1).calls([(repr("age"), repr(PEOPLE))], 60)]
    assert {ast.literal_eval(column) for column, _ in calls} == {"age", "score"}
    assert len({text for _, text in calls}) > 20


def test_texts_in_the_place_of_a_table_are_tables():
    (of_table,) = shown_tables([["age", PEOPLE]])
    assert of_table == OfTable(1, table_of(PEOPLE))
    assert of_table(["age", "name,age,score\nZoe,1,2"])
    assert not of_table(["age", "name,AGE,score\nZoe,1,2"])
    assert not of_table(["age", "a text"])
    assert of_table(["age"])
    function = ast.parse("def mean(column, text):\n    return text.count(column)").body[0]
    granted = granted_by(function, "The mean of a column.", [(repr("age"), repr(PEOPLE))])
    assert not granted.admits((repr("age"), repr("any text")))


def test_a_wider_table_has_one_more_column():
    wider = table_of(table_of(PEOPLE + "\n").wider())
    assert wider.names == ("name", "age", "score", "more")
    assert [row[:3] for row in wider.rows] == [*table_of(PEOPLE).rows]
    assert wider.end == "\n"
