"""Takes off what listings, chat pages, patches and notebooks add to a program."""

from __future__ import annotations

import re
import textwrap

from src.languages.registry import LANGUAGE_ALIASES, LANGUAGES

_HEADING = re.compile(r"^#{1,6} +[^\Wa-z_].*+$", re.MULTILINE)  # directives of C are in small letters
_NUMBERED = re.compile(r"\A[ \t]*+(\d{1,5}+)(?:[ \t]*+[|:.)│]|(?=[ \t]|$))")
_PATCH = re.compile(r"^(?:@@ |\+\+\+ )|\A(?=[\s\S]*?^\+)(?:[-+ ].*+\n?+|\n)++\Z", re.MULTILINE)
_PATCH_HEAD = re.compile(r"(?:-|@@|\+\+\+ |diff |index |\\ )")  # and what it takes away
_CELL = re.compile(r"^In ?\[[\d ]*+\]:[ \t]*+$", re.MULTILINE)
_RESULT = re.compile(r"^Out ?\[[\d ]*+\]:.*+(?:\n(?!In ?\[).*)*", re.MULTILINE)


def without_headings(text: str, language: str) -> str:
    """`text` without headings of Markdown, where they are no comments; strings hold none that counts."""
    comments = LANGUAGES[language].comments if language in LANGUAGES else "#"
    return text if "#" in comments else _HEADING.sub("", text)


def without_label(text: str, language: str) -> str:
    """`text` without the name of its language on a line above it, which stood in a fence or on a button."""
    label, _, rest = text.lstrip().partition("\n")
    if not rest.strip() or LANGUAGE_ALIASES.get(label.strip().rstrip(":").lower()) != language:
        return text
    button, _, below = rest.lstrip("\n").partition("\n")
    return below if button.strip().lower() in ("copy", "copy code") else rest


def plain(text: str, language: str) -> str:
    """The lines of code in a listing with line numbers, the new side of a patch, or the cells of a notebook."""
    lines = text.split("\n")
    numbers = [_NUMBERED.match(line) for line in lines if line.strip()]
    counted = [int(match[1]) if match else -1 for match in numbers]
    if len(counted) > 1 and counted == list(range(counted[0], counted[0] + len(counted))):
        return textwrap.dedent("\n".join(_NUMBERED.sub("", line, count=1) for line in lines))
    if _PATCH.search(text):
        return "\n".join(line[1:] for line in lines if not _PATCH_HEAD.match(line))
    if _CELL.search(text):
        text = _CELL.sub("", _RESULT.sub("", text))
    notebook = LANGUAGES[language].notebook if language in LANGUAGES else None
    return notebook.compiled.sub("", text) if notebook else text
