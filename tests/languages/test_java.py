"""A fragment of Java becomes a whole program, and a whole program stays as it is."""

from src.languages.java import LANGUAGE, NO_MAIN

JAVA_MAIN = "public static void main(String[] args)"


def java(code):
    """The text of the file that starts, its name, and whether the code was a fragment."""
    source = LANGUAGE.source(code)
    assert f"{source.start}.java" in source.files or source.start in "".join(source.files.values())
    return "\n".join(source.files.values()), source.start, source.wrapped


def test_a_java_class_with_a_main_starts_as_it_is():
    code = f"import java.util.List;\npublic class Tool {{ {JAVA_MAIN} {{ }} }}"
    assert (LANGUAGE.source(code).files, java(code)[1:]) == ({"Tool.java": code}, ("Tool", False))


def test_java_classes_without_a_main_are_loaded_by_an_entry_class():
    source = LANGUAGE.source("class A { int f() { return 1; } }")
    assert (source.start, source.wrapped) == (NO_MAIN, False)
    assert set(source.files) == {"Program.java", f"{NO_MAIN}.java"}


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
    source = LANGUAGE.source("public class A { }\npublic class B { }")
    assert next(iter(source.files)) == "A.java"
    assert not source.wrapped
    assert "public class B" not in source.files["A.java"]
    assert source.start == NO_MAIN


def test_a_java_package_is_left_out_since_the_file_stands_alone():
    assert "package" not in java("package a.b;\nclass A { }")[0]
