"""Texts as a hostile or a confused model writes them: honest code with faults, one fragment many times, deep nesting."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from tests.evaluation.programs import PROGRAMS
from tests.evaluation.programs_by_language import PROGRAMS as BY_LANGUAGE

OTHERS = {  # written for this
    "html": '<!DOCTYPE html>\n<html><head><title>Shop</title></head>\n<body class="a b"><!-- list --><ul><li>One &amp; two</li></ul>\n'
    "<script>if (a < b) { run('x'); }</script></body></html>\n",
    "css": "@media (max-width: 40em) {\n  a:hover, .b > #c::after { color: #fff; background: url('x.png') no-repeat; }\n}\n/* end */\n",
    "json": '{"name": "a\\u00e9\\n", "values": [1, -2.5e10, true, null], "nested": {"key": {}}}\n',
    "yaml": "name: &anchor one\nlist:\n  - 1\n  - {a: b, c: [d, e]}\nother: *anchor\ntext: |\n  two\n  lines\n\"a\\tb\": 'c'\n",
    "sql": "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20) DEFAULT 'a');\nINSERT INTO t VALUES (1, 'x''y'), (2, NULL);\n"
    "SELECT a.name, COUNT(*) FROM t AS a LEFT JOIN t b ON a.id = b.id WHERE a.id IN (SELECT 1) GROUP BY a.name HAVING COUNT(*) > 0x1F -- end\n",
    "bash": '#!/bin/bash\nfor f in *.txt; do\n  if [[ -f "$f" ]]; then echo "${f%.txt}" | sed \'s/a/b/g\'; fi\ndone <<EOF\nx\nEOF\n',
    "typescript": "interface A<T> { id: number; next?: A<T>; }\nconst f = (x: number): string => `${x}`;\nconsole.log(f(1));\n",
}  # fmt: skip
HONEST: dict[str, tuple[str, ...]] = {
    **BY_LANGUAGE,
    **{language: (text,) for language, text in OTHERS.items()},
    "python": (*BY_LANGUAGE["python"], *(program for _, _, program in PROGRAMS[:12])),
}
TALK = (
    "Here is the code:\n\n", "```python\n", "```\n", "~~~\n", "### Response:\n", "This function returns the sum of a list.\n",
    "1. First, open the file.\n", "    ", "\t", "\r\n", "> quote\n", "\0", "\ufeff", "\u2028", "\ud800", "\u202e",
)  # fmt: skip
MARKS = (
    *"()[]{}<>'\"`\\/*#;:,.=+-|&^%$@!?~_ \n\t0a",
    '"""', "'''", "/*", "*/", "//", "<!--", "-->", "<![CDATA[", "<a ", "</", "<b>", "&amp;", "<?php ", "?>", "${", "{{", "#{", "\\u",
    "\\x", "0x", "1e", "1.", "--", "++", "->", "=>", "::", "...", "<<", "<<<EOF\n", "- ", "? ", "&a ", "*a ", "!!", "%s", "@media ",
    "url(", "SELECT ", "(SELECT ", "CASE WHEN ", "JOIN t ON ", "AND NOT ", "if (a) ", "else ", "for (;;) ", "while 1:", "lambda: ",
    "not ", "await ", "return ", "def f(", "class A(", "function(", "new ", "x=", "f(", "a.b", "a[0]", "{1, 2}", "0.5 ", "#include <a>\n",
    "#define a ", "import a\n", "fn a() {", "template <", "std::", "public static ", "case 1: ", "begin ", "end\n", "do ", "then ",
)  # fmt: skip
_WORD = re.compile(r"\w+|[^\w\s]|\s+")
WORDS = tuple(sorted({word for texts in HONEST.values() for text in texts for word in _WORD.findall(text)}))
PAIRS = (
    "()", "[]", "{}", "<>", ("<div>", "</div>"), ("(SELECT ", ")"), ("{\"a\":", "}"), ("if 1:\n", ""), ("f(", ")"), ("{% ", "%}"),
    ("/*", "*/"), ("lambda: ", ""), ("not ", ""), ("-", ""), ("<b><i>", ""), ("- ", ""), ("fn a() {", "}"), ("if (a) {", "}"),
    ("class A { void f() {", "}}"), ("for (;;) ", ";"), ("[a,", "]"), ("template <", ">"), ("`${", "}`"), ("$(", ")"), ("a ? ", " : b"),
)  # fmt: skip
FRAGMENT = (
    st.sampled_from(MARKS)
    | st.sampled_from(WORDS)
    | st.sampled_from(TALK)
    | st.text(st.characters(), max_size=6)
)


def _cut_in(text: str, place: int, length: int, put: str) -> str:
    place %= len(text) + 1
    return text[:place] + put + text[place + length :]


def _pumped(before: str, fragments: list[str], share: float, after: str, size: int) -> str:
    token = "".join(fragments)
    return before + token * int(share * size / max(len(token), 1)) + after


def _nested(pair: tuple[str, str] | str, inside: str, depth: int, closed: bool, size: int) -> str:
    opening, closing = pair
    depth = min(depth, size // (len(opening) + len(closing)))
    return opening * depth + inside + (closing * depth if closed else "")


def honest(language: str = "") -> st.SearchStrategy[str]:
    """Programs in a language; without one, of every language."""
    known = HONEST.get(language)
    return st.sampled_from(known or [text for texts in HONEST.values() for text in texts])


def damaged(language: str = "") -> st.SearchStrategy[str]:
    """Honest programs with fragments put in and parts cut out."""
    place = st.integers(0, 400)
    once = st.builds(_cut_in, honest(language), place, st.integers(0, 20), FRAGMENT)
    twice = st.builds(_cut_in, once, place, st.just(0), FRAGMENT)
    return once | twice | st.builds(_cut_in, twice, place, st.integers(0, 100), honest())


def repeated(size: int) -> st.SearchStrategy[str]:
    """One to three fragments repeated up to `size` characters, and nesting of up to 20,000 levels."""
    share = st.sampled_from([0.001, 0.01, 0.1, 0.5, 1.0])
    edge = st.just("") | FRAGMENT | honest()
    pumped = st.builds(_pumped, edge, st.lists(FRAGMENT, min_size=1, max_size=3), share, edge, st.just(size))
    depth = st.sampled_from([10, 90, 140, 160, 400, 1_100, 20_000])
    nested = st.builds(_nested, st.sampled_from(PAIRS), edge, depth, st.booleans(), st.just(size))
    return pumped | nested


def answers(size: int, language: str = "") -> st.SearchStrategy[str]:
    """Any of these, and fragments in any order."""
    mixed = st.lists(FRAGMENT, max_size=25).map("".join)
    fenced = damaged(language).map(lambda code: f"Here it is:\n\n```{language}\n{code}```\nIt works.\n")
    return st.text(max_size=60) | mixed | honest(language) | damaged(language) | fenced | repeated(size)
