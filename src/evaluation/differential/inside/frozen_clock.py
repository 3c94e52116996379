"""Runs inside the sandbox: a clock that starts at a fixed time and advances only when it is read.

So the output of a program that shows the date can be compared with that of another run on any other day.
Placed before the probe's source; imports nothing of this project. time.monotonic stays real: event loops wait on it.
"""

import datetime
import os
import time

MYPY = False  # what only the type checker reads
if MYPY:
    from collections.abc import Callable

TEXT_FORM = "%a %b %e %H:%M:%S %Y"
START_S = 1_710_498_030  # 2024-03-15 10:20:30 UTC


class Clock:
    """Seconds since START_S; each reading advances it by `tick_s`."""

    def __init__(self, tick_s: float) -> None:
        self.tick_s, self.elapsed_s = tick_s, 0.0

    def read(self) -> float:
        now = self.elapsed_s
        self.elapsed_s += self.tick_s
        return now

    def sleep(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.elapsed_s += seconds


def freeze_clock(tick_s: float) -> Clock:
    """Put the module time, and today and now of datetime, on one clock, in UTC; the clock."""
    clock = Clock(tick_s)
    localtime, gmtime, plain_strftime = time.localtime, time.gmtime, time.strftime
    os.environ["TZ"] = "UTC"
    time.tzset()

    def now_s(given: float | None = None) -> float:
        return START_S + clock.read() if given is None else given

    def strftime(form: str, moment: time.struct_time | None = None) -> str:
        return plain_strftime(form, localtime(now_s()) if moment is None else moment)

    replaced = {
        "time": now_s,
        "time_ns": lambda: int(now_s() * 1e9),
        "localtime": lambda seconds=None: localtime(now_s(seconds)),
        "gmtime": lambda seconds=None: gmtime(now_s(seconds)),
        "ctime": lambda seconds=None: strftime(TEXT_FORM, localtime(now_s(seconds))),
        "asctime": lambda moment=None: strftime(TEXT_FORM, moment),
        "strftime": strftime,
        "sleep": clock.sleep,
        **dict.fromkeys(("perf_counter", "process_time", "thread_time"), clock.read),
        **dict.fromkeys(("perf_counter_ns", "process_time_ns"), lambda: int(clock.read() * 1e9)),
    }
    for name, function in replaced.items():
        setattr(time, name, function)
    for name, made in _dates(now_s).items():
        setattr(datetime, name, made)
    return clock


def _dates(now_s: "Callable[[], float]") -> "dict[str, type]":
    """Replacements for datetime's classes, which take the time from `now_s`."""
    utc = datetime.timezone.utc  # noqa: UP017  # the system's Python may be older than this project's

    class Like(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, cls.__bases__[0])

    class Moment(datetime.datetime, metaclass=Like):
        @classmethod
        def now(cls, tz: "datetime.tzinfo | None" = None) -> "Moment":
            return cls.fromtimestamp(now_s(), tz)

        @classmethod
        def utcnow(cls) -> "Moment":
            return cls.fromtimestamp(now_s(), utc).replace(tzinfo=None)

        @classmethod
        def today(cls) -> "Moment":
            return cls.fromtimestamp(now_s())

        def __repr__(self) -> str:
            return "datetime." + super().__repr__()

    class Day(datetime.date, metaclass=Like):
        @classmethod
        def today(cls) -> "Day":
            return cls.fromtimestamp(now_s())

        def __repr__(self) -> str:
            return "datetime." + super().__repr__()

    made: dict[str, type] = {"datetime": Moment, "date": Day}
    for name, kind in made.items():
        kind.__module__, kind.__name__, kind.__qualname__ = "datetime", name, name
    return made
