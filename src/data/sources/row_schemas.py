"""Converts rows of other schemas to Alpaca's columns: chats, and prompts with completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TURN_LISTS = ("messages", "conversations")  # OpenAI's name, ShareGPT's name
COMPLETIONS = ("completion", "response")
ROLES = {
    "system": "System",
    "developer": "System",
    "user": "User",
    "human": "User",
    "assistant": "Assistant",
    "gpt": "Assistant",
}  # a turn's role or "from" -> its name in the context
ACCEPTED = "instruction, input, output; or messages; or prompt, completion"


def alpaca_columns(values: Mapping[str, Any]) -> Mapping[str, Any] | str:
    """The row as instruction, input and output, or the reason why it cannot be converted.

    The last assistant turn of a chat is the output and the user turn before it the instruction; all earlier turns,
    the system's too, are the input. Turns after the last answer are dropped. A row that has an instruction, or
    that follows no schema known here, is returned unchanged.
    """
    if "instruction" in values:
        return values
    name = next((name for name in TURN_LISTS if name in values), "")
    if name:
        turns = values[name]
        return _from_turns(turns, values) if isinstance(turns, list) else f"{name} not a list"
    if "prompt" not in values:
        return values
    prompt = values["prompt"]
    completion = next((values[name] for name in COMPLETIONS if values.get(name) is not None), None)
    if isinstance(prompt, list) or isinstance(completion, list):
        if not (isinstance(prompt, list) and isinstance(completion, list)):
            return "prompt and completion of different kinds"
        return _from_turns(prompt + completion, values)
    return _row(prompt, "", completion, values)


def _from_turns(turns: Sequence[Any], values: Mapping[str, Any]) -> dict[str, Any] | str:
    found: list[tuple[str, str]] = []  # speaker, text
    for turn in turns:
        if not isinstance(turn, Mapping):
            return "turn not an object"
        role = turn.get("role", turn.get("from"))
        if not isinstance(role, str) or role.lower() not in ROLES:
            return "turn of another role than system, user, assistant"
        text = _text_of(turn.get("content", turn.get("value")))
        if text is None:
            return "turn not text"
        found.append((ROLES[role.lower()], text))
    answers = [index for index, (name, _) in enumerate(found) if name == "Assistant"]
    if not answers:
        return "no assistant turn"
    last = answers[-1]
    if last == 0 or found[last - 1][0] != "User":
        return "last answer follows no user turn"
    context = "\n\n".join(f"{name}: {text.strip()}" for name, text in found[: last - 1])
    return _row(found[last - 1][1], context, found[last][1], values)


def _text_of(content: Any) -> str | None:
    """A turn's text, joined from its parts where it is a list; None where it is neither."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        return None
    texts = [part.get("text") if isinstance(part, Mapping) else None for part in content]
    return "\n".join(text for text in texts if text) if all(isinstance(text, str) for text in texts) else None


def _row(instruction: Any, input: str, output: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name: values[name] for name in ("language", "tests") if name in values}
    return columns | {"instruction": instruction, "input": input, "output": output}
