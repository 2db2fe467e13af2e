"""Times as people here read them: Europe/Stockholm, Swedish or English forms (design.md, section 6)."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_timedelta
from flask import Flask
from flask_babel import get_locale, gettext
from holidays import HolidayBase, country_holidays

from portal import db

STOCKHOLM = ZoneInfo("Europe/Stockholm")
_NBSP = "\N{NO-BREAK SPACE}"


def _(text: str, **values: object) -> str:
    """`gettext` with its type."""
    return str(gettext(text, **values))


def local(instant: datetime) -> datetime:
    """The instant on a clock in Sweden."""
    return instant.astimezone(STOCKHOLM)


def today() -> date:
    """The date in Sweden now."""
    return local(db.now()).date()


def _is_swedish() -> bool:
    locale = get_locale()
    return locale is None or locale.language == "sv"


def _format(on: date, swedish: str, english: str) -> str:
    return _swedish(on, swedish) if _is_swedish() else str(format_date(on, english, "en"))


@lru_cache(maxsize=4096)  # a page shows the same few days many times
def _swedish(on: date, pattern: str) -> str:
    text = format_date(on, pattern, "sv").replace(".", "")
    # the three letters that the design asks for, where the locale has "tors"
    return text if "EEEE" in pattern else re.sub(r"\btors\b", "tor", text)


def clock(instant: datetime) -> str:
    """09.30 in Swedish, 09:30 in English."""
    return local(instant).strftime("%H.%M" if _is_swedish() else "%H:%M")


def clock_seconds(instant: datetime) -> str:
    """10:42:07, when something was saved."""
    return local(instant).strftime("%H:%M:%S")


def as_date(value: date | datetime) -> date:
    """The Swedish date of an instant, or the date itself."""
    return local(value).date() if isinstance(value, datetime) else value


def day(value: date | datetime) -> str:
    """`ons 2 dec`, with the year if it is another one than this: `ons 2 dec 2025`."""
    on = as_date(value)
    year = f" {on.year}" if on.year != today().year else ""
    return _format(on, "EEE d MMM", "EEE d MMM").replace(" ", _NBSP) + year


def long_day(value: date | datetime) -> str:
    """`tisdag 24 november`."""
    return _format(as_date(value), "EEEE d MMMM", "EEEE d MMMM")


def date_text(value: date | datetime) -> str:
    """`12 okt 2026`."""
    return _format(as_date(value), "d MMM y", "d MMM y").replace(" ", _NBSP)


def part(value: date | datetime, pattern: str) -> str:
    """One part of a date for the date block: `EEE`, `EEEE`, `d`, `MMM`, `MMM y`."""
    return _format(as_date(value), pattern, pattern)


def week(value: date) -> int:
    """The ISO week number."""
    return value.isocalendar().week


def moment(instant: datetime) -> str:
    """`i dag kl. 08.51`, `i går kl. 16.40`, `tis 10 nov kl. 09.15`."""
    on = local(instant).date()
    if on == today():
        return _("today at %(time)s", time=clock(instant))
    if on == today() - timedelta(days=1):
        return _("yesterday at %(time)s", time=clock(instant))
    return _("%(day)s at %(time)s", day=day(instant), time=clock(instant))


@lru_cache(maxsize=2)
def _holidays(language: str) -> HolidayBase:
    # "de facto": the eves of midsummer, Christmas and the new year, on which nobody works either
    return country_holidays("SE", language=language, categories=("public", "de_facto"))


def holiday(value: date | datetime) -> str:
    """The name of a Swedish holiday, or nothing on other days."""
    return str(_holidays("sv" if _is_swedish() else "en_US").get(as_date(value)) or "")


def short_moment(instant: datetime) -> str:
    """For the right edge of a row: the time today, `i går`, then the day."""
    on = local(instant).date()
    if on == today():
        return clock(instant)
    return _("yesterday") if on == today() - timedelta(days=1) else day(instant)


def span(starts_at: datetime, ends_at: datetime) -> str:
    """`kl. 09.30–15.30`; from midnight to midnight it is the whole day."""
    if local(starts_at).time() == local(ends_at).time() == time():
        return _("the whole day")
    return _("%(start)s–%(end)s", start=clock(starts_at), end=clock(ends_at))


def duration(seconds: int) -> str:
    """A length of time in the greatest unit that it fills: `30 sekunder`, `2 minuter`, `1 timme`."""
    return format_timedelta(timedelta(seconds=seconds), locale="sv" if _is_swedish() else "en", threshold=1)


def init_app(app: Flask) -> None:
    """Offer the forms to templates as filters."""
    for function in (as_date, clock, day, long_day, date_text, holiday, part, week, moment, short_moment, duration):
        app.add_template_filter(function)
    app.add_template_global(span, "time_span")
    app.add_template_global(today, "today")
