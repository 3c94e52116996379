"""Dates in parts, for what takes a year, a month and a day, or two of them: ends of months and years, leap days."""

from __future__ import annotations

from collections.abc import Sequence

_DATES = (
    (2024, 3, 5), (2023, 12, 31), (2024, 1, 1), (2024, 2, 28), (2023, 2, 28), (2024, 2, 29), (1900, 2, 28), (2000, 2, 28),
    (2100, 2, 28), (2000, 2, 29), (2023, 4, 30), (2023, 3, 31), (2021, 6, 30), (2022, 7, 31), (2025, 8, 30), (2024, 11, 30),
    (1999, 10, 9), (2023, 5, 31), (2021, 9, 30), (2022, 10, 31), (2023, 1, 31), (2021, 8, 31),
)  # fmt: skip
_PARTS = ("year", "month", "day")


def places_of_date(names: Sequence[str]) -> tuple[int | None, ...]:
    """The places of the year, the month and the day among the names of parameters; () where fewer than two are there, or one twice."""
    places = [[at for at, name in enumerate(names) if part in name.lower()] for part in _PARTS]
    if max(map(len, places)) > 1 or sum(map(len, places)) < 2:
        return ()
    return tuple(own[0] if own else None for own in places)


def as_date(values: Sequence[object], places: Sequence[int | None], number: int) -> tuple[object, ...]:
    """The values with the parts of a date at these places. number: of the date."""
    found = [*values]
    for place, part in zip(places, _DATES[number % len(_DATES)], strict=True) if places else ():
        if place is not None:
            found[place] = part
    return tuple(found)


def dates_for(values: Sequence[object], places: Sequence[int | None]) -> list[tuple[object, ...]]:
    """The values with each date in turn, each once."""
    return list(
        dict.fromkeys(as_date(values, places, number) for number in range(len(_DATES) if places else 0))
    )
