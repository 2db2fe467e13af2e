"""The number of queries of a page is the same however much there is (architecture.md, section 3)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal import db, outbox, search
from portal.activities import actions as activities
from portal.activities.models import Activity
from portal.counties.plans import actions as plans
from portal.counties.plans import policy as policy_plans
from portal.counties.plans.models import CooperationPlan
from portal.counties.plans.templates import SectionPlan
from portal.counties.rounds import actions as rounds
from portal.counties.rounds import policy, report_actions
from portal.counties.rounds.actions import QuestionPlan, RoundPlan
from portal.counties.rounds.models import QuestionKind, Round
from portal.counties.rounds.report_actions import Said
from portal.county_codes import COUNTIES
from portal.discussions.models import Thread, ThreadKind
from portal.library.collections import actions as collections
from portal.library.collections.models import Collection
from portal.library.intake.models import Upload, UploadState
from portal.library.material import actions as materials
from portal.library.material.models import ResourceDownload
from portal.library.models import Resource, ResourceShare
from portal.library.public import actions as public
from portal.meetings.agenda import actions as agenda
from portal.meetings.calls import actions as calls
from portal.meetings.followup import actions as followup
from portal.meetings.followup.models import ActionItem, ActionState, Decision
from portal.meetings.minutes import actions as minutes
from portal.meetings.minutes import remark_actions as remarks
from portal.meetings.minutes.models import Minutes
from portal.meetings.models import Meeting, MeetingSeries
from portal.meetings.participants import actions as participants
from portal.meetings.polls import actions as polls
from portal.meetings.polls.actions import Asked, Question
from portal.meetings.polls.models import DatePoll, PollAnswer, PollInvitee, Suits
from portal.meetings.series import actions as series
from portal.meetings.series.actions import SeriesPlan, StandingPlan
from portal.people import actions as people
from portal.people.models import OrganisationKind, PersonStatus
from portal.search import keeping
from portal.searches import actions as searches
from portal.searches.actions import Wish
from portal.searches.models import Place
from portal.times import today
from portal.topics import keeping as topics
from portal.trainings import actions as trainings
from portal.trainings import nominating
from portal.trainings.actions import OccasionPlan
from portal.trainings.models import Authority, Cohort, NominationState, OccasionKind
from portal.trainings.nominating import Candidate
from tests import factories
from tests.conftest import Browser, Sign
from tests.factories import Network

TIMES = 20
MOST = 40  # queries that any page may need


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that go to the database meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    engine = db.engine()
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def fill(network: Network, number: int) -> None:
    """A thread, a meeting and a material more, each by somebody of an organisation of its own."""
    other = factories.organisation(f"org{number}", kind=OrganisationKind.NGO)
    writer = factories.person(other, f"Skribent {number}")
    factories.person(
        network.ngo, f"Kollega {number}", status=PersonStatus.PENDING if number % 2 else PersonStatus.ACTIVE
    )
    people.add_member(network.group, writer, by=None)
    group = people.add_group(
        f"grupp{number}", f"Grupp {number}", description="", handling_class=network.group.handling_class, by=None
    )
    people.add_member(group, network.member, by=None)
    people.add_member(group, writer, by=None)
    db.session.flush()
    factories.thread(group, writer, f"Tråd {number}", f"Sökord {number}")
    thread = factories.thread(network.group, writer, f"Tråd {number}", f"Sökord {number}")
    factories.post(thread, writer, f"Sökord igen {number}")
    factories.thread(network.group, writer, f"Problem {number}", "Behöver lyftas").kind = ThreadKind.LIFTED
    calls.make_feed(f"Program {number}", group=group, by=writer)
    material = factories.resource(network.group, writer, f"Material sökord {number}", f"sökord {number}")
    material.publisher = f"Utgivare {number}"
    waiting = Upload(
        token=f"{number:032x}", person=network.member, file_name=f"fil{number}.txt", size=10, state=UploadState.READY,
        sha256=material.current.sha256, title=f"Sökord {number}",
    )  # fmt: skip
    new_one = Upload(
        token=f"{number + 10_000:032x}", person=network.member, file_name=f"ny{number}.txt", size=10, title="Material",
        state=UploadState.READY, sha256=f"{number:064x}",
    )  # fmt: skip
    db.session.add_all([waiting, new_one])
    factories.activity(
        network.group, writer, f"Aktivitet sökord {number}", text="Sökord", codes=("T", "U"), days=number
    )
    more_nominations(network, number)
    main = db.session.scalars(sa.select(Activity).order_by(Activity.id).limit(1)).one()
    activities.add_material(main, material, by=writer)
    activities.join_activity(main, by=writer)
    if writer not in main.contacts:
        main.contacts.append(writer)
    long = db.session.scalars(sa.select(Collection).order_by(Collection.id).limit(1)).first()
    gathered = factories.collection(network.group, writer, f"Samling {number}", of=(material,))
    collections.add_material(long or gathered, material, by=writer)
    public.make_link(factories.resource(network.open, writer, f"Öppet {number}", f"öppet {number}"), by=writer)
    material.review_by, material.responsible = today() - timedelta(days=1), writer
    material.topics = topics.find_or_make(["Ämne", f"Eget ord {number}"])
    first_material = db.session.scalars(sa.select(Resource).order_by(Resource.id).limit(1)).one()
    if number > 1:
        materials.relate(first_material, material, by=writer)
        agenda.add_paper(factories.meeting(group, writer, f"Möte {number}").items[0], first_material, by=writer)
        factories.thread(network.group, writer, f"Länk {number}", f"Se /resources/{first_material.id}")
        first_material.shares.append(ResourceShare(group=group, shared_by_id=writer.id))
        db.session.add(ResourceDownload(resource_id=first_material.id, organisation_id=other.id, on=today(), number=1))
        db.session.flush()
    meeting = factories.meeting(network.group, writer, f"Möte sökord {number}", text="sökord", items=1, days=number + 1)
    seat = participants.add_seat(network.group, other, by=writer)
    participants.fill_seat(seat, network.group, ordinary=writer, substitute=None, takes_in=False, by=writer)
    started = series.start_series(network.group, SeriesPlan(f"Serie {number}"), by=writer)
    of_first = sa.select(MeetingSeries).order_by(MeetingSeries.id).limit(1)
    meeting.series = db.session.scalars(of_first).one()
    series.add_standing_item(meeting.series, StandingPlan(f"Stående {number}"), by=writer)
    times = [(meeting.starts_at + timedelta(days=n), meeting.ends_at + timedelta(days=n)) for n in range(2)]
    question = Question(f"Fråga {number}", meeting.starts_at, times)
    polls.open_poll(network.group, question, Asked([writer, network.member]), series=started, by=writer)
    for item in meeting.items:
        minutes.save_note(item, text="Sökord i protokollet", based_on=0, by=writer)
        followup.add_decision(item, text="Sökord beslutat", client_id=f"b{number}", by=writer)
    for owner in (network.member, writer):
        task = followup.Task(f"Sökord åtgärd {number}", owner.organisation, owner)
        made = followup.add_action(network.group, task, client_id=f"{number}-{owner.id}", by=writer)
        if owner is writer:
            followup.set_action_state(made, ActionState.DONE, by=writer)
    held = factories.held_meeting(network.group, network.convener, f"Hållet {number}")
    factories.circulated(held, network.secretary, [network.member])


@pytest.fixture
def pages(network: Network) -> dict[str, str]:
    """The pages that grow, with one of everything."""
    fill(network, 1)
    main_thread = factories.thread(network.group, network.convener, "Den långa tråden", "Sökord")
    long_meeting = factories.meeting(network.group, network.convener, "Det långa mötet", items=1)
    _feed, feed_token = calls.make_feed("Telefonen", group=None, by=network.member)
    searches.save_search(Wish(Place.EVERYWHERE, text="sökord"), name="Sökord", by=network.member)
    _atom, atom_token = searches.make_feed("Läsaren", search=None, by=network.member)
    minutes.save_note(long_meeting.items[0], text="Text", based_on=0, by=network.convener)
    adjusted = factories.held_meeting(network.group, network.convener, "Det justerade mötet", items=12)
    factories.circulated(adjusted, network.secretary, [network.member])
    action = db.session.scalars(sa.select(ActionItem.id).order_by(ActionItem.id)).first()
    decision = db.session.scalars(sa.select(Decision.id).order_by(Decision.id)).first()
    starts = long_meeting.starts_at + timedelta(days=1)
    question = Question("Frågan", long_meeting.starts_at, [(starts, starts + timedelta(hours=1))])
    poll = polls.open_poll(network.group, question, Asked([network.member, network.convener]), by=network.convener)
    opened = factories.resource(network.open, network.convener, "Öppet", "öppet")
    gathered = factories.collection(network.open, network.convener, "Öppen samling", of=(opened,))
    public_link = public.make_link(gathered, by=network.convener)
    first = db.session.scalars(sa.select(MeetingSeries.id).order_by(MeetingSeries.id).limit(1)).one()
    first_collection = db.session.scalars(sa.select(Collection.id).order_by(Collection.id).limit(1)).one()
    main_activity = db.session.scalars(sa.select(Activity.id).order_by(Activity.id).limit(1)).one()
    factories.activity(
        network.group, network.convener, "Bredvid", codes=("T",)
    )  # something overlaps from the beginning
    main_plan = db.session.get_one(Activity, main_activity)
    main_plan.organisation_id = network.ngo.id  # the member's own, who may change it
    main_material = db.session.scalars(sa.select(Resource).order_by(Resource.id).limit(1)).one()
    main_material.organisation = network.ngo
    beside = factories.resource(network.group, network.member, "Bredvid", "bredvid")
    factories.resource(network.group, network.member, "Ett till", "ett till")
    materials.relate(main_material, beside, by=network.member)
    counties = report_pages(network) | plan_pages(network)
    db.commit()
    outbox.run_all()
    return {
        **trainings_pages(network), "activities": "/activities", "activities of a group": "/groups/natverket/activities", "month of activities": "/activities/calendar",
        "activity": f"/activities/{main_activity}", "activity to change": f"/activities/{main_activity}/edit",
        "copy of an activity": f"/activities/{main_activity}/copy", "adjusted minutes": f"/meetings/{adjusted.id}/minutes", "circulated PDF": f"/meetings/{adjusted.id}/minutes.pdf?edition=1",
        "minutes as Word": f"/meetings/{adjusted.id}/minutes.docx", "action": f"/actions/{action}",
        "actions": "/groups/natverket/actions", "new action": "/groups/natverket/actions/new", "decision": f"/decisions/{decision}", "done actions": "/groups/natverket/actions?show=done",
        "decisions": "/groups/natverket/decisions", "found decisions": "/groups/natverket/decisions?q=beslutat",
        "polls": "/groups/natverket/polls", "poll": f"/polls/{poll.id}", "series": f"/meeting-series/{first}",
        "seats": "/groups/natverket/seats", "substitute": f"/meetings/{long_meeting.id}/substitute",
        "today": "/", "lifted questions": "/lifted-questions", "groups": "/groups", "group": "/groups/natverket", "unread": "/groups/natverket?show=unread",
        "members": "/groups/natverket/members", "thread": f"/threads/{main_thread.id}", "posts": f"/threads/{main_thread.id}/posts?after=0",
        "collections": "/collections", "collections of a group": "/groups/natverket/collections", "collection": f"/collections/{first_collection}",
        "materials to add": f"/collections/{first_collection}/materials", "public collection": f"/public/{public_link.token}", "open data": "/public/catalogue.ttl",
        "material": f"/resources/{main_material.id}", "sharing": f"/resources/{main_material.id}/sharing", "stale": "/library/stale",
        "editing": f"/resources/{main_material.id}/edit", "downloads": f"/resources/{main_material.id}/downloads",
        "replacing": f"/resources/{main_material.id}/life", "related": f"/resources/{main_material.id}/related",
        "comparison": f"/resources/{main_material.id}/comparison",
        "upload": "/library/upload", "library": "/library", "materials": "/groups/natverket/materials", "library search": "/library?q=sökord",
        "search": "/search?q=sökord", "search of one type": "/search?q=sökord&type=minutes", "search window": "/search?q=sökord&fragment=1",
        "calendar": "/calendar", "calendar list": "/calendar?view=list", "meetings": "/groups/natverket/meetings", "meeting": f"/meetings/{long_meeting.id}",
        "saved searches": "/searches", "feeds of searches": "/searches/feeds", "feed of searches": f"/searches/feed/{atom_token}.atom",
        "feed": f"/calendar/feed/{feed_token}.ics", "feeds": "/calendar/feeds",
        "meeting mode": f"/meetings/{long_meeting.id}/room", "its parts": f"/meetings/{long_meeting.id}/room/parts",
        "agenda": f"/meetings/{long_meeting.id}/agenda", "proposals": "/groups/natverket/proposals", "notices": "/notices",
        "minutes": f"/meetings/{long_meeting.id}/minutes", "calendar file": f"/meetings/{long_meeting.id}/ics",
        "minutes as PDF": f"/meetings/{long_meeting.id}/minutes.pdf", "organisation": "/organisation", "contacts": "/contacts", **counties,
    }  # fmt: skip


def trainings_pages(network: Network) -> dict[str, str]:
    """The pages of the first training, which the test fills."""
    made = db.session.scalars(sa.select(Cohort).order_by(Cohort.id).limit(1)).first()
    made = made or factories.cohort(network, network.group, "sökord", places=400)
    return {
        "trainings": "/trainings", "training": f"/trainings/{made.training_id}", "cohort": f"/trainings/cohorts/{made.id}",
        "coverage": "/trainings/coverage", "coverage as CSV": "/trainings/coverage.csv",
    }  # fmt: skip


def more_nominations(network: Network, number: int) -> None:
    """One more nomination, admitted, one more occasion, and one more training."""
    factories.cohort(network, network.group, f"sökord {number}")
    made = db.session.scalars(sa.select(Cohort).order_by(Cohort.id).limit(1)).one()
    made.places = 400
    who = Candidate(f"Någon {number}", f"mer{number}@polisen.example", Authority.POLICE, "Polisen")
    nomination = nominating.nominate(made, who, "T", by=network.secretary)
    nomination.state = NominationState.ADMITTED
    begun = db.now() - timedelta(days=1)
    trainings.add_occasion(
        made,
        OccasionPlan(OccasionKind.VISIT, f"Besök {number}", begun, begun + timedelta(hours=1)),
        by=network.convener,
    )


def report_pages(network: Network) -> dict[str, str]:
    """A round of situation reports that one county has answered, and the one before."""
    factories.reports(network, network.group, "förut")
    made = factories.reports(network, network.group, "ord")
    where = f"/rounds/{made['round_id']}"
    return {
        "counties": "/counties", "county": "/counties/T", "rounds": "/groups/natverket/rounds", "round": where, "compiled round": f"{where}/compiled",
        "county's report": f"{where}/counties/T", "answers as CSV": f"{where}/answers.csv",
    }  # fmt: skip


def more_reports(network: Network, found: Round) -> None:
    """All counties have answered, in five rounds, and each round has ten more questions."""
    boards = [
        (code, factories.organisation(f"lst{code.lower()}", kind=OrganisationKind.COUNTY_BOARD))
        for code in COUNTIES
        if code != "T"
    ]
    team = {"T": network.secretary}
    for code, board in boards:
        board.county_code = code
        team[code] = factories.person(board, f"Svarar {code}")
        people.add_member(network.group, team[code], by=None)
    core = [asked.question_id for asked in found.questions if asked.wording.question.is_core]
    others = []
    for number in range(4):
        due = found.due_on + timedelta(days=7 * number - 28)
        later = rounds.prepare_round(
            network.group, RoundPlan(f"Omgång {number}", found.due_on, found.due_on, core=core), by=network.convener
        )
        rounds.open_round(later, by=network.convener)
        others.append((later, due))
    for number in range(10):
        rounds.add_to_round(found, QuestionPlan(f"Fråga {number}", QuestionKind.TEXT), by=network.convener)
    for one in (found, *(later for later, _due in others)):
        for code, by in team.items():
            report = report_actions.begin_report(one, code, by=by)
            db.session.flush()
            said = {
                asked.question_id: Said("Svar", 2 if asked.wording.kind is QuestionKind.SCALE else None)
                for asked in one.questions
            }
            bases = {answer.question_id: answer.revision for answer in policy.answers_of(report).values()}
            report_actions.save_answers(
                report, {key: replace(value, based_on=bases.get(key, 0)) for key, value in said.items()}, by=by
            )
            report_actions.submit_report(report, by=by)
    for later, due in others:
        later.due_on = due
    db.session.flush()


def plan_pages(network: Network) -> dict[str, str]:
    """A county's cooperation plan with a section that was written twice, and a newer version of its template."""
    made = factories.cooperation(network, network.group, "ord")
    plans.publish_template(network.group, [SectionPlan("Mål", "Nytt", 1)], based_on=1, by=network.convener)
    where = f"/plans/{made['plan_id']}"
    return {
        "plans": "/plans", "plans by organisations": "/plans?sort=organisations", "plans as CSV": "/groups/natverket/plans.csv", "plan": where,
        "section of a plan": f"{where}/sections/{made['section_id']}/edit", "its versions": f"{where}/sections/{made['section_id']}/versions",
        "edition of a plan": f"{where}/editions/1", "plan template": "/groups/natverket/plan-template",
    }  # fmt: skip


def more_plans(network: Network, main: CooperationPlan) -> None:
    """Every county has a plan; the first one has ten more sections and all organisations, and its template has newer versions."""
    by = network.convener
    present = [SectionPlan(one.heading, one.guidance, one.key) for one in main.template.sections]
    more = [SectionPlan(f"Avsnitt {number}") for number in range(10)]
    second = plans.publish_template(network.group, [*present, *more], based_on=2, by=by)
    plans.take_over_template(main, number=3, by=by)
    db.session.flush()
    for section in main.sections:
        for _time in range(3):
            plans.save_section(section, f"Text {section.revision}", based_on=section.revision, by=network.secretary)
    present = [SectionPlan(one.heading, "Nytt", one.key) for one in second.sections]
    plans.publish_template(network.group, present, based_on=3, by=by)
    organisations = policy_plans.organisations_to_ask(main)
    for organisation in organisations:
        plans.add_participant(main, organisation, by=by)
    for code in COUNTIES:
        if code != main.county_code:
            made = plans.make_plan(network.group, code, by=by)
            for organisation in organisations[:5]:
                plans.add_participant(made, organisation, by=by)
    db.session.flush()


def grow(network: Network, pages: dict[str, str]) -> None:
    for number in range(2, TIMES + 1):
        fill(network, number)
        thread = db.session.get_one(Thread, int(pages["thread"].rsplit("/", 1)[1]))
        writer = factories.person(factories.organisation(f"svar{number}"), f"Svarare {number}")
        people.add_member(network.group, writer, by=None)
        factories.post(thread, writer, f"Sökord {number}")
        open_collection = db.session.scalars(sa.select(Collection).where(Collection.group_id == network.open.id)).one()
        opened = factories.resource(network.open, writer, f"Öppet till {number}", f"öppet till {number}")
        collections.add_material(open_collection, opened, by=writer)
        poll = db.session.get_one(DatePoll, int(pages["poll"].rsplit("/", 1)[1]))
        poll.invitees.append(PollInvitee(person=writer, organisation_id=writer.organisation_id, answered_at=db.now()))
        db.session.flush()
        db.session.add(PollAnswer(invitee_id=poll.invitees[-1].id, option_id=poll.options[0].id, suits=Suits.YES))
    adjusted = db.session.get_one(Meeting, int(pages["adjusted minutes"].split("/")[2]))
    made = db.session.scalars(sa.select(Minutes).where(Minutes.meeting_id == adjusted.id)).one()
    for number in range(2, 13):
        by = network.convener if number % 2 else network.member
        remarks.add_remark(made, adjusted.items[number - 1], text="Anmärkning", client_id=str(number), by=by)
        minutes.save_note(adjusted.items[0], text=f"Text {number}", based_on=number - 1, by=network.secretary)
        minutes.make_edition(
            made, reason="Nytt", based_on=number - 1, render=factories.plain_render, by=network.secretary
        )
        db.session.expire(made)
    action = db.session.get_one(ActionItem, int(pages["action"].rsplit("/", 1)[1]))
    for number in range(20):
        task = followup.Task(f"Sökord {number}", action.organisation, action.owner)
        followup.change_action(action, task, based_on=action.revision, by=network.member)
    meeting = db.session.get_one(Meeting, int(pages["meeting"].rsplit("/", 1)[1]))
    for number in range(2, 201):
        item = agenda.add_item(
            meeting,
            agenda.ItemPlan(f"Punkt {number}", minutes_allotted=5, owner=network.secretary),
            by=network.convener,
        )
        minutes.save_note(item, text="Text", based_on=0, by=network.convener)
    more_plans(network, db.session.get_one(CooperationPlan, int(pages["plan"].rsplit("/", 1)[1])))
    more_reports(network, db.session.get_one(Round, int(pages["round"].rsplit("/", 1)[1])))
    db.session.execute(sa.delete(outbox.Job).where(outbox.Job.kind == report_actions.COMPILE_JOB))
    db.session.execute(sa.delete(outbox.Job).where(outbox.Job.kind == minutes.PDF_JOB))  # nobody looks at them here
    db.commit()
    outbox.run_all()


def count(client: Browser, pages: dict[str, str]) -> dict[str, int]:
    """Queries of each page, after one look that lets traces and caches settle."""
    counts = {}
    for name, where in pages.items():
        assert client.get(where).status_code == 200, name
        with counted() as asked:
            client.get(where)
        counts[name] = len(asked)
    return counts


def write(client: Browser, where: str) -> int:
    """Queries of one reply."""
    form = {"body": "Svar", "client_id": str(uuid.uuid4()), "csrf_token": client.csrf}
    with counted() as asked:
        assert client.post(where, data=form).status_code == 302
    return len(asked)


def test_twenty_times_as_much_takes_no_more_queries(
    network: Network, pages: dict[str, str], sign_in: Sign, built_front_end: object
) -> None:
    client = sign_in(network.member)
    few, one_reply = count(client, pages), write(client, pages["thread"] + "/posts")
    grow(network, pages)
    client = sign_in(network.member)
    many, another_reply = count(client, pages), write(client, pages["thread"] + "/posts")
    more = {name: (few[name], many[name]) for name in pages if many[name] > few[name]}
    assert more == {}
    assert another_reply == one_reply
    assert max(few.values()) <= MOST, few


def test_the_index_is_fed_with_as_many_queries(network: Network, pages: dict[str, str]) -> None:
    def feed(number: int) -> int:
        for offset in range(number):
            fill(network, 1000 * number + offset)
        db.commit()
        payloads = [
            job.payload for job in db.session.scalars(sa.select(outbox.Job).where(outbox.Job.kind == search.JOB))
        ]
        db.pause()
        with counted() as asked:
            keeping.index_changed(payloads)
        db.rollback()
        db.session.execute(sa.delete(outbox.Job))
        db.commit()
        return len(asked)

    assert feed(1) == feed(8)
