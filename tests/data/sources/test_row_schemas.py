"""Chats and prompt-completion pairs become instruction, input and output by one rule."""

import pytest

from src.data.sources.row_schemas import alpaca_columns


def turn(role, text):
    return {"role": role, "content": text}


def columns(instruction, input, output):
    return {"instruction": instruction, "input": input, "output": output}


CHAT = [turn("user", "Sort it"), turn("assistant", "sorted(x)")]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"messages": CHAT}, columns("Sort it", "", "sorted(x)")),
        ({"messages": [turn("system", " Be brief. "), *CHAT]}, columns("Sort it", "System: Be brief.", "sorted(x)")),
        (
            {"messages": [*CHAT, turn("user", "Backwards"), turn("assistant", "x[::-1]")]},
            columns("Backwards", "User: Sort it\n\nAssistant: sorted(x)", "x[::-1]"),
        ),
        ({"messages": [*CHAT, turn("user", "Thanks")]}, columns("Sort it", "", "sorted(x)")),
        (
            {"conversations": [{"from": "human", "value": "Sort it"}, {"from": "gpt", "value": "sorted(x)"}]},
            columns("Sort it", "", "sorted(x)"),
        ),
        (
            {"messages": [turn("user", [{"type": "text", "text": "Sort"}, {"type": "text", "text": "it"}]), CHAT[1]]},
            columns("Sort\nit", "", "sorted(x)"),
        ),
        ({"prompt": "Sort it", "completion": "sorted(x)"}, columns("Sort it", "", "sorted(x)")),
        ({"prompt": "Sort it", "response": "sorted(x)"}, columns("Sort it", "", "sorted(x)")),
        ({"prompt": CHAT[:1], "completion": CHAT[1:]}, columns("Sort it", "", "sorted(x)")),
        (
            {"prompt": "Sort it", "completion": "sorted(x)", "language": "python", "tests": "assert x", "id": 7},
            columns("Sort it", "", "sorted(x)") | {"language": "python", "tests": "assert x"},
        ),
    ],
)  # fmt: skip
def test_shapes_of_a_row(values, expected):
    assert alpaca_columns(values) == expected


ROW = {"instruction": "Sort it", "output": "sorted(x)"}
SAID = "System: Be brief.\n\nUser: Sort it\n\nAssistant: sorted(x)"


@pytest.mark.parametrize("system", ["system", "system_prompt"])
@pytest.mark.parametrize("history", [[["Sort it", "sorted(x)"]], CHAT])
def test_a_system_text_and_a_history_come_before_whatever_stands_beside_them(system, history):
    beside = {system: " Be brief. ", "history": history}
    assert alpaca_columns(ROW | beside) == {**ROW, **beside, "context": SAID}
    assert alpaca_columns({"prompt": "a", "completion": "b"} | beside) == columns("a", "", "b") | {
        "context": SAID
    }
    last = [turn("user", "Backwards"), turn("assistant", "x[::-1]")]
    expected = columns("Backwards", SAID, "x[::-1]")
    assert alpaca_columns({"conversations": last} | beside) == expected
    assert alpaca_columns({"prompt": last[:1], "completion": last[1:]} | beside) == expected


@pytest.mark.parametrize(
    "beside", [{"system": "", "history": []}, {"system": None}, {"history": ""}, {"system": " "}]
)
def test_an_empty_history_is_none(beside):
    assert alpaca_columns(ROW | beside) == ROW | beside


@pytest.mark.parametrize(
    ("beside", "reason"),
    [
        ({"system": 3}, "system not text"),
        ({"history": "Sort it"}, "history not a list"),
        ({"history": ["Sort it"]}, "history turn not an object"),
        ({"history": [["Sort it"]]}, "history turn not an object"),
        ({"history": [["Sort it", None]]}, "history turn not text"),
    ],
)
def test_a_history_that_is_none_is_a_reason(beside, reason):
    assert alpaca_columns(ROW | beside) == reason


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"messages": "hello"}, "messages not a list"),
        ({"conversations": None}, "conversations not a list"),
        ({"messages": []}, "no assistant turn"),
        ({"messages": [turn("user", "hi")]}, "no assistant turn"),
        ({"messages": [turn("assistant", "hi")]}, "last answer follows no user turn"),
        ({"messages": [*CHAT, turn("assistant", "more")]}, "last answer follows no user turn"),
        ({"messages": [turn("system", "x"), turn("assistant", "y")]}, "last answer follows no user turn"),
        ({"messages": ["hi", "there"]}, "turn not an object"),
        ({"messages": [turn("tool", "3"), *CHAT]}, "turn of another role than system, user, assistant"),
        ({"messages": [turn(["user"], "3"), *CHAT]}, "turn of another role than system, user, assistant"),
        ({"messages": [{"content": "x"}]}, "turn of another role than system, user, assistant"),
        ({"messages": [turn("user", None), CHAT[1]]}, "turn not text"),
        ({"messages": [turn("user", [{"type": "image"}]), CHAT[1]]}, "turn not text"),
        ({"messages": [turn("user", []), CHAT[1]]}, "turn not text"),
        ({"prompt": CHAT[:1], "completion": "sorted(x)"}, "prompt and completion of different kinds"),
        ({"prompt": "x", "completion": CHAT[1:]}, "prompt and completion of different kinds"),
    ],
)
def test_a_row_that_holds_no_answered_question_says_why(values, reason):
    assert alpaca_columns(values) == reason


@pytest.mark.parametrize(
    "values", [{"instruction": "a", "output": "b", "messages": CHAT}, {"question": "a"}, {}]
)
def test_an_alpaca_row_and_an_unknown_one_come_back_as_they_are(values):
    assert alpaca_columns(values) is values
