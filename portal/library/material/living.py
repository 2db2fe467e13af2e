"""What keeps material alive by itself: reminders of reviews, and somebody responsible when the one who was is gone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from portal import db, outbox
from portal.library.material.living_actions import hand_over
from portal.library.material.policy import WRITING
from portal.library.models import FileState, Resource
from portal.library.validity import SOON
from portal.notifications import kinds
from portal.notifications.actions import notify
from portal.notifications.reminders import claim_once, is_daytime
from portal.people import closing
from portal.people.models import Group, Membership, Organisation, Person, PersonStatus
from portal.times import day, today

MONTH = 30  # days between reminders of a review that is late
A_TURN = 200  # materials of one turn of housekeeping


def _of(person_ids: Collection[int]) -> sa.Select[Resource]:
    return sa.select(Resource).where(Resource.responsible_id.in_(person_ids)).order_by(Resource.id)


@closing.also_end
def release_all(person_ids: Collection[int]) -> None:
    """Somebody else becomes responsible for the material of people whose accounts are closed."""
    for resource in db.session.scalars(_of(person_ids)).unique().all():
        hand_over(resource, without=person_ids, by=None)


@closing.also_leave
def release_of_group(group: Group, person_id: int) -> None:
    """The same for the material of a group that a person leaves."""
    for resource in db.session.scalars(_of([person_id]).where(Resource.group_id == group.id)).unique().all():
        hand_over(resource, without=[person_id], by=None)


@outbox.every(timedelta(hours=1))
def release_left() -> None:
    """The same for those who have gone in a way that told nobody."""
    can_write = (
        sa.select(Membership.id)
        .where(
            Membership.group_id == Resource.group_id,
            Membership.person_id == Resource.responsible_id,
            Membership.left_at.is_(None),
            Membership.role.in_(WRITING),
        )
        .exists()
    )
    is_active = (
        sa.select(Person.id)
        .join(Organisation, Organisation.id == Person.organisation_id)
        .where(
            Person.id == Resource.responsible_id,
            Person.status == PersonStatus.ACTIVE,
            Organisation.is_active.is_(True),
        )
        .exists()
    )
    rows = (
        sa.select(Resource)
        .join(Group, Group.id == Resource.group_id)
        .where(
            Resource.responsible_id.is_not(None),
            Resource.state == FileState.READY,
            Group.is_archived.is_(False),
            sa.not_(can_write & is_active),
        )
    )
    for resource in db.session.scalars(rows.order_by(Resource.id).limit(A_TURN)).unique().all():
        hand_over(resource, by=None)


def step_of(review_by: date, on: date) -> str | None:
    """Which reminder is due on a day: 30 days before, on the day, then every month; None before that."""
    late = (on - review_by).days
    if late >= 0:
        return f"late {late // MONTH}"
    return "soon" if review_by <= on + SOON else None


@outbox.every(timedelta(hours=1))
def remind_of_reviews() -> None:
    """Tell who is responsible that a material is to be reviewed; whoever is new to it is found first."""
    if not is_daytime():
        return
    rows = (
        sa.select(Resource)
        .join(Group, Group.id == Resource.group_id)
        .where(
            Resource.state == FileState.READY,
            Resource.withdrawn_at.is_(None),
            Resource.replaced_by_id.is_(None),
            Resource.review_by <= today() + SOON,
            Group.is_archived.is_(False),
        )
        .options(joinedload(Resource.responsible))
        .order_by(Resource.id)
    )
    for resource in db.session.scalars(rows).unique().all():
        assert resource.review_by is not None  # asked for
        step = step_of(resource.review_by, today())
        if step is None or not claim_once(f"review:{resource.id}:{resource.review_by}:{step}"):
            continue
        if resource.responsible is None:
            hand_over(resource, by=None)
        if resource.responsible is not None:
            notify(
                [resource.responsible], "review_due", group=resource.group, path=resource.path, by=None,
                title=resource.title[:200], on=resource.review_by.isoformat(), is_late=resource.review_by < today(),
            )  # fmt: skip


def register_notices() -> None:
    """Make the kinds of notices about material known."""
    section = _l("Materials")
    kinds.register(
        "review_due", section=section, label=_l("Material that you are responsible for is to be reviewed"),
        text=lambda title, on, is_late: _("”%(title)s” should have been reviewed by %(day)s.", title=title, day=day(date.fromisoformat(on)))
        if is_late
        else _("”%(title)s” is to be reviewed by %(day)s.", title=title, day=day(date.fromisoformat(on))),
    )  # fmt: skip
    kinds.register(
        "resource_handed_over", section=section, label=_l("You have become responsible for material"),
        text=lambda title: _("You are responsible for ”%(title)s” now.", title=title),
    )  # fmt: skip
    kinds.register(
        "resource_reported", section=section, label=_l("Somebody says that material no longer holds"),
        text=lambda title, text, organisation: _(
            "%(organisation)s about ”%(title)s”: %(text)s", title=title, text=text, organisation=organisation
        ),
    )  # fmt: skip
