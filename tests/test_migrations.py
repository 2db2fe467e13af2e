"""Migrations go up, down and up with data in the tables, on both engines, and end where the models are."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import SecretStr

from config import Settings
from portal import audit, create_app, db
from portal.auth import actions as auth
from portal.auth import attempts, sealing, sessions
from portal.auth.models import BrowserSession
from portal.auth.provider import Attempt
from portal.cli import alembic_config, upgrade_database
from portal.counties.rounds import report_actions
from portal.counties.rounds.models import Round
from portal.counties.rounds.report_actions import Said
from portal.discussions import actions as discussions
from portal.discussions.drafting import actions as drafting
from portal.discussions.following import actions as following
from portal.discussions.following.models import Level
from portal.discussions.models import PinnedUpdate, Post, Reaction, ReactionKind, ThreadCounty, ThreadKind
from portal.discussions.moderation import actions as moderation
from portal.discussions.moderation.models import ReportReason
from portal.discussions.states import actions as states
from portal.library.attaching.models import Attachment
from portal.library.material.models import RelatedResource, ResourceDownload
from portal.library.models import Resource, ResourceShare
from portal.library.public import actions as public
from portal.library.public.models import PublicLink
from portal.meetings.agenda import actions as agenda
from portal.meetings.followup import actions as followup
from portal.meetings.minutes import actions as minutes
from portal.meetings.minutes import adjusting_actions, remark_actions
from portal.meetings.minutes.models import Minutes, Remark
from portal.meetings.mode import actions as mode
from portal.meetings.models import AgendaItem, Answer
from portal.meetings.polls import actions as polls
from portal.meetings.polls.models import PollInvitee, Suits
from portal.notifications import actions as notifications
from portal.notifications.delivery.actions import count_soft
from portal.notifications.habits import Hours
from portal.notifications.models import Channel
from portal.notifications.push import actions as push
from portal.notifications.reminders import claim_once
from portal.search.synonyms import Synonyms
from portal.times import today
from portal.topics.models import Topic
from portal.trainings import actions as trainings
from portal.trainings import nominating
from portal.trainings.models import CohortState, Nomination, NominationState
from portal.web import Edge
from tests import factories
from tests.conftest import BACKENDS, SECRET
from tests.factories import Network


@pytest.fixture(params=BACKENDS)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Edge]:
    """An app on a database without any table."""
    url = f"sqlite:///{tmp_path / 'portal.db'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql_url")
        admin = sa.create_engine(
            f"{server}/postgres".replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
        )
        with admin.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE migrations")
        url = f"{server}/migrations"
    settings = Settings(
        secret_key=SecretStr(SECRET),
        base_url="https://portal.test",
        data_dir=tmp_path,
        database_url=url,
        environment="test",
    )
    app = create_app(settings)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine().dispose()
    if request.param == "postgresql":
        with admin.connect() as connection:
            connection.exec_driver_sql("DROP DATABASE migrations")
        admin.dispose()


def differences() -> list[object]:
    with db.engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[object] = compare_metadata(context, db.Base.metadata)
    return found


def test_migrations_end_where_the_models_are(fresh: Edge) -> None:
    upgrade_database()
    assert differences() == []


def fill() -> None:
    """Something in every table, made with the portal's own actions."""
    network = Network()
    network.make()
    things = factories.things(network, network.group)
    post, item = db.session.get_one(Post, things["post_id"]), db.session.get_one(AgendaItem, things["item_id"])
    discussions.edit_post(post, body="Ändrat", based_on=1, by=network.member, render=factories.plain_render)
    discussions.mark_read(db.session(), person_id=network.member.id, thread_id=post.thread_id, seq=2)
    for based_on in (0, 1):
        minutes.save_note(item, text=f"Text {based_on}", based_on=based_on, by=network.convener)
    decided = followup.add_decision(item, text="Beslut", client_id="1", by=network.convener)
    followup.change_decision(decided, text="Beslutet i andra ord", based_on=1, by=network.convener)
    task = followup.Task("Åtgärd", network.ngo, owner=network.member)
    followup.add_action(network.group, task, client_id="1", meeting=item.meeting, item=item, by=network.convener)
    agenda.change_item(item, agenda.ItemPlan("Ny rubrik"), based_on=1, by=network.convener)
    notifications.choose_channels(network.member, {"meeting_called": Channel.DAILY}, by=network.member)
    notifications.choose_hours(network.member, Hours(8, 4, 18, 7), by=network.member)
    notifications.choose_group_channels(network.member, {network.group.id: Channel.WEEKLY}, by=network.member)
    push.choose(network.member, {"kind-posted": True}, by=network.member)
    count_soft(network.member, code="4.2.2", by=None)
    notifications.notify(
        [network.member], "meeting_called", group=network.group, path="/", by=None, title="x", starts_at="x"
    )
    assert claim_once("påminnelse")
    following.follow_group(network.group, Level.MENTIONS, by=network.member)
    agenda.send_agenda(item.meeting, by=network.convener)
    mode.open_meeting(item.meeting, by=network.convener)
    mode.note_arrival(item.meeting.invitations[0], Answer.ON_SITE, by=network.convener)
    mode.ask_for_floor(item.meeting, by=network.member)
    mode.add_comment(item, body="Ord", client_id="1", by=network.member)
    fill_minutes(network, things)
    found = db.session.get_one(Round, things["round_id"])
    question = found.questions[0].question_id
    report_actions.save_answers(found.reports[0], {question: Said(number=1, based_on=1)}, by=network.secretary)
    nomination = db.session.get_one(Nomination, things["nomination_id"])
    nominating.decide_nomination(nomination, NominationState.ADMITTED, by=network.convener)
    for state in (CohortState.DECIDED, CohortState.RUNNING):
        trainings.move_cohort(nomination.cohort, state, by=network.convener)
    trainings.note_attendance(nomination.cohort.occasions[0], {nomination.id: True}, by=network.convener)
    provider = auth.add_provider(
        network.ngo, issuer="https://idp.example", client_id="x", sealed_secret=sealing.seal("x", key=SECRET), by=None
    )
    db.session.add(Synonyms(words="NMT, Nationella metodstödsteamet", changed_by_id=network.member.id))
    material = db.session.get_one(Resource, things["resource_id"])
    material.topics.append(Topic(name="Stöd", folded="stöd"))
    material.shares.append(ResourceShare(group=network.group, shared_by_id=network.member.id))
    public.note_public_visit(db.session.get_one(PublicLink, things["link_id"]), "visits")
    fill_threads(network)
    other = factories.resource(network.group, network.member, "Ett till", "annat")
    db.session.flush()
    db.session.add(RelatedResource(resource_id=material.id, other_id=other.id))
    db.session.add(ResourceDownload(resource_id=material.id, organisation_id=network.ngo.id, on=today(), number=1))
    auth.add_account(provider, "sub", network.member, by=None)
    browser = BrowserSession(id_hash=sessions.hash_id("x"), person_id=network.member.id, provider_id=provider.id)
    db.session.add(browser)
    db.commit()
    attempt = Attempt(
        provider_id=provider.id, provider_version=1, state="s", nonce="n", verifier="v", started_at=time.time()
    )
    attempts.keep(attempt, session_id=browser.id, next_path="")
    invitee = db.session.scalars(sa.select(PollInvitee).where(PollInvitee.person_id == network.member.id)).one()
    polls.answer_poll(invitee, {invitee.poll.options[0].id: Suits.YES}, by=network.member)
    db.commit()
    db.write_traces()
    tables = {
        table.name: db.session.scalar(sa.select(sa.func.count()).select_from(table))
        for table in db.Base.metadata.sorted_tables
    }
    assert {name for name, rows in tables.items() if not rows} == set()
    assert audit.verify() is None
    db.session.remove()


def fill_threads(network: Network) -> None:
    """A raised problem that somebody supports, about a county and a topic; a thread that was closed; a pinned update."""
    thread = factories.thread(network.group, network.convener, "Ett problem")
    thread.kind, thread.topics = ThreadKind.LIFTED, [Topic(name="Tolkar", folded="tolkar")]
    thread.counties.append(ThreadCounty(code="T"))
    db.session.flush()
    states.support_thread(thread, by=network.member)
    update = factories.post(thread, network.member, f"Hej @{network.convener.name}")
    db.session.add(
        Attachment(post_id=update.id, resource=factories.resource(network.group, network.member, "Bilagan", "bilagan"))
    )
    db.session.add(Reaction(post_id=update.id, person_id=network.member.id, kind=ReactionKind.SEEN))
    drafting.save_draft(thread, "Halvt", by=network.member)
    reported = moderation.report_post(update, reason=ReportReason.OTHER, words="Ord", by=network.secretary)
    moderation.warn_author(reported.post, reason="Ord", by=network.convener)
    moderation.suspend(network.member, network.group, until_on=today(), reason="Ord", by=network.convener)
    moderation.set_group_pace(network.group, 30, reason="Ord", by=network.convener)
    moderation.set_thread_pace(thread, 30, reason="Ord", by=network.convener)
    states.close_thread(thread, by=network.convener, render=factories.plain_render)
    db.session.add(PinnedUpdate(organisation_id=network.ngo.id, post_id=update.id, pinned_by_id=network.member.id))


def fill_minutes(network: Network, things: dict[str, object]) -> None:
    remark_actions.support_remark(db.session.get_one(Remark, things["remark_id"]), by=network.convener)
    made = db.session.scalars(sa.select(Minutes)).first()
    assert made is not None
    adjusting_actions.note_record_number(made, number="2026/1", by=network.member)


BROKEN = {
    "foreign key": "UPDATE person SET organisation_id = 999",
    "unique": "UPDATE \"group\" SET slug = 'natverket'",
    "one coordinator": "UPDATE organisation SET is_coordinator = true",
    "one membership": "INSERT INTO membership (group_id, person_id, role, joined_at) SELECT group_id, person_id, role, joined_at FROM membership",
    "not null": "UPDATE post SET body = NULL",
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_migrated_database_enforces_what_the_tables_say(fresh: Edge, rule: str) -> None:
    upgrade_database()
    fill()
    with pytest.raises(sa.exc.DBAPIError):
        db.session.execute(sa.text(BROKEN[rule]))
    db.rollback()


def test_up_with_data_down_and_up_again(fresh: Edge) -> None:
    upgrade_database()
    fill()
    command.downgrade(alembic_config(), "base")
    left = set(sa.inspect(db.engine()).get_table_names())
    assert left <= {"alembic_version"}
    upgrade_database()
    assert differences() == []


NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "next", {head!r}


def upgrade():
    with op.batch_alter_table("person") as changed:
        changed.alter_column("name", existing_type=sa.String(120), type_=sa.String(200))
    {more}


def downgrade():
    with op.batch_alter_table("person") as changed:
        changed.alter_column("name", existing_type=sa.String(200), type_=sa.String(120))
"""


def with_next(folder: Path, more: str = "") -> Config:
    """The migrations with one more, which changes a table that many rows point to."""
    made = alembic_config()
    head = ScriptDirectory.from_config(made).get_current_head()
    shutil.copytree(made.get_main_option("script_location") or "", folder / "migrations")
    (folder / "migrations/versions/next.py").write_text(NEXT.format(head=head, more=more))
    made.set_main_option("script_location", str(folder / "migrations"))
    return made


def people() -> int:
    with db.engine().connect() as connection:
        return connection.scalar(sa.text("SELECT count(*) FROM person")) or 0


def test_a_table_is_changed_while_rows_point_to_it(fresh: Edge, tmp_path: Path) -> None:
    upgrade_database()
    fill()
    before, made = people(), with_next(tmp_path)
    command.upgrade(made, "head")
    assert people() == before
    assert len(differences()) == 1
    command.downgrade(made, "-1")
    assert people() == before
    assert differences() == []
    with pytest.raises(sa.exc.IntegrityError):  # the connections that migrated keep the rules again
        db.session.execute(sa.text(BROKEN["foreign key"]))
    db.rollback()


def test_a_migration_that_loses_rows_others_point_to_changes_nothing(fresh: Edge, tmp_path: Path) -> None:
    upgrade_database()
    fill()
    before = people()
    with pytest.raises((RuntimeError, sa.exc.IntegrityError)):
        command.upgrade(with_next(tmp_path, more="op.execute('DELETE FROM person')"), "head")
    assert people() == before
    assert differences() == []
