"""A function that opens a file is right where it does the same on files that hold something else."""

import pytest

from src.evaluation.differential.oracle import compare_with_reference
from src.sandbox.sandbox import unavailable_reason
from src.schema import Sample

pytestmark = pytest.mark.skipif(unavailable_reason() is not None, reason=str(unavailable_reason()))

MEAN = """
import csv

def mean_of_column(file_name, column):
    values = []
    with open(file_name) as file:
        for row in csv.DictReader(file):
            values.append(float(row[column]))
    return sum(values) / len(values)

print(mean_of_column('data.csv', 'price'))"""
MEAN_TASK = "Read a CSV file and find the mean of a column."
LINES = "def count_lines(file_name):\n    with open(file_name) as file:\n        return len(file.readlines())"
LINES_TASK = "Count the lines of a text file."


def compared(sandbox, reference, code, instruction):
    return compare_with_reference(sandbox, Sample("1", instruction, "", reference, "", "python"), code)


@pytest.mark.parametrize(
    ("reference", "code", "instruction"),
    [
        (MEAN, MEAN.replace("len(values)", "3"), MEAN_TASK),
        (MEAN, MEAN.replace("csv.DictReader(file)", "list(csv.DictReader(file))[:3]"), MEAN_TASK),
        (MEAN, MEAN.replace("sum(values) / len(values)", "sum(set(values)) / len(set(values))"), MEAN_TASK),
        (LINES, LINES.replace("len(file.readlines())", "len(set(file.readlines()))"), LINES_TASK),
    ],
)
def test_what_is_right_on_the_first_files_alone_is_wrong(sandbox, reference, code, instruction):
    found = compared(sandbox, reference, code, instruction).verdict
    assert found.outcome == "failed"


@pytest.mark.parametrize(
    ("reference", "code", "instruction"),
    [
        (MEAN, "import csv\nimport statistics\n\ndef mean_of_column(file_name, column):\n    with open(file_name, newline='') as file:\n        return statistics.fmean(float(row[column]) for row in csv.DictReader(file))", MEAN_TASK),
        # A field without a number is none of the task's.
        (MEAN, MEAN.replace("float(row[column])", "float(row[column] or 0)"), MEAN_TASK),
        (LINES, "def count_lines(path):\n    return sum(1 for _ in open(path))", LINES_TASK),
    ],
)  # fmt: skip
def test_a_right_answer_agrees_on_further_files_too(sandbox, reference, code, instruction):
    assert compared(sandbox, reference, code, instruction).verdict.outcome == "passed"


SECOND = """
def second(text):
    rows = [line.split(',') for line in text.split('\\n')]
    return [row[1] for row in rows[1:]]

print(second('Name,Age\\nAnn,30\\nBob,25'))"""


def test_a_table_as_text_has_one_more_column(sandbox):
    last = compared(sandbox, SECOND, SECOND.replace("row[1]", "row[-1]"), "The second column of a table.")
    assert last.verdict.detail.startswith("with another column: second(")
    # An answer that cannot take one is not wrong: the table of the task has two.
    two = SECOND.replace("row[1] for row in", "age for name, age in")
    assert compared(sandbox, SECOND, two, "The second column of a table.").verdict.outcome == "passed"


def test_what_differs_is_said_with_its_files(sandbox):
    code = LINES.replace("file.readlines()", "set(file.readlines())")
    found = compared(sandbox, LINES, code, LINES_TASK)
    assert "files" in found.verdict.detail or found.verdict.detail.startswith("count_lines(")
    assert len(found.behaviour.calls) == len(found.record["calls"])


def test_code_in_the_input_does_not_write_its_file_over_others(sandbox):
    given = 'import csv\n\ndata = """Name,Age\nAnn,30\nBob,25"""\n\nwith open("s.csv", "w") as file:\n    file.write(data)\n'
    reference = "import csv\n\nwith open('s.csv') as file:\n    for row in list(csv.reader(file))[1:]:\n        print(row[1])"
    sample = Sample("1", "Print the second column.", given, reference, "", "python")
    assert (
        compare_with_reference(sandbox, sample, reference.replace("row[1]", "row[1:2][0]")).verdict.outcome
        == "passed"
    )
    last = compare_with_reference(sandbox, sample, reference.replace("row[1]", "row[-1]"))
    assert last.verdict.outcome == "failed"
    assert "other files" in last.verdict.detail
