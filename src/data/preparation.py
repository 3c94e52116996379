"""Prepares a data set: rows are read, cleaned, deduplicated and split, then written with their card."""

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
from src.data.card.data_card import Contamination, DataCard, Duplicates, SplitCard
from src.data.curation.cleaning import Reject, clean
from src.data.curation.contamination import Overlap, find_overlaps
from src.data.curation.novelty import measure_novelty
from src.data.curation.quality import TokenCounter, find_defects, measure_lengths, measure_tokens
from src.data.curation.splitting import NearDuplicates, assign_splits, find_neighbours, straddling, unit_hash
from src.data.dataset import is_whole, load_card, load_split, split_bytes, write_data
from src.data.sources.catalog import SPLITS, Source, find_source, has_paths
from src.data.sources.row_schemas import ACCEPTED
from src.provenance import digest
from src.schema import Example, UserError
from src.system.files import sole_writer

PREPARATION = 3  # version, increased when the same rows would be prepared differently
MAX_SHOWN_REJECTS = 10
MAX_SHOWN_PER_REASON = 2
COPY = "copy of an earlier row"
OUTSIDE_SHARE = "outside the share of its file"
KNOWN = "near-duplicate of a row that is trained on or chosen by"
REPLACED = "test row of a source whose test set was replaced"

Splits = dict[str, list[Example]]

log = logging.getLogger(__name__)


def prepare_data(
    config: DataConfig,
    source: str | None = None,
    paths: Sequence[str] = (),
    force: bool = False,
    benchmarks: Mapping[str, Sequence[Example]] | None = None,
    counter: TokenCounter | None = None,
    test_path: str | None = None,
) -> DataCard:
    """Write train, validation and test under config.dataset_path, with their card; do nothing where they exist,
    whole, from the same source and settings.

    `source` is config.source unless given, its files are `paths` (FILE or FILE:WEIGHT) or config.paths. Training
    rows are compared with `benchmarks` and the test split, and dropped on overlap if config.remove_contamination.
    `counter` adds token lengths to the card. The test split is the file `test_path` where one is given, without the
    rows that are near-duplicates of the others; no row of the source is then held out for it.
    """
    kind = source or ("file" if paths and not has_paths(config.source) else config.source)
    origin = find_source(config, kind, paths or (config.paths if has_paths(kind) else ()), force)
    tests = find_source(config, "file", [test_path], force) if test_path else None
    benchmarks = benchmarks or {}
    recipe = _recipe(config, origin, benchmarks, tests)
    with sole_writer(Path(config.dataset_path), "set data.dataset_path to another folder"):
        card = None if force else _existing_card(config, recipe)
        if card:
            return _with_tokens(config, card, counter)
        return _prepare(config, origin, recipe, benchmarks, counter, tests)


def _prepare(
    config: DataConfig,
    origin: Source,
    recipe: str,
    benchmarks: Mapping[str, Sequence[Example]],
    counter: TokenCounter | None,
    tests: Source | None,
) -> DataCard:
    rows = read_examples(origin)
    near = find_neighbours(rows.examples, config.near_duplicate_threshold)
    held_out = 0.0 if tests else config.test_fraction
    assigned = rows.splits or assign_splits(near, config.validation_fraction, held_out)
    splits = divide(rows.examples, assigned)
    if tests:
        splits = _with_test_set(splits, tests, rows, config.near_duplicate_threshold)
    _require_rows(splits, config, origin)
    splits, contamination = check_contamination(splits, benchmarks, config)
    _require_rows(splits, config, origin)
    files = {name: split_bytes(examples) for name, examples in splits.items()}
    kept = [example for examples in splits.values() for example in examples]
    card = DataCard(
        source=origin.kind,
        origin=origin.origin,
        licence=origin.licence,
        recipe=recipe,
        fingerprint=_fingerprint(files),
        settings=_settings(config) | ({"test set": tests.origin} if tests else {}),
        rows_read=rows.read,
        rows=len(kept),
        rejected=dict(rows.rejected.most_common()),
        first_rejects=tuple(rows.first_rejects),
        reject_unit=origin.unit,
        splits={name: _describe_split(splits[name], files[name]) for name in SPLITS},
        characters={
            name: measure_lengths([len(text) for example in kept if (text := getattr(example, name))])
            for name in ("instruction", "input", "output")
        },
        duplicates=_describe_duplicates(near, assigned, rows.rejected[COPY], config),
        defects=find_defects(kept),
        contamination=contamination,
        novelty=measure_novelty(splits["test"], splits["train"]),
        tokens=measure_tokens(kept, counter, config.max_length) if counter else None,
    )
    write_data(config, card, splits, files)
    return card


@dataclass
class Rows:
    """Examples read from a source, with the rejected rows."""

    examples: list[Example] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)  # of each example, where the source comes with splits
    rejected: Counter[str] = field(default_factory=Counter)
    first_rejects: list[Reject] = field(default_factory=list)
    read: int = 0

    def reject(self, row: Reject) -> None:
        """Count a rejected row; the first few are kept to be shown."""
        self.rejected[row.reason] += 1
        few = self.rejected[row.reason] <= MAX_SHOWN_PER_REASON
        if few and len(self.first_rejects) < MAX_SHOWN_REJECTS:
            self.first_rejects.append(row)


def read_examples(source: Source) -> Rows:
    """Clean examples of a source without exact copies, with their language. Raises UserError where there are none."""
    from tqdm import tqdm

    from src.languages.detection import detect

    rows, seen = Rows(), set()
    for raw in tqdm(source.rows(), desc="rows", unit=" rows", disable=None, leave=False):
        rows.read += 1
        example = clean(raw)
        if isinstance(example, Reject):
            rows.reject(example)
        elif raw.share < 1 and unit_hash(f"share {example.id}") >= raw.share:
            rows.reject(Reject(raw.line, OUTSIDE_SHARE, file=raw.file))
        elif example.id in seen:
            rows.reject(Reject(raw.line, COPY, file=raw.file))
        else:
            seen.add(example.id)
            language = example.language or detect(example.instruction, example.input, example.output)
            rows.examples.append(dataclasses.replace(example, language=language))
            if source.has_splits:
                rows.splits.append(raw.split)
    if not rows.examples:
        reasons = ", ".join(f"{count} {reason}" for reason, count in rows.rejected.most_common(4))
        raise UserError(f"no usable row in {source.origin} ({reasons or 'no rows'}); expected {ACCEPTED}")
    return rows


def _with_test_set(splits: Splits, source: Source, rows: Rows, threshold: float) -> Splits:
    """The splits with the rows of `source` as test split; what is left out of it is counted in `rows`."""
    found = read_examples(source)
    others = [*splits["train"], *splits["validation"]]
    near = find_neighbours([*others, *found.examples], threshold)
    known = {index for group in near.groups if group[0] < len(others) for index in group}
    kept = [item for index, item in enumerate(found.examples, len(others)) if index not in known]
    rows.read += found.read
    counts = Counter({f"test set: {reason}": count for reason, count in found.rejected.items()})
    rows.rejected += counts + Counter({f"test set: {KNOWN}": len(found.examples) - len(kept)})
    rows.rejected += Counter({REPLACED: len(splits["test"])})
    if not kept:
        raise UserError(
            f"every row of {source.origin} is a {KNOWN}; expected an independent test set, give another --test_path"
        )
    return splits | {"test": sorted(kept, key=lambda item: item.id)}


def divide(examples: Sequence[Example], assigned: Sequence[str]) -> Splits:
    """The examples of each split, ordered by id, so that files do not depend on the order of the rows."""
    splits: Splits = {name: [] for name in SPLITS}
    for example, split in sorted(zip(examples, assigned, strict=True), key=lambda pair: pair[0].id):
        splits[split].append(example)
    return splits


def _require_rows(splits: Mapping[str, Sequence[Example]], config: DataConfig, source: Source) -> None:
    remedies = {"train": "lower data.test_fraction and data.validation_fraction"}
    for name in ("validation", "test"):
        if getattr(config, f"{name}_fraction") > 0:
            remedies[name] = f"raise data.{name}_fraction"
    total = sum(map(len, splits.values()))
    for name, remedy in remedies.items():
        if not splits[name]:
            raise UserError(f"the {name} split of {source.origin} is empty ({total} rows in all); {remedy}")


def check_contamination(
    splits: Splits, benchmarks: Mapping[str, Sequence[Example]], config: DataConfig
) -> tuple[Splits, Contamination]:
    """Compare train with the test split and the benchmarks; drops overlapping rows of train if
    config.remove_contamination.
    """
    protected = {"test": splits["test"], **benchmarks}
    overlaps: list[Overlap] = find_overlaps(splits["train"], protected, config.near_duplicate_threshold)
    contaminated = {item.train_id for item in overlaps} if config.remove_contamination else set()
    found = Contamination(
        checked={name: len(examples) for name, examples in protected.items()},
        rows={name: len({item.train_id for item in overlaps if item.against == name}) for name in protected},
        overlaps=tuple(overlaps),
        removed=len(contaminated),
    )
    train = [example for example in splits["train"] if example.id not in contaminated]
    return splits | {"train": train}, found


def _describe_split(examples: Sequence[Example], content: bytes) -> SplitCard:
    languages = Counter(example.language for example in examples)
    return SplitCard(
        rows=len(examples),
        fingerprint=hashlib.sha256(content).hexdigest(),
        languages=dict(sorted(languages.items(), key=lambda item: (-item[1], item[0]))),
        with_input=sum(bool(example.input) for example in examples),
        with_tests=sum(bool(example.tests) for example in examples),
    )


def _describe_duplicates(
    near: NearDuplicates, assigned: Sequence[str], exact_rows: int, config: DataConfig
) -> Duplicates:
    clusters = near.clusters
    return Duplicates(
        threshold=config.near_duplicate_threshold,
        exact_rows=exact_rows,
        near_prompt_rows=_rows_in(near.prompt_pairs),
        near_output_rows=_rows_in(near.output_pairs),
        alike_output_rows=_rows_in(near.alike_pairs),
        clusters=len(clusters),
        clustered_rows=sum(map(len, clusters)),
        largest_cluster=max(map(len, clusters), default=1),
        straddling=len(straddling(near, assigned)),
    )


def _rows_in(pairs: Iterable[tuple[int, int]]) -> int:
    return len({index for pair in pairs for index in pair})


def _settings(config: DataConfig) -> dict[str, object]:
    names = ("validation_fraction", "test_fraction", "near_duplicate_threshold", "remove_contamination")
    return {name: getattr(config, name) for name in names}


def _recipe(
    config: DataConfig, source: Source, benchmarks: Mapping[str, Sequence[Example]], tests: Source | None
) -> str:
    benchmark_ids = {name: sorted(example.id for example in rows) for name, rows in benchmarks.items()}
    parts = [PREPARATION, source.identity, _settings(config), benchmark_ids, tests and tests.identity]
    return digest(json.dumps(parts, sort_keys=True))


def _existing_card(config: DataConfig, recipe: str) -> DataCard | None:
    """The card of the data set on disk, if that is whole and of this recipe."""
    try:
        card = load_card(config)
    except UserError as error:
        log.info("preparing: %s", error)
        return None
    return card if card.recipe == recipe and is_whole(config, card) else None


def _with_tokens(config: DataConfig, card: DataCard, counter: TokenCounter | None) -> DataCard:
    """The card with token lengths by `counter`, measured and stored unless it has them."""
    found = card.tokens and (card.tokens.tokenizer, card.tokens.max_length)
    if counter is None or found == (counter.name, config.max_length):
        return card
    splits = {name: load_split(config, name) for name in card.splits}
    examples: Iterable[Example] = (example for rows in splits.values() for example in rows)
    card = dataclasses.replace(card, tokens=measure_tokens(examples, counter, config.max_length))
    write_data(config, card, splits)
    return card


def _fingerprint(files: Mapping[str, bytes]) -> str:
    """Of the three splits together: 16 hex digits."""
    return hashlib.sha256(b"".join(hashlib.sha256(files[name]).digest() for name in SPLITS)).hexdigest()[:16]
