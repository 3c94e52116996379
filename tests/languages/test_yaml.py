"""Almost any text is YAML: only what is laid out so is meant so."""

import pytest

from src.languages.detection import detect
from src.languages.yaml import LANGUAGE


@pytest.mark.parametrize(
    ("text", "is_document"),
    [
        ("a: 1\nb:\n  - x\n", True),
        ("# note\n- a\n- b", True),
        ("a: 1\nwords", False),
        ("", False),
        ("a: [1", False),
    ],
)
def test_lines_of_keys_and_items_are_a_document(text, is_document):
    assert LANGUAGE.document(text) is is_document


def test_a_document_is_yaml_where_it_is_named_or_nothing_else_fits():
    assert detect("Write a YAML file", "", "a: 1\nb: 2") == "yaml"
    assert detect("", "", "items:\n  - id: 1\n    tags: [a, b]\n") == "yaml"
