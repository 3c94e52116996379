"""A web server on 127.0.0.1 for the length of a test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Silent(BaseHTTPRequestHandler):
    """Answers HEAD as GET, and prints nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()  # type: ignore[attr-defined]

    def log_message(self, *words: object) -> None:
        """Nothing is printed."""


@contextmanager
def running(handler: type[Silent], released: threading.Event) -> Iterator[str]:
    """The address of a server that answers by `handler`; at the end `released` is set, for which a hanging one waits."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        released.set()
        server.shutdown()
        server.server_close()
        thread.join()
