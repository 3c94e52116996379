"""The places that rows come from: the hub, the official repository, a file, the embedded starter set."""

from __future__ import annotations

import hashlib
import http.client
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from src.config import DataConfig
from src.data.formats import RawRow, read_bytes, read_rows
from src.files import write_atomic
from src.schema import UserError

log = logging.getLogger(__name__)

GITHUB_URL = "https://raw.githubusercontent.com/sahil280114/codealpaca/master/data/code_alpaca_20k.json"
STARTER = Path(__file__).resolve().parent / "starter"
SPLITS = ("train", "validation", "test")
TIMEOUT_S = 30.0  # without a byte
ATTEMPTS = 3
CHUNK_BYTES = 1 << 16
MOST_BYTES = 500 << 20


@dataclass(frozen=True)
class Source:
    """Where rows come from; nothing is fetched before `rows` is called."""

    kind: str  # hub github file starter
    origin: str  # name, address or file name, to be shown
    identity: str  # equal for equal rows: with it a preparation knows whether it is up to date
    licence: str
    rows: Callable[[], Iterator[RawRow]]
    unit: str = "line"  # what RawRow.line counts
    divided: bool = False  # the rows come with their split


def find_source(config: DataConfig, kind: str, path: Path | None, force: bool) -> Source:
    """The source called `kind`. `force` fetches again what was fetched before.

    Raises UserError where `kind` and `path` do not go together.
    """
    if path is not None and kind != "file":
        raise UserError(f"--path goes with --source file, not with --source {kind}")
    if kind == "file":
        return _file_source(path)
    if kind == "starter":
        files = [STARTER / f"{split}.jsonl" for split in SPLITS]
        digest = hashlib.sha256(b"".join(read_bytes(file) for file in files)).hexdigest()
        return Source(
            "starter", "embedded starter set", f"sha256:{digest}", "MIT", _starter_rows, divided=True
        )
    if kind == "github":
        cached = Path(config.dataset_path) / "download" / GITHUB_URL.rsplit("/", 1)[1]
        return Source(
            "github",
            GITHUB_URL,
            f"url:{GITHUB_URL}",
            "CC BY-NC 4.0",
            lambda: _downloaded_rows(GITHUB_URL, cached, force),
        )
    if kind == "hub":
        name = config.dataset_name
        licence = "CC BY-NC 4.0" if "codealpaca" in name.lower() else "see its page on the hub"
        return Source("hub", name, f"hub:{name}", licence, lambda: _hub_rows(name), unit="row")
    raise UserError(f"unknown source {kind!r}; expected hub, github, file or starter")


def _file_source(path: Path | None) -> Source:
    if path is None:
        raise UserError("--source file needs --path FILE (Alpaca format: json, jsonl, parquet or csv)")
    digest = hashlib.sha256(read_bytes(path)).hexdigest()
    unit = "row" if path.suffix.lower() == ".parquet" else "line"
    return Source("file", path.name, f"sha256:{digest}", "not known", lambda: read_rows(path), unit=unit)


def _starter_rows() -> Iterator[RawRow]:
    for split in SPLITS:
        for row in read_rows(STARTER / f"{split}.jsonl"):
            yield RawRow(row.line, row.values, row.problem, split)


def _downloaded_rows(url: str, cached: Path, force: bool) -> Iterator[RawRow]:
    if force or not cached.exists():
        write_atomic(cached, download(url))
    return read_rows(cached)


def download(url: str, attempts: int = ATTEMPTS, pause_s: float = 1.0) -> bytes:
    """The whole content of `url`, tried `attempts` times; a short answer counts as a failure.

    Raises UserError naming the other sources where it cannot be had.
    """
    reason = ""
    for attempt in range(attempts):
        if attempt:
            time.sleep(pause_s * 2 ** (attempt - 1))
        try:
            return _download_once(url)
        except urllib.error.HTTPError as error:
            reason = f"HTTP {error.code} {error.reason}"
            if error.code < 500 and error.code != 429:
                break
        except (OSError, http.client.HTTPException) as error:
            reason = str(getattr(error, "reason", "") or error) or type(error).__name__
        log.info("attempt %d of %s failed: %s", attempt + 1, url, reason)
    raise UserError(f"cannot download {url} ({reason[:120]}); try again, or use --source hub|file|starter")


def _download_once(url: str) -> bytes:
    from tqdm import tqdm

    request = urllib.request.Request(
        url, headers={"User-Agent": "download_data", "Accept-Encoding": "identity"}
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        announced = answer.headers.get("Content-Length")
        size = int(announced) if announced and announced.isdigit() else None
        content = bytearray()
        with tqdm(total=size, unit="B", unit_scale=True, desc="download", disable=None, leave=False) as bar:
            while chunk := answer.read(CHUNK_BYTES):
                content += chunk
                bar.update(len(chunk))
                if len(content) > MOST_BYTES:
                    raise UserError(f"{url} is larger than {MOST_BYTES >> 20} MiB: not the data set")
    if size is not None and len(content) != size:
        raise ConnectionError(f"got {len(content)} of {size} bytes")
    return bytes(content)


def _hub_rows(name: str) -> Iterator[RawRow]:
    """Rows of every split of a data set on the hub, numbered through."""
    import datasets
    from datasets.exceptions import DatasetsError

    try:
        loaded = datasets.load_dataset(name)
    except (
        OSError,
        ValueError,
        RuntimeError,
        DatasetsError,
    ) as error:  # offline, unknown, gated, broken: all end here
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise UserError(
            f"cannot load {name} from the hub ({reason}); check the connection and HF_HUB_OFFLINE, or use "
            "--source github|file|starter"
        ) from error
    number = 0
    for split in loaded:
        for values in loaded[split]:
            number += 1
            yield RawRow(number, values)
