"""Runs inside the sandbox: ends what takes longer than it may.

Placed before the probe's source; imports nothing of this project.
"""

import signal
import time

MYPY = False  # what only the type checker reads
if MYPY:
    import types
    from collections.abc import Callable
    from typing import Any

WAIT_FACTOR = 5  # wall time allowed for each second of processor time: other programs run beside this one
LEAST_WAIT_S = 1.0  # so that a busy machine does not end what needs a few milliseconds
WAITED = "waited"  # the error of what the wall clock ended
processor_time = time.process_time  # the real one: the clock is frozen later


class _OutOfTimeError(BaseException):
    """Not an Exception: a program's own handlers should not catch it."""


def alarm(number: int, frame: "types.FrameType | None") -> None:
    raise _OutOfTimeError("timeout" if number == signal.SIGPROF else WAITED)


def timed(seconds: float, action: "Callable[[], Any]") -> "tuple[Any, str, str]":
    """(value, error name, its message) of `action` with so much processor time, every exception caught."""
    signal.setitimer(signal.ITIMER_PROF, max(seconds, 0.01))
    signal.setitimer(signal.ITIMER_REAL, max(WAIT_FACTOR * seconds, LEAST_WAIT_S))
    try:
        return action(), "", ""
    except SystemExit as stop:
        return None, "" if stop.code in (None, 0) else "SystemExit", ""
    except _OutOfTimeError as stop:
        return None, str(stop), ""
    except ImportError as error:
        return None, type(error).__name__, error.msg
    except BaseException as error:
        return None, type(error).__name__, ""
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
