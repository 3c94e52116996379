"""Detects which programming language a piece of code is in."""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from typing import Any

from src.languages.code_patterns import DECISIVE, EVIDENCE
from src.languages.name_patterns import NAMED
from src.languages.registry import LANGUAGE_ALIASES
from src.languages.syntax import parse_python, syntax_error

INSPECTED_CHARS = 6_000  # a language shows in the first lines; bounds the work on hostile text

_FORMATS = {"json", "yaml", "html", "css", "sql", "other"}  # often named as what a program reads or writes

_COMMENT = re.compile(r"^\s*(?:#|//|/?\*|--|<!--|\"\"\"|''')")
_CODE_SYMBOL = re.compile(
    r"[{}\[\]=;$\\|&^~@]|[\"')\]]\.\w|[<>](?=\S)|\w_\w|\w\(|\)\s*$|::|->|\w\.\w+\(|:\s*$|^\s*#"
)
_CODE_WORD = re.compile(
    r"^(?:import|from \w+ import|def|class|return|print|pass|break|continue|raise|yield|assert|del"
    r"|global|let|const|var|function|public"
    r"|private|protected|static|void|int|float|double|char|echo|puts|end|else|try|finally|elsif|package"
    r"|use|using)\b(?!,)(?=.)"
    r"|^(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|FROM|WHERE|JOIN|ORDER|GROUP|HAVING|LIMIT"
    r"|VALUES|SET|AND|LEFT|INNER)\b"
    r"|^(?:select|insert into|delete from|drop table|create table) \w+"
)


def is_prose(text: str) -> bool:
    """Whether `text` reads as sentences or bare words rather than code, by its first INSPECTED_CHARS."""
    prose = code = 0
    for line in text[:INSPECTED_CHARS].splitlines():
        stripped = line.strip().lstrip("-*•>0123456789.) ").rstrip()
        if not stripped or _COMMENT.match(line):
            continue
        if _is_sentence(stripped, indented=line[:1] in " \t"):
            prose += len(stripped)
        else:
            code += len(stripped)
    return prose > 2 * code


def _is_sentence(line: str, indented: bool) -> bool:
    if _CODE_WORD.match(line):
        return False
    words = re.findall(r"[A-Za-z][A-Za-z'’-]*", line)
    symbols = len(_CODE_SYMBOL.findall(line.rstrip(":") if line[0].isupper() else line))
    if not symbols and EVIDENCE["bash"].match(line) and not re.search(r"[a-z]\.$", line):
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
    if not text.strip():
        return ""
    decisive = _decisive(text)
    named = _named(instruction, text) or _named_in(input[:200])
    if decisive:
        return "" if named == ["other"] else _settle_c_family(decisive, named)
    if "yaml" in named and _parses("yaml", text) and _is_yaml_document(text):
        return "yaml"
    if is_prose(text):
        return ""
    programs = [name for name in named if name not in _FORMATS] or named
    if len(programs) == 1 and not _contradicted(programs[0], text):
        return "" if programs[0] == "other" else programs[0]
    if len(programs) > 1:
        return max(programs, key=lambda name: _evidence(name, text))
    return _by_parser(text) or _by_magika(text)


def _named_in(text: str) -> list[str]:
    lowered = text.lower()
    return [name for name, pattern in NAMED.items() if pattern.found_in(text, lowered)]


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
    if text.lstrip()[:1] in ("[", "{") and _parses("json", text) and _is_json_document(text):
        return "json"
    lowered = text.lower()
    return next((name for name, pattern in DECISIVE.items() if pattern.found_in(text, lowered)), "")


def _is_json_document(text: str) -> bool:
    value = json.loads(text, parse_int=str)  # Python reads no number of more than 4,300 digits
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, dict) for item in value)
    )


def _settle_c_family(decisive: str, named: list[str]) -> str:
    """The language of a decisive pattern; a C header also occurs in C++, and JSON in other programs."""
    if decisive == "c" and "cpp" in named:
        return "cpp"
    if (
        decisive in ("json", "c")
        and len(named) == 1
        and named[0] in ("python", "javascript", "java", "csharp", "php")
    ):
        return named[0]
    if decisive in ("java", "csharp") and decisive not in named:
        return next((name for name in ("java", "csharp") if name in named), decisive)
    if decisive == "html" and "php" not in named:
        return "html"
    return decisive


def _evidence(name: str, text: str) -> float:
    """How strongly `text` looks like `name`: different patterns matched, and whether it parses."""
    if name == "other":
        return 0.5
    matches = len({match.group()[:12] for match in EVIDENCE[name].finditer(text)}) if name in EVIDENCE else 0
    strict = name in ("python", "sql", "json", "html", "css", "yaml")
    if strict and (matches or name in ("json", "yaml")) and _parses(name, text):
        matches += 2
    return matches


@lru_cache(maxsize=16)  # each text is looked up to four times in a row
def _parses(language: str, text: str) -> bool:
    return syntax_error(language, text) is None


def _has_evidence(name: str, text: str) -> bool:
    """Whether there is any evidence for `name` in `text`."""
    return (name in EVIDENCE and EVIDENCE[name].search(text) is not None) or _evidence(name, text) > 0


def _contradicted(name: str, text: str) -> bool:
    """Whether there is no evidence for the named language, and clear evidence for another one."""
    if name == "yaml" or (name != "other" and _has_evidence(name, text)):
        return False
    rival = _by_parser(text)
    return bool(rival) and _evidence(rival, text) >= (4 if name == "other" else 2)


def _by_parser(text: str) -> str:
    """The language with most evidence whose strict parser, where there is one, agrees; "" where none does."""
    scores = {name: _evidence(name, text) for name in EVIDENCE}
    if re.search(r"^[^\S\n]*+(?:export )?(?:interface|type|enum) \w", text, re.MULTILINE):
        scores["css"] = 0
    if scores["python"] and (parse_python(text) is None or text.rstrip().endswith(";")):
        scores["python"] = min(scores["python"] / 2, 1)
    if (
        scores["typescript"]
        and scores["typescript"] >= 1
        and scores["javascript"] + scores["typescript"] >= 2
    ):
        scores["typescript"] += scores["javascript"]
    if re.search(r"\b(?:public|private|protected) \w", text):
        scores["c"] = 0  # it has no such words
    if scores["php"] >= 2 and re.search(r"^(?>.*?\$\w).*;[^\S\n]*+$", text, re.MULTILINE):
        scores["bash"] = 0
    if scores["cpp"] and scores["c"]:
        scores["cpp"] += scores["c"] / 2
    if scores["html"] >= 2 and re.match(r"\s*<", text):
        return "html"
    for name in ("sql", "css"):
        if scores[name] and _parses(name, text) and scores[name] >= max(scores.values()) - 1:
            return name
    best = max(scores, key=lambda name: scores[name])
    rivals = [name for name in scores if name != best and scores[name] > scores[best] - 1]
    if scores[best] >= 2 and not rivals:
        return best
    if _parses("yaml", text) and _is_yaml_document(text):
        return "yaml"
    return best if scores[best] >= 1 and not rivals else ""


def _is_yaml_document(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    yaml_lines = sum(bool(re.match(r"\s*(?:- )*[\w./\"'-]+:(?:\s|$)|\s*- \S|---$", line)) for line in lines)
    return bool(lines) and yaml_lines == len(lines)


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
