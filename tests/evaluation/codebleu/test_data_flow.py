"""Data flow by hand: which variable comes, or is computed, from which others."""

import pytest

from src.evaluation.codebleu import data_flow as module
from src.evaluation.codebleu.data_flow import data_flow, data_flow_match
from src.languages.registry import LANGUAGES

FROM, BY = "comesFrom", "computedFrom"


def flows(code: str, language: str = "python"):
    facts = LANGUAGES[language].data_flow
    assert facts
    return data_flow(facts.grammar.root(code), code.encode(), facts)


# Flows in the order of the text; variables, and what they are given, are numbered as they are first named, sources first.
CASES = [
    ("python", "print(a)", []),  # nothing comes from anything
    ("python", "x = a", [(1, BY, (0,)), (0, FROM, ())]),
    ("python", "x = a\nx", [(1, BY, (0,)), (0, FROM, ()), (1, FROM, (1,))]),
    ("python", "x = a + a", [(1, BY, (0, 0)), (0, FROM, ()), (0, FROM, (0,))]),
    ("python", "x, y = a, b", [(1, BY, (0,)), (3, BY, (2,)), (0, FROM, ()), (2, FROM, ())]),
    ("python", "x, y = a", [(1, BY, (0,)), (2, BY, (0,)), (0, FROM, ())]),
    ("python", "def f(k=1): pass", [(1, FROM, (0,)), (0, FROM, ())]),
    ("python", "[x for x in a]", [(0, FROM, (0,)), (0, BY, (1,)), (1, FROM, ())]),
    # what one round of a loop leaves the next one finds
    ("python", "while c:\n  x\n  x = a",
     [(0, FROM, (0,)), (1, FROM, (1,)), (1, BY, (2,)), (2, FROM, (2,))]),
    ("python", "for x in a:\n  x", [(1, BY, (0,)), (0, FROM, (0,)), (1, FROM, (1,))]),
    # either branch may have been taken
    ("python", "x = a\nif c:\n  x = b\nx",
     [(1, BY, (0,)), (0, FROM, ()), (1, BY, (2,)), (2, FROM, ()), (1, FROM, (1,))]),
    ("java", "int x = a;", [(1, FROM, (0,)), (0, FROM, ())]),
    ("java", "int x; x = a + a;", [(1, BY, (0,)), (0, FROM, ()), (0, FROM, (0,))]),
    ("java", "i++;", [(0, BY, (0,))]),
    ("java", "for (int x : a) f(x);", [(1, BY, (0,)), (0, FROM, (0,)), (2, FROM, (2,)), (1, FROM, (1,))]),
    ("javascript", "let x = a;", [(1, FROM, (0,)), (0, FROM, ())]),
    ("go", "x = a", [(1, BY, (0,)), (0, FROM, ())]),
    ("go", "var x = a", [(1, FROM, (0,)), (0, FROM, ())]),
    ("php", "<?php foreach ($a as $x) { f($x); }", [(0, FROM, ()), (1, BY, (0,)), (1, FROM, (1,))]),
    ("php", "<?php foreach (g() as $k => $x) { f($x); }",
     [(0, FROM, ()), (1, BY, (0,)), (2, BY, (0,)), (2, FROM, (2,))]),
    ("ruby", "x, y = a, b", [(1, BY, (0,)), (3, BY, (2,)), (0, FROM, ()), (2, FROM, ())]),
    ("ruby", "for x in a do x end", [(1, BY, (0,)), (0, FROM, (0,)), (1, FROM, (1,))]),
    ("csharp", "x = a;", [(1, BY, (0,)), (0, FROM, ())]),
    ("c", "void f() { x = a; }", [(1, BY, (0,)), (0, FROM, ())]),
    ("cpp", "void f() { x = a; }", [(1, BY, (0,)), (0, FROM, ())]),
    ("rust", "fn f(a: T) {}", [(2, FROM, (0, 1)), (0, FROM, ()), (1, FROM, ())]),
]  # fmt: skip


@pytest.mark.parametrize(("language", "code", "expected"), CASES)
def test_flows_are_those_found_by_hand(language, code, expected):
    assert flows(code, language) == expected


def test_every_language_with_data_flow_is_tried():
    assert {language for language, *_ in CASES} | {"jsx"} == {
        name for name, language in LANGUAGES.items() if language.data_flow
    }


def test_names_do_not_count():
    program = "{t} = 0\nwhile {n}:\n    {t} = {t} + {n}\n    {n} = {n} - {i}\nprint({t})\n"
    first, second = program.format(t="t", n="n", i="i"), program.format(t="total", n="rest", i="step")
    assert len(flows(first)) > 5
    assert flows(first) == flows(second)
    assert flows(first) != flows(program.format(t="t", n="n", i="n"))


def test_a_flow_is_matched_as_often_as_it_is_found():
    one, other = (0, BY, (1,)), (1, FROM, ())
    assert data_flow_match([one, one], [one, one, one, other]) == 0.5
    assert data_flow_match([one, one, other], [one, other]) == 1
    assert data_flow_match([one], []) == 0


def test_loops_within_loops_end_by_a_count_of_steps(monkeypatch):
    nested = "".join("\t" * depth + f"while x{depth}:\n" for depth in range(12)) + "\t" * 12 + "x = i\n"
    assert flows(nested)
    monkeypatch.setattr(module, "MAX_STEPS", 10_000)
    assert flows(nested) is None
    assert flows(nested.split("\n", 6)[-1].replace("\t" * 6, "")) is not None
