"""A program finds the files that it names, with the content that its sample shows or that fits the name."""

import csv
import io
import json
import re

import pytest

from src.evaluation.differential.inputs.file_fixtures import MAX_FILES, files_for, other_files


@pytest.mark.parametrize("heading", ["notes.txt:", "[notes]", "notes.txt 3 lines"])
def test_a_file_holds_the_lines_below_the_heading_of_its_sample(heading):
    assert files_for("open('notes.txt')", f"{heading}\none\ntwo") == {"notes.txt": "one\ntwo\n"}


def test_lines_without_a_heading_are_all_content():
    assert files_for("open('notes.txt')", "one\ntwo\nthree") == {"notes.txt": "one\ntwo\nthree\n"}


def test_content_without_a_sample_fits_the_name():
    made = files_for("for name in ('a.csv', 'b.tsv', 'c.json', 'd.txt'): open(name)", "")
    assert list(made) == ["a.csv", "b.tsv", "c.json", "d.txt"]
    for name, delimiter in (("a.csv", ","), ("b.tsv", "\t")):
        rows = list(csv.DictReader(io.StringIO(made[name]), delimiter=delimiter))
        assert [row["name"] for row in rows] == ["Ann", "Bob", "Cy"]
    assert json.loads(made["c.json"])["name"] == "Ann"
    assert len(made["d.txt"].split("\n")) > 3


def test_a_table_has_the_columns_that_the_program_looks_up():
    program = "import csv\nfor row in csv.DictReader(open('a.csv')):\n    print(row['height'], row['age'])"
    rows = list(csv.DictReader(io.StringIO(files_for(program, "")["a.csv"])))
    assert [row["height"] for row in rows] == ["7", "10", "6"]  # 4 + 3 * row % 7
    assert list(rows[0]) == ["id", "name", "age", "city", "price", "height"]


def test_records_are_a_list_where_the_program_iterates_over_them():
    program = "import json\ndata = json.load(open('c.json'))\nfor record in data:\n    print(record)"
    assert [record["name"] for record in json.loads(files_for(program, "")["c.json"])] == ["Ann", "Bob"]


@pytest.mark.parametrize(
    "program", ["open('/etc/passwd')", "open('../x.txt')", "open('x.exe')", "def f(:", ""]
)
def test_only_plain_names_of_text_files_are_made(program):
    assert files_for(program, "one\ntwo\nthree") == {}


def test_the_number_of_files_is_bounded():
    program = "\n".join(f"open('{n}.txt')" for n in range(50))
    assert len(files_for(program, "")) == MAX_FILES


def test_functions_that_open_what_they_are_given_have_two_more_files():
    program = "def f(path):\n    return len(open(path).read())\nf('a.txt')"
    assert list(files_for(program, "")) == ["first.txt", "second.txt", "a.txt"]
    made = files_for("import csv\ndef f(path):\n    return list(csv.reader(open(path)))", "")
    assert made["first.txt"].startswith("id,name")


def test_a_text_has_the_word_that_the_script_looks_for_twice_in_a_line_and_in_two():
    program = "def f(path, word):\n    return open(path).read().count(word)\nf('a.txt', 'apple')"
    lines = [line.split() for line in files_for(program, "")["a.txt"].split("\n")]
    assert [line.count("apple") for line in lines if "apple" in line] == [2, 1]


def test_a_column_may_be_named_by_what_the_script_hands_on():
    program = "import csv\ndef f(path, key):\n    return [r[key] for r in csv.DictReader(open(path))]\nf('a.csv', 'score')"
    assert files_for(program, "")["a.csv"].split("\n")[0].endswith(",score")


def test_other_files_repeat_lines_and_words_that_the_program_knows():
    found = list(other_files("print(open('a.txt').read().count('learn'))", {"a.txt": "One line.\n\nTwo.\n"}))
    assert found
    for files in found:
        assert files.keys() == {"a.txt"}
    lines = found[0]["a.txt"].splitlines()
    assert max(map(lines.count, lines)) > 9
    assert any(line.count("learn") > 1 for line in lines)
    assert "" in lines


def test_other_tables_have_more_rows_other_columns_gaps_and_quotes_where_they_are_read():
    table = {"a.csv": "id,name\n1,Ann\n2,Bob\n"}
    contents = [files["a.csv"] for files in other_files("import csv", table)]
    assert all(content.startswith("id,name") for content in contents)
    assert any('"' in content for content in contents)
    assert any(content.splitlines()[2:3] == ["2,"] for content in contents)
    assert len({*contents}) == len(contents)
    assert any(re.search(r"^[3-9],", content, re.MULTILINE) for content in contents)
    assert any("Bob,more" in content for content in contents)
    assert max(len(content.splitlines()) for content in contents) > 5
    plain = [files["a.csv"] for files in other_files("open('a.csv').read().split(',')", table)]
    assert not any('"' in content for content in plain)


def test_what_a_function_is_given_is_a_table_where_the_program_reads_tables():
    program = "import csv\ndef f(name):\n    return list(csv.reader(open(name)))"
    files = files_for(program, "")
    contents = [other["first.txt"] for other in other_files(program, files)]
    assert all(content.startswith("id,name,age") for content in contents)
    json_program = "import json\ndef f(name):\n    return json.load(open(name))"
    assert [*other_files(json_program, files_for(json_program, ""))] == []
