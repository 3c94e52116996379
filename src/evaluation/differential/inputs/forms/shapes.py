"""Texts that follow a form: dates, times, addresses, Roman numerals. Others of the form can be drawn, and malformed ones told apart."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """A form of texts. words: what an instruction calls it. kind: of arguments (pools.py)."""

    form: re.Pattern[str]
    draw: Callable[[random.Random], str]
    words: re.Pattern[str] | None = None
    kind: str = ""

    def admits(self, text: str) -> bool:
        return bool(self.form.fullmatch(text))


class _Postfix(Shape):
    """Numbers and operators of which each takes the two values before it, so that one value is left."""

    def admits(self, text: str) -> bool:
        depth = 0
        for token in text.split(" ") if super().admits(text) else ():
            depth += 1 if token.isdigit() else -1
            if depth < 1:
                return False
        return depth == 1


def _postfix(draw: random.Random) -> str:
    """What is drawn is one value, or two such texts and an operator."""
    if draw.random() < 0.7:
        return str(draw.randint(1, 12))
    return f"{_postfix(draw)} {_postfix(draw)} {draw.choice('+-*')}"


def _roman(number: int) -> str:
    text = ""
    for value, sign in zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), "M CM D CD C XC L XL X IX V IV I".split(), strict=True
    ):  # fmt: skip
        text += sign * (number // value)
        number %= value
    return text


_USERS = "ann bob42 first.last j-doe info carla max.muster k9 support o.neil dev-team z".split()
_HOSTS = "example.com mail.example.org test.co.uk my-site.net gmail.com".split()
_PATHS = ("", "/", "/about", "/some/page.html", "/search?q=word&page=2")
_PLAIN_WORDS = "first name user long total price of max id zip code new value".split()
# The form of what is given, not of what it is turned into.
_GIVEN = r"(?<!to )(?<!into )(?<!to a )(?<!into a )(?<!as a )(?<!its )"
_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|1\d|2[0-8])"  # days that every month has
_HOUR, _MINUTE = r"(?:[01]\d|2[0-3])", r"[0-5]\d"


def _camel(words: list[str]) -> str:
    return words[0] + "".join(word.capitalize() for word in words[1:])


def _date(layout: str) -> Callable[[random.Random], str]:
    return lambda draw: layout.format(
        year=draw.randint(1950, 2030), month=draw.randint(1, 12), day=draw.randint(1, 28)
    )


def _twelve_hours(layout: str) -> Callable[[random.Random], str]:
    return lambda draw: (
        layout.format(hour=draw.randint(1, 12), minute=draw.randint(0, 59)) + draw.choice(("AM", "PM"))
    )


SHAPES = (
    Shape(
        re.compile(r"(?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"),
        lambda draw: _roman(draw.choice((draw.randint(1, 40), draw.randint(1, 3999)))),
        re.compile(rf"(?i){_GIVEN}\broman\b"), "roman",
    ),
    Shape(re.compile(rf"\d{{4}}-{_MONTH}-{_DAY}"), _date("{year}-{month:02d}-{day:02d}")),
    Shape(
        re.compile(rf"\d{{4}}-{_MONTH}-{_DAY} {_HOUR}:{_MINUTE}:{_MINUTE}"),
        lambda draw: _date("{year}-{month:02d}-{day:02d}")(draw)
        + f" {draw.randint(0, 23):02d}:{draw.randint(0, 59):02d}:{draw.randint(0, 59):02d}",
    ),
    Shape(re.compile(rf"\d{{4}}/{_MONTH}/{_DAY}"), _date("{year}/{month:02d}/{day:02d}")),
    Shape(re.compile(rf"{_MONTH}/{_DAY}/\d{{4}}"), _date("{month:02d}/{day:02d}/{year}")),
    Shape(re.compile(rf"{_DAY}/{_MONTH}/\d{{4}}"), _date("{day:02d}/{month:02d}/{year}")),
    Shape(re.compile(rf"{_DAY}\.{_MONTH}\.\d{{4}}"), _date("{day:02d}.{month:02d}.{year}")),
    Shape(
        re.compile(rf"{_HOUR}:{_MINUTE}"), lambda draw: f"{draw.randint(0, 23):02d}:{draw.randint(0, 59):02d}"
    ),
    Shape(
        re.compile(rf"{_HOUR}:{_MINUTE}:{_MINUTE}"),
        lambda draw: f"{draw.randint(0, 23):02d}:{draw.randint(0, 59):02d}:{draw.randint(0, 59):02d}",
    ),
    *(
        Shape(re.compile(rf"{hour}:{_MINUTE}{gap}[AP]M"), _twelve_hours("{hour" + width + "}:{minute:02d}" + gap))
        for hour, width in ((r"(?:0[1-9]|1[0-2])", ":02d"), (r"(?:[1-9]|1[0-2])", ""))
        for gap in (" ", "")
    ),
    Shape(
        re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}"),
        lambda draw: ".".join(str(draw.randint(0, 255)) for _ in range(4)),
    ),
    Shape(
        re.compile(r"(?<![\w.+-])[a-z0-9]+(?:[._+-][a-z0-9]+)*@[a-z0-9-]+(?:\.[a-z]{2,})+", re.IGNORECASE),
        lambda draw: f"{draw.choice(_USERS)}@{draw.choice(_HOSTS)}",
    ),
    Shape(
        re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?(?:[/?#]\S*)?", re.IGNORECASE),
        lambda draw: f"{draw.choice(('http', 'https'))}://{draw.choice(('', 'www.'))}{draw.choice(_HOSTS)}{draw.choice(('', '', ':8080'))}{draw.choice(_PATHS)}",
    ),
    Shape(
        re.compile(r"[a-z]+(?:_[a-z0-9]+)*"),
        lambda draw: "_".join(draw.sample(_PLAIN_WORDS, draw.randint(1, 4))),
        re.compile(rf"(?i){_GIVEN}\bsnake[ _-]?cased?\b"), "snake_case",
    ),
    Shape(
        re.compile(r"[a-z]+(?:-[a-z0-9]+)*"),
        lambda draw: "-".join(draw.sample(_PLAIN_WORDS, draw.randint(1, 4))),
        re.compile(rf"(?i){_GIVEN}\bkebab[ _-]?cased?\b"), "kebab-case",
    ),
    Shape(  # also a word of one letter, and so two capital letters in a row
        re.compile(r"[a-z]+(?:[A-Z][a-z0-9]*)*"),
        lambda draw: _camel(draw.sample([*_PLAIN_WORDS, *"xyab"], draw.randint(2, 4))),
        re.compile(rf"(?i)\A(?=.*{_GIVEN}\bcamel[ _-]?cased?\b)(?=.*\b(?:each|every|all) (?:capital|upper))"), "camelCase",
    ),
    Shape(
        re.compile(r"[a-z]+(?:[A-Z][a-z0-9]+)*"),
        lambda draw: _camel(draw.sample(_PLAIN_WORDS, draw.randint(1, 4))),
        re.compile(rf"(?i){_GIVEN}\bcamel[ _-]?cased?\b"), "camelCase",
    ),
    _Postfix(
        re.compile(r"\d+(?: (?:\d+|[-+*/]))*"),
        lambda draw: f"{_postfix(draw)} {_postfix(draw)} {draw.choice('+-*')}",
        re.compile(r"(?i)\b(?:reverse polish|postfix|RPN)\b"), "str",
    ),
    Shape(
        re.compile(r"[ACGT]+"),
        lambda draw: "".join(draw.choices("ACGT", k=draw.randint(2, 9))),
        re.compile(r"\bDNA\b|\bnucleotide"), "DNA",
    ),
    Shape(
        re.compile(r"#[0-9a-fA-F]{6}"),
        lambda draw: f"#{draw.randrange(1 << 24):06x}",
        re.compile(r"(?i)\bhex(?:adecimal)? colou?rs?\b"), "hex color",
    ),
    Shape(
        re.compile(r"[01]{3,}"),
        lambda draw: bin(draw.randint(2, 600))[2:],
        re.compile(rf"(?i){_GIVEN}\bbinary (?:string|text|number|digit|representation|literal)|\bfrom binary\b|\bbinary to\b"), "text number",
    ),
)  # fmt: skip


def shape_of(text: str) -> Shape | None:
    """The form of a text that two letters or digits alone do not make: "2023-04-15" is a date, "MIX" may be a word."""
    return next((shape for shape in SHAPES if shape.words is None and shape.admits(text)), None)


def named_shape(instruction: str) -> Shape | None:
    """The form of texts that an instruction gives: "Convert a Roman numeral to an integer"."""
    return next((shape for shape in SHAPES if shape.words and shape.words.search(instruction)), None)
