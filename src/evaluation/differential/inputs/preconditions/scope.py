"""Which calls a task is about, and which of those are at the edge of it."""

from __future__ import annotations

import ast
import dataclasses
import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from src.evaluation.differential.inputs.input_generation import Arguments, kinds_of, parameters
from src.evaluation.differential.inputs.mutants import keeps_best
from src.evaluation.differential.inputs.preconditions.assumptions import divisors
from src.evaluation.differential.inputs.preconditions.domain import Domain
from src.evaluation.differential.inputs.preconditions.relations import SPOKEN, Granted
from src.evaluation.differential.inputs.sessions.sessions import given_sizes, values_of
from src.evaluation.differential.inputs.type_inference import Function
from src.evaluation.differential.probe_runner import Call
from src.languages.syntax import literal

SHORT_SESSIONS = 5
LARGEST = 22  # number for a recursion that takes exponential time
_RECURSIVE = re.compile(
    r"(?i)\b(?:fibonacci|tribonacci|lucas|hanoi|catalan|ackermann|subsets?|power set|permutations?|combinations?|partitions?|stair\w*|recurs\w*)\b"
)


_OF_WORDS = set("split rsplit splitlines partition strip lstrip rstrip isspace isalpha isalnum title capitalize findall sub match fullmatch".split())  # fmt: skip
_SMOOTH = (ast.Return, ast.Assign, ast.Name, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UnaryOp,
           ast.Load, ast.Store)  # fmt: skip
_KEEPING = ast.Add | ast.Sub | ast.Mult  # operators for which 0 is a number like any other
_PLAIN = (*_SMOOTH, ast.For, ast.AugAssign, ast.Call, ast.Attribute, ast.Constant)
_ANY_NUMBERS = re.compile(r"(?i)(?:\w+_)?(?:num(?:ber)?s|list|lst|l|arr|array|integers|ints)\d?")
_ANY_NUMBER = re.compile(r"(?i)[abcxyz]|n(?:um(?:ber)?)?_?\d|num|number")
_NUMERIC = re.compile(
    r"sum|min|max|sorted|sort|abs|round|int|float|bool|any|all|filter|Counter|range|pow|divmod|str|map|chr|bin"
)


def has_sign(function: Function) -> bool:
    """Whether it works on negative numbers of its own: `abs(n)`, `n < 0`, `n > 0`, or a text that is made a number where it can."""
    names = {parameter.arg for parameter in parameters(function)[0]}
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) == "abs"
            and ast.unparse(node.args[0]) in names
        ):
            return True
        if isinstance(node, ast.Try):
            calls = [n for n in ast.walk(ast.Module(node.body, [])) if isinstance(n, ast.Call) and n.args]
            if any(
                ast.unparse(c.func) in ("int", "float") and ast.unparse(c.args[0]) in names for c in calls
            ):
                return True
    return False


def seeks_in_numbers(function: Function) -> bool:
    """Whether it sorts numbers that are of no kind in particular, or looks for the largest or smallest, so that all may be negative."""
    names = [parameter.arg for parameter in parameters(function)[0]]
    if len(names) > 1 and all(map(_ANY_NUMBER.fullmatch, names)):
        return looks_for_best(function)
    return (looks_for_best(function) or _sorts(function)) and any(map(_ANY_NUMBERS.fullmatch, names))


def _sorts(function: Function) -> bool:
    """Whether it sorts, or changes the places of two items."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("sort", "sorted"):
            return True
        targets = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(targets, ast.Tuple) and all(isinstance(t, ast.Subscript) for t in targets.elts):
            return True
    return False


def adds_any_numbers(function: Function) -> bool:
    """Whether it only adds or multiplies numbers of no kind in particular: `x + y`, `sum(numbers)`, not `price + tax`."""
    names = [parameter.arg for parameter in parameters(function)[0]]
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    operators = {type(n.op) for n in nodes if isinstance(n, ast.BinOp | ast.AugAssign)}
    calls = {ast.unparse(n.func) for n in nodes if isinstance(n, ast.Call)}
    return (
        bool(names)
        and all(_ANY_NUMBER.fullmatch(name) or _ANY_NUMBERS.fullmatch(name) for name in names)
        and all(isinstance(node, _PLAIN) for node in nodes)
        and bool(operators or calls)
        and operators <= {ast.Add, ast.Sub, ast.Mult}
        and calls <= {"sum", "math.prod", "prod"}
    )


def is_bounded_by_value(function: Function) -> bool:
    """Whether a loop makes values as long as these are below a parameter, which so is no number of steps."""
    names = {parameter.arg for parameter in parameters(function)[0]}
    nodes = [*ast.walk(function)]
    counters = {ast.unparse(n.target) for n in nodes if isinstance(n, ast.AugAssign)}
    for test in (n.test for n in nodes if isinstance(n, ast.While) and isinstance(n.test, ast.Compare)):
        sides = {ast.unparse(test.left), ast.unparse(test.comparators[0])}
        others = sides - names
        if len(others) == 1 and not any(s in counters or re.match(r"len\(|\d", s) for s in others):
            return True
    return False


def answers_zero(function: Function) -> bool:
    """Whether 0 has a result of its own: `if n == 0: return "0"`, where nothing is divided by it."""
    names = [parameter.arg.lower() for parameter in parameters(function)[0]]
    divided = {names[at] for at in divisors(function, names)}
    tests = {f"{name} == 0" for name in names if name not in divided}
    return any(
        isinstance(node, ast.If)
        and ast.unparse(node.test).lower() in tests
        and isinstance(node.body[0], ast.Return)
        and isinstance(node.body[0].value, ast.Constant)
        and not re.search(r"[a-z] |None", str(node.body[0].value.value))
        for node in ast.walk(function)
    )


def ends_at_zero(function: Function) -> bool:
    """Whether it is a recursion that ends at 0: `n == 0`."""
    names = {parameter.arg for parameter in parameters(function)[0]}
    nodes = [*ast.walk(function)]
    calls_itself = any(isinstance(n, ast.Call) and ast.unparse(n.func) == function.name for n in nodes)
    return calls_itself and any(
        isinstance(n, ast.Compare) and ast.unparse(n) in {f"{name} == 0" for name in names} for n in nodes
    )


def counts_from_one(function: Function) -> bool:
    """Whether 1 is a number like any other: it is a recursion that ends at 0, or counts as far as it is told."""
    names = "|".join(re.escape(parameter.arg) for parameter in parameters(function)[0])
    counts = re.compile(rf"range\((?:[01], )?(?:{names})(?: \+ 1)?\)")
    return ends_at_zero(function) or any(
        isinstance(node, ast.Call) and counts.fullmatch(ast.unparse(node)) for node in ast.walk(function)
    )


def only_passes_on(function: Function) -> bool:
    """Whether a function at most adds and multiplies, and puts nothing in order, so that one item is as good as another.

    It may test what an item leaves, divided by a number: 0 is even.
    """
    orders = ast.Lt | ast.LtE | ast.Gt | ast.GtE
    tests = {n.left for n in ast.walk(function) if isinstance(n, ast.Compare) and _is_remainder(n.left)}
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _NUMERIC.fullmatch(ast.unparse(node.func).rpartition(".")[2]):
            return False
        divides = isinstance(node, ast.BinOp | ast.AugAssign) and not isinstance(node.op, _KEEPING) and node not in tests
        if divides or isinstance(node, ast.IfExp | ast.JoinedStr):
            return False
        if isinstance(node, ast.Compare) and any(isinstance(operator, orders) for operator in node.ops):
            return False
    return True


def _is_remainder(node: ast.AST) -> bool:
    """`item % 2`."""
    is_of_constant = isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant)
    return is_of_constant and isinstance(node.op, ast.Mod)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Scope:
    """Which calls a task is about."""

    domain: Domain
    granted: Mapping[str, Granted]  # of each function; none of a class, with which there are sessions
    known: frozenset[Arguments]  # in calls that the sample itself shows
    of_words: bool = False  # the task speaks of words and of no other signs in a text
    grows: bool = False  # a plain way to do the task takes exponential time
    smooth: frozenset[str] = frozenset()  # functions that only calculate
    from_one: frozenset[str] = frozenset()  # functions for which 1 is a number like any other
    best: frozenset[str] = frozenset()  # functions that look for the best: nothing has none
    spaced: frozenset[str] = frozenset()  # functions to which a space is a letter like any other

    def admits(self, call: Call) -> bool:
        name, arguments = call
        if arguments in self.known:
            return True
        if name not in self.granted:
            return self.domain.admits(values_of(arguments))
        return self.domain.admits(arguments) and self.granted[name].admits(arguments)

    def natural(
        self, calls: Sequence[Call], outside: Collection[int], told: Sequence[frozenset[int]]
    ) -> frozenset[int]:
        """Places of calls with something empty, a half, spaces at an end or a default that a reference treats as it does all others.

        It has no branch for them: each mutant that one tells is told by a call of the domain too. told: of each mutant.
        """
        inside = set(range(len(calls))) - set(outside)
        special = {at for places in told if not places & inside for at in places}
        wide = dataclasses.replace(self, domain=dataclasses.replace(self.domain, empty=True))
        spaced = dataclasses.replace(self, domain=dataclasses.replace(self.domain, spaces=True))
        most = _longest(calls)
        return frozenset(
            at
            for at, (name, arguments) in enumerate(calls)
            if name in self.granted
            and at not in special
            and (wide.admits((name, arguments)) or (name in self.spaced and spaced.admits((name, arguments))))
            and (
                (at in outside and name not in self.best)
                or len(arguments) < most[name]
                or (name in self.smooth and "float" in kinds_of(arguments))
            )
        )

    def is_edge(self, call: Call) -> bool:
        """Whether a call is at the edge: 0 or 1, at most one item, a text of signs alone, one step of a session twice."""
        name, arguments = call
        if arguments in self.known:
            return False
        if name not in self.granted:
            return False
        values = [literal(source) for source in arguments]
        too_large = self.grows and any(isinstance(value, int) and value > LARGEST for value in values)
        if name in self.from_one:
            values = [value for value in values if value != 1]
        return too_large or any(_is_at_edge(value, self.of_words, self.domain) for value in values)

    def spoken(self, calls: Sequence[Call]) -> list[frozenset[int]]:
        """Groups of calls of which one each is to be kept: where an argument is the 0, the nothing, the minus that the task speaks of."""
        groups: dict[tuple[str, int, str], set[int]] = {}
        most = _longest(calls)
        for place, (name, arguments) in enumerate(calls):
            for at, source in enumerate(arguments if name in self.granted else ()):
                value = literal(source)
                is_number = isinstance(value, int | float) and not isinstance(value, bool)
                kinds = {
                    "zero": self.domain.zero and is_number and value == 0,
                    "negative": self.domain.negative and is_number and value < 0,
                    "empty": isinstance(value, str | list | dict) and not value,
                    "half": isinstance(value, float) and value % 1 == 0.5,
                    "spaces": isinstance(value, str) and value.strip(" ") != value,
                    "several spaces": isinstance(value, str) and "  " in value.strip(),
                    "again": source in arguments[:at],
                    "left out": at + 1 == len(arguments) < most[name],
                }
                for kind in (kind for kind, holds in kinds.items() if holds):
                    groups.setdefault((name, at, kind), set()).add(place)
        return [frozenset(places) for places in groups.values()] + self._made_with_less(calls)

    def _made_with_less(self, calls: Sequence[Call]) -> list[frozenset[int]]:
        """Some groups of the sessions in which the class and its methods get no more values than they need."""
        sizes = {at: given_sizes(c[1]) for at, c in enumerate(calls) if c[0] not in self.granted}
        fewest: dict[str, int] = {}
        for name, size in itertools.chain(*sizes.values()):
            fewest[name] = min(size, fewest.get(name, size))
        less = [at for at, own in sizes.items() if all(size == fewest[name] for name, size in own)]
        less = less if len(less) < len(sizes) else []
        return [
            frozenset(less[start::SHORT_SESSIONS])
            for start in range(SHORT_SESSIONS)
            if less[start::SHORT_SESSIONS]
        ]


def _longest(calls: Sequence[Call]) -> dict[str, int]:
    """How many arguments the calls of each function have at most."""
    most: dict[str, int] = {}
    for name, arguments in calls:
        most[name] = max(len(arguments), most.get(name, 0))
    return most


def is_smooth(function: Function) -> bool:
    """Whether it only calculates, so that a half is as good as a whole number: no branch, no loop, no remainder."""
    inert = {part for p in function.args.args if p.annotation for part in ast.walk(p.annotation)}
    return all(
        isinstance(node, _SMOOTH) or node in inert or (isinstance(node, ast.Constant) and type(node.value) in (int, float))
        for statement in function.body for node in ast.walk(statement)
    ) and not any(p.annotation and "int" in ast.unparse(p.annotation) for p in function.args.args)  # fmt: skip


def looks_for_best(function: ast.AST) -> bool:
    """Whether it takes the largest, the smallest or the like of several."""
    return any(
        (isinstance(node, ast.If) and keeps_best(node)) or (isinstance(node, ast.Call) and ast.unparse(node.func) in ("max", "min"))
        for node in ast.walk(function)
    )  # fmt: skip


def knows_no_words(function: Function) -> bool:
    """Whether a text is a row of letters to it, spaces among them: it asks for no words, no kinds of letters and no space."""
    methods = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
    constants = [node.value for node in ast.walk(function) if isinstance(node, ast.Constant)]
    return not methods & _OF_WORDS and not any(
        isinstance(text, str) and " " in text for text in constants[1:]
    )


def grows_fast(instruction: str) -> bool:
    """Whether the task is one that beginners do by a recursion which takes exponential time."""
    return bool(_RECURSIVE.search(instruction))


def speaks_of_whole(instruction: str) -> bool:
    """Whether numbers are whole: integers, or numbers of things."""
    return bool(re.search(r"(?i)\b(?:integers?|whole|numbers? of|how many|counts?)\b", instruction))


def speaks_of_words(instruction: str) -> bool:
    return bool(re.search(r"(?i)\bwords?\b", instruction)) and not re.search(SPOKEN["signs"], instruction)


def _is_at_edge(value: object, of_words: bool, domain: Domain) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return value == 1 or (value == 0 and not domain.zero)
    if isinstance(value, str):
        return not re.search(r"\w", value) or (of_words and bool(re.search(r"[^\w\s]", value)))
    return isinstance(value, list | tuple | set | dict) and len(value) == (
        1 if domain.empty else min(len(value), 1)
    )
