"""Loading the demo network, once: `flask --app wsgi demo load`.

All that people wrote is stored in one transaction; the files follow one by one, since reading them takes time. Two rows of the
audit log say how far it came: a load that was cut off goes on where it stopped, and a second load does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from demo import (
    activities,
    collections,
    facts,
    gatherings,
    materials,
    network,
    plans,
    providers,
    reports,
    talks,
    trainings,
)
from demo.content import read_toml
from demo.network import Cast, email_of
from demo.when import Calendar
from portal import audit, db
from portal.discussions.models import Post, Thread
from portal.library.models import Resource
from portal.meetings.models import Meeting
from portal.people.models import Organisation, Person

BEGUN, DONE = "demo_network_loaded", "demo_loaded"

RECOMMENDED = {
    "sofia": "medlem i Informationsnätverket",
    "mirjam": "sammankallande i LAMP",
    "tor": "sekreterare i LAMP",
    "åsa": "medlem i LAMP, med en kallelse att svara på",
    "henrik": "har gett ett material och en samling publika adresser",
    "hedda": "administratör för sin organisation, med en ny person att släppa in",
}


class NotEmpty(Exception):
    """The database holds something else than the demo."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How much there is."""

    people: int
    threads: int
    posts: int
    meetings: int
    materials: int

    def __str__(self) -> str:
        return (
            f"{self.people} people, {self.threads} threads with {self.posts} posts, {self.meetings} meetings, "
            f"{self.materials} materials"
        )


def _count(model: type[db.Base]) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def summary() -> Summary:
    """How much there is now."""
    return Summary(_count(Person), _count(Thread), _count(Post), _count(Meeting), _count(Resource))


def _as_of() -> datetime | None:
    """The moment that a load, finished or not, was dated from."""
    noted = db.session.scalar(sa.select(audit.AuditEntry.details).where(audit.AuditEntry.action == BEGUN).limit(1))
    return datetime.fromisoformat(noted["as_of"]) if noted else None


def is_loaded() -> bool:
    """Whether the demo is there as a whole."""
    done = sa.select(audit.AuditEntry.id).where(audit.AuditEntry.action == DONE)
    return db.session.scalar(done.limit(1)) is not None


def load(now: datetime | None = None) -> bool:
    """Load the demo as of `now`; False if it is there already. Commits: it is an edge, like the command that calls it.

    Raises `NotEmpty` if the database holds other organisations.
    """
    if is_loaded():
        return False
    begun = _as_of()
    moment = begun or now or db.now()
    calendar = Calendar.of(moment)
    calendar = Calendar(calendar.today, calendar.latest, gatherings.dates(calendar))
    if begun is None:
        if _count(Organisation):
            raise NotEmpty
        _add_network(calendar)
        audit.record(BEGUN, by=None, as_of=moment.isoformat())
        db.commit()
    materials.add_materials(calendar, _emails())
    talks.add_files()
    collections.add_collections(_emails())
    facts.add_facts(calendar)
    audit.record(DONE, by=None)
    db.commit()
    return True


def _add_network(calendar: Calendar) -> None:
    cast = Cast()
    network.add_organisations(cast)
    network.add_groups(cast, calendar)
    network.add_contacts()
    network.add_synonyms()
    gatherings.add_meetings(cast, calendar)
    reports.add_rounds(cast, calendar)
    activities.add_activities(cast, calendar)
    plans.add_plans(cast, calendar)
    trainings.add_trainings(cast, calendar)
    talks.add_threads(cast, calendar)
    talks.set_read_marks()


def _emails() -> dict[str, str]:
    return {
        one["nick"]: email_of(one["name"], about["domain"])
        for about in read_toml("organisations.toml").values()
        for one in about["people"]
    }


def prepare_providers(idp_port: int) -> None:
    """Let the demo's people sign in through the provider on this port; done at every start."""
    providers.prepare(idp_port)
    db.commit()


def recommended() -> list[str]:
    """Whom to sign in as first: one line each."""
    emails = _emails()
    found = db.session.scalars(
        sa.select(Person).where(Person.email.in_([emails[nick] for nick in RECOMMENDED]))
    ).unique()
    people = {person.email: person for person in found}
    lines = []
    for nick, role in RECOMMENDED.items():
        person = people.get(emails[nick])
        if person is not None:
            lines.append(f"{person.email:<48} {person.name}, {person.organisation.short_name}: {role}")
    return lines
