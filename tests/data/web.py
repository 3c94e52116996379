"""A web server on 127.0.0.1 that answers as badly as asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.local_server import Silent, running


@dataclass
class Web:
    """What the server answers, one answer a request, the last one for ever: a status with a body, "cut" or "hang"."""

    answers: list[tuple[int | str, bytes]]
    url: str = ""
    asked: list[str] = field(default_factory=list)  # paths, in order
    released: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(*answers: tuple[int | str, bytes]) -> Iterator[Web]:
    web = Web(list(answers))

    class Handler(Silent):
        def do_GET(self) -> None:  # noqa: N802
            kind, body = web.answers[min(len(web.asked), len(web.answers) - 1)]
            web.asked.append(self.path)
            if kind == "hang":
                web.released.wait(20)
                return
            self.send_response(200 if isinstance(kind, str) else kind)
            if kind != "unsized":
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if kind == "cut" else body)

    with running(Handler, web.released) as address:
        web.url = f"{address}/rows.json"
        yield web
