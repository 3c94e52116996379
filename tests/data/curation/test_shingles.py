"""Tokens and their runs: equal where texts are equal, and never across the border of two texts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data.curation.shingles import Tokens, answer_shingles, ngrams, shingles, tokenise

LISTS = st.lists(st.lists(st.integers(0, 5), max_size=30), max_size=6)


def tokens_of(lists):
    flat = np.array([item for items in lists for item in items], dtype=np.uint64)
    lengths = np.array([len(items) for items in lists], dtype=np.intp)
    return Tokens(flat, lengths, np.empty(0, dtype=np.uint64))


def test_tokens_ignore_case_and_spacing_and_hash_the_same_everywhere():
    first, second = tokenise(["If  (a)\n", "if ( A )"]).split()
    assert first.tolist() == second.tolist() == tokenise(["IF(a)"]).hashes.tolist()
    assert tokenise(["x += 1"]).lengths.tolist() == [4]
    # python 3.11 hashlib.blake2b(b"if", digest_size=8), little-endian
    assert tokenise(["if"]).hashes.tolist() == [12410746981237427038]


def test_tokens_of_any_text():
    texts = ["", "   ", "日本語 コード", "\0", "é" * 1000]
    found = tokenise(texts)
    assert found.hashes.dtype == np.uint64
    assert found.lengths.tolist() == [0, 0, 6, 1, 1]
    assert tokenise([]).split() == []


@given(st.lists(st.text(alphabet="aB1_é .+(\n", max_size=20), max_size=5))
def test_many_texts_at_once_are_as_one_by_one(texts):
    together = tokenise(texts)
    apart = [tokenise([text]) for text in texts]
    assert [part.tolist() for part in together.split()] == [part.hashes.tolist() for part in apart]
    assert shingles(together) == [shingles(part)[0] for part in apart]
    assert [part.tolist() for part in together.words().split()] == [
        part.words().hashes.tolist() for part in apart
    ]


def test_words_are_the_tokens_without_punctuation():
    found = tokenise(["x += y_1 (é)", "+", "z"]).words()
    assert found.hashes.tolist() == tokenise(["x y_1 é z"]).hashes.tolist()
    assert found.lengths.tolist() == [3, 0, 1]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("用Python写", "用 Python 写"),
        ("ﾃｽﾄ、ぁ々〇ㄅ", "ﾃ ｽ ﾄ 、 ぁ 々 〇 ㄅ"),
        ("𠀀𠀁", "𠀀 𠀁"),
        ("สวัสดี", "ส ว ั ส ด ี"),  # the marks above and below a letter too
        ("안녕 세상", "안녕 세상"),  # Korean has spaces
        ("naïve Ω2", "naïve Ω2"),
    ],
)
def test_a_character_of_a_script_without_spaces_is_a_token(text, tokens):
    found = tokenise([text])
    assert found.hashes.tolist() == tokenise([tokens]).hashes.tolist()
    assert found.lengths.tolist() == [len(tokens.split())]
    assert found.words().lengths.tolist() == [len(tokens.replace("、", "").split())]


@given(LISTS, st.integers(1, 6))
def test_ngrams_are_equal_where_runs_are_equal(lists, n):
    hashes, texts = (part.tolist() for part in ngrams(tokens_of(lists), n))
    runs = [
        (text, tuple(items[start : start + n]))
        for text, items in enumerate(lists)
        for start in range(len(items) - n + 1)
    ]
    assert texts == [text for text, _ in runs]
    kinds = {run for _, run in runs}
    assert len(set(hashes)) == len(kinds)
    assert len({(number, run) for number, (_, run) in zip(hashes, runs, strict=True)}) == len(kinds)


@pytest.mark.parametrize(("text", "count"), [("hello", 1), ("a b", 1), ("", 0), ("a b c d", 2)])
def test_a_short_text_is_one_shingle(text, count):
    assert len(shingles(tokenise([text]))[0]) == count


def test_a_short_answer_has_no_shingle():
    short, long = answer_shingles(tokenise(["42", "a = b + c * d"]))
    assert short == frozenset()
    assert len(long) == 5
