"""Compares what programs print as a teacher would: the data and its order count, the wording around it does not."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from src.evaluation.differential.equivalence.equality import same_text
from src.evaluation.differential.inside.rewriting import MARKS, MESSAGE, WORDING_BEGINS, WORDING_ENDS

_WORDING = re.compile(f"{WORDING_BEGINS}([^{WORDING_BEGINS}{WORDING_ENDS}]*){WORDING_ENDS}")
_HEADING = re.compile(
    r"\A[\w ,'()/-]+:|\A[-=*_~ ]+"
)  # a line that only announces the next or parts it from the last
_NEGATION = re.compile(
    r"(?i)\b(?:not|no|non|never|none|false|cannot|isn|aren|doesn|don|can't|un(?:able|equal|sorted|balanced)"
    r"|in(?:valid|correct|complete)|im(?:possible|perfect)|(?:some|any)(?:thing|one) else|(?:other|else) than)\b"
)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_CLOCK, _NO_CLOCK = re.compile(r"\d:0\d"), re.compile(r"\d:\d(?!\d)")  # 9:05, 9:5
_PREFIXED = re.compile(r"0[xob]([0-9a-f]+)|0(\d:[0-5]\d(?::[0-5]\d)?)|(AM|PM)")
_DAYS = re.compile(r"\b(\d+) days?, 0:00:00")  # how a difference of dates prints itself
_LABEL = re.compile(r"\A[A-Za-z][\w ]{0,30}:\s+(?=\S)")
_FIELD = re.compile(r"['\"]\w+['\"]:")
MAX_ALIGNED = 40_000
_LIST = re.compile(r"\[['\"]")
_FIELDS = re.compile(r"(?<=[^\s\d]),(?=\S)|(?<=\S),(?=[^\s\d])")  # a comma that parts, and not that of 1,250
_AROUND = "[](){}'\",:;!?$€£%|"  # what a word or number may be wrapped in


def same_printed(
    expected: str, actual: str, ordered: bool = True, free: Collection[str] = (), laid_out: bool = True
) -> bool:
    """Whether two outputs, their wording marked (rewriting.py), say the same.

    Equal but for white space at line ends and rounding; or, where the reference shows data, the same data in the same order in
    another layout or wording. A picture is compared line by line. Where lines differ in their wording ("is prime",
    "is not prime"), those of the other side differ at the same places. In place of what an `except` of the reference
    says, the other says something in words.

    free: words in small letters that the reference chose: the other may write them large. laid_out: the task says how
    lines are numbered and things are parted; where it does not, line numbers and spaces between letters are free.
    """
    texts = plain(expected), plain(actual)
    if same_text(*texts, ordered):
        return True
    zero_lost = _CLOCK.search(texts[0]) and _NO_CLOCK.search(texts[1]) and not _NO_CLOCK.search(texts[0])
    if _is_picture(expected) or zero_lost:
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
    roles = _same_roles([_wording(line) for line in left], [_wording(line) for line in right])
    if roles and same_tokens(*tokens):
        return True
    if not ordered:
        return False
    if not laid_out and _same_in_another_layout(left, right):
        return True
    if not roles or _denial(left) is not _denial(right):
        return False
    return _aligned(_words(left), _words(right), free) or _aligned(
        _words(left), _words(_unlabelled(right)), free
    )


def _unlabelled(lines: Sequence[str]) -> list[str]:
    """Lines without the one label that all of them have: "BMI: 22.2, normal"."""
    labels = {match.group() if (match := _LABEL.match(line)) else "" for line in lines}
    return [_LABEL.sub("", line) for line in lines] if len(labels) == 1 else [*lines]


def _denial(lines: Sequence[str]) -> bool:
    return denies("\n".join(lines))


def _same_in_another_layout(expected: Sequence[str], actual: Sequence[str]) -> bool:
    """Whether lines say the same but for line numbers, the names of fields, or spaces between single signs."""
    if len(expected) != len(actual):
        return _without_fields(expected) == _without_fields(actual) != []
    left, right = ([_tokens(line) for line in side] for side in (expected, actual))
    if _is_numbered(left) is not _is_numbered(right):
        left, right = ([line[1:] for line in side] if _is_numbered(side) else side for side in (left, right))
        if all(a and b and same_tokens(a, b) for a, b in zip(left, right, strict=True)):
            return True
    listed = any(_LIST.search(line) for line in (*expected, *actual))
    if not listed and any(all(len(sign) == 1 for line in side for sign in line) for side in (left, right)):
        return [*map("".join, left)] == [*map("".join, right)] != [""] * len(left)
    return _without_fields(expected) == _without_fields(actual) != []


def _is_numbered(lines: Sequence[Sequence[str]]) -> bool:
    """Whether each of several lines begins with its own number, from 0 or 1, and says something else."""
    numbers = [line[0] if len(line) > 1 else "" for line in lines]
    return len(lines) > 1 and any(
        numbers == [str(at + first) for at in range(len(lines))] for first in (0, 1)
    )


def _without_fields(lines: Sequence[str]) -> list[str]:
    """What lines show, without the names of fields that each of several records has: `{'name': 'desk'}, {'name': 'lamp'}`."""
    text = plain("\n".join(lines))
    names = _FIELD.findall(text)
    for name in {name for name in names if names.count(name) > 1}:
        text = text.replace(name, " ")
    return [token for line in text.split("\n") for token in _tokens(line)]


def _words(lines: Sequence[str]) -> list[tuple[str, bool]]:
    """All that lines say, in order, and whether it is wording."""
    found: list[tuple[str, bool]] = []
    for line in lines:
        for at, part in enumerate(_WORDING.split(line)):
            words = re.findall(r"[^\W\d_]+", part) if at % 2 else _tokens(part)
            found += [(word, bool(at % 2)) for word in words]
    return found


def _aligned(
    expected: Sequence[tuple[str, bool]], actual: Sequence[tuple[str, bool]], free: Collection[str]
) -> bool:
    """Whether the data of each side are found in order on the other, where a word may be data here and wording there."""
    if not any(not is_wording for _, is_wording in expected) or len(expected) * len(actual) > MAX_ALIGNED:
        return False
    reached = {(0, 0)}
    left = [(0, 0)]
    while left:
        a, b = left.pop()
        if (a, b) == (len(expected), len(actual)):
            return True
        following = []
        if a < len(expected) and expected[a][1]:
            following.append((a + 1, b))
        if b < len(actual) and actual[b][1]:
            following.append((a, b + 1))
        if a < len(expected) and b < len(actual) and _says_the_same(expected[a], actual[b], free):
            following.append((a + 1, b + 1))
        new = [place for place in following if place not in reached]
        reached.update(new)
        left += new
    return False


def _says_the_same(expected: tuple[str, bool], actual: tuple[str, bool], free: Collection[str]) -> bool:
    (a, a_is_wording), (b, b_is_wording) = expected, actual
    if a == b or _same_number(a, b):
        return True
    return a.casefold() == b.casefold() and (a_is_wording or b_is_wording or a.casefold() in free)


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
    other = [token for token in actual if not any(_is_given(token, own) for own in given)]
    once = actual.copy()
    for own in given:
        repeated = next((token for token in once if _is_given(token, own)), None)
        if repeated is not None:
            once.remove(repeated)
    return any(same_tokens(expected, tokens) for tokens in (actual, other, once))


def _is_given(token: str, given: str) -> bool:
    """Whether a script repeats what it was given: 75.0 is 75."""
    return token == given or _same_number(given, token)


def shows_nothing(printed: str) -> bool:
    """Whether an output shows no data: it is words alone, around nothing or brackets, or says that there is nothing."""
    return denies(printed) or not any(_tokens(line) for line in _lines(printed))


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
    line = _FIELDS.sub(", ", _DAYS.sub(r"\1", _WORDING.sub(" ", line)))
    words = (word.strip(_AROUND).rstrip(".") for word in line.split())
    tokens = [_plain_form(word) for word in words if word]
    return tokens if ordered else sorted(tokens)


def _plain_form(token: str) -> str:
    """A number without what says its base, a time of day without a zero before it, "am" in small letters."""
    match = _PREFIXED.fullmatch(token)
    return match.group(1) or match.group(2) or match.group(3).lower() if match else token


def _wording(line: str) -> str:
    words = " ".join(_WORDING.findall(line)).lower()
    return " ".join(re.findall(r"[^\W_]+", words))


def _is_picture(text: str) -> bool:
    """Whether the data are drawn: signs in a row, or lines that are moved in."""
    lines = [_WORDING.sub(" ", line) for line in text.strip("\n").split("\n")]
    signs = any(re.search(r"(?<!\S)[^\w\s]{2,}(?!\S)", re.sub(r"[\[\](){}'\",]", "", line)) for line in lines)
    return signs or any(line[:1] in " \t" and line.strip() for line in text.strip("\n").split("\n"))


def same_tokens(expected: list[str], actual: list[str]) -> bool:
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
