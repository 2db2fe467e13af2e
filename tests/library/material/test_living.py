"""Material that lives: reviewed, reminded of, replaced, withdrawn, handed over; and what is stale."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from portal import db
from portal.errors import Conflict
from portal.library.material import living, living_actions
from portal.library.models import Resource
from portal.meetings.agenda import actions as agenda
from portal.notifications.models import Notice
from portal.people import actions as people
from portal.people.models import Membership, Person
from portal.times import today
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network

NUMBER = "811228-9874"  # Skatteverket's published test number

pytestmark = pytest.mark.usefixtures("built_front_end")


@pytest.fixture
def material(network: Network) -> Resource:
    made = factories.resource(network.group, network.member, "Lathund", "ord i filen")
    made.responsible = network.member
    db.session.commit()
    return made


def told(kind: str) -> list[str]:
    """Who was told of it, by name, in order."""
    rows = sa.select(Person.name).join(Notice, Notice.person_id == Person.id).where(Notice.kind == kind)
    return list(db.session.scalars(rows.order_by(Notice.id)))


def test_a_review_is_one_action(network: Network, material: Resource, sign_in: Sign) -> None:
    member, where = sign_in(network.member), f"/resources/{material.id}"
    until = today() + timedelta(days=365)
    assert send(member, f"{where}/review", review_by=until.isoformat()).status_code == 302
    db.session.expire_all()
    assert (material.reviewed_on, material.review_by) == (today(), until)
    for bad in ("", "igår", today().isoformat(), "1999-01-01", "2999-01-01"):
        assert send(member, f"{where}/review", review_by=bad).status_code in (409, 422), bad
    db.session.expire_all()
    assert material.review_by == until


def test_reminders_come_before_on_the_day_and_every_month(network: Network, material: Resource) -> None:
    review_by = date(2027, 6, 15)
    material.review_by = review_by
    db.session.commit()
    days = {}
    for ahead in range(-40, 70):
        on = review_by + timedelta(days=ahead)
        with time_machine.travel(f"{on}T10:00:00+02:00", tick=False):
            before = len(told("review_due"))
            living.remind_of_reviews()
            living.remind_of_reviews()
            db.session.commit()
            days[ahead] = len(told("review_due")) - before
    assert {ahead: number for ahead, number in days.items() if number} == {-30: 1, 0: 1, 30: 1, 60: 1}
    assert set(told("review_due")) == {"Med Lem"}


def test_nobody_is_reminded_at_night_or_of_what_is_replaced_or_withdrawn(network: Network, material: Resource) -> None:
    material.review_by = date(2027, 6, 15)
    other = factories.resource(network.group, network.member, "Ny", "ny")
    db.session.commit()
    with time_machine.travel("2027-06-15T03:00:00+02:00", tick=False):
        living.remind_of_reviews()
    with time_machine.travel("2027-06-15T10:00:00+02:00", tick=False):
        material.replaced_by_id = other.id
        db.session.flush()
        living.remind_of_reviews()
        material.replaced_by_id, material.withdrawn_at = None, db.now()
        db.session.flush()
        living.remind_of_reviews()
    assert told("review_due") == []


def test_a_replaced_material_says_so_and_links_on(network: Network, material: Resource, sign_in: Sign) -> None:
    newer = factories.resource(network.group, network.convener, "Lathund 2027", "nytt")
    newest = factories.resource(network.group, network.convener, "Lathund 2028", "nyast")
    db.session.commit()
    member, convener, where = sign_in(network.member), sign_in(network.convener), f"/resources/{material.id}"
    assert send(member, f"{where}/replacement", other=str(newer.id)).status_code == 302
    assert send(convener, f"/resources/{newer.id}/replacement", other=str(newest.id)).status_code == 302
    page = member.get(where).text
    assert "Ersatt av" in page or "Replaced by" in page
    assert f'href="/resources/{newest.id}"' in page, "the end of the chain"
    assert "Lathund" in member.get(f"/resources/{newer.id}").text
    db.session.expire_all()
    assert material.validity == "replaced"
    offered = convener.get(f"/resources/{newest.id}/life?q=lathund").text
    assert "Lathund 2027" not in offered, "it would close a ring"
    assert f'value="{material.id}"' not in offered
    assert "Lathund 2028" in convener.get(f"{where}/life?q=lathund").text
    for ring in (material.id, newer.id):  # a ring of three, and of two
        assert send(convener, f"/resources/{newest.id}/replacement", other=str(ring)).status_code == 409
    assert send(member, f"{where}/replacement", other=str(material.id)).status_code == 404, "not by itself"
    assert send(member, f"{where}/replacement").status_code == 302
    db.session.expire_all()
    assert material.validity == "in_force"


def test_only_material_of_groups_one_writes_in_can_replace(network: Network, material: Resource, sign_in: Sign) -> None:
    hidden = factories.resource(network.closed, network.convener, "Slutet papper", "annat")
    opened = factories.resource(network.open, network.convener, "Öppet papper", "öppet")
    db.session.commit()
    member, where = sign_in(network.member), f"/resources/{material.id}"
    page = member.get(f"{where}/life?q=papper").text
    assert "Slutet papper" not in page
    assert "Öppet papper" not in page
    for other in (hidden, opened):
        assert send(member, f"{where}/replacement", other=str(other.id)).status_code == 404


def test_what_has_replaced_it_is_not_named_to_those_who_may_not_see_it(
    network: Network, material: Resource, sign_in: Sign
) -> None:
    hidden = factories.resource(network.closed, network.convener, "Slutet papper", "annat")
    db.session.flush()
    living_actions.replace(material, hidden, by=network.convener)
    db.session.commit()
    for page in (f"/resources/{material.id}", f"/resources/{material.id}/life", "/library/stale"):
        answer = sign_in(network.member).get(page)
        assert answer.status_code == 200
        assert "Slutet papper" not in answer.text
        assert f"/resources/{hidden.id}" not in answer.text
    assert "Slutet papper" in sign_in(network.convener).get(f"/resources/{material.id}").text


def test_withdrawn_material_keeps_its_page_with_the_reason(network: Network, material: Resource, sign_in: Sign) -> None:
    member, where = sign_in(network.member), f"/resources/{material.id}"
    assert send(member, f"{where}/withdrawal", reason="").status_code == 422
    assert send(member, f"{where}/withdrawal", reason=f"Om {NUMBER}").status_code == 422
    asked = send(member, f"{where}/withdrawal", reason="Fel nummer: 070-123 45 67")
    assert asked.status_code == 422
    key = re.search(r'name="guard_keep" value="(\w+)"', asked.text)
    assert key is not None
    kept = send(member, f"{where}/withdrawal", reason="Fel nummer: 070-123 45 67", guard_keep=key[1])
    assert kept.status_code == 302
    assert send(member, f"{where}/withdrawal", reason="En gång till").status_code == 409
    page = sign_in(network.convener).get(where)
    assert "Fel nummer: 070-123 45 67.</strong> " in page.text, "two sentences"
    assert sign_in(network.convener).get(f"{where}/file").status_code == 200
    assert send(member, f"{where}/review", review_by="2031-01-01").status_code == 409
    assert send(member, f"{where}/withdrawal", back="1").status_code == 302
    assert send(member, f"{where}/withdrawal", back="1").status_code == 409
    db.session.expire_all()
    assert (material.validity, material.withdrawn_reason) == ("in_force", "")


def test_readers_say_what_no_longer_holds(network: Network, material: Resource, sign_in: Sign) -> None:
    observer, where = sign_in(network.observer), f"/resources/{material.id}"
    assert send(observer, f"{where}/reports", text="").status_code == 422
    assert send(observer, f"{where}/reports", text=f"Om {NUMBER}").status_code == 422
    assert told("resource_reported") == []
    assert send(observer, f"{where}/reports", text="Numret på sidan 2 är gammalt").status_code == 302
    assert told("resource_reported") == ["Med Lem"]
    notices = sign_in(network.member).get("/notices").text
    assert "Numret på sidan 2 är gammalt" in notices


# --- leavers ------------------------------------------------------------------------------------------------------------


def test_a_colleague_takes_over_when_the_account_ends(network: Network, material: Resource) -> None:
    people.add_member(network.group, network.outsider, by=None)  # a colleague of the member's
    db.session.commit()
    people.disable_person(network.member, by=network.admin)
    db.session.commit()
    assert material.responsible is network.outsider
    assert told("resource_handed_over") == ["Ute Stående"]


def test_an_administrator_goes_before_other_colleagues(network: Network, material: Resource) -> None:
    chief = factories.person(network.ngo, "Chef Lig", is_admin=True)
    for person in (network.outsider, chief):
        people.add_member(network.group, person, by=None)
    db.session.commit()
    membership = db.session.scalars(sa.select(Membership).where(Membership.person_id == network.member.id)).one()
    people.remove_member(membership, by=network.convener)
    db.session.commit()
    assert material.responsible is chief


def test_the_convener_takes_over_when_nobody_of_the_organisation_is_there(network: Network, material: Resource) -> None:
    people.close_organisation(network.ngo, by=None)
    db.session.commit()
    assert material.responsible is network.convener
    assert told("resource_handed_over") == ["Sam Mankallande"]


def test_who_left_without_a_word_is_found_later(network: Network, material: Resource) -> None:
    living.release_left()
    assert material.responsible is network.member
    db.session.execute(sa.update(Membership).where(Membership.person_id == network.member.id).values(left_at=db.now()))
    db.session.commit()
    living.release_left()
    db.session.commit()
    assert material.responsible is network.convener
    living.release_left()
    assert told("resource_handed_over") == ["Sam Mankallande"], "once"


def test_nobody_is_left(network: Network, material: Resource) -> None:
    db.session.execute(sa.update(Membership).values(left_at=db.now()))
    db.session.commit()
    living.release_left()
    db.session.commit()
    assert material.responsible is None
    material.review_by = today()
    with time_machine.travel(f"{today()}T10:00:00+01:00", tick=False):
        living.remind_of_reviews()
    assert told("review_due") == []


# --- what is stale ------------------------------------------------------------------------------------------------------


def test_each_organisation_sees_its_own_and_the_coordinator_counts(
    network: Network, material: Resource, sign_in: Sign
) -> None:
    material.review_by = today() - timedelta(days=1)
    soon = factories.resource(network.group, network.member, "Snart dags", "snart")
    soon.review_by = today() + timedelta(days=10)
    undated = factories.resource(network.group, network.member, "Utan dag", "utan")
    old = factories.resource(network.group, network.member, "Gammalt", "gammalt")
    meeting = factories.meeting(network.group, network.convener)
    db.session.flush()
    agenda.add_paper(meeting.items[0], old, by=network.convener)
    living_actions.replace(old, undated, by=network.member)
    hidden = factories.resource(network.closed, network.secretary, "Slutet papper", "annat")
    hidden.review_by = today() - timedelta(days=1)
    theirs = factories.resource(network.group, network.convener, "Myndighetens", "annat än")
    theirs.review_by = today() - timedelta(days=1)
    db.session.commit()
    page = sign_in(network.member).get("/library/stale").text
    assert [words in page for words in ("Lathund", "Snart dags", "Utan dag", "Gammalt", "Myndighetens", "Slutet papper")] == [
        True, True, True, True, False, False
    ]  # fmt: skip
    admin = sign_in(network.admin).get("/library/stale").text
    assert "Föreningen" not in admin, (
        "the coordinator's administrator is not in the group, and counts only what she sees"
    )
    people.add_member(network.group, network.admin, by=None)
    db.session.commit()
    admin = sign_in(network.admin).get("/library/stale").text
    row = re.search(r"foreningen.*?</tr>", admin, re.S | re.I)
    assert row is not None
    assert re.findall(r'<td class="number"[^>]*>(\d+)', row[0]) == ["4", "1", "1", "1", "1"]
    assert "Slutet papper" not in admin


def test_a_ring_cannot_be_made_by_two_at_once(network: Network, material: Resource) -> None:
    other = factories.resource(network.group, network.member, "Annat", "annat")
    db.session.flush()
    living_actions.replace(material, other, by=network.member)
    with pytest.raises(Conflict):
        living_actions.replace(other, material, by=network.member)
