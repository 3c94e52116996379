"""Compares what programs print as a teacher would: the data and its order count, the wording around it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from src.evaluation.differential.equality import same_text
from src.evaluation.differential.inside.rewriting import MARKS, MESSAGE, WORDING_BEGINS, WORDING_ENDS

_WORDING = re.compile(f"{WORDING_BEGINS}([^{WORDING_BEGINS}{WORDING_ENDS}]*){WORDING_ENDS}")
_HEADING = re.compile(
    r"\A[\w ,'()/-]+:|\A[-=*_~ ]+"
)  # a line that only announces the next or parts it from the last
_NEGATION = re.compile(
    r"(?i)\b(?:not|no|non|never|none|false|cannot|isn|aren|doesn|don|can't|un(?:able|equal|sorted|balanced)"
    r"|in(?:valid|correct|complete)|im(?:possible|perfect))\b"
)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_AROUND = "[](){}'\",:;!?$€£%"  # what a word or number may be wrapped in


def same_printed(expected: str, actual: str, ordered: bool = True) -> bool:
    """Whether two outputs, their wording marked (rewriting.py), say the same.

    Equal but for white space at line ends and rounding; or, where the reference shows data, the same data in the same order in
    another layout or wording. A picture is compared line by line. Where lines differ in their wording ("is prime",
    "is not prime"), those of the other side differ at the same places. In place of what an `except` of the reference
    says, the other says something in words.
    """
    texts = plain(expected), plain(actual)
    if same_text(*texts, ordered):
        return True
    if _is_picture(expected):
        return False
    if _squeezed(texts[0]) == _squeezed(texts[1]):
        return True
    left, right = _lines(expected), _lines(actual.replace(MESSAGE, ""))
    messages = [at for at, line in enumerate(left) if line.startswith(MESSAGE)]
    if messages:
        if len(left) != len(right) or not all(_says_something(right[at]) for at in messages):
            return False
        left, right = ([line for at, line in enumerate(side) if at not in messages] for side in (left, right))
        if not left:
            return True
    if not ordered and len(left) == len(right):
        left, right = (sorted(side, key=lambda line: sorted(_tokens(line))) for side in (left, right))
    tokens = [[token for line in lines for token in _tokens(line, ordered)] for lines in (left, right)]
    if not ordered and len(left) != len(right):
        tokens = [sorted(side) for side in tokens]
    return _same_tokens(*tokens) and _same_roles(
        [_wording(line) for line in left], [_wording(line) for line in right]
    )


def _squeezed(text: str) -> str:
    """A text without the spaces around signs: "5 + 7 = 12" is "5+7=12"."""
    text = re.sub(r"(?<=[+*/=<>-])[^\S\n]+", "", text)
    return re.sub(r"(?<![^\S\n])[^\S\n]+(?=[+*/=<>-])", "", text).strip()


def denies(text: str) -> bool:
    """Whether a text says that something is not so: "7 is not prime", "False", "Invalid"."""
    return bool(_NEGATION.search(plain(text)))


def _says_something(line: str) -> bool:
    return bool(re.search(r"[^\W\d_]{2}", line)) and not re.search(r"\d", line)


def plain(text: str) -> str:
    """An output without the marks of wording."""
    return text.translate(MARKS)


def shows(text: str, printed: str, arguments: Sequence[str]) -> bool:
    """Whether an output shows a value and, beside it, only words, units and what the call was given."""
    expected = _tokens(text)
    given = [token for argument in arguments for token in _tokens(argument)]
    actual = [_without_unit(token) for line in _lines(printed) for token in _tokens(line)]
    if all(map(_NUMBER.fullmatch, expected)):
        actual = [token for token in actual if _NUMBER.fullmatch(token)]
    other = [token for token in actual if token not in given]
    once = actual.copy()
    for token in given:
        if token in once:
            once.remove(token)
    return any(_same_tokens(expected, tokens) for tokens in (actual, other, once))


def _without_unit(token: str) -> str:
    """The number of "98.6°F"."""
    number = _NUMBER.match(token)
    return (
        number.group() if number and re.fullmatch(r"[^\w\s]?[^\W\d]{0,3}", token[number.end() :]) else token
    )


def _lines(text: str) -> list[str]:
    lines = [line for line in text.split("\n") if line.strip()]
    return [line for line in lines if not _HEADING.fullmatch(plain(line).strip())]


def _tokens(line: str, ordered: bool = True) -> list[str]:
    words = (word.strip(_AROUND).rstrip(".") for word in _WORDING.sub(" ", line).split())
    tokens = [word for word in words if word]
    return tokens if ordered else sorted(tokens)


def _wording(line: str) -> str:
    words = " ".join(_WORDING.findall(line)).lower()
    return " ".join(re.findall(r"[^\W_]+", words))


def _is_picture(text: str) -> bool:
    """Whether the data are drawn: signs in a row, or lines that are moved in."""
    lines = [_WORDING.sub(" ", line) for line in text.strip("\n").split("\n")]
    signs = any(re.search(r"(?<!\S)[^\w\s]{2,}(?!\S)", re.sub(r"[\[\](){}'\",]", "", line)) for line in lines)
    return signs or any(line[:1] in " \t" and line.strip() for line in text.strip("\n").split("\n"))


def _same_tokens(expected: list[str], actual: list[str]) -> bool:
    pairs = zip(expected, actual, strict=False)
    return len(expected) == len(actual) > 0 and all(a == b or _same_number(a, b) for a, b in pairs)


def _same_number(expected: str, actual: str) -> bool:
    """Whether the second number, at the precision of the first, is the first."""
    if not (_NUMBER.fullmatch(expected) and _NUMBER.fullmatch(actual)):
        return False
    decimals = len(expected.partition(".")[2]) if "e" not in expected.lower() else 0
    try:
        a, b = float(expected), float(actual)
    except OverflowError:
        return False
    within = 0.5000001 * 10**-decimals if 0 < decimals <= 6 and len(actual) > len(expected) else 0
    return a == b or abs(a - b) < max(within, 1e-6 * abs(a) if decimals else 0)


def _same_roles(expected: list[str], actual: list[str]) -> bool:
    """Whether each wording on one side stands where one wording of the other stands, and denies where that denies."""
    if len(expected) != len(actual):  # another layout: all that is said on each side
        expected, actual = [" ".join(dict.fromkeys(expected))], [" ".join(dict.fromkeys(actual))]
    pairs = set(zip(expected, actual, strict=False))
    one_to_one = len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    exchanged = any(a != b and a in actual and b in expected for a, b in pairs)
    denied = any(bool(_NEGATION.search(a)) != bool(_NEGATION.search(b)) for a, b in pairs)
    plain = min(len({a for a, _ in pairs}), len({b for _, b in pairs})) == 1
    return (one_to_one or plain) and not exchanged and not denied


def shown(result: Mapping[str, Any]) -> str:
    """What a program or call printed, its wording marked."""
    return str(result["marked"] or result["stdout"])


def text_of(described: Any) -> str | None:
    """What print() shows of a described value; None where only a digest of it is kept, or it is no plain value."""
    kind, *content = described
    match kind:
        case "s":
            return str(content[0])
        case "h" | "u" | "y" | "x" | "o":
            return None
        case "q":
            return "; ".join(f"{how} {_source_of(value)}" for how, value in content[0])
    return _source_of(described)


def _source_of(described: Any) -> str | None:
    kind, *content = described
    match kind:
        case "n":
            return "None"
        case "b":
            return str(bool(content[0]))
        case "i":
            return str(int(content[0], 16)) if len(content[0]) < 1_000 else None
        case "f":
            return str(content[0])
        case "s":
            return repr(content[0])
        case "d":
            pairs = [[_source_of(part) for part in pair] for pair in content[0]]
            return (
                None
                if any(None in pair for pair in pairs)
                else "{" + ", ".join(f"{k}: {v}" for k, v in pairs) + "}"
            )
        case "l" | "t" | "g" | "S":
            items = [_source_of(item) for item in content[0]]
            around = {"t": "()", "S": "{}"}.get(kind, "[]")
            return None if None in items else around[0] + ", ".join(map(str, items)) + around[1]
    return None
