"""Moves a freshly forked process into namespaces of its own, then drops all of its privileges."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import tempfile
from dataclasses import dataclass

import resource_usage
import syscall_filter

NEWNS, NEWIPC, NEWPID = 0x00020000, 0x08000000, 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 24, 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
PR_SET_CHILD_SUBREAPER = 36
CAPABILITY_VERSION_3 = 0x20080522
LAST_CAPABILITY = 40
WORK = "/tmp/work"
INODES = 4096
MAX_OPEN_FILES = 256
OWN_PROCESSES = 2  # the worker and the supervisor
MIB = 1 << 20

libc = ctypes.CDLL(None, use_errno=True)
plain_fork = ctypes.PyDLL(None, use_errno=True).fork  # keeps the interpreter's lock across the call
libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
libc.mount.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_ulong, ctypes.c_char_p]


class FilterProgram(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


@dataclass(frozen=True)
class Quota:
    """What one program may use, in the units of the public Limits."""

    wall_s: float  # in which no processor is used or waited for
    longest_s: float  # from start to end
    cpu_s: float
    memory_mib: int  # resident
    output_bytes: int
    processes: int
    file_mib: int
    reserved_mib: int = 0  # address space, where a runtime reserves more than it uses


def check_libc(result: int, what: str) -> None:
    """Raises OSError where a call of the C library failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def counts_foreign_processes(limit: int) -> bool:
    """Whether RLIMIT_NPROC counts processes outside this sandbox too, as kernels before 5.14 do."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
        try:
            grandchild = os.fork()
        except OSError:
            os._exit(1)
        if grandchild:
            os.waitpid(grandchild, 0)
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0


class Isolation:
    """New namespaces for each program. Made once, in the warm interpreter; its methods run in the forks."""

    fresh = True  # each program is forked into namespaces of its own

    def __init__(self) -> None:
        self.pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self.work = WORK
        self._prepare()

    def _prepare(self) -> None:
        instructions = syscall_filter.assemble()
        self.filter = FilterProgram(len(instructions) // 8, instructions)
        self.no_capabilities = (ctypes.c_uint32 * 6)()
        self.capability_header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        self.limits_processes = not counts_foreign_processes(OWN_PROCESSES + 8)
        # a capability in neither set cannot be gained by exec; this process keeps those it has
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
        for capability in range(LAST_CAPABILITY + 1):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)

    def fork(self) -> int:
        """Fork; the child is process 1 of a namespace that dies with it.

        The C library's fork and not os.fork(): what Python does after a fork (locks, random seeds) touches
        many pages, and is done when the program itself is forked.
        """
        check_libc(libc.setns(self.pid_namespace, NEWPID), "setns")
        check_libc(libc.unshare(NEWPID), "unshare pid")
        child = plain_fork()
        if child < 0:
            raise OSError(ctypes.get_errno(), "fork")
        return child

    def enter(self, quota: Quota, executable: bool) -> None:
        """An empty temporary folder of bounded size, and a /proc that shows this namespace only.

        Where not `executable`, nothing that the program writes there can be run or loaded.
        """
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        check_libc(libc.unshare(NEWNS | NEWIPC), "unshare")
        options = f"size={quota.file_mib}m,nr_inodes={INODES},mode=755"
        flags = MS_NOSUID | MS_NODEV | (0 if executable else MS_NOEXEC)
        check_libc(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", flags, options.encode()), "tmpfs")
        check_libc(libc.mount(b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None), "proc")
        self._make_folders()
        check_libc(libc.mount(b"/tmp/shm", b"/dev/shm", None, MS_BIND, None), "shm")

    def _make_folders(self) -> None:
        os.mkdir(self.work)
        os.mkdir("/tmp/shm")
        os.chmod("/tmp", 0o1777)
        os.chdir(self.work)

    def preserve(self, name: str) -> None:
        """Let the program neither change nor replace a file in its folder."""
        path = f"{self.work}/{name}".encode()
        check_libc(libc.mount(path, path, None, MS_BIND, None), "bind")
        flags = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
        check_libc(libc.mount(None, path, None, flags, None), "read-only")

    def hide(self) -> None:
        """Make this process unreadable and untraceable, even for its own user."""
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)

    def processes(self) -> list[str]:
        """The ids of all processes of the program, as text."""
        return [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]

    def kill_everything(self) -> None:
        """End every process of the program; the caller is process 1 and none of them."""
        if os.getpid() != 1:
            raise RuntimeError("only process 1 of a namespace may kill all of it")
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)

    def leave(self) -> None:
        """Nothing to clean up: the namespaces end with their process 1."""

    def give_up_privileges(self, quota: Quota, whole_address_space: bool, dumpable: bool) -> None:
        """Drop every capability for good, limit every resource, and filter system calls.

        `whole_address_space` bounds what is mapped and not only what is writable: too strict for
        runtimes that reserve far more than they use (Java, V8, Go). A process that is not `dumpable`
        cannot read its own memory through /proc.
        """
        os.setsid()
        limit_resources(quota, whole_address_space, self.limits_processes)
        check_libc(libc.capset(self.capability_header, self.no_capabilities), "capset")
        libc.prctl(PR_SET_DUMPABLE, int(dumpable), 0, 0, 0)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        check_libc(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
        if self.filter.length:
            address = ctypes.addressof(self.filter)
            check_libc(libc.prctl(PR_SET_SECCOMP, 2, address, 0, 0), "seccomp")


class SingleUse(Isolation):
    """The namespaces of a bubblewrap that runs one program only: this process is its process 1."""

    fresh = False

    def __init__(self) -> None:
        self.work = WORK
        self._prepare()

    def enter(self, quota: Quota, executable: bool) -> None:
        self._make_folders()


class Bare(SingleUse):
    """No isolation at all, only limits: for callers that requested it.

    What the program starts is found by its parents. This process adopts what has lost them, and all of it
    ends with this process, but for what the program started and left.
    """

    def __init__(self) -> None:
        super().__init__()
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def enter(self, quota: Quota, executable: bool) -> None:
        self.work = tempfile.mkdtemp(prefix="unsandboxed-")
        os.chdir(self.work)

    def preserve(self, name: str) -> None:
        """Nothing here can be preserved."""

    def processes(self) -> list[str]:
        return list(map(str, resource_usage.descendants(os.getpid())))

    def kill_everything(self) -> None:
        resource_usage.kill_descendants(os.getpid())

    def leave(self) -> None:
        import shutil

        os.chdir("/")
        shutil.rmtree(self.work, ignore_errors=True)

    def give_up_privileges(self, quota: Quota, whole_address_space: bool, dumpable: bool) -> None:
        os.setsid()
        limit_resources(quota, whole_address_space, limits_processes=False)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def limit_resources(quota: Quota, whole_address_space: bool, limits_processes: bool) -> None:
    """Set the limits that the kernel enforces per process."""
    memory = max(quota.memory_mib, quota.reserved_mib) * MIB
    seconds = max(1, int(quota.cpu_s + 0.999))
    unlimited = resource.RLIM_INFINITY
    for kind, soft, hard in (
        (resource.RLIMIT_AS, memory if whole_address_space else unlimited, None),
        (resource.RLIMIT_DATA, memory, None),
        (resource.RLIMIT_FSIZE, quota.file_mib * MIB, None),
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (resource.RLIMIT_NPROC, quota.processes + OWN_PROCESSES if limits_processes else unlimited, None),
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES, None),
        (resource.RLIMIT_CORE, 0, None),
        (resource.RLIMIT_MEMLOCK, 64 * 1024, None),
        (resource.RLIMIT_MSGQUEUE, 0, None),
    ):
        with contextlib.suppress(ValueError):  # a lower hard limit is already in force
            resource.setrlimit(kind, (soft, soft if hard is None else hard))
