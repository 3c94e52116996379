"""Divides an answer at its marks: fences of Markdown, tags such as [PYTHON] and <code>."""

from __future__ import annotations

import html
import re
import textwrap
from dataclasses import dataclass, replace

from src.languages.registry import LANGUAGE_ALIASES

MAX_FENCE_CHARS = 1_000  # a longer line opens or closes no block
MAX_DEDENT_CHARS = 200_000
MARKDOWN = frozenset({"markdown", "md"})

CODE_START = re.compile(
    r"^(?:(?:async )?def |class |import |from \w+ import|@\w|for .*:|while .*:|if .*:|with .*:|try:|print\(|#!"
    r"|\w+ ?= ?\S|<|#include|>>> "
    r"|public |private |static |function |const |let |var |using |package |SELECT |CREATE |INSERT |fn "
    r"|func |{)"
)
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([^`]*)$")
_ONE_LINE_FENCE = re.compile(r"^[ \t]*```(?=[^`])(?:[A-Za-z+#]++[ \t]++)?+([^`]*+)```[ \t]*$")
_LATE_FENCE = re.compile(r"(?<!`)(`{3,}+)[ \t]*+([A-Za-z0-9+#_.-]*+)[ \t]*+$")
_TAG = re.compile(
    r"^[ \t]*+(?:\[(PYTHON|CODE|BEGIN|ANSWER|SOLUTION|code)(?:=\w++)?\]"
    r"|\\begin\{(verbatim|lstlisting|minted)\}(?:[\[{][^\]}]{0,200}+[\]}])?"
    r"|(?:<pre[^<>]{0,200}+>)?<(code|pre|answer|solution|python)\b[^<>]{0,200}+>)"
)
_TAG_END = re.compile(
    r"(?:\[(?:/[A-Z]+|/code|DONE)\]|\\end\{(?:verbatim|lstlisting|minted)\}"
    r"|</(?:code|pre|answer|solution|python)>(?:[ \t]*+</pre>)?)[ \t]*+$"
)
_MARKS = ("```", "~~~", "[", "<", "\\begin{", "\\end{")
_QUOTED_FENCE = re.compile(r"^[ \t]*+> ?(?:```|~~~)", re.MULTILINE)
_QUOTE = re.compile(r"^[ \t]*+>(?!>) ?", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A part of an answer: between two marks, or outside of them."""

    text: str
    label: str = ""  # first word of the fence's info string, lower case; "" is none
    marked: bool = False
    closed: bool = True


def split_blocks(text: str, markup: bool = False) -> list[Block]:
    """The blocks of `text` in order, what stands between them too; those that are blank are left out.

    Where `markup` is requested, tags are a part of it and mark nothing.
    """
    if _QUOTED_FENCE.search(text):
        text = _QUOTE.sub("", text)
    splitter = _Splitter(_MARKS[:2] if markup else _MARKS)
    for line in text.split("\n"):
        splitter.add(line)
    splitter.end_block(closed=False)
    return [_dedented(inner) for block in splitter.blocks for inner in _unwrapped(block, markup)]


class _Splitter:
    """Takes an answer line by line."""

    def __init__(self, marks: tuple[str, ...]) -> None:
        self.blocks: list[Block] = []
        self._marks = marks  # one of these is in a line that opens or closes a block
        self._lines: list[str] = []
        self._mark = ""  # that opened the block: a fence, or the name of a tag; "" outside
        self._label = ""

    def add(self, line: str) -> None:
        marked = len(line) <= MAX_FENCE_CHARS and any(mark in line for mark in self._marks)
        if not (marked and (self._closes(line) if self._mark else self._opens(line))):
            self._lines.append(line)

    def end_block(self, mark: str = "", label: str = "", closed: bool = True) -> None:
        """End a block; the next one is opened by `mark`."""
        text = "\n".join(self._lines).strip("\n")
        if text.strip():
            text = html.unescape(text) if self._mark in ("code", "pre") else text
            self.blocks.append(Block(text, self._label, bool(self._mark), closed or not self._mark))
        self._lines, self._mark, self._label = [], mark, label

    def _opens(self, line: str) -> bool:
        one_line = _ONE_LINE_FENCE.match(line)
        fence = _FENCE.match(line) or _LATE_FENCE.search(line)
        tag = _TAG.match(line)
        if one_line:
            self.end_block("```")
            self._lines = [one_line.group(1)]
            self.end_block()
        elif fence:
            self._lines.append(line[: fence.start()])
            self.end_block(fence.group(1), _label(fence.group(2)))
        elif tag:
            self.end_block(tag[1] or tag[2] or tag[3], "python" if tag[1] == "PYTHON" else "")
            self.add(line[tag.end() :])
        else:
            return self._ends_tag(line)
        return True

    def _closes(self, line: str) -> bool:
        if self._mark[0] not in "`~":
            return bool(_FENCE.match(line) and self._opens(line)) or self._ends_tag(line)
        stripped = line.strip()
        if len(stripped) >= len(self._mark) and not stripped.strip(self._mark[0]):
            self.end_block()
            return True
        opening = _FENCE.match(line)
        label = _label(opening.group(2)) if opening else ""
        if opening and opening.group(1) == self._mark and label in LANGUAGE_ALIASES.keys() | MARKDOWN:
            self.end_block(self._mark, label)  # nested, or the end of the last one was forgotten
            return True
        if self._mark[0] == "`" and line.endswith(self._mark):  # an end glued to the last line of code
            self._lines.append(line[: -len(self._mark)])
            self.end_block()
            return True
        return False

    def _ends_tag(self, line: str) -> bool:
        end = _TAG_END.search(line)
        if end is None:
            return False
        self._lines.append(line[: end.start()])
        self.end_block()
        return True


def _unwrapped(block: Block, markup: bool) -> list[Block]:
    """The blocks inside a block of Markdown, where the whole answer was fenced once more; else the block."""
    inner = split_blocks(block.text, markup) if block.label in MARKDOWN else []
    return [part for part in inner if part.marked] or [block]


def _label(info: str) -> str:
    words = info.strip().strip("{}").lstrip(".").split()
    return words[0].lower() if words else ""


def _dedented(block: Block) -> Block:
    """A block without the indentation of the list item it stood in, unless it is the body of a function."""
    first = next(line for line in block.text.split("\n") if line.strip())
    if block.marked and CODE_START.match(first.strip()) and len(block.text) < MAX_DEDENT_CHARS:
        return replace(block, text=textwrap.dedent(block.text))
    return block
