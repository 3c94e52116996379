"""A session describes what each step gave, when it gave it."""

import pytest

from src.evaluation.differential.inside import description, rewriting, session


@pytest.fixture(autouse=True)
def _inside(monkeypatch):
    """In the sandbox one text holds all that runs there."""
    monkeypatch.setattr(session, "Description", description.Description, raising=False)
    monkeypatch.setattr(session, "Capture", rewriting.Capture, raising=False)
    monkeypatch.setattr(session.sys, "stdout", session.sys.stdout)


class Queue:
    def __init__(self, first):
        self.items = [first]

    def put(self, item):
        self.items.append(item)

    def take(self):
        return self.items.pop(0)

    def show(self):
        print(self.items)


def held(*steps):
    methods = {name: getattr(Queue, name) for name in ("put", "take", "show")}
    methods["items"] = lambda queue: queue.items
    return session.session_with(True, Queue, methods)((1,), list(steps))


def test_each_step_has_what_it_returned_printed_or_raised():
    steps = [("put", (2,)), ("show", ()), ("take", ()), ("take", ()), ("take", ())]
    nothing, one, two = ["n"], ["i", "0x1"], ["i", "0x2"]
    assert held(*steps).short() == [
        "q",
        [
            ["returned", nothing], ["printed", ["s", "[1, 2]\n"]], ["returned", one], ["returned", two],
            ["raised", ["s", "IndexError"]],
        ],
    ]  # fmt: skip


def test_a_value_is_described_before_the_next_step_changes_it():
    (_, first), _, (_, second) = held(("items", ()), ("put", (2,)), ("items", ())).short()[1]
    assert first == ["l", [["i", "0x1"]]]
    assert second == ["l", [["i", "0x1"], ["i", "0x2"]]]


def test_a_digest_tells_sessions_apart():
    one, other = held(("put", (2,)), ("show", ())), held(("put", (3,)), ("show", ()))
    assert one.digest()[:3] == other.digest()[:3] == ["h", "q", 2]
    assert one.digest() != other.digest()


def test_what_a_function_makes_is_called_twice():
    def counter(start):
        values = [start]
        return lambda step: values.append(values[-1] + step) or values[-1]

    assert session.called_twice(counter, 1)(5, 2) == [7, 9]
    assert session.called_twice(lambda: lambda: None, 0)() is None
