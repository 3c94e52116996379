"""What all calls of a reference keep to: its functions and classes, the calls that its sample shows, and the scope of its task."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from src.evaluation.differential.inputs.forms.shown_class import texts_in
from src.evaluation.differential.inputs.input_generation import Arguments
from src.evaluation.differential.inputs.known.constants import constants_of, stripped_signs
from src.evaluation.differential.inputs.preconditions.assumptions import reads_signs
from src.evaluation.differential.inputs.preconditions.domain import shown_domain, speaks_of_whole
from src.evaluation.differential.inputs.preconditions.ordinary_numbers import (
    adds_any_numbers,
    answers_zero,
    calculates,
    counts_from_one,
    ends_at_zero,
    expects_zero,
    has_sign,
    is_bounded_by_value,
    is_smooth,
    looks_at_no_item,
    moves_disks,
    only_finds_places,
    only_passes_on,
    seeks_in_numbers,
)
from src.evaluation.differential.inputs.preconditions.relations import granted_by
from src.evaluation.differential.inputs.preconditions.scope import (
    LARGER,
    Scope,
    grows_fast,
    speaks_of_words,
)
from src.evaluation.differential.inputs.sessions.sessions import values_of
from src.evaluation.differential.inputs.sessions.shown_sessions import known_sessions
from src.evaluation.differential.inputs.shown_arguments import known_arguments
from src.evaluation.differential.inputs.type_inference import Function
from src.evaluation.differential.program_analysis import entry_classes, entry_functions, flattened
from src.languages.syntax import literal


@dataclass(frozen=True)
class Setting:
    """What all calls of a reference keep to."""

    tree: ast.Module
    instruction: str
    functions: Mapping[str, Function]  # that a user of the program calls
    classes: Mapping[str, ast.ClassDef]
    known: Mapping[str, Sequence[Arguments]]  # of each, what the sample shows
    scope: Scope
    any_numbers: frozenset[str] = frozenset()  # functions of numbers of no kind in particular, so of any size

    def of_any_time(self) -> Setting:
        """The same where it does not matter how long a call takes: larger numbers are no edge of what grows fast."""
        if not self.scope.grows:
            return self
        scope = dataclasses.replace(self.scope, largest=LARGER)
        return dataclasses.replace(self, scope=scope, any_numbers=frozenset(self.functions))


def setting_of(
    tree: ast.Module,
    reference: str,
    seen: Mapping[str, Sequence[Sequence[str]]],
    input: str,
    instruction: str,
) -> Setting:
    """What the calls of a reference keep to. seen: the calls of each function that it makes itself."""
    functions = {function.name: (flattened(function) or (function,))[0] for function in entry_functions(tree)}
    classes = {node.name: node for node in entry_classes(tree)}
    known = {
        name: known_arguments(f, seen.get(name, ()), input, (instruction, reference))
        for name, f in functions.items()
    } | {name: known_sessions(node, tree) for name, node in classes.items()}
    shown_calls = [call for name in functions for call in known[name]]
    shown_calls += [values_of(session) for name in classes for session in known[name]]
    domain = shown_domain(
        instruction,
        input,
        shown_calls,
        any(has_sign(f) or seeks_in_numbers(f) or adds_any_numbers(f) for f in functions.values()),
    )
    granted = {name: granted_by(f, instruction, known[name]) for name, f in functions.items()}
    if len(granted) == 1 and not domain.shape:
        domain = dataclasses.replace(domain, shape=next(iter(granted.values())).example)
    if not moves_disks(instruction) and any(
        ends_at_zero(f) or answers_zero(f) or expects_zero(f) or only_finds_places(f)
        for f in functions.values()
    ):
        domain = dataclasses.replace(domain, zero=True)
    if functions and all(only_passes_on(f) or adds_any_numbers(f) for f in functions.values()):
        domain = dataclasses.replace(domain, zero_items=True)
    if functions and all(map(looks_at_no_item, functions.values())):
        domain = dataclasses.replace(domain, blank_items=True)
    if functions and (
        not any(map(calculates, functions.values())) or all(map(adds_any_numbers, functions.values()))
    ):
        domain = dataclasses.replace(domain, zero_values=domain.zero_items)
    if functions and not speaks_of_words(instruction) and all(map(reads_signs, functions.values())):
        domain = dataclasses.replace(domain, double_spaces=True)
    scope = Scope(
        domain,
        granted,
        frozenset(call for calls in known.values() for call in calls),
        speaks_of_words(instruction) and not any(map(stripped_signs, functions.values())),
        grows_fast(instruction) and not any(map(is_bounded_by_value, functions.values())),
        frozenset(n for n, f in functions.items() if is_smooth(f) and not speaks_of_whole(instruction)),
        frozenset(name for name, f in functions.items() if counts_from_one(f)),
        frozenset(
            sign
            for f in functions.values()
            for text in constants_of(f)
            if isinstance(text, str)
            for sign in text
        ),
        frozenset(
            sign
            for name in functions
            for call in known[name]
            for source in call
            for text in texts_in(literal(source))
            for sign in text
        ),
    )
    any_numbers = frozenset(n for n, f in functions.items() if seeks_in_numbers(f) or adds_any_numbers(f))
    return Setting(tree, instruction, functions, classes, known, scope, any_numbers)
