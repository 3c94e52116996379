"""Programs that only define things are distinguished from those that do something."""

import pytest

from src.evaluation.execution.definitions import defines_only

ONLY = [
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
    ("", "words"),
    ("javascript", "[" * 100_000),
]


@pytest.mark.parametrize(("language", "code"), ONLY)
def test_definitions_alone_do_nothing(language, code):
    assert defines_only(language, code)


@pytest.mark.parametrize(("language", "code"), DOING, ids=range(len(DOING)))
def test_anything_else_does_something(language, code):
    assert not defines_only(language, code)
