"""Which signs a task says that its texts have: "the text holds only letters and single spaces", "a list of forbidden words"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from src.evaluation.differential.inputs.stated.units import is_text

_ONLY = re.compile(
    r"(?i)\b(?:holds?|has|have|contains?|consists? of|made of|with) (?:only |nothing but )"
    r"((?:(?:lower[- ]?case|upper[- ]?case|small|capital|single|english) )?\w+(?:, (?:single )?\w+)*(?:,? (?:and|or) (?:single )?\w+)?)"
)
_KINDS = {
    "letter": "A-Za-z",
    "digit": "0-9",
    "number": "0-9",
    "space": " ",
    "hyphen": "-",
    "dash": "-",
    "comma": ",",
    "dot": ".",
}
_SIGN = r"(?:an? |the )?(?:[\"'`]([^\"'`\s])[\"'`]|([A-Z#.*+_|/<>^=0-9-]))(?: \([^)\n]{0,40}\))?"
_ROW = re.compile(
    rf"\b(?:string|text|row|sequence)s? (?:of|with|made of) (?:only )?(?:the )?(?:(?:letters|signs|characters) )?({_SIGN}(?:, {_SIGN}){{0,8}},? (?:and|or) {_SIGN})(?=[\s,.:;]|$)"
)
_WORDS = re.compile(r"(?i)\blists? of (?:\w+ )?words\b")
_ASKED = re.compile(r"(?i)\b(?:check|whether|if|valid\w*|otherwise|return true|count|find|filter)\b")


@dataclass(frozen=True)
class Signs:
    """Whether texts have these signs alone, those that part words singly and between others."""

    allowed: str  # as in a class of a regular expression
    parting: str

    def __call__(self, values: Sequence[object]) -> bool:
        return list(values) == [self.fit(value) for value in values]

    def fit(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.fit(item) for item in value]
        if not is_text(value) or not value:
            return value
        kept = re.sub(f"[^{self.allowed}]", "", value)
        before = ["", *kept]
        kept = "".join(
            sign for last, sign in zip(before, kept, strict=False) if not {last, sign} <= {*self.parting}
        )
        return kept.strip(self.parting) or ("7" if self.allowed == "0-9" else "word")


@dataclass(frozen=True)
class Row:
    """Whether texts are rows of a few signs."""

    signs: str

    def __call__(self, values: Sequence[object]) -> bool:
        return list(values) == [self.fit(value) for value in values]

    def fit(self, value: Any) -> Any:
        if not is_text(value):
            return value
        return "".join(
            sign if sign in self.signs else self.signs[ord(sign) % len(self.signs)] for sign in value
        )


@dataclass(frozen=True)
class Words:
    """Whether the texts in lists are single words."""

    def __call__(self, values: Sequence[object]) -> bool:
        return list(values) == [self.fit(value) for value in values]

    def fit(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return [item.split()[0] if is_text(item) and len(item.split()) > 1 else item for item in value]


def stated_signs(instruction: str) -> Iterator[Signs | Row | Words]:
    """The signs of texts that an instruction states; none where it asks for them."""
    for sentence in re.split(r"(?<=\.)\s", instruction):
        for row in [] if _ASKED.search(sentence) else _ROW.finditer(sentence):
            signs = [quoted or plain for quoted, plain in re.findall(_SIGN, row.group(1))]
            yield Row("".join(dict.fromkeys(signs)))
        for said in [] if _ASKED.search(sentence) else _ONLY.findall(sentence):
            names = [word.lower().removesuffix("s").removesuffix("e") for word in re.findall(r"\w+", said)]
            known = [_KINDS[kind] for kind in _KINDS for name in names if name == kind.removesuffix("e")]
            if any(kind.isalnum() or "-" in kind[1:] for kind in known):
                parting = "".join(kind for kind in known if len(kind) == 1)
                yield Signs("".join(re.escape(k) if len(k) == 1 else k for k in known), parting)
    if _WORDS.search(instruction):
        yield Words()
