"""A fragment of C or C++ gets the headers, the main and the names of std that it lacks, and no more."""

import pytest

from src.evaluation.execution.wrap_fragments_c import c_program, cpp_program


@pytest.mark.parametrize("wrap", [c_program, cpp_program])
def test_a_whole_program_stays_as_it_is(wrap):
    code = "#include <math.h>\nint main() { return 0; }"
    assert wrap(code) == (code, False)


def test_a_main_without_headers_gets_them():
    program, wrapped = c_program("int main(void) { return 0; }")
    assert wrapped
    assert program.startswith("#include <stdio.h>\n")
    assert program.endswith("int main(void) { return 0; }")


def test_a_main_in_a_comment_is_none():
    program, _ = c_program("int f(void) { return 1; }\n// int main(void)")
    assert program.rstrip().endswith("int main(void) { return 0; }")


def test_statements_go_into_the_main_in_their_order():
    program, _ = c_program('int x = 3;\nx = 4;\nprintf("%d", x);')
    main = program.index("int main(void) {")
    places = [program.index(text) for text in ("int x = 3;", "x = 4;", 'printf("%d", x);', "return 0;")]
    assert places == sorted(places)
    assert all(place > main for place in places)


def test_functions_and_the_variables_that_they_may_use_stay_outside_the_main():
    program, _ = c_program("int total = 0;\nvoid add(int n) { total += n; }\nadd(2);\nint after = total;")
    main = program.index("int main(void) {")
    assert program.index("int total = 0;") < program.index("void add") < main
    assert main < program.index("add(2);") < program.index("int after")


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


@pytest.mark.parametrize("comment", ["// main()\n", "/* main() */", "/* // */ // main( */\n", "//main()"])
def test_a_comment_of_any_kind_holds_no_main(comment):
    assert "int main(void)" in c_program(f"int x;\n{comment}")[0]


@pytest.mark.parametrize(
    "code", ["/* a */ int main() {}", 'char *a = "/*"; int main() {}', "/*/ a */ int main() {}"]
)
def test_a_main_beside_a_comment_or_after_one_that_never_ends_is_one(code):
    assert "int main(void)" not in c_program(code)[0]
