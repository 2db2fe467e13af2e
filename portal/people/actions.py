"""Every write to organisations, people, groups and memberships."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, live
from portal.errors import Conflict
from portal.people import closing
from portal.people.models import (
    EmailDomain,
    Group,
    HandlingClass,
    Membership,
    Organisation,
    OrganisationKind,
    Person,
    PersonStatus,
    Role,
)


def add_organisation(
    slug: str, name: str, *, short_name: str, mark: str, kind: OrganisationKind, domains: list[str], by: Person | None,
    organisation_number: str | None = None, county_code: str | None = None, is_coordinator: bool = False,
) -> Organisation:  # fmt: skip
    """Take an organisation into the network."""
    organisation = Organisation(
        slug=slug,
        name=name,
        short_name=short_name,
        mark=mark,
        kind=kind,
        organisation_number=organisation_number,
        county_code=county_code,
        is_coordinator=is_coordinator,
        domains=[EmailDomain(domain=domain.casefold()) for domain in domains],
    )
    db.session.add(organisation)
    audit.record("organisation_added", by=by, on=organisation, slug=slug)
    return organisation


def hand_over_coordination(new: Organisation, *, by: Person | None) -> None:
    """Let another organisation be the national coordinator (as happened on 2018-01-01); nothing else changes."""
    old = db.session.scalar(sa.select(Organisation).where(Organisation.is_coordinator))
    if old is not None:
        old.is_coordinator = False
        db.session.flush()  # one coordinator at a time, also for the database
    new.is_coordinator = True
    audit.record("coordination_handed_over", by=by, on=new, before=old.slug if old else None)


def add_person(organisation: Organisation, name: str, email: str, *, by: Person | None, status: PersonStatus = PersonStatus.PENDING,
               is_organisation_admin: bool = False) -> Person:  # fmt: skip
    """Make a person of an organisation; pending until an administrator of that organisation says yes."""
    person = Person(
        organisation=organisation,
        name=name,
        email=email.casefold(),
        status=status,
        is_organisation_admin=is_organisation_admin,
    )
    db.session.add(person)
    audit.record("person_added", by=by, on=person, status=status.value)
    return person


def approve_person(person: Person, *, by: Person) -> None:
    """Let a newcomer in, or open an account that was closed. Raises `Conflict` if somebody else has done it already."""
    if person.status is PersonStatus.ACTIVE:
        raise Conflict(_("%(name)s has been dealt with already.", name=person.name))
    audit.record("person_approved", by=by, on=person, before=person.status.value)
    person.status = PersonStatus.ACTIVE


def appoint_administrator(person: Person, *, by: Person | None) -> None:
    """Make a person administrator of the own organisation, and let the person in if that has not been done."""
    person.status, person.is_organisation_admin = PersonStatus.ACTIVE, True
    audit.record("administrator_appointed", by=by, on=person)


def set_speaker(person: Person, *, is_speaker: bool, by: Person) -> None:
    """Let a person make official statements of the own organisation, or no longer. What was stated stays stated."""
    if person.is_speaker is not is_speaker:
        person.is_speaker = is_speaker
        audit.record("speaker_appointed" if is_speaker else "speaker_dismissed", by=by, on=person)


def disable_person(person: Person, *, by: Person) -> None:
    """Close an account. Its sessions and sockets end, for good; what was written stays."""
    person.status = PersonStatus.DISABLED
    audit.record("person_disabled", by=by, on=person)
    closing.end_for([person.id])
    live.drop_people([person.id])


def close_organisation(organisation: Organisation, *, by: Person | None) -> None:
    """Let nobody of the organisation in any more. The sessions and sockets of its people end, for good."""
    organisation.is_active = False
    audit.record("organisation_closed", by=by, on=organisation)
    people = db.session.scalars(sa.select(Person.id).where(Person.organisation_id == organisation.id)).all()
    closing.end_for(people)
    live.drop_people(people)


def reopen_organisation(organisation: Organisation, *, by: Person | None) -> None:
    """Let the organisation's people sign in again."""
    organisation.is_active = True
    audit.record("organisation_reopened", by=by, on=organisation)


def set_preferences(person: Person, *, language: str, theme: str, by: Person) -> None:
    """Store how the person wants the portal to look and speak."""
    person.language, person.theme = language, theme
    audit.record("preferences_set", by=by, on=person)


def note_visit(person: Person) -> None:
    """A new visit begins: what came since the last one is "new since last time"."""
    person.previous_visit_at, person.visited_at = person.visited_at, db.now()


def add_group(slug: str, name: str, *, description: str, handling_class: HandlingClass, by: Person | None) -> Group:
    """Open a group."""
    group = Group(slug=slug, name=name, description=description, handling_class=handling_class)
    db.session.add(group)
    audit.record("group_added", by=by, on=group, handling_class=handling_class.value)
    return group


def add_member(group: Group, person: Person, *, role: Role = Role.MEMBER, by: Person | None) -> Membership:
    """Take a person into a group, or give a present member another role."""
    membership = db.session.scalar(
        sa.select(Membership).where(
            Membership.group_id == group.id, Membership.person_id == person.id, Membership.left_at.is_(None)
        )
    )
    if membership is None:
        membership = Membership(group=group, person=person, role=role)
        db.session.add(membership)
    membership.role = role
    audit.record("member_added", by=by, on=group, person=person.id, role=role.value)
    live.drop_people([person.id])  # they come back by themselves, with the rights of now
    return membership


def remove_member(membership: Membership, *, by: Person | None) -> None:
    """End a membership. The row stays; the person sees nothing more of the group from this moment."""
    membership.left_at = db.now()
    audit.record("member_removed", by=by, on=membership.group, person=membership.person_id)
    closing.leave(membership.group, membership.person_id)
    live.drop_people([membership.person_id])
