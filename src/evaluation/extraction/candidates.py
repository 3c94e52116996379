"""Finds the programs in one block of an answer: as it stands, or without the prose around it."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass

from src.evaluation.extraction.listing import plain, without_headings, without_label
from src.languages.detection import is_prose
from src.languages.programs import Names, joined, names, whole_beginning
from src.languages.registry import LANGUAGES, has_parser, syntax_error
from src.languages.syntax import parse_python

MAX_PARSED_CHARS = 250_000  # of an answer's candidates together; ten times what an honest answer needs
PARSES = 4  # of a text in search of its whole beginning, about
MAX_PARTS = 12  # that prose divides bare code into
_WRAPPER = "def _():\n"  # around the body of a function
_DEFINITION = re.compile(r"(?:async |def |class |@)")
_STATEMENT = re.compile(r"[^\s)\]{}@]")
_VALUES = (
    ast.Name, ast.Constant, ast.BoolOp, ast.Compare, ast.Tuple, ast.UnaryOp, ast.List, ast.Dict, ast.Set,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context,
)  # fmt: skip
_FOREIGN_EDGE = re.compile(r"[。！？：।؟][ \t]*+(?:\n|\Z)")
_SENTENCE_END = tuple(".!?:。！？：।؟")


@dataclass(frozen=True)
class Candidate:
    """A program in an answer."""

    text: str
    truncated: bool = False  # what was cut off at its end is left out


class Candidates:
    """The candidates of one answer; those past MAX_PARSED_CHARS are not looked at."""

    def __init__(self, language: str, wanted: frozenset[str], finish: str) -> None:
        self.language = language
        self.wanted = wanted
        self._finish = finish
        self._left = MAX_PARSED_CHARS
        self._known: dict[str, bool] = {}

    def of(self, text: str) -> Candidate | None:
        """The program that `text` is, else the one in it; of a record of a session or a listing, its code alone."""
        text = without_headings(without_label(text, self.language), self.language)
        code = plain(text, self.language)
        if code != text and not (has_parser(self.language) and self.parses(text)):
            listed = self._program(code)
            if listed:
                return listed
        prompt = LANGUAGES[self.language].prompt if self.language in LANGUAGES else None
        if prompt is None or not prompt(text, text.lower()):
            return self._program(text)
        found = ((line, prompt.compiled.match(line)) for line in text.split("\n"))
        typed = "\n".join(line[match.end() :] for line, match in found if match)
        if prompt.compiled.match(text.lstrip("\n")):
            return self._program(typed) or self._program(text)
        return self._program(text) or self._program(typed)  # a docstring may show a session

    def _program(self, text: str) -> Candidate | None:
        parser = has_parser(self.language)
        if parser and self.parses(text):
            if self._is_body(text) and self._is_indented_whole(text):
                return Candidate(textwrap.dedent(text))
            # lenient parsers take such words for names, and what stands outside of tags for text
            if LANGUAGES[self.language].tags:
                trimmed = _without_prose_outside_tags(text)
            else:
                trimmed = _trimmed(text) if _FOREIGN_EDGE.search(text) else text
            return Candidate(trimmed if self.parses(trimmed) else text)
        if parser and LANGUAGES[self.language].top_level:
            found = self._joined_parts(text)
            if found and self._is_body(found.text) and self._is_indented_whole(found.text):
                return Candidate(textwrap.dedent(found.text), found.truncated)
            return found
        trimmed = _trimmed(text, only_sentences=not parser)
        return Candidate(trimmed) if trimmed.strip() and self.parses(trimmed) else None

    def parses(self, code: str) -> bool:
        """Whether `code`, or for Python the body of a function, is a program; True where there is no parser."""
        if not has_parser(self.language):
            return not is_prose(code)
        if code not in self._known:
            self._known[code] = self._afford(code) and self._read(code)
        return self._known[code]

    def names(self, code: str) -> Names:
        return names(self.language, code) if self.language in LANGUAGES else Names()

    def is_output(self, code: str) -> bool:
        """Whether a program does nothing: it is empty, or only words and values, such as what another one prints."""
        if self.language == "python":
            return _is_bare_value(code)
        top_level = LANGUAGES[self.language].top_level if self.language in LANGUAGES else None
        return top_level is not None and all(
            "comment" in kind or kind in ("\n", ";") for kind, _ in top_level(code)
        )

    def _afford(self, code: str) -> bool:
        fits = len(code) <= self._left
        self._left -= len(code) if fits else 0
        return fits

    def _read(self, code: str) -> bool:
        if syntax_error(self.language, code) is None:
            return not (self.language == "python" and is_prose(code) and _is_bare_value(code))
        return self._is_body(code) and syntax_error("python", _WRAPPER + code) is None

    def _is_body(self, code: str) -> bool:
        return self.language == "python" and code.lstrip("\n")[:1] in (" ", "\t")

    def _is_indented_whole(self, code: str) -> bool:
        """Whether indented code is a program: it makes a name that is known, or only definitions, as no body does."""
        whole = textwrap.dedent(code) if self._afford(code) else ""
        return parse_python(whole) is not None and (
            not self.wanted.isdisjoint(self.names(whole).bound) or LANGUAGES["python"].defines_only(whole)
        )

    def _joined_parts(self, text: str) -> Candidate | None:
        """The parts that prose divides, as one program; None where anything else than prose is no program."""
        parts, rest = self._parts(text)
        parts = [part for index, part in enumerate(parts) if index == 0 or not self.is_output(part)]
        code = joined(self.language, parts) if parts else ""
        if not self.parses(code) or (rest and not self._is_cut_off(code, rest)):
            return None
        return Candidate(code, truncated=bool(rest))

    def _parts(self, text: str) -> tuple[list[str], str]:
        """The whole statements of `text` without the prose between them, and what follows where it is neither."""
        lines = text.split("\n") if len(text) <= MAX_PARSED_CHARS else []
        parts: list[str] = []
        at = 0
        while at < len(lines):
            if not lines[at].strip() or self._is_prose_line(lines[at]):
                at += 1
                continue
            rest = "\n".join(lines[at:])
            part = self._whole_beginning(rest, allow_body=not parts) if len(parts) < MAX_PARTS else ""
            paragraph = re.split(r"\n[ \t]*\n", rest, maxsplit=1)[0]
            if part.strip():
                parts.append(part.rstrip())
                at += part.rstrip("\n").count("\n") + 1
            elif is_prose(paragraph):
                at += paragraph.count("\n") + 1
            else:
                return parts, rest
        return parts, ""

    def _is_prose_line(self, line: str) -> bool:
        """Whether a line reads as prose and is no statement: `if not values: return None` is one."""
        if not is_prose(line):
            return False
        statement = line.strip()
        parsed = self.language == "python" and self._afford(statement) and parse_python(statement) is not None
        return not parsed or _is_bare_value(statement)

    def _whole_beginning(self, text: str, allow_body: bool) -> str:
        if not self._afford(text * PARSES):
            return ""
        if allow_body and self._is_body(text):
            return whole_beginning("python", _WRAPPER + text)[len(_WRAPPER) :]
        return whole_beginning(self.language, text)

    def _is_cut_off(self, code: str, rest: str) -> bool:
        """Whether `rest` is one more statement that the end of the answer broke off, and the program is there without."""
        starts = [line for line in rest.split("\n") if _STATEMENT.match(line)]
        at_limit = self._finish == "length"
        if len(starts) > 1 or not (at_limit or (not self._finish and _is_open(rest))):
            return False
        if self.wanted:
            return self._is_body(code) or not self.wanted.isdisjoint(self.names(code).bound)
        return at_limit and self.language == "python" and not _DEFINITION.match(rest)


def _is_open(text: str) -> bool:
    """Whether brackets or a string over several lines are left open at the end of `text`."""
    opened, closed = (sum(map(text.count, brackets)) for brackets in ("([{", ")]}"))
    return opened > closed or text.count('"""') % 2 == 1 or text.count("'''") % 2 == 1


def _is_bare_value(code: str) -> bool:
    """Whether Python that parses is only words and values, if anything: "True", "spam and eggs", "[1, 2]"."""
    tree = parse_python(code)
    return tree is not None and all(
        isinstance(node, ast.Expr) and all(isinstance(part, _VALUES) for part in ast.walk(node.value))
        for node in tree.body
    )


def _without_prose_outside_tags(text: str) -> str:
    """`text` without prose before its first tag or after its last; PHP whose tag has no end goes on to the end."""
    start, end = text.find("<"), text.rfind(">") + 1
    if start < 0 or text.count("<?") > text.count("?>"):
        end = len(text)
    before, after = text[: max(start, 0)], text[end:]
    return text[len(before) * is_prose(before) : end if is_prose(after) else len(text)]


def _trimmed(text: str, only_sentences: bool = False) -> str:
    """`text` without the paragraphs of prose at its start and end, and lines of it directly above and below.

    Where no parser says what is left over, only what ends as a sentence is: a command reads like bare words.
    """
    ends = _SENTENCE_END if only_sentences else ("",)
    for edge in (0, -1):
        paragraphs = re.split(r"\n[ \t]*\n", text)
        while paragraphs and (
            not paragraphs[edge].strip()
            or (paragraphs[edge].rstrip("*_ \t\n").endswith(ends) and is_prose(paragraphs[edge]))
        ):
            del paragraphs[edge]
        lines = "\n\n".join(paragraphs).split("\n")
        while len(lines) > 1 and lines[edge].rstrip().endswith(_SENTENCE_END) and is_prose(lines[edge]):
            del lines[edge]
        text = "\n".join(lines)
    return text
