"""The data card: the record of a prepared data set, and its JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from src.data.curation.cleaning import Reject
from src.data.curation.contamination import Overlap
from src.data.curation.quality import Defects, Lengths, TokenLengths
from src.schema import Likeness


@dataclass(frozen=True)
class SplitCard:
    """One split file."""

    rows: int
    fingerprint: str  # SHA-256 of the file, hex
    languages: dict[str, int]  # most frequent first; "" is not code or not known
    with_input: int
    with_tests: int


@dataclass(frozen=True)
class Duplicates:
    """Repeated rows: exact copies are dropped, near-duplicates kept in one split."""

    threshold: float  # Jaccard similarity
    exact_rows: int  # dropped copies of an earlier row
    near_prompt_rows: int  # rows with a near-duplicate instruction + input
    near_output_rows: int
    clusters: int  # of two rows or more
    clustered_rows: int
    largest_cluster: int
    straddling: int  # clusters in more than one split
    alike_output_rows: int = 0  # rows with an output of nearly the same characters


@dataclass(frozen=True)
class Contamination:
    """Training rows that overlap the test split or a benchmark."""

    checked: dict[str, int]  # name -> examples of each set compared with
    rows: dict[str, int]  # name -> training rows that overlap it
    overlaps: tuple[Overlap, ...]
    removed: int

    def __post_init__(self) -> None:
        if self.rows.keys() != self.checked.keys():
            raise ValueError("its rows and what they were checked against have other names")


@dataclass(frozen=True)
class DataCard:
    """Everything known about a prepared data set: numbers and ids, no text of the data."""

    source: str  # its kind
    origin: str
    licence: str
    recipe: str  # fingerprint of the source and of every setting that shapes the splits
    fingerprint: str  # of the three files together
    settings: dict[str, Any]
    rows_read: int
    rows: int
    rejected: dict[str, int]  # reason -> rows
    first_rejects: tuple[Reject, ...]
    reject_unit: str  # what Reject.line counts
    splits: dict[str, SplitCard]
    characters: dict[str, Lengths]  # instruction, input (where there is one), output
    duplicates: Duplicates
    defects: Defects
    contamination: Contamination
    tokens: TokenLengths | None = None
    novelty: dict[str, Likeness] = field(default_factory=dict)  # of the test split, by id; {} in older cards
    schema: Literal[1] = 1

    def languages(self) -> dict[str, int]:
        """Rows of each language over all splits, most frequent first."""
        total: Counter[str] = Counter()
        for part in self.splits.values():
            total.update(part.languages)
        return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))

    def place(self, row: Reject) -> str:
        """Where a row was in its source: "line 3", or "b.parquet row 3"."""
        unit = "row" if row.file.endswith(".parquet") else self.reject_unit
        return f"{row.file} {unit} {row.line}".strip()
