"""The demo network, loaded once for all tests of this file and each database."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from demo import load as loading
from demo import providers
from demo.cli import demo
from portal import audit, db, files, guard
from portal.auth.models import Account, IdentityProvider
from portal.discussions.models import Post, PostVersion, Thread, ThreadKind
from portal.discussions.policy import unread_by_thread, visible_threads
from portal.library.collections.models import Collection
from portal.library.models import FileState, Resource, ResourcePage, ResourceVersion
from portal.library.policy import visible_resources
from portal.library.public.models import PublicLink
from portal.meetings.followup.models import ActionItem, ActionState, Decision
from portal.meetings.minutes.models import Minutes, MinutesState
from portal.meetings.minutes.policy import awaiting
from portal.meetings.models import AgendaItem, Answer, Meeting, MeetingState, MinutesNote
from portal.meetings.policy import unanswered_invitations, visible_meetings
from portal.meetings.polls.policy import lacks_answer, poll_for
from portal.people.models import (
    Group,
    HandlingClass,
    Membership,
    Organisation,
    OrganisationKind,
    Person,
    PersonStatus,
    Role,
)
from portal.people.policy import own_groups
from portal.support.policy import support_line
from portal.web import Edge
from tests.conftest import Sign, empty_tables

NOW = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def app(one_app: Edge) -> Iterator[Edge]:
    """The app with the demo in it, in place of the one with an empty database."""
    with one_app.app_context():
        assert loading.load(NOW)
        loading.prepare_providers(8001)
    yield one_app
    with one_app.app_context():
        db.reads_only(False)
        empty_tables()
        db.commit()
        for folder in ("files", "index", "idp"):
            shutil.rmtree(one_app.config["SETTINGS"].data_dir / folder, ignore_errors=True)
        one_app.extensions["search_engine"].close()


@pytest.fixture(autouse=True)
def _context(app: Edge) -> Iterator[None]:
    with app.app_context():
        yield


def person(name: str) -> Person:
    return db.session.scalars(sa.select(Person).where(Person.name == name)).one()


def count(query: sa.Select[int]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0


def test_the_library_is_gathered_and_some_of_it_is_open_to_anybody(app: Edge) -> None:
    found = {one.title: one for one in db.session.scalars(sa.select(Collection))}
    assert len(found) == 3
    assert all(sum(not item.is_heading for item in one.items) >= 4 for one in found.values())
    tokens = {link.collection_id: link.token for link in db.session.scalars(sa.select(PublicLink))}
    campaign = found["Kampanjen: taxi, hotell och restaurang"]
    page = app.test_client().get(f"/public/{tokens[campaign.id]}").text
    assert "Pressmeddelande" in page
    assert "Hotellfolder" not in page, "it belongs to the network"
    assert "Pressmeddelande" in app.test_client().get("/public/catalogue.jsonld").text


def test_somebody_who_is_named_at_the_start_sees_a_public_address(app: Edge) -> None:
    named = [line.split()[0] for line in loading.recommended()]
    makers = db.session.scalars(sa.select(Person.email).join(PublicLink, PublicLink.made_by_id == Person.id)).all()
    assert set(makers) & set(named)


def test_there_is_as_much_as_was_promised() -> None:
    made = loading.summary()
    assert made.materials == 30
    assert made.threads == 60
    assert 570 <= made.posts <= 640
    assert 40 <= made.people <= 50
    kinds = Counter(db.session.scalars(sa.select(Organisation.kind)))
    assert kinds[OrganisationKind.COUNTY_BOARD] == 21
    assert set(kinds) == set(OrganisationKind)
    classes = {group.slug: group.handling_class for group in db.session.scalars(sa.select(Group))}
    assert classes == {
        "lamp": HandlingClass.SENSITIVE,
        "nmt": HandlingClass.SENSITIVE,
        "informationsnatverket": HandlingClass.NETWORK,
        "spetsgruppen": HandlingClass.NETWORK,
        "kampanjveckan-i-mars": HandlingClass.OPEN,
    }
    assert set(db.session.scalars(sa.select(Thread.kind))) == set(ThreadKind)
    boards = sa.select(Person.organisation_id).join(Membership).join(Group).where(Group.slug == "lamp")
    kind = Organisation.kind == OrganisationKind.COUNTY_BOARD
    assert count(sa.select(Organisation.id).where(Organisation.id.in_(boards), kind)) == 21


def test_a_second_load_changes_nothing() -> None:
    before, last = loading.summary(), db.session.scalar(sa.select(sa.func.max(audit.AuditEntry.id)))
    assert loading.is_loaded()
    assert not loading.load(NOW + timedelta(days=40))
    assert loading.summary() == before
    assert db.session.scalar(sa.select(sa.func.max(audit.AuditEntry.id))) == last


def test_a_load_that_was_cut_off_goes_on() -> None:
    whole = loading.summary()
    resource = db.session.scalars(sa.select(Resource).order_by(Resource.id.desc())).first()
    assert resource is not None
    title, sha256 = resource.title, resource.current.sha256
    for page in resource.current.pages:
        db.session.delete(page)
    db.session.flush()
    db.session.delete(resource.current)
    db.session.flush()
    db.session.delete(resource)
    db.session.execute(sa.delete(audit.AuditEntry).where(audit.AuditEntry.action == loading.DONE))
    db.commit()
    assert loading.load(NOW + timedelta(days=3))
    assert loading.summary() == whole
    again = db.session.scalars(sa.select(Resource).where(Resource.title == title)).one()
    assert again.current.sha256 == sha256  # as of the day on which it began


def test_no_text_holds_personal_data() -> None:
    queries: list[sa.Select[str]] = [
        sa.select(Post.body), sa.select(PostVersion.body), sa.select(Thread.title), sa.select(MinutesNote.text),
        sa.select(Decision.text), sa.select(AgendaItem.title), sa.select(AgendaItem.description),
        sa.select(Meeting.practical), sa.select(Meeting.place),
    ]  # fmt: skip
    texts = [text for query in queries for text in db.session.scalars(query)]
    assert [find for text in texts for find in guard.scan(text)] == []
    pages = db.session.scalars(sa.select(ResourcePage.text)).all()
    finds = [find for text in pages for find in guard.scan(text)]
    assert not [find for find in finds if find.verdict is guard.Verdict.BLOCK]
    assert finds  # one list of invented work addresses shows how they are listed


def test_nobody_says_the_same_thing_all_the_time() -> None:
    bodies = db.session.scalars(sa.select(Post.body)).all()
    sentences = Counter(
        s for body in bodies for s in re.split(r"(?<=[.!?])\s+|\n", body) if len(re.findall(r"\w+", s)) > 1
    )
    assert [sentence for sentence, times in sentences.items() if times > 3] == []


def test_every_file_was_read_by_the_portal_itself() -> None:
    versions = db.session.scalars(sa.select(ResourceVersion)).all()
    assert Counter(version.file_name.rpartition(".")[2] for version in versions).keys() == {
        "pdf", "docx", "pptx", "xlsx", "odt", "txt", "md", "html",
    }  # fmt: skip
    for version in versions:
        assert version.resource.state is FileState.READY
        assert version.page_count == len(version.pages) >= 1
        assert version.resource.title.casefold() in " ".join(version.pages[0].text.split()).casefold()
        assert files.path_of(version.sha256).stat().st_size == version.size
        assert "Demo" in version.pages[0].text


def test_times_rise_and_nothing_lies_ahead() -> None:
    for thread in db.session.scalars(sa.select(Thread)):
        posts = db.session.scalars(sa.select(Post).where(Post.thread_id == thread.id).order_by(Post.seq)).all()
        times = [post.created_at for post in posts]
        assert times == sorted(set(times))
        assert (times[0], times[-1]) == (thread.created_at, thread.last_post_at)
        assert times[-1] <= NOW
        assert thread.post_count == len(posts)
    first, last = db.session.execute(sa.select(sa.func.min(Post.created_at), sa.func.max(Post.created_at))).one()
    assert last - first > timedelta(days=650)
    assert NOW - last < timedelta(days=1)


def test_changed_posts_keep_what_they_said() -> None:
    changed = db.session.scalars(sa.select(Post).where(Post.revision > 1)).all()
    assert len(changed) >= 5
    for post in changed:
        version = db.session.scalars(sa.select(PostVersion).where(PostVersion.post_id == post.id)).one()
        assert version.body != post.body
        assert version.written_at == post.created_at < (post.edited_at or post.created_at) <= NOW


def test_the_rfsl_member_sees_her_groups_only(sign_in: Sign, built_front_end: object) -> None:
    sofia = person("Sofia Brännmark")
    assert {group.slug for group in db.session.scalars(own_groups(sofia))} == {
        "informationsnatverket",
        "kampanjveckan-i-mars",
    }
    for seen in (visible_threads(sofia), visible_resources(sofia), visible_meetings(sofia)):
        slugs = {thing.group.slug for thing in db.session.scalars(seen).unique()}
        assert slugs == {"informationsnatverket", "kampanjveckan-i-mars"}
    client = sign_in(sofia)
    assert "LAMP-möte" not in client.get("/").text
    assert client.get("/groups/lamp").status_code == 404
    assert client.get("/groups/informationsnatverket").status_code == 200


@pytest.mark.parametrize("name", ["Sofia Brännmark", "Mirjam Sandelin", "Tor Lindäng", "Åsa Öström"])
def test_there_is_something_new_but_not_too_much(name: str) -> None:
    assert 4 <= sum(unread_by_thread(person(name)).values()) <= 15


def test_the_meetings_of_lamp() -> None:
    query = sa.select(Meeting).join(Group, Meeting.group_id == Group.id).where(Group.slug == "lamp")
    past, coming, planned = db.session.scalars(query.order_by(Meeting.starts_at)).unique().all()
    assert [meeting.title for meeting in (past, coming, planned)] == [
        "LAMP-möte 2/2026",
        "LAMP-möte 3/2026",
        "LAMP-möte 1/2027",
    ]
    assert past.ends_at < NOW - timedelta(days=60)
    items = [item for item in past.items if item.kind != "break"]
    assert len(items) == 7
    assert all(item.note is not None and item.note.text for item in items)
    assert (
        len(
            {decision.item_id for decision in db.session.scalars(sa.select(Decision)) if decision.meeting_id == past.id}
        )
        >= 5
    )
    assert all(invitation.answer for invitation in past.invitations if invitation.name != "Hedda Norell")
    assert timedelta(days=8) <= coming.starts_at - NOW <= timedelta(days=11)
    assert [item.kind.value for item in coming.items].count("break") == 2
    assert len(coming.items) == 9
    assert coming.minutes_planned == (coming.ends_at - coming.starts_at).total_seconds() / 60 == 360
    answers = Counter(invitation.answer for invitation in coming.invitations)
    assert answers[Answer.ON_SITE] > answers[Answer.ONLINE] > answers[Answer.DECLINED] > 0
    assert answers.total() > 20
    assert planned.state is MeetingState.PLANNING
    assert planned.starts_at - NOW > timedelta(days=110)
    poll = poll_for(planned)
    assert poll is not None, "its time is sought: the click makes no second meeting"
    assert not any(lacks_answer(invitee) for invitee in poll.invitees if invitee.answered_at is not None)
    assert coming in [invitation.meeting for invitation in unanswered_invitations(person("Åsa Öström"))]
    assert unanswered_invitations(person("Sofia Brännmark"))


def test_minutes_are_sealed_and_being_adjusted() -> None:
    by_state = {made.state: made for made in db.session.scalars(sa.select(Minutes))}
    assert set(by_state) == {MinutesState.SEALED, MinutesState.ADJUSTING}
    sealed = by_state[MinutesState.SEALED]
    assert [edition.number for edition in sealed.editions] == [1, 2]
    assert sealed.newest.content["attendance"]["basis"] == "noted"
    assert {remark.state.value for remark in sealed.remarks} == {"done", "rejected"}
    assert sealed.sealed_at is not None
    assert sealed.meeting.ends_at < sealed.sealed_at < NOW
    (waiting,) = awaiting(person("Åsa Öström"))
    assert waiting.minutes is by_state[MinutesState.ADJUSTING]
    actions = db.session.scalars(sa.select(ActionItem)).all()
    overdue = [one for one in actions if one.state is ActionState.OPEN and one.due_on and one.due_on < NOW.date()]
    assert len(overdue) == 1
    assert {one.state for one in actions} == {ActionState.OPEN, ActionState.DONE}


def test_everybody_can_sign_in_and_every_organisation_has_an_administrator() -> None:
    accounts = {account.person_id: account for account in db.session.scalars(sa.select(Account))}
    people = db.session.scalars(sa.select(Person)).unique().all()
    for one in people:
        assert accounts[one.id].provider.organisation_id == one.organisation_id
        assert one.email.endswith(".example")
    of_active = {one.organisation_id for one in people}
    assert {one.organisation_id for one in people if one.is_organisation_admin} == of_active
    assert [one.name for one in people if one.status is PersonStatus.PENDING] == ["Vidar Hallqvist"]
    roles = dict(
        db.session.execute(
            sa.select(Membership.role, Person.name).join(Person).join(Group).where(
                Group.slug == "lamp", Membership.role.in_([Role.CONVENER, Role.SECRETARY])
            )
        ).all()
    )  # fmt: skip
    assert roles == {Role.CONVENER: "Mirjam Sandelin", Role.SECRETARY: "Tor Lindäng"}
    line = support_line()
    assert line is not None
    assert line.phone == "020-390 000"


def test_providers_follow_the_ports() -> None:
    def state() -> list[tuple[int, str, int]]:
        rows = db.session.execute(
            sa.select(IdentityProvider.id, IdentityProvider.issuer, IdentityProvider.version).order_by(
                IdentityProvider.id
            )
        )
        return [(number, issuer, version) for number, issuer, version in rows]

    loading.prepare_providers(8001)
    before, text = state(), providers.config_path().read_text(encoding="utf-8")
    assert providers.config_path().stat().st_mode & 0o077 == 0
    loading.prepare_providers(8001)
    assert (state(), providers.config_path().read_text(encoding="utf-8")) == (before, text)
    config = json.loads(text)
    assert config["port"] == 8001
    number, issuer, _version = before[0]
    assert issuer == f"http://127.0.0.1:8001/{config['organisations'][0]['slug']}"
    assert config["organisations"][0]["redirect_uris"] == [f"https://portal.test/sign-in/{number}/callback"]
    assert len({entry["client_secret"] for entry in config["organisations"]}) == len(before)
    loading.prepare_providers(8123)
    moved = state()
    assert [(row[0], row[2]) for row in moved] == [(number, version + 1) for number, _issuer, version in before]
    assert all(row[1].startswith("http://127.0.0.1:8123/") for row in moved)
    assert json.loads(providers.config_path().read_text(encoding="utf-8"))["port"] == 8123


def test_the_commands_say_what_they_did(app: Edge) -> None:
    runner = app.test_cli_runner()
    again = runner.invoke(demo, ["load", "--idp-port", "8001"])
    assert again.exit_code == 0
    assert again.output.startswith("The demo is there already: 46 people, 60 threads")
    assert len(again.output.splitlines()) == 1
    assert runner.invoke(demo, ["prepare", "--idp-port", "8001"]).output == ""
    lines = runner.invoke(demo, ["people"]).output.splitlines()
    assert [line.split()[0].partition("@")[0] for line in lines[:6]] == [
        "sofia.brannmark", "mirjam.sandelin", "tor.lindang", "asa.ostrom", "henrik.ljungvall", "hedda.norell",
    ]  # fmt: skip
    assert len(lines) == 6 + 1 + 46
