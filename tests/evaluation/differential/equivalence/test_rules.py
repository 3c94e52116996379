"""What a task holds an answer to is read from its instruction and its reference."""

import ast

import pytest

from src.evaluation.differential.equivalence.rules import Rules, rules_of

PUT = frozenset({"put"})


@pytest.mark.parametrize(
    ("instruction", "source", "rules"),
    [
        ("Print the sum.", "", {"must_print": True}),
        ("It returns a new list.", "", {"must_return": True, "must_not_change": True}),
        ("The original must not change.", "", {"must_not_change": True}),
        ("Average", "def f(x):\n    return round(x, 2)", {"rounded": True, "rounding_set": True}),
        ("Average, rounded to two decimals", "def f(x):\n    return round(x, 2)", {"rounding_set": True}),
        ("", "def f(x):\n    return list(set(x))", {"ordered": False}),
        ("Is it True or False?", "", {"must_be_bool": True}),
        ("Sort the list in place", "", {"in_place": True, "order_named": True}),
        ("Counts", "for k, v in d.items():\n    print(k, v)", {"lines_ordered": False}),
        ("Counts in order", "for k, v in d.items():\n    print(k, v)", {"order_named": True}),
        ("", "class A:\n    def put(self, x):\n        self.x = x", {"quiet": PUT, "topics": PUT}),
        (
            "",
            "class A:\n    def put(self, x):\n        self.x = x\n        return 'ok'\n    def get(self):\n        return self.x",
            {
                "quiet": PUT,
                "reports": PUT,
                "finds": frozenset({"get"}),
                "topics": frozenset({"put"}),
                "words": {"ok": False},
                "free_words": frozenset({"ok"}),
            },
        ),
        (
            "",
            "def is_odd(n):\n    return 'yes'",
            {"topics": frozenset({"odd"}), "words": {"yes": False}, "free_words": frozenset({"yes"})},
        ),
        ("Say odd in capital letters", "def f(n):\n    return 'yes'", {"words": {"yes": False}}),
        ("Print the numbered lines", "", {"must_print": True, "laid_out": True}),
    ],
)
def test_rules_are_read_from_the_task(instruction, source, rules):
    assert rules_of(instruction, ast.parse(source)) == Rules(**rules)


def test_an_answer_that_makes_lists_from_sets_is_free_in_their_order_unless_the_task_speaks_of_order():
    answer = ast.parse("def f(a, b):\n    return list(set(a) - set(b))")
    assert not Rules().for_answer(answer, "What of a is not in b?").ordered
    assert Rules().for_answer(answer, "In the order of a, what is not in b?").ordered
    assert Rules().for_answer(ast.parse("def f(a):\n    return a"), "").ordered
