"""Which calls are like given ones: the same kinds in the same places, numbers between the others, texts put together in the same way."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from src.evaluation.differential.inputs.input_generation import Arguments, kinds_of
from src.evaluation.differential.inputs.sessions.shown_sessions import steps_in
from src.evaluation.differential.inputs.variation import is_function, source_of
from src.languages.syntax import literal

Place = tuple[str, int]  # a method, "" for the function itself or the class, and which of its arguments


@dataclass
class _Seen:
    """What stands in one place of all calls."""

    kinds: set[str] = field(default_factory=set)
    numbers: list[float] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)
    neighbours: set[str] = field(default_factory=set)  # in texts: kinds of signs that stand side by side

    def takes_text(self, text: str) -> bool:
        """Whether a text is put together as those are: the same neighbours, and the same layout where all have one."""
        if not _neighbours(text) <= self.neighbours or (text != text.lower() and not self._has_capitals):
            return False
        layouts = [{layout(known) for known in self.texts} for layout in (_layout, _plain_layout)]
        return len(self.texts) == 1 or all(
            len(known) > 1 or layout(text) in known
            for known, layout in zip(layouts, (_layout, _plain_layout), strict=True)
        )

    @property
    def _has_capitals(self) -> bool:
        return any(text != text.lower() for text in self.texts)


class Likeness:
    """The calls that are like `calls`, of one function or sessions with one class. any_size: numbers need not be between theirs."""

    def __init__(self, calls: Sequence[Arguments], is_class: bool, any_size: bool = False) -> None:
        self._is_class, self._any_size = is_class, any_size
        self._seen: dict[Place, _Seen] = {}
        self._together = {kinds_of(call) for call in calls}
        for call in calls:
            for place, source in self._placed(call):
                seen = self._seen.setdefault(place, _Seen())
                seen.kinds.add(*kinds_of((source,)))
                for part in _parts(literal(source)):
                    if isinstance(part, str):
                        seen.texts.add(part)
                        seen.neighbours |= _neighbours(part)
                    else:
                        seen.numbers.append(part)

    def admits(self, call: Arguments) -> bool:
        if not self._is_class and kinds_of(call) not in self._together:
            return False
        return all(place in self._seen and self._fits(place, source) for place, source in self._placed(call))

    def _fits(self, place: Place, source: str) -> bool:
        seen = self._seen[place]
        if not {*kinds_of((source,))} <= seen.kinds:
            return False
        for part in _parts(literal(source)):
            if isinstance(part, str):
                if not seen.takes_text(part):
                    return False
            elif not seen.numbers or not (self._any_size or min(seen.numbers) <= part <= max(seen.numbers)):
                return False
        return True

    def _placed(self, call: Arguments) -> Iterator[tuple[Place, str]]:
        if not self._is_class:
            yield from ((("", at), source) for at, source in enumerate(call))
            return
        made, steps = call
        for name, values in [("", literal(made) or ()), *steps_in(steps)]:
            yield from (((name, at), source_of(value)) for at, value in enumerate(values))


def _parts(value: object) -> Iterator[str | int | float]:
    """The texts and numbers in a value."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple | set):
        for item in value:
            yield from _parts(item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and not is_function(value):
        yield value


def _signs(text: str) -> str:
    """A text with one letter and one digit for all."""
    return "".join("a" if sign.isalpha() else "1" if sign.isdigit() else sign for sign in text)


def _neighbours(text: str) -> set[str]:
    """Which kinds of signs stand side by side in a text, its ends among them."""
    return {a + b for a, b in itertools.pairwise(["^", *_signs(text), "$"])}


def _layout(text: str) -> str:
    """The signs of a text, words being one: "1111-11-11" of a date."""
    return re.sub("a+", "a", _signs(text))


def _plain_layout(text: str) -> str:
    """The same, numbers being one: "1:1" of a time."""
    return re.sub("1+", "1", _layout(text))
