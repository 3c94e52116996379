"""A web server on 127.0.0.1 that answers as badly as asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
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

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *words: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    web.url = f"http://127.0.0.1:{server.server_address[1]}/rows.json"
    try:
        yield web
    finally:
        web.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
