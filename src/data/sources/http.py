"""Downloads a file over HTTP once, and checks that it is whole."""

from __future__ import annotations

import hashlib
import http.client
import logging
import time
import urllib.error
import urllib.request
from pathlib import Path

from src.schema import UserError
from src.system.files import write_together

log = logging.getLogger(__name__)

TIMEOUT_S = 30.0  # without a byte
ATTEMPTS = 3
CHUNK_BYTES = 1 << 16
MAX_BYTES = 500 << 20


def download_json(url: str, path: Path, force: bool = False) -> Path:
    """Download the JSON at `url` to `path`, which is returned, unless it is there, whole; `force` downloads in any case.

    Its SHA-256 is kept in a file beside it, against which a later call checks it.
    Raises UserError where the download fails, or where the response is not JSON.
    """
    checksum_file = path.with_name(path.name + ".sha256")
    if not force and _is_whole(path, checksum_file):
        return path
    content = download(url)
    if content.lstrip()[:1] not in (b"[", b"{"):
        raise UserError(
            f"{url} answered with something else than JSON (a login page?); check the connection, or use "
            "another --source"
        )
    write_together({path: content, checksum_file: hashlib.sha256(content).hexdigest() + "\n"})
    return path


def _is_whole(path: Path, checksum_file: Path) -> bool:
    try:
        stored = checksum_file.read_text(encoding="ascii").strip()
        return hashlib.sha256(path.read_bytes()).hexdigest() == stored
    except (FileNotFoundError, UnicodeDecodeError):
        return False


def download(url: str, attempts: int = ATTEMPTS, pause_s: float = 1.0) -> bytes:
    """The whole content of `url`, tried `attempts` times; a truncated response counts as a failure.

    Raises UserError naming the other sources where all attempts fail.
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
    raise UserError(f"cannot download {url} ({reason[:120]}); try again, or use another --source")


def _download_once(url: str) -> bytes:
    from tqdm import tqdm

    request = urllib.request.Request(
        url, headers={"User-Agent": "download_data", "Accept-Encoding": "identity"}
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
        length = response.headers.get("Content-Length")
        size = int(length) if length and length.isdigit() else None
        content = bytearray()
        with tqdm(total=size, unit="B", unit_scale=True, desc="download", disable=None, leave=False) as bar:
            while chunk := response.read(CHUNK_BYTES):
                content += chunk
                bar.update(len(chunk))
                if len(content) > MAX_BYTES:
                    raise UserError(f"{url} is larger than {MAX_BYTES >> 20} MiB: not the data set")
    if size is not None and len(content) != size:
        raise ConnectionError(f"got {len(content)} of {size} bytes")
    return bytes(content)
