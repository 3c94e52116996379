"""Texts of one pattern, of which data shows several: "$129" and "$89", "A-12" and "C-7", "Ann Lee" and "Bob Fox"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_RUN = re.compile(r"\d+|[^\W\d_]+")


@dataclass(frozen=True)
class TextPattern:
    """Runs of digits and of letters between the same signs. widths: of each run, 0 where they differ."""

    signs: tuple[str, ...]  # around and between the runs
    examples: tuple[str, ...]  # the runs of the first text
    widths: tuple[int, ...]

    def fitted(self, text: str) -> str:
        """The runs of a text in this pattern, as far as there are such; the same text where it has the pattern."""
        runs = {kind: iter([r for r in _RUN.findall(text) if r.isdigit() is kind]) for kind in (True, False)}
        fitted = [self.signs[0]]
        for example, width, sign in zip(self.examples, self.widths, self.signs[1:], strict=True):
            run = next(runs[example.isdigit()], example)
            if example.isdigit() and example[0] != "0":
                run = run.lstrip("0") or example
            if example.isupper():
                run = run.upper()
            if width:
                run = (run + example[len(run) :])[:width]
            fitted += [run, sign]
        return "".join(fitted)


def pattern_of(texts: Sequence[str]) -> TextPattern | None:
    """The pattern that several texts share; None of single words, which share none."""
    if len({*texts}) < 2 or len({*map(_skeleton, texts)}) > 1 or _skeleton(texts[0]) in ("", "a"):
        return None
    runs = [_RUN.findall(text) for text in texts]
    widths = [{len(run) for run in column} for column in zip(*runs, strict=True)]
    is_number = _skeleton(texts[0]) == "9" and not any(text[0] == "0" for text in texts)
    fixed = tuple(own.pop() if len(own) == 1 and not is_number else 0 for own in widths)
    signs = _RUN.split(texts[0])
    return TextPattern((*signs,), tuple(runs[0]), fixed)


def _skeleton(text: str) -> str:
    return _RUN.sub(lambda run: "9" if run.group().isdigit() else "a", text)
