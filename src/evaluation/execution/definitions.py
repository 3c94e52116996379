"""Distinguishes programs that only define things from those that do something."""

from __future__ import annotations

from src.languages.registry import LANGUAGES

# Kinds of top-level nodes that are no part of the program, in any grammar.
_COMMENTS = {"comment", "line_comment", "block_comment", ";", "php_tag", "text_interpolation", "\n"}


def defines_only(name: str, code: str) -> bool:
    """Whether a program only defines functions, classes and the like: it runs without doing anything.

    Languages whose definitions are not known (Bash, TypeScript, SQL and the like) count as doing something.
    """
    language = LANGUAGES.get(name)
    if (
        language is None
        or language.top_level is None
        or (language.main and language.main.compiled.search(code))
    ):
        return False
    nodes = [node for node in language.top_level(code) if node[0] not in _COMMENTS]
    kinds, definition = language.definitions.split(), language.definition
    return bool(nodes) and all(
        kind in kinds or (definition is not None and definition.compiled.match(text) is not None)
        for kind, text in nodes
    )
