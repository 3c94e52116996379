"""Every language has one entry, and every alias leads there."""

from __future__ import annotations

from src.evaluation.execution.runners import RUNNERS
from src.languages.registry import LANGUAGE_ALIASES, LANGUAGES
from src.languages.syntax import PARSERS


def test_every_entry_has_its_own_key_and_every_parser_an_entry():
    assert all(key == language.name for key, language in LANGUAGES.items())
    assert set(PARSERS) <= set(LANGUAGES)
    assert set(RUNNERS) < set(LANGUAGES)
    assert set(LANGUAGE_ALIASES.values()) == set(LANGUAGES)


def test_the_ten_languages_of_codebleu_are_named():
    names = {language.codebleu for language in LANGUAGES.values()} - {None}
    assert names == {"c", "c_sharp", "cpp", "go", "java", "javascript", "php", "python", "ruby", "rust"}
