"""Every file of a language is found, under its own name, and no name leads to two."""

from __future__ import annotations

from pathlib import Path

import pytest

from src.languages import registry
from src.languages.registry import LANGUAGE_ALIASES, LANGUAGES, has_parser, label, syntax_error

FILES = {path.stem for path in Path(registry.__file__).parent.glob("*.py")} - {"__init__"}


def test_every_file_is_a_language_or_part_of_the_machinery():
    assert set(LANGUAGES) == FILES - set(registry.MACHINERY)
    assert set(registry.MACHINERY) < FILES
    assert len(LANGUAGES) >= 17


def test_a_language_is_named_like_its_file_and_stands_in_the_order_of_ranks():
    assert all(key == language.name for key, language in LANGUAGES.items())
    ranks = [language.rank for language in LANGUAGES.values()]
    assert ranks == sorted(set(ranks))


def test_no_alias_is_of_two_languages():
    aliases = [alias for item in LANGUAGES.values() for alias in (item.name, *item.aliases.split())]
    assert len(aliases) == len(set(aliases)) == len(LANGUAGE_ALIASES)
    assert all(alias == alias.lower() for alias in aliases)


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_the_facts_of_a_language_fit_each_other(language):
    assert {*language.extends.split(), *language.shared_with.split()} <= set(LANGUAGES)
    assert language.parser or not (language.strict or language.settles or language.checked)
    assert language.strict or not language.settles
    assert language.run or not (language.compile or language.wrap or language.missing)
    assert language.file or language.wrap or not language.run
    assert language.top_level or not (language.definitions or language.main)


def test_ten_languages_and_jsx_have_codebleu():
    names = {name for name, language in LANGUAGES.items() if language.data_flow}
    assert names == {"c", "csharp", "cpp", "go", "java", "javascript", "jsx", "php", "python", "ruby", "rust"}
    assert all(bool(language.data_flow) == bool(language.keywords) for language in LANGUAGES.values())


def test_labels_are_those_of_the_languages_and_other_names_stay_as_they_are():
    assert [label(name) for name in ("cpp", "csharp", "yaml", "cobol", "")] == [
        "C++",
        "C#",
        "YAML",
        "cobol",
        "",
    ]


def test_a_parser_is_asked_by_the_name_of_its_language():
    assert has_parser("python")
    assert not any(has_parser(name) for name in ("bash", "cobol", ""))
    assert syntax_error("python", "x = 1") is None
    assert syntax_error("python", "x = ")
