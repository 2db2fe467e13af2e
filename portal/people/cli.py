"""People on the command line: taking the first organisations, administrators and groups into a new portal."""

from __future__ import annotations

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from portal import db
from portal.people import actions
from portal.people.models import Group, HandlingClass, Organisation, OrganisationKind, Person, PersonStatus, Role

organisations = AppGroup("org", help="Organisations and their identity providers.")
groups = AppGroup("group", help="Groups and their members.")


def find_person(email: str, *, status: PersonStatus = PersonStatus.ACTIVE, organisation: str | None = None) -> Person:
    """The one person with this address and status, of the organisation with the slug if there is one.

    Ends the command with exit code 2 if there is none or several, and, unless the organisation is named, if the address is
    at none of the organisation's domains: any provider can say of its people that they have somebody else's address.
    """
    wanted = (
        sa.select(Person).join(Person.organisation).where(Person.email == email.casefold(), Person.status == status)
    )
    if organisation is not None:
        wanted = wanted.where(Organisation.slug == organisation)
    people = db.session.scalars(wanted.order_by(Person.id)).unique().all()
    if len(people) != 1:
        named = "; ".join(f"{person.name}, {person.organisation.slug}" for person in people)
        raise click.UsageError(
            f"{len(people)} {status} people have the address {email}{f' ({named})' if named else ''}."
        )
    (person,) = people
    if organisation is None and person.has_foreign_address:
        raise click.UsageError(
            f"{person.name} belongs to {person.organisation.slug}, and {email} is no address of that organisation."
        )
    return person


def _shown(person: Person) -> str:
    return f"{person.name} ({person.email}, {person.organisation.name})"


_of_organisation = click.option(
    "--organisation", metavar="SLUG", help="Of which organisation, if the address does not say."
)


def _find_organisation(slug: str) -> Organisation:
    organisation = db.session.scalar(sa.select(Organisation).where(Organisation.slug == slug))
    if organisation is None:
        raise click.UsageError(f"There is no organisation {slug}. 'org list' shows them all.")
    return organisation


def _find_group(slug: str) -> Group:
    group = db.session.scalar(sa.select(Group).where(Group.slug == slug))
    if group is None:
        raise click.UsageError(f"There is no group {slug}.")
    return group


@organisations.command("add")
@click.argument("slug")
@click.option("--name", required=True)
@click.option("--short-name", help="For narrow places; the name if it is left out.")
@click.option("--mark", required=True, help="One to three letters; a county board's is its county letter.")
@click.option("--kind", required=True, type=click.Choice([kind.value for kind in OrganisationKind]))
@click.option("--domain", "domains", multiple=True, required=True, help="E-mail domain of its people; may be repeated.")
@click.option("--organisation-number", help="With or without hyphen.")
@click.option("--county", "county_code", help="The county's letter.")
@click.option("--coordinator", "is_coordinator", is_flag=True, help="It is the national coordinator.")
def add(slug: str, name: str, short_name: str | None, mark: str, kind: str, domains: tuple[str, ...],
        organisation_number: str | None, county_code: str | None, is_coordinator: bool) -> None:  # fmt: skip
    """Take an organisation into the network."""
    if not 1 <= len(mark) <= 3:
        raise click.UsageError("--mark takes one to three letters.")
    try:
        actions.add_organisation(
            slug, name, short_name=short_name or name, mark=mark, kind=OrganisationKind(kind), domains=list(domains),
            organisation_number=organisation_number, county_code=county_code, is_coordinator=is_coordinator, by=None,
        )  # fmt: skip
        db.commit()
    except sa.exc.IntegrityError:
        db.rollback()
        raise click.UsageError(
            "There is an organisation with this slug, one of these domains, or the role of coordinator already."
        ) from None
    click.echo(f"{name} is in the network. Next: org add-idp {slug} …")


@organisations.command("appoint")
@click.argument("email")
@_of_organisation
def appoint(email: str, organisation: str | None) -> None:
    """Let a person who has tried to sign in once in, as the first administrator of the own organisation."""
    person = find_person(email, status=PersonStatus.PENDING, organisation=organisation)
    actions.appoint_administrator(person, by=None)
    db.commit()
    click.echo(f"{_shown(person)} is an administrator of that organisation.")


@organisations.command("hand-over")
@click.argument("slug")
def hand_over(slug: str) -> None:
    """Make organisation SLUG the national coordinator instead of the present one."""
    organisation = _find_organisation(slug)
    actions.hand_over_coordination(organisation, by=None)
    db.commit()
    click.echo(f"{organisation.name} is the national coordinator.")


@organisations.command("close")
@click.argument("slug")
def close(slug: str) -> None:
    """Let nobody of organisation SLUG in any more; all their sessions end at once."""
    organisation = _find_organisation(slug)
    actions.close_organisation(organisation, by=None)
    db.commit()
    click.echo(f"{organisation.name} is closed. 'org reopen {slug}' lets its people sign in again.")


@organisations.command("reopen")
@click.argument("slug")
def reopen(slug: str) -> None:
    """Let the people of organisation SLUG sign in again."""
    organisation = _find_organisation(slug)
    actions.reopen_organisation(organisation, by=None)
    db.commit()
    click.echo(f"The people of {organisation.name} can sign in again.")


@groups.command("add")
@click.argument("slug")
@click.option("--name", required=True)
@click.option("--description", default="")
@click.option("--class", "handling_class", required=True, type=click.Choice([each.value for each in HandlingClass]))
def add_group(slug: str, name: str, description: str, handling_class: str) -> None:
    """Open a group."""
    try:
        actions.add_group(slug, name, description=description, handling_class=HandlingClass(handling_class), by=None)
        db.commit()
    except sa.exc.IntegrityError:
        db.rollback()
        raise click.UsageError(f"There is a group {slug} already.") from None
    click.echo(f"{name} is open. Next: group add-member {slug} EMAIL")


@groups.command("add-member")
@click.argument("slug")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.MEMBER.value, show_default=True)
@_of_organisation
def add_member(slug: str, email: str, role: str, organisation: str | None) -> None:
    """Take a person into a group, or give a member another role."""
    person = find_person(email, organisation=organisation)
    actions.add_member(_find_group(slug), person, role=Role(role), by=None)
    db.commit()
    click.echo(f"{_shown(person)} is {role} in {slug}.")


@groups.command("remove-member")
@click.argument("slug")
@click.argument("email")
@_of_organisation
def remove_member(slug: str, email: str, organisation: str | None) -> None:
    """End a person's membership; from the next request on nothing of the group is shown."""
    person, group = find_person(email, organisation=organisation), _find_group(slug)
    present = [m for m in person.memberships if m.group_id == group.id and m.left_at is None]
    if not present:
        raise click.UsageError(f"{email} is not in {slug}.")
    actions.remove_member(present[0], by=None)
    db.commit()
    click.echo(f"{_shown(person)} has left {slug}.")
