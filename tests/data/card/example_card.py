"""A data card in which every figure differs, for the tests of its JSON, page and picture."""

from __future__ import annotations

from src.data.card.data_card import Contamination, DataCard, Duplicates, SplitCard
from src.data.curation.cleaning import Reject
from src.data.curation.contamination import Overlap
from src.data.curation.quality import Defects, Lengths, TokenLengths
from src.schema import Likeness

CARD = DataCard(
    source="file",
    origin="rows | of \u4e2d\u6587.jsonl",
    licence="not known",
    recipe="0123456789abcdef",
    fingerprint="fedcba9876543210",
    settings={"test_fraction": 0.1, "remove_contamination": True},
    rows_read=1_250,
    rows=1_234,
    rejected={"output empty": 12, "not an object": 4},
    first_rejects=(Reject(3, "output empty"), Reject(9, "not an object", "list", "b.parquet")),
    reject_unit="line",
    splits={
        "train": SplitCard(1_000, "a" * 64, {"python": 900, "": 100}, 250, 3),
        "validation": SplitCard(100, "b" * 64, {"python": 60, "cpp": 40}, 25, 0),
        "test": SplitCard(134, "c" * 64, {"cpp": 134}, 0, 134),
    },
    characters={name: Lengths(12.5, 10, 20, 30, 4_000) for name in ("instruction", "input", "output")},
    duplicates=Duplicates(0.7, 5, 17, 19, 8, 23, 6, 0, 21),
    defects=Defects(2, 100, 1, ("id1", "id2"), ("id3",)),
    contamination=Contamination(
        {"test": 134, "humaneval": 164},
        {"test": 7, "humaneval": 1},
        (
            Overlap("id1", "humaneval", "HumanEval/3", "near prompt"),
            Overlap("id2", "test", "id9", "solution n-gram"),
        ),
        removed=8,
    ),
    novelty={
        "id9": Likeness(41.0, 81.25, 92.5),
        "id8": Likeness(52.0, 66.5, 71.0),
        "id7": Likeness(55.0, 49.99, 66.0),
    },
    tokens=TokenLengths("tiny", 1_024, Lengths(99.5, 90, 180, 220, 2_000), 37, 2, 1_234),
)
