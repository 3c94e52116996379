"""What a task says its values are at least, or never more than: "n fields, of which there are at least two", "a coin of 1 is always there"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from src.evaluation.differential.inputs.stated.values import COUNTS

_NUMBER = rf"({'|'.join(COUNTS)}|\d+)"
_LEAST = rf"(?<!never )(?<!not )(?<!no )(at least|greater than|more than|larger than|no less than|not less than) {_NUMBER}\b(?![.,]\d|%| (?:times|of)\b)"
_LONG = re.compile(
    rf"(?i)\b(?:lists?|arrays?|sequence) (?:of|with) (?:at least|no less than|no fewer than) {_NUMBER} \w+"
)
_ALWAYS_THERE = re.compile(
    r"(?i)\bthere is always an? \w+ (?:of|with|worth)(?: the value)? (\d+)\b|\balways (?:contains?|includes?|has) (?:an? \w+ (?:of|with) )?(\d+)\b"
)
_NO_MORE = re.compile(
    r"(?i)\b(?:never|not|no) (?:more|greater|larger|higher) than (?!\d)|\b(?:never|not) exceeds? (?!\d)"
)
_ENOUGH = re.compile(r"(?i)\b(?:wide|long|large|big) enough\b")
_NEAR = 90  # signs between a parameter's name and what is said of it
_WIDTHS = frozenset("width length size columns".split())
# What is said of a condition, of others, or of the result.
_CONDITION = re.compile(
    r"(?i)\b(?:if|when|whether|where|otherwise|else|unless|until|while|rais\w+|errors?|invalid|valid\w*|check\w*|returns?|prints?|gives"
    r"|find\w*|counts?|how many|all|each|every|only|those)\b"
)


@dataclass(frozen=True)
class Least:
    """Whether an argument is a number that is no smaller than another."""

    at: int
    least: int

    def __call__(self, values: Sequence[object]) -> bool:
        return list(values) == self.fit_call(values)

    def fit_call(self, values: Sequence[Any]) -> list[object]:
        return [
            self.least + abs(value)
            if at == self.at and type(value) in (int, float) and value < self.least
            else value
            for at, value in enumerate(values)
        ]


@dataclass(frozen=True)
class Long:
    """Whether lists have so many items at least."""

    least: int

    def __call__(self, values: Sequence[object]) -> bool:
        return all(len(value) >= self.least for value in values if isinstance(value, list))

    def fit(self, value: Any) -> Any:
        if not isinstance(value, list) or not value or len(value) >= self.least:
            return value
        return (value * self.least)[: self.least]


@dataclass(frozen=True)
class Holding:
    """Whether lists of numbers hold one that is always there."""

    number: int

    def __call__(self, values: Sequence[object]) -> bool:
        return list(values) == [self.fit(value) for value in values]

    def fit(self, value: Any) -> Any:
        if (
            not isinstance(value, list)
            or self.number in value
            or any(type(item) is not int for item in value)
        ):
            return value
        return [self.number, *value]


@dataclass(frozen=True)
class NoMoreThanThere:
    """Whether a number is no more than those of the list beside it together: no more is sold than was bought."""

    at: int

    def __call__(self, values: Sequence[object]) -> bool:
        return list(values) == self.fit_call(values)

    def fit_call(self, values: Sequence[object]) -> list[object]:
        value = values[self.at] if self.at < len(values) else None
        totals = [_total(other) for other in values if isinstance(other, list)]
        if type(value) is not int or len(totals) != 1 or not 0 < totals[0] < value:
            return [*values]
        return [1 + value % totals[0] if at == self.at else other for at, other in enumerate(values)]


@dataclass(frozen=True)
class Wide:
    """Whether a width has room for each item of the lists beside it, with a sign around each part."""

    at: int

    def __call__(self, values: Sequence[object]) -> bool:
        return list(values) == self.fit_call(values)

    def fit_call(self, values: Sequence[object]) -> list[object]:
        value = values[self.at] if self.at < len(values) else None
        items = [item for other in values if isinstance(other, list) for item in other]
        parts = [[str(p) for p in (item if isinstance(item, list | tuple) else [item])] for item in items]
        needed = max((sum(map(len, own)) + len(own) + 1 for own in parts), default=0)
        if type(value) is not int or value >= needed:
            return [*values]
        return [needed + value if at == self.at else other for at, other in enumerate(values)]


def stated_limits(
    instruction: str, names: Sequence[str]
) -> Iterator[Long | Holding | Least | NoMoreThanThere | Wide]:
    """The limits that an instruction sets for the parameters of these names; none in a condition: "if n is greater than 2"."""
    for match in _LONG.finditer(instruction):
        if not _CONDITION.search(_sentence(instruction, match.start())):
            yield Long(_count(match.group(1)))
    for match in _ALWAYS_THERE.finditer(instruction):
        yield Holding(int(match.group(1) or match.group(2)))
    for at, name in enumerate(names):
        if len(name) == 1 and name in "ai":
            continue
        named = rf"(?i)(?<![\w'])`?{re.escape(name)}`?(?![\w'])"
        least = re.search(rf"{named}((?:(?!\. )[^;]){{0,{_NEAR}}}?)\b{_LEAST}", instruction)
        if (
            least
            and not _CONDITION.search(_sentence(instruction, least.start(2)))
            and _speaks_of_one(least.group(1), names)
        ):
            number = _count(least.group(3)) + (least.group(2).lower().rpartition(" ")[2] == "than")
            yield Least(at, number)
        more = re.search(
            rf"{named}(?:(?!\. )[^;]){{0,{_NEAR}}}?{_NO_MORE.pattern.removeprefix('(?i)')}", instruction
        )
        if more and not _CONDITION.search(more.group()):
            yield NoMoreThanThere(at)
        if name in _WIDTHS and _ENOUGH.search(instruction):
            yield Wide(at)


def _sentence(instruction: str, place: int) -> str:
    """What a sentence says before a place in it."""
    return instruction[:place].rpartition(". ")[2]


def _speaks_of_one(said: str, names: Sequence[str]) -> bool:
    """Whether no other parameter is named in what is said."""
    others = {word.lower() for word in re.findall(r"\w+", said)} & {*names}
    return len(others) <= 1


def _count(word: str) -> int:
    return COUNTS.get(word.lower()) or int(word)


def _total(items: Sequence[Any]) -> int:
    """What numbers add up to, or the first parts of tuples of numbers; 0 for others."""
    firsts = [item[0] if isinstance(item, list | tuple) and item else item for item in items]
    return sum(firsts) if all(type(number) is int for number in firsts) else 0
