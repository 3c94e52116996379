"""JavaScript is a module where it says so, and its input stands first where the program needs it."""

import pytest

from src.languages.javascript import LANGUAGE


@pytest.mark.parametrize(
    ("code", "file"),
    [
        ("import os from 'os';", "main.mjs"),
        ("export const a = 1;", "main.mjs"),
        ("const a = import('os');", "main.js"),
        ("console.log(1)", "main.js"),
    ],
)
def test_a_program_that_imports_or_exports_is_a_module(code, file):
    source = LANGUAGE.source(code)
    assert (source.files, source.start) == ({file: code}, file)


@pytest.mark.parametrize(
    ("input", "program", "whole"),
    [
        ("let n = [1];", "console.log(n)", "let n = [1];\n;console.log(n)"),
        ("a = 5, b = 3", "f(a, b)", "a = 5, b = 3\n;f(a, b)"),
        ("let n = [1];", "const n = [2];\nconsole.log(n)", None),
        ("n = [1", "console.log(n)", None),
        ("name: Ann, x = 1 apples", "console.log(x)", None),
        ("let n = [1];", "console.log(m.n, nn)", None),
    ],
)
def test_an_input_that_defines_what_is_used_stands_first(input, program, whole):
    assert LANGUAGE.with_input(input, program) == (whole or program)
