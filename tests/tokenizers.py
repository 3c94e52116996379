"""A small tokenizer of each kind, trained on the spot: nothing is fetched."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import sentencepiece
from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

LINES = [
    *(f"def f{number}(a, b):\n    x = a + {number}\n    return x" for number in range(60)),
    "### Instruction:\nPrint the sum, e.g. 1 + 2 .\n\n### Response:\nprint(1 + 2)",
    "</ s> < /s> <s > <| im _end |> 中文 é",
]
SPECIAL = ["<unk>", "<s>", "</s>"]
CONTROL = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]


def _fast(raw: Tokenizer, **options: object) -> PreTrainedTokenizerBase:
    raw.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", raw.token_to_id("<s>"))]
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<unk>",
        **options,
    )
    made.add_special_tokens({"additional_special_tokens": CONTROL})
    made.add_tokens([AddedToken(tag, normalized=False, special=False) for tag in ("<think>", "</think>")])
    return made


def _byte_level(add_prefix_space: bool = False, clean: bool = False) -> PreTrainedTokenizerBase:
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=380, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator(LINES, trainer)
    return _fast(raw, clean_up_tokenization_spaces=clean)


def _llama(legacy: bool, scheme: str = "first") -> PreTrainedTokenizerBase:
    """Llama 2's tokenizer.json where `legacy`, else Metaspace."""
    characters = sorted(set("".join(LINES)) - set("\n中文é") | {"▁"})
    trained = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(vocab_size=220, initial_alphabet=characters, show_progress=False)
    trained.train_from_iterator([f"▁{word}" for line in LINES for word in line.split()], trainer)
    learnt = json.loads(trained.to_str())["model"]
    vocabulary = [*SPECIAL, *(f"<0x{number:02X}>" for number in range(256)), *learnt["vocab"]]
    raw = Tokenizer(
        models.BPE(
            {token: index for index, token in enumerate(dict.fromkeys(vocabulary))},
            [tuple(pair) for pair in learnt["merges"]],
            byte_fallback=True,
            fuse_unk=True,
            unk_token="<unk>",
        )
    )
    raw.add_special_tokens(SPECIAL)
    if legacy:
        raw.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        raw.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme=scheme, split=False)
    raw.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
        + ([decoders.Strip(" ", 1, 0)] if scheme != "never" else [])
    )
    return _fast(raw)


def _unigram() -> PreTrainedTokenizerBase:
    """Its vocabulary holds the control tokens as words, and its normaliser gives "</s>" for "＜／s＞"."""
    raw = Tokenizer(models.Unigram())
    raw.normalizer = normalizers.NFKC()
    raw.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always", split=False)
    raw.decoder = decoders.Metaspace("▁", prepend_scheme="always", split=False)
    alphabet = sorted(set("".join(LINES)) | {"▁", "\n"})
    trainer = trainers.UnigramTrainer(
        vocab_size=200,
        special_tokens=SPECIAL,
        unk_token="<unk>",
        initial_alphabet=alphabet,
        show_progress=False,
    )
    raw.train_from_iterator([line.replace("\n", " \n ") for line in LINES], trainer)
    return _fast(raw, clean_up_tokenization_spaces=True)


def _word_piece() -> PreTrainedTokenizerBase:
    raw = Tokenizer(models.WordPiece(unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    raw.decoder = decoders.WordPiece(cleanup=True)
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=SPECIAL, show_progress=False)
    raw.train_from_iterator(LINES, trainer)
    return _fast(raw, clean_up_tokenization_spaces=True)


def _sentence_piece(kind: str, **options: object) -> PreTrainedTokenizerBase:
    """A tokenizer of the class `kind` from a file tokenizer.model, as CodeLlama comes; GPT-SW3's is a slow one."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "text").write_text("\n".join(LINES), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(folder / "text"), model_prefix=str(folder / "tokenizer"), vocab_size=420, model_type="bpe",
            byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True, hard_vocab_limit=False, minloglevel=2,
        )  # fmt: skip
        (folder / "spiece.model").write_bytes((folder / "tokenizer.model").read_bytes())
        settings = {
            "tokenizer_class": kind,
            **dict(zip(("unk_token", "bos_token", "eos_token"), SPECIAL, strict=True)),
        }
        (folder / "tokenizer_config.json").write_text(json.dumps(settings | options))
        made = AutoTokenizer.from_pretrained(folder, pad_token="<unk>")
    made.add_special_tokens({"additional_special_tokens": CONTROL})
    made.add_tokens([AddedToken(tag, normalized=False, special=False) for tag in ("<think>", "</think>")])
    return made


KINDS: dict[str, Callable[[], PreTrainedTokenizerBase]] = {
    "byte-level BPE": _byte_level,
    "byte-level BPE, cleaned up": functools.partial(_byte_level, clean=True),
    "byte-level BPE, space first": functools.partial(_byte_level, add_prefix_space=True),
    "Llama, legacy": functools.partial(_llama, legacy=True),
    "Metaspace, first": functools.partial(_llama, legacy=False),
    "Metaspace, always": functools.partial(_llama, legacy=False, scheme="always"),
    "Metaspace, never": functools.partial(_llama, legacy=False, scheme="never"),
    "CodeLlama, SentencePiece": functools.partial(_sentence_piece, "CodeLlamaTokenizer"),
    "Llama, SentencePiece": functools.partial(_sentence_piece, "LlamaTokenizer", legacy=False),
    "GPT-SW3, slow": functools.partial(_sentence_piece, "GPTSw3Tokenizer"),
    "GPT-SW3, slow, not legacy": functools.partial(_sentence_piece, "GPTSw3Tokenizer", legacy=False),
    "Unigram": _unigram,
    "WordPiece": _word_piece,
}
LOSSY = ("Unigram", "WordPiece")  # they merge white space, or know no other characters


@functools.cache
def of_kind(kind: str) -> PreTrainedTokenizerBase:
    return KINDS[kind]()
