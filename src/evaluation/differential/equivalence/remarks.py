"""What an output says beside its data: a sentence before or after the lines, a value in brackets behind another, "[]" for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from src.evaluation.differential.equivalence.printed import denies, plain
from src.evaluation.differential.inside.rewriting import WORDING_BEGINS, WORDING_ENDS

_WORDING = re.compile(f"{WORDING_BEGINS}[^{WORDING_BEGINS}{WORDING_ENDS}]*{WORDING_ENDS}")
_MARK = f"[{WORDING_BEGINS}{WORDING_ENDS}]?"
_ASIDE = re.compile(rf"(?<=\w) {_MARK}\({_MARK}[^()\n{WORDING_BEGINS}{WORDING_ENDS}]+{_MARK}\){_MARK}")
_NOTHING = re.compile(r"(?:set\(\)|[\[\](){}\s])*")
_FEWEST_WORDS = 3  # of a sentence; fewer are the name of a value


def is_of_nothing(expected: str, actual: str) -> bool:
    """Whether an output shows an empty list and the other no data at all, as a loop over nothing."""
    left, right = (_WORDING.sub("", text) for text in (expected, actual))
    return bool(left.strip() and _NOTHING.fullmatch(left) and _NOTHING.fullmatch(right))


def without_remarks(expected: str, actual: str) -> Iterator[str]:
    """The second output without what it says more than the first: one sentence that tells nothing new; brackets."""
    left, right = ([line for line in text.split("\n") if plain(line).strip()] for text in (expected, actual))
    if left and len(right) == len(left) + 1:
        for at in (-1, 0):
            others = right[:at] if at else right[1:]
            if _is_remark(right[at], others):
                yield "\n".join(others)
    if "(" not in plain(expected) and _ASIDE.search(actual):
        yield _ASIDE.sub("", actual)


def _is_remark(line: str, others: list[str]) -> bool:
    """Whether a line is a sentence whose data the other lines show."""
    words = re.findall(r"[^\W\d_]+", " ".join(_WORDING.findall(line)))
    data, shown = (re.findall(r"\w+", _WORDING.sub(" ", text)) for text in (line, "\n".join(others)))
    return len(words) >= _FEWEST_WORDS and not denies(line) and bool(data) and {*data} <= {*shown}
