"""The clock of the sandbox starts at one time and advances only when it is read.

Each program runs in a process of its own behind the module's text, as in the sandbox: freezing cannot be undone.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from src.evaluation.differential.inside import frozen_clock

SOURCE = Path(frozen_clock.__file__).read_text(encoding="utf-8")


def printed(program, tick_s=0.001):
    text = f"{SOURCE}\nclock = freeze_clock({tick_s})\n{program}"
    ran = subprocess.run([sys.executable, "-I", "-c", text], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_a_program_sees_the_same_date_on_every_day():
    # 1710498030 is 2024-03-15 10:20:30 UTC, a Friday: GNU date 9.1, date -u -d @1710498030
    program = """
print(time.strftime("%A %Y-%m-%d %H:%M:%S"))
print(datetime.date.today(), datetime.datetime.utcnow().hour)
from datetime import datetime
print(datetime.now().strftime("%d/%m/%Y"), datetime.today().year)
"""
    assert printed(program) == ["Friday 2024-03-15 10:20:30", "2024-03-15 10", "15/03/2024 2024"]


def test_only_readings_advance_the_clock_by_a_tick_each():
    program = "print(*(round(time.time() - START_S, 3) for _ in range(3)), round(time.perf_counter(), 3))"
    assert printed(program, tick_s=0.25) == ["0.0 0.25 0.5 0.75"]


def test_sleeping_takes_no_time_and_moves_the_clock():
    program = (
        "real = time.monotonic()\ntime.sleep(3600)\nprint(time.monotonic() - real < 5, time.time() - START_S)"
    )
    assert printed(program) == ["True 3600.0"]


def test_a_negative_sleep_raises_as_in_the_real_module():
    assert printed("try:\n    time.sleep(-1)\nexcept ValueError as error:\n    print(error)") == [
        "sleep length must be non-negative"
    ]


@pytest.mark.parametrize(
    "expression",
    [
        "isinstance(datetime.datetime.now(), datetime.datetime)",
        "isinstance(datetime.date.today(), datetime.date)",
        "isinstance(datetime.datetime(2020, 1, 2) - datetime.datetime(2020, 1, 1), datetime.timedelta)",
        "repr(datetime.date.today()) == 'datetime.date(2024, 3, 15)'",
        "datetime.datetime.__module__ == 'datetime'",
        "datetime.datetime.now(datetime.timezone.utc).utcoffset() == datetime.timedelta(0)",
    ],
)
def test_dates_behave_like_those_of_the_real_module(expression):
    assert printed(f"print({expression})") == ["True"]
