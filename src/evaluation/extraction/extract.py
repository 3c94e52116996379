"""Extracts the code from a model's answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from src.data.preprocessing import HEADERS
from src.evaluation.extraction.blocks import Block, split_blocks
from src.evaluation.extraction.candidates import Candidate, Candidates
from src.languages.detection import is_prose
from src.languages.programs import Names, joined
from src.languages.registry import LANGUAGE_ALIASES, LANGUAGES

MAX_BLOCKS = 40  # that are looked at, counted from the end; bounds the work on hostile answers
MAX_ANSWER_CHARS = 1_000_000  # hundreds of times what a model writes; a longer answer is truncated
OUTPUT_LABELS = frozenset("output out stdout text txt plain plaintext result results log none".split())

_NEW_TURN = re.compile(rf"^[ \t]*#{{2,4}}[ \t]*(?:{'|'.join(HEADERS)})[ \t]*:", re.MULTILINE)
_DIALOGUE = re.compile(
    r"\n(?:Question|User|Human): [^\n]{1,300}+(?:\n[^\n]{0,300}+){0,3}?\n(?:Answer|Assistant|AI):"
)  # one more of the examples that a prompt gave
_PROMPT = re.compile(rf"\A\s*+(?:Below is an instruction[^#]{{0,300}}+)?+#{{2,4}}[ \t]*{HEADERS[0]}[ \t]*:")
_RESPONSE = re.compile(rf"^[ \t]*#{{2,4}}[ \t]*{HEADERS[1]}[ \t]*:", re.MULTILINE)
_END_TOKEN = re.compile(r"\n[ \t]*+\[INST\]|<\|(?:im_end|im_start|endoftext|end_of_text|eot_id)\|>|</s>\s*\Z")
_OWN_HEADER = re.compile(r"\A\s*+<\|im_start\|>(?:assistant)?\s*+")
_INLINE = re.compile(r"(?<!`)`([^`\n]{1,500}+)`(?!`)")
_STRING = re.compile(
    r'"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"(?:\\.|[^"\\\n])*+"|\'(?:\\.|[^\'\\\n])*+\'|\\.'  # or an escape outside
)
# The characters that a mark begins with, and what stands for them inside a string.
_SHIELDS = {ord(mark): chr(0xE000 + index) for index, mark in enumerate("`~#<[")}
_UNSHIELDED = {ord(shield): chr(mark) for mark, shield in _SHIELDS.items()}


@dataclass(frozen=True)
class Extracted:
    """The code of an answer, and flags that say how it was found."""

    code: str
    flags: tuple[str, ...] = ()  # fenced, no_code, extra_turn, oversized, truncated


@dataclass(frozen=True)
class _Program:
    """A candidate among others."""

    code: str
    names: Names
    rank: int
    truncated: bool


def extract(answer: str, language: str, wanted: frozenset[str] = frozenset(), finish: str = "") -> Extracted:
    """The code that `answer` gives in `language` (a key of LANGUAGES; "" is any, or prose).

    `wanted` are names that the program should define, as far as they are known; `finish` is as in Generation. Linear in
    the answer's length. Code keeps the indentation of its first line: it may continue a prompt.
    """
    kept = answer[:MAX_ANSWER_CHARS]
    text = kept.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    candidates = Candidates(language, wanted, finish)
    shielded = _shielded(text)
    found = _extracted(shielded, candidates)
    if shielded != text:
        found = (
            Extracted(found.code.translate(_UNSHIELDED), found.flags)
            if found.code and candidates.parses(found.code)
            else _extracted(text, candidates)
        )
    return Extracted(found.code, (*found.flags, "oversized")) if len(kept) < len(answer) else found


def _shielded(text: str) -> str:
    """`text` with no mark inside a string: neither a fence nor a turn in a docstring ends anything."""
    if any(shield in text for shield in _SHIELDS.values()):
        return text
    return _STRING.sub(
        lambda found: found.group().translate(_SHIELDS if found.group()[0] != "\\" else {}), text
    )


def _extracted(text: str, candidates: Candidates) -> Extracted:
    language = candidates.language
    text, flags = _first_turn(text)
    blocks = split_blocks(text, markup=language in LANGUAGES and LANGUAGES[language].tags)
    marked = [block for block in blocks if block.marked]
    if marked:
        flags = (*flags, "fenced")
    code, truncated = _chosen(blocks, candidates)
    code = _strip_blank_edges(code)
    if truncated:
        flags = (*flags, "truncated")
    if not code or (language and is_prose(code) and not candidates.parses(code)):
        return Extracted("", (*flags, "no_code"))
    return Extracted(code, flags)


def _first_turn(text: str) -> tuple[str, tuple[str, ...]]:
    """`text` up to where the model starts another turn of the conversation."""
    text = _OWN_HEADER.sub("", text)
    end = _END_TOKEN.search(text)
    if end:
        text = text[: end.start()]
    dialogue = _DIALOGUE.search(text)
    if dialogue:
        before = text[: dialogue.start()]
        if not is_prose(before) and not any(before.count(quote) % 2 for quote in ('"""', "'''", "`")):
            return before, ("extra_turn",)
    prompt, answer = _PROMPT.match(text), _RESPONSE.search(text)
    start = answer.end() if prompt and answer else 0  # the model repeated the prompt
    for turn in _NEW_TURN.finditer(text, start):
        if text[start : turn.start()].strip():
            return text[start : turn.start()], ("extra_turn",)
        start = turn.end()  # the model repeated the header of its own turn
    return text[start:], ()


def _chosen(blocks: Sequence[Block], candidates: Candidates) -> tuple[str, bool]:
    """The program that the blocks give, and whether something was cut off behind it; else what comes closest to one."""
    marked = [block for block in blocks if block.marked]
    if not marked:
        return _bare("\n".join(block.text for block in blocks), candidates)
    language = candidates.language
    if not language:
        return marked[-1].text, False
    ranked = [(block, _rank(block, language)) for block in blocks[-MAX_BLOCKS:]]
    found = [
        (rank, candidates.of(block.text))
        for block, rank in ranked
        if block.marked or _is_read(block, language)
    ]
    programs = [
        _Program(item.text, candidates.names(item.text), rank, item.truncated)
        for rank, item in found
        if item is not None
    ]
    solid = [item for item in programs if not candidates.is_output(item.code)]
    if solid:
        chosen = _joined(_started(solid, candidates.wanted), solid)
        last = blocks[-1]
        cut_off = not last.closed and found[-1][1] is None and not is_prose(last.text)
        return joined(language, [item.code for item in chosen]), cut_off or any(
            item.truncated for item in chosen
        )
    fitting = [block.text for block, rank in ranked if rank == 3]
    if fitting or not programs:
        return (
            fitting or [block.text for block, rank in ranked if block.marked and rank] or [marked[-1].text]
        )[-1], False
    return max(programs, key=lambda item: item.rank).code, False


def _bare(text: str, candidates: Candidates) -> tuple[str, bool]:
    """Code with no marks around it."""
    stripped = text.strip()
    if len(stripped) > 2 and stripped[0] == stripped[-1] == "`" and "`" not in stripped[1:-1]:
        return stripped[1:-1], False
    found = candidates.of(text) if candidates.language else None
    if found is None and candidates.language and is_prose(text):
        return _inline(text, candidates), False
    found = found or Candidate(text)
    return found.text, found.truncated


def _inline(text: str, candidates: Candidates) -> str:
    """The longest program among the pieces of code within sentences, one of several words; else the sentences."""
    pieces = sorted(set(_INLINE.findall(text)), key=lambda piece: (len(piece), piece), reverse=True)
    programs = (piece for piece in pieces[:MAX_BLOCKS] if " " in piece.strip() and candidates.parses(piece))
    return next((piece for piece in programs if not candidates.is_output(piece)), text)


def _rank(block: Block, language: str) -> int:
    """How much a block's label speaks for it: 3 the language, 2 no label, 1 no mark, 0 another label."""
    if not block.marked:
        return 1
    labelled = LANGUAGE_ALIASES.get(block.label)
    extended = LANGUAGES[language].extends if language in LANGUAGES else ""
    if labelled and labelled in (language, extended):
        return 3
    return 0 if block.label in LANGUAGE_ALIASES or block.label in OUTPUT_LABELS else 2


def _is_read(block: Block, language: str) -> bool:
    """Whether what stands outside of all marks may be code: in a language of which not every text is a program."""
    return language in LANGUAGES and LANGUAGES[language].top_level is not None and not is_prose(block.text)


def _started(programs: list[_Program], wanted: frozenset[str]) -> list[_Program]:
    """The last program to define each wanted name; where none does, the last with the best label, a script first."""
    last = {name: item for item in programs for name in item.names.bound & wanted}
    last |= {name: item for item in programs for name in item.names.made & wanted}
    return list(last.values()) or [
        max(reversed(_own(programs)), key=lambda item: (item.rank, item.code.startswith("#!")))
    ]


def _own(programs: list[_Program]) -> list[_Program]:
    """The programs but for those that borrow from another one, a test or an outline, or repeat lines of it."""
    lines = ["\n".join(["", *map(str.strip, item.code.split("\n")), ""]) for item in programs]
    return [
        item
        for item, own in zip(programs, lines, strict=True)
        if not any(
            (other is not item and item.names.borrowed & other.names.made)
            or (len(own) < len(theirs) and own in theirs)
            for other, theirs in zip(programs, lines, strict=True)
        )
    ] or programs


def _joined(chosen: list[_Program], programs: list[_Program]) -> list[_Program]:
    """The chosen programs and all that they load from others, in the order of the answer."""
    position = {id(item): index for index, item in enumerate(programs)}
    taken = {position[id(item)] for item in chosen}
    pending = list(taken)
    while pending:
        at = pending.pop()
        for name in programs[at].names.loaded:
            if any(name in programs[index].names.bound for index in taken):
                continue
            source = _source(name, at, programs)
            if source is not None:
                taken.add(source)
                pending.append(source)
    return [programs[index] for index in sorted(taken)]


def _source(name: str, at: int, programs: list[_Program]) -> int | None:
    """The program that binds a name, the closest before `at`, else the first after it."""
    order = [*range(at - 1, -1, -1), *range(at + 1, len(programs))]
    for wanted in (name, "*"):
        found = next((index for index in order if wanted in programs[index].names.bound), None)
        if found is not None:
            return found
    return None


def _strip_blank_edges(code: str) -> str:
    return re.sub(r"\A(?:[ \t]*\n)+", "", code.rstrip()) if code.strip() else ""
