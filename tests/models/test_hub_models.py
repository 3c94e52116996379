"""A model named by its hub id: loaded where the hub serves it, and one clear line where it does not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from src.system import hub_access
from tests import tiny
from tests.models.hub_server import NAME, Hub, Trouble, hub_with

ROOT = Path(__file__).resolve().parents[2]
ALTERNATIVE = "or give a local folder or smollm2-135m"

# Imports everything once and forks a process for each command on its stdin, with short waits between retries.
VISITOR = """
import importlib, json, os, sys, tempfile, time
import torch
import src.system.hub_access
from src import cli
import inference, train_lora, src.models.lora_model, src.training.trainer, src.generation.generate
from transformers import AutoModelForCausalLM, AutoTokenizer
torch.set_num_threads(1)
slowly = time.sleep
time.sleep = lambda seconds: slowly(min(seconds, 0.02))
src.system.hub_access.REACHABILITY_TIMEOUT_S = 0.5
for line in sys.stdin:
    script, *flags = json.loads(line)
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if child == 0:
            os.dup2(said.fileno(), 2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.argv = [script, *flags]
            code = 0
            try:
                module = importlib.import_module(script.removesuffix(".py"))
                cli.run(module.main, module.arguments())
            except SystemExit as end:
                code = int(end.code or 0)
            except BaseException:
                import traceback
                traceback.print_exc()
                code = 1
            sys.stderr.flush()
            os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        print(json.dumps([code, said.read()]), flush=True)
"""


@dataclass
class Visitor:
    """Runs scripts against the hub, one cache for all of a test."""

    hub: Hub
    home: Path
    process: subprocess.Popen[str]

    def run(self, *words: str) -> tuple[int, str]:
        """Exit code and stderr."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        code, errors = json.loads(self.process.stdout.readline())
        return code, errors

    def infer(self) -> tuple[int, str]:
        return self.run("inference.py", "--model_path", NAME, "--instruction", "x", "--max_new_tokens", "2")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Visitor]:
    home = tmp_path_factory.mktemp("home")
    with hub_with(tiny_model) as hub:
        variables = {
            "HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0", "no_proxy": "127.0.0.1",
            "HF_HUB_DOWNLOAD_TIMEOUT": "1", "HF_HUB_ETAG_TIMEOUT": "1", "OMP_NUM_THREADS": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }  # fmt: skip
        kept = {
            key: value for key, value in os.environ.items() if not key.upper().startswith(("HF_", "HUGGING"))
        }
        process = subprocess.Popen(
            [sys.executable, "-c", VISITOR], cwd=ROOT, env=kept | variables, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            yield Visitor(hub, home, process)
        finally:
            process.communicate()


@pytest.fixture
def visitor(started: Visitor) -> Visitor:
    """With an empty cache and a hub without trouble."""
    started.hub.trouble = None
    started.hub.requests.clear()
    shutil.rmtree(started.home, ignore_errors=True)
    return started


def assert_one_line(done: tuple[int, str], *parts: str) -> None:
    code, errors = done
    assert code == 2, errors
    assert "Traceback" not in errors
    lines = [line for line in errors.splitlines() if line.strip()]
    assert [line.startswith("error: ") for line in lines].count(True) == 1, errors
    assert lines[-1].startswith("error: cannot load the "), errors
    for part in (NAME, *parts):
        assert part in lines[-1]
    assert len(lines) <= 3, errors  # loading ..., how the hub answered the first request, the error


def leftovers(home: Path) -> list[str]:
    """Parts of downloads, and weights."""
    return [
        path.name for path in home.rglob("*") if path.name.endswith((".incomplete", ".tmp", ".safetensors"))
    ]


def test_a_model_of_the_hub_is_loaded_and_then_had_without_it(visitor: Visitor) -> None:
    assert visitor.infer() == (0, "loading ...\n")
    assert any("model.safetensors" in request for request in visitor.hub.requests)
    for answer in (500, "hang"):
        visitor.hub.trouble = Trouble("", answer)
        code, errors = visitor.infer()
        assert code == 0, errors
        assert "using what is cached" in errors


ALL = "resolve|api"
WEIGHTS = "model.safetensors"
OUT_OF_ORDER = Trouble("", 500)
TROUBLES = [  # what the hub answers, what the line says
    (Trouble(ALL, 401, "GatedRepo"), ("it is gated: request access on", "`hf auth login`")),
    (Trouble(ALL, 403, "GatedRepo"), ("it is gated: request access on", "`hf auth login`")),
    (Trouble(ALL, 401, "RepoNotFound"), ("there is no such model on the hub", "or it is private", "`hf auth login`")),
    (Trouble(ALL, 404, "RepoNotFound"), ("there is no such model on the hub", "check the name")),
    (Trouble(ALL, 401), ("the hub does not let you read it (401): log in with `hf auth login`",)),
    (Trouble(ALL, 403), ("the hub does not let you read it (403): log in with `hf auth login`",)),
    (Trouble(ALL, 404), ("there is no such model on the hub", "check the name")),
    (Trouble(ALL, 429), ("too many requests to the hub (429): wait some minutes",)),
    (OUT_OF_ORDER, ("cannot be reached: check the network, the proxy and HF_HUB_OFFLINE",)),
    (Trouble("", "hang"), ("cannot be reached: check the network, the proxy and HF_HUB_OFFLINE",)),
    (Trouble(ALL, 500), ("cannot be reached: check the network, the proxy and HF_HUB_OFFLINE",)),
    (Trouble(ALL, "hang"), ("cannot be reached: check the network, the proxy and HF_HUB_OFFLINE",)),
    (Trouble(f"GET .*{WEIGHTS}", 401), ("the hub does not let you read it (401)", "`hf auth login`")),
    (Trouble(f"GET .*{WEIGHTS}", 500), ("the hub is out of order (500): start the same command again later",)),
    (Trouble(f"GET .*{WEIGHTS}", 503), ("the hub is out of order (503)",)),
    (Trouble(f"GET .*{WEIGHTS}", "cut"), ("the connection to the hub broke off or timed out",)),
    (Trouble(f"GET .*{WEIGHTS}", "hang"), ("the connection to the hub broke off or timed out",)),
    (Trouble("GET .*/tokenizer.json", "cut"), ("the connection to the hub broke off or timed out",)),
]  # fmt: skip


@pytest.mark.parametrize(("trouble", "parts"), TROUBLES, ids=lambda value: str(value)[:60])
def test_a_hub_that_does_not_give_the_model_is_one_line(
    visitor: Visitor, trouble: Trouble, parts: tuple[str, ...]
) -> None:
    visitor.hub.trouble = trouble
    assert_one_line(visitor.infer(), *parts, ALTERNATIVE)
    assert leftovers(visitor.home) == []
    # a hub that answers nothing is asked once or twice, not for the half minute that the libraries would try again
    assert len(visitor.hub.requests) < (3 if trouble is OUT_OF_ORDER else 60)


def test_weights_that_are_no_safetensors_are_not_asked_for(visitor: Visitor) -> None:
    """Nor is a service of the hub requested to convert them."""
    visitor.hub.trouble = Trouble(f"HEAD .*{WEIGHTS}", 404, "EntryNotFound")
    assert_one_line(visitor.infer(), "it has no weights as model.safetensors, and pickled ones are refused")
    assert not [request for request in visitor.hub.requests if ".bin" in request or "commits" in request]


def test_what_broke_off_is_fetched_by_the_same_command_later(visitor: Visitor) -> None:
    visitor.hub.trouble = Trouble(f"GET .*{WEIGHTS}", "cut")
    assert visitor.infer()[0] == 2
    visitor.hub.trouble = None
    assert visitor.infer() == (0, "loading ...\n")


@pytest.mark.parametrize("answer", [401, 404, 500, "hang"])
def test_training_on_a_model_that_the_hub_does_not_give_leaves_no_folder(
    visitor: Visitor, tiny_data: Path, tmp_path: Path, answer: int | str
) -> None:
    visitor.hub.trouble = Trouble(ALL, answer)
    flags = tiny.flags(NAME, tiny_data, tmp_path / "out", "training.max_steps=1")
    assert_one_line(visitor.run("train_lora.py", *flags), ALTERNATIVE)
    assert not (tmp_path / "out").exists()


def test_an_error_that_is_none_of_the_hubs_is_not_explained() -> None:
    assert hub_access.explain("a/b", ValueError("no")) == ""
