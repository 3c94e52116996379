"""What of an answer can be called: its functions, and the methods of its classes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from src.evaluation.differential.inputs.input_generation import parameters
from src.evaluation.differential.inputs.sessions.members import methods_of
from src.evaluation.differential.inputs.type_inference import Function
from src.evaluation.differential.program_analysis import classes_of, entry_functions, functions_of


@dataclass(frozen=True)
class Target:
    """A function of an answer, or a method together with what makes its object."""

    name: str
    names: tuple[str, ...]  # of positional parameters; those of the class stand before those of the method
    required: int  # of these, how many have no default
    keywords: tuple[str, ...] = ()  # that must be given by name
    rest: bool = False  # takes any number
    owner: str = ""  # the class of a method
    made_by: int = 0  # of the parameters, those that the class takes
    is_plain: bool = True  # False: a property, which is not called

    def takes(self, count: int) -> bool:
        most = len(self.names) + len(self.keywords)
        return self.required + len(self.keywords) <= count and (count <= most or self.rest)

    def called_with(self, arguments: Sequence[str]) -> str:
        positional = len(arguments) - len(self.keywords)
        named = [f"{name}={text}" for name, text in zip(self.keywords, arguments[positional:], strict=True)]
        given = [*arguments[:positional], *named]
        made = f"{self.owner}({', '.join(given[: self.made_by])})." if self.owner else ""
        call = f"({', '.join(given[self.made_by :])})" if self.is_plain else ""
        return f"{made}{self.name}{call}"


def targets_of(tree: ast.Module) -> list[Target]:
    """What of a program can be called: its functions, and the methods of its classes."""
    found = [target_of(function, function.name) for function in functions_of(tree).values()]
    for owner, methods in ((name, methods_of(node, tree)) for name, node in classes_of(tree).items()):
        maker = methods.get("__init__")
        made_by = target_of(maker, "", skip=1) if maker else Target("", (), 0)
        for name, method in methods.items():
            if name != "__init__" and not made_by.keywords:
                found.append(_method_target(owner, made_by, name, method))
    return found


def _method_target(owner: str, made_by: Target, name: str, method: Function) -> Target:
    decorators = {ast.unparse(decorator) for decorator in method.decorator_list}
    if "staticmethod" in decorators or "classmethod" in decorators:
        return target_of(method, f"{owner}.{name}", skip=int("classmethod" in decorators))
    own = target_of(method, name, skip=1)
    made = made_by.names[: made_by.required]
    return Target(
        name, (*made, *own.names), len(made) + own.required, own.keywords, own.rest, owner, len(made),
        "property" not in decorators,
    )  # fmt: skip


def target_of(function: Function, name: str, skip: int = 0) -> Target:
    every, required = parameters(function)
    arguments = function.args
    keywords = [
        k.arg
        for k, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    ]
    return Target(
        name, tuple(p.arg for p in every[skip:]), max(required - skip, 0), tuple(keywords), arguments.vararg is not None
    )  # fmt: skip


def entry_targets(program: ast.Module) -> list[Target]:
    """What a user of a program would call: functions, or where it has none, methods."""
    targets = targets_of(program)
    names = {function.name for function in entry_functions(program)}
    return [t for t in targets if t.name in names] or [t for t in targets if t.owner or "." in t.name]
