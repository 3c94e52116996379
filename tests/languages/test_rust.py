"""A fragment of Rust becomes a whole program."""

import pytest

from src.languages.language import Source
from src.languages.rust import LANGUAGE


@pytest.mark.parametrize(
    ("code", "program", "wrapped"),
    [
        ("fn main() { }", "fn main() { }", False),
        ("fn f() -> i32 { 1 }", "fn f() -> i32 { 1 }\nfn main() {}\n", True),
        ("pub struct A;", "pub struct A;\nfn main() {}\n", True),
        ('println!("a");', 'fn main() {\nprintln!("a");\n}\n', True),
    ],
)
def test_rust_items_get_a_main_and_statements_go_into_one(code, program, wrapped):
    assert LANGUAGE.source(code) == Source({"main.rs": program}, wrapped=wrapped)
