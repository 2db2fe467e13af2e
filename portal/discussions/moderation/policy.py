"""Who may report, who sees the reports, and who may do what about them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from portal import db
from portal.discussions.models import Post, Thread
from portal.discussions.moderation.models import ModerationAct, PostReport, Suspension
from portal.discussions.policy import visible_posts
from portal.people.models import Group, Membership, Person, Role
from portal.people.policy import can_lead_group, role_in
from portal.times import today

LEADING = (Role.CONVENER, Role.SECRETARY)


def can_report_post(person: Person, post: Post) -> bool:
    """Whoever may read it, but not its author; what is gone needs no report."""
    return person.is_active and post.author_id != person.id and post.line is None and post.gone is None


def can_moderate_group(person: Person, group: Group) -> bool:
    """The group's convener and secretary."""
    return not group.is_archived and can_lead_group(person, group)


def can_decide_report(person: Person, post: Post) -> bool:
    """The group's leaders; nobody judges what he wrote himself."""
    return post.author_id != person.id and can_moderate_group(person, post.thread.group)


def can_suspend(person: Person, other: Person, group: Group) -> bool:
    """The group's leaders suspend those who write there, but no other leader and not themselves."""
    is_leader = role_in(other, group) in LEADING
    return other.id != person.id and not is_leader and can_moderate_group(person, group)


def can_release(person: Person, other: Person, group: Group) -> bool:
    """The group's leaders let others write again, whatever these are by now."""
    return other.id != person.id and can_moderate_group(person, group)


def visible_reports(person: Person, group: Group) -> sa.Select[PostReport]:
    """The reports that nobody has answered yet, the oldest first: for the group's leaders."""
    query = (
        sa.select(PostReport)
        .join(PostReport.post)
        .join(Post.thread)
        .where(
            Thread.group_id == group.id,
            PostReport.act_id.is_(None),
            PostReport.post_id.in_(visible_posts(person).with_only_columns(Post.id)),
        )
        .options(
            contains_eager(PostReport.post).contains_eager(Post.thread),
            contains_eager(PostReport.post).joinedload(Post.author),
            contains_eager(PostReport.post).joinedload(Post.organisation),
            joinedload(PostReport.reporter),
        )
        .order_by(PostReport.id)
    )
    return query if can_moderate_group(person, group) else query.where(sa.false())


def open_reports(person: Person, group: Group) -> int | None:
    """How many reports wait for an answer; None for whoever does not answer them."""
    if not can_moderate_group(person, group):
        return None
    waiting = sa.select(sa.func.count(PostReport.post_id.distinct())).join(PostReport.post).join(Post.thread)
    return db.session.scalar(waiting.where(Thread.group_id == group.id, PostReport.act_id.is_(None))) or 0


def visible_acts(person: Person, group: Group) -> sa.Select[ModerationAct]:
    """The log of a group, the newest first: for its leaders."""
    query = (
        sa.select(ModerationAct)
        .where(ModerationAct.group_id == group.id)
        .options(
            joinedload(ModerationAct.by), joinedload(ModerationAct.person), joinedload(ModerationAct.thread),
        )
        .order_by(ModerationAct.id.desc())
    )  # fmt: skip
    return query if can_moderate_group(person, group) else query.where(sa.false())


def visible_suspensions(person: Person, group: Group) -> sa.Select[Suspension]:
    """Who may not write in the group now: for its leaders."""
    query = (
        sa.select(Suspension)
        .where(Suspension.group_id == group.id, Suspension.until_on >= today())
        .options(joinedload(Suspension.person))
        .order_by(Suspension.until_on, Suspension.person_id)
    )
    return query if can_moderate_group(person, group) else query.where(sa.false())


def can_be_suspended(person: Person, group: Group) -> sa.Select[Person]:
    """The members whom the person may suspend from writing, by name."""
    writing = sa.select(Membership.person_id).where(
        Membership.group_id == group.id, Membership.left_at.is_(None), Membership.role == Role.MEMBER
    )
    query = sa.select(Person).where(Person.id.in_(writing), Person.id != person.id).order_by(Person.name, Person.id)
    return query if can_moderate_group(person, group) else query.where(sa.false())
