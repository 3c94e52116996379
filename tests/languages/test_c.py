"""A fragment of C gets the headers and the main that it lacks, and no more."""

import pytest

from src.languages.c import LANGUAGE


def c_program(code):
    """The program that is compiled, and whether it was a fragment."""
    source = LANGUAGE.source(code)
    return source.files["main.c"], source.wrapped


def test_a_whole_program_stays_as_it_is():
    code = "#include <math.h>\nint main() { return 0; }"
    assert c_program(code) == (code, False)


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


@pytest.mark.parametrize("comment", ["// main()\n", "/* main() */", "/* // */ // main( */\n", "//main()"])
def test_a_comment_of_any_kind_holds_no_main(comment):
    assert "int main(void)" in c_program(f"int x;\n{comment}")[0]


@pytest.mark.parametrize(
    "code", ["/* a */ int main() {}", 'char *a = "/*"; int main() {}', "/*/ a */ int main() {}"]
)
def test_a_main_beside_a_comment_or_after_one_that_never_ends_is_one(code):
    assert "int main(void)" not in c_program(code)[0]
