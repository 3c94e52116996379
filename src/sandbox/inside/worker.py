"""The interpreter that stays warm: takes orders and forks each program into a place of its own."""

from __future__ import annotations

import gc
import os
import sys

import isolation
import python_program
import supervisor
import wire

REQUESTS, ANSWERS = 0, 1


def main(kind: str) -> None:
    """Serve orders from descriptor 0, answers on descriptor 1, until there are no more.

    `kind`: "warm" forks into new namespaces, "single" runs one program in those it is in, "bare" runs one
    with none.
    """
    requests, answers = _take_descriptors()
    place = {"warm": isolation.Isolation, "single": isolation.SingleUse, "bare": isolation.Bare}[kind]()
    place.hide()
    python_program.warm_up()
    gc.collect()
    gc.freeze()
    gc.disable()  # until the program itself runs
    wire.send(answers, wire.pack({"ready": sys.version.split()[0]}))
    while True:
        try:
            head, blobs = wire.receive(requests)
        except EOFError:
            return
        order = supervisor.order_from(head)
        if not place.fresh:
            _serve(order, blobs, place, requests, answers)
        child = place.fork()
        if child == 0:
            _serve(order, blobs, place, requests, answers)
        del blobs
        _, status = os.waitpid(child, 0)
        if status != 0:  # the supervisor itself was ended, so it has answered nothing
            ending = supervisor.Ending(stopped="supervisor")
            wire.send(answers, wire.pack(vars(ending), (b"", b"")))


def _serve(
    order: supervisor.Order, blobs: list[bytes], place: isolation.Isolation, requests: int, answers: int
) -> None:
    """Run one order, answer it, and end; never returns."""
    try:
        os.close(requests)
        answer = supervisor.supervise(order, blobs, place)
    except BaseException as error:
        answer = supervisor.log_failure(error)
    try:
        wire.send(answers, answer)
    finally:
        os._exit(0)


def _take_descriptors() -> tuple[int, int]:
    """Move the two pipes out of the way, and occupy every descriptor below them."""
    import fcntl

    base = supervisor.FIRST_FREE
    requests = fcntl.fcntl(REQUESTS, fcntl.F_DUPFD_CLOEXEC, base)
    answers = fcntl.fcntl(ANSWERS, fcntl.F_DUPFD_CLOEXEC, base)
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    for place in range(base):
        if place not in (2, null):
            os.dup2(null, place, inheritable=False)
    return requests, answers
