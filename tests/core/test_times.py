"""Times as people here read them, also in the nights when the clock changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from flask_babel import force_locale

from portal import times
from portal.web import Edge

NB = "\N{NO-BREAK SPACE}"
NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)  # a Sunday, 12.00 in Sweden


@pytest.fixture
def swedish(app: Edge) -> Iterator[None]:
    with time_machine.travel(NOW, tick=False), app.test_request_context():
        yield


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]  # year, month, day …


@pytest.mark.usefixtures("swedish")
class TestSwedish:
    def test_the_clock(self) -> None:
        assert times.clock(utc(2026, 11, 22, 8, 5)) == "09.05"
        with force_locale("en"):
            assert times.clock(utc(2026, 11, 22, 8, 5)) == "09:05"

    def test_summer_and_winter(self) -> None:
        assert times.clock(utc(2026, 7, 1, 8, 0)) == "10.00"
        assert times.clock(utc(2026, 1, 1, 8, 0)) == "09.00"

    def test_the_night_of_spring(self) -> None:
        assert times.clock(utc(2026, 3, 29, 0, 59)) == "01.59"
        assert times.clock(utc(2026, 3, 29, 1, 0)) == "03.00"

    def test_the_night_of_autumn(self) -> None:
        assert times.clock(utc(2026, 10, 25, 0, 30)) == "02.30"
        assert times.clock(utc(2026, 10, 25, 1, 30)) == "02.30"
        assert times.clock(utc(2026, 10, 25, 2, 30)) == "03.30"

    def test_days(self) -> None:
        assert times.day(utc(2026, 12, 2, 8, 0)) == f"ons{NB}2{NB}dec"
        assert times.day(date(2025, 12, 2)).endswith("2025")
        assert times.long_day(utc(2026, 11, 24, 8, 0)) == "tisdag 24 november"
        assert times.date_text(date(2026, 10, 12)) == f"12{NB}okt{NB}2026"
        with force_locale("en"):
            assert times.long_day(utc(2026, 11, 24, 8, 0)) == "Tuesday 24 November"

    def test_an_instant_belongs_to_its_swedish_day(self) -> None:
        assert times.as_date(utc(2026, 11, 21, 23, 30)) == date(2026, 11, 22)
        assert times.as_date(utc(2026, 6, 30, 22, 30)) == date(2026, 7, 1)
        assert times.as_date(date(2026, 6, 30)) == date(2026, 6, 30)
        assert times.today() == date(2026, 11, 22)

    def test_moments(self) -> None:
        assert times.moment(utc(2026, 11, 22, 7, 51)) == "i dag kl. 08.51"
        assert times.moment(utc(2026, 11, 21, 15, 40)) == "i går kl. 16.40"
        assert times.moment(utc(2026, 11, 21, 23, 1)) == "i dag kl. 00.01"
        assert times.moment(utc(2026, 11, 10, 8, 15)).endswith("kl. 09.15")
        with force_locale("en"):
            assert times.moment(utc(2026, 11, 22, 7, 51)) == "today at 08:51"

    def test_short_moments(self) -> None:
        assert times.short_moment(utc(2026, 11, 22, 7, 51)) == "08.51"
        assert times.short_moment(utc(2026, 11, 21, 7, 51)) == "i går"
        assert times.short_moment(utc(2026, 11, 10, 7, 51)) == f"tis{NB}10{NB}nov"

    def test_spans_weeks_and_parts(self) -> None:
        assert times.span(utc(2026, 11, 24, 8, 30), utc(2026, 11, 24, 14, 30)) == "kl. 09.30–15.30"
        assert [times.week(day) for day in (date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 4))] == [53, 53, 1]
        assert times.part(utc(2026, 11, 24, 8, 30), "MMM") == "nov"


def test_yesterday_over_the_change_of_the_clock(app: Edge) -> None:
    with time_machine.travel(utc(2026, 10, 25, 23, 30), tick=False), app.test_request_context():  # 00.30 the day after
        assert times.today() == date(2026, 10, 26)
        assert times.short_moment(utc(2026, 10, 25, 22, 59)) == "i går"
        assert times.short_moment(utc(2026, 10, 25, 23, 0)) == "00.00"
