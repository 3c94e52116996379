"""Tells before any model is loaded whether the tracker of a run is installed, fits, and is logged in."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager

from src import processes
from src.schema import UserError

# What pip installs. swanlab 0.10.3 was tried and breaks transformers 5.23's integration; 0.7.20 works.
REQUIREMENTS = {
    "tensorboard": "tensorboard",
    "wandb": "wandb",
    "trackio": "trackio",
    "mlflow": "mlflow",
    "swanlab": "swanlab==0.7.20",
}
WITHOUT = "or set training.report_to=none"


def check(name: str) -> None:
    """Raise UserError where the tracker `name` could not start; a person at a terminal may be asked to log in."""
    if name == "none":
        return
    if not _installed(name):
        raise UserError(
            f"training.report_to={name}, but the package is not installed; pip install {REQUIREMENTS[name]}, {WITHOUT}"
        )
    if not processes.is_first():  # only the first process tracks
        return
    if name == "wandb":
        _check_wandb()
    elif name == "swanlab":
        _check_swanlab()


def _installed(name: str) -> bool:
    """Whether there is a package; a folder of that name, in which a tracker keeps its logs, is none."""
    found = importlib.util.find_spec(name)
    return found is not None and found.origin is not None


def _check_wandb() -> None:
    if os.environ.get("WANDB_MODE", "online") in ("offline", "dryrun", "disabled"):
        return
    import wandb

    with _logging_in("wandb", "run `wandb login`, or set WANDB_MODE=offline in the environment"):
        wandb.login()


def _check_swanlab() -> None:
    import swanlab

    try:
        swanlab.get_run()  # transformers asks so whether a run was begun; newer ones raise where none was
    except RuntimeError:
        raise UserError(
            "training.report_to=swanlab: this version of swanlab does not work with transformers; "
            f"pip install {REQUIREMENTS['swanlab']}, {WITHOUT}"
        ) from None
    if os.environ.get("SWANLAB_MODE", "cloud") == "cloud":
        with _logging_in("swanlab", "run `swanlab login`, or set SWANLAB_MODE=offline in the environment"):
            swanlab.login()


@contextmanager
def _logging_in(name: str, remedy: str) -> Iterator[None]:
    """Turn what a tracker raises over its key or its server, of many types, into a UserError."""
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"training.report_to={name}: cannot log in ({reason[:200]}); {remedy}, {WITHOUT}"
        ) from error
