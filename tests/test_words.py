"""Plain words: options say what they do and what holds without them, scripts show commands that work, texts use the words of the field."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tables

ROOT = Path(__file__).resolve().parents[1]
TEXTS = "*.md docs/*.md benchmarks/*.md reports/**/README.md config.yaml configs/**/*.yaml"
CODE = "*.py src/**/*.py"  # of which the texts that a user may see
UNIT = "step|pack|process|prompt|sample|seed|row|second"
AVOIDED = {  # and what to say
    r"mend(?:s|ed|ing)?": "fix",
    r"asked(?! for)": "prompted, requested",
    r"taken out|takes? out": "extracted, removed",
    r"beginnings? (?:is|are|was|were) shared|shared beginnings?": "shared prefixes",
    rf"(?:{UNIT}|token|answer|model)s? an? (?:{UNIT})": "per",
    rf"once an? (?:{UNIT})": "once per",
    "not to be reached": "cannot be reached",
    "anew": "again, from the beginning",
    "endlessly many": "infinitely many",
    r"held? (?:\w+ ){0,3}against": "compared with",
    "handed out|dealt": "sharded",
    "whole samples": "unshared",
    "linear warmup": "learning-rate warm-up",
    r"keys are config\.yaml's": "missing keys fall back to config.yaml",
    "; (?:otherwise|else) (?:made|by|as)": "(default: ...)",
}
WORDS = re.compile(rf"\b(?:{'|'.join(AVOIDED)})\b")
PARSERS = tables.parsers()
WITHOUT_IT = re.compile(
    r"default|\(required\)|--\w+"
)  # what an option that takes a value says of its absence


def _options(script: str) -> dict[str, tuple[bool, str]]:
    """Each option with whether it takes a value, and its help text as --help shows it."""
    parser = PARSERS[script]
    formatter = parser._get_formatter()
    return {
        action.option_strings[0]: (action.nargs != 0, formatter._expand_help(action))
        for action in parser._actions
        if action.dest != "help"
    }


@pytest.mark.parametrize("script", PARSERS)
def test_every_option_says_what_it_does_and_what_holds_without_it(script: str):
    options = _options(script)
    assert len(options) >= 4
    for flag, (takes_value, text) in options.items():
        assert len(text.split("(default")[0].split()) > 2, flag
        assert not takes_value or WITHOUT_IT.search(text), flag
        assert set(re.findall(r"--\w+", text)) <= options.keys(), flag


@pytest.mark.parametrize("script", PARSERS)
def test_the_examples_of_the_help_text_are_commands_of_the_script(script: str):
    examples = (PARSERS[script].epilog or "").removeprefix("examples:\n")
    commands = [shlex.split(line) for line in examples.replace("\\\n", " ").splitlines()]
    assert commands
    assert max(map(len, examples.splitlines())) <= 80
    for command in commands:
        assert command[:2] == ["python", script]
        PARSERS[script].parse_args(command[2:])


def test_the_value_of_a_setting_that_a_flag_falls_back_to_is_shown():
    assert "(default: evaluation.num_samples = 50)" in _options("evaluate.py")["--num_samples"][1]


@pytest.mark.parametrize("script", PARSERS)
def test_the_home_folder_may_be_written_as_a_tilde_wherever_a_path_is_taken(script: str, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    taken = [
        action.type("~/x")
        for action in PARSERS[script]._actions
        if str(action.metavar).partition("[")[0] in ("DIR", "FILE", "MODEL")
    ]
    assert len(taken) >= 1
    assert {str(path) for path in taken} == {"/home/ada/x"}


def _messages(path: Path) -> str:
    """The texts in the code of a module: no docstrings, which stand alone, no names, no comments."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in alone]
    return "\n".join(node.value for node in texts if isinstance(node.value, str) and " " in node.value)


def _texts() -> Iterator[tuple[str, str]]:
    for pattern in TEXTS.split():
        for path in ROOT.glob(pattern):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for pattern in CODE.split():
        for path in ROOT.glob(pattern):
            yield str(path.relative_to(ROOT)), _messages(path)


def _found(text: str) -> list[str]:
    return [match.group() for match in WORDS.finditer(text)]


def test_documents_help_texts_and_messages_use_the_words_of_the_field():
    texts = dict(_texts())
    assert len(texts) > 200
    assert {name: _found(text) for name, text in texts.items() if _found(text)} == {}, AVOIDED


@pytest.mark.parametrize("text", ["three samples a step", "The model was asked again", "It was mended."])
def test_words_to_avoid_are_found_in_a_sentence(text: str):
    assert _found(text)
