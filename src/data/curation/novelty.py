"""How new test samples are: the likeness of each to the nearest prompt and the nearest answer of the training split."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields

from src.data.curation.likeness import nearest
from src.schema import Example, Likeness

# Lower ends of the bands, percent of likeness of the nearest training answer. Below UNLIKE a sample is unlike all of training.
BANDS = {"under 50 %": 0.0, "50 to 65 %": 50.0, "65 to 80 %": 65.0, "80 % and more": 80.0}
UNLIKE = 65.0
UNLIKE_NAME = "under 65 %"
TOKEN = re.compile(r"[^\W\d]\w*|\d+|[^\w\s]")
# Words of the common languages, in lower case: all others in code are identifiers.
RESERVED = frozenset(
    """abstract all alter and any as asc async auto await begin between bool boolean break by byte case cast catch char
    class const constructor continue count create cross declare def default defer del delete desc distinct do done double
    drop echo elif else elseif elsif end enum esac except exec exists export extends false fi final finally float fn for
    foreach from func function global goto grant group having if implements import in include index inner insert instanceof
    int interface into is join key lambda left let like limit local long loop match max min module mut namespace new nil
    none nonlocal not null number object on operator or order outer package pass print primary private protected public
    raise range readonly ref require rescue return right select self set short sizeof static str string struct sum super
    switch table template then this throw throws trait true try type typedef typeof union unless unsigned until update use
    using val values var vector view virtual void volatile when where while with yield""".split()
)


def measure_novelty(samples: Sequence[Example], train: Sequence[Example]) -> dict[str, Likeness]:
    """The likeness of each sample to the nearest of `train`; a prefix (HumanEval's) counts as prompt and as answer."""
    encode = _Encoder()
    columns = [
        nearest([text(item) for item in samples], [text(item) for item in train])
        for text in (_prompt, _answer, encode)
    ]
    return {item.id: Likeness(*values) for item, *values in zip(samples, *columns, strict=True)}


def band_of(likeness: float) -> str:
    """The name of the band."""
    return [name for name, low in BANDS.items() if likeness >= low or not low][-1]


def band_counts(novelty: Iterable[Likeness]) -> dict[str, dict[str, int]]:
    """The samples in each band, by the prompt, the answer and the answer renamed."""
    items = list(novelty)
    bands = {field.name: [band_of(getattr(item, field.name)) for item in items] for field in fields(Likeness)}
    return {part: {name: found.count(name) for name in BANDS} for part, found in bands.items()}


def _prompt(example: Example) -> str:
    return "\n".join(text for text in (example.instruction, example.input, example.prefix) if text)


def _answer(example: Example) -> str:
    return example.prefix + example.output


class _Encoder(dict[str, str]):
    """Answers with one character a token, so that a likeness of characters is one of tokens."""

    def __call__(self, example: Example) -> str:
        tokens = TOKEN.findall(_answer(example))
        if example.language:
            tokens = [
                token if not (token[0].isalpha() or token[0] == "_") or token.lower() in RESERVED else "x"
                for token in tokens
            ]
        return "".join(map(self.__getitem__, tokens))

    def __missing__(self, token: str) -> str:
        return self.setdefault(token, chr(len(self)))
