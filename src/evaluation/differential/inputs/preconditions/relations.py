"""What a task takes for granted of a function's arguments: low <= high, k <= n, a character is one character."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from src.evaluation.differential.inputs.forms.alike import SCRIPT, Alike
from src.evaluation.differential.inputs.forms.arrangement import FITS, Relation, arrangements, text_grids
from src.evaluation.differential.inputs.forms.example_form import example_shape
from src.evaluation.differential.inputs.forms.shapes import Shape, named_shape, shape_of
from src.evaluation.differential.inputs.forms.shown_class import shown_classes, texts_in
from src.evaluation.differential.inputs.input_generation import Arguments, parameters
from src.evaluation.differential.inputs.known.constants import constants_of, stripped_signs
from src.evaluation.differential.inputs.known.tables import shown_tables
from src.evaluation.differential.inputs.preconditions.assumptions import (
    asks_of_numbers,
    asks_of_signs,
    choices,
    divisors,
    exponents,
    item_choices,
    keys_taken,
    makes_sets,
    ordered_places,
    side_by_side,
    sought,
    tuple_sizes,
    wraps,
)
from src.evaluation.differential.inputs.preconditions.domain import described_kinds
from src.evaluation.differential.inputs.stated.limits import Least, NoMoreThanThere, Wide, stated_limits
from src.evaluation.differential.inputs.stated.signs import stated_signs
from src.evaluation.differential.inputs.stated.sizes import stated_sizes
from src.evaluation.differential.inputs.stated.values import (
    RANGES,
    NamedBounds,
    Records,
    named_bounds,
    stated_values,
)
from src.evaluation.differential.inputs.type_inference import Function
from src.evaluation.differential.inputs.variation import source_of
from src.languages.syntax import literal

_INDEX = frozenset("index idx position pos".split())
_CHARACTER = frozenset("char ch character letter".split())
SPOKEN = {  # what an instruction says where it speaks of what is else taken for granted
    "order": r"(?i)\b(?:reversed?|swap\w*|either order|any order|greater than the|larger than the|invalid (?:range|input))\b",
    "size": r"(?i)\b(?:more than|greater than|larger than|longer than|exceeds?|fewer|out of (?:range|bounds)|too (?:large|big|short))\b",
    "empty": r"(?i)\b(?:empty|blank)\b",
    "zero": r"(?i)\bzero\b|\bby 0\b|ZeroDivision|\b(?:divisor|denominator)\b[^.]*\b0\b",
    "form": r"(?i)\b(?:in)?valid\w*|\bverif\w+|\bcheck\w*|\bmalformed|\bwhether\b|\bdetermin\w+",
    "signs": r"(?i)\b(?:commas?|separat\w*|delimit\w*|hyphen\w*|punctuat\w*|symbols?|signs?|special|alphanumeric|palindrom\w*|charact\w*|letters?)\b",
    "doubles": r"(?i)\b(?:duplicat\w*|unique\w*|distinct|occurr\w*|count\w*|frequen\w*|repeat\w*|appear\w*|multiset|once|twice"
    r"|each|every|most|more than|anagram\w*|ties?)\b",
}  # fmt: skip
_SIZED = re.compile(
    r"(?i)\b(odd|even)(?: number of (?:characters|elements|items|letters|words|numbers|values|digits)|(?:-| )(?:length|sized?)\w*)"
)
_BINARY_SEARCH = re.compile(r"(?i)\bbinary[ -]search\b(?! tree)")
_OF_LETTERS = re.compile(r"(?i)\b(?:characters?|letters?) `(\w+)`(?:(?:,| and| or|, and) `(\w+)`)?")
_PAIR_WITH_SUM = re.compile(
    r"(?i)\b(?:two|pair)\b[^.]*\b(?:add(?:s|ing)? up|sums?|add(?:s|ing)? to|total)\b[^.]*\b(?:target|given|goal|sum|k|value|number|\d+)"
)
_BOOKED = re.compile(
    r"(?i)\b(?:book(?:s|ed|ing|ings)?|reserv\w+|meetings?|appointments?|intervals?)\b"
)  # times that are not empty
_OTHERS = re.compile(
    r"(?i)\b(?:else|others?|otherwise|unknown|invalid|unsupported|any|anything|not|unless|default)\b"
)
_ALL_DIFFERENT = re.compile(
    r"(?i)\b(?:all|the) (?:\w+ ){1,4}are (?:all )?(?:different|distinct|unique)\b|\bof (?:different|distinct|unique) (?:numbers|integers|words|values|names|people|cities)\b"
)
_RANKED = re.compile(
    r"(?i)\b(?:second|third|fourth|[nk]-?th|\d(?:nd|rd|th))[- ](?:\w+ )?"
    r"(?:larg|small|high|low|bigg|great|max|min|long|short)\w*"
)  # of equals it is anybody's guess which is the second
_OF_SETS = re.compile(
    r"(?i)\b(?:intersect\w*|union|in common|common elements?|in both|(?:symmetric )?difference|shared)\b"
)


@dataclass(frozen=True)
class Granted:
    """The relations that hold in all calls that a task is about."""

    relations: tuple[Relation, ...] = ()
    example: Shape | None = None  # the form of the text that the task shows, for others to be drawn

    def admits(self, arguments: Arguments) -> bool:
        values = [literal(source) for source in arguments]
        return all(relation(values) for relation in self.relations)

    def fitted(self, arguments: Arguments) -> Arguments:
        """Arguments made of these that are as granted, where a relation says how: lists in order, numbers within bounds."""
        values = [literal(source) for source in arguments]
        for relation in self.relations:
            fit = getattr(relation, "fit", FITS.get(relation))
            if relation(values):
                continue
            if isinstance(relation, NamedBounds | Alike | Least | NoMoreThanThere | Wide):
                values = relation.fit_call(values)
            elif fit:
                values = list(map(fit, values))
        changed = zip(arguments, values, strict=True)
        return tuple(source if value is None else source_of(value) for source, value in changed)


def granted_by(function: Function, instruction: str, known: Sequence[Arguments]) -> Granted:
    """The relations for a function, less those that the instruction speaks of or a call of the sample's own breaks."""
    names = [parameter.arg.lower() for parameter in parameters(function)[0]]
    calls = [[literal(source) for source in call] for call in known]
    calls = calls[:1] if function.name == SCRIPT else calls
    spoken = {topic for topic, pattern in SPOKEN.items() if re.search(pattern, instruction)}
    source = "\n".join(map(ast.unparse, function.body))
    found = [
        *(
            _in_order(a, b, bool(_BOOKED.search(instruction)))
            for a, b in ordered_places(function, names)
            if "order" not in spoken
        ),
        *(_within(at, name, "size" in spoken or wraps(function, name)) for at, name in enumerate(names)),
        *(_no_more_than_all(at) for at, name in enumerate(names) if _is_percentage(name, instruction)),
        *(_whole(at) for at in exponents(function, names)),
        *(
            _not_zero(at)
            for at in divisors(function, names)
            if "zero" not in spoken and "ZeroDivision" not in source
        ),
        *(_not_empty(at) for at in sought(function, names) if "empty" not in spoken),
    ]
    sizes = tuple_sizes(function, calls)
    if sizes:
        found.append(_of_sizes(sizes))
    found += [_equally_long(a, b) for a, b in side_by_side(function, names)]
    found += arrangements(instruction)
    found += [Records(keys) for keys in [keys_taken(function)] if keys]
    texts = [text for call in calls for value in call for text in texts_in(value)]
    found += stated_values(instruction, constants_of(function), texts)
    found += stated_signs(instruction)
    found += stated_sizes(instruction)
    found += named_bounds(instruction, names)
    found += stated_limits(instruction, names)
    found += text_grids(instruction, calls)
    found += shown_classes(instruction, calls)
    found += shown_tables(calls)
    found += (
        [Alike(calls[0], asks_of_signs(function), asks_of_numbers(function), stripped_signs(function))]
        if function.name == SCRIPT and calls
        else []
    )
    example = None if "form" in spoken else example_shape(function, instruction, calls)
    shape = None if "form" in spoken else _shown_shape(instruction, calls) or example
    if shape is not None:
        found.append(_of_shape(shape))
    described = described_kinds(instruction)
    found += [
        _of_one_letter(at)
        for at, kind in enumerate(described)
        if kind == "char" and len(described) >= len(names)
    ]
    letters = {name.lower() for match in _OF_LETTERS.findall(instruction) for name in match if name}
    found += [_of_one_letter(at) for at, name in enumerate(names) if name in letters]
    sized = _SIZED.search(instruction)
    if sized and "form" not in spoken:
        found.append(_of_parity(sized.group(1).lower() == "odd"))
    if _PAIR_WITH_SUM.search(instruction) and not re.search(
        r"(?i)\b(?:all|every|each|pairs|how many|count)\b", instruction
    ):
        found.append(_one_pair_at_most(constants_of(function)))
    if not _OTHERS.search(instruction):
        found += [_one_of(at, texts) for at, texts in choices(function, instruction)]
        found += [_of_these(at, texts) for at, texts in item_choices(function, instruction)]
    # Of one list a set drops the doubles; of several, what is made of doubles is anybody's guess.
    is_of_sets = _OF_SETS.search(instruction) or (makes_sets(function) and len(names) > 1)
    if "doubles" not in spoken and (is_of_sets or _BINARY_SEARCH.search(instruction)):
        found.append(_without_doubles)
    if _ALL_DIFFERENT.search(instruction) or (_RANKED.search(instruction) and "doubles" not in spoken):
        found.append(_without_doubles)
    return Granted(tuple(relation for relation in found if all(map(relation, calls))), example)


def _in_order(low: int, high: int, strictly: bool = False) -> Relation:
    def holds(values: Sequence[object]) -> bool:
        if max(low, high) >= len(values):
            return True
        a, b = values[low], values[high]
        comparable = all(isinstance(value, int | float) for value in (a, b)) or (
            type(a) is type(b) is str and bool(shape_of(a)) and shape_of(a) is shape_of(b)
        )
        return not comparable or (a < b if strictly else a <= b)  # type: ignore[operator]

    return holds


def _within(at: int, name: str, sizes_spoken: bool) -> Relation:
    """The bounds that a parameter's name sets."""
    word = name.rpartition("_")[2]

    def holds(values: Sequence[object]) -> bool:
        value = values[at] if at < len(values) else None
        if isinstance(value, str):
            if word == "word":
                return bool(value.strip()) and len(value.split()) == 1
            is_sign = not _CHARACTER.isdisjoint(name.split("_"))
            return not is_sign or (len(value) == 1 and (word != "letter" or value.isalpha()))
        if not isinstance(value, int) or isinstance(value, bool):
            return True
        low, high = RANGES.get(word, (value, value))
        if not low <= value <= high:
            return False
        sizes = [len(other) for other in values if isinstance(other, list | tuple | str)]
        if sizes_spoken or len(sizes) != 1 or word not in (*_INDEX, "k"):
            return True
        return value < sizes[0] if word in _INDEX else 1 <= value <= sizes[0]

    return holds


def _not_zero(at: int) -> Relation:
    return lambda values: at >= len(values) or values[at] != 0 or isinstance(values[at], bool)


def _is_percentage(name: str, instruction: str) -> bool:
    return "percent" in name or ("discount" in name and bool(re.search(r"(?i)percent|%", instruction)))


def _no_more_than_all(at: int) -> Relation:
    return lambda values: at >= len(values) or not isinstance(values[at], int | float) or values[at] <= 100  # type: ignore[operator]


def _not_empty(at: int) -> Relation:
    return lambda values: at >= len(values) or values[at] != ""


def _whole(at: int) -> Relation:
    return lambda values: at >= len(values) or not isinstance(values[at], float)


def _of_sizes(sizes: set[int]) -> Relation:
    return lambda values: all(len(value) in sizes for value in values if isinstance(value, tuple))


def _equally_long(a: int, b: int) -> Relation:
    def holds(values: Sequence[object]) -> bool:
        pair = [values[at] for at in (a, b) if at < len(values)]
        sized = [len(value) for value in pair if isinstance(value, str | list | tuple)]
        return len(sized) < 2 or sized[0] == sized[1]

    return holds


def _shown_shape(instruction: str, calls: Sequence[Sequence[object]]) -> Shape | None:
    """The form that the instruction names, or that all texts of the sample's own calls have."""
    texts = [text for call in calls for value in call for text in texts_in(value)]
    shapes = {shape_of(text) for text in texts}
    return named_shape(instruction) or (shapes.pop() if len(shapes) == 1 else None)


def _of_shape(shape: Shape) -> Relation:
    return lambda values: all(shape.admits(text) for value in values for text in texts_in(value))


def _of_one_letter(at: int) -> Relation:
    return lambda values: at >= len(values) or not isinstance(values[at], str) or len(values[at]) == 1  # type: ignore[arg-type]


def _of_parity(odd: bool) -> Relation:
    """Lists and texts of an odd, or an even, number of items."""
    return lambda values: all(
        len(value) % 2 == odd for value in values if isinstance(value, str | list | tuple)
    )


def _one_pair_at_most(targets: Sequence[object]) -> Relation:
    """Whether no more than one pair of a list has the sum that another argument is, or one of `targets`: else several results are right."""

    def holds(values: Sequence[object]) -> bool:
        numbers = next((value for value in values if isinstance(value, list)), [])
        if not all(isinstance(number, int | float) for number in numbers):
            return True
        sums = [a + b for a, b in itertools.combinations(numbers, 2)]
        return all(sums.count(value) < 2 for value in (*values, *targets) if isinstance(value, int | float))

    return holds


def _one_of(at: int, texts: Sequence[object]) -> Relation:
    return lambda values: at >= len(values) or not isinstance(values[at], str) or values[at] in texts


def _of_these(at: int, texts: Sequence[object]) -> Relation:
    """Whether the texts in a list are among these."""

    def holds(values: Sequence[object]) -> bool:
        items = values[at] if at < len(values) else None
        return not isinstance(items, list) or all(i in texts for i in items if isinstance(i, str))

    return holds


def _without_doubles(values: Sequence[object]) -> bool:
    """Lists, and lists in them, whose items are all different."""
    lists = [value for value in values if isinstance(value, list)]
    lists += [item for value in lists for item in value if isinstance(item, list)]
    return all(len(set(map(repr, items))) == len(items) for items in lists)
