"""A pattern is searched only where a hint is found, and a hint never hides a match."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src.data.curation.quality import REFUSAL
from src.languages.detection import NAMED
from src.languages.language import Language, Pattern, Source
from src.languages.registry import LANGUAGES

DECISIVE = {name: item.decisive for name, item in LANGUAGES.items() if isinstance(item.decisive, Pattern)}
HINTED = {
    **{f"{name} name": pattern for name, pattern in NAMED.items()},
    **{f"{name} code": pattern for name, pattern in DECISIVE.items()},
    "refusal": REFUSAL,
}


def test_there_are_patterns():
    assert len(NAMED) == len(LANGUAGES) + 1
    assert len(DECISIVE) == 12


@pytest.mark.parametrize("pattern", HINTED.values(), ids=HINTED)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_match_holds_a_hint(pattern, data):
    plain = re.compile(pattern.regex, pattern.compiled.flags & ~re.UNICODE | re.ASCII)
    text = data.draw(st.from_regex(plain, alphabet=st.characters(max_codepoint=126)))
    assert pattern.compiled.search(text)
    assert pattern(text, text.lower())


@pytest.mark.parametrize("pattern", HINTED.values(), ids=HINTED)
def test_hints_are_in_lower_case(pattern):
    assert all(hint and hint == hint.lower() for hint in pattern.hints.split("|"))


def test_a_text_without_a_hint_is_never_searched():
    pattern = Pattern("b+", "a|b c")
    assert not pattern("bbb", "bbb")
    assert pattern("ab", "ab")
    assert not pattern("a", "a")


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("#!/bin/bash\nls", "bash"),
        ("#!/usr/bin/env python3\n1", "python"),
        ("<?php echo 1; ?>", "php"),
        ("fn main() {}", "rust"),
        ("#include <stdio.h>", "c"),
        ("#include <vector>", "cpp"),
        ("using System;", "csharp"),
        ("import java.util.List;", "java"),
        ("package main\n", "go"),
        ("<html><body></body></html>", "html"),
    ],
)
def test_decisive_code_belongs_to_one_language(code, language):
    assert [name for name, pattern in DECISIVE.items() if pattern(code, code.lower())] == [language]


def test_a_language_of_which_only_the_name_is_known_does_nothing():
    bare = Language("zig", "Zig")
    assert not bare.runs
    assert Language("zig", "Zig", file="main.zig", run="zig run main.zig").runs


def test_a_program_is_its_file_unless_it_is_wrapped():
    script = Language("lua", "Lua", file="main.lua", run="lua {start}")
    assert script.source("x") == Source({"main.lua": "x"}, start="main.lua")
    nothing = Language("lua", "Lua", file="main.lua", run="lua {start}", wrap=lambda _: None)
    assert nothing.source("x") is None
