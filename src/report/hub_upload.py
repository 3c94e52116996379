"""Uploads an adapter with its model card to the hub."""

from __future__ import annotations

from pathlib import Path

from src.models.run_record import read_record
from src.report.model_card import render_model_card
from src.schema import Comparison, UserError
from src.system.files import write_atomic
from src.system.hub_access import is_hub_error

PUBLISHED = "README.md adapter_* run.json training_curve.png tokenizer* special_tokens_map.json *.jinja"


def write_card(folder: Path, comparison: Comparison, name: str) -> Path | None:
    """README.md of an adapter that train_*.py wrote, with the scores of `name`; None for any other model."""
    record = read_record(folder)
    if record is None:
        return None
    card = folder / "README.md"
    write_atomic(card, render_model_card(record, comparison, name))
    return card


def push_to_hub(folder: Path, repository: str) -> str:
    """Upload an adapter's folder and return the URL of the commit; a missing repository is created, private.

    Raises UserError where the folder is no adapter, or the hub rejects it.
    """
    if not (folder / "adapter_model.safetensors").is_file():
        raise UserError(f"--push_to_hub uploads an adapter, and {folder} has no adapter_model.safetensors")
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError

    api = HfApi()
    try:
        api.create_repo(repository, private=True, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repository,
            folder_path=folder,
            allow_patterns=PUBLISHED.split(),
            commit_message="Adapter with its model card",
        )
    except HFValidationError as error:
        raise UserError(f"--push_to_hub {repository}: {error}") from error
    except Exception as error:
        if not is_hub_error(error):
            raise
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"the hub did not take {folder} as {repository}: {reason}; log in with `hf auth login` and try again"
        ) from error
    return str(commit.commit_url)
