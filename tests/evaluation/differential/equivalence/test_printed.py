"""Printed data and its order count; the wording and layout around it do not."""

import pytest

from src.evaluation.differential.equivalence.printed import denies, same_printed, shows, text_of
from src.evaluation.differential.inside.rewriting import MESSAGE, WORDING_BEGINS, WORDING_ENDS


def same(left, right, ordered=True):
    """Whether both say the same; wording stands between < and >."""
    marks = {"<": WORDING_BEGINS, ">": WORDING_ENDS, "~": MESSAGE}
    marked = [text.translate(str.maketrans(marks)) for text in (left, right)]
    return same_printed(*marked, ordered)


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("8.05", "<Total price:> 8.05"),
        ("<Each pays> $24.84", "<The share is> 24.84 <dollars>"),
        ("1\n4\n9", "[1, 4, 9]"),
        ("1\n4", "1 <is a perfect square>\n4 <is a perfect square>"),
        ("11 15", "(11, 15)"),
        ("['4.00 EUR', '12.50 EUR']", "4.00 EUR\n12.50 EUR"),
        ("3.14", "3.14159"),  # at the reference's precision
        ("3\n2", "Countdown:\n3\n2"),  # a heading
        ("<Hours:> 2\n<Minutes:> 46", "2\n46"),
        ("3<:>05", "3 <hours,> 5 <minutes>"),
        ("2.0", "2"),
        ("Liftoff", "Liftoff!"),
        ("5 + 7 = 12", "5+7=12"),
        ("<Rows:> 3<, Columns:> 2", "<Number of rows:> 3\n<Number of columns:> 2"),
        ("<The square of 5 is> 25", "25"),
        ("~Error: division by zero", "~You cannot divide by zero!"),
        ("~Not a number\n5", "Please enter a number\n5"),
    ],
)
def test_wording_layout_and_further_digits_are_free(reference, answer):
    assert same(reference, answer)


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("8.05", "8.50"),
        ("1\n4\n9", "1\n4"),
        ("1\n4", "4\n1"),
        ("7 <is prime>", "7 <is not prime>"),
        ("2 is even\n3 is odd", "2 is odd\n3 is even"),
        ("1 <is odd>\n2 <is even>", "1 <is even>\n2 <is odd>"),
        ("Hello", "Goodbye"),
        ("5", ""),
        ("", "5"),
        ("25", "25.4"),  # no fraction: nothing is rounded
        ("3.14159", "3.1"),
        ("#\n##\n###", "###\n##\n#"),
        ("#\n##\n###", " #\n##\n###"),
        ("  +\n ++", "+\n++"),
        ("a", "A"),
        ("5 + 7 = 12", "5 + 7 = 13"),
        ("~Error: division by zero", ""),
        ("~Error: division by zero", "inf 1"),
        ("~Error\n5", "~Error\n6"),
        ("5", "~Error"),
    ],
)
def test_other_data_order_or_pictures_are_not_the_same(reference, answer):
    assert not same(reference, answer)


def test_order_is_free_where_it_means_nothing():
    assert same("chess\ngolf", "golf\nchess", ordered=False)
    assert not same("chess\ngolf", "golf\nyoga", ordered=False)
    assert same("<a:> 1 x\n<b:> 2 y", "<b:> 2 y\n<a:> 1 x", ordered=False)
    assert not same("1 x\n2 y", "1 y\n2 x", ordered=False)  # what stands in one line belongs together


@pytest.mark.parametrize(
    ("text", "printed", "arguments", "shown"),
    [
        ("98.6", "37°C = 98.6°F", ("37",), True),
        ("98.6", "37°C = 99.6°F", ("37",), False),
        ("120", "The factorial of 5 is 120", ("5",), True),
        ("5", "5 is 5", ("5",), True),
        ("'ab'", "cd becomes ab", ("'cd'",), False),  # of texts every word counts
        ("3 4", "3 and 4", (), True),
        ("3 4", "4 and 3", (), False),
    ],
)
def test_a_value_is_shown_beside_words_units_and_what_was_given(text, printed, arguments, shown):
    assert shows(text, printed, arguments) is shown


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("7 is not prime", True), ("False", True), ("Invalid", True), ("No", True), ("isn't", True), ("unequal", True),
        ("7 is prime", False), ("True", False), ("valid", False), ("Nothing", False), ("until noon", False),
    ],
)  # fmt: skip
def test_a_text_denies(text, denied):
    assert denies(text) is denied


@pytest.mark.parametrize(
    ("described", "text"),
    [
        (["s", "a b"], "a b"),
        (["l", [["i", "0x5"], ["s", "x"]]], "[5, 'x']"),
        (["t", [["f", "1.5"]]], "(1.5)"),
        (["d", [[["s", "a"], ["b", 1]]]], "{'a': True}"),
        (["n"], "None"),
        (["q", [["returned", ["i", "0x5"]], ["raised", ["n"]]]], "returned 5; raised None"),
        (["h", "l", 3, "digest"], None),
        (["u"], None),
        (["l", [["h", "l", 3, "digest"]]], None),
    ],
)
def test_a_described_value_is_shown_as_print_shows_it(described, text):
    assert text_of(described) == text


@pytest.mark.parametrize(
    ("reference", "answer", "same"),
    [
        ("22.2 normal", "<BMI:> 22.2<, normal>", True),  # data here, wording there
        ("22.2 normal", "<BMI:> 22.2<, overweight>", False),
        ("22.2 normal", "<BMI:> 22.2<, not normal>", False),
        ("22.2 normal", "BMI: 22.2, normal", True),  # one label
        ("30", "Age: 31", False),
        ("Ann: 30\nBob: 25", "30\n25", False),
        ("0x12c", "12c", True),
        ("12c", "0x12d", False),
        ("286", "286 days, 0:00:00", True),
        ("5:05 pm", "05:05 PM", True),
    ],
)
def test_what_one_side_shows_as_data_the_other_may_say(reference, answer, same):
    marks = str.maketrans({"<": WORDING_BEGINS, ">": WORDING_ENDS})
    assert same_printed(reference.translate(marks), answer.translate(marks)) is same


@pytest.mark.parametrize(
    ("reference", "answer", "same"),
    [
        ("1 6.00\n2 3.60", "6.00\n3.60", True),  # the lines' own numbers
        ("1 6.00\n2 3.60", "6.00\n3.61", False),
        ("1\n2", "2\n3", False),
        ("ab\ncd", "a b\nc d", True),
        ("ab\ncd", "a b\nc e", False),
        ("lamp 35\ndesk 120", "[{'name': 'lamp', 'price': 35}, {'name': 'desk', 'price': 120}]", True),
        ("lamp 35\ndesk 120", "[{'name': 'desk', 'price': 120}, {'name': 'lamp', 'price': 35}]", False),
        ("3 2", "{'a': 3, 'b': 2}", False),  # these keys are data
    ],
)
def test_line_numbers_names_of_fields_and_spaces_between_signs_are_free(reference, answer, same):
    assert same_printed(reference, answer, laid_out=False) is same
    assert same_printed(reference, answer, laid_out=True) is False


def test_words_of_the_references_own_may_be_written_large():
    assert same_printed("22.2 normal", "22.2\nNormal", free={"normal"})
    assert not same_printed("22.2 normal", "22.2\nNormal")
    assert not same_printed("22.2 normal", "22.2\nObese", free={"normal"})


def test_the_minutes_of_a_time_keep_their_zero():
    assert same("3<:>05<:>20", "3<:>05<:>20 ")
    assert not same("3<:>05<:>20", "3<:>5<:>20")
    assert same("3:4 <at> 9:05", "<Ratio:> 3:4 <and time:> 9:05")  # the other is no time
