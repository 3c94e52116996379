"""The filter on system calls decides as it says, on both architectures, run by an interpreter of BPF."""

import errno
import struct

import pytest

from src.sandbox.inside.syscall_filter import (
    ABSENT,
    ALLOW,
    ARCHITECTURES,
    CLONE,
    DENIED,
    ERRNO,
    FAMILIES,
    KILL,
    LIMIT_OTHERS,
    NEW_NAMESPACES,
    SOCKET,
    X32_BIT,
    assemble,
)

REFUSED, MISSING = ERRNO | errno.EPERM, ERRNO | errno.ENOSYS
HARMLESS = {"x86_64": (0, 1, 2, 9, 57, 59, 231, 257), "aarch64": (29, 56, 63, 64, 93, 221, 222)}


def decide(machine: str, number: int, argument: int = 0, audit: int | None = None) -> int:
    """What the filter returns, by the rules of classic BPF (linux/filter.h, linux/seccomp.h)."""
    code = assemble(machine)
    audit = ARCHITECTURES[machine][1] if audit is None else audit
    data = struct.pack("<IIQ6Q", number, audit, 0, argument, 0, 0, 0, 0, 0)
    program = [struct.unpack_from("<HBBI", code, at) for at in range(0, len(code), 8)]
    accumulator, at = 0, 0
    while True:
        operation, yes, no, value = program[at]
        at += 1
        if operation == 0x06:
            return value
        if operation == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}
            at += yes if holds[operation] else no


@pytest.fixture(params=sorted(ARCHITECTURES))
def machine(request):
    return request.param


def test_every_named_call_is_refused(machine):
    column = ARCHITECTURES[machine][0]
    assert len(DENIED) > 50
    for names, answer in ((DENIED, REFUSED), (ABSENT, MISSING)):
        for name, numbers in names.items():
            if numbers[column] is not None:
                assert decide(machine, numbers[column]) == answer, name


def test_what_programs_need_is_allowed(machine):
    assert {decide(machine, number) for number in HARMLESS[machine]} == {ALLOW}


def test_a_fork_is_allowed_and_a_new_namespace_is_not(machine):
    clone = CLONE[ARCHITECTURES[machine][0]]
    assert decide(machine, clone, 17) == ALLOW  # SIGCHLD
    assert decide(machine, clone, 0x003D0F00) == ALLOW  # a thread of glibc
    flags = [1 << bit for bit in range(32) if NEW_NAMESPACES >> bit & 1]
    assert len(flags) == 7
    assert {decide(machine, clone, flag | 17) for flag in flags} == {REFUSED}


def test_only_the_families_of_the_empty_network_have_sockets(machine):
    socket = SOCKET[ARCHITECTURES[machine][0]]
    allowed = {family for family in range(50) if decide(machine, socket, family) == ALLOW}
    assert allowed == set(FAMILIES)


def test_a_process_limits_itself_only(machine):
    prlimit = LIMIT_OTHERS[ARCHITECTURES[machine][0]]
    assert (decide(machine, prlimit, 0), decide(machine, prlimit, 1)) == (ALLOW, REFUSED)


def test_another_architecture_or_the_x32_calls_end_the_program(machine):
    assert decide(machine, 0, audit=0x40000003) == KILL  # i386
    if machine == "x86_64":
        assert decide(machine, X32_BIT | 1) == KILL


def test_an_unknown_machine_has_no_filter():
    assert assemble("riscv64") == b""
