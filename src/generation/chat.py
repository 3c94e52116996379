"""Answers instructions one after another: from flags, from standard input, or from a person at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TextIO

from src.config import Config
from src.data.preprocessing import prompt_ids
from src.generation.settings import Decoding, prompt_template
from src.generation.streaming import stream_answer
from src.models.fingerprints import trained_elsewhere
from src.models.hardware import decide
from src.models.loading import load_tokenizer, resolve
from src.models.lora_model import load_model
from src.schema import UserError
from src.system.plain_text import escape_controls, one_line

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

HELP = """Type an instruction. One that ends with a colon is followed by its input.
Ctrl-C stops an answer, /help shows this, /exit or Ctrl-D ends."""
NOT_UTF8 = "the instruction is not UTF-8 text; save the file as UTF-8, or set the terminal to UTF-8"
WAITING = "thinking ..."  # until the first words of an answer


@dataclass(frozen=True)
class Assistant:
    """A loaded model with everything that its answers depend on."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    template: str
    decoding: Decoding

    def answer(self, instruction: str, input: str, out: TextIO) -> str:
        """The answer; its text is streamed to `out`."""

        waiting = WAITING if out.isatty() else ""

        def show(text: str) -> None:
            nonlocal waiting
            if waiting:
                out.write(f"\r{' ' * len(waiting)}\r")
                waiting = ""
            out.write(escape_controls(text) if out.isatty() else text)
            out.flush()

        out.write(waiting)
        out.flush()
        prompt = prompt_ids(self.tokenizer, instruction, input, self.template)
        text = stream_answer(self.model, self.tokenizer, prompt, self.decoding, show)
        show("\n")
        return text


def load_assistant(model_path: str, base_model: str | None, config: Config) -> Assistant:
    """The model with its tokenizer, prompted as it was trained. Raises UserError where it cannot be loaded."""
    reference = resolve(model_path, base_model)
    trained_elsewhere(reference)
    hardware = decide(config.model, quantised=reference.quantization is not None)
    tokenizer = load_tokenizer(reference.base, config.model)
    model = load_model(reference, merge=True, config=config.model, hardware=hardware)
    decoding = replace(Decoding.of(config.evaluation), num_completions=1)
    return Assistant(model, tokenizer, prompt_template(reference, config), decoding)  # type: ignore[arg-type]


def tasks(instruction: str | None, input: str, stdin: TextIO) -> Iterator[tuple[str, str]]:
    """Instructions with their inputs: the instruction given, else all of `stdin`, else what a person types there."""
    if instruction is not None:
        yield _checked(instruction), _checked(input)
    elif not stdin.isatty():
        text = _checked(_read_all(stdin), stdin.encoding).removeprefix("\ufeff").strip()
        if text:
            yield text, _checked(input)
    else:
        yield from _read_terminal(stdin.encoding)


def answer_all(assistant: Assistant, instruction: str | None, input: str, stdin: TextIO, out: TextIO) -> None:
    """Answer the tasks; in a conversation at a terminal no mistake is the end."""
    asked = tasks(instruction, input, stdin)
    if instruction is None and stdin.isatty():
        converse(assistant, asked, out)
        return
    for each, text in asked:
        assistant.answer(each, text, out)


def converse(assistant: Assistant, asked: Iterator[tuple[str, str]], out: TextIO) -> None:
    """Answer what a person asks; an instruction that cannot be answered, or an answer that is stopped, ends nothing."""
    for instruction, text in asked:
        try:
            assistant.answer(instruction, text, out)
        except UserError as error:
            print(f"error: {one_line(str(error))}", file=sys.stderr)
        except KeyboardInterrupt:
            print("\nstopped", file=sys.stderr)


def _read_all(stdin: TextIO) -> str:
    try:
        return stdin.read()
    except UnicodeDecodeError as error:
        raise UserError(NOT_UTF8) from error


def _checked(text: str, encoding: str | None = None) -> str:
    """`text`, whose bytes that `encoding` (None: the locale's) lacks, lone surrogates to Python, are read as UTF-8.

    Raises UserError where they are not: no tokenizer accepts them.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        try:
            return text.encode(encoding or sys.getfilesystemencoding(), "surrogateescape").decode("utf-8")
        except UnicodeError as error:
            raise UserError(NOT_UTF8) from error
    return text


def _read_terminal(encoding: str | None) -> Iterator[tuple[str, str]]:
    import readline  # noqa: F401  # arrow keys and history in input()

    print(HELP, file=sys.stderr)
    while True:
        try:
            instruction = input("\ninstruction> ").strip()
            if instruction.startswith("/"):
                if instruction in ("/exit", "/quit"):
                    return
                print(HELP, file=sys.stderr)
            elif instruction:
                text = input("input> ").strip() if instruction.endswith((":", "：")) else ""
                yield _checked(instruction, encoding), _checked(text, encoding)
        except UserError as error:
            print(f"error: {one_line(str(error))}", file=sys.stderr)
        except EOFError:
            print(file=sys.stderr)
            return
