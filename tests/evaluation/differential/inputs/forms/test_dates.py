"""A year, a month and a day are given as dates."""

import datetime

from src.evaluation.differential.inputs.forms.dates import as_date, dates_for, places_of_date


def test_all_dates_exist():
    for year, month, day in dates_for((0, 0, 0), (0, 1, 2)):
        datetime.date(year, month, day)


def test_parts_stand_where_their_names_do():
    places = places_of_date(["day", "birth_month", "year", "name"])
    assert places == (2, 1, 0)
    assert as_date((0, 0, 0, "Ann"), places, 0) == (5, 3, 2024, "Ann")


def test_two_parts_are_enough_and_each_pair_comes_once():
    places = places_of_date(["year", "month"])
    assert places == (0, 1, None)
    found = dates_for((0, 0), places)
    assert {(1900, 2), (2000, 2), (2023, 2), (2024, 2), (2023, 4)} <= {*found}
    assert len({*found}) == len(found)


def test_what_takes_no_date_gets_none():
    assert places_of_date(["year", "name"]) == ()
    assert places_of_date(["start_day", "end_day", "month"]) == ()
    assert dates_for((1, 2), ()) == []
    assert as_date((1, 2), (), 5) == (1, 2)
