"""Writes expressions that call a function of an answer with the arguments of the reference's."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence

from src.evaluation.differential.counterparts.targets import Target
from src.evaluation.differential.inputs.input_generation import Arguments, kinds_of, parameters
from src.evaluation.differential.inputs.sessions.members import methods_of
from src.evaluation.differential.inputs.type_inference import Function
from src.evaluation.differential.program_analysis import classes_of
from src.languages.syntax import literal


def ways_to_call(function: Function, target: Target, given: Sequence[Arguments]) -> Iterator[str]:
    """Expressions for calls of `function` by `target`, the likeliest first."""
    count = len(given[0])
    plain = [f"a[{at}]" for at in range(count)]
    if any(len(arguments) != count for arguments in given):
        if target.made_by == 0 and not target.keywords:
            yield f"lambda *a: {target.called_with(['*a'])}"
        return
    reshaped = reshaped_call(target, given)
    if target.rest and not target.names and reshaped:
        yield f"lambda *a: {reshaped}"
    if not target.takes(count) and reshaped:
        yield f"lambda *a: {reshaped}"
        return
    by_name = named_arguments(function, target, count)
    if by_name:
        yield f"lambda *a: {target.called_with(by_name)}"
        return
    is_itself = not target.owner and not target.keywords
    yield target.name if is_itself else f"lambda *a: {target.called_with(plain)}"
    if 1 < count <= 3 and all(len(_groups(arguments)) == count for arguments in given):
        own = [parameter.arg.lower() for parameter in parameters(function)[0]]
        fixed = [at for at, (a, b) in enumerate(zip(own, target.names, strict=False)) if a == b.lower()]
        for other in list(itertools.permutations(plain))[1:]:
            if all(other[at] == plain[at] for at in fixed):
                yield f"lambda *a: {target.called_with(other)}"


def _groups(arguments: Arguments) -> set[str]:
    """The kinds of arguments, lists of whatever being one: of two lists the order tells which is which."""
    return {kind.split("[")[0] for kind in kinds_of(arguments)}


def named_arguments(function: Function, target: Target, count: int) -> list[str] | None:
    """The arguments as the target's parameters of the same names want them.

    None where the names say nothing else than the order itself, or do not say all.
    """
    names = [parameter.arg.lower() for parameter in parameters(function)[0]][:count]
    every = [name.lower() for name in (*target.names, *target.keywords)]
    theirs = every[:count]
    if len(set(names)) < count or names == theirs:
        return None
    if not target.owner and not target.keywords and set(names) <= set(every) and set(names) != set(theirs):
        return [f"{target.names[every.index(name)]}=a[{at}]" for at, name in enumerate(names)]
    unknown = [name for name in names if name not in theirs]
    if len(theirs) < count or len(unknown) > 1 or len(unknown) == count:
        return None
    order = [names.index(name) if name in names else names.index(unknown[0]) for name in theirs]
    return [f"a[{at}]" for at in order] if sorted(order) == [*range(count)] != order else None


def reshaped_call(target: Target, given: Sequence[Arguments]) -> str:
    """A call that takes the arguments apart or together; "" where that does not fit.

    One list for several values, several values for one list, four coordinates for two points.
    """
    values = [[literal(source) for source in arguments] for arguments in given]
    count = len(values[0])
    if count == 0:
        return ""
    is_one_sequence = count == 1 and all(isinstance(value, list | tuple) for (value,) in values)
    if target.rest and not target.names and is_one_sequence:
        return target.called_with(["*a[0]"])
    if target.takes(1) and count > 1 and len({type(value) for one in values for value in one}) == 1:
        return target.called_with(["list(a)"])
    sizes = {tuple(len(v) if isinstance(v, tuple | list) else -1 for v in one) for one in values}
    parts = len(target.names)
    if not target.takes(count) and parts > 1 and count % parts == 0 and count > parts:
        size = count // parts
        return target.called_with([f"a[{at * size}:{(at + 1) * size}]" for at in range(parts)])
    if len(sizes) == 1 and min(shape := next(iter(sizes))) > 0 and target.takes(sum(shape)):
        return target.called_with(
            [f"a[{at}][{part}]" for at, size in enumerate(shape) for part in range(size)]
        )
    return ""


def call_with_objects(answer: ast.Module, target: Target, given: Sequence[Arguments]) -> str:
    """A call that makes objects of the answer's only class of pairs, or of as many numbers: `Point(*a[0]).distance(Point(*a[1]))`.

    "" where that does not fit.
    """
    classes = classes_of(answer)
    name = next(iter(classes), "")
    maker = methods_of(classes[name], answer).get("__init__") if len(classes) == 1 else None
    size = len(parameters(maker)[0]) - 1 if maker else 0
    values = [[literal(source) for source in arguments] for arguments in given]
    count = len(values[0])
    if size < 2 or any(len(one) != count for one in values):
        return ""
    if all(isinstance(v, tuple | list) and len(v) == size for one in values for v in one):
        objects = [f"{name}(*a[{at}])" for at in range(count)]
    elif count % size == 0 and all(isinstance(v, int | float) for one in values for v in one):
        objects = [f"{name}(*a[{at}:{at + size}])" for at in range(0, count, size)]
    else:
        return ""
    if target.owner == name and target.made_by == size and len(target.names) - size == len(objects) - 1 > 0:
        return f"lambda *a: {objects[0]}.{target.name}({', '.join(objects[1:])})"
    is_function = not target.owner and not target.keywords and target.takes(len(objects))
    return f"lambda *a: {target.name}({', '.join(objects)})" if is_function else ""
