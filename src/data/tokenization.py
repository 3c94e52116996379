"""Token ids of text that a user or a data set wrote, and the text of an answer's token ids.

Two laws hold for every tokenizer: such a text gives no control token, whatever it spells, and
text(prompt + answer) = text(prompt) + text(answer).
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from src.data.thoughts import MARKERS
from src.schema import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ANCHORS = ("\n", "a", ".")  # texts that another may continue
GUARD = "x"  # a text that keeps its neighbours from being the first or the last, which some decoders strip
REPLACEMENT = "\ufffd"  # what decoders write for bytes that are no character
_BYTE_TOKEN = re.compile(r"<0x[0-9A-Fa-f]{2}>")


@functools.lru_cache(maxsize=8)
def start_tokens(tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """The tokens that the tokenizer puts before a text, such as its start token."""
    bare, whole = _ids(tokenizer, GUARD), list(tokenizer(GUARD)["input_ids"])
    starts = (index for index in range(len(whole)) if whole[index : index + len(bare)] == bare)
    return tuple(whole[: next(starts, 0)])


def text_ids(tokenizer: PreTrainedTokenizerBase, text: str, continues: bool = False) -> list[int]:
    """Token ids of `text` without start or end token; no control token is among them.

    `continues`: the text follows another. It then lacks the space that SentencePiece puts before a first word, and may
    hold the tags of a thought. Raises UserError where the tokenizer makes a control token of plain text.
    """
    return _plain(tokenizer, text, continues)[1]


def plain_pieces(tokenizer: PreTrainedTokenizerBase, text: str) -> list[str]:
    """`text` in pieces that give no control token where each is tokenised apart; nearly always one. Raises as `text_ids`."""
    return _plain(tokenizer, text, continues=False)[0]


def _plain(tokenizer: PreTrainedTokenizerBase, text: str, continues: bool) -> tuple[list[str], list[int]]:
    spelling, control = _control_tokens(tokenizer, str(tokenizer.chat_template), len(tokenizer), continues)
    breaks = [0, *(found.start() + 1 for found in spelling.finditer(text)), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(breaks)]
    ids = joined_ids(tokenizer, pieces, continues)
    if control.isdisjoint(ids):
        return pieces, ids
    pieces = list(text)  # a normaliser spells one, or the vocabulary holds it as a word
    ids = joined_ids(tokenizer, pieces, continues)
    if control.isdisjoint(ids):
        return pieces, ids
    made = tokenizer.convert_ids_to_tokens(sorted(control.intersection(ids)))
    raise UserError(
        f"the tokenizer of {name_of(tokenizer)} makes a control token ({made[0]}) of plain text; use another one"
    )


def joined_ids(
    tokenizer: PreTrainedTokenizerBase, pieces: Sequence[str], continues: bool = False
) -> list[int]:
    """Token ids of the pieces of a text, each tokenised apart; control tokens in a piece are read as such."""
    first = _continuation(tokenizer, pieces[0]) if continues else _ids(tokenizer, pieces[0])
    return first + [token for piece in pieces[1:] for token in _continuation(tokenizer, piece)]


def answer_text(tokenizer: PreTrainedTokenizerBase, tokens: Sequence[int]) -> str:
    """The text that `tokens` add to a prompt. Special tokens are left out, but for the tags of a thought.

    A character that lacks its last bytes is one U+FFFD.
    """
    unspoken = _unspoken_ids(tokenizer, len(tokenizer))
    spoken = [token for token in tokens if token not in unspoken]
    text = _between_guards(tokenizer, spoken)
    return _text_by_runs(tokenizer, spoken) if REPLACEMENT in text else text


def is_stable(text: str) -> bool:
    """Whether an answer's text so far begins the text of every longer answer: no character lacks its last bytes."""
    return not text.endswith(REPLACEMENT)


def name_of(tokenizer: PreTrainedTokenizerBase) -> str:
    return tokenizer.name_or_path or "this model"


def _ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def _continuation(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Token ids of a text that follows another, which is tokenised with it and taken off again."""
    if text and _marks_first_words(tokenizer):
        for anchor in ANCHORS:
            before, whole = _ids(tokenizer, anchor), _ids(tokenizer, anchor + text)
            if before and whole[: len(before)] == before:
                return whole[len(before) :]
    return _ids(tokenizer, text)


@functools.lru_cache(maxsize=8)
def _marks_first_words(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether a text tokenised apart begins with a space that it does not hold."""
    return bool(_guard(tokenizer)[2])


def _between_guards(tokenizer: PreTrainedTokenizerBase, tokens: list[int]) -> str:
    """The text of `tokens` within a text."""
    guard, first, gap = _guard(tokenizer)
    whole = _decode(tokenizer, [*guard, *tokens, *guard])
    if first.strip() != GUARD or not whole.startswith(first) or not whole.endswith(GUARD):
        return _decode(tokenizer, tokens)  # the tokenizer does not know the guard
    return whole[len(first) : -len(GUARD)].removesuffix(gap)


def _text_by_runs(tokenizer: PreTrainedTokenizerBase, tokens: list[int]) -> str:
    """As `_between_guards`, for a decoder that gives up a whole run of tokens of bytes where some are no text."""
    named = zip(tokens, map(str, tokenizer.convert_ids_to_tokens(tokens)), strict=True)
    text = ""
    for are_bytes, run in itertools.groupby(named, key=lambda pair: bool(_BYTE_TOKEN.fullmatch(pair[1]))):
        if are_bytes:
            text += bytes(int(name[1:-1], 16) for _, name in run).decode("utf-8", "replace")
        else:
            text += _between_guards(tokenizer, [token for token, _ in run])
    return text


@functools.lru_cache(maxsize=8)
def _guard(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], str, str]:
    """The guard's tokens, its text at the start of a text, and the space that comes before it elsewhere."""
    tokens = _ids(tokenizer, GUARD)
    first, pair = _decode(tokenizer, tokens), _decode(tokenizer, tokens * 2)
    return tokens, first, pair[len(first) : -len(GUARD)]


def _decode(tokenizer: PreTrainedTokenizerBase, tokens: list[int]) -> str:
    # cleaning up is for prose: it takes the space before a full stop
    return str(tokenizer.decode(tokens, clean_up_tokenization_spaces=False))


@functools.lru_cache(maxsize=8)
def _control_tokens(
    tokenizer: PreTrainedTokenizerBase, template: str, size: int, allow_tags: bool
) -> tuple[re.Pattern[str], frozenset[int]]:
    """A pattern that finds where one begins, and their ids: the special tokens, and those that the template writes.

    With `allow_tags` the tags of a thought are none where the tokenizer does not call them special. `template` and
    `size` are there because they may change.
    """
    added = tokenizer.added_tokens_decoder
    names = {token.content for token in added.values() if token.special} | set(tokenizer.all_special_tokens)
    written = {
        token.content for token in added.values() if token.content in template and token.content.strip()
    }
    names |= written - MARKERS if allow_tags else written
    names = {name for name in names if len(name) > 1}
    spelled = "|".join(map(re.escape, sorted(names))) or r"(?!)"
    ids = {index for name in names if isinstance(index := tokenizer.convert_tokens_to_ids(name), int)}
    ids.discard(tokenizer.unk_token_id)
    return re.compile(f"(?={spelled})"), frozenset(ids)


@functools.lru_cache(maxsize=8)
def _unspoken_ids(tokenizer: PreTrainedTokenizerBase, size: int) -> frozenset[int]:
    """Ids of the special tokens that an answer's text leaves out."""
    added = {index: token.content for index, token in tokenizer.added_tokens_decoder.items() if token.special}
    named = dict(zip(tokenizer.all_special_ids, tokenizer.all_special_tokens, strict=True))
    return frozenset(index for index, name in (added | named).items() if name not in MARKERS)
