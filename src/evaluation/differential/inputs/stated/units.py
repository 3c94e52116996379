"""Numbers with units that a task shows: "1h 30m"."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from src.evaluation.differential.inputs.forms.pools import FUNCTION

_QUOTED = re.compile(r"[\"'`]([^\"'`\n]+)[\"'`]")
_MEASURES = re.compile(r"(?:\d+(?:\.\d+)?[A-Za-z]{1,3} ?)+(?<! )")


@dataclass(frozen=True)
class Units:
    """Whether texts are numbers with units that the task shows, as it writes them: "1h 30m", "45m"."""

    units: tuple[str, ...]
    between: str

    def __call__(self, values: Sequence[object]) -> bool:
        measures = [rf"(?:\d+(?:\.\d+)?{unit}(?:{self.between}|$))?" for unit in self.units]
        form = "(?!$)" + "".join(measures) + f"(?<!{self.between or '^'})"
        return all(re.fullmatch(form, value) for value in values if is_text(value))

    def fit(self, value: Any) -> Any:
        if not is_text(value) or self([value]):
            return value
        numbers = (re.findall(r"\d+", value) or [str(len(value))])[: len(self.units)]
        start = len(value) % (len(self.units) - len(numbers) + 1)
        return self.between.join(map("".join, zip(numbers, self.units[start:], strict=False)))


def units_of(instruction: str, constants: Collection[object], texts: Collection[str]) -> Units | None:
    """The units of the measures that a task shows; None where the reference knows none of them, as of "3a2b" for "aaabb"."""
    shown = [text for text in (*_QUOTED.findall(instruction), *texts) if _MEASURES.fullmatch(text)]
    units = list(dict.fromkeys(unit for text in shown for unit in re.findall(r"\d([A-Za-z]+)", text)))
    known = any(unit in text for unit in units for text in constants if isinstance(text, str))
    return Units(tuple(units), " " if any(" " in text for text in shown) else "") if known else None


def is_text(value: object) -> TypeGuard[str]:
    """Whether this is a text that stands for no function."""
    return isinstance(value, str) and not value.startswith(FUNCTION)
