"""Plain words: every option says what it does and what holds without it, every script shows commands that work."""

from __future__ import annotations

import re
import shlex

import pytest

from tests import tables

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
