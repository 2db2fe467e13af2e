"""Cooperation plans: the template, writing together, review, adoption, newer templates, the table of all counties."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from bs4 import BeautifulSoup

from portal import db, files, guard, outbox
from portal.counties.plans import actions, jobs, policy, state_actions
from portal.counties.plans.models import CooperationPlan, PlanEdition, PlanState, PlanTemplate, SectionVersion
from portal.counties.plans.templates import SectionPlan, changes_for
from portal.errors import Conflict, Invalid
from portal.library.models import Resource
from portal.meetings.minutes.content import digest
from portal.notifications.models import Notice
from portal.people import actions as people
from portal.people.models import Person, Role
from portal.times import today
from tests import factories
from tests.conftest import Sign, send
from tests.counties.test_rounds import at, board, kinds_to, page
from tests.factories import Network
from tests.pages import first, parsed, said

NUMBER = "811228-9874"
SECTIONS = [SectionPlan("Mål", "Högst fem"), SectionPlan("Uppföljning"), SectionPlan("Utbildning")]


def template(network: Network, sections: list[SectionPlan] | None = None, based_on: int = 0) -> PlanTemplate:
    return actions.publish_template(network.group, sections or SECTIONS, based_on=based_on, by=network.convener)


def made(network: Network, by: Person) -> CooperationPlan:
    if policy.newest_template(network.group) is None:
        template(network)
    code = by.organisation.county_code
    assert code
    plan = actions.make_plan(network.group, code, by=by)
    db.session.flush()
    return plan


def write(plan: CooperationPlan, by: Person, text: str = "Alla kommuner har en rutin.") -> None:
    section = plan.sections[0]
    assert actions.save_section(section, text, based_on=section.revision, by=by)


def adopt(plan: CooperationPlan, by: Person, days: int = 365) -> PlanEdition:
    state_actions.send_to_review(plan, by=by)
    return state_actions.adopt_plan(
        plan, adopted_on=today(), revise_by=today() + timedelta(days=days), based_on=plan.revision, by=by
    )


# --- the template -----------------------------------------------------------------------------------------------------


def test_a_change_of_the_template_makes_a_version_and_the_old_one_stays(network: Network, sign_in: Sign) -> None:
    (one,) = board(network, "T")
    first = template(network)
    made(network, one)
    keys = [section.key for section in first.sections]
    assert template(network, [SectionPlan("Mål", "Högst fem", keys[0])], 1).number == 2
    again = template(network, [SectionPlan("Mål", "Högst fem", keys[0])], 2)
    assert again.number == 2  # nothing has changed
    third = template(network, [SectionPlan("Mål", "Högst fem", keys[0]), SectionPlan("Nytt", key=999)], 2)
    assert third.sections[1].key not in {*keys, 999}  # a key that no section had is none
    db.commit()
    assert kinds_to(one) == ["plan_template_changed", "plan_template_changed"]
    shown = page(sign_in(one), f"/groups/{network.group.slug}/plan-template?version=1")
    assert [head.text for head in shown.select("main .plan-section h2")] == [
        "1. Mål",
        "2. Uppföljning",
        "3. Utbildning",
    ]
    page(sign_in(one), f"/groups/{network.group.slug}/plan-template?version=9", 404)


def rows(*sections: dict[str, str]) -> dict[str, str]:
    return {f"rows-{place}-{key}": value for place, one in enumerate(sections) for key, value in one.items()}


@pytest.mark.parametrize(
    "form",
    [
        {}, rows({"heading": ""}), rows(*({"heading": f"Avsnitt {number}"} for number in range(100))),
        rows({"heading": "", "guidance": "Utan rubrik"}), rows({"heading": "Mål"}, {"heading": "MÅL"}),
        rows({"heading": "x" * 161}), rows({"heading": "Mål", "guidance": "x" * 2001}), rows({"heading": "Mål", "place": "först"}),
        rows({"heading": "Mål", "key": "x"}), rows({"heading": f"Mål för {NUMBER}"}), rows({"heading": "Mål", "is_removed": "y"}),
        rows({"heading": "\n\u2028 \x00"}),
    ],
)  # fmt: skip
def test_a_bad_template_is_not_taken_and_says_why(network: Network, sign_in: Sign, form: dict[str, str]) -> None:
    shown = send(sign_in(network.convener), f"/groups/{network.group.slug}/plan-template/edit", **form)
    assert shown.status_code == 422
    assert BeautifulSoup(shown.text, "html.parser").select(".error-summary, .guard")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PlanTemplate)) == 0


def test_two_who_change_the_template_at_once_both_keep_their_words(network: Network, sign_in: Sign) -> None:
    template(network)
    db.commit()
    where = f"/groups/{network.group.slug}/plan-template/edit"
    first = rows({"key": "1", "heading": "Mål", "place": "2"}, {"heading": "Bakgrund", "place": "1"})
    assert send(sign_in(network.convener), where, based_on="1", **first).status_code == 302
    newest = policy.newest_template(network.group)
    assert newest is not None
    assert [(one.key, one.heading) for one in newest.sections] == [(4, "Bakgrund"), (1, "Mål")]
    shown = send(sign_in(network.secretary), where, based_on="1", **rows({"key": "1", "heading": "Målen i länet"}))
    assert shown.status_code == 409
    assert "Målen i länet" in shown.text
    assert "Bakgrund" in shown.text
    shown = send(sign_in(network.secretary), where, based_on="2", **rows({"key": "1", "heading": "Målen i länet"}))
    assert shown.status_code == 302


# --- making and writing -----------------------------------------------------------------------------------------------


def test_a_county_board_makes_the_plan_of_its_county_once(network: Network, sign_in: Sign) -> None:
    (one,), (other,) = board(network, "T"), board(network, "W")
    db.commit()
    where = f"/groups/{network.group.slug}/plans"
    assert send(sign_in(one), where, county="T").status_code == 409  # no template yet
    template(network)
    db.commit()
    assert send(sign_in(one), where, county="W").status_code == 403
    assert send(sign_in(network.member), where, county="T").status_code == 403
    assert send(sign_in(network.convener), where, county="XX").status_code == 404
    assert send(sign_in(one), where, county="T").status_code == 302
    assert send(sign_in(one), where, county="T").status_code == 409
    assert send(sign_in(network.convener), where, county="W").status_code == 302
    assert kinds_to(other) == ["plan_made"]
    assert len(db.session.scalars(sa.select(CooperationPlan)).unique().all()) == 2


def test_the_second_writer_gets_both_texts(network: Network, sign_in: Sign) -> None:
    (one, two) = board(network, "T", 2)
    plan = made(network, one)
    section = plan.sections[0]
    db.commit()
    where = f"/plans/{plan.id}/sections/{section.id}/edit"
    assert send(sign_in(one), where, text="Först skrivet", based_on="0").status_code == 302
    shown = send(sign_in(two), where, text="Skrivet samtidigt", based_on="0")
    assert shown.status_code == 409
    assert "Först skrivet" in shown.text
    assert "Skrivet samtidigt" in shown.text
    assert said(parsed(shown.text), "[name=based_on]", "value") == "1"
    assert send(sign_in(two), where, text="Båda tillsammans", based_on="1").status_code == 302
    assert db.session.scalars(sa.select(SectionVersion.text)).all() == ["Först skrivet"]
    assert "Först skrivet" in sign_in(network.member).get(f"/plans/{plan.id}/sections/{section.id}/versions").text


@pytest.mark.parametrize("form", [{"text": "x" * 20_001}, {"text": f"Gäller {NUMBER}"}])
def test_a_bad_text_is_kept_in_the_form_and_not_stored(network: Network, sign_in: Sign, form: dict[str, str]) -> None:
    (one,) = board(network, "T")
    plan = made(network, one)
    db.commit()
    shown = send(sign_in(one), f"/plans/{plan.id}/sections/{plan.sections[0].id}/edit", based_on="0", **form)
    assert shown.status_code == 422
    assert form["text"] in shown.text
    db.session.expire_all()
    assert plan.sections[0].text == ""


def test_only_those_who_take_part_and_read_the_group_write(network: Network, sign_in: Sign) -> None:
    (one,), (neighbour,) = board(network, "T"), board(network, "W")
    plan = made(network, one)
    other = made(network, neighbour)
    observer = factories.person(network.ngo, "Ser På")
    people.add_member(network.group, observer, role=Role.OBSERVER, by=None)
    outside = factories.person(network.ngo, "Står Utanför")
    db.commit()
    where = f"/plans/{plan.id}/sections/{plan.sections[0].id}/edit"
    assert sign_in(network.member).get(where).status_code == 403
    added = {"organisation": str(network.ngo.id)}
    assert send(sign_in(network.member), f"/plans/{plan.id}/organisations", **added).status_code == 403
    assert send(sign_in(one), f"/plans/{plan.id}/organisations", **added).status_code == 302
    assert send(sign_in(one), f"/plans/{plan.id}/organisations", **added).status_code == 422  # it is there
    assert "plan_organisation_added" in kinds_to(network.member)
    assert kinds_to(outside) == []
    for person, status in ((network.member, 200), (observer, 403), (outside, 404), (neighbour, 403)):
        assert sign_in(person).get(where).status_code == status
    foreign = f"/plans/{other.id}/sections/{plan.sections[0].id}/edit"
    assert sign_in(one).get(foreign).status_code == 404  # a section of another plan
    assert send(sign_in(one), f"/plans/{plan.id}/organisations/{network.ngo.id}/removal").status_code == 302
    assert send(sign_in(one), f"/plans/{plan.id}/organisations/{network.ngo.id}/removal").status_code == 409
    assert sign_in(network.member).get(where).status_code == 403


@pytest.mark.parametrize("organisation", ["", "x", "999999", "99999999999999999999"])
def test_an_organisation_that_is_none_is_not_added(network: Network, sign_in: Sign, organisation: str) -> None:
    (one,) = board(network, "T")
    plan = made(network, one)
    db.commit()
    shown = send(sign_in(one), f"/plans/{plan.id}/organisations", organisation=organisation)
    assert shown.status_code == 422
    assert BeautifulSoup(shown.text, "html.parser").select(".field-error")


# --- review and adoption ----------------------------------------------------------------------------------------------


def test_from_draft_to_adopted_and_the_next_draft(network: Network, sign_in: Sign) -> None:
    (one,) = board(network, "T")
    plan = made(network, one)
    db.commit()
    client, where = sign_in(one), f"/plans/{plan.id}"
    assert send(client, f"{where}/review").status_code == 409  # it says nothing yet
    write(plan, one)
    db.commit()
    assert client.get(f"{where}/adoption").status_code == 409
    assert send(client, f"{where}/review").status_code == 302
    assert send(client, f"{where}/review").status_code == 409
    section = f"{where}/sections/{plan.sections[0].id}/edit"
    assert client.get(section).status_code == 409
    shown = send(client, section, text="För sent", based_on="1")
    assert shown.status_code == 409
    assert "För sent" in shown.text
    assert "plan_in_review" in kinds_to(network.convener)
    assert sign_in(network.convener).get(f"{where}/adoption").status_code == 403  # the county board adopts
    assert send(client, f"{where}/return", reason="").status_code == 422
    assert send(client, f"{where}/return", reason=f"Ta bort {NUMBER}").status_code == 422
    assert send(client, f"{where}/return", reason="Mål saknas").status_code == 302
    assert "Mål saknas" in client.get(where).text
    assert send(client, f"{where}/return", reason="Igen").status_code == 409
    assert send(client, f"{where}/review").status_code == 302
    db.session.expire_all()
    form = {"adopted_on": str(today()), "revise_by": str(today() + timedelta(days=365)), "based_on": str(plan.revision)}
    assert send(client, f"{where}/adoption", **form | {"based_on": "1"}).status_code == 409  # another was read
    assert send(client, f"{where}/adoption", **form).status_code == 302
    assert send(client, f"{where}/adoption", **form).status_code == 409
    assert "plan_adopted" in kinds_to(network.convener)
    assert client.get(section).status_code == 409
    assert send(client, f"{where}/drafts").status_code == 302
    assert send(client, f"{where}/drafts").status_code == 409
    db.session.expire_all()
    assert (plan.state, plan.adopted_on) == (PlanState.DRAFT, today())  # the adopted edition stays in force
    assert client.get(section).status_code == 200


@pytest.mark.parametrize(
    ("adopted", "revise", "field"),
    [
        ("", "2031-05-05", "adopted_on"), ("nyss", "2031-05-05", "adopted_on"), ("9999-12-31", "2031-05-05", "adopted_on"),
        ("0001-01-01", "2031-05-05", "adopted_on"), ("TODAY", "", "revise_by"), ("TODAY", "TODAY", "revise_by"), ("TODAY", "9999-12-31", "revise_by"),
    ],
)  # fmt: skip
def test_days_that_cannot_be_are_said_at_the_field(
    network: Network, sign_in: Sign, adopted: str, revise: str, field: str
) -> None:
    (one,) = board(network, "T")
    plan = made(network, one)
    write(plan, one)
    state_actions.send_to_review(plan, by=one)
    db.commit()
    form = {"adopted_on": adopted, "revise_by": revise, "based_on": str(plan.revision)}
    form = {key: value.replace("TODAY", str(today())) for key, value in form.items()}
    shown = send(sign_in(one), f"/plans/{plan.id}/adoption", **form)
    assert shown.status_code == 422
    marked = BeautifulSoup(shown.text, "html.parser").select(".field-error")
    assert any(str(one.get("id")).startswith(field) for one in marked)
    with pytest.raises(Invalid):
        state_actions.adopt_plan(
            plan, adopted_on=date(9999, 1, 1), revise_by=today() + timedelta(days=1), based_on=plan.revision, by=one
        )


def test_an_adopted_edition_is_sealed_and_comes_to_the_library_once(network: Network, sign_in: Sign) -> None:
    (one,) = board(network, "T")
    plan = made(network, one)
    write(plan, one, "Målet är **en rutin** i varje kommun.")
    edition = adopt(plan, one)
    db.commit()
    outbox.run_all()
    db.session.expire_all()
    material = db.session.get_one(Resource, plan.resource_id)
    assert material.group_id == network.group.id
    assert len(material.versions) == 1
    content = files.path_of(material.versions[0].sha256).read_bytes()
    assert content.startswith(b"%PDF")
    assert b"pdfaid" in content
    assert edition.sha256 == digest(edition.content)
    jobs.file_edition(edition_id=edition.id)
    db.commit()
    shown = page(sign_in(network.member), f"/plans/{plan.id}/editions/1")
    assert edition.sha256[:4] in first(shown, ".defs").text
    state_actions.begin_new_draft(plan, by=one)
    write(plan, one, "Ett nytt mål")
    adopt(plan, one)
    db.commit()
    outbox.run_all()
    db.session.expire_all()
    assert len(db.session.get_one(Resource, plan.resource_id).versions) == 2
    assert "en rutin" in page(sign_in(network.member), f"/plans/{plan.id}/editions/1").text  # as it was
    page(sign_in(network.member), f"/plans/{plan.id}/editions/3", 404)


# --- a newer template -------------------------------------------------------------------------------------------------


def test_a_newer_template_is_shown_and_taken_over_without_touching_what_is_written(
    network: Network, sign_in: Sign
) -> None:
    (one,) = board(network, "T")
    plan = made(network, one)
    write(plan, one)
    goals, follow, training = plan.sections
    wanted = [
        SectionPlan("Uppföljning", "Varje år", follow.key),
        SectionPlan("Nätet"),
        SectionPlan("Utbildning", key=training.key),
    ]
    template(network, wanted, 1)
    changes = changes_for(plan, policy.newest_template(network.group))
    assert changes is not None
    assert [one.heading for one in changes.added] == ["Nätet"]
    assert [one.heading for one in changes.removed] == ["Mål"]
    assert [one.now.guidance for one in changes.reworded] == ["Varje år"]
    db.commit()
    client = sign_in(one)
    assert page(client, f"/plans/{plan.id}").select_one(".plan-changes")
    for number in ("1", "3", "x", ""):
        assert send(client, f"/plans/{plan.id}/template", number=number).status_code == 409
    assert send(client, f"/plans/{plan.id}/template", number="2").status_code == 302
    assert send(client, f"/plans/{plan.id}/template", number="2").status_code == 409
    shown = page(client, f"/plans/{plan.id}")
    assert [head.text for head in shown.select(".plan-section h2")] == ["Uppföljning", "Nätet", "Utbildning", "Mål"]
    db.session.expire_all()
    assert (goals.is_removed, goals.text) == (True, "Alla kommuner har en rutin.")
    # it comes back into the template: the same section, with its text
    template(network, [SectionPlan("Mål", key=goals.key)], 2)
    actions.take_over_template(plan, number=3, by=one)
    assert (goals.is_removed, goals.text) == (False, "Alla kommuner har en rutin.")


def test_an_adopted_plan_does_not_take_a_template_over(network: Network) -> None:
    (one,) = board(network, "T")
    plan = made(network, one)
    write(plan, one)
    adopt(plan, one)
    template(network, [SectionPlan("Nytt")], 1)
    with pytest.raises(Conflict):
        actions.take_over_template(plan, number=2, by=one)


# --- all counties -----------------------------------------------------------------------------------------------------


def test_all_counties_stand_in_the_table_and_in_the_file(network: Network, sign_in: Sign) -> None:
    (one,), (two,) = board(network, "T"), board(network, "AB")
    plan = made(network, one)
    network.ngo.short_name = "=1+1"
    actions.add_participant(plan, network.ngo, by=one)
    write(plan, one)
    adopt(plan, one, 30)
    made(network, two)
    db.commit()
    client = sign_in(network.member)
    where = f"/groups/{network.group.slug}/plans"
    shown = page(client, where)
    assert len(shown.select("tbody tr")) == 21
    assert "revideras" in first(shown, f'tr:has(a[href="/plans/{plan.id}"])').text
    for order in ("name", "state", "adopted", "revise", "organisations"):
        sorted_by = page(client, f"{where}?sort={order}")
        assert len(sorted_by.select("tbody tr")) == 21
        assert said(sorted_by, "th[aria-sort] a", "href").endswith(order)
    assert first(page(client, f"{where}?sort=revise"), "tbody th a").text == "Örebro län"
    assert not page(client, f"{where}?sort=nonsense").select("th[aria-sort]")
    text = client.get(f"{where}.csv").text
    assert text.startswith("\N{BYTE ORDER MARK}")
    lines = list(csv.reader(io.StringIO(text[1:]), delimiter=";"))
    assert len(lines) == 22
    assert next(line for line in lines if line[1] == "T")[-1] == "'=1+1"


def test_states_are_one_query_and_only_of_what_may_be_seen(network: Network) -> None:
    (one,) = board(network, "T")
    plan = made(network, one)
    write(plan, one)
    adopt(plan, one)
    db.session.flush()
    member = network.member
    assert member.id
    asked: list[str] = []
    engine = db.engine()
    sa.event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    states = policy.plan_states(member)
    assert len(asked) == 1
    assert list(states) == ["T"]
    assert (states["T"].state, states["T"].adopted_on) == (PlanState.ADOPTED, today())
    assert policy.plan_states(factories.person(network.ngo, "Står Utanför")) == {}


def test_the_county_board_is_reminded_once_before_and_once_after(network: Network) -> None:
    (one,), (other,) = board(network, "T"), board(network, "W")
    plan = made(network, one)
    write(plan, one)
    adopt(plan, one, 100)
    db.commit()
    due = plan.revise_by
    assert due is not None
    told = []
    for days in (-61, -60, -59, 0, 1, 2, 90):
        with time_machine.travel(at(due + timedelta(days=days)), tick=False):
            jobs.remind_of_revision()
            db.commit()
            told.append([kind for kind in kinds_to(one) if kind in {"plan_due", "plan_overdue"}])
    before, after = ["plan_due"], ["plan_due", "plan_overdue"]
    assert told == [[], before, before, before, after, after, after]
    assert kinds_to(other) == []
    assert db.session.scalars(sa.select(Notice.path).where(Notice.kind == "plan_due")).all() == [plan.path]


def test_the_guard_asks_before_a_contact_is_kept(network: Network) -> None:
    (one,) = board(network, "T")
    plan = made(network, one)
    text = "Ring 070-123 45 67"
    with pytest.raises(guard.Stopped) as stopped:
        write(plan, one, text)
    keep = [find.key for find in stopped.value.finds]
    assert actions.save_section(plan.sections[0], text, based_on=0, keep=keep, by=one)


def test_plans_are_found_by_those_who_may_see_them(network: Network, sign_in: Sign) -> None:
    (one,) = board(network, "T")
    plan = made(network, one)
    write(plan, one, "Kvartalsmöten hålls i brunnsparken")
    outside = factories.person(network.ngo, "Står Utanför")
    db.commit()
    outbox.run_all()
    assert f"/plans/{plan.id}" in sign_in(network.member).get("/search?q=brunnsparken").text
    assert f"/plans/{plan.id}" not in sign_in(outside).get("/search?q=brunnsparken").text
