"""What refers to a table refers to it in other data too."""

from src.evaluation.differential.inputs.forms.references import keep_references

PRICES = {"tea": 3, "pie": 4}


def test_texts_that_are_keys_of_a_table_stay_keys_of_it():
    shown = [["pie", "tea"], PRICES]
    kept = keep_references(shown, [["tea", "zebra"], PRICES])[0]
    assert kept[0] == "tea"
    assert kept[1] in PRICES
    assert keep_references(shown, [kept, PRICES]) == [kept, PRICES]
    assert keep_references([["pie", "rye"], PRICES], [["zebra"], PRICES])[0] == ["zebra"]
    assert keep_references(["pie", PRICES], ["zebra", PRICES])[0] == "zebra"  # a key that may be missing


def test_numbers_beside_numbered_places_keep_to_the_shown_range():
    shown = [[1, 6], {3: 11, 16: 9}]
    assert keep_references(shown, [[690, 2], {3: 360, 16: 10}]) == [[6, 2], {3: 11, 16: 10}]
    assert keep_references([[1, 6]], [[690]]) == [[690]]


def test_a_graph_stays_as_it_is():
    graph = {"A": ["B"], "B": []}
    assert keep_references([graph], [{"A": ["B"], "B": ["A"]}]) == [graph]
