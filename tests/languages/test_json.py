"""A JSON document is one wherever it stands, and a list of numbers is anyone's."""

import pytest

from src.languages.detection import detect
from src.languages.json import LANGUAGE


@pytest.mark.parametrize(
    ("text", "is_document"),
    [
        ('{"a": 1}', True),
        ('[{"a": 1}]', True),
        ("[1, 2]", False),
        ("{a: 1}", False),
        ("1", False),
        (f'{{"a": {"1" * 5_000}}}', True),
        ("[" * 5_000, False),
    ],
)
def test_objects_are_documents(text, is_document):
    assert LANGUAGE.decisive(text, text) is is_document


def test_a_constant_that_json_has_not_is_refused():
    assert LANGUAGE.syntax_error('{"a": NaN}')


def test_a_document_in_a_program_that_is_named_is_that_program():
    assert detect("Write a Python dictionary", "", '{"a": 1}') == "python"
    assert detect("Write a JSON object", "", '{"a": 1}') == "json"
    assert detect("Describe a pet", "", '{"a": 1}') == "json"
