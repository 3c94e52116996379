"""The prepared data set on disk: its splits and its card, loaded, checked and written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from src.config import DataConfig
from src.data.card.data_card import DataCard
from src.schema import Example, UserError, parse_record, to_json
from src.system.files import write_together
from src.system.untrusted import read_file

PAGES = ("data_card.md", "data_card.png")


def load_split(config: DataConfig, split: str, card: DataCard | None = None) -> list[Example]:
    """The examples of "train", "validation" or "test", in the order of their ids; `card` where it is read already.

    Raises UserError where the data set is missing, or a file does not match its checksum.
    """
    card = card or load_card(config)
    path = Path(config.dataset_path) / f"{split}.jsonl"
    if split not in card.splits:
        raise UserError(f"unknown split {split!r}; expected {', '.join(card.splits)}")
    try:
        content = read_file(path)
    except FileNotFoundError as error:
        raise UserError(f"no {path}. Run python download_data.py first.") from error
    if hashlib.sha256(content).hexdigest() != card.splits[split].fingerprint:
        raise UserError(
            f"{path} is not the file that was prepared (changed or cut off). Run python download_data.py --force"
        )
    return [Example(**json.loads(line)) for line in content.decode("utf-8").split("\n") if line]


def load_card(config: DataConfig) -> DataCard:
    """The card of the data set under config.dataset_path; raises UserError where there is none."""
    path = Path(config.dataset_path) / "card.json"
    try:
        content = read_file(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(f"no data in {config.dataset_path}. Run python download_data.py first.") from error
    return parse_record(DataCard, content, str(path), "Run python download_data.py --force")


def is_whole(config: DataConfig, card: DataCard) -> bool:
    """Whether every file of the data set exists, each split with the checksum in `card`."""
    folder = Path(config.dataset_path)
    try:
        for name in card.splits:
            load_split(config, name, card)
    except UserError:
        return False
    return all((folder / page).is_file() for page in PAGES)


def split_bytes(examples: Sequence[Example]) -> bytes:
    """Content of a split's file: JSON lines."""
    lines = (json.dumps(vars(example), ensure_ascii=False) for example in examples)
    return "".join(line + "\n" for line in lines).encode("utf-8")


def write_data(
    config: DataConfig,
    card: DataCard,
    splits: Mapping[str, Sequence[Example]],
    files: Mapping[str, bytes] | None = None,
) -> None:
    """Write `files` (bytes of splits), the card and its pages, all or nothing."""
    from src.data.card.chart import draw_card
    from src.data.card.markdown import render_card

    folder = Path(config.dataset_path)
    contents: dict[Path, str | bytes] = {
        folder / f"{name}.jsonl": content for name, content in (files or {}).items()
    }
    contents[folder / "data_card.md"] = render_card(card)
    contents[folder / "data_card.png"] = draw_card(card, splits)
    # last: until then the old card's checksums refuse the new files
    contents[folder / "card.json"] = to_json(card, indent=1) + "\n"
    try:
        write_together(contents)
    except OSError as error:
        raise UserError(
            f"cannot write to {folder} ({error.strerror or error}); set data.dataset_path"
        ) from error
