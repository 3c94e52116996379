"""Rules are CSS, and the types of TypeScript are not."""

from src.languages.css import LANGUAGE
from src.languages.detection import detect


def test_rules_are_css_and_types_are_not():
    assert detect("", "", "p {\n  color: red;\n}") == "css"
    assert LANGUAGE.weigh("interface A {\n  color: red;\n}", {"css": 2}) == 0
    assert LANGUAGE.weigh("p { color: red; }", {"css": 2}) == 2
