"""A fragment of C++ gets the headers, the main and the names of std that it lacks, and no more."""

import pytest

from src.languages.cpp import LANGUAGE


def cpp_program(code):
    """The program that is compiled, and whether it was a fragment."""
    source = LANGUAGE.source(code)
    return source.files["main.cpp"], source.wrapped


def test_a_whole_program_stays_as_it_is():
    code = "#include <math.h>\nint main() { return 0; }"
    assert cpp_program(code) == (code, False)


@pytest.mark.parametrize(
    ("code", "named", "unnamed"),
    [
        ("cout << sort;", ["cout", "sort"], ["vector"]),
        ("int count = 0;\ncout << count;", ["cout"], ["count"]),
        ("std::cout << 1;\nvector<int> v;", [], ["cout", "vector"]),
        ("using namespace std;\ncout << 1;", [], ["cout"]),
    ],
)
def test_names_of_std_are_used_where_the_code_neither_declares_nor_qualifies_them(code, named, unnamed):
    program, _ = cpp_program(code)
    assert all(f"using std::{name};" in program for name in named)
    assert not any(f"using std::{name};" in program for name in unnamed)


@pytest.mark.parametrize(("code", "header"), [("std::regex r;", "regex"), ("mt19937 g;", "random")])
def test_headers_that_are_slow_to_compile_are_included_where_they_are_needed(code, header):
    assert f"#include <{header}>\n" in cpp_program(code)[0]
    assert f"#include <{header}>\n" not in cpp_program("int x;")[0]


def test_the_semicolon_of_a_class_stays_with_it():
    program, _ = cpp_program("class A { public: int x; };\nA a;\na.x = 3;")
    assert "class A { public: int x; };" in program
    assert program.index("class A") < program.index("int main()") < program.index("a.x = 3;")
