"""Takes programs of a language apart and joins them: the names in them, their whole beginning, several in one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from src.languages.registry import LANGUAGES, syntax_error

_HEADER = re.compile(r"[^({=;:<\n]*+")
_HEADER_END = re.compile(r"\b(?:extends|implements)\b|\b(?:struct|interface)\s*+$")
_REQUIRED = re.compile(r"\A[^=(\n]{0,200}+=\s{0,9}+require\(")
_EMPTY_BODY = re.compile(r"\)[^(){}]{0,200}\{\Z")
_DECLARED = "declaration definition specifier import type_alias item".split()  # within kinds of nodes


@dataclass(frozen=True)
class Names:
    """What the top level of a program makes, and what it needs from elsewhere."""

    bound: frozenset[str] = frozenset()  # "*" among them: any name, by an import of all
    loaded: frozenset[str] = frozenset()
    borrowed: frozenset[str] = frozenset()  # of the bound ones: imported, or a function without a body

    @property
    def made(self) -> frozenset[str]:
        return self.bound - self.borrowed


def names(language: str, program: str) -> Names:
    """The names of a program that parses; none where the language's top level is not known."""
    known = LANGUAGES[language]
    if known.names:
        made, loaded, borrowed = known.names(program)
        return Names(frozenset(made), frozenset(loaded - made), frozenset(borrowed & made))
    if known.top_level is None:
        return Names()
    bound, borrowed = set(), set()
    for kind, text in known.top_level(program):
        declared = _declared(language, kind, text)
        bound.update(declared)
        borrowed.update(declared if "import" in kind or _is_borrowed(text) else ())
    words = frozenset(re.findall(r"[A-Za-z_$][\w$]*", program))
    return Names(frozenset(bound), words - bound, frozenset(borrowed))


def _is_borrowed(text: str) -> bool:
    """Whether a declaration imports, or is a function with nothing but comments in its body."""
    if _REQUIRED.search(text):
        return True
    head, _, after = text.rstrip().rpartition("}")
    lines = [line.partition("//")[0].rstrip() for line in head.split("\n")]
    return not after and bool(_EMPTY_BODY.search("\n".join(lines).rstrip()))


def _declared(language: str, kind: str, text: str) -> list[str]:
    known = LANGUAGES[language]
    if "import" in kind:
        return re.findall(r"\w+", text)
    if kind in known.definitions.split() or any(word in kind for word in _DECLARED):
        header = _HEADER.match(text)
        assert header is not None  # it matches nothing, too
        return re.findall(r"\w+", _HEADER_END.split(header.group())[0])[-1:]
    return []


def whole_beginning(language: str, text: str) -> str:
    """`text` up to its first top-level statement that is not whole; "" where the language's are not known."""
    known = LANGUAGES[language]
    if known.whole_beginning:
        return known.whole_beginning(text)
    whole = end = 0
    for _, node in known.top_level(text) if known.top_level else ():
        start = text.find(node, end)
        if start < 0 or (len(node.strip()) > 1 and syntax_error(language, node)):
            break
        end = start + len(node)
        line_end = text.find("\n", end)
        if not text[end : line_end if line_end >= 0 else None].strip():
            whole = end
    return text[:whole]


def joined(language: str, programs: Sequence[str]) -> str:
    """Several programs as one, in their order."""
    join = LANGUAGES[language].join if language in LANGUAGES else None
    return join(programs) if join else "\n\n".join([*(item.rstrip() for item in programs[:-1]), programs[-1]])
