"""A program without its comments, as words, subtrees and flows; what is too deep or too long is none."""

import pytest

from src.evaluation.codebleu.program import MAX_DEPTH, read_program, syntax_match, without_comments
from src.languages.registry import LANGUAGES

COMMENTED = {
    "python": ('"""Doc."""\nx = "#"  # one\n# two\ny = x\n', 'x = "#"\ny = x\n'),
    "javascript": ("/* a\n b */ let x = `http://${y}`; // c\n", "let x = `http://${y}`;"),
    "java": ('/** a */ int x = 1; // b\nString y = "//";', 'int x = 1;\nString y = "//";'),
    "c": ("int x = 1; /* it's */ int y = 2; // don't", "int x = 1; int y = 2;"),
    "cpp": ('auto s = "/* no */"; // yes', 'auto s = "/* no */";'),
    "csharp": ("/// a\nint x = 1; /* b */", "int x = 1;"),
    "php": ("<?php\n# it's\n$x = 1; // a\n/* b */", "<?php\n$x = 1;"),
    "ruby": ("=begin\na\n=end\nx = 1 # b\n", "x = 1"),
    "go": ("// a\nx := 1 /* b */", "x := 1"),
    "rust": ("/// a\nfn f<'a>(x: &'a str) {} // it's 'b'", "fn f<'a>(x: &'a str) {}"),
}


def read(code: str, language: str = "python"):
    program = read_program(code, LANGUAGES[language])
    assert program
    return program


@pytest.mark.parametrize("language", COMMENTED)
def test_comments_change_neither_tree_nor_length_nor_flows(language):
    commented, bare = (read(code, language) for code in COMMENTED[language])
    assert commented.subtrees == bare.subtrees
    assert commented.flows == bare.flows
    assert commented.length == bare.length
    assert commented.words != bare.words  # n-grams see them


def test_every_language_with_codebleu_has_comments_here():
    assert {*COMMENTED, "jsx"} == {name for name, language in LANGUAGES.items() if language.data_flow}


def test_spaces_take_the_place_of_comments():
    facts = LANGUAGES["python"].data_flow
    assert facts
    assert without_comments("x = 1  # \u00e9\u4f60\ny = 2", facts) == f"x = 1  {' ' * 7}\ny = 2"
    assert without_comments("x = 1", facts) == "x = 1"


def test_subtrees_are_the_nodes_with_children_and_see_no_names():
    program = read("a = b(c)")
    assert program.subtrees[-1] == "(argument_list (identifier))"
    assert program.subtrees == read("x = y(z)").subtrees
    assert len(program.subtrees) == 5  # module, statement, assignment, call, arguments


@pytest.mark.parametrize(
    ("found", "expected", "share"),
    [
        ("a = b(c)", "x = y(z)", 1),
        ("print(1)\na = b(c)", "a = b(c)", 4 / 5),  # but for the module
        ("a = 1", "b(c)", 0),
        ("b(c)", "a = b(c)", 2 / 5),  # the call and its arguments
    ],
)
def test_syntax_match_is_the_share_of_expected_subtrees(found, expected, share):
    assert syntax_match(read(found), read(expected)) == pytest.approx(share)


def test_php_is_read_with_or_without_its_tag():
    bare, tagged = read("$x = 1;", "php"), read("<?php\n$x = 1;", "php")
    assert bare.subtrees == tagged.subtrees
    assert (bare.length, bare.words) == (5, ["$x", "=", "1;"])
    assert not read("", "php").is_code


@pytest.mark.parametrize("language", COMMENTED)
def test_what_is_too_deep_is_not_read(language):
    assert read_program("f(" * 2 * MAX_DEPTH + ")" * 2 * MAX_DEPTH, LANGUAGES[language]) is None


@pytest.mark.parametrize(
    "deep",
    [
        "a = " * 240 + "1",
        "f(" * 120 + ")" * 120,
        "".join(" " * n + "for a in b:\n" for n in range(12)) + " " * 12 + "a",
    ],
    ids=["assignments", "calls", "loops"],
)
def test_what_is_nearly_too_deep_is_read(deep):
    assert read(deep).subtrees
