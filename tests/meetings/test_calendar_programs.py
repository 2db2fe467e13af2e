"""The feed as other programs read it over HTTP: vdirsyncer fetches it, khal shows it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from pydantic import SecretStr
from werkzeug.serving import make_server

from config import Settings
from portal import create_app, db
from portal.meetings import actions
from portal.meetings.calls import actions as calls
from portal.meetings.models import Answer
from portal.web import Edge
from tests import servers
from tests.conftest import SECRET
from tests.factories import Network
from tests.meetings.calling import call, change, invitation_of

PROGRAMS = Path(sys.executable).parent

VDIRSYNCER = """
[general]
status_path = "{folder}/status"

[pair portal]
a = "local"
b = "remote"
collections = null
conflict_resolution = "b wins"

[storage remote]
type = "http"
url = "{url}"

[storage local]
type = "filesystem"
path = "{folder}/calendar"
fileext = ".ics"
"""

KHAL = """
[calendars]
[[portal]]
path = {folder}/calendar
type = calendar

[sqlite]
path = {folder}/khal.db

[locale]
local_timezone = Europe/Stockholm
default_timezone = Europe/Stockholm
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Edge]:
    """A portal that answers over HTTP on this machine."""
    port = servers.free_port()
    settings = Settings(
        secret_key=SecretStr(SECRET),
        base_url=f"http://127.0.0.1:{port}",
        data_dir=tmp_path / "data",
        environment="test",
    )
    (tmp_path / "data").mkdir()
    app = create_app(settings)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    with app.app_context():
        db.Base.metadata.create_all(db.engine())
        thread.start()
        yield app
        server.shutdown()
        thread.join(30)
        server.server_close()
        db.session.remove()
        db.engine().dispose()


def run(folder: Path, program: str, *words: str) -> str:
    """A program with its own settings and no proxy."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TZ": "America/New_York",
        "VDIRSYNCER_CONFIG": str(folder / "vdirsyncer.conf"),
    }  # fmt: skip
    done = subprocess.run(
        [PROGRAMS / program, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def on(day: str, clock: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(f"{day}T{clock}:00+00:00").astimezone(UTC)


def synchronised(folder: Path, url: str) -> list[str]:
    """What khal shows after vdirsyncer has fetched the feed: one line for each meeting."""
    (folder / "calendar").mkdir(exist_ok=True)
    (folder / "vdirsyncer.conf").write_text(VDIRSYNCER.format(folder=folder, url=url), encoding="utf-8")
    (folder / "khal.conf").write_text(KHAL.format(folder=folder), encoding="utf-8")
    run(folder, "vdirsyncer", "discover")
    run(folder, "vdirsyncer", "sync")
    shown = run(
        folder, "khal", "-c", str(folder / "khal.conf"), "list", "--once", "--day-format", "",
        "--format", "{title}|{start-long-full}|{end-long-full}|{status}", "2026-10-01", "300d",
    )  # fmt: skip
    return sorted(line.strip() for line in shown.splitlines() if "|" in line)


def test_khal_shows_what_vdirsyncer_fetched(served: Edge, tmp_path: Path) -> None:
    network = Network()
    network.make()
    hour = timedelta(hours=1)
    with time_machine.travel(datetime(2026, 9, 1, tzinfo=UTC), tick=False):
        for title, starts in {
            "Sommartid": on("2026-10-24", "08:00"), "Natten": on("2026-10-25", "00:30"), "Vintertid": on("2026-10-26", "08:00"),
            "Vinter": on("2027-03-27", "08:00"), "Sommar igen": on("2027-03-29", "08:00"),
        }.items():  # fmt: skip
            call(
                network.group,
                network.convener,
                title=title,
                starts_at=starts,
                ends_at=starts + (2 * hour if title == "Natten" else hour),
            )
        midnight = on("2026-11-09", "23:00")
        call(
            network.group,
            network.convener,
            title="Heldag",
            starts_at=midnight,
            ends_at=midnight + 24 * hour,
            is_all_day=True,
        )
        moved = call(
            network.group,
            network.convener,
            title="Flyttat",
            starts_at=on("2026-11-11", "08:00"),
            ends_at=on("2026-11-11", "09:00"),
        )
        cancelled = call(
            network.group,
            network.convener,
            title="Inställt",
            starts_at=on("2026-11-12", "08:00"),
            ends_at=on("2026-11-12", "09:00"),
        )
        actions.answer_invitation(invitation_of(moved, network.member), Answer.TENTATIVE, by=network.member)
        _feed, token = calls.make_feed("khal", group=None, by=network.member)
        db.commit()
    url = f"{served.config['SETTINGS'].base_url}/calendar/feed/{token}.ics"
    before = synchronised(tmp_path, url)
    assert [line for line in before if line.startswith(("Flyttat", "Inst"))] == [
        "Flyttat|2026-11-11 09:00|2026-11-11 10:00|TENTATIVE", "Inställt|2026-11-12 09:00|2026-11-12 10:00|CONFIRMED",
    ]  # fmt: skip
    with time_machine.travel(datetime(2026, 9, 2, tzinfo=UTC), tick=False):
        change(moved, starts_at=on("2026-11-20", "12:00"), ends_at=on("2026-11-20", "13:00"), by=network.convener)
        actions.cancel_meeting(cancelled, by=network.convener)
        db.commit()
    assert synchronised(tmp_path, url) == sorted([
        "Sommartid|2026-10-24 10:00|2026-10-24 11:00|CONFIRMED",
        "Natten|2026-10-25 02:30|2026-10-25 03:30|CONFIRMED",  # two hours: one of them comes twice
        "Vintertid|2026-10-26 09:00|2026-10-26 10:00|CONFIRMED",
        "Vinter|2027-03-27 09:00|2027-03-27 10:00|CONFIRMED",
        "Sommar igen|2027-03-29 10:00|2027-03-29 11:00|CONFIRMED",
        "Heldag|2026-11-10 00:00|2026-11-10 00:00|CONFIRMED",
        "Flyttat|2026-11-20 13:00|2026-11-20 14:00|TENTATIVE",
        "Inställt|2026-11-12 09:00|2026-11-12 10:00|CANCELLED",
    ])  # fmt: skip
