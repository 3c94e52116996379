"""Token hashes, n-grams and shingles of texts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

# Scripts that put no space between words: Thai to Burmese, Khmer, Chinese and Japanese.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u312f\u31a0-\u31ff\u3400-\u4dbf"
)
UNSPACED += "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
TOKEN = re.compile(  # a word, one character of such a script, or one punctuation character
    rf"[^\W{UNSPACED}]+|[{UNSPACED}]|[^\w\s]"
)
WORD = re.compile(rf"[\w{UNSPACED}]")
SHINGLE_TOKENS = 3
SHORT_ANSWER_TOKENS = 6  # two shorter answers ("25") are equal by chance, not by leakage


@dataclass(frozen=True)
class Tokens:
    """The tokens of n texts, concatenated: an array per text would spend the time on numpy's call overhead."""

    hashes: np.ndarray  # (t,) uint64
    lengths: np.ndarray  # (n,) tokens of each text
    punctuation: np.ndarray  # (s,) uint64, the hashes of tokens that are no words

    @property
    def texts(self) -> np.ndarray:  # (t,)
        """Index of the text of each token."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def split(self) -> list[np.ndarray]:
        """The hashes of each text."""
        return np.split(self.hashes, np.cumsum(self.lengths)[:-1]) if len(self.lengths) else []

    def words(self) -> Tokens:
        """The tokens without punctuation: prose is compared by its words."""
        kept = ~np.isin(self.hashes, self.punctuation)
        lengths = np.bincount(self.texts[kept], minlength=len(self.lengths))
        return Tokens(self.hashes[kept], lengths, self.punctuation[:0])


class _TokenHashes(dict[str, int]):
    """Cached 64-bit hashes of tokens, the same on every machine."""

    def __missing__(self, token: str) -> int:
        digest = hashlib.blake2b(token.encode(), digest_size=8).digest()
        return self.setdefault(token, int.from_bytes(digest, "little"))


def tokenise(texts: Iterable[str]) -> Tokens:
    """Tokens of `texts`, regardless of case and spacing."""
    cache = _TokenHashes()
    hashes: list[np.ndarray] = [np.empty(0, dtype=np.uint64)]
    for text in texts:
        found = TOKEN.findall(text.lower())
        hashes.append(np.fromiter(map(cache.__getitem__, found), np.uint64, len(found)))
    lengths = np.array([len(part) for part in hashes[1:]], dtype=np.intp)
    punctuation = [number for token, number in cache.items() if not WORD.match(token)]
    return Tokens(np.concatenate(hashes), lengths, np.array(punctuation, dtype=np.uint64))


def ngrams(tokens: Tokens, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of the n-grams within each text, (g,) uint64, and the index of the text of each, (g,) ascending."""
    count = max(len(tokens.hashes) - n + 1, 0)
    hashes = np.zeros(count, dtype=np.uint64)
    for offset in range(n):  # polynomial hash modulo 2^64
        hashes = (hashes + tokens.hashes[offset : offset + count]) * np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    texts = tokens.texts
    within = texts[:count] == texts[n - 1 :]
    return hashes[within], texts[:count][within]


def shingles(tokens: Tokens) -> list[frozenset[int]]:
    """The set of token trigrams of each text; a shorter text is one shingle, an empty one has none."""
    found: list[frozenset[int]] = [frozenset()] * len(tokens.lengths)
    for n in range(1, SHINGLE_TOKENS + 1):
        hashes, texts = ngrams(tokens, n)
        if n < SHINGLE_TOKENS:
            whole = tokens.lengths[texts] == n
            hashes, texts = hashes[whole], texts[whole]
        starts = np.flatnonzero(np.diff(texts, prepend=-1))
        items = hashes.tolist()
        ends = pairwise([*starts.tolist(), len(items)])
        for text, (start, end) in zip(texts[starts].tolist(), ends, strict=True):
            found[text] = frozenset(items[start:end])
    return found


def answer_shingles(tokens: Tokens) -> list[frozenset[int]]:
    """As `shingles`, but none for an answer of fewer than SHORT_ANSWER_TOKENS tokens."""
    return [
        items if length >= SHORT_ANSWER_TOKENS else frozenset()
        for items, length in zip(shingles(tokens), tokens.lengths, strict=True)
    ]
