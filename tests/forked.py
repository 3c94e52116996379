"""Starts a script in a process of its own that is forked from one in which its libraries are imported already.

Importing torch, transformers and peft takes most of the time of a run on a tiny model. Everything of this project is
imported anew by each script. What depends on the first start of the interpreter is tested with `sys.executable`.
"""

from __future__ import annotations

import atexit
import functools
import multiprocessing
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = """
    torch torch.distributed transformers transformers.trainer transformers.models.auto.modeling_auto
    transformers.models.llama.modeling_llama transformers.models.llama.tokenization_llama peft accelerate bitsandbytes
    datasets scipy.stats scipy.optimize matplotlib.pyplot matplotlib.backends.backend_agg sacrebleu rich.console
    pydantic yaml safetensors.torch
""".split()
NAMES = ("stdin", "stdout", "stderr")


@functools.cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    return context


class Script:
    """A script that runs: its process, and what it has written so far."""

    def __init__(
        self,
        words: Sequence[str | Path],
        stdin: str = "",
        cwd: Path = ROOT,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.words = [str(word) for word in words]
        self.folder = Path(tempfile.mkdtemp(prefix="forked-"))
        (self.folder / "stdin").write_text(stdin, encoding="utf-8")
        given = dict(os.environ if environment is None else environment)
        arguments = (self.words, str(self.folder), str(cwd), given)
        self.process = _server().Process(target=_run, args=arguments)
        self.process.start()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def text(self, name: str) -> str:
        """What it has written to `stdout` or `stderr` so far."""
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def has_written(self, words: str, timeout: float = 120) -> bool:
        """Wait until standard error holds `words`; false where the script ends without them."""
        end = time.monotonic() + timeout
        while words not in self.text("stderr"):
            if not self.process.is_alive() or time.monotonic() > end:
                return words in self.text("stderr")
            time.sleep(0.02)
        return True

    def wait(self, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Its exit status and all it wrote."""
        self.process.join(timeout)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
            raise subprocess.TimeoutExpired(self.words, timeout, self.text("stdout"), self.text("stderr"))
        status = self.process.exitcode
        assert status is not None
        done = subprocess.CompletedProcess(self.words, status, self.text("stdout"), self.text("stderr"))
        shutil.rmtree(self.folder)
        return done


def run(
    words: Sequence[str | Path], stdin: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a script with its flags to its end."""
    return Script(words, stdin, environment=environment).wait()


def _run(words: list[str], folder: str, cwd: str, environment: dict[str, str]) -> None:
    """In the new process: become `python *words`."""
    for descriptor, name in enumerate(NAMES):
        flags = os.O_RDONLY if name == "stdin" else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        opened = os.open(Path(folder) / name, flags, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = words
    script = Path(words[0]).resolve()
    sys.path[0] = str(script.parent)
    try:
        runpy.run_path(str(script), run_name="__main__")
    finally:
        atexit._run_exitfuncs()  # processes of multiprocessing end without them
