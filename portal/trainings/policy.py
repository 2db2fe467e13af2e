"""Who may see, lead and nominate to trainings, and where there are trained people.

The map of the counties asks `coverage`, one query: how many graduates each county has at each authority.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from portal import db
from portal.county_codes import COUNTIES
from portal.meetings.policy import county_board_people
from portal.people.models import (
    EmailDomain,
    Group,
    Membership,
    Organisation,
    Person,
    PersonStatus,
    Role,
)
from portal.people.policy import (
    can_lead_group,
    can_write_in_group,
    county_of,
    group_ids,
    led_group_ids,
    readable_group_ids,
)
from portal.trainings.models import (
    Attendance,
    Authority,
    Cohort,
    CohortState,
    Nomination,
    NominationState,
    Occasion,
    Training,
)


def visible_trainings(person: Person) -> sa.Select[Training]:
    """The trainings of the groups that the person may read."""
    return (
        sa.select(Training)
        .where(Training.group_id.in_(readable_group_ids(person)))
        .options(selectinload(Training.authorities))
    )


def _visible_ids(person: Person) -> sa.Select[int]:
    return sa.select(Training.id).where(Training.group_id.in_(readable_group_ids(person)))


def visible_cohorts(person: Person) -> sa.Select[Cohort]:
    """The cohorts of those trainings."""
    return sa.select(Cohort).where(Cohort.training_id.in_(_visible_ids(person)))


def visible_occasions(person: Person) -> sa.Select[Occasion]:
    """The occasions of those cohorts."""
    return sa.select(Occasion).join(Occasion.cohort).where(Cohort.training_id.in_(_visible_ids(person)))


def _of_own_board(person: Person) -> sa.ColumnElement[bool]:
    """What the own county board has nominated, for those of it who take part in the group."""
    if county_of(person) is None:
        return sa.false()
    writing = group_ids(person).where(Membership.role != Role.OBSERVER)
    return (Nomination.organisation_id == person.organisation_id) & Training.group_id.in_(writing)


def _nominations(condition: sa.ColumnElement[bool]) -> sa.Select[Nomination]:
    return (
        sa.select(Nomination)
        .join(Cohort, Cohort.id == Nomination.cohort_id)
        .join(Training, Training.id == Cohort.training_id)
        .where(condition)
    )


def visible_nominations(person: Person) -> sa.Select[Nomination]:
    """Who is nominated: for those who lead the group, and for the county board that has nominated. Others see figures."""
    return _nominations(Training.group_id.in_(led_group_ids(person)) | _of_own_board(person))


def own_nominations(person: Person) -> sa.Select[Nomination]:
    """What the person has finished: one's own, whatever group the training belongs to."""
    return _nominations((Nomination.person_id == person.id) & Nomination.graduated_at.is_not(None))


def visible_graduations(person: Person) -> sa.Select[Nomination]:
    """The graduates of whom the person may have the certificate: as the nominations, and the own ones."""
    condition = (
        Training.group_id.in_(led_group_ids(person)) | _of_own_board(person) | (Nomination.person_id == person.id)
    )
    return _nominations(condition & Nomination.graduated_at.is_not(None))


# --- what may be done -------------------------------------------------------------------------------------------------


def can_lead_training(person: Person, group: Group) -> bool:
    """The group's convener and secretary."""
    return not group.is_archived and can_lead_group(person, group)


def can_nominate(person: Person, training: Training) -> bool:
    """The county boards' people who may write in the group."""
    return county_of(person) is not None and can_write_in_group(person, training.group)


def can_withdraw_nomination(person: Person, nomination: Nomination) -> bool:
    """The people of the board that has nominated, and those who lead the training."""
    training = nomination.cohort.training
    is_own = nomination.organisation_id == person.organisation_id and can_nominate(person, training)
    return is_own or can_lead_training(person, training.group)


def can_consent(person: Person, nomination: Nomination) -> bool:
    """Nobody but the graduate."""
    return nomination.person_id == person.id and nomination.graduated_at is not None


def led_groups(person: Person) -> Sequence[Group]:
    """The groups that the person leads, by name."""
    return db.session.scalars(sa.select(Group).where(Group.id.in_(led_group_ids(person))).order_by(Group.name)).all()


# --- facts ------------------------------------------------------------------------------------------------------------


def numbers(cohort_ids: Collection[int]) -> dict[int, dict[NominationState | str, int]]:
    """How many of each cohort are nominated, admitted and so on, and have graduated. One query."""
    graduated = sa.func.count(Nomination.graduated_at)
    rows = (
        sa.select(Nomination.cohort_id, Nomination.state, sa.func.count(), graduated)
        .where(Nomination.cohort_id.in_(list(cohort_ids)))
        .group_by(Nomination.cohort_id, Nomination.state)
    )
    found: dict[int, dict[NominationState | str, int]] = {one: {"graduates": 0} for one in cohort_ids}
    for cohort_id, state, number, done in db.session.execute(rows):
        found[cohort_id][state] = number
        found[cohort_id]["graduates"] += done
    return found


def admitted(cohort: Cohort) -> int:
    """How many places are taken."""
    rows = sa.select(sa.func.count(Nomination.id)).where(
        Nomination.cohort_id == cohort.id, Nomination.state == NominationState.ADMITTED
    )
    return db.session.scalar(rows) or 0


def in_line(cohort: Cohort) -> sa.Select[Nomination]:
    """The waiting list in its order."""
    return (
        sa.select(Nomination)
        .where(Nomination.cohort_id == cohort.id, Nomination.state == NominationState.WAITING)
        .order_by(Nomination.place_in_line, Nomination.id)
    )


def participants(cohort: Cohort) -> Sequence[Nomination]:
    """Those who are admitted, by name."""
    rows = sa.select(Nomination).where(Nomination.cohort_id == cohort.id, Nomination.state == NominationState.ADMITTED)
    return db.session.scalars(rows.order_by(Nomination.name, Nomination.id)).unique().all()


def present_on(occasion: Occasion) -> set[int]:
    """The nominations of those who were there."""
    rows = sa.select(Attendance.nomination_id).where(Attendance.occasion_id == occasion.id, Attendance.is_present)
    return set(db.session.scalars(rows))


def times_present(cohort: Cohort) -> dict[int, int]:
    """How many occasions each participant has been at."""
    rows = (
        sa.select(Attendance.nomination_id, sa.func.count())
        .join(Occasion, Occasion.id == Attendance.occasion_id)
        .where(Occasion.cohort_id == cohort.id, Attendance.is_present)
        .group_by(Attendance.nomination_id)
    )
    return dict(db.session.execute(rows).all())


def board_people(group: Group, organisation_ids: Collection[int] | None = None) -> Sequence[Person]:
    """The people of the county boards in a group who can nominate; of all boards, or of these."""
    rows = county_board_people(group)
    if organisation_ids is not None:
        rows = rows.where(Organisation.id.in_(list(organisation_ids)))
    return db.session.scalars(rows).unique().all()


def account_of(email: str) -> Person | None:
    """The one active account with an address that its organisation vouches for."""
    domain = email.rpartition("@")[2]
    rows = (
        sa.select(Person)
        .join(EmailDomain, EmailDomain.organisation_id == Person.organisation_id)
        .where(Person.email == email, Person.status == PersonStatus.ACTIVE, EmailDomain.domain == domain)
    )
    found = db.session.scalars(rows.limit(2)).unique().all()
    return found[0] if len(found) == 1 and found[0].is_active else None


def coverage(person: Person) -> dict[str, dict[Authority, int]]:
    """How many graduates each county has at each authority, as far as the person may see the trainings. One query.

    Somebody with two trainings counts once; who has left the register does not count. All counties are there.
    """
    rows = (
        sa.select(Nomination.county_code, Nomination.authority, sa.func.count(Nomination.email.distinct()))
        .join(Cohort, Cohort.id == Nomination.cohort_id)
        .where(
            Cohort.training_id.in_(_visible_ids(person)),
            Cohort.state == CohortState.COMPLETED,
            Nomination.graduated_at.is_not(None),
            Nomination.left_register_at.is_(None),
        )
        .group_by(Nomination.county_code, Nomination.authority)
    )
    found: dict[str, dict[Authority, int]] = {code: dict.fromkeys(Authority, 0) for code in COUNTIES}
    for code, authority, number in db.session.execute(rows):
        if code in found:
            found[code][authority] = number
    return found
