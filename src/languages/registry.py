"""All languages: one for each file of this package that is not part of the machinery."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from src.languages.language import Language

PACKAGE = __name__.rpartition(".")[0]
MACHINERY = "detection language programs registry syntax tokenizer".split()

_NAMES = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
_ALL = [importlib.import_module(f"{PACKAGE}.{name}").LANGUAGE for name in _NAMES if name not in MACHINERY]
LANGUAGES: dict[str, Language] = {item.name: item for item in sorted(_ALL, key=lambda item: item.rank)}
LANGUAGE_ALIASES: dict[str, str] = {  # name in code fences, data and detectors -> key
    alias: language.name
    for language in LANGUAGES.values()
    for alias in (language.name, *language.aliases.split())
}


def label(name: str) -> str:
    """A language as shown in reports: a name that is none of ours as it is."""
    return LANGUAGES[name].label if name in LANGUAGES else name


def has_parser(name: str) -> bool:
    return name in LANGUAGES and LANGUAGES[name].parser is not None


def syntax_error(name: str, text: str) -> str | None:
    """Why `text` is not a program in a language with a parser; None where it is one."""
    return LANGUAGES[name].syntax_error(text)
