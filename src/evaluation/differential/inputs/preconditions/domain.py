"""Which inputs a task shows: others are outside it, and decide nothing."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from src.evaluation.differential.inputs.forms.examples import examples_for
from src.evaluation.differential.inputs.forms.shapes import Shape, named_shape
from src.evaluation.differential.inputs.stated.tuple_fields import fields_in
from src.languages.syntax import literal

_EMPTY = re.compile(
    r"(?i)\b(?:empty|blank|too short|(?:has|have|contains?|with|without|there (?:are|is)) (?:no|any|not any)"
    r"|no (?:words|elements|items|numbers|characters|letters|values|entries|keys))\b"
)
_ZERO = re.compile(r"(?i)\bzero\b|\bzero ?division|\bnon-?negative\b|(?<![\w.,])0(?!\w|\.\d|%)")
_NEGATIVE = re.compile(
    r"(?i)\b(?:negative|minus|signed|absolute)\b|\b(?:near|clos)\w* to (?:zero|0)\b|(?<!non-)(?<!non )\bbelow (?:zero|0)\b|(?<!returns )(?<!return )(?<!or )(?<!gives )(?<!otherwise )(?<!else )(?<![\w)])-\d"
)
_COLD = re.compile(r"(?is)(?!.*\bkelvin\b).*\b(?:temperatures?|celsius|fahrenheit)\b")
_POSITIVE = re.compile(
    r"(?i)\b(?:non-?negative|not negative|never negative|positive (?:whole |integer |int )?(?:number|integer))"
)
_SPACES = re.compile(
    r"(?i)(?<!by )(?<!by a )(?<!with )(?<!with a )(?<!single )(?<!one )(?<!without )(?<!no )\b(?:white ?)?spaces?\b(?! between)"
    r"|\b(?:blank|trim|strip)\w*"
)
_TIES = re.compile(
    r"(?i)\b(?:ties?|tied|draw|equally|(?:is|are) (?:both )?(?:equal|the same)|(?:of|for|among|between) equal(?: ones)?|equal (?:ones|times|priorit\w+)|with (?:the same|equal)|more than one|alphabetical\w*"
    r"|(?:several|some|two|both|others?)(?: \w+)? (?:have|has|earn|cost|score|get|got|share|reach) (?:equally|the same))\b"
)
_DEFAULTS = re.compile(r"(?i)\b(?:defaults?|optional\w*|omitted|left out|not given|not specified)\b")
_WHICH = re.compile(r"(?i)\b(?:first|last|earliest|latest|leftmost|rightmost|next|previous|order)\b")
# What a text says of an argument, the longest phrase first; "list" is one whose items it does not name.
_PHRASES = tuple(
    (re.compile(rf"(?i)\b(?:{pattern})\b"), kind)
    for pattern, kind in (
        (r"(?:lists?|arrays?) of (?:lists|rows|arrays)|matri(?:x|ces)|grid|(?:2d|two-dimensional) (?:list|array)", "matrix"),
        (r"(?:lists?|arrays?) of \w+, each (?:of which )?(?:is )?(?:as )?an? (?:list|array)(?: of (?:\w+ )?\w+s)?", "matrix"),
        (r"(?:lists?|arrays?) of \w+, each (?:of which )?(?:is )?(?:as )?an? dict\w*", "list[dict]"),
        (r"nested (?:lists?|arrays?)", "nested"),
        (r"nested dict\w*|dict\w* of dict\w*", "dict[dict]"),
        (r"(?:lists?|arrays?) of (?:dict\w*|records|objects)", "list[dict]"),
        (r"(?:lists?|arrays?) of (?:\w+ |\([^)]*\) )?(?:tuples|pairs|points|intervals)", "list[pair]"),
        (r"(?:lists?|arrays?) of sets", "list[set]"),
        (r"(?:lists?|arrays?) of (?:\w+ )?bool\w*", "list[bool]"),
        (r"(?:lists?|arrays?|sequence) of (?:\w+ ){0,2}(?:strings?|words|names|lines|votes|texts|letters|characters|sentences"
         r"|titles|cities|fruits|titles|lines|things)", "list[str]"),
        (r"(?:lists?|arrays?|sequence) of (?:\w+ ){0,2}(?:numbers|integers|ints|scores|ages|prices|temperatures|changes|grades"
         r"|marks|values)", "list[int]"),
        (r"(?:lists?|arrays?) of (?:\w+ )?(?:floats|decimals)", "list[float]"),
        (r"lists?|arrays?", "list"),
        (r"(?:dictionar(?:y|ies)|dicts?|mapping)(?: (?:from|of) (?:\w+ ){1,3}(?:to|and) \(?(?:\w+,? ){0,2}\w+)?", "dict"),
        (r"sets?", "set"),
        (r"tuples?", "tuple"),
        (r"(?:(?<=\ba )|(?<=\bsingle )|(?<=\bone )|(?<=\btwo ))(?:characters?|letters?)", "char"),
        (r"(?:(?<=\ba )|(?<=\ban )|(?<=\banother )|(?<=\bthe )|(?<=\bdefault ))(?:values?|elements?|objects?|targets?|defaults?)", "any"),
        (r"strings?|texts?|sentences?|words?|paragraphs?|phrases?|characters?|names?", "str"),
        (r"bool\w*", "bool"),
        (r"floats?|decimals?", "float"),
        (r"integers?|(?:whole |positive )*numbers?|ages?|years?|scores?|amounts?|prices?|hours?|minutes?|limits?|lengths?|heights?", "int"),
    )
)  # fmt: skip
_END = r"\b(.*?)(?:\.(?:\s|$)|\breturn|\band (?:gives|computes|calculates|prints|counts)|$)"
_TAKES = tuple(
    re.compile(rf"(?is)\b(?:{words}){_END}")
    for words in (
        "takes?|accepts?|receives?|given|with (?:a )?parameters?",
        "of|for|between|turns?|converts?|in",
    )
)
_RESULT = re.compile(
    r"(?i)\b(?:returns?|gives?|yields?|into|to an?|(?<!given )(?<!passed )(?<!represented )(?<!stored )(?<!written )as an?)\b"
)  # what follows is said of the result
_ANOTHER = re.compile(
    r"(?i)\b(?:one|an?) (string|word|text|list|set) is an? (?:\w+ ){1,2}of (?:another|the other)\b"
)
_LISTED = re.compile(r"(?i)\b(?:lists?|arrays?) (?:of|with) (?:[a-z]+ )??([a-z]+s)\b")
_COUNTS = {"two": 2, "three": 3, "four": 4, "both": 2}


@dataclass(frozen=True)
class Domain:
    """What a task's text and the calls in it show."""

    empty: bool = False
    zero: bool = False
    negative: bool = False
    spaces: bool = False  # at the ends of a text, or several in a row
    ties: bool = False
    order: bool = False  # which of several is found
    kinds: tuple[str, ...] = ()  # of arguments, in the order in which the text names them
    shape: Shape | None = None  # of texts
    defaults: bool = False  # what can be left out
    examples: tuple[tuple[str, ...], ...] = ()  # arguments that have the property of which it speaks
    fields: tuple[tuple[str, ...], ...] = ()  # of tuples in lists
    zero_items: bool = False  # 0 among others, where it is an item like any other
    double_spaces: bool = False  # in a text that is a row of signs
    zero_values: bool = False  # 0 among the values of a dictionary
    lists: frozenset[str] = frozenset()  # what is in lists: "events" of "a list of events"
    quoted: tuple[str, ...] = ()  # words that the text quotes
    blank_items: bool = False  # 0 and the empty text among others, where nothing looks at items

    def admits(self, arguments: Iterable[str]) -> bool:
        """Whether a call with these literals is one that the task speaks of."""
        return all(self._admits_value(literal(source)) for source in arguments)

    def _admits_value(self, value: object) -> bool:
        if isinstance(value, bool) or value is None:
            return True
        if isinstance(value, int | float):
            return (self.zero or value != 0) and (self.negative or value >= 0)
        if isinstance(value, str | list | tuple | set | dict) and not value:
            return self.empty
        if isinstance(value, str) and re.fullmatch(r"-\d+", value):
            return self.negative
        if isinstance(value, str):
            return self.spaces or (value == value.strip(" ") and (self.double_spaces or "  " not in value))
        if isinstance(value, dict):
            of_values = dataclasses.replace(self, zero_items=self.zero_values)
            return all(map(self._admits_value, value)) and of_values._admits_value([*value.values()] or [1])
        if isinstance(value, list) and isinstance(value[0], list):  # a matrix
            return all(map(dataclasses.replace(self, zero_items=True)._admits_value, value))
        if isinstance(value, list) and self.blank_items:
            return all(item in ("", 0) or self._admits_value(item) for item in value)
        if isinstance(value, list | tuple | set) and self.zero_items:
            return all(item == 0 or self._admits_value(item) for item in value)
        return not isinstance(value, list | tuple | set) or all(map(self._admits_value, value))


def shown_domain(
    instruction: str, input: str, calls: Sequence[Sequence[str]], has_sign: bool = False
) -> Domain:
    """The domain that a sample shows.

    calls: literal arguments of calls that it makes itself. has_sign: the reference works on negative numbers too (scope.py).
    """
    text = f"{instruction}\n{input}"
    values = [literal(source) for call in calls for source in call]
    return Domain(
        empty=bool(_EMPTY.search(text)) or any(value in ([], "", {}, (), set()) for value in values),
        zero=bool(_ZERO.search(text))
        or not all(Domain(empty=True, negative=True, spaces=True).admits(call) for call in calls),
        negative=(
            (has_sign or bool(_NEGATIVE.search(text) or _COLD.match(text))) and not _POSITIVE.search(text)
        )
        or not all(Domain(empty=True, zero=True, spaces=True).admits(call) for call in calls),
        spaces=bool(_SPACES.search(text))
        or not all(Domain(empty=True, zero=True, negative=True).admits(call) for call in calls),
        ties=bool(_TIES.search(text)),
        order=bool(_WHICH.search(instruction)),
        kinds=described_kinds(instruction),
        shape=named_shape(instruction),
        defaults=bool(_DEFAULTS.search(instruction)),
        examples=tuple(examples_for(instruction)),
        fields=fields_in(instruction),
        quoted=tuple(quoted_in(instruction)),
        lists=frozenset(map(str.lower, _LISTED.findall(instruction))),
    )


def quoted_in(instruction: str) -> list[str]:
    return re.findall(r"[\"'`]([^\"'`\n]+)[\"'`]", instruction)


def speaks_of_whole(instruction: str) -> bool:
    """Whether numbers are whole: integers, or numbers of things."""
    return bool(re.search(r"(?i)\b(?:integers?|whole|numbers? of|how many|counts?)\b", instruction))


def described_kinds(instruction: str) -> tuple[str, ...]:
    """The kinds of arguments that an instruction names, in order: ("list[str]", "int") of "takes a list of words and a limit"."""
    compared = _ANOTHER.search(instruction)
    if compared:
        return 2 * _kinds_in(compared.group(1))
    said = (pattern.search(instruction) for pattern in _TAKES)
    kinds = next(
        (k for t in said if t and (k := _kinds_in(_RESULT.split(t.group(1).removeprefix(" as"))[0]))), ()
    )
    given = _RESULT.split(instruction)[0]
    containers = [
        kind for kind in _kinds_in(given) if kind not in ("any", "char", "str", "bool", "float", "int")
    ]
    return tuple(containers) if len(containers) == 1 and kinds in ((), ("str",)) else kinds


def _kinds_in(text: str) -> tuple[str, ...]:
    text = re.sub(r"`[^`]*`", " ", text)
    found: list[tuple[int, str]] = []
    for pattern, kind in _PHRASES:
        for match in pattern.finditer(text):
            before = text[: match.start()].lower().split()[-2:]
            count = next((_COUNTS[word] for word in before if word in _COUNTS), 1)
            found += [(match.start(), kind)] * count
        text = pattern.sub(lambda match: "_" * len(match.group()), text)
    return tuple(kind for _, kind in sorted(found, key=lambda item: item[0]))
