"""A Hugging Face hub on 127.0.0.1 that serves one model's folder, and fails on some paths as a test wants it."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.local_server import Silent, running

NAME = "somebody/model"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
_FILE = re.compile(rf"/{NAME}/resolve/\w+/([\w./-]+)")


@dataclass(frozen=True)
class Trouble:
    """The answer where the method and path match `where`."""

    where: str  # a regular expression over "METHOD /path"
    answer: int | str  # a status, "cut" (half of the body, then the end) or "hang"
    code: str = ""  # the hub's X-Error-Code

    def meets(self, request: str) -> bool:
        return re.search(self.where, request) is not None


@dataclass
class Hub:
    """A running hub."""

    folder: Path
    trouble: Trouble | None = None
    url: str = ""
    requests: list[str] = field(default_factory=list)  # "METHOD /path", in order
    released: threading.Event = field(default_factory=threading.Event)


@contextmanager
def hub_with(folder: Path, trouble: Trouble | None = None) -> Iterator[Hub]:
    """A hub that holds `folder` as the model NAME, until the end of the block."""
    hub = Hub(folder, trouble)
    with running(_handler(hub), hub.released) as hub.url:
        yield hub


def _handler(hub: Hub) -> type[Silent]:
    class Handler(Silent):
        def do_GET(self) -> None:  # noqa: N802
            request = f"{self.command} {self.path}"
            hub.requests.append(request)
            trouble = hub.trouble
            if trouble is None or not trouble.meets(request):
                self._serve()
            elif trouble.answer == "hang":
                hub.released.wait(20)
            elif trouble.answer == "cut":
                self._serve(whole=False)
            else:
                assert isinstance(trouble.answer, int)
                self._answer(trouble.answer, b"", {"X-Error-Code": trouble.code} if trouble.code else {})

        def _serve(self, whole: bool = True) -> None:
            path = self.path.partition("?")[0]
            file = _FILE.fullmatch(path)
            if path == "/":
                self._answer(200, b"the hub")
            elif file and (hub.folder / file[1]).is_file():
                content = (hub.folder / file[1]).read_bytes()
                self._answer(200, content, {"ETag": f'"{_hash(content)}"', "X-Repo-Commit": COMMIT}, whole)
            elif file:
                self._answer(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
            elif path in (f"/api/models/{NAME}", f"/api/models/{NAME}/tree/main"):
                about: Any = _tree(hub.folder) if "/tree/" in path else _about(hub.folder)
                self._answer(200, json.dumps(about).encode())
            else:
                code = "EntryNotFound" if NAME in path else "RepoNotFound"
                self._answer(404, b"", {"X-Error-Code": code})

        def _answer(
            self, status: int, body: bytes, headers: dict[str, str] | None = None, whole: bool = True
        ) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body if whole else body[: len(body) // 2])

    return Handler


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _about(folder: Path) -> dict[str, Any]:
    files = [{"rfilename": path.name} for path in sorted(folder.iterdir())]
    return {"id": NAME, "modelId": NAME, "sha": COMMIT, "siblings": files, "private": False, "tags": []}


def _tree(folder: Path) -> list[dict[str, Any]]:
    return [
        {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": _hash(path.read_bytes())[:40]}
        for path in sorted(folder.iterdir())
    ]
