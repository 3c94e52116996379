"""Converts rows of other schemas to Alpaca's columns: chats, and prompts with completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TURN_LISTS = ("messages", "conversations")  # OpenAI's name, ShareGPT's name
COMPLETIONS = ("completion", "response")
SYSTEM = ("system", "system_prompt")
HISTORY = "history"
ROLE_PAIR = ("user", "assistant")
Turn = tuple[str, str]  # speaker, text
ROLES = {  # a turn's role or "from" -> its name in the context
    "system": "System", "developer": "System", "user": "User", "human": "User", "assistant": "Assistant",
    "gpt": "Assistant",
}  # fmt: skip
ACCEPTED = "instruction, input, output; or messages; or prompt, completion"


def alpaca_columns(values: Mapping[str, Any]) -> Mapping[str, Any] | str:
    """The row as instruction, input and output, or the reason why it cannot be converted.

    The last assistant turn of a chat is the output and the user turn before it the instruction; all earlier turns,
    the system's too, are the input. Turns after the last answer are dropped. Beside an instruction or a prompt, a
    system text and a history are the `context`. A row that follows no schema known here is returned unchanged.
    """
    earlier = _earlier_turns(values)
    if isinstance(earlier, str):
        return earlier
    context = {"context": _context(earlier)} if earlier else {}
    if "instruction" in values:
        return {**values, **context} if context else values
    name = next((name for name in TURN_LISTS if name in values), "")
    if name:
        turns = values[name]
        return _from_turns(earlier, turns, values) if isinstance(turns, list) else f"{name} not a list"
    if "prompt" not in values:
        return values
    prompt = values["prompt"]
    completion = next((values[name] for name in COMPLETIONS if values.get(name) is not None), None)
    if isinstance(prompt, list) or isinstance(completion, list):
        if not (isinstance(prompt, list) and isinstance(completion, list)):
            return "prompt and completion of different kinds"
        return _from_turns(earlier, prompt + completion, values)
    return _row(prompt, "", completion, values) | context


def _earlier_turns(values: Mapping[str, Any]) -> list[Turn] | str:
    """What columns of their own hold of a conversation: a system text, and a history in turns or in pairs."""
    system = next((values[name] for name in SYSTEM if values.get(name) is not None), "")
    history = values.get(HISTORY) or []
    if not isinstance(system, str):
        return "system not text"
    if not isinstance(history, list):
        return f"{HISTORY} not a list"
    turns: list[Any] = []
    for item in history:
        if isinstance(item, list) and len(item) == 2:  # LLaMA-Factory's: a question and its answer
            turns += [{"role": role, "content": text} for role, text in zip(ROLE_PAIR, item, strict=True)]
        else:
            turns.append(item)
    found = _turns(turns)
    if isinstance(found, str):
        return f"{HISTORY} {found}"
    return [("System", system), *found] if system.strip() else found


def _turns(turns: Sequence[Any]) -> list[Turn] | str:
    found: list[Turn] = []
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
    return found


def _from_turns(
    earlier: Sequence[Turn], turns: Sequence[Any], values: Mapping[str, Any]
) -> dict[str, Any] | str:
    found = _turns(turns)
    if isinstance(found, str):
        return found
    answers = [index for index, (name, _) in enumerate(found) if name == "Assistant"]
    if not answers:
        return "no assistant turn"
    last = answers[-1]
    if last == 0 or found[last - 1][0] != "User":
        return "last answer follows no user turn"
    context = _context([*earlier, *found[: last - 1]])
    return _row(found[last - 1][1], context, found[last][1], values)


def _context(turns: Sequence[Turn]) -> str:
    return "\n\n".join(f"{name}: {text.strip()}" for name, text in turns)


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
