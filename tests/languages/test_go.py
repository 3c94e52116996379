"""A fragment of Go becomes a whole program."""

import pytest

from src.languages.go import LANGUAGE
from src.languages.language import Source


@pytest.mark.parametrize(
    ("code", "program", "wrapped"),
    [
        ("package main\nfunc main() {}", "package main\nfunc main() {}", False),
        ("func f() int { return 1 }", "package main\nfunc f() int { return 1 }\nfunc main() {}\n", True),
        (
            'func main() { fmt.Println("a") }',
            'package main\nimport "fmt"\nfunc main() { fmt.Println("a") }',
            True,
        ),
        (
            'import "fmt"\nfunc f() { fmt.Println(1) }',
            'package main\nimport "fmt"\nfunc f() { fmt.Println(1) }\nfunc main() {}\n',
            True,
        ),
    ],
)
def test_a_go_fragment_gets_a_package_the_imports_it_uses_and_a_main(code, program, wrapped):
    assert LANGUAGE.source(code) == Source({"main.go": program}, wrapped=wrapped)
