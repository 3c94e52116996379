"""Text of strangers made fit for a terminal: it moves no cursor, hides nothing and changes no direction."""

from __future__ import annotations

import logging
import re

MAX_LINE = 2_000  # characters of a message
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def escape_controls(text: str) -> str:
    """`text` with control characters, changes of direction and halves of characters written out."""
    return _UNPRINTABLE.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def one_line(message: str) -> str:
    """A message for the terminal, whatever it quotes: one line of at most MAX_LINE characters."""
    line = escape_controls(" ".join(message.split()))
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE // 2]} ... {line[-MAX_LINE // 2 :]}"


class PlainRecord(logging.LogRecord):
    """A log record whose message a terminal can show, whichever library's handler prints it."""

    def getMessage(self) -> str:  # noqa: N802  # logging's name
        return escape_controls(super().getMessage())
