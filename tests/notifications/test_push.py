"""Notices on devices: sent to a real push service of the tests, which decrypts what came and checks who sent it."""

from __future__ import annotations

import base64
import json
import os
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece
import pytest
import sqlalchemy as sa
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from portal import db, outbox
from portal.notifications import actions
from portal.notifications.delivery.models import Delivery, State, Via
from portal.notifications.habits import Hours
from portal.notifications.models import Notice
from portal.notifications.push import actions as push
from portal.notifications.push import keys, policy, sending
from portal.notifications.push.actions import Subscription
from portal.notifications.push.models import PushDevice
from portal.people import actions as people
from portal.people.models import Group, Membership, Person
from portal.web import Edge
from tests.conftest import Sign
from tests.factories import Network


def packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Device:
    """A browser: its keys, and what was decrypted with them."""

    def __init__(self, endpoint: str) -> None:
        self.private, self.auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        point = self.private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.subscription = Subscription(endpoint, packed(point), packed(self.auth))

    def read(self, content: bytes) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            http_ece.decrypt(content, private_key=self.private, auth_secret=self.auth, version="aes128gcm")
        )
        return found


class Service:
    """A push service: what came, and what it answers."""

    def __init__(self) -> None:
        self.status, self.came = 201, list[tuple[str, dict[str, str], bytes]]()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                service.came.append((self.path, dict(self.headers), content))
                self.send_response(service.status)
                self.send_header("Content-Length", "0")
                if service.status == 302:
                    self.send_header("Location", "http://127.0.0.1/elsewhere")
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                """Not on the test's screen."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def device(app: Edge, network: Network, service: Service) -> Device:
    made = Device(f"{service.origin}/of-the-member")
    push.add_device(network.member, made.subscription, name="Telefonen", by=network.member)
    db.commit()
    return made


def tell(person: Person, group: Group | None, kind: str = "meeting_cancelled", title: str = "LAMP") -> None:
    actions.notify(
        [person], kind, group=group, path="/meetings/1", by=None, title=title, starts_at="2026-12-01T08:30:00+00:00"
    )
    db.commit()


def states() -> list[State]:
    db.session.expire_all()
    rows = sa.select(Delivery.state).where(Delivery.via == Via.PUSH).order_by(Delivery.id)
    return list(db.session.scalars(rows))


def test_a_notice_comes_to_the_device_encrypted_and_signed(
    app: Edge, network: Network, service: Service, device: Device
) -> None:
    tell(network.member, network.group)
    assert states() == [State.QUEUED]
    outbox.run_all()
    ((path, headers, content),) = service.came
    assert path == "/of-the-member"
    assert b"LAMP" not in content
    shown = device.read(content)
    assert "LAMP" in shown["body"]
    assert shown["path"] == "/meetings/1"
    assert (headers["Content-Encoding"], headers["TTL"]) == ("aes128gcm", "86400")
    token, _comma, key = headers["Authorization"].removeprefix("vapid t=").partition(", k=")
    assert key == keys.public_key()
    point = sending.unpacked(key)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(token, ECKey.import_key(pem), algorithms=["ES256"]).claims
    assert (claims["aud"], claims["sub"]) == (service.origin, "mailto:portal@portal.example")
    assert 0 < claims["exp"] - db.now().timestamp() < 24 * 3600
    assert states() == [State.SENT]
    assert db.session.scalars(sa.select(PushDevice)).one().used_at is not None


def test_of_a_sensitive_group_it_says_nothing(
    app: Edge, network: Network, service: Service, device: Device, caplog: pytest.LogCaptureFixture
) -> None:
    people.add_member(network.closed, network.member, by=None)
    tell(network.member, network.closed, title="Zebraspaning")
    outbox.run_all()
    ((_path, headers, content),) = service.came
    shown = device.read(content)
    assert shown["body"] in {"Det finns något nytt.", "There is something new."}
    whole = json.dumps(shown, ensure_ascii=False) + str(headers) + caplog.text
    assert [
        word for word in ("Zebra", network.closed.name, network.closed.slug, "/meetings", "cancelled") if word in whole
    ] == []
    tell(network.member, network.group)
    outbox.run_all()
    assert len(service.came[1][2]) == len(content), "not even by its length"


def test_quiet_hours_hold_it_back(app: Edge, network: Network, service: Service, device: Device) -> None:
    actions.choose_hours(network.member, Hours(quiet_from=18, quiet_to=7), by=network.member)
    with time_machine.travel("2026-11-24T20:00:00+00:00", tick=False):
        tell(network.member, network.group)
        outbox.run_all()
        assert (service.came, states()) == ([], [State.WITHHELD])
    with time_machine.travel("2026-11-25T06:00:00+00:00", tick=False):
        outbox.run_all()
    assert len(service.came) == 1


def test_what_was_read_meanwhile_or_is_no_longer_for_one_is_not_sent(
    app: Edge, network: Network, service: Service, device: Device
) -> None:
    tell(network.member, network.group)
    db.session.execute(sa.update(Notice).values(read_at=db.now()))
    db.commit()
    outbox.run_all()
    tell(network.member, network.group)
    leaving = sa.select(Membership).where(Membership.person_id == network.member.id)
    people.remove_member(db.session.scalars(leaving).one(), by=None)
    db.commit()
    outbox.run_all()
    assert (service.came, states()) == ([], [State.SEEN, State.DROPPED])


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(
    app: Edge, network: Network, service: Service, device: Device, status: int
) -> None:
    service.status = status
    tell(network.member, network.group)
    outbox.run_all()
    assert db.session.scalars(sa.select(PushDevice)).all() == []
    assert states() == [State.REFUSED]


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_is_busy_is_asked_again(
    app: Edge, network: Network, service: Service, device: Device, status: int
) -> None:
    service.status = status
    tell(network.member, network.group)
    outbox.run_all()
    assert states() == [State.QUEUED]
    service.status = 201
    with time_machine.travel(db.now() + timedelta(hours=2)):
        outbox.run_all()
    assert states() == [State.SENT]


def test_one_device_of_two_is_enough(app: Edge, network: Network, service: Service, device: Device) -> None:
    away = Device("http://127.0.0.1:1/away")
    push.add_device(network.member, away.subscription, name="Borta", by=network.member)
    db.commit()
    tell(network.member, network.group)
    outbox.run_all()
    assert states() == [State.SENT]
    assert len(service.came) == 1


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest",
        "http://example.com/x",
        "https://[fd00::1]/x",
        "https://192.168.1.1:8443/",
    ],
)
def test_s40_an_address_inside_is_never_asked(
    app: Edge, network: Network, sign_in: Sign, endpoint: str, built_front_end: object
) -> None:
    """Refused when it is given; and one that came in otherwise (a name that changed what it stands for) is forgotten."""
    client = sign_in(network.member)
    given = Device(endpoint).subscription
    form = {"csrf_token": client.csrf, "endpoint": given.endpoint, "key": given.key, "auth": given.auth, "name": "x"}
    if "example.com" not in endpoint:
        assert client.post("/account/devices", data=form).status_code == 422
        assert db.session.scalars(sa.select(PushDevice)).all() == []
    if "example.com" in endpoint:
        return
    push.add_device(network.member, given, name="x", by=network.member)
    db.commit()
    tell(network.member, network.group)
    outbox.run_all()
    assert db.session.scalars(sa.select(PushDevice)).all() == []
    assert states() == [State.REFUSED]


def test_a_redirect_is_not_followed(app: Edge, network: Network, service: Service, device: Device) -> None:
    service.status = 302
    tell(network.member, network.group)
    outbox.run_all()
    assert len(service.came) == 1
    assert db.session.scalars(sa.select(PushDevice)).all() == []


def test_devices_are_added_and_removed(
    network: Network, service: Service, sign_in: Sign, built_front_end: object
) -> None:
    client, given = sign_in(network.member), Device(f"{service.origin}/a").subscription
    form = {
        "csrf_token": client.csrf,
        "endpoint": given.endpoint,
        "key": given.key,
        "auth": given.auth,
        "name": "Firefox\npå Windows",
    }
    for _time in range(2):  # the same browser twice is one device
        assert client.post("/account/devices", data=form).status_code == 302
    (row,) = db.session.scalars(sa.select(PushDevice)).all()
    assert (row.person_id, row.name) == (network.member.id, "Firefox på Windows")
    other = sign_in(network.observer)
    assert other.post(f"/account/devices/{row.id}/removal", data={"csrf_token": other.csrf}).status_code == 404
    assert "Firefox på Windows" in client.get("/account/devices").text
    for wrong in ({"endpoint": ""}, {"endpoint": "javascript:x"}, {"endpoint": "x" * 2000}, {"key": "x"}, {"key": packed(b"\x04" + b"x" * 64)},
                  {"auth": packed(b"x" * 15)}, {"auth": "å"}, {"name": "Ring 811228-9874"}):  # fmt: skip
        assert (
            client.post("/account/devices", data=form | {"endpoint": f"{service.origin}/b"} | wrong).status_code == 422
        ), wrong
    assert other.post("/account/devices", data=form | {"csrf_token": other.csrf}).status_code == 302
    db.session.expire_all()
    (row,) = db.session.scalars(sa.select(PushDevice)).all()
    assert row.person_id == network.observer.id, "a shared browser is the last one's"
    assert other.post(f"/account/devices/{row.id}/removal", data={"csrf_token": other.csrf}).status_code == 302
    assert db.session.scalars(sa.select(PushDevice)).all() == []


def test_not_any_number_of_devices(network: Network, service: Service, sign_in: Sign, built_front_end: object) -> None:
    client = sign_in(network.member)
    for number in range(push.MOST_DEVICES + 1):
        given = Device(f"{service.origin}/{number}").subscription
        form = {"csrf_token": client.csrf, "endpoint": given.endpoint, "key": given.key, "auth": given.auth}
        answer = client.post("/account/devices", data=form)
    assert answer.status_code == 422
    assert len(db.session.scalars(sa.select(PushDevice)).all()) == push.MOST_DEVICES


def test_choices_of_kind_and_group(
    network: Network, service: Service, device: Device, sign_in: Sign, built_front_end: object
) -> None:
    member = [network.member.id]
    assert policy.wishers(member, "meeting_cancelled", group=network.group) == set(member)
    assert policy.wishers(member, "posted", group=network.group) == set(), "what is gathered in mail comes to no device"
    client = sign_in(network.member)
    own = f"group-{network.group.id}"
    data = {"csrf_token": client.csrf, "kind": ["posted"], own: ""}
    assert client.post("/account/devices/choices", data=data).status_code == 302
    assert policy.wishers(member, "posted", group=network.group) == set(member)
    assert policy.wishers(member, "meeting_cancelled", group=network.group) == set()
    client.post("/account/devices/choices", data=data | {own: "off"})
    assert policy.wishers(member, "posted", group=network.group) == set()
    assert policy.wishers(member, "posted", group=None) == set(member)
    client.post("/account/devices/choices", data=data | {own: "on", f"group-{network.closed.id}": "on"})
    assert policy.wishers(member, "meeting_cancelled", group=network.group) == set(member)
    assert f"group-{network.closed.id}" not in policy.choices(network.member)
    assert client.post("/account/devices/choices", data=data | {own: "loud"}).status_code == 400


def test_a_closed_account_has_no_devices(network: Network, device: Device) -> None:
    people.disable_person(network.member, by=network.admin)
    db.commit()
    assert db.session.scalars(sa.select(PushDevice)).all() == []


def test_s46_the_key_is_made_once_and_only_ours_to_read(own_portal: Edge) -> None:
    def key_of() -> str:
        with own_portal.app_context():
            return keys.public_key()

    with ThreadPoolExecutor(8) as pool:
        assert len({one.result() for one in [pool.submit(key_of) for _ in range(8)]}) == 1
    folder = own_portal.config["SETTINGS"].data_dir
    assert stat.S_IMODE((folder / "vapid.pem").stat().st_mode) == 0o600
    assert [file.name for file in folder.glob("vapid*")] == ["vapid.pem"]
    assert len(sending.unpacked(keys.public_key())) == 65


def test_the_service_worker_stands_at_the_top(app: Edge, network: Network, built_front_end: object) -> None:
    answer = app.test_client().get("/service-worker.js")
    assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
    assert b"showNotification" in answer.data
    assert b"import" not in answer.data
