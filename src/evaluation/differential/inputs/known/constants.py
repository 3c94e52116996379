"""Constants that a function knows: what it compares, looks up or takes apart, and others of the same family, such as the days of the week."""

from __future__ import annotations

import ast
import itertools
import string
from collections.abc import Collection, Iterable, Iterator, Sequence

from src.languages.syntax import literal

Function = ast.FunctionDef | ast.AsyncFunctionDef

# Words that come to mind together: a function that knows one is asked for the others.
_FAMILIES = tuple(
    tuple(family.split())
    for family in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "mon tue wed thu fri sat sun",
        "january february march april may june july august september october november december",
        "spring summer autumn winter",
        "north east south west",
        "up down left right",
        "red yellow green blue orange",
        "small medium large",
        "add subtract multiply divide",
        "+ - * /",
        "rock paper scissors",
        "hearts diamonds clubs spades",
        "circle square triangle rectangle",
        "celsius fahrenheit kelvin",
        "yes no",
        "a e i o u y b",
    )
)
_LOOKING = set(
    "count find index rfind startswith endswith split partition removeprefix removesuffix replace translate".split()
)
MOST = 8  # texts of each origin


def texts_for(function: Function, name: str, tree: ast.Module) -> list[str]:
    """Texts to give to the parameter `name`, the likeliest first: those that it is held against, in other cases too, and their family."""
    held = [text for text in looked_up(function, name, tree) if isinstance(text, str)]
    family = [text for text in held if text]
    others = [
        _in_case_of(text, other)
        for text in family[:1]
        for words in _FAMILIES
        if text.lower() in words
        for other in words
        if other not in {known.lower() for known in held}
    ]
    cases = [
        other
        for text in held if ignores_case(function)
        for other in (text.upper(), text.title())
        if other not in held
    ]  # fmt: skip
    return list(dict.fromkeys([*held[:MOST], *others[:MOST], *cases[:4]]))


def _in_case_of(text: str, other: str) -> str:
    return other.upper() if text.isupper() else other.title() if text.istitle() else other


def looked_up(function: Function, name: str, tree: ast.Module) -> list[object]:
    """Constants that `name`, or what a method makes of it, is compared with or looked up in: keys, items, letters."""
    tables = tables_of(function, tree)
    found: list[object] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and any(
            _is_made_of(s, name) for s in (node.left, *node.comparators)
        ):
            for side in (node.left, *node.comparators):
                found += _members(side, tables)
        elif isinstance(node, ast.Match) and _is_made_of(node.subject, name):
            values = [
                part.value
                for case in node.cases
                for part in ast.walk(case.pattern)
                if isinstance(part, ast.MatchValue)
            ]
            found += [value.value for value in values if isinstance(value, ast.Constant)]
        else:
            found += _keys(node, name, tables)
    return list(dict.fromkeys(found))


def dispatched_on(function: Function, name: str) -> list[str]:
    """Texts that `name` is compared with one by one, or that are the keys of a table in which it is looked up."""
    tables = tables_of(function, ast.Module([], []))
    found: list[object] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq):
            sides = [node.left, *node.comparators]
            if any(_is_made_of(side, name) for side in sides):
                found += [value for side in sides for value in _members(side, tables)]
        else:
            found += _keys(node, name, tables)
    return [text for text in dict.fromkeys(found) if isinstance(text, str)]


def _keys(node: ast.AST, name: str, tables: dict[str, ast.expr]) -> list[object]:
    """The keys of a table in which `name` is looked up: of `table[name]` and `table.get(name)`."""
    match node:
        case ast.Subscript(value=table, slice=key):
            pass
        case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[key, *_]):
            pass
        case _:
            return []
    return _members(table, tables) if _is_made_of(key, name) else []


def _is_made_of(node: ast.AST, name: str) -> bool:
    """`name`, `name.lower()`, `name.strip().lower()`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
        node = node.func.value
    return isinstance(node, ast.Name) and node.id == name


def tables_of(function: Function, tree: ast.Module) -> dict[str, ast.expr]:
    """Containers that are written out, by the name that the function, the module or `self` gives them."""
    nodes = [*tree.body, *ast.walk(function)]
    return {
        ast.unparse(node.targets[0]).removeprefix("self."): node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name | ast.Attribute)
        and isinstance(node.value, ast.Dict | ast.List | ast.Tuple | ast.Set | ast.Constant)
    }


def _members(node: ast.AST, tables: dict[str, ast.expr]) -> list[object]:
    """The constants among the keys or items of a container, or the values of `table[key]`; a constant by itself."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        table = tables.get(node.value.id)
        values = table.values if isinstance(table, ast.Dict) else []
        return [value.value for value in values if isinstance(value, ast.Constant)]
    if isinstance(node, ast.Name | ast.Attribute):
        node = tables.get(ast.unparse(node).removeprefix("self."), node)
    if isinstance(node, ast.Constant):
        return [node.value]
    parts = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
    return [part.value for part in parts if isinstance(part, ast.Constant)]


def ignores_case(function: Function) -> bool:
    names = [node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)]
    return not {"lower", "upper", "casefold", "IGNORECASE"}.isdisjoint(names)


def around(text: str, both_cases: bool) -> Iterator[str]:
    """Texts in which a constant stands: at the start, in the middle, twice, at the end, and so in the other case."""
    other = text.swapcase() if both_cases else text
    for part in dict.fromkeys((text, other)):
        yield f"{part}ab"
        yield f"ab{part}cd{part}ef"
        yield f"cd{part}"
        yield f" cd{part} "
    if other != text:
        yield f"{other}ab{text}cd{other}"
        yield f"Ab3{other}7x"


def stripped_signs(function: Function) -> str:
    """Signs that it takes from the ends of words: `word.strip(".,")`."""
    found = [
        argument.value
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("strip", "rstrip")
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]  # fmt: skip
    return "".join(sign for sign in dict.fromkeys("".join(found)) if sign in string.punctuation)


def input_texts(function: Function) -> list[str]:
    """Constants that the function looks for in its texts: not those that it puts into its results, and no patterns."""
    found: list[str] = []
    for node in ast.walk(function):
        parts: Sequence[ast.AST] = ()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            parts = node.args[:1] if node.func.attr in _LOOKING else ()
        elif isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.For | ast.comprehension):
            parts = [node.iter]
        elif isinstance(node, ast.Dict):
            parts = [key for key in node.keys if key is not None]
        for part in parts:
            value = literal(ast.unparse(part))
            items = value if isinstance(value, tuple | list | set) else [value]
            found += [item for item in items if isinstance(item, str) and item]
    return list(itertools.islice(dict.fromkeys(found), MOST))


def compared_constants(function: Function, name: str) -> list[str]:
    """Literals that the body compares `name`, or something made of it, with; numbers also one more and one less.

    `len(name) < 3` gives texts and lists of 2, 3 and 4 items.
    """
    found: list[str] = []
    for node in ast.walk(function):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        constants = [side.value for side in sides if isinstance(side, ast.Constant)]
        for side in sides:
            if isinstance(node.ops[0], ast.In | ast.NotIn) and is_name(_called_on(side), name):
                texts = [c for c in constants if isinstance(c, str)]
                found += [
                    repr(made) for c in texts for made in (f"ab{c}cd", f"ab{c}cd{c}ef", f"{c}ab", "abcd")
                ]
            if _is_length(side, name):
                found += [made for c in constants if isinstance(c, int) for made in _of_lengths(c)]
            elif is_name(_called_on(side), name):
                found += [made for c in constants for made in _near(c)]
    return [source for source in dict.fromkeys(found) if source != "None"]


def _called_on(node: ast.AST) -> ast.AST:
    """`name` of `name.lower()`."""
    is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return node.func.value if is_method else node  # type: ignore[attr-defined]


def _is_length(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node) == f"len({name})"


def _near(constant: object) -> list[str]:
    if isinstance(constant, int | float) and not isinstance(constant, bool):
        return [repr(constant + step) for step in (0, 1, -1)]
    return [repr(constant)]


def _of_lengths(length: int) -> list[str]:
    lengths = [n for n in (length, length + 1, length - 1) if 0 <= n <= 40]
    mixed = [
        repr(("Ab3dEfG7h" * 5)[:n]) for n in lengths
    ]  # letters of both cases and digits: only its length is wrong
    # Of these, one kind of sign is missing.
    mixed += [repr((part * 10)[:length]) for part in ("ab3", "AB3", "Abc") if 5 <= length <= 40]
    return [*mixed, *(repr("abcdefghij"[:n] + "k" * (n - 10)) for n in lengths)] + [
        repr(list(range(3, n + 3))) for n in lengths
    ]


def constants_of(function: Function) -> list[object]:
    """Numbers and texts that stand in a function, without its docstring."""
    inert = {n.value for n in ast.walk(function) if isinstance(n, ast.Expr)}
    found = [n.value for n in ast.walk(function) if isinstance(n, ast.Constant) and n not in inert]
    return list(dict.fromkeys(value for value in found if type(value) in (int, float, str)))


def is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def keys_of_items(nodes: Iterable[ast.AST], name: str) -> list[str]:
    """Keys that are taken from the items of `name`: `"price"` of `for item in name: ... item["price"]`."""
    nodes = list(nodes)
    items = {
        node.target.id
        for node in nodes
        if isinstance(node, ast.For | ast.comprehension)
        and is_name(node.iter, name)
        and isinstance(node.target, ast.Name)
    }
    return taken_from(nodes, items)


def taken_from(nodes: Iterable[ast.AST], items: Collection[str]) -> list[str]:
    """Texts that stand as keys behind one of these names: `"price"` of `item["price"]`."""
    taken = [
        node.slice.value
        for node in nodes
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.value, ast.Name)
        and node.value.id in items
    ]
    return [key for key in dict.fromkeys(taken) if isinstance(key, str)]
