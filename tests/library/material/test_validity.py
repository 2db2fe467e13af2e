"""Whether a material still holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.county_codes import COUNTIES, county_name, in_order
from portal.library.validity import Validity, validity_of

ON = date(2026, 11, 24)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("withdrawn_at", "replaced_by_id", "review_by", "expected"),
    [
        (None, None, None, Validity.IN_FORCE),
        (None, None, ON + timedelta(days=31), Validity.IN_FORCE),
        (None, None, ON + timedelta(days=30), Validity.SOON),
        (None, None, ON, Validity.SOON),
        (None, None, ON - timedelta(days=1), Validity.OVERDUE),
        (None, 3, ON - timedelta(days=1), Validity.REPLACED),
        (LONG_AGO, 3, None, Validity.WITHDRAWN),
    ],
)
def test_what_weighs_most_is_said(
    withdrawn_at: datetime | None, replaced_by_id: int | None, review_by: date | None, expected: Validity
) -> None:
    found = validity_of(withdrawn_at=withdrawn_at, replaced_by_id=replaced_by_id, review_by=review_by, on=ON)
    assert found is expected


def test_the_counties_are_twenty_one_in_their_order() -> None:
    assert len(COUNTIES) == 21
    assert in_order(["T", "AB", "Q", "T"]) == ["AB", "T"]
    assert (county_name("T"), county_name("Q")) == ("Örebro län", "Q")
