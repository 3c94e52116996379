"""The part of a prediction that answers: what follows its thought, as the prompt continues."""

from __future__ import annotations

from src.data.thoughts import is_thinking, without_thought


def was_thinking(prediction: str, finish: str) -> bool:
    """Whether the prediction ended before its thought did; `finish` is that of the sample, "" where it is unknown."""
    return finish == "thinking" or is_thinking(prediction)


def final_answer(prediction: str, finish: str) -> str:
    """The prediction without its thought, "" where that did not end; code in a thought is not the program.

    A single space before the first word goes too: chat models with SentencePiece tokenizers answer so, and no program
    is indented by one space in its first line alone.
    """
    if was_thinking(prediction, finish):
        return ""
    answer = without_thought(prediction)
    lines = [line for line in answer.split("\n") if line.strip()]
    indented = [line[0] == " " and not line[1].isspace() for line in lines[:2] if len(line) > 1]
    return answer[1:] if indented[:1] == [True] and indented[1:] != [True] and answer[0] == " " else answer
