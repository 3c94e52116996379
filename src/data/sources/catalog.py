"""Sources of rows: the hub, the official repository, local files, the embedded starter set."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from src.data.sources.http import download_json
from src.data.sources.hub import hub_rows
from src.data.sources.readers import RawRow, read_bytes, read_rows
from src.schema import UserError

if TYPE_CHECKING:
    from src.config import DataConfig

GITHUB_URL = "https://raw.githubusercontent.com/sahil280114/codealpaca/master/data/code_alpaca_20k.json"
STARTER = Path(__file__).resolve().parents[1] / "starter"
SPLITS = ("train", "validation", "test")
WEIGHT = re.compile(r"[-+.\d]\S*")


@dataclass(frozen=True)
class Source:
    """A source of rows; nothing is fetched before `rows` is called."""

    kind: str  # a key of SOURCES
    origin: str  # name, address or file name, to be shown
    identity: str  # equal for equal rows: decides whether a prepared data set is up to date
    licence: str
    rows: Callable[[], Iterator[RawRow]]
    unit: str = "line"  # what RawRow.line counts
    has_splits: bool = False  # the rows come with their split
    hub_id: str = ""  # the same data on the hub


@dataclass(frozen=True)
class Entry:
    """How a source is found: a function of the configuration, its files, and whether to ignore cached downloads."""

    find: Callable[[DataConfig, Sequence[str], bool], Source]
    has_paths: bool = False  # its files are --path or data.paths; the others have none


def find_source(config: DataConfig, kind: str, paths: Sequence[str], force: bool) -> Source:
    """The source called `kind`, an entry of SOURCES; `paths` are its files (FILE or FILE:WEIGHT), where it has any.

    `force` ignores cached downloads. Raises UserError where `kind` and `paths` do not go together.
    """
    if kind not in SOURCES:
        raise UserError(f"unknown source {kind!r}; expected one of {', '.join(SOURCES)}")
    if paths and not has_paths(kind):
        raise UserError(f"--path goes with --source file, not with --source {kind}")
    return SOURCES[kind].find(config, paths, force)


def has_paths(kind: str) -> bool:
    """Whether the files of a source are given to it."""
    return kind in SOURCES and SOURCES[kind].has_paths


def _hub_source(config: DataConfig, paths: Sequence[str], force: bool) -> Source:
    name = config.dataset_name
    licence = "CC BY-NC 4.0" if "codealpaca" in name.lower() else "see its page on the hub"
    return Source("hub", name, f"hub:{name}", licence, lambda: hub_rows(name, force), unit="row", hub_id=name)


def _github_source(config: DataConfig, paths: Sequence[str], force: bool) -> Source:
    cached = Path(config.dataset_path) / "download" / GITHUB_URL.rsplit("/", 1)[1]
    return Source(
        "github",
        GITHUB_URL,
        f"url:{GITHUB_URL}",
        "CC BY-NC 4.0",
        lambda: read_rows(download_json(GITHUB_URL, cached, force)),
        hub_id="sahil2801/CodeAlpaca-20k",
    )


def _starter_source(config: DataConfig, paths: Sequence[str], force: bool) -> Source:
    files = [STARTER / f"{split}.jsonl" for split in SPLITS]
    digest = hashlib.sha256(b"".join(read_bytes(file) for file in files)).hexdigest()
    return Source(
        "starter", "embedded starter set", f"sha256:{digest}", "Apache-2.0", _starter_rows, has_splits=True
    )


@dataclass(frozen=True)
class _Weighted:
    """A file, and the share of its rows to keep."""

    path: Path
    weight: float
    sha256: str


def _file_source(config: DataConfig, texts: Sequence[str], force: bool) -> Source:
    if not texts:
        raise UserError("--source file needs --path FILE or data.paths (json, jsonl, parquet or csv)")
    files = [_weighted(text) for text in texts]
    names = [file.path.name for file in files]
    if len(set(names)) < len(names):  # distinguished by their folders
        names = [f"{file.path.parent.name}/{file.path.name}" for file in files]
    shown = [
        name + (f":{file.weight:g}" if file.weight < 1 else "")
        for name, file in zip(names, files, strict=True)
    ]
    only_parquet = all(file.path.suffix.lower() == ".parquet" for file in files)
    return Source(
        "file",
        " + ".join(shown),
        " ".join(f"sha256:{file.sha256}:{file.weight:g}" for file in files),
        "not known",
        lambda: _rows_of(files, names if len(files) > 1 else [""]),
        unit="row" if only_parquet else "line",
    )


def _weighted(text: str) -> _Weighted:
    """Parse FILE or FILE:WEIGHT, the weight over 0 and at most 1."""
    name, _, share = text.rpartition(":")
    weighted = bool(name and WEIGHT.fullmatch(share)) and not Path(text).exists()
    path, weight = Path(name if weighted else text), 1.0
    if weighted:
        try:
            weight = float(share)
        except ValueError:
            weight = 0.0
        if not 0 < weight <= 1:
            raise UserError(
                f"--path {text}: the weight after the colon must be over 0 and at most 1 (the share of rows kept); "
                "to see one file more often, lower the others'"
            )
    return _Weighted(path, weight, hashlib.sha256(read_bytes(path)).hexdigest())


def _rows_of(files: Sequence[_Weighted], names: Sequence[str]) -> Iterator[RawRow]:
    for file, name in zip(files, names, strict=True):
        for row in read_rows(file.path):
            yield dataclasses.replace(row, file=name, share=file.weight) if name or file.weight < 1 else row


def _starter_rows() -> Iterator[RawRow]:
    for split in SPLITS:
        for row in read_rows(STARTER / f"{split}.jsonl"):
            yield dataclasses.replace(row, split=split)


SOURCES = {
    "hub": Entry(_hub_source),
    "github": Entry(_github_source),
    "file": Entry(_file_source, has_paths=True),
    "starter": Entry(_starter_source),
}
