"""A file of a stranger is read as a whole where it is a regular one of bounded size, packed or not, and refused else."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest
import torch

from src.schema import UserError
from src.system import untrusted
from src.system.untrusted import read_file, read_object, refuse_inflating, unpack_gzip


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(untrusted, "MAX_BYTES", 3 << 20)
    return 3 << 20


def test_a_file_up_to_the_limit_is_read_and_no_larger_one(tmp_path: Path, small: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * small)
    assert read_file(path) == b"x" * small
    os.truncate(path, 1 << 40)  # a terabyte that takes no space
    with pytest.raises(UserError, match="a holds more than 3 MiB, which is not read"):
        read_file(path)


def test_what_unpacks_to_more_than_the_limit_is_refused_before_it_is_all_unpacked(
    tmp_path: Path, small: int
) -> None:
    path = tmp_path / "a.gz"
    assert unpack_gzip(gzip.compress(b"x" * small), path) == b"x" * small
    with pytest.raises(UserError, match=r"a\.gz unpacks to more than 3 MiB"):
        unpack_gzip(gzip.compress(b"\0" * small * 20), path)
    with pytest.raises(UserError, match="unpacks to more than 3 MiB"):  # many members
        unpack_gzip(gzip.compress(b"\0" * (1 << 20)) * 4, path)


@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "link to /dev/zero"])
def test_what_may_never_end_is_refused_unopened(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "a"
    os.mkfifo(tmp_path / "fifo")
    if kind == "pipe":
        place = tmp_path / "fifo"
    else:
        place.symlink_to(tmp_path / "fifo" if kind == "link to a pipe" else "/dev/zero")
    with pytest.raises(UserError, match="is a pipe or a device, where a file is expected"):
        read_file(place)


def test_a_folder_a_loop_of_links_and_a_name_of_300_letters_are_errors_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in (".", "loop", "n" * 300):
        with pytest.raises(OSError, match=r"directory|symbolic links|too long"):
            read_file(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b"\xff", b"[" * 100_000, b'{"a":' * 50_000])
def test_what_is_no_object_is_a_value_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        read_object(tmp_path / "a.json")


def test_an_archive_of_tensors_that_inflates_is_refused_and_those_of_torch_are_not(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    torch.save({"a": torch.zeros(1000, 100)}, path)
    refuse_inflating(path)
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as stored, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in stored.namelist():
            archive.writestr(name, stored.read(name))
    path.write_bytes(packed.getvalue())
    assert torch.load(path, weights_only=True)["a"].shape == (1000, 100)  # torch would unpack it
    with pytest.raises(UserError, match="more than the file is long"):
        refuse_inflating(path)
    path.write_bytes(b"no archive")
    refuse_inflating(path)
