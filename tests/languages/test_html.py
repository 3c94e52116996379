"""A page is HTML whatever its scripts are in, and a parser's time on it is bounded."""

import pytest

from src.languages.detection import detect
from src.languages.html import LANGUAGE

PAGE = "<html><head><title>a</title></head><body></body></html>"


def test_what_begins_with_a_tag_is_html_whatever_its_scripts_are_in():
    script = "<div>\n<script>let a = 1; console.log(a); document.title = 'b'; f(() => 1);</script>\n</div>"
    assert detect("", "", script) == "html"
    assert LANGUAGE.weigh("a <b>", {"html": 3}) == 3


@pytest.mark.parametrize("comments", ["", "<!-- a -->", " <!-- a -->\n<!-- > -->\n", "<!-- x -->\n" * 40])
def test_a_page_after_comments_is_a_page(comments):
    assert LANGUAGE.syntax_error(f"{comments}<!DOCTYPE html>{PAGE}") is None
    assert LANGUAGE.syntax_error(f"{comments}{PAGE}") is None
    assert LANGUAGE.syntax_error(f"{comments}<p>a</p>") is None
