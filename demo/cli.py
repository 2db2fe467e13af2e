"""`flask --app wsgi demo …`: the demo network."""

from __future__ import annotations

import click
import sqlalchemy as sa
from flask.cli import AppGroup
from sqlalchemy.orm import joinedload

from demo import load as loading
from portal import db
from portal.people.models import Membership, Organisation, Person, PersonStatus

demo = AppGroup("demo", help="The demo network: invented people, threads, meetings and material.")

_idp_port = click.option(
    "--idp-port", type=click.IntRange(1, 65535), default=8001, show_default=True,
    help="Where the demo's identity provider listens.",
)  # fmt: skip


@demo.command("load")
@_idp_port
def load(idp_port: int) -> None:
    """Load the demo network into the empty database, once."""
    try:
        is_new = loading.load()
    except loading.NotEmpty:
        raise click.ClickException("The database holds other organisations. The demo needs an empty one.") from None
    loading.prepare_providers(idp_port)
    db.reads_only(True)
    click.echo(f"The demo is {'loaded' if is_new else 'there already'}: {loading.summary()}.")


@demo.command("prepare")
@_idp_port
def prepare(idp_port: int) -> None:
    """Bring the identity providers in line with the ports of this start."""
    loading.prepare_providers(idp_port)


@demo.command("people")
def show_people() -> None:
    """Show whom one can sign in as: name, e-mail, organisation, roles; the best to begin with on top."""
    db.reads_only(True)
    for line in loading.recommended():
        click.echo(line)
    click.echo()
    query = sa.select(Person).join(Person.organisation).where(Person.status != PersonStatus.DISABLED)
    for person in db.session.scalars(query.order_by(Organisation.name, Person.name)).unique().all():
        click.echo(f"{person.name}\t{person.email}\t{person.organisation.name}\t{_roles(person)}")


def _roles(person: Person) -> str:
    """Administrator, pending, and the role in each group."""
    query = sa.select(Membership).options(joinedload(Membership.group))
    present = query.where(Membership.person_id == person.id, Membership.left_at.is_(None))
    roles = [f"{member.group.name} ({member.role})" for member in db.session.scalars(present.order_by(Membership.id))]
    marks = ["administrator"] if person.is_organisation_admin else []
    marks += ["waits for approval"] if person.status is PersonStatus.PENDING else []
    return ", ".join(marks + roles)
