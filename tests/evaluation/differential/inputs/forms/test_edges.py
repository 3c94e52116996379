"""The edges of texts, lists and numbers are tried."""

from src.evaluation.differential.inputs.forms.edges import at_edges, edges_of, with_blanks


def test_edges_are_nothing_one_item_spaces_one_thing_three_times_and_a_sum_that_goes_below_zero():
    assert list(edges_of("tea pot")) == [
        "''", "'tea pot  '", "'  tea pot'", "'tea  pot'", "'tea pot tea tea'", "'tea pot POT'", "'tea pottt'"
    ]  # fmt: skip
    assert list(edges_of([3, 5])) == ["[]", "[3]", "[3, 5, 3, 3]", "[3, -6, 9]"]
    assert list(edges_of({"a": 1})) == ["{}"]
    assert list(edges_of(4)) == ["0", "1", "4.5"]
    assert list(edges_of(True)) == []


def test_one_argument_at_a_time_is_at_the_edge():
    assert list(at_edges(("3", "'a'")))[:3] == [("0", "'a'"), ("1", "'a'"), ("3.5", "'a'")]
    assert ("3", "''") in list(at_edges(("3", "'a'")))


def test_a_blank_item_is_one_of_the_kind_of_the_others():
    assert list(with_blanks(("['a', 'b']", "[3]", "7"))) == [
        ("['a', '', 'b']", "[3]", "7"),
        ("['a', 'b']", "[3, 0]", "7"),
    ]
