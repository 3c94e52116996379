"""A program is rewritten so that its run shows its last values, what of its output is wording, and pi in full."""

import ast
import math

import pytest

from src.evaluation.differential.inside.rewriting import (
    MAX_TEXT,
    MESSAGE,
    WORDING_BEGINS,
    WORDING_ENDS,
    Capture,
    rewritten,
)


def shown(source, *quoted):
    """The rewritten source, the marks as <, > and ~."""
    text = ast.unparse(rewritten(source + "\nend = 0", quoted)[0]).removesuffix("\nend = 0")
    for sign, mark in {"<": WORDING_BEGINS, ">": WORDING_ENDS, "~": MESSAGE}.items():
        text = text.replace(mark, sign).replace(ascii(mark).strip("'"), sign)
    return text


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ("a = 1\nb = 2", [["b"], ["a"]]),
        ("a = 1\nb = 2\na + b", [["_last_"], ["b"]]),
        ("a = 1\n'text'", [["a"]]),
        ("if __name__ == '__main__':\n    c = 3", [["c"]]),
        ("first, *_, last = items", [["first", "last"]]),
        ("", []),
    ],
)
def test_the_last_values_of_a_program_are_found(program, names):
    tree, found = rewritten(program)
    assert found == names
    compile(tree, "program.py", "exec")


@pytest.mark.parametrize(
    ("source", "marked"),
    [
        ("print('Total:', total)", "print('<Total:>', total)"),
        ("print(f'{n} apples')", "print(f'{n} <apples>')"),
        ("print('{} of {}'.format(a, b))", "print('{} <of> {}'.format(a, b))"),
        ("print('%d per cent' % share)", "print('%d <per cent>' % share)"),
        ("print('Sum: ' + str(n))", "print('<Sum:> ' + str(n))"),
        ("print('Hello')", "print('Hello')"),  # no data: the words are what it prints
        ("print('a', n, file=out)", "print('a', n, file=out)"),
    ],
)
def test_words_around_data_are_marked(source, marked):
    assert shown(source) == marked


def test_words_that_say_which_branch_was_taken_are_data():
    assert "<" not in shown("if n % 2:\n    print(n, 'is odd')\nelse:\n    print(n, 'is even')")
    assert "<is odd>" in shown("if n % 2:\n    print(n, 'is odd')")


def test_an_input_of_the_script_that_a_print_repeats_is_marked():
    assert shown("n = 5\nprint(n, f(n))").endswith("print(f'<{n}>', f(n))")
    assert shown("n = int(input('How many? '))\nprint(f'{n}! is {f(n)}')").endswith(
        "print(f'<{n}><! is> {f(n)}')"
    )
    assert shown("n = 'x'\nprint('of ' + str(n) + f(n))").endswith("print('<of> ' + f'<{str(n)}>' + f(n))")
    assert "<" not in shown("n = 5\nprint(n)")  # it is all there is
    assert "<" not in shown("n = 5\nn += 1\nprint(n, f(n))")
    assert "<" not in shown("def f(n):\n    print(n, g(n))")


def test_what_an_except_prints_is_a_message():
    source = "try:\n    f()\nexcept ValueError as e:\n    print('No:', e)"
    assert shown(source).endswith("print(f'~{'No:'}', e)") or shown(source).endswith(
        "print(f\"~{'No:'}\", e)"
    )
    assert "~" in shown(source, "No: it is")  # too short to be a quotation
    assert "~" not in shown(source.replace("No:", "Sorry"), "Sorry")
    assert "~" not in shown("try:\n    f()\nexcept ValueError:\n    print(*items)")


def test_words_that_the_task_quotes_are_data():
    assert shown("print('Hello,', name)", "Hello, ") == "print('Hello,', name)"
    assert shown("print('Bye,', name)", "Hello, ") == "print('<Bye,>', name)"


def test_what_input_shows_is_left_out():
    assert shown("n = input('Name? ')") == "n = input()"


def test_a_program_that_reads_its_own_output_is_left_alone():
    assert "<" not in shown("import sys\nsys.stdout = Tee()\nprint('a', n)")


def test_short_forms_of_pi_are_pi():
    values = {}
    exec(compile(rewritten("a, b, c = 3.14, 3.14159, 3.2")[0], "p", "exec"), values)
    assert (values["a"], values["b"], values["c"]) == (math.pi, math.pi, 3.2)


def test_output_is_kept_up_to_a_length_and_a_digest_of_all():
    texts = []
    for end in ("", "b", "c"):
        output = Capture()
        output.write("a" * MAX_TEXT + end)
        output.write(end)
        texts.append(output.text())
    assert texts[0] == "a" * MAX_TEXT
    assert len(set(texts)) == 3
    assert all(text.startswith("a" * MAX_TEXT + "\n[cut] ") for text in texts[1:])


@pytest.mark.parametrize("first", [MAX_TEXT - 1, MAX_TEXT, MAX_TEXT + 1])
def test_what_follows_a_write_that_ends_at_the_limit_is_noticed(first):
    texts = set()
    for rest in ("bc", "bd"):
        output = Capture()
        output.write("a" * first)
        output.write(rest)
        texts.add(output.text())
    assert len(texts) == 2


def test_marks_of_wording_are_kept_apart_from_the_text():
    output = Capture()
    output.write(f"{WORDING_BEGINS}Total:{WORDING_ENDS} 5\n")
    assert output.text() == "Total: 5\n"
    assert output.with_wording() == f"{WORDING_BEGINS}Total:{WORDING_ENDS} 5\n"
    plain = Capture()
    plain.write("5\n")
    assert (plain.text(), plain.with_wording()) == ("5\n", "")


def test_a_text_that_is_cut_has_no_wording():
    output = Capture()
    output.write(f"{WORDING_BEGINS}Total:{WORDING_ENDS}" + "a" * MAX_TEXT)
    assert output.with_wording() == ""
