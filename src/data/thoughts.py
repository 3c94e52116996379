"""The thought of a reasoning model before its answer: the tags around it, and the answer without it."""

from __future__ import annotations

import re

# DeepSeek-R1, Qwen3 and most others; Magistral; Seed-OSS; the channels of gpt-oss
TAGS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "[THINK]": "[/THINK]",
    "<seed:think>": "</seed:think>",
    "<|channel|>analysis<|message|>": "<|channel|>final<|message|>",
}
# Tokens of these tags, which an answer's text keeps where a tokenizer calls them special.
MARKERS = frozenset(TAGS) | frozenset(TAGS.values()) | {"<|channel|>", "<|message|>"}

_OPENING = re.compile(rf"\s*+({'|'.join(map(re.escape, TAGS))})")


def opened_tag(prompt: str) -> str:
    """The tag with which a prompt ends, so that what follows it is a thought; "" where it ends otherwise."""
    return next((tag for tag in TAGS if prompt.rstrip().endswith(tag)), "")


def is_thinking(answer: str, opened: str = "") -> bool:
    """Whether `answer` ends within a thought; `opened` is the tag with which its prompt ended."""
    return bool(opened and TAGS[opened] not in answer) or bool(_OPENING.match(without_thought(answer)))


def without_thought(answer: str) -> str:
    """What follows the thoughts at the start of `answer`; a thought that does not end stays. Linear in its length."""
    place = _end_of_prompted_thought(answer)
    while found := _OPENING.match(answer, place):
        closing = TAGS[found[1]]
        end = answer.find(closing, found.end())
        if end < 0:
            break
        place = end + len(closing)
    return answer[place:]


def _end_of_prompted_thought(answer: str) -> int:
    """Where a closing tag without an opening one ends, 0 where there is none: the prompt began the thought.

    The tag ends its line, or begins the answer: elsewhere it may be part of a program.
    """
    for tag, closing in TAGS.items():
        thought, found, rest = answer.partition(closing)
        alone = not thought.strip() or not rest.partition("\n")[0].strip()
        if found and tag not in thought and alone:
            return len(thought) + len(closing)
    return 0
