"""A download is whole or refused; a whole file is never downloaded again."""

import time

import pytest

from src.data.sources import http
from src.data.sources.http import download_json
from src.schema import UserError
from tests.data.web import serving

BODY = b'[{"instruction": "a", "output": "b"}]' * 50_000


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def fetch(url, attempts=3):
    return http.download(url, attempts, pause_s=0.01)


def test_a_download_is_stored_as_it_came_with_its_hash_beside_it(tmp_path):
    with serving((200, BODY)) as web:
        download_json(web.url, tmp_path / "rows.json")
    assert (tmp_path / "rows.json").read_bytes() == BODY
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.json", "rows.json.sha256"]


def test_a_response_of_unknown_size_is_read_to_its_end(tmp_path):
    with serving(("unsized", BODY)) as web:
        assert fetch(web.url) == BODY


def test_a_whole_file_is_not_downloaded_again(tmp_path):
    path = tmp_path / "rows.json"
    with serving((200, BODY)) as web:
        download_json(web.url, path)
        download_json(web.url, path)
        assert len(web.asked) == 1
        download_json(web.url, path, force=True)
        assert len(web.asked) == 2


@pytest.mark.parametrize("harm", ["truncate", "change", "remove the hash", "damage the hash"])
def test_a_damaged_file_is_downloaded_again(tmp_path, harm):
    path, checksum_file = tmp_path / "rows.json", tmp_path / "rows.json.sha256"
    with serving((200, BODY)) as web:
        download_json(web.url, path)
        if harm == "truncate":
            path.write_bytes(BODY[:-5])
        elif harm == "change":
            path.write_bytes(BODY[:-1] + b" ")
        elif harm == "remove the hash":
            checksum_file.unlink()
        else:
            checksum_file.write_bytes(b"\xff\xfe")
        download_json(web.url, path)
        assert len(web.asked) == 2
    assert path.read_bytes() == BODY


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_final_and_names_the_other_sources(tmp_path, status):
    with serving((status, b"no")) as web:
        with pytest.raises(UserError, match=rf"cannot download .*HTTP {status} .*another --source"):
            fetch(web.url)
        assert len(web.asked) == 1


@pytest.mark.parametrize("trouble", [(500, b"no"), (503, b""), (429, b"slow down"), ("cut", BODY)])
def test_a_transient_error_is_retried(tmp_path, trouble):
    with serving(trouble, trouble, (200, BODY)) as web:
        assert fetch(web.url) == BODY
        assert len(web.asked) == 3


def test_a_download_that_is_always_truncated_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(http.time, "sleep", lambda seconds: None)
    with serving(("cut", BODY)) as web:
        with pytest.raises(UserError, match=rf"got {len(BODY) // 2} of {len(BODY)} bytes"):
            download_json(web.url, tmp_path / "rows.json")
        assert len(web.asked) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_hangs_times_out(tmp_path, monkeypatch):
    monkeypatch.setattr(http, "TIMEOUT_S", 0.2)
    with serving(("hang", b"")) as web:
        began = time.monotonic()
        with pytest.raises(UserError, match=r"cannot download .*timed out"):
            fetch(web.url, attempts=2)
        assert time.monotonic() - began < 5
        assert len(web.asked) == 2


def test_no_server_is_said_in_one_line(tmp_path):
    with serving((200, b"")) as web:
        url = web.url
    with pytest.raises(UserError, match=r"cannot download .*refused"):
        fetch(url)


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><p>Please log in", b"", b"version https://lfs"])
def test_a_login_page_is_not_kept(tmp_path, page):
    with serving((200, page)) as web, pytest.raises(UserError, match="something else than JSON"):
        download_json(web.url, tmp_path / "rows.json")
    assert list(tmp_path.iterdir()) == []


def test_a_response_over_the_size_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(http, "MAX_BYTES", 1 << 20)
    with serving((200, b"[" * (3 << 20))) as web, pytest.raises(UserError, match="larger than 1 MiB"):
        fetch(web.url)
