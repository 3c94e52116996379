"""Languages are detected on a hand-labelled set, and hostile text costs nothing."""

import json
import time
from pathlib import Path

import pytest

from src.languages.detection import NAMED, _by_magika, detect, is_prose
from src.languages.registry import LANGUAGES

LABELLED = Path(__file__).with_name("labelled_languages.jsonl")


@pytest.fixture(scope="module")
def labelled():
    rows = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 200
    return rows


def share_right(rows):
    return sum(detect(row["instruction"], "", row["code"]) == row["language"] for row in rows) / len(rows)


def test_at_least_95_percent_of_the_labelled_set_is_right(labelled):
    assert share_right(labelled) >= 0.95


def test_at_least_85_percent_is_right_under_40_characters(labelled):
    short = [row for row in labelled if len(row["code"]) < 40]
    assert len(short) >= 60
    assert share_right(short) >= 0.85


def test_at_least_85_percent_is_right_without_any_instruction(labelled):
    rows = [{**row, "instruction": ""} for row in labelled]
    assert share_right(rows) >= 0.85


def test_the_document_holds_the_shares_that_are_right(labelled):
    text = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    withheld = [{**row, "instruction": ""} for row in labelled]
    for name, most, rows in (
        ("all", 0, labelled),
        ("under 40 characters", 40, labelled),
        ("under 20 characters", 20, labelled),
        ("all, instruction withheld", 0, withheld),
        ("under 40 characters, instruction withheld", 40, withheld),
    ):
        chosen = [row for row in rows if not most or len(row["code"]) < most]
        assert f"| {name} | {len(chosen)} | {100 * share_right(chosen):.3g} % |" in text


def test_a_language_named_in_the_instruction_decides_what_the_code_leaves_open():
    assert detect("Add two numbers in Python", "", "a + b") == "python"
    assert detect("Add two numbers in Ruby", "", "a + b") == "ruby"


def test_a_translation_is_in_its_target_language():
    code = "function f(x) { return x + 1; }"
    assert detect("Convert this Python code to JavaScript", "", code) == "javascript"


def test_decisive_code_overrules_the_instruction():
    page = "<!DOCTYPE html>\n<html><body><script>let a = 1;</script></body></html>"
    assert detect("Write a JavaScript program", "", page) == "html"


@pytest.mark.parametrize(
    "text",
    [
        "It prints 3.",
        "The function returns the sum of both numbers.",
        "Yes",
        "First sort the list. Then print it.",
    ],
)
def test_sentences_are_prose(text):
    assert is_prose(text)


@pytest.mark.parametrize(
    "text", ["x = 5", "return a + b", "SELECT name FROM pets", "ls -la", "print(1)", "    pass\n"]
)
def test_code_is_not_prose(text):
    assert not is_prose(text)


@pytest.mark.parametrize(
    "text", ["", "   ", "\0" * 50, "\ud800", "[" * 10_000_000, "a" * 10_000_000, "if x:\n" * 500_000]
)
def test_hostile_text_takes_no_long_time(text):
    detect("", "", "")
    began = time.monotonic()
    detect("Write a program", "", text)
    assert time.monotonic() - began < 3.0  # the first call may load the detector


def test_the_detector_works_in_the_calling_thread():
    code = "mystery <- value %>% other"
    _by_magika(code)
    everywhere, here = time.process_time(), time.thread_time()
    for _ in range(10):
        _by_magika(code)
    assert time.process_time() - everywhere < 1.3 * (time.thread_time() - here) + 0.02


def test_names_are_of_all_languages_and_of_those_not_known():
    assert set(NAMED) == {*LANGUAGES, "other"}


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        ("Write a Python function", ["python"]),
        ("Write a JavaScript function", ["javascript"]),
        ("Convert this Java code to C++", ["java", "cpp"]),
        ("Create a C program", ["c"]),
        ("Write it in C#", ["csharp"]),
        ("Go through the list", []),
        ("Write a Go program", ["go"]),
        ("Create a MySQL query", ["sql"]),
        ("Style the div with CSS", ["css"]),
        ("Compute the area in R", ["other"]),
        ("Write a VB.NET or Visual Basic form", ["other"]),
        ("Sort the numbers", []),
    ],
)
def test_names_in_prose(sentence, names):
    assert [name for name, pattern in NAMED.items() if pattern(sentence, sentence.lower())] == names


def test_a_language_that_is_not_known_is_none_whatever_else_is_named():
    assert detect("Translate from Kotlin to Haskell and PHP", "", "???") == ""


def test_of_two_named_languages_that_share_what_is_decisive_the_one_that_is_named_counts():
    code = 'printf("%d", 3);'
    assert detect("Write a C++ program", "", code) == "cpp"
    assert detect("Write a PHP program", "", code) == "php"
    assert detect("Write a program", "", code) == "c"
    assert detect("Write a Rust program", "", code) == "c"
    assert detect("Write a C# class", "", "public class A {\n}") == "csharp"


JSX = "const Hello = ({ name }) => <h1>Hello, {name}!</h1>;"


@pytest.mark.parametrize(
    ("instruction", "code", "language"),
    [
        # a language that is named comes first
        ("Create an empty JavaScript class named Person", "class Person {\n}", "javascript"),
        ("Write an empty class in Java", "class Car {}", "java"),
        ("Write a LINQ query to select even numbers", "var evens = from n in numbers where n % 2 == 0 select n;", "csharp"),
        ("Write a C# lambda that squares", "Func<int, int> square = x => x * x;", "csharp"),
        ("What is the same function in Python? const add = (x, y) => x + y;", "add = lambda x, y: x + y", "python"),
        # what has no file here is none of those that have
        ("Write a MongoDB query to find all users over 30", "db.users.find({ age: { $gt: 30 } })", ""),
        ("Insert a user in MongoDB", "db.users.insertOne({name: 'Ann', age: 3});", ""),
        ("Count orders in MongoDB", "db.orders.aggregate([\n  { $group: { _id: '$customer', total: { $sum: 1 } } }\n])", ""),
        ("Connect to MongoDB in Node.js", "const { MongoClient } = require('mongodb');\nnew MongoClient('x').connect();", "javascript"),
        ("Insert a user with pymongo in Python", "db.users.insert_one({'name': 'Ann'})", "python"),
        ("Write a Perl script that prints the lines", "while (my $line = <STDIN>) {\n    print $line;\n}", ""),
        ("Sort numbers", "#!/usr/bin/perl\nuse strict;\nmy @a = (3, 1);\nprint join(',', sort @a);", ""),
        ("Write a regular expression that matches digits", "/^\\d{3}-\\d{4}$/", ""),
        ("Write a regular expression in JavaScript to match digits", "const pattern = /\\d+/g;", "javascript"),
        ("Use curl to post JSON data", "curl -X POST -d '{\"a\": 1}' https://example.com/api", "bash"),
        ("Make a request with curl", "curl https://example.com/users?id=3", "bash"),
        # React
        ("Create a React component that says hello", JSX, "jsx"),
        ("Say hello", JSX, "jsx"),
        ("Create a list", "class L extends Component {\n  render() {\n    return <ul>{this.props.items}</ul>;\n  }\n}", "jsx"),
        ("Write a React hook", "function useCount() {\n  const [n, setN] = useState(0);\n  return n;\n}", "jsx"),
        ("Make a list item in JavaScript", "function item(t) {\n  return '<li>' + t + '</li>';\n}", "javascript"),
        ("Compare in JavaScript", "const small = (a, b) => a <b;\nconsole.log(small(1, 2) ? a<b : b>a)", "javascript"),
        ("Make a page", "<button onclick=\"alert('hi')\">Hi</button>", "html"),
        # what a program prints is no code
        ("What is the output of this Python code?", "56", ""),
        ("What will be the output of the following JavaScript code?", "[5, 2, 3]", ""),
        ("What would this Java program print?", "3.3333333333333335", ""),
        ("What Python code has the output 5?", "print(5)", "python"),
        ("Write a Python program whose output is 1 to 3", "for i in range(1, 4):\n    print(i)", "python"),
    ],
)  # fmt: skip
def test_what_is_asked_for_decides_before_what_code_looks_like(instruction, code, language):
    assert detect(instruction, "", code) == language


def test_300_rows_of_code_alpaca_were_labelled_and_97_percent_are_right():
    root = Path(__file__).resolve().parents[2] / "benchmarks"
    labels = json.loads((root / "data" / "labelled_rows.json").read_text(encoding="utf-8"))
    figures = json.loads((root / "results" / "detection.json").read_text(encoding="utf-8"))
    assert len(labels) == figures["n"] == 300
    assert set(labels.values()) <= {"", *LANGUAGES}
    assert figures["right"] / figures["n"] >= 0.97
    assert figures["n_short"] >= 60
    assert figures["right_short"] / figures["n_short"] >= 0.92
