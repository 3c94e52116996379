"""Values that a function asks for by what it does with its parameters: squares of primes where it tries divisors, runs where it compares neighbours."""

from __future__ import annotations

import ast

from src.evaluation.differential.inputs.known.constants import constants_of
from src.evaluation.differential.inputs.type_inference import Function
from src.languages.syntax import literal

MAX_POWER = 10**13  # of the numbers that a function knows: a unit of a unit, 1024 * 1024
MAX_POWERS = 3
LONG_RUN = repr("a" + 12 * "b" + "a")
TEXTS_WITH_SIGNS = """["it's", 'a, b', '[1]', 'x']"""
COUNTED = (
    "[2, 5, 2, 2, 2]",
    "[4, 1, 4, 1, 4]",
    "[3, 3, 6, 3, 1]",
    "[6, 1, 1, 6, 2]",
)  # how often each item occurs
WITH_GAPS = ("[None, 3, None, None, 5]", "[1, None, None, 4, None]", "[None, None, 2]", "[7, None, 2, None]")
PLACES = ("0", "1", "2")
LARGE_FACTORS = (
    "49",
    "121",
    "221",
    "97",
    "289",
    "341",
    "561",
)  # whose smallest factor is not among the first primes, or that look prime


def asked_for(function: Function, name: str) -> list[str]:
    """Literals for the parameter `name`."""
    found = [TEXTS_WITH_SIGNS] if _is_joined(function, name) else []
    found += [LONG_RUN] if _compares_neighbours(function) else []
    found += WITH_GAPS if _asks_for_none(function) else ()
    found += _compared_lists(function)
    found += COUNTED if _counts_items(function, name) else ()
    found += LARGE_FACTORS if _tries_divisors(function) else ()
    found += PLACES if name in places_in(function) else ()
    if _is_straight(function):
        powers = [n**times for n in constants_of(function) if type(n) is int and n > 9 for times in (2, 3)]
        powers = [n for n in powers if n < MAX_POWER][:MAX_POWERS]
        found += ["4821", "730521", *(repr(n + more) for n in powers for more in (0, -1, n // 2))]
    return found


def places_in(function: Function) -> set[str]:
    """The parameters that are places: `items[n]`."""
    names = {parameter.arg for parameter in function.args.args}
    slices = [node.slice for node in ast.walk(function) if isinstance(node, ast.Subscript)]
    return names & {part.id for part in slices if isinstance(part, ast.Name)}


def _tries_divisors(function: Function) -> bool:
    """Whether it divides by numbers that it counts itself: `n % i`."""
    names = {parameter.arg for parameter in function.args.args}
    return any(
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Mod)
        and isinstance(node.right, ast.Name)
        and node.right.id not in names
        for node in ast.walk(function)
    )


def _compares_neighbours(function: Function) -> bool:
    """Whether it goes through runs of equals: `text[i] == text[i - 1]`, `groupby`."""
    for node in ast.walk(function):
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).endswith("groupby"):
            return True
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            sides = [n.value for n in (node.left, node.comparators[0]) if isinstance(n, ast.Subscript)]
            if len(sides) == 2 and ast.unparse(sides[0]) == ast.unparse(sides[1]):
                return True
    return False


def _compared_lists(function: Function) -> list[str]:
    """Lists that are written out where it compares something with them: `sorted(dice) in ([1, 2, 3], [2, 3, 4])`."""
    sides = [
        side for node in ast.walk(function) if isinstance(node, ast.Compare) for side in node.comparators
    ]
    values = [literal(ast.unparse(side)) for side in sides]
    lists = [item for value in values if isinstance(value, list | tuple) for item in (value, *value)]
    return [repr(item) for item in lists if isinstance(item, list) and item and not isinstance(item[0], list)]


def _asks_for_none(function: Function) -> bool:
    """Whether it asks items of what it goes through whether they are None."""
    loops = [node for node in ast.walk(function) if isinstance(node, ast.For | ast.comprehension)]
    items = {ast.unparse(loop.target) for loop in loops}
    compared = [node for node in ast.walk(function) if isinstance(node, ast.Compare)]
    return any(
        ast.unparse(node.left) in items and ast.unparse(node.comparators[0]) == "None" for node in compared
    )


def _counts_items(function: Function, name: str) -> bool:
    """Whether it counts how often the items of a list of numbers occur: `name.count(n)`, `Counter(name)`."""
    ways = {f"{name}.count", "Counter", "collections.Counter"}
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    return any(ast.unparse(call.func) in ways for call in calls)


def _is_joined(function: Function, name: str) -> bool:
    """Whether its items are put together as they are: `", ".join(name)`."""
    return any(
        isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith(".join")
        and ast.unparse(node.args[0]) in (name, f"map(str, {name})")
        for node in ast.walk(function)
    )


def _is_straight(function: Function) -> bool:
    """Whether it takes as long for large numbers as for small ones: no loop, and it does not call itself."""
    loops = [n for n in ast.walk(function) if isinstance(n, ast.For | ast.While | ast.comprehension)]
    return not any(
        (node in loops and not isinstance(getattr(node, "iter", None), ast.List | ast.Tuple))
        or (isinstance(node, ast.Name) and node.id in (function.name, "range", "factorial"))
        for node in ast.walk(function)
    )
