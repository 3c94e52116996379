"""Decides whether two programs say the same in other words: True and "yes", "not prime" and "No, 9 is no prime"."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from src.evaluation.differential.equivalence.printed import denies, plain, shown
from src.evaluation.differential.probe_runner import ProbeRecord
from src.languages.syntax import literal

_REFUSAL = re.compile(
    r"(?i)\b(?:error|invalid|cannot|can't|not|no|undefined|must|please|empty|impossible|unable|none|fail\w*)\b"
)
_EVERYDAY = frozenset(
    "number string list value check given word text input find get has are all test".split()
)


@dataclass(frozen=True)
class Answered:
    """One call: what it was given, what the reference and the answer did, and whether that is equal."""

    arguments: Sequence[str]
    expected: ProbeRecord
    actual: ProbeRecord
    same: bool


def own_words(reference: ast.Module, task: str) -> dict[str, bool]:
    """Texts that the reference's functions may say, and whether the task names them: "Even" of "even or odd".

    Those that it quotes are left out: they are to be said as they are.
    """
    functions = [node for node in ast.walk(reference) if isinstance(node, ast.FunctionDef)]
    texts = {
        node.value
        for function in functions
        for statement in function.body
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.search(r"[^\W\d_]{2}", node.value)
    }
    quoted = {text for text in texts if re.search(rf"[\"'`]{re.escape(text.strip())}[.!]?[\"'`]", task)}
    return {
        text.strip(): bool(re.search(rf"(?i)(?<!\w){re.escape(text.strip())}(?!\w)", task))
        for text in texts - quoted
    }


def chosen_words(reference: ast.Module, task: str) -> frozenset[str]:
    """Words, in small letters, that stand in the texts of a reference and not in its task."""
    texts = [n.value for n in ast.walk(reference) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    words = {word.casefold() for text in texts for word in re.findall(r"[^\W\d_]{2,}", text)}
    return frozenset(words - {word.casefold() for word in re.findall(r"[^\W\d_]+", task)})


def quoted_in(task: str) -> tuple[str, ...]:
    """The texts that a task gives between quotes."""
    found = re.findall(r"'([^'\n]*)'|\"([^\"\n]*)\"|`([^`\n]*)`", task)
    return tuple(text for groups in found for text in groups if text)


def topics_of(reference: ast.Module) -> frozenset[str]:
    """What functions are about, by their names: {"armstrong"} of `is_armstrong_number`."""
    names = [node.name for node in ast.walk(reference) if isinstance(node, ast.FunctionDef)]
    words = {word.lower() for name in names for word in re.findall(r"[A-Z]?[a-z]{3,}", name)}
    return frozenset(words - _EVERYDAY)


def answers_question(text: str, topics: frozenset[str]) -> bool:
    """Whether a text says yes or no to the question of these topics: "153 is an Armstrong number"."""
    return any(re.search(rf"(?i)\b(?:{word}|yes|no|true|false)\b", text) for word in topics)


def said_alike(
    calls: Sequence[Answered],
    words: Mapping[str, bool],
    raised: frozenset[str],
    must_print: bool,
    must_return: bool,
    must_be_bool: bool,
) -> bool:
    """Whether the answer says in words of its own, on each call, what the reference returned or said.

    words: texts that are the reference's own (own_words). raised: errors that the answer itself raises. Yes and no may be said in any words that agree or deny; each other
    text of the reference has one counterpart, which the texts of the other calls have not.
    """
    pairs: dict[str, str] = {}
    yes_and_no = _yes_and_no(calls)
    for call, is_yes in zip(calls, yes_and_no, strict=True):
        text = said(call.actual)
        by_print = text is not None and call.actual["value"] == ["n"]
        if not call.same and ((by_print and must_return) or (must_print and not by_print)):
            return False
        expected = said(call.expected)
        if is_yes is not None and (expected is None or expected not in words):
            if not call.same and (must_be_bool or _says_yes(call, text) is not is_yes):
                return False
        elif expected is None or expected not in words:
            if not call.same:
                return False
        elif not (_REFUSAL.search(expected) and _refuses(call.actual, raised)):
            if text is None or (words[expected] and not _names(text, expected, words)):
                return False
            own = _without_arguments(text, call.arguments)
            if pairs.setdefault(expected, own) != own:
                return False
    return _one_to_one(pairs) and not _is_composed(pairs, calls) and not _refuses_all(calls)


def _refuses_all(calls: Sequence[Answered]) -> bool:
    """Whether the answer says the same where the reference refuses and where it does not."""
    texts: tuple[set[str], set[str]] = set(), set()
    for call in calls:
        expected, actual = said(call.expected), said(call.actual)
        if expected and actual:
            texts[bool(_REFUSAL.search(expected))].add(_without_arguments(actual, call.arguments))
    return not texts[0].isdisjoint(texts[1])


def _is_composed(pairs: Mapping[str, str], calls: Sequence[Answered]) -> bool:
    """Whether a text that was put in other words is a part of what other calls give: the "forty" of "forty-two"."""
    reworded = [key for key, text in pairs.items() if key.casefold() != text]
    others = {text for call in calls for text in [said(call.expected)] if text and text not in pairs}
    return any(re.search(rf"\b{re.escape(key)}\b", text) for key in reworded for text in others)


def said(result: ProbeRecord) -> str | None:
    """The text that a call returned, or else printed."""
    value = result["value"]
    if result["error"] or not value:
        return None
    if value[0] == "s":
        return str(value[1]).strip()
    return plain(shown(result)).strip() or None if value == ["n"] else None


def _yes_and_no(calls: Sequence[Answered]) -> list[bool | None]:
    """What the reference says on each call, where that is yes or no: a bool, or one of two texts of which one denies."""
    texts = [said(call.expected) for call in calls]
    own = [_without_arguments(t, c.arguments) if t else None for t, c in zip(texts, calls, strict=True)]
    two = {text for text in own if text}
    is_question = len(two) == 2 and sum(map(denies, two)) == 1 and not re.search(r"\d", "".join(two))
    values = [call.expected["value"] for call in calls]
    return [
        bool(value[1]) if value and value[0] == "b" else not denies(text) if is_question and text else None
        for value, text in zip(values, own, strict=True)
    ]


def _says_yes(call: Answered, text: str | None) -> bool | None:
    value = call.actual["value"]
    if value and value[0] == "b":
        return bool(value[1])
    return None if text is None else not denies(_without_arguments(text, call.arguments))


def _refuses(result: ProbeRecord, raised: frozenset[str]) -> bool:
    """Whether a call gave nothing: an error that the program raises itself, None, False or a text."""
    if result["error"]:
        return result["error"] in raised
    return said(result) is not None or result["value"] in (["n"], ["b", 0])


def _names(text: str, expected: str, words: Mapping[str, bool]) -> bool:
    """Whether a text has the word of the reference that it should, and no other."""
    named = [
        word
        for word, is_named in words.items()
        if is_named and re.search(rf"(?i)\b{re.escape(word)}\b", text)
    ]
    return expected in named and all(word.casefold() in expected.casefold() for word in named)


def _without_arguments(text: str, arguments: Sequence[str]) -> str:
    """A text without what the call was given, and without layout."""
    for source in arguments:
        value = literal(source)
        if isinstance(value, str) and len(value) > 1:
            text = text.replace(value, " ")
    return " ".join(re.sub(r"[\d.,:;!?'\"]+", " ", text).casefold().split())


def _one_to_one(pairs: Mapping[str, str]) -> bool:
    keys = {key.casefold() for key in pairs}
    exchanged = any(key.casefold() != text and text in keys for key, text in pairs.items())
    return len(set(pairs.values())) == len(pairs) and not exchanged
