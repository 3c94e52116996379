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


def test_what_another_object_keeps_is_no_other_objects():
    class Shared:
        items = list[int]()  # noqa: RUF012 - shared on purpose

        def put(self, item):
            self.items.append(item)
            return len(self.items)

    shared = session.session_with(True, Shared, {"put": Shared.put})((), [("put", (1,)), ("put", (2,))])
    assert shared.short()[1] == [["returned", ["i", "0x3"]], ["returned", ["i", "0x4"]]]
    alone = held(("put", (2,)), ("take", ()))
    assert alone.short()[1][1] == ["returned", ["i", "0x1"]]


def test_lists_that_an_object_is_made_of_are_not_those_of_the_other():
    class Keeps:
        def __init__(self, items):
            self.items = items

        def put(self, item):
            self.items.append(item)
            return list(self.items)

    found = session.session_with(True, Keeps, {"put": Keeps.put})(([1],), [("put", (2,))])
    assert found.short()[1] == [["returned", ["l", [["i", "0x1"], ["i", "0x2"]]]]]
