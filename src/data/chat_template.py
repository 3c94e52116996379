"""The text of a tokenizer's own chat template, which is a stranger's program: a child process runs it, and is watched.

Run as: python -m src.data.chat_template
"""

from __future__ import annotations

import functools
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from src.data.tokenization import name_of
from src.schema import UserError
from src.system.worker_process import Budget, WorkerEndedError, WorkerProcess, limit_memory, replying

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BUDGET = Budget(cpu_s=5.0, wall_s=60.0, memory_mib=1024.0)  # of one prompt; a template takes milliseconds
MAX_CHARS = 10_000_000
Turns = list[dict[str, str]]


def render_chat(tokenizer: PreTrainedTokenizerBase, turns: Turns, prompts: bool = True) -> str:
    """The conversation as text, up to where the next answer begins if `prompts`.

    Raises UserError where the tokenizer has no template, or the template refuses, fails or does not end.
    """
    name = name_of(tokenizer)
    remedy = "use prompt.template=alpaca or an instruct model"
    if not tokenizer.chat_template:
        raise UserError(f"prompt.template=chat, but the tokenizer of {name} has no chat template; {remedy}")
    try:
        worker, names = _worker(os.getpid()), tokenizer.special_tokens_map
        template = tokenizer.get_chat_template()
        worker.send({"template": template, "turns": turns, "prompts": prompts, "names": names})
        reply = worker.receive(BUDGET)
    except (ValueError, WorkerEndedError) as error:
        _worker.cache_clear()
        raise UserError(f"the chat template of {name} does not work: {_line(error)}; {remedy}") from error
    if "error" in reply:
        raise UserError(f"the chat template of {name} refuses or fails: {reply['error']}; {remedy}")
    return str(reply["text"])


@functools.cache
def _worker(owner: int) -> WorkerProcess:
    """The process that renders for the process `owner`, started with its first prompt."""
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return WorkerProcess(["-m", "src.data.chat_template"], environment)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def main() -> None:
    """Reply to every conversation with its text, or the template's error, until the input ends."""
    reply = replying()
    from transformers.utils.chat_template_utils import render_jinja_template

    limit_memory(BUDGET.memory_mib)
    reply(json.dumps({"ready": True}))
    for line in sys.stdin:
        request = json.loads(line)
        try:
            rendered: Any = render_jinja_template(
                [request["turns"]],
                chat_template=request["template"],
                add_generation_prompt=request["prompts"],
                **request["names"],
            )
            [text], _ = rendered  # one of the conversations, and marks of what the assistant wrote
            text.encode("utf-8")  # no tokenizer accepts a lone surrogate
            if len(text) > MAX_CHARS:
                raise ValueError(f"more than {MAX_CHARS:,} characters")
            reply(json.dumps({"text": text}))
        except Exception as error:  # of any type: it is the template that raises it
            reply(json.dumps({"error": _line(error)}))


if __name__ == "__main__":
    main()
