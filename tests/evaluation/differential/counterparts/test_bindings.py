"""The calls of a reference's functions and classes are made in an answer that calls them otherwise."""

import ast

import pytest

from src.evaluation.differential.counterparts.bindings import bindings, named_alike
from src.evaluation.differential.counterparts.targets import targets_of

REFERENCE = "def total(items, tax): pass"


def first_way(reference, answer, *calls):
    """What the likeliest binding gives for each call; None where there is none."""
    names = [node.name for node in ast.parse(reference).body]
    ways = bindings(ast.parse(reference), ast.parse(answer), [(names[0], call) for call in calls])
    return results(answer, ways[0][names[0]], calls) if ways else None


def results(answer, expression, calls):
    namespace = {}
    exec(answer, namespace)
    found = []
    for call in calls:
        try:
            found.append(eval(expression, namespace)(*map(ast.literal_eval, call)))  # noqa: S307
        except TypeError:
            found.append(TypeError)
    return found


@pytest.mark.parametrize(
    ("reference", "answer", "call", "result"),
    [
        ("def f(a): pass", "def f(a): return a", ("5",), 5),
        ("def is_even(a): pass", "def isEven(a): return a % 2 == 0", ("4",), True),
        ("def f(a): pass", "def other(x): return -x", ("5",), -5),  # the only one that takes as much
        ("def f(a): pass", "def other(x): return x\ndef main(): other(1)", ("5",), 5),
        ("def f(a): pass", "def g(x): return x\ndef h(x, y): return y", ("5",), 5),
        ("def f(a, b): pass", "def f(b, a): return [a, b]", ("1", "2"), [1, 2]),
        ("def f(text, char): pass", "def f(char, string): return [string, char]", ("'ab'", "'c'"), ["ab", "c"]),
        ("def f(a): pass", "class Solution:\n    def f(self, a): return a + 1", ("5",), 6),
        ("def area(a, b): pass", "class R:\n    def __init__(self, a, b): self.a, self.b = a, b\n    def area(self): return self.a - self.b", ("5", "3"), 2),
        ("def area(a): pass", "class S:\n    def __init__(self, a): self.a = a\n    @property\n    def area(self): return self.a * 2", ("5",), 10),
        ("def f(a): pass", "class M:\n    @staticmethod\n    def f(a): return a * 3", ("5",), 15),
        ("def f(a): pass", "class M:\n    @classmethod\n    def f(cls, a): return a * 4", ("5",), 20),
        ("def f(a): pass", "def f(*, a): return a", ("5",), 5),
        ("def f(items): pass", "def f(*items): return items", ("[1, 2]",), (1, 2)),
        ("def f(a, b, c): pass", "def f(numbers): return numbers", ("1", "2", "3"), [1, 2, 3]),
        ("def f(x1, y1, x2, y2): pass", "def f(p, q): return p, q", ("1", "2", "3", "4"), ((1, 2), (3, 4))),
        ("def f(p, q): pass", "def f(a, b, c, d): return a, b, c, d", ("(1, 2)", "(3, 4)"), (1, 2, 3, 4)),
    ],
)  # fmt: skip
def test_a_counterpart_takes_the_references_arguments(reference, answer, call, result):
    assert first_way(reference, answer, call) == [result]


@pytest.mark.parametrize(
    "answer",
    [
        "x = 1",
        "def one(a, b): pass\ndef two(a, b): pass",
        "def f(): pass",
        "class C:\n    def m(self, a): pass",
    ],
)
def test_what_has_no_counterpart_has_no_binding(answer):
    assert first_way(REFERENCE, answer, ("[1]", "2")) is None


def test_arguments_of_different_kinds_may_change_places():
    answer = "def count(ch, words): return [ch, words]"
    ways = bindings(
        ast.parse("def count(strings, char): pass"), ast.parse(answer), [("count", ("['a']", "'b'"))]
    )
    assert [results(answer, way["count"], [("['a']", "'b'")]) for way in ways] == [
        [[["a"], "b"]],
        [["b", ["a"]]],
    ]
    ways = bindings(
        ast.parse("def minus(x, y): pass"), ast.parse("def minus(a, b): pass"), [("minus", ("1", "2"))]
    )
    assert ways == [{"minus": "minus"}]  # of one kind: which is which is not for the answer to choose


def test_a_function_that_is_found_by_what_it_takes_is_told_from_one_of_that_name():
    answer = ast.parse("def plus(a, b): pass")
    assert not named_alike(bindings(ast.parse("def add(a, b): pass"), answer, [("add", ("1", "2"))])[0])
    assert named_alike(bindings(ast.parse("def Plus(a, b): pass"), answer, [("Plus", ("1", "2"))])[0])


def test_methods_are_targets_with_the_parameters_of_their_class_before_their_own():
    source = "class A:\n    def __init__(self, x, y=0): pass\n    def m(self, z): pass\n    def _private(self): pass"
    (target,) = targets_of(ast.parse(source))
    assert (target.owner, target.name, target.names, target.required) == ("A", "m", ("x", "z"), 2)


ACCOUNT = """
class Account:
    def __init__(self, start):
        self.money = start
    def put(self, amount):
        self.money += amount
    def balance(self):
        return self.money
"""
SESSION = ("(10,)", "[('put', (5,)), ('balance', ()), ('.money', ())]")


@pytest.mark.parametrize(
    "answer",
    [
        ACCOUNT,
        ACCOUNT.replace("Account", "account").replace("balance", "Balance"),
        ACCOUNT.replace("def balance(self)", "def get_total(self)"),
        ACCOUNT.replace("    def balance", "    @property\n    def balance"),
        ACCOUNT.replace("self.money", "self._money"),
        ACCOUNT.replace("start", "first").replace("self, first", "self, first=0"),
        ACCOUNT.replace("self, start", "self, owner='me', start=0"),
    ],
)
def test_a_session_is_held_with_the_counterpart_of_a_class(answer):
    ways = bindings(ast.parse(ACCOUNT), ast.parse(answer), [("Account", SESSION)])
    namespace = {}
    exec(answer, namespace)
    held = {}
    namespace["_session_"] = lambda make, methods: held.update(make=make, **methods)
    eval(ways[0]["Account"], namespace)  # noqa: S307
    instance = held["make"](10)
    held["put"](instance, 5)
    assert (held["balance"](instance), held[".money"](instance)) == (15, 15)


@pytest.mark.parametrize(
    "answer",
    [
        "def put(amount): pass",
        ACCOUNT.replace("start", "start, owner"),
        ACCOUNT.replace("    def put(self, amount):\n        self.money += amount\n", ""),
        ACCOUNT.replace("self.money", "self.cash"),
        "class A: pass\nclass B: pass",
    ],
)
def test_a_class_without_the_methods_or_the_maker_has_no_binding(answer):
    assert bindings(ast.parse(ACCOUNT), ast.parse(answer), [("Account", SESSION)]) == []


CALCULATOR = "class Calculator:\n    def add(self, a, b):\n        return a + b\n    def minus(self, a, b):\n        return a - b"


@pytest.mark.parametrize(
    "answer",
    [
        "def add(a, b):\n    return a + b\ndef minus(a, b):\n    return a - b",
        "class Sums:\n    def __init__(self, a, b):\n        self.a, self.b = a, b\n    def add(self):\n        return self.a + self.b"
        "\n    def minus(self):\n        return self.a - self.b",
    ],
)
def test_functions_stand_for_the_methods_of_a_class_that_keeps_nothing(answer):
    session = ("()", "[('add', (5, 3)), ('minus', (5, 3))]")
    (way,) = bindings(ast.parse(CALCULATOR), ast.parse(answer), [("Calculator", session)])
    namespace = {"_session_": lambda make, methods: [methods[name](make(), 5, 3) for name in methods]}
    exec(answer, namespace)
    assert eval(way["Calculator"], namespace) == [8, 2]  # noqa: S307


@pytest.mark.parametrize(
    "answer",
    [
        ACCOUNT.replace("self, start", "self, owner, start"),
        ACCOUNT.replace("start", "start_money").replace("self, start_money", "self, log, start_money"),
    ],
)
def test_a_class_that_takes_more_is_filled_up_where_that_is_asked(answer):
    ways = bindings(ast.parse(ACCOUNT), ast.parse(answer), [("Account", SESSION)], filled=True)
    made = {}
    namespace = {"_session_": lambda make, _: made.update(vars(make(10)))}
    exec(answer, namespace)
    eval(ways[0]["Account"], namespace)  # noqa: S307
    assert made["money"] == 10


def test_what_a_class_keeps_and_never_uses_may_be_missing_where_that_is_asked():
    reference = ACCOUNT.replace("self, start):", "self, owner, start):\n        self.owner = owner").replace(
        "start", "money"
    )
    session = ("('me', 10)", "[('put', (5,)), ('balance', ())]")
    calls = [("Account", session)]
    assert bindings(ast.parse(reference), ast.parse(ACCOUNT), calls) == []
    (way,) = bindings(ast.parse(reference), ast.parse(ACCOUNT), calls, filled=True)
    namespace = {"_session_": lambda make, _: make("me", 10).money}
    exec(ACCOUNT, namespace)
    assert eval(way["Account"], namespace) == 10  # noqa: S307
