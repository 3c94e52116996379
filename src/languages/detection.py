"""Detects which programming language a piece of code is in."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from src.languages.language import Pattern
from src.languages.registry import LANGUAGE_ALIASES, LANGUAGES, syntax_error

INSPECTED_CHARS = 6_000  # a language shows in the first lines; bounds the work on hostile text
OTHER = "other"  # stands for every language that has no file here

# What such languages are called; one that gets a file is named there.
_OTHER_WORDS = (
    "swift scala kotlin perl powershell prolog matlab haskell dart lua latex lisp assembly objective-c erlang elixir"
    " clojure cobol fortran julia"
).split()
_OTHER_NAMES = {word: word for word in _OTHER_WORDS} | {
    "vb": "vb.net|vbnet|visual basic",
    "r": "in R|using R|R program|R function|R code|R script",
}
_UNKNOWN = "|".join(names for word, names in _OTHER_NAMES.items() if word not in LANGUAGE_ALIASES)
_ALL = LANGUAGES.values()
NAMED = {language.name: language.named for language in _ALL if language.named} | {
    OTHER: Pattern(rf"(?i)\b(?:{_UNKNOWN.replace('.', '[.]')})\b", _UNKNOWN.lower())
}
# What programs of languages that have no file here begin with, where those of another are like them.
_OTHER_BEGINNINGS = {
    "perl": Pattern(r"\A\s*+(?:#!.*\bperl\b|use (?:strict|warnings);)", "perl|use "),
    "mongodb": Pattern(
        r"\A\s*+(?:use \w++;?\s++)?db\.(?:getCollection\(|\w++\.)(?:.{0,40}\)\.)?"
        r"(?:find|insert|update|delete|remove|aggregate|create|drop|count|distinct|replace)(?:[A-Z]\w*+)?\(",
        "db.",
    ),
}
_OTHER_CODE = [pattern for word, pattern in _OTHER_BEGINNINGS.items() if word not in LANGUAGE_ALIASES]
# A question for what a program prints, whose answer is no code.
_ASKS_OUTPUT = Pattern(
    r"(?i)\b(?:output|result)\b[^.?!\n]{0,80}\b(?:of|from|by|when|after|following|this|given|code|program|snippet)\b"
    r"|\bwhat (?:will|does|would|is)\b[^.?!\n]{0,80}\b(?:print|output|return|display)",
    "what|output|result",
)
_EVIDENCE = {language.name: language.evidence.compiled for language in _ALL if language.evidence}
_DECISIVE = sorted(_ALL, key=lambda language: language.decisive_rank)
_BARE_LINES = [_EVIDENCE[language.name] for language in _ALL if language.bare_lines]
_COMMENTS = "|".join({re.escape(mark): None for language in _ALL for mark in language.comments.split()})
_COMMENT = re.compile(rf"^\s*(?:\*|{_COMMENTS})")
_LINE_START = re.compile("|".join(language.line_start for language in _ALL if language.line_start))
_WORDS = re.compile(r"[^\W\d_][^\W\d_'’-]*+(?:['’-][^\W\d_]++)*+")
# no space parts words
_UNSPACED = re.compile(
    r"([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{1,2})"
)
_FOREIGN_END = tuple("。！？：।؟")  # of a sentence, in scripts other than Latin
# an argument: its words are no sentence's
_QUOTED = re.compile(r"""(?<![^\s(=,])(?:"[^"]*+"|'[^']*+')(?![^\s),;])""")
# of Markdown, as no code begins
_BOLD = re.compile(r"\*\*(?=[^\W\d_])[^*]{0,200}+(?<=[\w:.!?)])\*\*(?:[\s:]|$)")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*+ ?[-+*/%]?= ?[^=\s]")
_CODE_SYMBOL = re.compile(
    r"[{}\[\]=;$\\|&^~@]|[\"')\]]\.\w|[<>](?=\S)|\w_\w|\w\(|\)\s*$|::|->|\w\.\w+\(|:\s*$|^\s*#"
)


def is_prose(text: str) -> bool:
    """Whether `text` reads as sentences or bare words rather than code, by its first INSPECTED_CHARS."""
    if text.lstrip().startswith("#!"):
        return False
    prose = code = 0
    for line in text[:INSPECTED_CHARS].splitlines():
        if _BOLD.match(line):
            prose += len(line)
            continue
        stripped = line.strip().lstrip("-*•>0123456789.) ").rstrip()
        if not stripped or _COMMENT.match(line):
            continue
        if _is_sentence(stripped, indented=line[:1] in " \t"):
            prose += len(stripped)
        else:
            code += len(stripped)
    return prose > 2 * code


def _is_sentence(line: str, indented: bool) -> bool:
    if _LINE_START.match(line) or _ASSIGNMENT.match(line):
        return False
    if line.endswith(_FOREIGN_END):
        return True
    words = [part for run in _WORDS.findall(_QUOTED.sub("", line)) for part in _UNSPACED.split(run) if part]
    symbols = len(
        _CODE_SYMBOL.findall(line if line[0].isascii() and not line[0].isupper() else line.rstrip(":"))
    )
    if not symbols and any(bare.match(line) for bare in _BARE_LINES) and not re.search(r"[a-z]\.$", line):
        return False
    if len(words) >= 4 and symbols * 5 <= len(words):
        return True
    if len(words) >= 5 and line[0].isupper() and line[-1] in ".!?:" and symbols * 3 <= len(words):
        return True
    return not symbols and not indented and bool(words) and not re.search(r"[*/+%]|\d\s*-\s*\d", line)


def detect(instruction: str, input: str, code: str) -> str:
    """The language of `code`: a key of LANGUAGES, or "" for prose or another language.

    A language named in the instruction comes first, unless the code is decisively in another one; then the
    parsers and each language's code patterns; then magika, a maintained detector.
    """
    text = code[:INSPECTED_CHARS]
    if not text.strip() or any(begins(text, text.lower()) for begins in _OTHER_CODE):
        return ""
    decisive = _decisive(text)
    named = _named(instruction, text) or _named_in(input[:200])
    if decisive:
        return "" if named == [OTHER] else _settled(decisive, named)
    document = next((name for name in _documents(text) if name in named), "")
    if document or is_prose(text):
        return document
    if _ASKS_OUTPUT(instruction, instruction.lower()) and not any(
        _evidence(name, text) for name in _EVIDENCE
    ):
        return ""
    programs = [name for name in named if name != OTHER and not LANGUAGES[name].is_format] or named
    if len(programs) > 1 or (programs and not _contradicted(programs[0], text)):
        best = max(programs, key=lambda name: _evidence(name, text))
        return "" if best == OTHER else best
    return _by_parser(text) or _by_magika(text)


def _named_in(text: str) -> list[str]:
    lowered = text.lower()
    return [name for name, pattern in NAMED.items() if pattern(text, lowered)]


def _named(instruction: str, text: str) -> list[str]:
    """Languages named in the instruction; of a translation only the one translated into."""
    names = _named_in(instruction)
    if len(names) < 2:
        return names
    for target in re.finditer(r"\b(?:in)?to (?:an? |valid |equivalent |the )?(\S+(?: \S+)?)", instruction):
        translated = [name for name in _named_in(f"in {target.group(1)}") if _evidence(name, text)]
        if translated:
            return translated
    return names


def _decisive(text: str) -> str:
    lowered = text.lower()
    return next((item.name for item in _DECISIVE if item.decisive and item.decisive(text, lowered)), "")


def _settled(decisive: str, named: list[str]) -> str:
    """The language of decisive code; that of C occurs in C++ too, and JSON in programs of others."""
    ours = [LANGUAGES[name] for name in named if name != OTHER]
    extending = next((language.name for language in ours if language.extends == decisive), "")
    if extending or decisive in named:
        return extending or decisive
    sharing = [item.name for item in ours if item.name in LANGUAGES[decisive].shared_with.split()]
    return sharing[0] if len(sharing) == 1 else decisive


def _documents(text: str) -> list[str]:
    """Formats in which `text` is meant as a document."""
    return [item.name for item in _ALL if item.document and item.document(text)]


def _evidence(name: str, text: str) -> float:
    """How strongly `text` looks like `name`: different patterns matched, and whether it parses."""
    if name == OTHER:
        return 0.5
    pattern = _EVIDENCE.get(name)
    matches = len({match.group()[:12] for match in pattern.finditer(text)}) if pattern else 0
    if LANGUAGES[name].strict and (matches or not pattern) and _parses(name, text):
        matches += 2
    return matches


@lru_cache(maxsize=16)  # each text is looked up to four times in a row
def _parses(language: str, text: str) -> bool:
    return syntax_error(language, text) is None


def _contradicted(name: str, text: str) -> bool:
    """Whether there is no evidence for the named language, and clear evidence for another one."""
    if name in _EVIDENCE and _EVIDENCE[name].search(text):
        return False
    if name != OTHER and (LANGUAGES[name].document or _evidence(name, text)):
        return False
    rival = _by_parser(text)
    return bool(rival) and _evidence(rival, text) >= (4 if name == OTHER else 2)


def _by_parser(text: str) -> str:
    """The language with most evidence whose strict parser, where there is one, agrees; "" where none does."""
    found = {name: _evidence(name, text) for name in _EVIDENCE}
    scores = {name: weigh(text, found) if (weigh := LANGUAGES[name].weigh) else found[name] for name in found}
    for name, score in scores.items():
        if score and score >= max(scores.values()) - 1 and LANGUAGES[name].settles and _parses(name, text):
            return name
    best = max(scores, key=lambda name: scores[name])
    rivals = [name for name in scores if name != best and scores[name] > scores[best] - 1]
    if scores[best] >= 2 and not rivals:
        return best
    documents = _documents(text)
    if documents:
        return documents[0]
    return best if scores[best] >= 1 and not rivals else ""


@cache
def _magika() -> Any:
    from magika import Magika
    from onnxruntime import InferenceSession, SessionOptions

    class OneThread(Magika):
        """Magika without threads: with one text at a time they only wait for each other."""

        def _init_onnx_session(self) -> InferenceSession:
            options = SessionOptions()
            options.intra_op_num_threads = 1
            return InferenceSession(self._model_path, options, providers=["CPUExecutionProvider"])

    return OneThread()


def _by_magika(text: str) -> str:
    """Magika's prediction among our languages; its best guess even where it is unsure."""
    output = _magika().identify_bytes(text.encode("utf-8", "replace"))
    label = str(output.output.label)
    if label not in LANGUAGE_ALIASES:
        label = str(output.dl.label)
    return LANGUAGE_ALIASES.get(label, "")
