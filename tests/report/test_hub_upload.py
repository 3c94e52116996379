"""An adapter reaches a hub that answers as the real one does, with its card and nothing else."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from src.models.run_record import DataOrigin
from src.report.hub_upload import push_to_hub, write_card
from src.schema import UserError
from tests.evaluation.comparisons import comparison
from tests.models.records import written

ROOT = Path(__file__).resolve().parents[2]


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as an upload needs; what it was sent is kept on the server."""

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.refusing:
            return self._answer({"error": "no"}, 401)
        if self.path == "/api/repos/create":
            self.server.created.append(json.loads(body))
            return self._answer({"url": f"{self._here()}/someone/adapter"})
        if self.path == "/api/validate-yaml":
            return self._answer({"errors": [], "warnings": []})
        if self.path.endswith("/preupload/main"):
            files = json.loads(body)["files"]
            modes = [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files]
            return self._answer({"files": modes})
        if "/commit/main" in self.path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.server.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            return self._answer(
                {
                    "success": True,
                    "commitOid": "a" * 40,
                    "commitUrl": f"{self._here()}/someone/adapter/commit/{'a' * 40}",
                }
            )
        return self._answer({"error": self.path}, 404)

    def _here(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def do_GET(self) -> None:
        self._answer({"id": "someone/adapter", "sha": "a" * 40, "siblings": []})

    def _answer(self, values: object, code: int = 200) -> None:
        content = json.dumps(values).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def hub() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.created, server.files, server.refusing = [], {}, False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    data = DataOrigin("starter", "embedded starter set", "Apache-2.0")
    metrics = {"steps": 3, "validation_loss": 1.0}
    written(tmp_path, base_model="smollm2-135m", metrics=metrics, data=data)
    (tmp_path / "adapter_model.safetensors").write_bytes(b"weights")
    (tmp_path / "adapter_config.json").write_text("{}")
    (tmp_path / "notes-of-mine.txt").write_text("private")
    return tmp_path


def _push(server: ThreadingHTTPServer, folder: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the hub's client reads its settings when it is imported."""
    program = (
        "import sys; from pathlib import Path; from src.report.hub_upload import push_to_hub\n"
        "print(push_to_hub(Path(sys.argv[1]), 'someone/adapter'))"
    )
    settings = {
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_address[1]}", "HF_TOKEN": "hf_x", "PATH": "/usr/bin",
        "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(folder / ".home"), "HOME": str(folder),
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_adapter_arrives_with_its_card_and_nothing_else(hub: ThreadingHTTPServer, adapter: Path):
    write_card(adapter, comparison(), "lora")
    done = _push(hub, adapter)
    assert done.returncode == 0, done.stderr
    assert hub.created[0].get("visibility") == "private"
    assert set(hub.files) == {"README.md", "adapter_config.json", "adapter_model.safetensors", "run.json"}
    assert hub.files["adapter_model.safetensors"] == b"weights"
    assert "library_name: peft" in hub.files["README.md"].decode()
    assert "commit/" in done.stdout


def test_a_hub_that_refuses_is_a_mistake_in_one_line(hub: ThreadingHTTPServer, adapter: Path):
    hub.refusing = True
    done = _push(hub, adapter)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("src.schema.UserError: the hub did not take")
    assert "hf auth login" in last


def test_what_is_no_adapter_is_not_uploaded(tmp_path: Path):
    with pytest.raises(UserError, match=r"has no adapter_model\.safetensors"):
        push_to_hub(tmp_path, "someone/adapter")


def test_a_model_trained_elsewhere_gets_no_card(tmp_path: Path):
    assert write_card(tmp_path, comparison(), "lora") is None
    assert list(tmp_path.iterdir()) == []
