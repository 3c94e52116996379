"""Hints never hide a match: every text that a pattern matches holds one of its hints."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src.data.curation.quality import REFUSAL
from src.languages.code_patterns import DECISIVE, EVIDENCE, hinted
from src.languages.name_patterns import NAMED
from src.languages.registry import LANGUAGE_ALIASES

HINTED = {
    **{f"{name} name": pattern for name, pattern in NAMED.items()},
    **{f"{name} code": pattern for name, pattern in DECISIVE.items()},
    "refusal": REFUSAL,
}


@pytest.mark.parametrize("hinted_pattern", HINTED.values(), ids=HINTED)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_match_holds_a_hint(hinted_pattern, data):
    pattern = hinted_pattern.pattern
    plain = re.compile(pattern.pattern, pattern.flags & ~re.UNICODE | re.ASCII)
    text = data.draw(st.from_regex(plain, alphabet=st.characters(max_codepoint=126)))
    assert pattern.search(text)
    assert hinted_pattern.found_in(text, text.lower())


@pytest.mark.parametrize("hinted_pattern", HINTED.values(), ids=HINTED)
def test_hints_are_in_lower_case(hinted_pattern):
    assert hinted_pattern.hints
    assert all(hint and hint == hint.lower() for hint in hinted_pattern.hints)


def test_a_text_without_a_hint_is_never_searched():
    pattern = hinted("b+", "a|b c")
    assert pattern.hints == ("a", "b c")
    assert not pattern.found_in("bbb", "bbb")
    assert pattern.found_in("ab", "ab")
    assert not pattern.found_in("a", "a")


def test_patterns_are_of_known_languages():
    assert {*EVIDENCE, *DECISIVE} <= set(LANGUAGE_ALIASES.values())


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
    assert [name for name, pattern in DECISIVE.items() if pattern.found_in(code, code.lower())] == [language]
