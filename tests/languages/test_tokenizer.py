"""Code becomes tokens: layout where it has meaning, nothing lost, in linear time."""

import io
import time
import tokenize

import pytest

from src.languages.tokenizer import DEDENT, INDENT, NEWLINE, tokenize_code
from tests.evaluation.text_pairs import REFERENCES

SHORT = {NEWLINE: "\\n", INDENT: ">", DEDENT: "<"}


def shown(code: str, language: str = "python") -> str:
    return " ".join(SHORT.get(token, token) for token in tokenize_code(code, language))


@pytest.mark.parametrize(
    ("code", "tokens"),
    [
        ("x = 1", "x = 1 \\n"),
        ("if x:\n    y\nz", r"if x : \n > y \n < z \n"),
        ("if x:\n\ty\n", r"if x : \n > y \n <"),
        ("if x:\n    if y:\n        z\nw", r"if x : \n > if y : \n > z \n < < w \n"),
        ("    return a", r"> return a \n <"),
        ("f(a,\n      b)\ng", r"f ( a , b ) \n g \n"),
        ("\n\n  \nx\n\n\ny", r"x \n y \n"),
        ("x = '(['\ny", r"x = ' ( [ ' \n y \n"),
        ("x = 1  # (\ny", r"x = 1 # ( \n y \n"),
        ('"""a\n  b"""\nc', r'" " " a b " " " \n c \n'),
        ("if x:\n        y\n    z\n    w", r"if x : \n > y \n < > z \n w \n <"),  # broken: 4 was never opened
        ("if x:\r\n    y\r\n", r"if x : \n > y \n <"),
        (")\nx", r") \n x \n"),
        ("a != b == c >= d ** 2 // 3 -> e := f", r"a != b == c >= d ** 2 // 3 -> e := f \n"),
        ("", ""),
    ],
)
def test_python_keeps_its_layout(code, tokens):
    assert shown(code) == tokens


@pytest.mark.parametrize(
    ("code", "language", "tokens"),
    [
        ("if (a === b) {\n  c();\n}", "javascript", "if ( a === b ) { c ( ) ; }"),
        ("a:\n  b: 1", "yaml", r"a : \n > b : 1 \n <"),
        ("x<<=2;p->q::r", "cpp", "x <<= 2 ; p -> q :: r"),
        ("3.14 0x1F 1e5 h\u00e9llo_1 \u4f60", "", "3.14 0x1F 1e5 h\u00e9llo_1 \u4f60"),
        ("a <newline> b", "", "a < newline > b"),
    ],
)
def test_other_languages_are_words_and_operators(code, language, tokens):
    assert shown(code, language) == tokens


def test_no_token_holds_white_space():
    for code in REFERENCES:
        for language in ("python", "javascript"):
            tokens = tokenize_code(code, language)
            assert tokens
            assert all(token and not any(map(str.isspace, token)) for token in tokens)


def test_indentation_equals_pythons_own_tokenizer():
    kinds = {tokenize.INDENT: INDENT, tokenize.DEDENT: DEDENT, tokenize.NEWLINE: NEWLINE}
    checked = 0
    for code in REFERENCES:
        try:
            own = [kinds.get(token.type) for token in tokenize.generate_tokens(io.StringIO(code).readline)]
            compile(code, "reference", "exec")
        except (SyntaxError, tokenize.TokenError):
            continue
        checked += 1
        assert [t for t in tokenize_code(code, "python") if t in SHORT] == [kind for kind in own if kind]
    assert checked >= 5


def test_every_indent_is_closed():
    for code in (*REFERENCES, "if x:\n        y\n    z\n  w\n      v"):
        tokens = tokenize_code(code, "python")
        assert tokens.count(INDENT) == tokens.count(DEDENT)


@pytest.mark.parametrize(
    "code",
    ['"""' * 300_000 + "\\", "'" * 1_000_000, "\\" * 1_000_000, "(" * 1_000_000, " \n" * 500_000,
     " " * 1_000_000, "\t" * 1_000_000 + "x", "#" * 1_000_000, "\n".join(" " * n + "x" for n in range(1000)),
     '"\\' * 500_000],
    ids=range(10),
)  # fmt: skip
def test_a_megabyte_of_anything_takes_seconds(code):
    began = time.process_time()
    tokenize_code(code, "python")
    assert time.process_time() - began < 4
