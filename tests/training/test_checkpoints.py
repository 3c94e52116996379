"""A checkpoint counts when all of it is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from src.training.checkpoints import MARK, is_complete, last_complete, mark_complete, remove_others


def _checkpoint(folder: Path, step: int, whole: bool = True) -> Path:
    made = folder / f"checkpoint-{step}"
    made.mkdir(parents=True)
    (made / "weights").write_bytes(b"x" * step)
    (made / "state").write_text("{}")
    if whole:
        mark_complete(made)
    return made


@pytest.mark.parametrize(
    ("damage", "whole"),
    [
        (lambda path: None, True),
        (lambda path: (path / "weights").write_bytes(b"xx"), False),
        (lambda path: (path / "weights").write_bytes(b"x" * 9 + b"y"), False),
        (lambda path: (path / "state").unlink(), False),
        (lambda path: (path / MARK).unlink(), False),
        (lambda path: (path / MARK).write_text('{"weights": 1'), False),
        (lambda path: (path / MARK).write_text("{}"), False),
        (lambda path: (path / MARK).write_text("[]"), False),
        (lambda path: (path / MARK).write_text('{"weights": 10, "state": 2}'), False),
        (lambda path: (path / MARK).write_text("[" * 100_000), False),
        (lambda path: (path / "more").write_text("x"), True),
    ],
    ids=[
        "whole",
        "short file",
        "changed byte",
        "file gone",
        "no mark",
        "mark cut",
        "mark empty",
        "mark foreign",
        "mark without checksums",
        "mark deep",
        "file added",
    ],
)
def test_a_checkpoint_is_whole_when_every_marked_file_has_its_size(
    tmp_path: Path, damage: Callable[[Path], object], whole: bool
) -> None:
    made = _checkpoint(tmp_path, 10)
    damage(made)
    assert is_complete(made) is whole


def test_the_newest_whole_one_is_found_by_step_not_by_name_or_time(tmp_path: Path) -> None:
    for step in (100, 20, 3):
        _checkpoint(tmp_path, step)
    (tmp_path / "checkpoint-x").mkdir()
    assert last_complete(tmp_path) == tmp_path / "checkpoint-100"


def test_half_written_ones_are_passed_over_with_a_line_and_removed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _checkpoint(tmp_path, 10)
    _checkpoint(tmp_path, 20, whole=False)
    assert last_complete(tmp_path) == tmp_path / "checkpoint-10"
    assert "passing over" in caplog.text
    assert "checkpoint-20: it was not written to its end" in caplog.text
    remove_others(tmp_path / "checkpoint-10")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-10"]


def test_older_whole_ones_stay_and_newer_ones_go(tmp_path: Path) -> None:
    for step in (5, 10, 20):
        _checkpoint(tmp_path, step)
    _checkpoint(tmp_path, 7, whole=False)
    remove_others(tmp_path / "checkpoint-10")
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint-5", "checkpoint-10"}


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert last_complete(tmp_path) is None
