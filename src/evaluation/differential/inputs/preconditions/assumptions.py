"""What a function's source takes for granted of its arguments: which is the smaller, which have the same length."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence

from src.evaluation.differential.inputs.input_generation import parameters
from src.evaluation.differential.inputs.known.constants import dispatched_on, taken_from
from src.evaluation.differential.inputs.preconditions.domain import quoted_in
from src.evaluation.differential.inputs.type_inference import Function, is_pair

_ORDERED = tuple(
    tuple(pair.split("/"))
    for pair in (
        "low/high lo/hi start/end start/stop begin/end begin/stop min/max minimum/maximum lower/upper from/to first/last"
        " left/right smallest/largest earliest/latest k/n r/n birth/today birth/current"
    ).split()
)

_SIGN_TESTS = set("isalpha isdigit isalnum isnumeric isdecimal isupper islower isspace isascii".split())
_SEEKING = set("count find rfind index rindex split rsplit partition rpartition replace findall".split())


def ordered_places(function: Function, names: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of parameters of which the first is the smaller one: by their names, or since `range(a, b)` is made of them."""
    found = []
    for a, name in enumerate(names):
        for b, other in enumerate(names):
            words, others = re.split(r"_|(?=\d)", name), re.split(r"_|(?=\d)", other)
            for low, high in _ORDERED:
                if low in words and [high if word == low else word for word in words] == others:
                    found.append((a, b))
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "range" and len(node.args) == 2:
            bounds = [
                {n.id.lower() for n in ast.walk(bound) if isinstance(n, ast.Name)} for bound in node.args
            ]
            places = [[names.index(name) for name in bound if name in names] for bound in bounds]
            if all(len(place) == 1 for place in places) and places[0] != places[1]:
                found.append((places[0][0], places[1][0]))
    return list(dict.fromkeys(found))


def asks_of_signs(function: Function) -> bool:
    """Whether it asks of what kind the signs of a text are: `text.isalpha()`."""
    return any(isinstance(n, ast.Attribute) and n.attr in _SIGN_TESTS for n in ast.walk(function))


def asks_of_numbers(function: Function) -> bool:
    """Whether a branch asks of what kind a number is: `n % 2 == 0`, `n < 0`."""
    tests = [node.test for node in ast.walk(function) if isinstance(node, ast.If | ast.IfExp)]
    compared = [
        node for test in tests for node in ast.walk(test) if isinstance(node, ast.Compare | ast.BinOp)
    ]
    return any(
        isinstance(node.op, ast.Mod | ast.BitAnd)
        if isinstance(node, ast.BinOp)
        else ast.unparse(node.comparators[0]) in ("0", "1")
        for node in compared
    )


def sought(function: Function, names: Sequence[str]) -> set[int]:
    """Parameters that are looked for in something: `text.count(word)`, `word in text`, `text[i:i + n] == word`."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SEEKING:
            found |= {ast.unparse(argument) for argument in node.args[:1]}
        if isinstance(node, ast.Compare) and (
            isinstance(node.ops[0], ast.In | ast.NotIn)
            or (isinstance(node.left, ast.Subscript) and isinstance(node.left.slice, ast.Slice))
        ):
            found |= {ast.unparse(side) for side in (node.left, *node.comparators[1:])}
            if isinstance(node.left, ast.Subscript):
                found |= {ast.unparse(node.comparators[0])}
    made = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
    changed = {ast.unparse(node.targets[0]): _root(node.value) for node in made}  # `low = word.lower()`
    sources = {changed.get(text, text).lower() for text in found}
    return {at for at, name in enumerate(names) if name in sources}


def _root(node: ast.expr) -> str:
    """The name that methods are called on: "word" of `word.strip().lower()`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return ast.unparse(node)


def divisors(function: Function, names: Sequence[str]) -> list[int]:
    """Parameters that something is divided by."""
    return [
        names.index(node.right.id.lower())
        for node in ast.walk(function)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod)
        and isinstance(node.right, ast.Name)
        and node.right.id.lower() in names
    ]


def exponents(function: Function, names: Sequence[str]) -> list[int]:
    """Parameters that are powers, or parts of one: a loop that multiplies takes whole ones alone."""
    powers = [n.right for n in ast.walk(function) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow)]
    used = {n.id.lower() for power in powers for n in ast.walk(power) if isinstance(n, ast.Name)}
    return [at for at, name in enumerate(names) if name in used]


def wraps(function: Function, name: str) -> bool:
    """Whether it goes on from the start past the end: `k % len(items)`."""
    return any(
        isinstance(node, ast.BinOp | ast.AugAssign)
        and isinstance(node.op, ast.Mod)
        and ast.unparse(node.left if isinstance(node, ast.BinOp) else node.target).lower() == name
        and "len" in ast.unparse(node.right if isinstance(node, ast.BinOp) else node.value)
        for node in ast.walk(function)
    )


def keys_taken(function: Function) -> tuple[str, ...]:
    """Keys that the items of a list are taken to have: `"price"` of `for item in items: ... item["price"]`."""
    nodes = list(ast.walk(function))
    if any(isinstance(node, ast.Try) for node in nodes):
        return ()
    loops = [node.target for node in nodes if isinstance(node, ast.For | ast.comprehension)]
    items = {target.id for target in loops if isinstance(target, ast.Name)}
    items |= {a.arg for node in nodes if isinstance(node, ast.Lambda) for a in node.args.args}
    tested = {ast.unparse(node.left) for node in nodes if isinstance(node, ast.Compare)}
    return tuple(key for key in taken_from(nodes, items) if repr(key) not in tested)


def tuple_sizes(function: Function, calls: Sequence[Sequence[object]]) -> set[int]:
    """How long the tuples are that the sample's own calls give, or that the function takes apart."""
    shown = {len(value) for call in calls for value in call if isinstance(value, tuple)}
    nodes = list(ast.walk(function))
    return shown or ({2} if any(is_pair(nodes, p.arg) for p in parameters(function)[0]) else set())


def side_by_side(function: Function, names: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of parameters that are gone through side by side: `zip(a, b)`; `a[i]` and `b[i]` where one length is enough."""
    nodes = list(ast.walk(function))
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "zip"]
    together = [[ast.unparse(argument).lower() for argument in call.args] for call in calls]
    indices: dict[str, list[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            indices.setdefault(node.value.id.lower(), []).append(ast.unparse(node.slice))
    counters = {
        node.target.id for node in nodes if isinstance(node, ast.For) and isinstance(node.target, ast.Name)
    }
    measured = {ast.unparse(node).lower() for node in nodes if isinstance(node, ast.Call)}
    indexed = [name for name in names if name in indices and len({*indices[name]}) == 1]
    together += [
        [a, b]
        for a, b in itertools.combinations(indexed, 2)
        if indices[a][0] == indices[b][0] in counters and not {f"len({a})", f"len({b})"} <= measured
    ]
    return [
        (names.index(a), names.index(b))
        for a, b in (t for t in together if len(t) == 2)
        if {a, b} <= {*names}
    ]


def choices(function: Function, instruction: str) -> Iterator[tuple[int, list[object]]]:
    """Parameters of which the function knows two texts or more, all named by the instruction, with all that it quotes."""
    for at, parameter in enumerate(parameters(function)[0]):
        known = dispatched_on(function, parameter.arg)
        if _are_named(known, instruction):
            yield at, [*known, *quoted_in(instruction)]


def item_choices(function: Function, instruction: str) -> Iterator[tuple[int, list[object]]]:
    """The same of the items that a loop takes from a parameter."""
    loops = [node for node in ast.walk(function) if isinstance(node, ast.For | ast.comprehension)]
    for at, parameter in enumerate(parameters(function)[0]):
        items = [ast.unparse(loop.target) for loop in loops if ast.unparse(loop.iter) == parameter.arg]
        known = [text for item in items for text in dispatched_on(function, item)]
        if _are_named(known, instruction):
            yield at, [*known, *quoted_in(instruction)]


def _are_named(texts: Sequence[str], instruction: str) -> bool:
    return len(texts) > 1 and all(
        re.search(rf"(?<!\w){re.escape(text)}(?!\w)", instruction) for text in texts
    )


def makes_sets(function: Function) -> bool:
    """Whether it works with sets: it makes some, or looks up what one list has in another."""
    names = {parameter.arg for parameter in parameters(function)[0]}
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "set":
            return True
        looks_up = isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn)
        if looks_up and len(names) == 2 and ast.unparse(node.comparators[0]) in names:  # type: ignore[attr-defined]
            return any(
                isinstance(n, ast.For | ast.comprehension) and ast.unparse(n.iter) in names
                for n in ast.walk(function)
            )
    return False


def reads_signs(function: Function) -> bool:
    """Whether a text is a row of signs to it, of which a space is one: it has no words or ends, and puts signs together or counts them."""
    source = "\n".join(map(ast.unparse, function.body))
    of_words = r"split|strip|title|capitalize|istitle|isspace|isal|isdigit|\bre\.|' '|lower|upper|swapcase|punctuation"
    return not re.search(of_words, source) and bool(
        re.search(r"\[::-1\]|reversed\(|\bfor \w+ in |Counter\(", source)
    )
