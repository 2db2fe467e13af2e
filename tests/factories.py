"""A small network for tests, made with the portal's own actions. All people and addresses are invented."""

from __future__ import annotations

import io
import itertools
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from portal import db, files, search, worker
from portal.activities import actions as activities
from portal.activities import sector_actions as sectors
from portal.activities.actions import ActivityPlan
from portal.activities.models import Activity, ActivityKind, Sector
from portal.counties.plans import actions as plans
from portal.counties.plans import state_actions
from portal.counties.plans.templates import SectionPlan
from portal.counties.rounds import actions as rounds
from portal.counties.rounds import report_actions
from portal.counties.rounds.actions import QuestionPlan, RoundPlan
from portal.counties.rounds.models import QuestionKind
from portal.counties.rounds.report_actions import Said
from portal.discussions import actions as discussions
from portal.discussions.models import Post, PostKind, Thread, ThreadKind
from portal.discussions.moderation import actions as moderation
from portal.discussions.moderation.models import ReportReason
from portal.discussions.removal import actions as removal
from portal.library.attaching.models import Attachment
from portal.library.collections import actions as collections
from portal.library.collections.actions import CollectionPlan
from portal.library.collections.models import Collection
from portal.library.intake import actions as intake
from portal.library.models import FileState, Resource, ResourceKind, ResourcePage, ResourceShare, ResourceVersion
from portal.library.public import actions as public
from portal.library.public.models import PublicLink
from portal.meetings import actions as meetings
from portal.meetings.actions import Guest, Plan
from portal.meetings.agenda import actions as agenda
from portal.meetings.agenda import proposal_actions as proposals
from portal.meetings.agenda.actions import ItemPlan
from portal.meetings.agenda.models import ItemPaper
from portal.meetings.calls import actions as calls
from portal.meetings.calls import tokens
from portal.meetings.followup import actions as followup
from portal.meetings.minutes import actions as minutes
from portal.meetings.minutes import adjusting_actions as adjusting
from portal.meetings.minutes import remark_actions as remarks
from portal.meetings.minutes.models import Minutes
from portal.meetings.models import Meeting
from portal.meetings.participants import actions as participants
from portal.meetings.polls import actions as polls
from portal.meetings.polls.actions import Asked, Question
from portal.meetings.polls.tokens import guest_token
from portal.meetings.series import actions as series
from portal.meetings.series.actions import SeriesPlan, StandingPlan
from portal.notifications.models import Notice
from portal.notifications.push import actions as push
from portal.notifications.tokens import unsubscribe_token
from portal.people import actions
from portal.people.models import (
    Group,
    HandlingClass,
    Organisation,
    OrganisationKind,
    Person,
    PersonStatus,
    Role,
)
from portal.people.policy import role_in
from portal.search.synonyms import Synonyms
from portal.searches import actions as searches
from portal.searches.actions import Wish
from portal.searches.models import Place
from portal.searches.synonym_actions import add_synonyms
from portal.support.actions import add_contact
from portal.times import today
from portal.topics.keeping import fold
from portal.topics.models import Topic
from portal.trainings import actions as trainings
from portal.trainings import nominating
from portal.trainings.actions import CohortPlan, OccasionPlan, TrainingPlan
from portal.trainings.models import Authority, Cohort, Nomination, OccasionKind
from portal.trainings.nominating import Candidate

_number = itertools.count(1)


def organisation(
    slug: str, *, kind: OrganisationKind = OrganisationKind.AUTHORITY, is_coordinator: bool = False
) -> Organisation:
    return actions.add_organisation(
        slug, slug.title(), short_name=slug.title(), mark=slug[:2].upper(), kind=kind, domains=[f"{slug}.example"],
        is_coordinator=is_coordinator, by=None,
    )  # fmt: skip


def person(
    of: Organisation, name: str = "", *, status: PersonStatus = PersonStatus.ACTIVE, is_admin: bool = False
) -> Person:
    number = next(_number)
    return actions.add_person(
        of,
        name or f"Person {number}",
        f"person{number}@{of.slug}.example",
        by=None,
        status=status,
        is_organisation_admin=is_admin,
    )


def plain_render(post: Post) -> dict[str, str]:
    """A fragment for tests that look at the data and not at the page."""
    return {"sv": f"<article>{post.body}</article>"}


def thread(group: Group, by: Person, title: str = "En tråd", body: str = "Första inlägget") -> Thread:
    return discussions.start_thread(
        group,
        title=title,
        body=body,
        kind=ThreadKind.DISCUSSION,
        client_id=str(uuid.uuid4()),
        by=by,
        render=plain_render,
    )


def post(in_thread: Thread, by: Person, body: str = "Ett inlägg") -> Post:
    return discussions.add_post(
        in_thread, body=body, kind=PostKind.REPLY, client_id=str(uuid.uuid4()), by=by, render=plain_render
    )


def many_posts(thread_id: int, by: Person, number: int) -> None:
    """Posts at the end of a thread, written all at once: only for tests of how long threads are shown."""
    in_thread = db.session.get_one(Thread, thread_id)
    first, at = in_thread.last_seq + 1, db.now()
    rows = [
        {"thread_id": thread_id, "seq": seq, "change_seq": seq, "kind": PostKind.REPLY, "author_id": by.id, "created_at": at,
         "organisation_id": by.organisation_id, "client_id": str(uuid.uuid4()), "body": f"Inlägg {seq}", "revision": 1}
        for seq in range(first, first + number)
    ]  # fmt: skip
    db.session.execute(sa.insert(Post), rows)
    in_thread.last_seq, in_thread.post_count, in_thread.last_post_at = (
        first + number - 1,
        in_thread.post_count + number,
        at,
    )
    db.session.flush()


def resource(
    group: Group, by: Person, title: str = "Material", text: str = "innehall", file_name: str = "a.txt"
) -> Resource:
    """A text file that has been read and let in."""
    made = Resource(
        group=group, title=title, kind=ResourceKind.MANUAL, created_by=by, organisation_id=by.organisation_id,
        state=FileState.READY,
    )  # fmt: skip
    stored = files.store(io.BytesIO(text.encode()), limit=100_000)
    version = ResourceVersion(
        resource=made, sha256=stored.sha256, size=stored.size, file_name=file_name, media_type="text/plain", page_count=1, state=FileState.READY,
        added_by=by, pages=[ResourcePage(number=1, text=text)], thumbnail_sha256=files.store(io.BytesIO(b"RIFF" + text.encode()), limit=100_100).sha256,
    )  # fmt: skip
    db.session.add_all([made, version])
    db.session.flush()
    return made


def collection(
    group: Group, by: Person, title: str = "Samling", *, text: str = "", of: tuple[Resource, ...] = ()
) -> Collection:
    """A collection with a heading and materials under it."""
    made = collections.make_collection(group, CollectionPlan(title, f"Till för {text}".strip()), by=by)
    db.session.flush()
    collections.add_heading(made, text=f"Kapitel {text}".strip(), by=by)
    for material in of:
        collections.add_material(made, material, text=f"En rad {text}".strip(), by=by)
    db.session.flush()
    return made


def sector(name: str = "Taxi") -> Sector:
    """One of the list; put there when it is first asked for."""
    found = db.session.scalars(sa.select(Sector).where(Sector.folded == fold(name))).first()
    return found or sectors.add_sector(name, by=None)


def activity(
    group: Group, by: Person, title: str = "Aktivitet", *, text: str = "", codes: tuple[str, ...] = ("T",), sector_of: str = "Taxi",
    days: int = 0, lasts: int = 5, kind: ActivityKind = ActivityKind.CAMPAIGN,
) -> Activity:  # fmt: skip
    """An activity that begins so many days from today."""
    first = today() + timedelta(days=days)
    plan = ActivityPlan(
        kind, title, first, first + timedelta(days=lasts - 1), text=text, codes=codes, sectors=[sector(sector_of)] if sector_of else [],
        contacts=[by],
    )  # fmt: skip
    made = activities.make_activity(group, plan, by=by)
    db.session.flush()
    return made


def meeting(group: Group, by: Person, title: str = "Möte", *, text: str = "", items: int = 1, days: int = 7) -> Meeting:
    """A meeting that has been called, with an agenda."""
    starts = db.now() + timedelta(days=days)
    plan = Plan(title, starts, starts + timedelta(hours=1), place=text, practical=text)
    made = meetings.plan_meeting(group, plan, by=by)
    for number in range(1, items + 1):
        agenda.add_item(
            made, ItemPlan(f"Punkt {number} {text}".strip(), minutes_allotted=10, owner=by, description=text), by=by
        )
    meetings.call_meeting(made, by=by)
    db.session.flush()
    return made


def held_meeting(group: Group, by: Person, title: str = "Möte", *, text: str = "", items: int = 1) -> Meeting:
    """A meeting that was yesterday, with notes and a decision: its minutes can be circulated."""
    made = meeting(group, by, title, text=text, items=items, days=2)
    db.session.refresh(made)
    made.starts_at = db.now() - timedelta(days=1)
    made.ends_at = made.starts_at + timedelta(hours=1)
    for item in made.items:
        minutes.save_note(item, text=f"Anteckning {text}", based_on=0, by=by)
    followup.add_decision(made.items[0], text=f"Beslut {text}", client_id=str(uuid.uuid4()), by=by)
    db.session.flush()
    return made


def circulated(of: Meeting, by: Person, adjusters: list[Person], *, text: str = "") -> Minutes:
    """The minutes of a held meeting, with a remark."""
    made = minutes.circulate(
        of, adjusters=adjusters, adjust_by=db.now() + timedelta(days=14), render=plain_render, by=by
    )
    remarks.add_remark(made, of.items[0], text=f"Anmärkning {text}", client_id=str(uuid.uuid4()), by=adjusters[0])
    db.session.flush()
    db.session.refresh(made)
    return made


def minuted(network: Network, group: Group, word: str) -> dict[str, object]:
    """Circulated minutes, sealed ones with an addendum, and an action: what stands in their addresses."""
    by = network.secretary
    adjusters = [person for person in (network.member, network.convener) if role_in(person, group) is not None]
    held = held_meeting(group, network.convener, f"Hållet {word}".strip(), text=word)
    made = circulated(held, by, adjusters, text=word)
    done = circulated(
        held_meeting(group, network.convener, f"Låst {word}".strip(), text=word), by, adjusters, text=word
    )
    for adjuster in done.adjusters:
        adjusting.approve(adjuster, edition=1, by=adjuster.person)
    addendum = adjusting.add_addendum(done, text=f"Tillägg {word}", item=None, adjusters=adjusters[:1], by=by)
    task = followup.Task(f"Åtgärd {word}", network.ngo, network.member)
    action = followup.add_action(group, task, client_id=str(uuid.uuid4()), by=network.convener)
    db.session.flush()
    return {
        "held_id": held.id, "held_item_id": held.items[0].id, "sealed_id": done.meeting_id, "addendum_id": addendum.id,
        "adjuster_id": made.adjusters[0].id, "remark_id": made.remarks[0].id, "action_id": action.id,
    }  # fmt: skip


def public_material(network: Network) -> PublicLink:
    """The address of the one open material that anybody may read; made when it is first asked for."""
    there = db.session.scalars(sa.select(PublicLink).limit(1)).first()
    if there is not None:
        return there
    return public.make_link(resource(network.open, network.convener, "Öppet material", "öppet"), by=network.convener)


def moderated(network: Network, group: Group, about: Post, word: str) -> None:
    """A report of a post, and an act of a leader, with the word in what only leaders see."""
    moderation.report_post(about, reason=ReportReason.OTHER, words=f"Något är fel {word}", by=network.secretary)
    moderation.set_group_pace(group, 0, reason=f"Det är lugnt {word}", by=network.convener)


def reports(network: Network, group: Group, word: str) -> dict[str, object]:
    """A round that the county board has answered, with a question of its own."""
    by, team = network.convener, network.secretary
    team.organisation.county_code = "T"
    core = rounds.add_core_question(group, QuestionPlan(f"Behov {word}".strip(), QuestionKind.SCALE, help=word), by=by)
    soon = today() + timedelta(days=7)
    plan = RoundPlan(f"Omgång {word}".strip(), soon, soon, text=word, core=[core.id])
    made = rounds.prepare_round(group, plan, by=by)
    db.session.flush()
    asked = rounds.add_to_round(made, QuestionPlan(f"Läget {word}".strip(), QuestionKind.TEXT), by=by)
    rounds.open_round(made, by=by)
    report = report_actions.begin_report(made, "T", by=team)
    db.session.flush()
    report_actions.save_answers(report, {core.id: Said(f"Anmärkning {word}", 3)}, by=team)
    report_actions.submit_report(report, by=team)
    return {"round_id": made.id, "question_id": core.id, "asked_id": asked.id, "code": "T"}


def cooperation(network: Network, group: Group, word: str) -> dict[str, object]:
    """A template, and a plan of Örebro that was adopted and is a draft again, with a section that was written twice."""
    by, team = network.convener, network.secretary
    team.organisation.county_code = "T"
    sections = [SectionPlan(f"Mål {word}".strip(), f"Högst fem {word}".strip()), SectionPlan("Uppföljning")]
    plans.publish_template(group, sections, based_on=0, by=by)
    made = plans.make_plan(group, "T", by=team)
    section = made.sections[0]
    for revision in range(2):
        plans.save_section(section, f"Text {revision} {word}", based_on=revision, by=team)
    plans.add_participant(made, network.ngo, by=team)
    state_actions.send_to_review(made, by=team)
    on = {"adopted_on": today(), "revise_by": today() + timedelta(days=365)}
    state_actions.adopt_plan(made, based_on=made.revision, by=team, **on)
    state_actions.begin_new_draft(made, by=team)
    db.session.flush()
    return {"plan_id": made.id, "section_id": section.id}


def cohort(network: Network, group: Group, word: str = "", *, places: int = 2, nominees: int = 1) -> Cohort:
    """A training with a cohort that is open for nominations, an occasion yesterday and nominations of the county board."""
    network.secretary.organisation.county_code = "T"
    plan = TrainingPlan(f"Utbildning {word}".strip(), f"Innehåll {word}", [Authority.POLICE], network.group)
    training = trainings.make_training(group, plan, by=network.convener)
    made = trainings.add_cohort(
        training, CohortPlan(f"Omgång {word}".strip(), places, today() + timedelta(days=7)), by=network.convener
    )
    begun = db.now() - timedelta(days=1)
    trainings.add_occasion(
        made,
        OccasionPlan(OccasionKind.THEORY, f"Teori {word}".strip(), begun, begun + timedelta(hours=2)),
        by=network.convener,
    )
    for number in range(nominees):
        who = Candidate(
            f"Utan Konto {number} {word}".strip(), f"nr{number}@polisen.example", Authority.POLICE, "Polisen"
        )
        nominating.nominate(made, who, "T", by=network.secretary)
    db.session.flush()
    return made


def trained(network: Network, group: Group, word: str) -> dict[str, object]:
    """A cohort open for nominations, and what stands in addresses of it."""
    made = cohort(network, group, word)
    nomination = db.session.scalars(sa.select(Nomination).where(Nomination.cohort_id == made.id)).one()
    return {
        "training_id": made.training_id, "cohort_id": made.id, "occasion_id": made.occasions[0].id, "nomination_id": nomination.id,
    }  # fmt: skip


def things(network: Network, group: Group, *, word: str = "") -> dict[str, object]:
    """One of each thing in a group, the word in every text: what stands in addresses."""
    by = network.convener
    in_thread = thread(group, by, f"En tråd {word}".strip(), f"Första inlägget {word}")
    reply = post(in_thread, network.member, f"Ett inlägg {word}")
    moderated(network, group, reply, word)
    pending = person(network.authority, f"Ny Ansökt {word}".strip(), status=PersonStatus.PENDING)
    material = resource(group, by, f"Material {word}".strip(), f"innehall {word}", f"a{word}.txt")
    gathered = collection(group, by, f"Samling {word}".strip(), text=word, of=(material,))
    planned = activity(group, by, f"Aktivitet {word}".strip(), text=f"Att göra {word}".strip())
    activities.add_material(planned, material, by=by)
    if role_in(network.secretary, group) is not None:
        activities.join_activity(planned, by=network.secretary)
    hidden = post(in_thread, network.member, f"Ett dolt inlägg {word}")
    removal.hide_post(hidden, reason=f"Ett skäl {word}".strip(), by=by, render=plain_render)
    db.session.add(Attachment(post_id=reply.id, resource_id=material.id))
    link = public_material(network)
    # the list is for all; a word of one's own is not
    topic = Topic(name=f"Ämne {material.id}", folded=f"ämne {material.id}", is_controlled=True)
    own = Topic(name=f"Eget {material.id} {word}".strip(), folded=f"eget {material.id} {word}".strip())
    material.topics.extend([topic, own])
    material.description, material.responsible = f"Beskrivning {word}".strip(), by
    other = actions.add_group(
        f"gomda-{material.id}", f"Gömda {word}".strip(), description="", handling_class=HandlingClass.SENSITIVE, by=None
    )
    share = ResourceShare(resource=material, group=other, shared_by_id=by.id)
    db.session.add(share)
    called = meeting(group, by, f"Möte {word}".strip(), text=word)
    db.session.refresh(called)
    mine = next(one for one in called.invitations if one.person_id == network.convener.id)
    feed, feed_token = calls.make_feed("Telefonen", group=None, by=by)
    decision = followup.add_decision(called.items[0], text=f"Beslut {word}", client_id=str(uuid.uuid4()), by=by)
    agenda.add_paper(called.items[0], material, by=by)
    paper = db.session.scalars(sa.select(ItemPaper).where(ItemPaper.item_id == called.items[0].id)).one()
    proposal = proposals.propose_item(group, ItemPlan(f"Förslag {word}".strip(), description=word), by=by)
    db.session.flush()
    started = series.start_series(group, SeriesPlan(f"Serie {word}".strip(), 4, place=word, practical=word), by=by)
    standing = series.add_standing_item(started, StandingPlan(f"Stående {word}".strip()), by=by)
    seat = participants.add_seat(group, network.authority, by=by)
    participants.fill_seat(seat, group, ordinary=by, substitute=None, takes_in=False, by=by)
    guest = meetings.invite_guest(called, Guest("Gäst Utifrån", "gast@utanfor.example"), by=by)
    times = [(called.starts_at + timedelta(days=n), called.ends_at + timedelta(days=n)) for n in (0, 1)]
    asked = Asked([by, network.member, network.observer], [Guest("Gäst Utifrån", "gast@utanfor.example")])
    poll = polls.open_poll(
        group, Question(f"Fråga {word}".strip(), called.starts_at - timedelta(days=1), times, text=word), asked, by=by
    )
    db.session.flush()
    saved, _is_new = searches.save_search(Wish(Place.EVERYWHERE, text="innehall"), name="Mitt", by=network.member)
    atom, atom_token = searches.make_feed("Läsaren", search=None, by=network.member)
    synonyms = db.session.scalars(sa.select(Synonyms)).first() or add_synonyms("NMT, metodstödsteam", by=network.admin)
    contact = add_contact("Stöd", note="", phone="", by=None)
    sent = intake.start_upload(file_name=f"{word or 'fil'}.txt", size=10, limit=100, by=by)
    worker.sign("test")
    db.session.flush()
    told = Notice(
        person=by, group=group, kind="meeting_called", path="/",
        details={"title": f"Kallelse {word}".strip(), "starts_at": "2031-05-05T08:30:00+00:00"},
    )  # fmt: skip
    db.session.add(told)
    device = push.add_device(
        by, push.Subscription(f"http://127.0.0.1:1/{uuid.uuid4()}", "x", "x"), name="Telefonen", by=by
    )
    push.choose(by, {f"group-{group.id}": False}, by=by)  # nobody listens there
    db.session.flush()
    ids = {
        "device_id": device.id, "notice_id": told.id, "organisation_id": network.ngo.id, "slug": group.slug, "thread_id": in_thread.id, "post_id": reply.id, "person_id": pending.id,
        "resource_id": material.id, "meeting_id": called.id, "item_id": called.items[0].id, "contact_id": contact.id,
        "unsubscribe_token": unsubscribe_token(by, f"group-{group.id}"),
        "answer_token": tokens.answer_token(mine), "feed_token": feed_token, "feed_id": feed.id,
        "decision_id": decision.id, "paper_id": paper.id, "proposal_id": proposal.id, "request_id": 999_999,
        "series_id": started.id, "standing_id": standing.id, "seat_id": seat.id, "invitation_id": guest.id,
        "poll_id": poll.id, "option_id": poll.options[0].id, "guest_token": guest_token(poll.invitees[-1]),
        "activity_id": planned.id, "sector_id": planned.sectors[0].id, "collection_id": gathered.id, "row_id": gathered.items[-1].id, "public_token": link.token, "link_id": link.id, "form": "ttl",
        "search_id": saved.id, "atom_id": atom.id, "atom_token": atom_token, "synonyms_id": synonyms.id,
        "provider_id": 999_999, "token": sent.token, "number": 1, "filename": "missing.css", "share_id": share.id, "topic_id": topic.id,
        **minuted(network, group, word), **reports(network, group, word), **cooperation(network, group, word),
        **trained(network, group, word),
    }  # fmt: skip
    db.commit()
    search.mend()
    return ids


class Network:
    """Two authorities and an NGO; a network group with all, a sensitive group without the NGO, and an open group."""

    authority: Organisation
    county: Organisation
    ngo: Organisation
    convener: Person
    secretary: Person
    member: Person
    observer: Person
    outsider: Person
    admin: Person
    group: Group
    closed: Group
    open: Group

    def make(self) -> None:
        """Make it with the portal's actions."""
        self.authority = organisation("myndigheten", is_coordinator=True)
        self.county = organisation("lansstyrelsen", kind=OrganisationKind.COUNTY_BOARD)
        self.ngo = organisation("foreningen", kind=OrganisationKind.NGO)
        self.convener = person(self.authority, "Sam Mankallande")
        self.secretary = person(self.county, "Sek Reterare")
        self.member = person(self.ngo, "Med Lem")
        self.observer = person(self.county, "Obs Ervatör")
        self.outsider = person(self.ngo, "Ute Stående")
        self.admin = person(self.authority, "Ad Ministratör", is_admin=True)
        self.group = actions.add_group(
            "natverket", "Nätverket", description="", handling_class=HandlingClass.NETWORK, by=None
        )
        self.closed = actions.add_group(
            "slutna", "Slutna gruppen", description="", handling_class=HandlingClass.SENSITIVE, by=None
        )
        self.open = actions.add_group(
            "oppna", "Öppna gruppen", description="", handling_class=HandlingClass.OPEN, by=None
        )
        for group in (self.group, self.closed):
            actions.add_member(group, self.convener, role=Role.CONVENER, by=None)
            actions.add_member(group, self.secretary, role=Role.SECRETARY, by=None)
        actions.add_member(self.group, self.member, by=None)
        actions.add_member(self.group, self.observer, role=Role.OBSERVER, by=None)
        actions.add_member(self.open, self.convener, role=Role.CONVENER, by=None)

    def keep(self) -> Kept:
        """All that is stored now, for other tests to put back."""
        tables = db.Base.metadata.sorted_tables
        rows = {table: [dict(row) for row in db.session.execute(sa.select(table)).mappings()] for table in tables}
        ids = {name: (type(thing), thing.id) for name, thing in vars(self).items()}
        return Kept({table: found for table, found in rows.items() if found}, ids)

    def put_back(self, kept: Kept) -> None:
        """Store again what was kept: several times faster than making it. Things are loaded when they are asked for."""
        for table, rows in kept.rows.items():
            db.session.execute(sa.insert(table), rows)
        self._ids = kept.ids

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._ids:
            raise AttributeError(name)
        model, number = self._ids[name]
        thing = db.session.get_one(model, number)
        setattr(self, name, thing)
        return thing


@dataclass(frozen=True)
class Kept:
    """A network as rows, and where its people and groups are among them."""

    rows: dict[sa.Table, list[dict[str, Any]]]
    ids: dict[str, tuple[type[Any], int]]
