"""A pattern is searched only where a hint is found, and a hint never hides a match."""

import importlib
import re

import pytest
import tree_sitter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from src.data.curation.quality import REFUSAL
from src.languages.detection import NAMED
from src.languages.language import Language, Pattern, Source
from src.languages.registry import LANGUAGES

DECISIVE = {name: item.decisive for name, item in LANGUAGES.items() if isinstance(item.decisive, Pattern)}
ONLY = [  # language, a program that only defines things
    ("python", 'import os\n"""Text."""\ndef f():\n    pass\nclass A:\n    pass\n'),
    ("javascript", "// twice\nfunction twice(a) { return 2 * a; }"),
    ("javascript", "const twice = (a) => 2 * a;\nclass A {}"),
    ("java", "class A { int f() { return 1; } }"),
    ("java", "public static int f() { return 1; }"),
    ("c", "#include <stdio.h>\nint f(int a) { return a; }"),
    ("cpp", "using namespace std;\ntemplate <class T> T f(T a) { return a; }\nclass A { int x; };"),
    ("php", "function f() { return 1; }"),
    ("ruby", "def f\n  1\nend"),
    ("go", "package main\nfunc f() int { return 1 }"),
    ("rust", "fn f() -> i32 { 1 }"),
]
DOING = [
    ("python", "def f():\n    pass\nf()\n"),
    ("python", "x = 1"),
    ("python", ""),
    ("python", "def f(:"),
    ("javascript", "const x = twice(2);"),
    ("javascript", "function f() {}\nf();"),
    ("java", "class A { public static void main(String[] a) { } }"),
    ("java", "System.out.println(1);"),
    ("c", "int main(void) { return 0; }"),
    ("php", "<?php echo 1;"),
    ("ruby", "puts 1"),
    ("go", "package main\nfunc main() { }"),
    ("rust", "fn main() { }"),
    ("bash", "f() { echo 1; }"),
    ("javascript", "[" * 100_000),
]
HINTED = {
    **{f"{name} name": pattern for name, pattern in NAMED.items()},
    **{f"{name} code": pattern for name, pattern in DECISIVE.items()},
    "refusal": REFUSAL,
}


def test_there_are_patterns():
    assert len(NAMED) == len(LANGUAGES) + 1
    assert len(DECISIVE) == 13


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


@pytest.mark.parametrize(("language", "code"), ONLY)
def test_definitions_alone_do_nothing(language, code):
    assert LANGUAGES[language].defines_only(code)


@pytest.mark.parametrize(("language", "code"), DOING, ids=range(len(DOING)))
def test_anything_else_does_something(language, code):
    assert not LANGUAGES[language].defines_only(code)


WITH_DATA_FLOW = [language for language in LANGUAGES.values() if language.data_flow]


@pytest.mark.parametrize("language", WITH_DATA_FLOW, ids=lambda language: language.name)
def test_the_data_flow_of_a_language_names_kinds_and_fields_of_its_grammar(language):
    flow = language.data_flow
    module = importlib.import_module(flow.grammar.module)
    grammar = tree_sitter.Language(getattr(module, flow.grammar.entry)())
    kinds = " ".join(
        [*flow.declarations, flow.assignments, flow.increments, *flow.each, flow.loops, *flow.resumed,
         *flow.resumed.values(), flow.branches, flow.alternatives, flow.otherwise, flow.first, flow.paired, flow.docstring]
    ).split()  # fmt: skip
    assert len(kinds) >= 5
    assert [kind for kind in kinds if not grammar.id_for_node_kind(kind, True)] == []
    parts = [part for ends in (*flow.declarations.values(), *flow.each.values()) for part in ends]
    fields = [part for part in parts if isinstance(part, str) and part] + ["left", "right", "body", "update"]
    assert [field for field in fields if not grammar.field_id_for_name(field)] in ([], ["update"])
    assert {*flow.paired.split()} <= {*flow.assignments.split(), *flow.each}
