"""A checkpoint counts when all of it is there as it was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from src.training.checkpoints import COMPLETE_MARKER, is_complete, last_complete, mark_complete, remove_others


def _checkpoint(folder: Path, step: int, complete: bool = True) -> Path:
    made = folder / f"checkpoint-{step}"
    made.mkdir(parents=True)
    (made / "weights").write_bytes(b"x" * step)
    (made / "state").write_text("{}")
    if complete:
        mark_complete(made)
    return made


DAMAGES = {  # what happens to the folder, and whether it is complete then
    "complete": (lambda path: None, True),
    "short file": (lambda path: (path / "weights").write_bytes(b"xx"), False),
    "changed byte": (lambda path: (path / "weights").write_bytes(b"x" * 9 + b"y"), False),
    "file gone": (lambda path: (path / "state").unlink(), False),
    "no marker": (lambda path: (path / COMPLETE_MARKER).unlink(), False),
    "marker cut": (lambda path: (path / COMPLETE_MARKER).write_text('{"weights": 1'), False),
    "marker empty": (lambda path: (path / COMPLETE_MARKER).write_text("{}"), False),
    "marker foreign": (lambda path: (path / COMPLETE_MARKER).write_text("[]"), False),
    "marker without checksums": (
        lambda path: (path / COMPLETE_MARKER).write_text('{"weights": 10, "state": 2}'),
        False,
    ),
    "marker deep": (lambda path: (path / COMPLETE_MARKER).write_text("[" * 100_000), False),
    "file added": (lambda path: (path / "more").write_text("x"), True),
}


@pytest.mark.parametrize(("damage", "complete"), DAMAGES.values(), ids=DAMAGES)
def test_a_checkpoint_is_complete_when_every_marked_file_is_as_written(
    tmp_path: Path, damage: Callable[[Path], object], complete: bool
) -> None:
    made = _checkpoint(tmp_path, 10)
    damage(made)
    assert is_complete(made) is complete


def test_the_newest_whole_one_is_found_by_step_not_by_name_or_time(tmp_path: Path) -> None:
    for step in (100, 20, 3):
        _checkpoint(tmp_path, step)
    (tmp_path / "checkpoint-x").mkdir()
    assert last_complete(tmp_path) == tmp_path / "checkpoint-100"


def test_half_written_ones_are_passed_over_with_a_line_and_removed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _checkpoint(tmp_path, 10)
    _checkpoint(tmp_path, 20, complete=False)
    assert last_complete(tmp_path) == tmp_path / "checkpoint-10"
    assert "passing over" in caplog.text
    assert "checkpoint-20: it was not written to its end" in caplog.text
    remove_others(tmp_path / "checkpoint-10")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-10"]


def test_older_whole_ones_stay_and_newer_ones_go(tmp_path: Path) -> None:
    for step in (5, 10, 20):
        _checkpoint(tmp_path, step)
    _checkpoint(tmp_path, 7, complete=False)
    remove_others(tmp_path / "checkpoint-10")
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint-5", "checkpoint-10"}


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert last_complete(tmp_path) is None
