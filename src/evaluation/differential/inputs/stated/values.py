"""What a task says of its values: "an integer between 1 and 3999", "a (year, month, day) tuple", "all numbers from 1 to n except one"."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from src.evaluation.differential.inputs.stated.units import Units, is_text, units_of

RANGES = {
    "year": (1, 9999),
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
    "weekday": (0, 6),
}
_PARTS = {**RANGES, "day": (1, 28)}  # days that every month has
_N = r"(-?\d+(?:,\d{3})*(?:\.\d+)?)"
_RANGE = re.compile(
    r"(?i)(?<!for )\b(?:(?:(?<=of )|(?<=two )|(?<=three )|(?<=four )|(?<=five )|(?<=six ))(?:numbers|integers)|number|integer|values?|scores?|grades?|marks?|ages?|years?|percent\w*|ratings?"
    r"|points|temperatures?|stars|days?|months?|hours?|minutes?|items)(?: each| only| all)?,?"
    rf" (?:\(|(?:ranging |in the range )?(?:from|between|of) ){_N} ?(?:and|to|through|-|–) ?{_N}(?![\w%-])"
)
_UP_TO = re.compile(rf"(?i)\b(?:numbers?|integers?|values?|amounts?) \(?up to {_N}")
_DIGITS = re.compile(r"(?i)\b(single|one|two|three|four|five)[- ]digit (?:positive )?(?:numbers?|integers?)")
COUNTS = {
    word: n
    for n, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)
} | {"single": 1}
_SO_MANY_DIGITS = re.compile(
    rf"(?i)\b(?:exactly |text of |string of |with )({'|'.join(COUNTS)}|1?\d) digits\b"
)
# What is said of numbers outside, or asked of all.
_OUTSIDE = re.compile(
    r"(?i)\b(?:outside|out of|otherwise|else|invalid|valid\w*|rais\w+|errors?|whether|check\w*|verif\w*|determin\w*|clamp\w*"
    r"|limits|limited|random\w*|guess\w*|filter\w*|count\w*|find\w*|how many)\b|\bTrue\b"
)
_RISING = {
    tuple(pair.split("/"))
    for pair in "start/end begin/end start/stop from/to low/high min/max left/right bottom/top top/bottom".split()
}
_WHOLE = re.compile(
    r"(?i)(?<!to )(?<!to the nearest )\b(?:in cents|whole (?:numbers?|hours?|minutes?|days|cents|euros|dollars))\b"
)
_HALVES = re.compile(
    r"(?i)\b(?:floats?|decimals?|fractions?|halves|half|(?:is|are) (?:an? )?whole|whether|check\w*)\b"
)
_CASED = re.compile(
    r"(?i)\b(?:an?|of|two|three|the) (?:\w+ )?(?:(?:lower|upper)[- ]?case (?:words|strings|texts|names|word|string|text|title|name|sentence|phrase|line)\b|(?:word|string|text) (?:in|of) (?:lower|upper)[- ]?case\b)"
)
_OTHER_SIGNS = re.compile(
    r"(?i)\b(?:digits?|numbers?|punctuation|signs?|symbols?|special|hyphens?|dots?|commas?|letters|empty|blanks?)\b"
)
OF_RESULT = re.compile(
    r"(?i)\b(?:returns?|gives?|into|becomes?|prints?|shows?|displays?|(?<!given )as an?|to an?)\b"
)
_NAMED_PARTS = re.compile(r"[(\[]([A-Za-z]\w*(?:, ?[A-Za-z]\w*)+)[)\]]")
_ONE_MISSING = re.compile(r"(?i)\bmissing (?:number|integer|element|value)\b|\b(?:except|but)(?: for)? one\b")
_FROM = re.compile(r"(?i)\b([01]) ?(?:to|-|through|and|\.\.+) ?(?:n|\d+)\b")


@dataclass(frozen=True)
class Bounds:
    """Whether all numbers of a call, those in its lists among them, are within bounds."""

    low: float
    high: float

    def __call__(self, values: Sequence[object]) -> bool:
        return all(self.low <= number <= self.high for number in _numbers_in(values))

    def fit(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(map(self.fit, value))
        if not isinstance(value, int) or isinstance(value, bool) or self([value]):
            return value
        return int(self.low) + value % int(self.high - self.low + 1)


@dataclass(frozen=True)
class NamedBounds:
    """Whether one argument is within bounds."""

    at: int
    bounds: Bounds

    def __call__(self, values: Sequence[object]) -> bool:
        return self.bounds(values[self.at : self.at + 1])

    def fit_call(self, values: Sequence[object]) -> list[object]:
        return [self.bounds.fit(value) if at == self.at else value for at, value in enumerate(values)]


@dataclass(frozen=True)
class Parts:
    """Whether the parts of tuples are what they are called: months from 1 to 12, a start before the end."""

    ranges: tuple[tuple[int, int], ...]
    rising: tuple[tuple[int, int], ...] = ()  # places of which the first is less than the second

    def __call__(self, values: Sequence[object]) -> bool:
        return list(values) == [self.fit(value) for value in values]

    def fit(self, value: Any) -> Any:
        numbers = isinstance(value, list | tuple) and all(isinstance(part, int | float) for part in value)
        if isinstance(value, list) and not numbers:
            return [self.fit(item) for item in value]
        if not numbers or len(value) != len(self.ranges):
            return value
        parts = [Bounds(*own).fit(part) for own, part in zip(self.ranges, value, strict=True)]
        for low, high in self.rising if all(type(part) is int for part in parts) else ():
            parts[low], parts[high] = sorted((parts[low], parts[high]))
            parts[high] += parts[low] == parts[high]
        return type(value)(parts)


@dataclass(frozen=True)
class Records:
    """Whether the dictionaries in lists have all keys that are taken from them."""

    keys: tuple[str, ...]

    def __call__(self, values: Sequence[object]) -> bool:
        records = [item for value in values if isinstance(value, list) for item in value]
        return all(item.keys() >= {*self.keys} for item in records if isinstance(item, dict))

    def fit(self, value: Any) -> Any:
        """With keys that are lacking in place of others."""
        if isinstance(value, list):
            return [self.fit(item) for item in value]
        if not isinstance(value, dict):
            return value
        lacking = [key for key in self.keys if key not in value]
        names = dict(zip([key for key in value if key not in self.keys], lacking, strict=False))
        return {names.get(key, key): item for key, item in value.items()}


@dataclass(frozen=True)
class Whole:
    """Whether all numbers are whole ones, those in lists and dictionaries among them."""

    def __call__(self, values: Sequence[object]) -> bool:
        return repr(list(values)) == repr([self.fit(value) for value in values])

    def fit(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.fit(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(self.fit, value))
        return math.ceil(value) if isinstance(value, float) and math.isfinite(value) else value


@dataclass(frozen=True)
class Cased:
    """Whether texts are in lower case, or in upper case."""

    lower: bool
    is_word: bool = False  # of nothing but letters
    of_letters: bool = False  # of nothing but words

    def __call__(self, values: Sequence[object]) -> bool:
        return list(values) == [self.fit(value) for value in values]

    def fit(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.fit(item) for item in value]
        if not is_text(value):
            return value
        text = value
        if self.is_word or self.of_letters:
            text = ("" if self.is_word else " ").join(re.findall("[A-Za-z]+", value)) or "word"
        return text.lower() if self.lower else text.upper()


@dataclass(frozen=True)
class Digits:
    """Whether texts have so many digits."""

    count: int

    def __call__(self, values: Sequence[object]) -> bool:
        return all(len(re.sub(r"\D", "", value)) == self.count for value in values if is_text(value))

    def fit(self, value: Any) -> Any:
        if not is_text(value) or self([value]):
            return value
        return (re.sub(r"\D", "", value) + "7305194826" * self.count)[: self.count]


@dataclass(frozen=True)
class AllButOne:
    """Whether lists, that are not empty, hold all numbers from `first` on, but for one that is missing."""

    first: int

    def __call__(self, values: Sequence[object]) -> bool:
        return all(self._lacks_one(value) for value in values if isinstance(value, list))

    def _lacks_one(self, value: list[Any]) -> bool:
        every = {*map(repr, range(self.first, self.first + len(value) + 1))}
        return len(every & {*map(repr, value)}) == len(value) > 0

    def fit(self, value: Any) -> Any:
        """The numbers in the order of those of a list; the missing one depends on their sum."""
        if not isinstance(value, list) or any(type(item) is not int for item in value):
            return value
        every = [*range(self.first, self.first + len(value) + 1)]
        del every[sum(value) % len(every)]
        places = sorted(range(len(value)), key=lambda at: value[at])
        return [every[places.index(at)] for at in range(len(value))]


def stated_values(
    instruction: str, constants: Collection[object] = (), texts: Collection[str] = ()
) -> Iterator[Bounds | Parts | AllButOne | Units | Whole | Cased | Digits]:
    """What an instruction says of values. constants: of the reference. texts: that the sample's own calls give."""
    units = units_of(instruction, constants, texts)
    if units:
        yield units
    bounds = _stated_bounds(instruction, constants)
    if bounds:
        yield bounds
    for names in _NAMED_PARTS.findall(instruction):
        words = [word.lower().removesuffix("s") for word in re.split(", ?", names)]
        pairs = itertools.combinations(range(len(words)), 2)
        rising = tuple((a, b) for a, b in pairs if (words[a], words[b]) in _RISING)
        if rising or not _PARTS.keys().isdisjoint(words):
            yield Parts(tuple(_PARTS.get(word, (-(10**9), 10**9)) for word in words), rising)
    if _WHOLE.search(instruction) and not _HALVES.search(instruction):
        yield Whole()
    cased = _CASED.search(instruction)
    if cased and not OF_RESULT.search(instruction[: cased.start()].rpartition(". ")[2]):
        of_letters = not _OTHER_SIGNS.search(instruction)
        yield Cased("lower" in cased.group().lower(), "word" in cased.group(), of_letters)
    digits = _SO_MANY_DIGITS.search(instruction)
    if digits and not _OUTSIDE.search(instruction):
        yield Digits(COUNTS.get(digits.group(1).lower()) or int(digits.group(1)))
    start = _FROM.search(instruction)
    if start and _ONE_MISSING.search(instruction):
        yield AllButOne(int(start.group(1)))


def _stated_bounds(instruction: str, constants: Collection[object]) -> Bounds | None:
    """The range that is given; the widest, where it holds the others: "from 0 to 100; A from 90 to 100".

    None where something is said of what lies outside, or where the reference tests the ends itself.
    """
    if _OUTSIDE.search(instruction):
        return None
    ranges = [(_number(low), _number(high)) for low, high in _RANGE.findall(instruction)]
    ranges += [(-_number(high), _number(high)) for high in _UP_TO.findall(instruction)]
    digits = [COUNTS[word.lower()] for word in _DIGITS.findall(instruction)]
    ranges += [(10.0 ** (n - 1) if n > 1 else 0.0, 10.0**n - 1) for n in digits]
    if not ranges:
        return None
    low, high = min(a for a, _ in ranges), max(b for _, b in ranges)
    tested = low in constants and (high in constants or high + 1 in constants)
    return None if tested or (low, high) not in ranges or low >= high else Bounds(low, high)


def named_bounds(instruction: str, names: Sequence[str]) -> Iterator[NamedBounds]:
    """The ranges that an instruction gives for single parameters: "cents is from 0 to 99"."""
    for at, name in enumerate(names):
        given = re.search(
            rf"(?i)\b{re.escape(name)}s? (?:is|are|lies?|ranges?|goes|runs?)?(?: an? \w+| always)? ?\(?(?:from|between) {_N} (?:and|to|through) {_N}(?![\w%])",
            instruction,
        )
        if given and not _OUTSIDE.search(instruction):
            yield NamedBounds(at, Bounds(_number(given.group(1)), _number(given.group(2))))


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _numbers_in(value: object) -> Iterator[float]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _numbers_in(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value
