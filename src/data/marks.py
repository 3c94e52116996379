"""A pattern that is only tried on texts that it may match."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """A pattern that is only tried where a hint of it is in the text: a search costs as much as a hundred hints."""

    pattern: re.Pattern[str]
    hints: tuple[str, ...]  # in lower case; every text that the pattern matches holds one of them

    def found_in(self, text: str, lowered: str) -> bool:
        """Whether the pattern matches in `text`; `lowered` is the text in lower case."""
        for hint in self.hints:
            if hint in lowered:
                return self.pattern.search(text) is not None
        return False
