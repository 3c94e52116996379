"""What the project knows of a language: each is one file of this package that fills in a `Language`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from src.languages.syntax import Parser, TreeSitter, checked

SANDBOX_PYTHON = "sandbox python"  # as a command: the sandbox's own interpreter, which need not start
# kinds of nodes
_COMMENTS = {"\n", *"comment line_comment block_comment ; php_tag text_interpolation".split()}
Evidence = Mapping[str, float]  # by language
Nodes = Callable[[str], list[tuple[str, str]]]  # kind and text of each top-level node of a program


@dataclass(frozen=True)
class Pattern:
    """A regular expression. A search costs as much as 100 looks for a hint, and compiling it far more.

    In the patterns of the languages a line's margin is [^\\S\\n]*+, never \\s*, and what may run on has a bound or
    is possessive: each takes linear time on any text. \\b stands before a group: one test rules out its words.
    """

    regex: str
    hints: str = ""  # in lower case, between bars; every text that matches holds one of them

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self.regex)

    @cached_property
    def _hints(self) -> list[str]:
        return self.hints.split("|")

    def __call__(self, text: str, lowered: str) -> bool:
        """Whether the pattern matches in `text`; `lowered` is the text in lower case."""
        for hint in self._hints:
            if hint in lowered:
                return self.compiled.search(text) is not None
        return False


@dataclass(frozen=True)
class Source:
    """A program as the tools of its language take it."""

    files: Mapping[str, str]  # text by name
    start: str = ""  # the {start} of the command that runs it
    wrapped: bool = False  # made whole: a name that is unknown belongs to what the fragment was taken from
    taken_from: Pattern | None = None  # what shows this in a compiler's errors, where it is not known before


Part = str | int  # of a node: a field, or which child; "" for none
Ends = Mapping[str, tuple[Part, Part]]  # by kind of node: where the variables are, and where what they get


@dataclass(frozen=True)
class DataFlow:
    """Where values go in a language, by kinds of nodes of its grammar: what CodeBLEU's data flow knows of it.

    These are the rules of the codebleu package 0.7.0, gaps and all: see docs/metrics.md. Whatever is left out is
    walked child by child.
    """

    grammar: TreeSitter
    declarations: Ends = field(default_factory=dict)
    assignments: str = ""  # from "right" to "left"
    increments: str = ""
    each: Ends = field(default_factory=dict)  # loops over the items of a value, with a "body"
    loops: str = ""  # walked twice, since what one round leaves the next one finds
    # loops of which what follows this child is walked twice
    resumed: Mapping[str, str] = field(default_factory=dict)
    branches: str = ""
    # children of a branch that begin where it began, as all does that follows an `else`
    alternatives: str = ""
    otherwise: str = ""  # a child of a branch with which one of its alternatives is always taken
    first: str = ""  # children that are walked before the others
    paired: str = ""  # assignments whose sides, if of equally many parts, are assigned part by part
    joint: bool = False  # a variable gets all that is assigned to it at once, not one after another
    docstring: str = ""  # a statement that is a comment where it is nothing but a string


@dataclass(frozen=True)
class Language:
    """One language. Whatever is left out, the language simply lacks: code in it is then not run, not parsed, ..."""

    name: str  # the key in LANGUAGES, as stored in Example.language; its file has this name
    label: str  # in reports and charts
    aliases: str = ""  # further names in code fences, data and detectors
    rank: int = 99  # where two languages fit as well, that of the smaller rank is meant
    data_flow: DataFlow | None = None  # None: no CodeBLEU
    keywords: str = ""  # that weigh more in CodeBLEU
    highlight: str = "other"  # its grammar in report/page/highlight.js
    layout: bool = False  # line ends and indentation are tokens

    # Detection
    named: Pattern | None = None  # its names in an instruction
    decisive: Callable[[str, str], bool] | None = None  # of a text and its lower case: in no other language
    decisive_rank: int = 99  # these are asked in this order
    evidence: Pattern | None = None  # the more different matches, the stronger
    weigh: Callable[[str, Evidence], float] | None = None  # its evidence, given that of all
    strict: bool = False  # few texts of another language parse: one that does is evidence
    settles: bool = False  # strict, and what parses and comes close is in it
    document: Callable[[str], bool] | None = None  # almost any text parses: is it meant so?
    is_format: bool = False  # often named as what a program reads or writes
    extends: str = ""  # a language whose programs are programs in this one, too
    shared_with: str = ""  # languages in which what is decisive occurs where one of them is named
    bare_lines: bool = False  # lines without any symbol are common
    line_start: str = ""  # an expression of what begins a line of code and no sentence
    comments: str = ""  # what begins a comment

    # Syntax
    parser: Parser | None = None  # what is wrong with a text, or None; it needs no bounds
    top_level: Nodes | None = None
    definitions: str = ""  # kinds of top-level nodes that do nothing when a program starts
    definition: Pattern | None = None  # other top-level nodes that do nothing, by their text
    main: Pattern | None = None  # where a program starts although its top level only defines
    # bound at the top level; loaded from there; of the bound ones those made elsewhere
    names: Callable[[str], tuple[set[str], set[str], set[str]]] | None = None
    whole_beginning: Callable[[str], str] | None = None  # up to the first statement that is not whole
    # several programs, where it takes more than one after another
    join: Callable[[Sequence[str]], str] | None = None
    prompt: Pattern | None = None  # before each line that was typed, in a record of a session
    tags: bool = False  # of HTML are a part of it, and mark no code
    notebook: Pattern | None = None  # lines that only its notebooks know

    # Running
    file: str = ""  # that a program is written to
    # the command: {start} is the file or what `wrap` starts, {files} are all, {limit_mib} is the memory it may use
    run: str = ""
    compile: str = ""  # the command before it
    version: str = "--version"  # asks each of its tools for its version
    memory_mib: int = 0  # address space that its tools ask for, most of it never touched
    reads_input: Pattern | None = None  # in a program that reads its standard input
    checked: bool = False  # a program is parsed first; one in a language with no command then has passed
    wrap: Callable[[str], Source | None] | None = None  # makes a fragment whole; None: not to be run
    with_input: Callable[[str, str], str] | None = None  # (a sample's input, a program) -> what is run
    unknown_name: Pattern | None = None  # in a compiler's errors
    missing: tuple[tuple[Pattern, str], ...] = ()  # group 1 is lacking if among these names, or any
    errors: Mapping[str, str] = field(default_factory=dict)  # kind (judge.py) -> an expression for it

    @property
    def tools(self) -> tuple[str, ...]:
        """What must be on the machine to run a program: compilers and interpreters, in the order of their use."""
        first = [command.split()[0] for command in (self.compile, self.run) if command]
        return tuple(tool for tool in first if not tool.startswith("./") and self.run != SANDBOX_PYTHON)

    @property
    def runs(self) -> bool:
        """Whether a program can be run, or has passed when it parses."""
        return bool(self.run) or self.checked

    def syntax_error(self, text: str) -> str | None:
        """Why `text` is no program; None where it is one. Only for a language with a parser."""
        assert self.parser is not None
        return checked(self.parser, text)

    def defines_only(self, program: str) -> bool:
        """Whether a program only defines functions, classes and the like: it runs without doing anything.

        In a language whose definitions are not known (Bash, TypeScript, SQL and the like) it does something.
        """
        if self.top_level is None or (self.main and self.main.compiled.search(program)):
            return False
        kinds, definition = self.definitions.split(), self.definition
        nodes = [node for node in self.top_level(program) if node[0] not in _COMMENTS]
        return bool(nodes) and all(
            kind in kinds or (definition is not None and definition.compiled.match(text))
            for kind, text in nodes
        )

    def source(self, code: str) -> Source | None:
        return self.wrap(code) if self.wrap else Source({self.file: code}, start=self.file)
