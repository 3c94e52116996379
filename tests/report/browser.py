"""Headless Chromium over its debugging pipe: opens a page, presses keys, evaluates expressions, takes pictures."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
LIFE_S = 300.0
KEY_CODES = {"Escape": 27, "Enter": 13, "Tab": 9}


class Browser:
    """One tab; `errors` are the exceptions, console errors and refused requests of the page since open()."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = os.fdopen(commands, "wb", buffering=0)
        self._answers = os.fdopen(answers, "rb")
        self._sent = 0
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._session = ""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def open(
        self, page: Path, width: int = 1280, height: int = 900, dark: bool = False, fragment: str = ""
    ) -> None:
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = "dark" if dark else "light"
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._call("Page.navigate", url="about:blank")
        self.errors, self.requests = [], []
        self._call("Page.navigate", url=page.resolve().as_uri() + fragment)
        self._until("Page.loadEventFired")

    def value(self, expression: str) -> Any:
        """The expression's value in the page, which must be JSON; a promise is awaited."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        text = key if len(key) == 1 else ""
        code = KEY_CODES.get(key, 0)
        press = {"key": key, "windowsVirtualKeyCode": code}
        self._call("Input.dispatchKeyEvent", type="keyDown", text=text, **press)
        self._call("Input.dispatchKeyEvent", type="keyUp", **press)

    def choose(self, name: str, value: str) -> None:
        """Set a field as a person would: its value, then the event that follows."""
        event = "input" if name == "search" else "change"
        self.value(
            f"(() => {{ const field = document.getElementById({json.dumps(name)}); field.value = {json.dumps(value)};"
            f"field.dispatchEvent(new Event('{event}')); }})()"
        )

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"]))

    def _call(self, method: str, **parameters: Any) -> Any:
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._commands.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._sent:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def _until(self, event: str) -> None:
        while self._read().get("method") != event:
            pass

    def _read(self) -> dict[str, Any]:
        data = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "Chromium ended"
            data += byte
        answer = json.loads(data)
        method, parameters = answer.get("method"), answer.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(parameters["exceptionDetails"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(parameters["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        return answer


@contextlib.contextmanager
def browsing(profile: Path) -> Iterator[Browser]:
    """A browser of its own profile, ended afterwards."""
    down_read, down_write = os.pipe()
    up_read, up_write = os.pipe()
    flags = ["--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--remote-debugging-pipe"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses its own sandbox to root; the page is ours
    process = subprocess.Popen(
        [
            "bash",
            "-c",
            f'exec "$@" 3<&{down_read} 4>&{up_write}',
            "-",
            CHROMIUM,
            *flags,
            f"--user-data-dir={profile}",
        ],
        pass_fds=(down_read, up_write),
        stderr=subprocess.DEVNULL,
    )
    os.close(down_read)
    os.close(up_write)
    watch = threading.Timer(LIFE_S, process.kill)  # a browser that hangs must not hang the tests
    watch.start()
    try:
        yield Browser(down_write, up_read)
    finally:
        watch.cancel()
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
