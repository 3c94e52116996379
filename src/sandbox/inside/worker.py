"""The warm interpreter: receives requests and forks each program into an isolation of its own."""

from __future__ import annotations

import gc
import os
import sys

import python_program
import supervisor
import wire
from isolation import Bare, Isolation, SingleUse

REQUESTS, RESPONSES = 0, 1
NOT_READ = 3  # exit status of a supervisor that failed: the tests may still lie in the pipe


def main(kind: str) -> None:
    """Serve requests from descriptor 0, with responses on descriptor 1, until the pipe closes.

    `kind`: "warm" forks into new namespaces, "single" runs one program in those it is in, "bare" runs one
    with none.
    """
    requests, responses = _take_descriptors()
    isolation = {"warm": Isolation, "single": SingleUse, "bare": Bare}[kind]()
    isolation.hide()
    python_program.warm_up()
    gc.collect()
    gc.freeze()
    gc.disable()  # until the program itself runs
    wire.send(responses, wire.pack({"ready": sys.version.split()[0]}))
    while True:
        try:
            header, blobs = wire.receive(requests)
        except EOFError:
            return
        request = supervisor.parse_request(header)
        if not isolation.fresh:
            _serve(request, blobs, isolation, requests, responses)
        child = isolation.fork()
        if child == 0:
            _serve(request, blobs, isolation, requests, responses)
        del blobs
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == NOT_READ:
            return
        if status != 0:  # the supervisor itself was ended, so it has sent no response
            ending = supervisor.Ending(stopped="supervisor")
            wire.send(responses, wire.pack(vars(ending), (b"", b"")))
            return


def _serve(
    request: supervisor.ProgramRequest,
    blobs: list[bytes],
    isolation: Isolation,
    requests: int,
    responses: int,
) -> None:
    """Run one request, send the response, and exit; never returns."""
    try:
        response = supervisor.supervise(request, blobs, isolation, lambda: wire.receive(requests)[1][0])
        status = 0
    except BaseException as error:
        response, status = supervisor.failure_response(error), NOT_READ
    try:
        wire.send(responses, response)
    finally:
        os._exit(status)


def _take_descriptors() -> tuple[int, int]:
    """Move the two pipes out of the way, and occupy every descriptor below them."""
    import fcntl

    base = supervisor.FIRST_FREE
    requests = fcntl.fcntl(REQUESTS, fcntl.F_DUPFD_CLOEXEC, base)
    responses = fcntl.fcntl(RESPONSES, fcntl.F_DUPFD_CLOEXEC, base)
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    for descriptor in range(base):
        if descriptor not in (2, null):
            os.dup2(null, descriptor, inheritable=False)
    return requests, responses
