"""Scripts that agree on the data of a task are held against each other on other data of that kind."""

from dataclasses import replace

import pytest

from src.evaluation.differential.oracle import compare_with_reference
from src.evaluation.differential.scripts.other_data import as_functions
from src.schema import Sample

TASK = Sample(
    "", "Print the sum of the even numbers of [1, 2, 3, 4].", "",
    "numbers = [1, 2, 3, 4]\ntotal = 0\nfor n in numbers:\n    if n % 2 == 0:\n        total += n\nprint(total)",
    "", "python",
)  # fmt: skip
ASSIGNED = replace(TASK, instruction="Add up [1, 2, 3, 4].", reference="a = [1, 2, 3, 4]\ns = sum(a)")


def functions(reference, answer, task="[1, 2, 3, 4] and 7, 12, 'red'"):
    return as_functions(reference, answer, task)


@pytest.mark.parametrize(
    "answer",
    [
        "print(sum(n for n in [1, 2, 3, 4] if n % 2 == 0))",
        "def total(numbers):\n    return sum(filter(lambda n: n % 2 == 0, numbers))\n\nprint(total([1, 2, 3, 4]))",
        "def main():\n    sum = 0\n    for n in [1, 2, 3, 4]:\n        sum += n if not n % 2 else 0\n    print(sum)\n\nif __name__ == '__main__':\n    main()",
        "list = [1, 2, 3, 4]\nlist = [n for n in list if n % 2 == 0]\nsum = sum(list)\nprint('Total:', sum)",
        "print(6)",
    ],
)  # fmt: skip
def test_a_script_that_does_the_same_on_other_data_is_right(sandbox, answer):
    assert compare_with_reference(sandbox, TASK, answer).verdict.outcome == "passed"


@pytest.mark.parametrize(
    ("answer", "called"),
    [
        ("numbers = [1, 2, 3, 4]\nprint(sum(numbers[1::2]))", "script(["),
        ("numbers = [1, 2, 3, 4]\nprint(sum(n for n in numbers if n in (2, 4)))", "script(["),
        ("numbers = [1, 2, 3, 4]\nprint(sum({n for n in numbers if n % 2 == 0}))", "script(["),
    ],
)
def test_one_that_does_not_is_wrong(sandbox, answer, called):
    verdict = compare_with_reference(sandbox, TASK, answer).verdict
    assert verdict.outcome == "failed"
    assert verdict.detail.startswith(called)


def test_an_answer_that_nests_too_deeply_is_held_against_the_task_s_data_alone(sandbox):
    answer = f"print(sum(n for n in [1, 2, 3, 4] if n % 2 == 0))\nx = {' + '.join(['1'] * 900)}"
    assert compare_with_reference(sandbox, TASK, answer).verdict.outcome == "passed"


def test_what_is_assigned_last_is_held_against_the_reference_too(sandbox):
    right = "numbers = [1, 2, 3, 4]\ntotal = 0\nfor n in numbers:\n    total += n\ntotal"
    assert compare_with_reference(sandbox, ASSIGNED, right).verdict.outcome == "passed"
    assert compare_with_reference(sandbox, ASSIGNED, "print(sum([1, 2, 3, 4]))").verdict.outcome == "passed"
    squares = replace(
        TASK, instruction="Square [1, 2, 3, 4].", reference="a = [1, 2, 3, 4]\nb = [x * x for x in a]"
    )
    loop = "a = [1, 2, 3, 4]\nb = []\nfor x in a:\n    b.append(x * x)"
    assert compare_with_reference(sandbox, squares, loop).verdict.outcome == "passed"
    wrong = "a = [1, 2, 3, 4]\nn = len(a)\ns = n * (n + 1) // 2"
    assert compare_with_reference(sandbox, ASSIGNED, wrong).verdict.outcome == "failed"


def test_a_number_is_given_where_the_answer_names_it():
    assert functions("n = 7\nprint(n * 7)", "number = 7\nprint(number * 7)")[1].startswith(
        "def script(given_0)"
    )
    assert functions("n = 7\nprint(n)", "print(7)") is None
    assert functions("n = 7\nprint(n)", "print(7, 7)") is None


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("a = [1, 2]\nprint(a)", "print([2, 1])"),  # not the same data
        ("a = [5, 6]\nprint(a)", "print([5, 6])"),  # of its own
        ("a = [1, 2]\nprint(a)", "from math import *\nprint([1, 2])"),
        ("a = [1, 2]\nprint(a)", "a = [1, 2]\ndef f():\n    global a\n    print(a)\nf()"),
        ("x = 7\ny = 7\nprint(x, y)", "x = 7\ny = 7\nprint(x, y)"),  # which is which?
        ("a = [1, 2]\nprint(*a)", "x, y = 1, 2\nprint(x, y)"),
        ("found = []\nfound.append(7)\nprint(found)", "print([7])"),
    ],
)
def test_other_scripts_are_no_functions_of_their_data(reference, answer):
    assert functions(reference, answer) is None


def test_a_list_without_a_name_is_data_too():
    assert functions("print(sum([1, 2, 3, 4]))", "print(4 + sum([1, 2, 3, 4]) - 4)")[0].startswith(
        "def script(items)"
    )


def test_the_name_of_a_file_and_a_text_of_lines_are_no_data():
    assert as_functions("f = 'a.txt'\nprint(f)", "f = 'a.txt'\nprint(f)", "read a.txt", ["a.txt"]) is None
    assert functions("t = 'a,b\\n1,2'\nprint(t)", "t = 'a,b\\n1,2'\nprint(t)", "a,b\n1,2") is None


def test_a_text_of_lines_is_data_where_it_is_a_table(sandbox):
    task = replace(
        TASK,
        instruction="Print the names of those who are 18 or older.",
        input="Name,Age\nAnn,20\nBob,16\nEve,21",
        reference="""t = 'Name,Age\\nAnn,20\\nBob,16\\nEve,21'
for line in t.split('\\n')[1:]:
    name, age = line.split(',')
    if int(age) >= 18:
        print(name)""",
    )
    right = task.reference.replace("int(age) >= 18", "not int(age) < 18")
    assert compare_with_reference(sandbox, task, right).verdict.outcome == "passed"
    for wrong in ("int(age) > 18", "age >= '18'", "name != 'Bob'"):
        answer = task.reference.replace("int(age) >= 18", wrong)
        assert compare_with_reference(sandbox, task, answer).verdict.outcome == "failed"


FILE = replace(
    TASK,
    instruction="Print how many lines notes.txt has.",
    reference="print(len(open('notes.txt').readlines()))",
)


def test_a_script_that_reads_a_file_is_given_other_files(sandbox):
    right = "n = 0\nwith open('notes.txt') as f:\n    for line in f:\n        n += 1\nprint(n)"
    assert compare_with_reference(sandbox, FILE, right).verdict.outcome == "passed"
    wrong = compare_with_reference(sandbox, FILE, "print(len(set(open('notes.txt').readlines())))").verdict
    assert (wrong.outcome, wrong.detail) == ("failed", "with other files: prints something else")


def test_a_script_that_writes_a_file_need_not_say_so(sandbox):
    task = replace(
        TASK,
        instruction="Save 'red' to a file.",
        reference="open('a.txt', 'w').write('red')\nprint('Saved.')",
    )
    assert (
        compare_with_reference(
            sandbox, task, "with open('a.txt', 'w') as f:\n    f.write('red')"
        ).verdict.outcome
        == "passed"
    )
    assert compare_with_reference(sandbox, task, "print('Saved.')").verdict.outcome == "failed"


def test_a_dictionary_may_be_printed_whole_or_by_item(sandbox):
    task = replace(
        TASK,
        instruction="Count the letters of 'noon'.",
        reference="from collections import Counter\nprint(Counter('noon'))",
    )
    for answer in ("print({'o': 2, 'n': 2})", "for k in 'on':\n    print(k, 'noon'.count(k))"):
        assert compare_with_reference(sandbox, task, answer).verdict.outcome == "passed"
    assert compare_with_reference(sandbox, task, "print({'o': 2, 'n': 1})").verdict.outcome == "failed"


def outcomes(sandbox, task, answers):
    return [compare_with_reference(sandbox, task, answer).verdict.outcome for answer in answers]


def of(instruction, reference):
    return replace(TASK, instruction=instruction, reference=reference)


def test_a_script_is_held_against_a_reference_that_calls_its_own_function(sandbox):
    reference = "def check(text):\n    return text.isalpha()\nprint('yes' if check({}) else 'no')"
    for source in ("'Python3'", "shown"):
        task = of(
            "Does 'Python3' have letters only?",
            ("shown = 'Python3'\n" if source == "shown" else "") + reference.format(source),
        )
        right = "w = 'Python3'\nprint('yes' if all(c.isalpha() for c in w) else 'no')"
        wrong = "w = 'Python3'\nprint('no' if any(c.isdigit() for c in w) else 'yes')"
        assert outcomes(sandbox, task, [right, wrong]) == ["passed", "failed"]


def test_what_a_script_does_to_its_own_data_nobody_sees(sandbox):
    task = of(
        "Print the second largest of [12, 35, 1, 10, 34].", "a = [12, 35, 1, 10, 34]\na.sort()\nprint(a[-2])"
    )
    right = "print(sorted([12, 35, 1, 10, 34])[-2])", "print(sorted({12, 35, 1, 10, 34})[-2])"
    assert outcomes(sandbox, task, right) == ["passed", "passed"]
    assert outcomes(sandbox, task, ["a = (12, 35, 1, 10, 34)\nprint(a[-1])"]) == ["failed"]  # a tuple too


def test_numbers_of_the_other_kind_are_tried_where_the_reference_asks_of_which_kind_they_are(sandbox):
    task = of("Is 7 even or odd?", "n = 7\nif n % 2 == 0:\n    print('Even')\nelse:\n    print('Odd')")
    right, wrong = "n = 7\nprint('Odd' if n % 2 else 'Even')", "n = 7\nprint('Odd')"
    assert outcomes(sandbox, task, [right, wrong]) == ["passed", "failed"]
    task = of("Are all of [1, 5, 3] positive?", "a = [1, 5, 3]\nprint(all(n > 0 for n in a))")
    wrong = "a = [1, 5, 3]\nprint(sum(a) > 0)"
    assert outcomes(sandbox, task, [wrong]) == ["failed"]


def test_a_script_may_say_it_in_other_words_on_all_data(sandbox):
    task = of(
        "Is 'noon' a palindrome?",
        "w = 'noon'\nif w == w[::-1]:\n    print('Palindrome')\nelse:\n    print('Not a palindrome')",
    )
    say = "print('It is a palindrome' if {} else 'It is not a palindrome')"
    right = f"w = 'noon'\n{say.format('[*w] == [*reversed(w)]')}"
    wrong = f"w = 'noon'\n{say.format('w[0] == w[-1]')}"
    assert outcomes(sandbox, task, [right, wrong]) == ["passed", "failed"]
    assert outcomes(sandbox, task, ["w = 'noon'\nprint('Palindrome')"]) == ["failed"]


def test_items_that_are_false_are_counted_and_an_end_sign_stays(sandbox):
    count = of("How many has ['red', 'plum']?", "a = ['red', 'plum']\nprint(len(a))")
    right, wrong = "n = 0\nfor x in ['red', 'plum']:\n    n += {}\nprint(n)".format, "bool(x)"
    assert outcomes(sandbox, count, [right("1"), right(wrong)]) == ["passed", "failed"]
    words = of(
        "Print the words of 'A dog runs home.' by length, without the period.",
        "s = 'A dog runs home.'\nprint(*sorted(s.rstrip('.').split(), key=len))",
    )
    wrong = "s = 'A dog runs home.'\nprint(*sorted(s.split(), key=len))"
    assert outcomes(sandbox, words, [wrong]) == ["failed"]
    assert outcomes(sandbox, words, [wrong.replace("split()", "replace('.', '').split()")]) == ["passed"]


def test_prices_keep_their_sign(sandbox):
    task = of(
        "Print the lowest of ['$129', '$89'].", "p = ['$129', '$89']\nprint(min(int(x[1:]) for x in p))"
    )
    right, wrong = "print(min(int(x.strip('$')) for x in {}))".format, "print(min({})[1:])".format
    data = "['$129', '$89']"
    assert outcomes(sandbox, task, [right(data)]) == ["passed"]
    assert outcomes(sandbox, task, [f"print(sorted({data})[1][1:])", wrong(data)]) == ["failed", "failed"]


def test_an_empty_list_may_be_an_empty_tuple_and_no_line_at_all(sandbox):
    task = of("Print the odd of [1, 2, 3].", "a = [1, 2, 3]\nprint([n for n in a if n % 2])")
    right = "print(tuple(n for n in [1, 2, 3] if n % 2))", "for n in [1, 2, 3]:\n    if n % 2: print(n)"
    assert outcomes(sandbox, task, right) == ["passed", "passed"]
    assert outcomes(sandbox, task, ["print([1, 2, 3][::2])"]) == ["failed"]
