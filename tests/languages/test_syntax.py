"""Each parser takes programs of its language and refuses what is broken, hostile text included."""

import ast
import gc
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from src.languages.syntax import (
    MAX_DEPTH,
    PARSERS,
    bracket_depth,
    literal,
    parse_expression,
    parse_python,
    syntax_error,
    to_sqlite,
)

RIGHT_AND_WRONG = {
    "python": ("print(1)\n", "print(1"),
    "json": ('{"a": [1, null]}', "{a: 1}"),
    "yaml": ("a: 1\nb:\n  - x\n", "a: [1"),
    "html": ("<div><p>hi</p></div>", "<div><b>hi</div>"),
    "css": ("p { color: red; }", "p { color red; }"),
    "sql": ("SELECT a FROM t WHERE b = 1;", "SELECT FROM WHERE"),
    "javascript": ("let a = [1, 2];", "let a = [1,"),
    "java": ("public int f(int a) { return a; }", "public int f(int a { return a; }"),
    "c": ("int main(void) { return 0; }", "int main(void { return 0; }"),
    "cpp": ("std::vector<int> v{1};", "std::vector<int> v{1"),
    "csharp": ("public int F(int a) { return a; }", "public int F(int a { return a; }"),
    "go": ("package main\nfunc main() {}\n", "package main\nfunc main( {}\n"),
    "rust": ("fn main() { let x = 1; }", "fn main() { let x = ; }"),
    "ruby": ("def f(x)\n  x + 1\nend\n", "def f(x"),
    "php": ("<?php echo 1; ?>", "<?php echo ("),
}
HOSTILE = [
    "",
    "\0",
    "\ud800",
    "[" * 30_000,
    "(" * 100_000,
    "-" * 50_000 + "1",
    "1+" * 90_000 + "1",
    "x" * 10_000_000,
    "<b>" * 4_900,
]


def test_every_parser_is_tested():
    assert set(RIGHT_AND_WRONG) == set(PARSERS)


@pytest.mark.parametrize("language", PARSERS)
def test_programs_parse_and_broken_ones_do_not(language):
    right, wrong = RIGHT_AND_WRONG[language]
    assert syntax_error(language, right) is None
    assert syntax_error(language, wrong)


@pytest.mark.parametrize("language", PARSERS)
def test_hostile_text_is_answered_within_seconds(language):
    for text in HOSTILE:
        began = time.monotonic()
        syntax_error(language, text)
        assert time.monotonic() - began < 4.0, text[:20]


def test_depth_counts_open_brackets_only():
    assert bracket_depth("([{}])()") == 3
    assert bracket_depth(")))") == 0


def test_a_constant_that_json_has_not_is_refused():
    assert syntax_error("json", '{"a": NaN}')


def test_nesting_past_the_limit_is_refused_before_parsing():
    assert (
        syntax_error("python", "(" * (MAX_DEPTH + 1) + ")" * (MAX_DEPTH + 1))
        == f"nested deeper than {MAX_DEPTH}"
    )


def test_statements_of_other_dialects_become_sqlite():
    statements = to_sqlite("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY); SELECT * FROM t;")
    assert statements is not None
    assert len(statements) == 2
    assert "AUTO_INCREMENT" not in statements[0]


def _sleep(*_):
    time.sleep(1e-4)


@pytest.fixture
def other_threads_run_while_a_tree_is_built():
    threshold = gc.get_threshold()
    gc.callbacks.append(_sleep)
    gc.set_threshold(50)
    yield
    gc.set_threshold(*threshold)
    gc.callbacks.remove(_sleep)


def test_threads_that_parse_at_once_all_get_their_trees(other_threads_run_while_a_tree_is_built):
    """With `ast.parse` itself CPython 3.11 raises SystemError within the first few of these."""
    shallow, deep = "def f(a, b):\n    return [a + b for c in range(10)]\n" * 20, f"[{'(' * 40}1{'+1)' * 40}]"
    jobs = [(parse_python, shallow), (parse_expression, deep), (literal, deep)] * 40
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda job: job[0](job[1]), jobs))
    assert [type(tree) for tree in read] == [ast.Module, ast.List, type(None)] * 40  # a sum is no literal


@pytest.mark.parametrize("text", ["", "1 +", "x", "a = 1", "\0", "(" * 300, "{[]}", "'" + "\ud800"])
def test_what_is_no_literal_is_none(text):
    assert literal(text) is None


def test_literals_and_expressions_are_read():
    assert literal("[1, {'a': (2.5, None)}]") == [1, {"a": (2.5, None)}]
    assert isinstance(parse_expression("f(1)"), ast.Call)
    assert parse_expression("f(1") is None
