"""Programs are taken apart and joined by what their languages say."""

import pytest

from src.languages.programs import joined, names, whole_beginning


@pytest.mark.parametrize(
    ("language", "program", "bound", "loaded"),
    [
        ("python", "import a.b as c\nfrom d import e\nX = f(Y)", {"c", "e", "X"}, {"f", "Y"}),
        ("python", "def f(x):\n    y = x + Z\n    return [q for q in len(y)]", {"f"}, {"Z"}),
        ("python", "class A(B):\n    c = D\n    def m(self):\n        return self.c + g", {"A"}, {"B", "D", "g"}),
        ("python", "f = lambda x: x + y", {"f"}, {"y"}),
        ("python", "from m import *", {"*"}, set()),
        ("python", "x = (", set(), set()),
        ("javascript", "function add(a) { return a; }\nconst k = 1;", {"add", "k"}, {"function", "a", "return", "const"}),
        ("java", "class A extends B { int x; }", {"A"}, {"class", "extends", "B", "int", "x"}),
        ("c", "int f(int a) { return g(a); }", {"f"}, {"int", "a", "return", "g"}),
        ("go", "package main\n\ntype P struct { x int }", {"main", "P"}, {"package", "type", "struct", "x", "int"}),
        ("bash", "ls", set(), set()),
    ],
)  # fmt: skip
def test_a_program_binds_names_and_loads_others(language, program, bound, loaded):
    found = names(language, program)
    assert found.bound >= bound
    assert (found.loaded == loaded) if language == "python" else (found.loaded <= loaded)
    assert not found.bound & found.loaded


@pytest.mark.parametrize(
    ("language", "text", "whole"),
    [
        ("python", "x = 1\ny = 2", "x = 1\ny = 2"),
        ("python", "x = 1\ny = (2", "x = 1"),
        ("python", "def f():\n    return 1\n\ndef g():\n    return (1", "def f():\n    return 1\n"),
        ("python", 'def f():\n    return 1\n\n@a\ndef g():\n    """b', "def f():\n    return 1\n"),
        ("python", "if a:\n    b\nelse:\n    (c", ""),
        ("python", "x = 1\n" + "y = (\n" * 30, ""),
        ("javascript", "let a = 1;\nf(a,", "let a = 1;"),
        ("javascript", "let a = 1; f(a,", ""),
        ("c", "int f(void) { return 1; }\nThis is it.", "int f(void) { return 1; }"),
        ("sql", "SELECT 1", ""),
    ],
)
def test_the_whole_beginning_ends_with_a_statement(language, text, whole):
    assert whole_beginning(language, text) == whole


def test_imports_from_the_future_come_first():
    first, second = '"""Doc."""\nx = 1\n', "from __future__ import annotations; y = 2\n"
    assert (
        joined("python", [first, second])
        == 'from __future__ import annotations\n\n"""Doc."""\nx = 1\n\ny = 2'
    )
    assert joined("python", [first, "s = '''\nfrom __future__ import annotations\n'''"]).startswith(
        '"""Doc."""'
    )
    assert joined("python", ["x = (", "y = 2"]) == "x = (\n\ny = 2"
    assert joined("c", ["int a;\n", "int b;\n"]) == "int a;\n\nint b;\n"


@pytest.mark.parametrize(
    ("language", "program", "borrowed"),
    [
        ("python", "from a import b as c\nimport d\ndef f():\n    return 1", {"c"}),
        ("python", 'def f():\n    """Adds."""\n    ...\n\ndef g():\n    pass', {"f", "g"}),
        ("python", "class A:\n    pass", set()),
        ("javascript", "const a = require('./a');\nconst b = f(require);", {"a"}),
        ("javascript", "function f(a) {\n  // as above\n}\nfunction g() { return {}; }", {"f"}),
    ],
)
def test_a_program_borrows_what_it_imports_or_leaves_empty(language, program, borrowed):
    assert names(language, program).borrowed == borrowed
    assert not names(language, program).made & borrowed
