"""Everything that was raised in the network, where it is now, and how it went year by year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bs4 import BeautifulSoup

from portal import db
from portal.discussions.lifting import Lifted
from portal.discussions.models import Thread, ThreadKind, ThreadSupport
from portal.home.lifted_lists import by_year
from portal.meetings.agenda import proposal_actions as proposals
from portal.meetings.agenda.actions import ItemPlan
from portal.people.models import Group, Person
from tests import factories
from tests.conftest import Browser, Sign
from tests.factories import Network


def raised(group: Group, by: Person, title: str) -> Thread:
    made = factories.thread(group, by, title)
    made.kind, made.lifted_at = ThreadKind.LIFTED, db.now()
    db.session.flush()
    return made


def titles(client: Browser, step: str = "") -> list[str]:
    shown = BeautifulSoup(client.get(f"/lifted-questions?step={step}").text, "html.parser")
    return [row.text for row in shown.select(".lifted-rows .row-title")]


def test_each_stands_where_it_is_and_nobody_sees_those_of_other_groups(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    waiting = raised(network.group, network.member, "Väntar")
    answered = raised(network.group, network.member, "Besvarad")
    answered.answered_at = db.now()
    on_agenda = raised(network.group, network.convener, "På dagordning")
    proposals.propose_item(network.group, ItemPlan("Tas upp"), thread=on_agenda, by=network.convener)
    raised(network.closed, network.convener, "Bara för de slutna")
    factories.thread(network.group, network.member, "Ett samtal")
    db.session.add(
        ThreadSupport(thread_id=waiting.id, organisation_id=network.county.id, person_id=network.secretary.id)
    )
    db.commit()
    member = sign_in(network.member)
    assert titles(member) == ["På dagordning", "Besvarad", "Väntar"]
    assert titles(member, "raised") == ["Väntar"]
    assert titles(member, "agenda") == ["På dagordning"]
    assert titles(member, "answered") == ["Besvarad"]
    assert titles(member, "nonsense") == titles(member)
    assert "1 organisation" in member.get("/lifted-questions").text
    assert "Bara för de slutna" in titles(sign_in(network.secretary))
    assert titles(sign_in(network.outsider)) == []


def test_a_year_tells_how_many_were_answered_and_how_long_half_of_them_took() -> None:
    def one(year: int, days: int | None) -> Lifted:
        at = datetime(year, 3, 1, 12, tzinfo=UTC)
        return Lifted(at, 0, None, at + timedelta(days=days) if days is not None else None)

    years = by_year([one(2025, 10), one(2025, 30), one(2025, 400), one(2025, None), one(2026, None)])
    assert [(year.year, year.raised, year.answered, year.waiting, year.days) for year in years] == [
        (2026, 1, 0, 1, None), (2025, 4, 3, 1, 30),
    ]  # fmt: skip
    new_year = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)  # already the first of January in Sweden
    assert [year.year for year in by_year([Lifted(new_year, 0, None, None)])] == [2026]
