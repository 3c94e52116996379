"""Extracts the code from a model's answer."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from src.data.preprocessing import HEADERS
from src.languages.detection import is_prose
from src.languages.registry import LANGUAGE_ALIASES, has_parser, syntax_error
from src.languages.syntax import parse_python

MAX_CANDIDATES = 8  # blocks that are parsed, counted from the end; bounds the work on hostile answers
MAX_TRIMS = 6
MAX_ANSWER_CHARS = 1_000_000  # hundreds of times what a model writes; a longer answer is truncated
MAX_FENCE_CHARS = 1_000  # a longer line opens or closes no block
MAX_PARSED_CHARS = 250_000  # of an answer's candidates together; ten times what an honest answer needs

MARKDOWN = frozenset({"markdown", "md"})

_NEW_TURN = re.compile(rf"^[ \t]*#{{2,4}}[ \t]*(?:{'|'.join(HEADERS)})[ \t]*:", re.MULTILINE)
_END_TOKEN = re.compile(r"<\|(?:im_end|im_start|endoftext|end_of_text|eot_id)\|>|</s>\s*\Z")
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([^`]*)$")
_ONE_LINE_FENCE = re.compile(r"^[ \t]*```(?=[^`])(?:[A-Za-z+#]++[ \t]++)?+([^`]*+)```[ \t]*$")
_LATE_FENCE = re.compile(r"(?<!`)(`{3,}+)[ \t]*+([A-Za-z0-9+#_.-]*+)[ \t]*+$")
_CODE_START = re.compile(
    r"^(?:def |class |import |from \w+ import|@\w|for .*:|while .*:|if .*:|with .*:|try:|print\(|#!"
    r"|\w+ ?= ?\S|<|#include"
    r"|public |private |static |function |const |let |var |using |package |SELECT |CREATE |INSERT |fn "
    r"|func |{)"
)


@dataclass(frozen=True)
class Extracted:
    """The code of an answer, and flags that say how it was found."""

    code: str
    flags: tuple[str, ...] = ()  # fenced, no_code, extra_turn, oversized


@dataclass(frozen=True)
class _Block:
    label: str  # first word of the fence's info string, lower case; "" is none
    text: str


def extract(answer: str, language: str) -> Extracted:
    """The code that `answer` gives in `language` (a key of LANGUAGES; "" is any, or prose).

    Linear in the answer's length. Code keeps the indentation of its first line: it may continue a prompt.
    """
    kept = answer[:MAX_ANSWER_CHARS]
    text, flags = _first_turn(kept.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    if len(kept) < len(answer):
        flags = (*flags, "oversized")
    before, blocks = _fenced_blocks(text)
    blocks = [inner for block in blocks for inner in _unwrapped(block)]
    parser = _Parser(language)
    if blocks:
        flags = (*flags, "fenced")
        code = _best_block(before, blocks, parser)
    else:
        code = _bare_code(text, parser)
    code = _strip_blank_edges(code)
    if not code or (language and is_prose(code) and not parser.parses(code)):
        return Extracted("", (*flags, "no_code"))
    return Extracted(code, flags)


def _first_turn(text: str) -> tuple[str, tuple[str, ...]]:
    """`text` up to where the model starts another turn of the conversation."""
    end = _END_TOKEN.search(text)
    if end:
        text = text[: end.start()]
    start = 0
    for turn in _NEW_TURN.finditer(text):
        if text[start : turn.start()].strip():
            return text[start : turn.start()], ("extra_turn",)
        start = turn.end()  # the model repeated the header of its own turn
    return text[start:], ()


def _fenced_blocks(text: str) -> tuple[str, list[_Block]]:
    """The text before the first fence, and the blocks in order; the last one may lack its end."""
    before: list[str] = []
    blocks: list[_Block] = []
    fence, label = "", ""
    lines: list[str] = []
    for line in text.split("\n"):
        if fence:
            if _closes(line, fence):
                blocks.append(_Block(label, "\n".join(lines)))
                fence = ""
            elif fence[0] == "`" and line.endswith(fence):  # an end glued to the last line of code
                blocks.append(_Block(label, "\n".join([*lines, line[: -len(fence)]])))
                fence = ""
            else:
                lines.append(line)
            continue
        one_line, opening = _fence_in(line)
        if one_line:
            blocks.append(_Block("", one_line.group(1)))
            continue
        if opening:
            fence, label, lines = opening.group(1), _label(opening.group(2)), []
            if not blocks:
                before.append(line[: opening.start()])
        elif not blocks:
            before.append(line)
    if fence and any(line.strip() for line in lines):
        blocks.append(_Block(label, "\n".join(lines)))
    elif fence and not blocks:
        blocks.append(_Block("", "\n".join(before)))  # only the end of a fence that the prompt had opened
    return "\n".join(before), [_dedented(block) for block in blocks if block.text.strip()]


def _unwrapped(block: _Block) -> list[_Block]:
    """The blocks inside a block of Markdown, where the whole answer was fenced once more; else the block."""
    return (block.label in MARKDOWN and _fenced_blocks(block.text)[1]) or [block]


def _fence_in(line: str) -> tuple[re.Match[str] | None, re.Match[str] | None]:
    """A block that is all on this line, or the start of one."""
    if len(line) > MAX_FENCE_CHARS or ("```" not in line and "~~~" not in line):
        return None, None
    return _ONE_LINE_FENCE.match(line), _FENCE.match(line) or _LATE_FENCE.search(line)


def _closes(line: str, fence: str) -> bool:
    stripped = line.strip()
    return len(stripped) >= len(fence) and not stripped.strip(fence[0])


def _label(info: str) -> str:
    words = info.strip().strip("{}").lstrip(".").split()
    return words[0].lower() if words else ""


def _dedented(block: _Block) -> _Block:
    """A block without the indentation of the list item it stood in, unless it is the body of a function."""
    first = next(line for line in block.text.split("\n") if line.strip())
    if _CODE_START.match(first.strip()) and len(block.text) < 200_000:
        return _Block(block.label, textwrap.dedent(block.text))
    return block


def _best_block(before: str, blocks: list[_Block], parser: _Parser) -> str:
    """The last parsable block in the requested language, or the closest to one."""
    candidates = blocks[-MAX_CANDIDATES:]
    if not parser.language:
        return candidates[-1].text
    fitting = [block for block in candidates if LANGUAGE_ALIASES.get(block.label) == parser.language]
    unlabelled = [block for block in candidates if block.label not in LANGUAGE_ALIASES]
    for group in (fitting, unlabelled, candidates):
        parsable = [block.text for block in group if parser.parses(block.text)]
        if parsable:
            return _with_definitions(parsable) if parser.language == "python" else parsable[-1]
    if not blocks[0].label and before.strip() and not is_prose(before) and parser.parses(before):
        return before  # bare code, then the end of a fence that the prompt had opened
    return (fitting or unlabelled or candidates)[-1].text


def _with_definitions(blocks: list[str]) -> str:
    """The last block, after the earlier one that defines what it calls."""
    last = parse_python(blocks[-1])
    if last is None:
        return blocks[-1]
    missing = _loaded_names(last) - _defined_names(last)
    for earlier in reversed(blocks[:-1]):
        tree = parse_python(earlier)
        if tree is not None and missing & _defined_names(tree):
            return f"{earlier.rstrip()}\n\n{blocks[-1]}"
    return blocks[-1]


def _loaded_names(tree: ast.Module) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _defined_names(tree: ast.Module) -> set[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in tree.body if isinstance(node, kinds)}


def _bare_code(text: str, parser: _Parser) -> str:
    """Code with no fences around it, without leading and trailing prose where the rest then parses."""
    stripped = text.strip()
    if len(stripped) > 2 and stripped[0] == stripped[-1] == "`" and "`" not in stripped[1:-1]:
        return stripped[1:-1]
    if not has_parser(parser.language) or parser.parses(text):
        return text
    for candidate in _without_prose(text):
        if parser.parses(candidate):
            return candidate
    return text


def _without_prose(text: str) -> Iterator[str]:
    """`text` with more and more paragraphs of prose removed from its start and end."""
    paragraphs = re.split(r"\n[ \t]*\n", text)
    starts = [0]
    for index, paragraph in enumerate(paragraphs[:MAX_TRIMS]):
        if not is_prose(paragraph):
            break
        starts.append(index + 1)
    lines_to_code = _lines_before_code(paragraphs[starts[-1]]) if starts[-1] < len(paragraphs) else 0
    end = len(paragraphs)
    ends = [end]
    while end > starts[-1] and len(ends) < MAX_TRIMS and is_prose(paragraphs[end - 1]):
        end -= 1
        ends.append(end)
    for stop in ends:
        for start in reversed(starts):
            yield "\n\n".join(paragraphs[start:stop])
        if lines_to_code:
            yield "\n\n".join(paragraphs[starts[-1] : stop]).split("\n", lines_to_code)[-1]


def _lines_before_code(paragraph: str) -> int:
    """The number of lines of prose directly above the first line of code."""
    for index, line in enumerate(paragraph.split("\n", MAX_TRIMS)):
        if _CODE_START.match(line) and not line.rstrip().endswith((".", "!")):
            return index
    return 0


class _Parser:
    """Says which candidates of one answer are programs; those past MAX_PARSED_CHARS are not looked at."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._left = MAX_PARSED_CHARS
        self._known: dict[str, bool] = {}

    def parses(self, code: str) -> bool:
        """Whether `code`, or for Python the body of a function, is a program; True where there is no parser."""
        if not has_parser(self.language):
            return not is_prose(code)
        if code not in self._known:
            fits = len(code) <= self._left
            self._left -= len(code) if fits else 0
            self._known[code] = fits and self._read(code)
        return self._known[code]

    def _read(self, code: str) -> bool:
        if syntax_error(self.language, code) is None:
            return not (self.language == "python" and is_prose(code) and _is_bare_words(code))
        if self.language == "python" and code.lstrip("\n")[:1] in " \t":
            return syntax_error("python", f"def _():\n{code}") is None
        return False


def _is_bare_words(code: str) -> bool:
    """Whether Python that parses is only words: "True", "yes", "spam and eggs"."""
    tree = parse_python(code)
    words = (ast.Name, ast.Constant, ast.BoolOp, ast.Compare, ast.Tuple, ast.UnaryOp)
    return tree is None or all(
        isinstance(node, ast.Expr) and isinstance(node.value, words) for node in tree.body
    )


def _strip_blank_edges(code: str) -> str:
    return re.sub(r"\A(?:[ \t]*\n)+", "", code.rstrip()) if code.strip() else ""
