"""A program as CodeBLEU compares it: its words, its syntax tree and its data flow, comments left out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from src.evaluation.codebleu.data_flow import Flow, data_flow
from src.languages.language import DataFlow, Language
from src.languages.php import with_tag

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 250  # of the syntax tree: the data flow takes up to three calls a level
PROSE_RUN = 3  # so many words in a row, none a keyword, do not occur in code

_QUOTED_OR_COMMENT = re.compile(
    r'''"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|`[^`]*`|(?<!\\)"(?:\\.|[^"\\\n])*+"|(?<!\\)'(?:\\.|[^'\\\n])*+'|//.*|/\*[\s\S]*?(?:\*/|\Z)|\#.*'''
)
_WORD_RUN = re.compile(r"[^\W\d]\w*(?:['’]\w+)?(?:[ \t]+[^\W\d]\w*(?:['’]\w+)?)*")
_BLANKED = bytes(byte if byte in b"\r\n" else ord(" ") for byte in range(256))


@dataclass(frozen=True)
class Program:
    """One side of a comparison."""

    text: str  # without white space around it
    keywords: frozenset[str]
    length: int  # in characters, without white space and comments
    # every node that has children, root first, as S-expressions: kinds and fields, no names
    subtrees: list[str]
    flows: list[Flow]

    @property
    def words(self) -> list[str]:
        return self.text.split()

    @cached_property
    def is_code(self) -> bool:
        """Whether something is left without comments, and most of its words are not in runs as in prose."""
        words = in_prose = 0
        for run in _WORD_RUN.findall(_QUOTED_OR_COMMENT.sub(" ; ", self.text)):
            length = 0
            for word in [*run.split(), None]:
                if word is not None and word not in self.keywords:
                    length += 1
                    continue
                words += length
                in_prose += length if length >= PROSE_RUN else 0
                length = 0
        return self.length > 0 and 2 * in_prose <= words


def read_program(code: str, language: Language) -> Program | None:
    """None where the parser or the data flow would take too long, or the tree is too deep for recursion."""
    facts = language.data_flow
    assert facts
    text = code.strip()
    readable = with_tag(text) if language.name == "php" else text  # outside its tags all is one text
    bare = without_comments(readable, facts)
    root = None if bare is None else facts.grammar.root(bare)
    if bare is None or root is None or _comments(root, facts) is None:
        return None
    flows = data_flow(root, bare.encode(), facts)
    if flows is None:
        return None
    tag = 0 if readable == text else len("<?php")
    length = len("".join(bare.split())) - tag
    return Program(text, frozenset(language.keywords.split()), length, _subtrees(root), flows)


def without_comments(text: str, facts: DataFlow) -> str | None:
    """A program with spaces for its comments; None where its tree is too deep or takes too long."""
    root = facts.grammar.root(text)
    places = None if root is None else _comments(root, facts)
    if not places:
        return None if places is None else text
    source = bytearray(text.encode())
    for start, end in places:
        source[start:end] = source[start:end].translate(_BLANKED)
    return source.decode()


def syntax_match(found: Program, expected: Program) -> float:
    """The share of the expected subtrees that are found (Ren et al. 2020, section 3.2)."""
    ours = set(found.subtrees)
    return sum(subtree in ours for subtree in expected.subtrees) / len(expected.subtrees)


def _comments(root: Node, facts: DataFlow) -> list[tuple[int, int]] | None:
    """Where they are, in bytes; None where the tree is too deep."""
    cursor, depth, found = root.walk(), 0, []
    while True:
        node = cursor.node
        assert node
        if node.type.endswith("comment") or (
            node.type == facts.docstring and [child.type for child in node.children] == ["string"]
        ):
            found.append((node.start_byte, node.end_byte))
        elif cursor.goto_first_child():
            depth += 1
            if depth > MAX_DEPTH:
                return None
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return found
            depth -= 1


def _subtrees(root: Node) -> list[str]:
    pending, found = [root], []
    while pending:
        node = pending.pop()
        found.append(str(node))
        pending += [child for child in node.children if child.child_count]
    return found
