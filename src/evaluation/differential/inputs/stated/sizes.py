"""How long a task says that its lists and texts are: "a list of five numbers", "a string of four different digits"."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from src.evaluation.differential.inputs.forms.pools import FUNCTION
from src.evaluation.differential.inputs.stated.values import COUNTS, Digits

SEVERAL = [word for word, n in COUNTS.items() if n > 1]
_N = rf"(?:exactly )?({'|'.join(SEVERAL)}|1?\d)"
_LIST = re.compile(rf"(?i)\b(?:lists?|arrays?) (?:of|with) {_N} (?:\w+ )?(?:\w+s|dice|people)\b(?! or more)")
_GIVEN_LIST = re.compile(rf"(?i)\b{_N} (\w+), given as a list\b")
_TEXT = re.compile(
    rf"(?i)\b(?:strings?|texts?|words?|codes?) (?:of|with) {_N} (?:\w+ ){{0,2}}(characters|letters|digits|signs)\b"
)
_WORD = re.compile(rf"(?i)\b{_N}[- ](letter)[- ]words?\b")
_DIFFERENT = re.compile(
    r"(?i)(?<!number )\b(?:of|with|all) (?:\w+ )?(?:different|distinct|unique) (?:digits|letters|characters|signs)\b"
)
# What is said of others, or asked of all.
_OTHERS = re.compile(
    r"(?i)\b(?:invalid|valid\w*|rais\w+|errors?|whether|at (?:least|most)|up to|sublists?|into|split\w*|return\w* a (?:list|string|text))\b"
)
_CHECKED, _GIVEN = (
    re.compile(r"(?i)\b(?:check|verif|determin)"),
    re.compile(r"(?i)\b(?:given as|takes|accepts) (?:an? )?$"),
)


@dataclass(frozen=True)
class Sized:
    """Whether lists, or texts, have so many items; empty ones decide nothing here."""

    kind: type[list[Any]] | type[str]
    count: int

    def __call__(self, values: Sequence[object]) -> bool:
        return list(values) == [self.fit(value) for value in values]

    def fit(self, value: Any) -> Any:
        if type(value) is not self.kind or not value or str(value).startswith(FUNCTION):
            return value
        sized = (value * self.count)[: self.count]
        return sized.replace(" ", "a") if isinstance(sized, str) else sized


@dataclass(frozen=True)
class Different:
    """Whether no sign occurs twice in a text."""

    def __call__(self, values: Sequence[object]) -> bool:
        return list(values) == [self.fit(value) for value in values]

    def fit(self, value: Any) -> Any:
        """A text with other signs of the same kind in place of those that it has already."""
        if not isinstance(value, str) or value.startswith(FUNCTION):
            return value
        made = ""
        for sign in value:
            others = string.digits if sign.isdigit() else string.ascii_lowercase
            free = [other for other in others if other not in value + made]
            made += sign if sign not in made else "".join(free[:1])
        return made


def stated_sizes(instruction: str) -> Iterator[Sized | Digits | Different]:
    """The sizes of lists and texts that an instruction gives; none where it speaks of others too."""
    if _OTHERS.search(instruction):
        return
    for kind, pattern in ((list, _LIST), (list, _GIVEN_LIST), (str, _TEXT), (str, _WORD)):
        found = {
            (match.group(1).lower(), match.group(match.lastindex or 0))
            for match in pattern.finditer(instruction)
            if not _CHECKED.search(instruction) or _GIVEN.search(instruction[: match.start()])
        }
        if len(found) == 1:
            ((number, unit),) = found
            count = COUNTS.get(number) or int(number)
            yield Digits(count) if unit == "digits" else Sized(kind, count)
    if _DIFFERENT.search(instruction):
        yield Different()
