"""Puts a freshly forked process into namespaces of its own, then takes every privilege from it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
from dataclasses import dataclass

import syscall_filter

NEWNS, NEWIPC, NEWPID = 0x00020000, 0x08000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 24, 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
CAPABILITY_VERSION_3 = 0x20080522
LAST_CAPABILITY = 40
WORK = "/tmp/work"
INODES = 4096
MIB = 1 << 20

libc = ctypes.CDLL(None, use_errno=True)
libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
libc.mount.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_ulong, ctypes.c_char_p]


class FilterProgram(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


@dataclass(frozen=True)
class Quota:
    """What one program may use, in the units of the public Limits."""

    wall_s: float
    cpu_s: float
    memory_mib: int
    output_bytes: int
    processes: int
    file_mib: int


def check(result: int, what: str) -> None:
    """Raises OSError where a call of the C library failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


class Isolation:
    """Made once, in the warm interpreter; its methods run in the forks."""

    def __init__(self) -> None:
        self.pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        instructions = syscall_filter.assemble()
        self.filter = FilterProgram(len(instructions) // 8, instructions)
        self.no_capabilities = (ctypes.c_uint32 * 6)()
        self.capability_header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)

    def fork_into_new_pid_namespace(self) -> int:
        """Like os.fork(), but the child is process 1 of a namespace that dies with it."""
        check(libc.setns(self.pid_namespace, NEWPID), "setns")
        check(libc.unshare(NEWPID), "unshare pid")
        return os.fork()

    def enter_fresh_mounts(self, quota: Quota) -> None:
        """An empty temporary folder of bounded size, and a /proc that shows this namespace only."""
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        check(libc.unshare(NEWNS | NEWIPC), "unshare")
        options = f"size={quota.file_mib}m,nr_inodes={INODES},mode=755"
        check(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", MS_NOSUID | MS_NODEV, options.encode()), "tmpfs")
        check(libc.mount(b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None), "proc")
        os.mkdir(WORK)
        os.mkdir("/tmp/shm")
        os.chmod("/tmp", 0o1777)
        os.chdir(WORK)

    def hide(self) -> None:
        """Nothing of this process can be read or traced, even by its own user."""
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)

    def give_up_privileges(self, quota: Quota, whole_address_space: bool) -> None:
        """No capability, no way to one, limits on every resource, and a filter on system calls.

        `whole_address_space` bounds what is mapped and not only what is writable: too strict for
        runtimes that reserve far more than they use (Java, V8, Go).
        """
        os.setsid()
        memory = quota.memory_mib * MIB
        seconds = max(1, int(quota.cpu_s + 0.999))
        for kind, soft, hard in (
            (resource.RLIMIT_AS, memory if whole_address_space else resource.RLIM_INFINITY, None),
            (resource.RLIMIT_DATA, memory, None),
            (resource.RLIMIT_FSIZE, quota.file_mib * MIB, None),
            (resource.RLIMIT_CPU, seconds, seconds + 1),
            (resource.RLIMIT_NPROC, quota.processes + 4, None),  # the worker, its supervisor, two inits
            (resource.RLIMIT_NOFILE, 256, None),
            (resource.RLIMIT_CORE, 0, None),
            (resource.RLIMIT_MEMLOCK, 64 * 1024, None),
            (resource.RLIMIT_MSGQUEUE, 0, None),
        ):
            with contextlib.suppress(ValueError):  # a lower hard limit is already in force
                resource.setrlimit(kind, (soft, soft if hard is None else hard))
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
        for capability in range(LAST_CAPABILITY + 1):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        check(libc.capset(self.capability_header, self.no_capabilities), "capset")
        libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
        if self.filter.length:
            address = ctypes.addressof(self.filter)
            check(libc.prctl(PR_SET_SECCOMP, 2, address, 0, 0), "seccomp")
