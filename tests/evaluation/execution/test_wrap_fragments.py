"""A fragment becomes a whole program, and a whole program stays as it is."""

import pytest

from src.evaluation.execution.wrap_fragments import (
    MAX_PARSED_DEPTH,
    NO_MAIN,
    go_program,
    java_program,
    php_program,
    rust_program,
    top_level_nodes,
)

JAVA_MAIN = "public static void main(String[] args)"


def java(code):
    """The text of the file that starts, its name, and whether the code was a fragment."""
    files, start, wrapped = java_program(code)
    assert f"{start}.java" in files or start in "".join(files.values())
    return "\n".join(files.values()), start, wrapped


def test_a_java_class_with_a_main_starts_as_it_is():
    code = f"import java.util.List;\npublic class Tool {{ {JAVA_MAIN} {{ }} }}"
    assert java_program(code) == ({"Tool.java": code}, "Tool", False)


def test_java_classes_without_a_main_are_loaded_by_an_entry_class():
    files, start, wrapped = java_program("class A { int f() { return 1; } }")
    assert (start, wrapped) == (NO_MAIN, False)
    assert set(files) == {"Program.java", f"{NO_MAIN}.java"}


def test_java_statements_go_into_a_main_and_members_that_it_calls_are_static():
    text, start, wrapped = java("int twice(int a) { return 2 * a; }\nSystem.out.println(twice(2));")
    assert (start, wrapped) == ("Main", True)
    assert "static int twice" in text
    assert text.index(JAVA_MAIN) < text.index("System.out.println")


def test_a_java_method_alone_gets_a_class_and_its_imports_stay_on_top():
    text, _, wrapped = java("import java.util.Random;\npublic int f() { return 1; }")
    assert wrapped
    assert text.index("import java.util.Random;") < text.index("class Main")
    assert "static int f" not in text


def test_only_the_first_public_class_stays_public():
    files, start, wrapped = java_program("public class A { }\npublic class B { }")
    assert next(iter(files)) == "A.java"
    assert not wrapped
    assert "public class B" not in files["A.java"]
    assert start == NO_MAIN


def test_a_java_package_is_left_out_since_the_file_stands_alone():
    assert "package" not in java("package a.b;\nclass A { }")[0]


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
    assert go_program(code) == (program, wrapped)


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
    assert rust_program(code) == (program, wrapped)


def test_php_outside_its_tags_gets_one():
    assert php_program("echo 1;") == "<?php\necho 1;"
    assert php_program("<p><?= 1 ?></p>") == "<p><?= 1 ?></p>"


def test_text_too_deep_to_parse_is_one_error_node():
    deep = "[" * (MAX_PARSED_DEPTH + 1)
    assert top_level_nodes("java", deep) == [("ERROR", deep)]
    assert [kind for kind, _ in top_level_nodes("java", "class A { }")] == ["class_declaration"]
