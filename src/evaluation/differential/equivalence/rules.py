"""The rules that a task sets: what of a program's behaviour it holds an answer to."""

from __future__ import annotations

import ast
import dataclasses
import functools
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from src.evaluation.differential.equivalence.equality import same_value
from src.evaluation.differential.equivalence.mappings import (
    field_names,
    item_lines,
    of_other_sizes,
    rounded_as,
    same_fields,
    same_order_of_keys,
)
from src.evaluation.differential.equivalence.printed import same_printed, shows
from src.evaluation.differential.equivalence.remarks import without_remarks
from src.evaluation.differential.equivalence.wording import chosen_words, own_words, topics_of
from src.evaluation.differential.inputs.sessions.method_roles import (
    changing_methods,
    confirming_methods,
    finding_methods,
    reporting_methods,
)
from src.evaluation.differential.program_analysis import (
    iterates_set,
    prints_by_key,
    raised_names,
    returns_change,
)
from src.languages.syntax import literal

_PRINT = re.compile(r"(?i)\b(?:print|display|show|output|log)\w*")
_RETURN = re.compile(r"(?i)\breturn")
_UNCHANGED = re.compile(
    r"(?i)\b(?:not|without|never) (?:be )?(?:chang|modif|mutat|alter)\w*|\bunchanged\b|\ba copy\b"
    r"|\bnew (?:list|dict|array|set)"
)
_IN_PLACE = re.compile(r"(?i)\bin[- ]place\b|\bmodif(?:y|ies) the\b")
_ORDER = re.compile(
    r"(?i)\b(?:order|sort|first|last|revers|ascend|descend|position|same sequence|alphabet|rank|left|right)\w*"
)
_SORTING = re.compile(r"(?i)\b(?:sort|ascend|descend|alphabetical)\w*|\bin (?:\w+ )?order\b")
_BOOLEAN = re.compile(r"\b(?:True|False|[Bb]ool\w*)\b")
_ROUNDING = re.compile(r"(?i)\b(?:round|decimal|precision|nearest|digits?\b)\w*")
_CASE = re.compile(r"(?i)\b(?:upper|lower|capital|small|title)\w*|\bcase\b")
_LAYOUT = re.compile(
    r"(?i)\b(?:number(?:ed|ing)|enumerat\w*|index\w*|rank\w*|position\w*|separat\w*|space[sd]?|commas?|dash\w*|hyphen\w*|columns?"
    r"|tables?|formatt?\w*|prefix\w*|between|join\w*|concatenat\w*|in (?:one|a single) line)\b"
)


@dataclass(frozen=True)
class Rules:
    """What of a program's behaviour the task holds an answer to."""

    ordered: bool = True  # False: lists are made from sets, and their order means nothing
    rounded: bool = False  # the reference rounds of its own accord: at its precision other numbers are equal
    rounds_to: int = (
        0  # decimals to which the answer rounds of its own accord, where the reference does not round
    )
    raised: frozenset[str] = frozenset()  # errors that the answer raises itself
    refuses: bool = False  # the reference raises errors itself: what it gives, it does not refuse
    lines_ordered: bool = (
        True  # False: the reference prints a line for each key, and the task says nothing of order
    )
    rounding_set: bool = False  # the task or the reference rounds: what is printed is not rounded otherwise
    order_named: bool = False  # the task speaks of order
    returns_none: bool = False  # the answer returns what `sort()` and the like give
    must_print: bool = False
    must_return: bool = False
    names_none: bool = False  # the task names None: a method that gives it ends
    must_be_bool: bool = False  # the task names True or False
    must_not_change: bool = False  # its arguments
    in_place: bool = False  # the task wants its arguments changed
    quiet: frozenset[str] = frozenset()  # methods that change their object: what they print is a remark
    reports: frozenset[str] = frozenset()  # of these, those whose return values are remarks too
    confirms: frozenset[str] = frozenset()  # of these, those that return whether they did it: they may say so
    finds: frozenset[str] = (
        frozenset()
    )  # methods that change nothing and whose None says that there is nothing
    chains: bool = False  # the task wants calls that can be chained
    error_names: str = ""  # the instruction, where it names errors
    free_words: frozenset[str] = frozenset()  # of the reference's own, in small letters
    laid_out: bool = False  # the task says how lines are numbered, or what parts things
    topics: frozenset[str] = frozenset()  # what the reference's functions are about, by their names
    keys_ordered: bool = False  # the task sorts, and so does the reference: so are the keys of dictionaries
    fields: frozenset[str] = frozenset()  # keys of dictionaries that the reference chose itself
    words: Mapping[str, bool] = field(default_factory=dict)  # the reference's own texts (wording.py)

    def for_answer(self, answer: ast.Module, instruction: str) -> Rules:
        """The rules for an answer that rounds, or makes lists from sets, where the task says nothing of it."""
        free = self.ordered and not _ORDER.search(instruction) and iterates_set(answer)
        rounds_to = 0 if self.rounded or _ROUNDING.search(instruction) else _decimals(answer)
        return dataclasses.replace(
            self, ordered=self.ordered and not free, rounds_to=rounds_to, raised=raised_names(answer),
            returns_none=returns_change(answer),
        )  # fmt: skip

    def same_value(self, expected: Any, actual: Any) -> bool:
        within = 0.5000001 * 10.0**-self.rounds_to if self.rounds_to else 0.0
        if self.keys_ordered and not same_order_of_keys(expected, actual):
            return False
        return self._same(expected, actual, within) or same_fields(
            expected, actual, self.fields, functools.partial(self._same, within=within)
        )

    def _same(self, expected: Any, actual: Any, within: float) -> bool:
        return same_value(expected, actual, self.ordered, self.rounded, within)

    def same_printed(self, expected: str, actual: str) -> bool:
        items = None if self.order_named else item_lines(expected)
        if items:
            return same_printed(items, item_lines(actual) or actual, False, self.free_words, self.laid_out)
        if of_other_sizes(expected, actual):
            return False
        ordered = self.ordered and self.lines_ordered
        texts = [expected] if self.rounding_set else [expected, rounded_as(expected, actual)]
        shown = [actual, *without_remarks(expected, actual)]
        return any(
            same_printed(text, own, ordered, self.free_words, self.laid_out)
            for text, own in itertools.product(texts, shown)
        )

    def shows(self, text: str, printed: str, arguments: Sequence[str]) -> bool:
        """Whether an output shows a value beside words and what the call was given."""
        texts = [text] if self.rounding_set else [text, rounded_as(text, printed)]
        return any(shows(own, printed, arguments) for own in texts)


def rules_of(instruction: str, reference: ast.Module, input: str = "") -> Rules:
    """The rules that a task sets."""
    source = ast.unparse(reference)
    return Rules(
        ordered=not iterates_set(reference) or bool(_SORTING.search(instruction)),
        refuses=bool(raised_names(reference)),
        rounded=bool(re.search(r"\bround\(", source)) and not _ROUNDING.search(instruction),
        lines_ordered=bool(_ORDER.search(instruction)) or not prints_by_key(reference),
        rounding_set=bool(_ROUNDING.search(instruction) or re.search(r"\bround\(|\.\d*f\b", source)),
        order_named=bool(_ORDER.search(instruction)),
        must_print=bool(_PRINT.search(instruction)),
        must_return=bool(_RETURN.search(instruction)),
        must_be_bool=bool(_BOOLEAN.search(instruction)),
        must_not_change=bool(_UNCHANGED.search(instruction)),
        error_names=instruction if re.search(r"\w(?:Error|Exception)\b", instruction) else "",
        in_place=bool(_IN_PLACE.search(instruction)),
        chains=bool(re.search(r"(?i)\bchain(?:ed|able|ing)\b", instruction)),
        quiet=changing_methods(reference),
        names_none=bool(re.search(r"\bNone\b", instruction)),
        reports=frozenset() if _RETURN.search(instruction) else reporting_methods(reference),
        finds=finding_methods(reference),
        confirms=frozenset() if _RETURN.search(instruction) else confirming_methods(reference),
        free_words=frozenset()
        if _CASE.search(instruction)
        else chosen_words(reference, f"{instruction}\n{input}"),
        laid_out=bool(_LAYOUT.search(instruction)),
        topics=topics_of(reference),
        keys_ordered=bool(_SORTING.search(instruction)) and bool(re.search(r"\bsorted\(|\.sort\(", source)),
        fields=field_names(reference, f"{instruction}\n{input}"),
        words=own_words(reference, f"{instruction}\n{input}"),
    )


def _decimals(answer: ast.Module) -> int:
    """To how many decimals, at least two, a program rounds; 0 where it does not."""
    calls = [node for node in ast.walk(answer) if isinstance(node, ast.Call) and len(node.args) == 2]
    digits = [literal(ast.unparse(call.args[1])) for call in calls if ast.unparse(call.func) == "round"]
    return min((n for n in digits if isinstance(n, int) and 2 <= n <= 12), default=0)
