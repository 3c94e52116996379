"""Which numbers are ordinary for a function: negative ones, 0, 1, halves and large ones."""

from __future__ import annotations

import ast
import re

from src.evaluation.differential.inputs.input_generation import parameters
from src.evaluation.differential.inputs.known.uses import places_in
from src.evaluation.differential.inputs.mutants import keeps_best
from src.evaluation.differential.inputs.preconditions.assumptions import divisors
from src.evaluation.differential.inputs.type_inference import Function

_SMOOTH = (ast.Return, ast.Assign, ast.Name, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UnaryOp,
           ast.Load, ast.Store, ast.Import, ast.ImportFrom, ast.alias, ast.Attribute)  # fmt: skip
_KEEPING = ast.Add | ast.Sub | ast.Mult | ast.Pow  # operators for which 0 is a number like any other
_PLAIN = (*_SMOOTH, ast.For, ast.AugAssign, ast.Call, ast.Constant, ast.GeneratorExp, ast.ListComp, ast.comprehension, ast.If,
          ast.Compare, ast.Eq, ast.NotEq, ast.Mod, ast.In, ast.NotIn, ast.Not, ast.Subscript, ast.Slice, ast.Tuple, ast.Dict, ast.DictComp, ast.IfExp)  # fmt: skip
_OF_REALS = re.compile(
    r"math\.(?:sqrt|hypot|pow|exp|sin|cos|tan|radians|degrees)|sqrt|hypot|pow|round|abs|float|print"
)
_ANY_NUMBERS = re.compile(r"(?i)(?:\w+_)?(?:num(?:ber)?s|list|lst|l|arr|array|integers|ints)\d?")
_ANY_DICT = re.compile(r"(?i)(?:first_?|second_?)?(?:d|dict|dictionary)_?\w?")
_ANY_NUMBER = re.compile(r"(?i)[abcxyz]|n(?:um(?:ber)?)?_?\d|num|number")
_PLACING = frozenset("len range enumerate zip items values keys get copy dict setdefault".split())
_OF_LISTS = frozenset("len print list append extend insert reverse reversed copy pop".split())
_NUMERIC = re.compile(
    r"sum|min|max|sorted|sort|abs|round|int|float|bool|any|all|filter|Counter|range|pow|divmod|str|map|chr|bin"
)


def has_sign(function: Function) -> bool:
    """Whether it works on negative numbers of its own: `abs(n)`, `n < 0`, `n > 0` of each item, or a text that is made a number where it can."""
    names = {parameter.arg for parameter in parameters(function)[0]}
    loops = [node for node in ast.walk(function) if isinstance(node, ast.For | ast.comprehension)]
    items = {ast.unparse(loop.target) for loop in loops if ast.unparse(loop.iter) in names}
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and ast.unparse(node.left) in items:
            is_order = isinstance(node.ops[0], ast.Lt | ast.Gt | ast.LtE | ast.GtE)
            if is_order and ast.unparse(node.comparators[0]) == "0":
                return True
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
    """Whether it only adds or multiplies numbers of no kind in particular: `x + y`, `sum(numbers)`, not `price + tax`.

    It may take their mean or powers by a constant, find them by place or key, and leave out what leaves some remainder.
    """
    names = [parameter.arg for parameter in parameters(function)[0]]
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    operations = [n for n in nodes if isinstance(n, ast.BinOp | ast.AugAssign)]
    calls = {ast.unparse(n.func).rpartition(".")[2] for n in nodes if isinstance(n, ast.Call)}
    sums = calls & {"sum", "prod", "mean", "fmean"}
    return (
        bool(names)
        and all(
            any(kind.fullmatch(name) for kind in (_ANY_NUMBER, _ANY_NUMBERS, _ANY_DICT)) for name in names
        )
        and not any(_is_place(node, {*names}) for node in nodes)
        and all(isinstance(node, _PLAIN) for node in nodes)
        and bool(operations or sums)
        and all(map(_keeps_numbers, operations))
        and calls <= sums | _PLACING
    )


def _is_place(node: ast.AST, names: set[str]) -> bool:
    """Whether a parameter is a place or a number of steps: `items[n]`, `range(n)`; `range(len(items))` is not."""
    match node:
        case ast.Subscript(slice=place):
            parts = [place]
        case ast.Call(func=ast.Name("range"), args=parts):
            pass
        case _:
            return False
    said = re.sub(r"\blen\(\w+\)", "", " ".join(map(ast.unparse, parts)))
    return not names.isdisjoint(re.findall(r"\w+", said))


def _keeps_numbers(operation: ast.BinOp | ast.AugAssign) -> bool:
    """Whether any number may stand in an operation: it adds or multiplies, divides by how many there are, or has a constant behind it."""
    right = operation.right if isinstance(operation, ast.BinOp) else operation.value
    match operation.op:
        case ast.Add() | ast.Sub() | ast.Mult():
            return True
        case ast.Pow() | ast.Mod():
            return isinstance(right, ast.Constant)
        case ast.Div():
            return isinstance(right, ast.Constant) or ast.unparse(right).startswith("len(")
    return False


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


def expects_zero(function: Function) -> bool:
    """Whether it is ready for a division by 0: `except ZeroDivisionError`."""
    return any(
        isinstance(node, ast.ExceptHandler) and node.type and "ZeroDivision" in ast.unparse(node.type)
        for node in ast.walk(function)
    )


def answers_zero(function: Function) -> bool:
    """Whether 0 has a result of its own: `if n == 0: return "0"`, where nothing is divided by it, or `if n <= 1: return n`."""
    names = [parameter.arg.lower() for parameter in parameters(function)[0]]
    divided = {names[at] for at in divisors(function, names)}
    tests = {f"{name} == 0" for name in names if name not in divided}
    own = {(f"{name} {test}", name) for name in names for test in ("<= 1", "< 2", "in (0, 1)", "in [0, 1]")}
    return any(
        isinstance(node, ast.If)
        and isinstance(node.body[0], ast.Return)
        and (
            (
                ast.unparse(node.test).lower() in tests
                and isinstance(node.body[0].value, ast.Constant)
                and not re.search(r"[a-z] |None", str(node.body[0].value.value))
            )
            or (ast.unparse(node.test).lower(), ast.unparse(node.body[0].value or node).lower()) in own
        )
        for node in ast.walk(function)
    )


def only_finds_places(function: Function) -> bool:
    """Whether numbers are places where something stands, of which 0 is the first, and nothing is done with them: `rows[i][j]`."""
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    return bool(places_in(function)) and not any(
        isinstance(node, ast.BinOp | ast.AugAssign | ast.Compare | ast.BoolOp) for node in nodes
    )


def ends_at_zero(function: Function) -> bool:
    """Whether it is a recursion that ends at 0: `n == 0`."""
    names = {parameter.arg for parameter in parameters(function)[0]}
    nodes = [*ast.walk(function)]
    calls_itself = any(isinstance(n, ast.Call) and ast.unparse(n.func) == function.name for n in nodes)
    return calls_itself and any(
        isinstance(n, ast.Compare) and ast.unparse(n) in {f"{name} == 0" for name in names} for n in nodes
    )


def moves_disks(instruction: str) -> bool:
    """Whether the task is the Tower of Hanoi, which has one disk at least."""
    return bool(re.search(r"(?i)\bhanoi\b", instruction))


def counts_from_one(function: Function) -> bool:
    """Whether 1 is a number like any other: it is a recursion that ends at it or at 0, or counts as far as it is told."""
    names = "|".join(re.escape(parameter.arg) for parameter in parameters(function)[0])
    counts = re.compile(rf"range\((?:[01], )?(?:{names})(?: \+ 1)?\)")
    ends = re.compile(rf"(?:{names}) (?:[<=]= 1|< 2|in [\[(]0, 1[\])])")
    nodes = [*ast.walk(function)]
    calls_itself = any(isinstance(n, ast.Call) and ast.unparse(n.func) == function.name for n in nodes)
    if calls_itself and any(isinstance(n, ast.Compare) and ends.fullmatch(ast.unparse(n)) for n in nodes):
        return True
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
        divides = (
            isinstance(node, ast.BinOp | ast.AugAssign)
            and not isinstance(node.op, _KEEPING)
            and node not in tests
        )
        if divides or isinstance(node, ast.IfExp | ast.JoinedStr):
            return False
        if isinstance(node, ast.Compare) and any(isinstance(operator, orders) for operator in node.ops):
            return False
    return True


def looks_at_no_item(function: Function) -> bool:
    """Whether it only counts, copies or joins lists, so that an item may be anything: 0 and the empty text are items too."""
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    calls = {ast.unparse(n.func).rpartition(".")[2] for n in nodes if isinstance(n, ast.Call)}
    tests = ast.If | ast.IfExp | ast.While | ast.Compare | ast.BoolOp | ast.JoinedStr | ast.Dict | ast.Set
    return calls <= _OF_LISTS and not any(
        isinstance(node, tests) or (isinstance(node, ast.comprehension) and node.ifs) for node in nodes
    )


def calculates(function: Function) -> bool:
    return any(isinstance(node, ast.BinOp | ast.AugAssign) for node in ast.walk(function))


def _is_remainder(node: ast.AST) -> bool:
    """`item % 2`."""
    is_of_constant = isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant)
    return is_of_constant and isinstance(node.op, ast.Mod)  # type: ignore[attr-defined]


def is_smooth(function: Function) -> bool:
    """Whether it only calculates, so that a half is as good as a whole number: no branch, no loop, no remainder. It may print the result."""
    inert = {part for p in function.args.args if p.annotation for part in ast.walk(p.annotation)}
    printed = [
        n for n in ast.walk(function) if isinstance(n, ast.Expr) and ast.unparse(n).startswith("print(")
    ]
    texts = (ast.Expr, ast.Constant, ast.JoinedStr, ast.FormattedValue)
    shown = {part for statement in printed for part in ast.walk(statement) if isinstance(part, texts)}
    return all(
        isinstance(node, _SMOOTH) or node in inert or (isinstance(node, ast.Constant) and type(node.value) in (int, float))
        or (isinstance(node, ast.Call) and bool(_OF_REALS.fullmatch(ast.unparse(node.func)))) or node in shown
        for statement in function.body for node in ast.walk(statement)
    ) and not any(p.annotation and "int" in ast.unparse(p.annotation) for p in function.args.args)  # fmt: skip


def looks_for_best(function: ast.AST) -> bool:
    """Whether it takes the largest, the smallest or the like of several."""
    return any(
        (isinstance(node, ast.If) and keeps_best(node)) or (isinstance(node, ast.Call) and ast.unparse(node.func) in ("max", "min"))
        for node in ast.walk(function)
    )  # fmt: skip
