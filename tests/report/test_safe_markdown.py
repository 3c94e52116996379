"""Text for Markdown: what is written bare, what as code, and what is spelt out."""

from __future__ import annotations

import html
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # 4.3.0

from src.report.safe_markdown import (
    UNSEEN_RANGES,
    attribute,
    details,
    fenced,
    inline,
    inline_html,
    side_by_side,
    table,
    value_table,
    visible,
)
from tests.report.hostile_texts import HOSTILE

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ANY_TEXT = st.text(st.characters(), max_size=60) | st.text("`~|<>&[]()!@#*_-\\\n $", max_size=40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words", "plain words"),
        ("LoRA", "LoRA"),
        ("中文", "中文"),
        ("r-16 all", "r-16 all"),
        ("", "(empty)"),
        ("  ", "(empty)"),
        ("a_b_c", "`a_b_c`"),
        ("*bold*", "`*bold*`"),
        ("- item", "`- item`"),
        ("1. item", "`1. item`"),
        ("a|b", "`a\u00a6b`"),  # a bar would end a table's cell
        ("a`b", "`` a`b ``"),
        ("two\nlines", "two lines"),
        ("GH-12", "`GH-12`"),  # GitHub makes a link to an issue of it
        ("4f3c2b1a9", "`4f3c2b1a9`"),  # and to a commit of this
        ("www.evil.example", "`www.evil.example`"),
        ("@octocat", "`@octocat`"),
        ("\u202eabc", "`<U+202E>abc`"),
    ],
)
def test_a_text_is_bare_only_where_it_means_nothing_to_markdown(text: str, expected: str) -> None:
    assert inline(text) == expected


@given(ANY_TEXT)
def test_a_fence_holds_any_text_and_nothing_else(text: str) -> None:
    (token,) = RENDERER.parse(fenced(text, "python"))
    assert (token.type, token.info) == ("fence", "python")
    assert token.content == visible(text) + "\n"


@given(ANY_TEXT)
def test_inline_text_becomes_text_or_code_alone(text: str) -> None:
    rendered = RENDERER.render(f"before {inline(text)} after")
    assert re.fullmatch(r"<p>before (<code>[^<]*</code>|[^<>&]*) after</p>\n", rendered)


@given(ANY_TEXT)
def test_a_cell_stays_one_cell(text: str) -> None:
    rendered = RENDERER.render(table(["a", "b"], [[inline(text), "end"]]))
    assert rendered.count("<td") == 2
    assert rendered.count("end</td>") == 1


@given(ANY_TEXT, ANY_TEXT)
def test_html_pieces_cannot_be_left(name: str, value: str) -> None:
    block = details(inline_html(name), value_table([(name, value)]))
    rendered = RENDERER.render(block)
    assert re.findall(r"</?([a-z0-9]+)", rendered.replace("&lt;", "")) == re.findall(r"</?([a-z0-9]+)", block)
    assert "\n\n" not in value_table([(name, value)])  # a blank line would end the block of HTML


@given(ANY_TEXT)
def test_an_attribute_keeps_to_its_quotes(text: str) -> None:
    assert not set('"<>\n') & set(attribute(text))
    assert html.unescape(attribute(text)) == " ".join(visible(text).split())


def test_no_invisible_character_survives() -> None:
    for low, high in UNSEEN_RANGES:
        for code in {low, high}:
            assert visible(f"a{chr(code)}b") == f"a<U+{code:04X}>b"
    assert visible("a\tb\nc é 中 🙂") == "a\tb\nc é 中 🙂"
    assert visible("a\r\nb\rc") == "a\nb<U+000D>c"


def test_what_python_calls_a_format_control_is_spelt_out() -> None:
    """Unicode's own list of format characters (category Cf), but the marks that some scripts need."""
    import unicodedata

    scripts = {chr(c) for c in (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)}
    scripts |= {
        chr(c) for c in (*range(0x13430, 0x13440), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B))
    }
    found = [chr(c) for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c)) == "Cf"]
    assert len(found) > 100
    assert [c for c in found if visible(c) == c and c not in scripts] == []


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("python", "python"),
        ("c_sharp", "csharp"),
        ("mermaid", "text"),
        ("math", "text"),
        ("x\ny", "text"),
        ("", "text"),
    ],
)
def test_only_known_languages_label_a_fence(language: str, label: str) -> None:
    assert fenced("x", language).splitlines()[0] == f"```{label}"


@pytest.mark.parametrize("case", HOSTILE)
def test_blocks_beside_each_other_stay_in_their_cells(case: str) -> None:
    text = HOSTILE[case][:2_000]
    rendered = RENDERER.render(side_by_side([("Before", fenced(text)), ("After", fenced("x"))]))
    assert rendered.count("<td") == rendered.count("</td>") == 2
    assert rendered.count("<pre>") == 2
    assert rendered.rstrip().endswith("</table>")
