"""Values that are made of one another stand beside one another."""

from src.evaluation.differential.inputs.forms.related import chained_calls, doubled, likenesses, with_opposite


def test_arguments_of_one_type_stand_for_each_other():
    assert list(doubled(("5", "'a'", "7"))) == [("5", "'a'", "5")]


def test_a_number_stands_before_a_list_with_what_makes_it_zero():
    assert list(with_opposite(20, [5, 3])) == [("20", "[-20, 5, 3]"), ("20", "[20, 5, 3]")]
    assert not list(with_opposite(20, ["a"]))
    assert not list(with_opposite(0, [5]))
    assert not list(with_opposite("a", [5]))


def test_a_value_of_a_dictionary_is_a_key_of_it_at_times():
    assert ("{3: 10, 12: 5}", "{3: 12, 12: 5}") in likenesses({3: 10, 12: 5})


def test_keys_lead_to_one_another_where_values_may_be_keys():
    assert list(chained_calls(("20", "{3: 10, 12: 5}"))) == [("20", "{3: 12, 12: 5}")]
    assert list(chained_calls(("{'a': 1, 'b': 2}",))) == []
