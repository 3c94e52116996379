"""The fingerprint of a model, without loading it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from pathlib import Path

from src.models.loading import ModelReference, loading_errors, location
from src.models.run_record import read_record

log = logging.getLogger(__name__)

WEIGHT_FILES = ("*.safetensors", "adapter_model.bin")
SETTINGS_FILES = ("config.json", "generation_config.json", "adapter_config.json", "tokenizer*.json")
BLOCK, BLOCKS = 1 << 16, 64  # bytes of a block, and blocks that are read of a large file


def model_fingerprint(reference: ModelReference) -> str:
    """16 hex digits that change with the weights, settings or quantisation of a model.

    Of a folder the content of its files is sampled, of a hub model the commit counts. Raises UserError where there
    is neither.
    """
    digest = hashlib.sha256(_base_identity(reference.base).encode())
    if reference.adapter is not None:
        digest.update(_folder_identity(reference.adapter).encode())
    if reference.quantization is not None:
        digest.update(json.dumps(dataclasses.asdict(reference.quantization)).encode())
    return digest.hexdigest()[:16]


def trained_elsewhere(reference: ModelReference) -> str:
    """The base that an adapter was trained on, with its fingerprint, after a warning; "" where it is the one in use.

    Of an adapter without a record of ours nothing is known.
    """
    record = read_record(reference.adapter) if reference.adapter else None
    trained = record and record.identity.get("model.fingerprint")
    here = model_fingerprint(ModelReference(reference.base)) if trained else None
    if record is None or trained == here:
        return ""
    log.warning(
        "the adapter in %s was trained on %s (fingerprint %s), not on %s (%s), whose files differ: its answers "
        "there do not show what it learned",
        reference.adapter,
        record.base_model,
        trained,
        reference.base,
        here,
    )
    return f"{record.base_model} ({trained})"


def _base_identity(base: str) -> str:
    place = Path(location(base))
    if place.is_dir():
        return _folder_identity(place)
    from transformers.utils import cached_file

    with loading_errors("configuration", base):
        found = cached_file(base, "config.json")
    return f"{base}@{Path(str(found)).parent.name}"  # the cache names its folders by commit


def _folder_identity(folder: Path) -> str:
    digest = hashlib.sha256()
    for pattern in WEIGHT_FILES + SETTINGS_FILES:
        for path in sorted(folder.glob(pattern)):
            size = path.stat().st_size
            digest.update(f"{path.name} {size}\n".encode())
            with path.open("rb") as stream:
                for start in range(0, size, max(BLOCK, size // BLOCKS)):
                    stream.seek(start)
                    digest.update(stream.read(BLOCK))
    return digest.hexdigest()
