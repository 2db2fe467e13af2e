"""What a list of activities is narrowed down to, as its address says."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from flask import request

from portal import web
from portal.activities import policy
from portal.activities.forms import FIRST_YEAR, LAST_YEAR
from portal.activities.models import Activity, ActivityKind, ActivityState
from portal.county_codes import COUNTIES


@dataclass(frozen=True, slots=True)
class Filters:
    """The choices; what the address says of others is passed over."""

    kind: ActivityKind | None = None
    county: str = ""
    sector: int | None = None
    state: ActivityState | None = None
    year: int | None = None

    @classmethod
    def of_request(cls) -> Filters:
        """Those of the present address."""
        asked, year = request.args, web.number_of("year")
        kind, state, county = asked.get("kind", ""), asked.get("state", ""), asked.get("county", "")
        return cls(
            ActivityKind(kind) if kind in set(ActivityKind) else None, county if county in COUNTIES else "",
            web.number_of("sector"), ActivityState(state) if state in set(ActivityState) else None,
            year if year is not None and FIRST_YEAR <= year <= LAST_YEAR + 1 else None,
        )  # fmt: skip

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The same as conditions on activities."""
        found: list[sa.ColumnElement[bool]] = []
        if self.kind is not None:
            found.append(Activity.kind == self.kind)
        if self.county:
            found.append(policy.in_county(self.county))
        if self.sector is not None:
            found.append(policy.in_sector(self.sector))
        if self.state is not None:
            found.append(policy.in_state(self.state))
        if self.year is not None:
            found.append(policy.in_year(self.year))
        return found

    @property
    def address(self) -> dict[str, str]:
        """The same as parts of an address."""
        parts = {
            "kind": self.kind,
            "county": self.county,
            "sector": self.sector,
            "state": self.state,
            "year": self.year,
        }
        return {key: str(value) for key, value in parts.items() if value}
