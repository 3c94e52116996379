"""One answer whose text is shown while it is made: the text that an evaluation would score, ended at the same token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, StoppingCriteria, StoppingCriteriaList
from transformers.generation.streamers import BaseStreamer

from src.data.tokenization import answer_text, is_stable
from src.generation.settings import (
    Decoding,
    end_tokens,
    generation_config,
    no_other_defaults,
    truncate_at_end,
)
from src.models.limits import check_prompts


@torch.inference_mode()
def stream_answer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt: list[int],
    decoding: Decoding,
    show: Callable[[str], None] = lambda text: None,
) -> str:
    """The answer to one tokenised prompt; `show` gets its text, piece by piece."""
    check_prompts(model, tokenizer, [prompt], decoding.max_new_tokens)
    if decoding.temperature > 0:
        torch.manual_seed(decoding.seed)
    eos_ids = end_tokens(model, tokenizer)
    input_ids = torch.tensor([prompt], device=model.device)
    settings = generation_config(decoding, decoding.max_new_tokens, eos_ids, int(tokenizer.pad_token_id))
    streamer = _Streamer(tokenizer, show)
    with no_other_defaults(model):
        output = model.generate(  # type: ignore[operator]
            input_ids=input_ids,
            attention_mask=torch.ones_like(input_ids),
            generation_config=settings,
            streamer=streamer,
            stopping_criteria=StoppingCriteriaList([_NextTurn(tokenizer, len(prompt))]),
        )
    row, _ = truncate_at_end(output.sequences[0, len(prompt) :].tolist(), 0, eos_ids, tokenizer)
    text = answer_text(tokenizer, row)
    show(text[len(streamer.shown) :])
    return text


class _NextTurn(StoppingCriteria):
    """Stops at the token that completes the header of another turn."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, prompt_length: int) -> None:
        self.tokenizer = tokenizer
        self.prompt_length = prompt_length

    def __call__(self, input_ids: torch.Tensor, scores: Any, **options: Any) -> torch.Tensor:  # -> (1,)
        row = input_ids[0, self.prompt_length :].tolist()
        _, finish = truncate_at_end(row, len(row) - 1, set(), self.tokenizer)
        return torch.tensor([finish == "turn"], device=input_ids.device)


class _Streamer(BaseStreamer):
    """Shows the text of the tokens so far, but for what a later token may change."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, show: Callable[[str], None]) -> None:
        self.tokenizer = tokenizer
        self.show = show
        self.tokens: list[int] | None = None  # None: the prompt is still to come
        self.shown = ""

    def put(self, value: torch.Tensor) -> None:
        if self.tokens is None:
            self.tokens = []
            return
        self.tokens += value.flatten().tolist()
        text = answer_text(self.tokenizer, self.tokens)
        if is_stable(text):
            self.show(text[len(self.shown) :])
            self.shown = text

    def end(self) -> None:
        """The rest is shown by `stream_answer`, which knows where the answer ends."""
