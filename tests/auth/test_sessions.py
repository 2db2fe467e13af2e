"""Sessions kept on the server: how long they last, what of them is stored, and who ends them (security.md, 16-19)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from typing_extensions import Buffer

from portal import db, web
from portal.auth import actions, sealing, sessions
from portal.auth.models import BrowserSession, IdentityProvider
from portal.discussions.models import Thread
from portal.people import actions as people
from portal.people.models import Person, PersonStatus
from portal.web import Edge
from tests import commands
from tests.conftest import SECRET, Browser, Sign
from tests.factories import Network

pytestmark = pytest.mark.usefixtures("built_front_end")
COOKIE = "__Host-session"


def token_of(client: Browser) -> str:
    kept = client.get_cookie(COOKIE, domain="portal.test")
    assert kept is not None
    return kept.value


def with_token(app: Edge, token: str) -> Browser:
    client = app.test_client()
    assert isinstance(client, Browser)
    client.set_cookie(COOKIE, token, domain="portal.test", secure=True)
    return client


def is_in(client: Browser) -> bool:
    return client.get("/groups").status_code == 200


def rows() -> list[BrowserSession]:
    db.rollback()
    return list(db.session.scalars(sa.select(BrowserSession).order_by(BrowserSession.id)).unique())


def add_provider(network: Network) -> IdentityProvider:
    made = actions.add_provider(
        network.ngo,
        issuer="https://idp.example",
        client_id="portal",
        sealed_secret=sealing.seal("x", key=SECRET),
        by=None,
    )
    db.commit()
    return made


# --- what is stored --------------------------------------------------------------------------------------------------


def test_s16_a_copy_of_the_database_opens_nothing(app: Edge, network: Network, sign_in: Sign) -> None:
    client = sign_in(network.member)
    token = token_of(client)
    with db.engine().connect() as connection:
        for table in db.Base.metadata.sorted_tables:
            assert token not in repr(connection.execute(sa.select(table)).all()), table.name
    (row,) = rows()
    assert row.id_hash == sessions.hash_id(token)
    assert not is_in(with_token(app, row.id_hash))


def test_s16_ids_are_long_and_never_the_same(network: Network, sign_in: Sign) -> None:
    tokens = {token_of(sign_in(network.member)) for _ in range(20)}
    assert len(tokens) == 20
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens), "256 bits"


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 3000, "å" * 43, "' OR 1=1 --" * 3, "../" * 15])
def test_s16_an_id_that_nobody_got_opens_nothing(app: Edge, network: Network, token: str) -> None:
    assert not is_in(with_token(app, token))


def test_s16_the_row_is_asked_at_every_request(network: Network, sign_in: Sign) -> None:
    client = sign_in(network.member)
    assert is_in(client)
    db.session.execute(sa.delete(BrowserSession))
    db.commit()
    assert not is_in(client)


# --- a new one at sign-in ------------------------------------------------------------------------------------------------


def test_s17_signing_in_gives_a_new_id_and_ends_the_old_one(app: Edge, network: Network) -> None:
    with app.test_request_context():
        session = sessions.PortalSession()
        sessions.start(session)
        planted = session.token
        sessions.start(session, person=db.session.get_one(Person, network.member.id))
        db.commit()
        taken = session.token
    assert planted is not None
    assert taken is not None
    assert planted != taken
    assert not is_in(with_token(app, planted))
    assert is_in(with_token(app, taken))
    assert len(rows()) == 1


def test_s17_the_form_s_token_is_new_too(app: Edge, network: Network) -> None:
    with app.test_request_context():
        session = sessions.PortalSession()
        sessions.start(session)
        before = session["csrf_token"]
        sessions.start(session, person=db.session.get_one(Person, network.member.id))
        db.commit()
    assert session["csrf_token"] != before


# --- how long ----------------------------------------------------------------------------------------------------------------


def test_s18_half_an_hour_without_a_click(network: Network, sign_in: Sign) -> None:
    with time_machine.travel(db.now(), tick=False) as clock:
        client = sign_in(network.member)
        clock.shift(timedelta(minutes=29, seconds=59))
        assert is_in(client)
        clock.shift(timedelta(minutes=29, seconds=59))
        assert is_in(client), "a click counts"
        clock.shift(timedelta(minutes=30))
        assert not is_in(client)
        clock.shift(timedelta(minutes=-29))
        assert is_in(client), "the row is still there; only its time is over"


def test_s18_eight_hours_in_all(network: Network, sign_in: Sign) -> None:
    with time_machine.travel(db.now(), tick=False) as clock:
        client = sign_in(network.member)
        for _ in range(23):
            clock.shift(timedelta(minutes=20))
            assert is_in(client)
        clock.shift(timedelta(minutes=19))
        assert is_in(client)
        clock.shift(timedelta(minutes=1))
        assert not is_in(client)


def test_s18_a_session_without_a_person_lives_a_quarter(app: Edge, network: Network) -> None:
    with time_machine.travel(db.now(), tick=False) as clock:
        client = app.test_client()
        page = client.get("/sign-in")
        assert COOKIE in page.headers["Set-Cookie"]
        assert len(rows()) == 1
        clock.shift(timedelta(minutes=14))
        assert "Set-Cookie" not in client.get("/sign-in").headers
        clock.shift(timedelta(minutes=2))
        assert "Set-Cookie" in client.get("/sign-in").headers


def test_s18_a_click_is_noted_once_a_minute(network: Network, sign_in: Sign) -> None:
    with time_machine.travel(db.now(), tick=False) as clock:
        client = sign_in(network.member)
        first = rows()[0].seen_at
        clock.shift(timedelta(seconds=59))
        client.get("/groups")
        assert rows()[0].seen_at == first
        clock.shift(timedelta(seconds=1))
        client.get("/groups")
        assert rows()[0].seen_at == first + timedelta(minutes=1)


def test_s18_what_a_page_asks_for_by_itself_is_no_click(network: Network, sign_in: Sign) -> None:
    with time_machine.travel(db.now(), tick=False) as clock:
        client = sign_in(network.member)
        for _ in range(2):
            clock.shift(timedelta(minutes=15))
            client.get("/groups", headers={"X-Fragment": "1", "X-By-Itself": "1"})
        assert not is_in(client)


def test_s18_the_settings_allow_no_more_than_ten_hours() -> None:
    import config

    hours = config.Settings.model_fields["session_hours"].metadata
    assert any(getattr(limit, "le", None) == 10 for limit in hours)


# --- who ends them -------------------------------------------------------------------------------------------------------------


def test_s19_signing_out_ends_this_one_only(app: Edge, network: Network, sign_in: Sign) -> None:
    here, elsewhere = sign_in(network.member), sign_in(network.member)
    kept = token_of(here)
    assert here.post("/sign-out", data={"csrf_token": here.csrf}).status_code == 200
    assert not is_in(with_token(app, kept)), "a copied cookie is worth nothing"
    assert is_in(elsewhere)


@pytest.mark.parametrize("status", [PersonStatus.DISABLED, PersonStatus.PENDING])
def test_s19_a_person_who_is_not_active_is_out_at_the_next_click(
    network: Network, sign_in: Sign, status: PersonStatus
) -> None:
    client, other = sign_in(network.member), sign_in(network.convener)
    network.member.status = status
    db.commit()
    assert not is_in(client)
    assert is_in(other)
    answer = client.post("/read-marks", data={"csrf_token": client.csrf})
    assert answer.status_code == 401


def test_s19_an_administrator_closes_an_account(network: Network, sign_in: Sign) -> None:
    client, admin = sign_in(network.convener), sign_in(network.admin)
    where = f"/people/{network.convener.id}/closing"
    assert admin.post(where, data={"csrf_token": admin.csrf}).status_code == 302
    assert not is_in(client)


def test_s19_an_organisation_that_is_closed_takes_all_its_people_out(network: Network, sign_in: Sign) -> None:
    clients = [sign_in(network.member), sign_in(network.outsider)]
    stays = sign_in(network.convener)
    network.ngo.is_active = False
    db.commit()
    assert not any(is_in(client) for client in clients)
    assert is_in(stays)


def test_s19_a_provider_that_is_closed_ends_the_sessions_it_opened(app: Edge, network: Network, sign_in: Sign) -> None:
    provider = add_provider(network)
    opened = sessions.PortalSession()
    sessions.start(opened, person=network.member, provider=provider)
    db.commit()
    assert opened.token is not None
    client, other = with_token(app, opened.token), sign_in(network.outsider)
    assert is_in(client)
    actions.disable_provider(db.session.get_one(IdentityProvider, provider.id), by=None)
    db.commit()
    assert not is_in(client)
    assert is_in(other)


def test_s19_a_reopened_account_opens_no_old_session(network: Network, sign_in: Sign) -> None:
    client, other, admin = sign_in(network.convener), sign_in(network.convener), sign_in(network.admin)
    for step in ("closing", "approval"):
        answer = admin.post(f"/people/{network.convener.id}/{step}", data={"csrf_token": admin.csrf})
        assert answer.status_code == 302
    assert not is_in(client)
    assert not is_in(other)
    assert is_in(admin)
    assert is_in(sign_in(network.convener)), "the account itself is open again"


def test_s19_a_reopened_provider_opens_no_old_session(app: Edge, network: Network) -> None:
    provider = add_provider(network)
    opened = sessions.PortalSession()
    sessions.start(opened, person=network.member, provider=provider)
    db.commit()
    actions.disable_provider(provider, by=None)
    db.commit()
    assert add_provider(network).is_active
    assert opened.token is not None
    assert not is_in(with_token(app, opened.token))


def test_s19_a_reopened_organisation_opens_no_old_session(app: Edge, network: Network, sign_in: Sign) -> None:
    client, stays = sign_in(network.member), sign_in(network.convener)
    for command in ("close", "reopen"):
        answer = commands.run(app, "org", command, "foreningen")
        assert answer.exit_code == 0, answer.output
    assert not is_in(client)
    assert is_in(stays)
    assert is_in(sign_in(network.member))


def test_s19_a_removed_role_is_gone_at_the_next_click(network: Network, sign_in: Sign) -> None:
    admin = sign_in(network.admin)
    network.admin.is_organisation_admin = False
    waiting = people.add_person(network.authority, "Ny", "ny@myndigheten.example", by=None)
    db.commit()
    answer = admin.post(f"/people/{waiting.id}/approval", data={"csrf_token": admin.csrf})
    assert answer.status_code == 403
    assert db.session.get_one(Person, waiting.id).status is PersonStatus.PENDING


def test_s19_sockets_ask_the_same_rows(network: Network, sign_in: Sign) -> None:
    sign_in(network.member)
    sign_in(network.convener)
    ids = [row.id for row in rows()]
    assert sessions.valid_ids([*ids, 999_999]) == set(ids)
    network.member.status = PersonStatus.DISABLED
    db.commit()
    assert sessions.valid_ids(ids) == {ids[1]}


# --- the sweep -----------------------------------------------------------------------------------------------------------------


def test_the_sweep_takes_what_is_over_and_nothing_else(app: Edge, network: Network, sign_in: Sign) -> None:
    with time_machine.travel(db.now(), tick=False) as clock:
        sign_in(network.member)  # will be idle
        anonymous = app.test_client()
        anonymous.get("/sign-in")
        clock.shift(timedelta(minutes=20))
        fresh = sign_in(network.convener)
        assert sessions.sweep() == 1, "the anonymous one"
        db.commit()
        clock.shift(timedelta(minutes=20))
        assert sessions.sweep() == 1, "the idle one"
        db.commit()
        assert is_in(fresh)
        assert [row.person_id for row in rows()] == [network.convener.id]
        for _ in range(24):
            clock.shift(timedelta(minutes=20))
            fresh.get("/groups")
        assert sessions.sweep() == 1, "the old one"
        db.commit()
        assert rows() == []


# --- what it costs -----------------------------------------------------------------------------------------------------------------


def test_reading_writes_no_session(network: Network, sign_in: Sign) -> None:
    client = sign_in(network.member)
    before = [(row.data, row.seen_at) for row in rows()]
    for where in ("/groups", "/", "/library"):
        client.get(where)
    assert [(row.data, row.seen_at) for row in rows()] == before


def test_files_of_the_front_end_ask_for_no_session(app: Edge, network: Network, sign_in: Sign) -> None:
    client = sign_in(network.member)
    built = Path(app.static_folder or "") / "build"
    name = next(path.name for path in built.glob("app-*.css"))
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    db.pause()
    sa.event.listen(db.engine(), "before_cursor_execute", note)
    try:
        answer = client.get(f"/static/build/{name}")
    finally:
        sa.event.remove(db.engine(), "before_cursor_execute", note)
    assert answer.status_code == 200
    assert asked == []


# --- while a request is under way ------------------------------------------------------------------------------------


class Arriving(io.BytesIO):
    """A body that comes over a slow network: something happens before it is there."""

    def __init__(self, body: bytes, meanwhile: Callable[[], object]) -> None:
        super().__init__(body)
        self._meanwhile = meanwhile

    def readinto(self, buffer: Buffer) -> int:
        meanwhile, self._meanwhile = self._meanwhile, lambda: None
        meanwhile()
        return super().readinto(buffer)


@pytest.mark.parametrize("is_closed", [True, False])
def test_s19_who_is_shut_out_while_the_body_is_on_its_way_writes_nothing(
    app: Edge, network: Network, sign_in: Sign, monkeypatch: pytest.MonkeyPatch, is_closed: bool
) -> None:
    monkeypatch.setattr(web, "A_MOMENT", 0.0)  # however fast this machine is, the body has taken long
    client = sign_in(network.member)
    engine, person_id, group_id = db.engine(), network.member.id, network.group.id
    where = f"/groups/{network.group.slug}/threads/new"
    db.rollback()

    def close() -> None:
        if is_closed:
            with engine.begin() as other:
                other.execute(sa.update(Person).where(Person.id == person_id).values(status=PersonStatus.DISABLED))

    form = (
        f"title=Nytt&body=Text&kind=discussion&client_id=7f1f1c9e-7a5e-4a57-9a43-5d8f3c1d2b10&csrf_token={client.csrf}"
    )
    body = form.encode()
    answer = client.post(
        where,
        input_stream=Arriving(body, close),
        content_length=len(body),
        content_type="application/x-www-form-urlencoded",
    )
    threads = sa.select(sa.func.count(Thread.id)).where(Thread.group_id == group_id)
    db.rollback()
    assert (answer.status_code, db.session.scalar(threads)) == ((401, 0) if is_closed else (302, 1))
