"""Base models of ModelScope, a hub that is reachable from China: modelscope:OWNER/NAME, by its own optional client."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from src.schema import UserError
from src.system.exhaustion import is_disk_full
from src.system.files import sole_writer
from src.system.hub_access import cache_folder

log = logging.getLogger(__name__)

PREFIX = "modelscope:"
# what transformers reads; no pickled weights, which are refused, and not the copy of some models in another format
WANTED = ("*.json", "*.txt", "*.jinja", "*.model", "*.py", "*.safetensors")
UNWANTED = ("consolidated*", "original/*")
_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*")


def is_reference(reference: str) -> bool:
    """Whether a model is named as one of ModelScope."""
    return reference.startswith(PREFIX)


def downloaded(reference: str) -> Path:
    """The folder of the model, fetched on the first call; what an interrupted call has fetched is used again.

    Raises UserError where it cannot be fetched.
    """
    name = reference.removeprefix(PREFIX)
    if not _NAME.fullmatch(name):
        raise UserError(f"{reference} names no model of ModelScope; expected {PREFIX}OWNER/NAME")
    folder = cache_folder() / "modelscope" / name
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.partial")
        with sole_writer(partial, "wait until it has fetched the model"):
            _fetch(name, partial)
        partial.rename(folder)
    return folder


def _fetch(name: str, target: Path) -> None:
    try:
        from modelscope import snapshot_download
    except ImportError as error:
        raise UserError(f"{PREFIX}{name} needs ModelScope's client: pip install modelscope") from error
    log.warning("fetching %s from ModelScope", name)
    try:
        snapshot_download(
            name, local_dir=str(target), allow_patterns=list(WANTED), ignore_patterns=list(UNWANTED)
        )
    except Exception as error:  # the client's own types, of which each version has others
        if is_disk_full(error):
            raise
        reason = " ".join(str(error).split())
        raise UserError(
            f"cannot fetch {name} from ModelScope ({reason[:200]}): check the name and the network, or give a local "
            "folder or smollm2-135m"
        ) from error


def public_name(base: str) -> str:
    """The model's OWNER/NAME, where `base` is a reference to it or its folder here; else `base`."""
    _, here, name = base.replace("\\", "/").rpartition(f"{cache_folder().name}/modelscope/")
    return name if here else base.removeprefix(PREFIX)
