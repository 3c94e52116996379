"""Prepares a data set once, then serves its splits."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from src.config import DataConfig
from src.data.card import Contamination, DataCard, Duplicates, SplitCard, card_json, parse_card
from src.data.cleaning import Reject, clean
from src.data.contamination import Overlap, find_overlaps
from src.data.quality import TokenCounter, find_defects, measure_lengths, measure_tokens
from src.data.sources import SPLITS, Source, find_source
from src.data.splitting import Neighbourhood, assign_splits, find_neighbours, straddling
from src.files import write_together
from src.schema import Example, UserError

log = logging.getLogger(__name__)

PREPARATION = 1  # raised when the same rows would be prepared differently
SHOWN_REJECTS = 5


def prepare_data(
    config: DataConfig,
    source: str | None = None,
    path: Path | None = None,
    force: bool = False,
    benchmarks: Mapping[str, Sequence[Example]] | None = None,
    counter: TokenCounter | None = None,
) -> DataCard:
    """Write train, validation and test under config.dataset_path, with their card; do nothing where they are
    there, whole, and made from the same source and settings.

    `source` is config.source unless given. Training rows are compared with `benchmarks` and the test split, and
    dropped on overlap if config.remove_contamination. `counter` adds token lengths to the card.
    """
    origin = find_source(config, source or config.source, path, force)
    benchmarks = benchmarks or {}
    recipe = _recipe(config, origin, benchmarks)
    if not force:
        card = _card_in_place(config, recipe)
        if card is not None:
            return _with_tokens(config, card, counter)
    rows = _read(origin)
    neighbours = find_neighbours(rows.examples, config.near_duplicate_threshold)
    sides = rows.splits or assign_splits(neighbours, config.validation_fraction, config.test_fraction)
    splits: dict[str, list[Example]] = {name: [] for name in SPLITS}
    for example, side in sorted(zip(rows.examples, sides, strict=True), key=lambda pair: pair[0].id):
        splits[side].append(example)
    _require_rows(splits, config, origin)
    contamination = _check_contamination(splits, benchmarks, config)
    _require_rows(splits, config, origin)
    files = {name: _split_bytes(examples) for name, examples in splits.items()}
    kept = [example for examples in splits.values() for example in examples]
    card = DataCard(
        source=origin.kind,
        origin=origin.origin,
        licence=origin.licence,
        recipe=recipe,
        fingerprint=_fingerprint(files),
        settings=_settings(config),
        rows_read=rows.read,
        rows=len(kept),
        rejected=dict(rows.rejected.most_common()),
        first_rejects=tuple(rows.first_rejects),
        reject_unit=origin.unit,
        splits={name: _describe(splits[name], files[name]) for name in SPLITS},
        characters={
            name: measure_lengths([len(text) for example in kept if (text := getattr(example, name))])
            for name in ("instruction", "input", "output")
        },
        duplicates=_describe_duplicates(neighbours, sides, rows.rejected["copy of an earlier row"], config),
        defects=find_defects(kept),
        contamination=contamination,
        tokens=measure_tokens(kept, counter, config.max_length) if counter else None,
    )
    _write(config, card, splits, files)
    return card


def load_split(config: DataConfig, split: str) -> list[Example]:
    """The examples of "train", "validation" or "test", in the order of their ids.

    Raises UserError where the data set is missing, or a file is not the one that was prepared.
    """
    card = load_card(config)
    path = Path(config.dataset_path) / f"{split}.jsonl"
    if split not in card.splits:
        raise UserError(f"unknown split {split!r}; expected {', '.join(card.splits)}")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"no {path}. Run python download_data.py first.") from None
    if hashlib.sha256(content).hexdigest() != card.splits[split].fingerprint:
        raise UserError(
            f"{path} is not the file that was prepared (changed or cut off). Run python download_data.py --force"
        )
    return [Example(**json.loads(line)) for line in content.decode("utf-8").split("\n") if line]


def load_card(config: DataConfig) -> DataCard:
    """The card of the data set under config.dataset_path; raises UserError where there is none."""
    path = Path(config.dataset_path) / "card.json"
    try:
        return parse_card(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"no data in {config.dataset_path}. Run python download_data.py first.") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UserError(
            f"{path} is damaged or of another version. Run python download_data.py --force"
        ) from None


@dataclass
class _Rows:
    """What was read from a source."""

    examples: list[Example] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)  # of each example, where the source divides its rows
    rejected: Counter[str] = field(default_factory=Counter)
    first_rejects: list[Reject] = field(default_factory=list)
    read: int = 0

    def reject(self, row: Reject) -> None:
        self.rejected[row.reason] += 1
        if self.rejected[row.reason] <= 2 and len(self.first_rejects) < 2 * SHOWN_REJECTS:
            self.first_rejects.append(row)


def _read(source: Source) -> _Rows:
    """Clean examples of a source, each once, with their language."""
    from tqdm import tqdm

    from src.data.language import detect

    rows, seen = _Rows(), set()
    for raw in tqdm(source.rows(), desc="rows", unit=" rows", disable=None, leave=False):
        rows.read += 1
        example = clean(raw)
        if isinstance(example, Reject):
            rows.reject(example)
        elif example.id in seen:
            rows.reject(Reject(raw.line, "copy of an earlier row"))
        else:
            seen.add(example.id)
            language = example.language or detect(example.instruction, example.input, example.output)
            rows.examples.append(dataclasses.replace(example, language=language))
            if source.divided:
                rows.splits.append(raw.split)
    if not rows.examples:
        reasons = (
            ", ".join(f"{count} {reason}" for reason, count in rows.rejected.most_common(4)) or "no rows"
        )
        raise UserError(
            f"no usable row in {source.origin} ({reasons}); expected instruction, input and output"
        )
    return rows


def _require_rows(splits: Mapping[str, Sequence[Example]], config: DataConfig, source: Source) -> None:
    wanted = {"train": True, "validation": config.validation_fraction > 0, "test": config.test_fraction > 0}
    for name, examples in splits.items():
        if wanted[name] and not examples:
            total = sum(map(len, splits.values()))
            key = (
                "data.test_fraction and data.validation_fraction"
                if name == "train"
                else f"data.{name}_fraction"
            )
            change = "lower" if name == "train" else "raise"
            raise UserError(
                f"the {name} split of {source.origin} is empty ({total} rows in all); {change} {key}"
            )


def _check_contamination(
    splits: dict[str, list[Example]], benchmarks: Mapping[str, Sequence[Example]], config: DataConfig
) -> Contamination:
    """Compare train with what it is tested on; drops overlapping rows from `splits` if the config says so."""
    protected = {"test": splits["test"], **benchmarks}
    overlaps: list[Overlap] = find_overlaps(splits["train"], protected, config.near_duplicate_threshold)
    tainted = {item.train_id for item in overlaps}
    if config.remove_contamination:
        splits["train"] = [example for example in splits["train"] if example.id not in tainted]
    return Contamination(
        checked={name: len(examples) for name, examples in protected.items()},
        rows={name: len({item.train_id for item in overlaps if item.against == name}) for name in protected},
        overlaps=tuple(overlaps),
        removed=len(tainted) if config.remove_contamination else 0,
    )


def _describe(examples: Sequence[Example], content: bytes) -> SplitCard:
    languages = Counter(example.language for example in examples)
    return SplitCard(
        rows=len(examples),
        fingerprint=hashlib.sha256(content).hexdigest(),
        languages=dict(sorted(languages.items(), key=lambda item: (-item[1], item[0]))),
        with_input=sum(bool(example.input) for example in examples),
        with_tests=sum(bool(example.tests) for example in examples),
    )


def _describe_duplicates(
    neighbours: Neighbourhood, sides: Sequence[str], exact_rows: int, config: DataConfig
) -> Duplicates:
    clusters = neighbours.clusters
    return Duplicates(
        threshold=config.near_duplicate_threshold,
        exact_rows=exact_rows,
        near_prompt_rows=len({index for pair in neighbours.prompt_pairs for index in pair}),
        near_output_rows=len({index for pair in neighbours.output_pairs for index in pair}),
        clusters=len(clusters),
        clustered_rows=sum(map(len, clusters)),
        largest_cluster=max(map(len, clusters), default=1),
        straddling=len(straddling(neighbours, sides)),
    )


def _settings(config: DataConfig) -> dict[str, object]:
    names = ("validation_fraction", "test_fraction", "near_duplicate_threshold", "remove_contamination")
    return {name: getattr(config, name) for name in names}


def _recipe(config: DataConfig, source: Source, benchmarks: Mapping[str, Sequence[Example]]) -> str:
    tested = {name: sorted(example.id for example in examples) for name, examples in benchmarks.items()}
    parts = [PREPARATION, source.identity, _settings(config), tested]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _card_in_place(config: DataConfig, recipe: str) -> DataCard | None:
    """The card of what lies there, if it is whole and of this recipe."""
    try:
        card = load_card(config)
        for name in card.splits:
            load_split(config, name)
    except UserError as error:
        log.info("preparing: %s", error)
        return None
    return card if card.recipe == recipe else None


def _with_tokens(config: DataConfig, card: DataCard, counter: TokenCounter | None) -> DataCard:
    """The card with lengths by `counter`, measured and stored unless it has them."""
    known = card.tokens
    if counter is None or (
        known and (known.tokenizer, known.max_length) == (counter.name, config.max_length)
    ):
        return card
    splits = {name: load_split(config, name) for name in card.splits}
    examples: Iterable[Example] = (example for rows in splits.values() for example in rows)
    card = dataclasses.replace(card, tokens=measure_tokens(examples, counter, config.max_length))
    _write(config, card, splits, {})
    return card


def _split_bytes(examples: Sequence[Example]) -> bytes:
    lines = (json.dumps(dataclasses.asdict(example), ensure_ascii=False) for example in examples)
    return "".join(line + "\n" for line in lines).encode("utf-8")


def _fingerprint(files: Mapping[str, bytes]) -> str:
    """Of the three splits together: 16 hex digits."""
    return hashlib.sha256(b"".join(hashlib.sha256(files[name]).digest() for name in SPLITS)).hexdigest()[:16]


def _write(
    config: DataConfig, card: DataCard, splits: Mapping[str, Sequence[Example]], files: Mapping[str, bytes]
) -> None:
    from src.data.card_page import draw_card, render_card

    folder = Path(config.dataset_path)
    contents: dict[Path, str | bytes] = {folder / f"{name}.jsonl": content for name, content in files.items()}
    contents[folder / "data_card.md"] = render_card(card)
    contents[folder / "data_card.png"] = draw_card(card, splits)
    contents[folder / "card.json"] = card_json(card)
    try:
        write_together(contents)
    except OSError as error:
        raise UserError(
            f"cannot write to {folder} ({error.strerror or error}); set data.dataset_path"
        ) from None
