"""What methods are for is read from what they do with their object and what they return."""

import ast

import pytest

from src.evaluation.differential.inputs.sessions.method_roles import (
    changing_methods,
    confirming_methods,
    finding_methods,
    reporting_methods,
)


@pytest.mark.parametrize(
    ("put", "look", "reports"),
    [
        ("return self.n", "return self.n", True),
        ("return f'{n} put'", "return self.n", True),
        ("return 'done'", "return self.n", True),
        ("return self.n", "print(self.n)", False),  # nothing else gives it
        ("return self.items.pop()", "return self.items", False),
        ("return True", "return self.n", False),
    ],
)
def test_methods_that_change_an_object_report_what_can_be_looked_at_as_well(put, look, reports):
    source = f"class A:\n    def put(self, n):\n        self.n += n\n        {put}\n    def look(self):\n        {look}"
    assert ("put" in reporting_methods(ast.parse(source))) is reports


SHELF = """
class Shelf:
    def lend(self, title):
        if title in self.books:
            self.books.remove(title)
            return True
        return False
    def pages(self, title):
        return self.books.get(title)
    def show(self):
        print(self.books)
"""


def test_methods_that_only_look_at_their_object_do_not_change_it():
    assert changing_methods(ast.parse(SHELF)) == {"lend"}


def test_methods_confirm_what_they_did_or_find_something():
    assert confirming_methods(ast.parse(SHELF)) == {"lend"}
    assert finding_methods(ast.parse(SHELF)) == {"pages"}
