"""Files are replaced whole or not at all, and a folder has one writer."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import pytest

from src.schema import UserError
from src.system.files import scratch_folder, sole_writer, write_atomic, write_together


def test_what_is_written_is_read_back_byte_for_byte(tmp_path: Path):
    write_atomic(tmp_path / "new" / "a.txt", "\u00e4\r\n\u2028")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "\u00e4\r\n\u2028".encode()
    write_atomic(tmp_path / "b", b"\x00\xff")
    assert (tmp_path / "b").read_bytes() == b"\x00\xff"


@pytest.mark.parametrize(
    ("name", "stored"), [(b"\xe7\xa9\xba", "\u7a7a"), (b"caf\xe9", "caf\ufffd"), (b"plain", "plain")]
)
def test_names_that_the_locale_cannot_decode_are_stored_as_utf8(tmp_path: Path, name: bytes, stored: str):
    argument = name.decode("ascii", "surrogateescape")  # as Python reads the command line
    write_atomic(tmp_path / "a.txt", f"--output_dir {argument}")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == f"--output_dir {stored}"


def test_a_failure_leaves_the_old_files_and_no_leftovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first, second = tmp_path / "a", tmp_path / "b"
    write_together({first: "old a", second: "old b"})
    calls = []
    real = os.fsync

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_together({first: "new a", second: "new b"})
    assert (first.read_text(), second.read_text()) == ("old a", "old b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_an_interrupt_leaves_no_leftovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a", "x")
    assert list(tmp_path.iterdir()) == []


def test_a_symbolic_link_stays_one(tmp_path: Path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_atomic(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_folder_has_one_writer_who_removes_the_leftovers_of_a_killed_one(tmp_path: Path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / ".0123.tmp").write_text("half a file")
    with sole_writer(folder, "wait"):
        assert [path.name for path in folder.iterdir()] == [".lock"]
        with (
            pytest.raises(UserError, match=rf"another run \(pid {os.getpid()}\) is writing to .*out; wait"),
            sole_writer(folder, "wait"),
        ):
            pass
    assert list(folder.iterdir()) == []


def test_a_folder_that_a_writer_created_is_removed_where_it_stays_empty(tmp_path: Path):
    with sole_writer(tmp_path / "new" / "out", "wait"):
        pass
    assert list(tmp_path.iterdir()) == []
    with sole_writer(tmp_path / "new" / "out", "wait"):
        (tmp_path / "new" / "out" / "kept").touch()
    assert [path.name for path in (tmp_path / "new" / "out").iterdir()] == ["kept"]


def test_a_scratch_folder_is_removed_at_its_end_and_those_of_killed_processes_too(tmp_path: Path):
    (tmp_path / "work-abandoned").mkdir()
    (tmp_path / "other-abandoned").mkdir()
    with scratch_folder(tmp_path, "work-") as first, scratch_folder(tmp_path, "work-") as second:
        (first / "file").write_text("x")
        names = sorted(path.name for path in tmp_path.iterdir() if path.is_dir())
        assert names == sorted([first.name, second.name, "other-abandoned"])  # a living one is kept
    assert [path.name for path in tmp_path.iterdir()] == ["other-abandoned"]


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_where_a_file_system_has_no_locks_work_goes_on_and_says_so(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def refused(stream: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("src.system.files._lock", refused)
    other = tmp_path / "made-1a2b"  # of a process that may be alive
    other.mkdir()
    with (
        caplog.at_level(logging.WARNING),
        sole_writer(tmp_path, "wait"),
        scratch_folder(tmp_path, "made-") as own,
    ):
        assert own.is_dir()
    assert other.is_dir()
    assert not own.exists()
    assert f"{tmp_path} is on a file system without locks" in caplog.text


def test_another_reason_to_refuse_a_lock_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refused(stream: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("src.system.files._lock", refused)
    with (
        pytest.raises(UserError, match=r"cannot write to .*Input/output error"),
        sole_writer(tmp_path, "wait"),
    ):
        pass
