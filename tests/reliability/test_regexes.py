"""No regular expression takes more than 100 ms of processor time on 200,000 characters made to slow it down."""

from __future__ import annotations

import mmap
import os
import re
import signal
import time

import pytest

from tests.reliability.regular_expressions import SUFFIXES, Regex, collected, pumps

LIMIT_S = 0.1
SHORT, MEDIUM, LONG = 2_000, 8_000, 200_000  # characters
TIMINGS = 3  # of a text that seems too slow; the shortest counts
KILLED_AFTER_S = 2.0  # by the clock, for one text: a search is one call, which nothing else interrupts

REGEXES = collected()


def _seconds(pattern: re.Pattern[str], method: str, text: str) -> float:
    signal.setitimer(signal.ITIMER_REAL, KILLED_AFTER_S)
    began = time.process_time()
    if method == "scan":
        pattern.findall(text)
    else:
        getattr(pattern, method)(text)
    return time.process_time() - began


def _is_slow(pattern: re.Pattern[str], method: str, parts: tuple[str, str, str]) -> bool:
    """Whether a text of LONG characters is slow; it is tried only where shorter ones let it seem possible."""

    def seconds(size: int) -> float:
        prefix, unit, suffix = parts
        return _seconds(pattern, method, prefix + unit * (size // len(unit)) + suffix)

    medium = seconds(MEDIUM)
    if medium <= LIMIT_S * (MEDIUM / LONG) ** 2:
        return False
    for _ in range(TIMINGS):
        if _expected(seconds(SHORT), medium) <= LIMIT_S:
            return False
        medium = min(medium, seconds(MEDIUM))
    return all(seconds(LONG) > LIMIT_S for _ in range(TIMINGS))


def _expected(short: float, medium: float) -> float:
    """Seconds for LONG characters by the curve a * n + b * n ** 2 through the other two."""
    square = max(0.0, medium / MEDIUM - short / SHORT) / (MEDIUM - SHORT)
    return (medium / MEDIUM + square * (LONG - MEDIUM)) * LONG


def slow_text(regex: Regex) -> str:
    """A description of the first text on which `regex` is slow; "" where there is none."""
    shared = mmap.mmap(-1, 1_000)
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            _search_slow_text(regex, shared)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    return shared[:].rstrip(b"\0").decode("utf-8", "replace")


def _search_slow_text(regex: Regex, shared: mmap.mmap) -> None:
    """Leave in `shared` what is being timed, so that it stands there if that text never ends."""
    shared[:11] = b"not started"
    pattern = re.compile(regex.pattern, regex.flags)
    for prefix, unit in pumps(regex.pattern, regex.flags):
        for suffix in SUFFIXES:
            for method in sorted(regex.methods):
                shown = f"{method}: {prefix[:100]!r} + {unit[:100]!r} * n + {suffix!r}".encode(
                    "ascii", "replace"
                )
                shared[:] = shown[: len(shared)].ljust(len(shared), b"\0")
                if _is_slow(pattern, method, (prefix, unit, suffix)):
                    return
    shared[:] = bytes(len(shared))


def test_the_sources_are_read() -> None:
    assert len(REGEXES) > 100
    files = {regex.place.partition(":")[0] for regex in REGEXES}
    assert {
        "languages/python.py",
        "evaluation/extraction/extract.py",
    } <= files


@pytest.mark.parametrize("regex", REGEXES, ids=lambda regex: regex.place)
def test_a_regex_is_fast_on_every_text_made_for_it(regex: Regex) -> None:
    assert slow_text(regex) == ""


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"\s+$", "search"),  # quadratic
        (r"(a+)+b", "search"),  # exponential
        (r"(?:\w+\s*)*;", "match"),  # exponential
        (r"<!--.*?-->", "scan"),  # quadratic where nothing closes
    ],
)
def test_a_slow_regex_is_found(pattern: str, method: str) -> None:
    assert slow_text(Regex("", pattern, 0, frozenset({method})))


@pytest.mark.parametrize("pattern", [r"\s+", r"\w+\s*=", "[^x]*"])
def test_a_linear_regex_is_not(pattern: str) -> None:
    assert slow_text(Regex("", pattern, 0, frozenset({"match"}))) == ""
