"""Buttons for following, and for having read."""

from __future__ import annotations

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import db, web
from portal.discussions import actions as discussions
from portal.discussions import views
from portal.discussions.following import actions, policy
from portal.discussions.following.models import Level
from portal.discussions.models import Thread
from portal.discussions.policy import unread, visible_threads
from portal.people.policy import visible_group

bp = views.bp

READ_MARKS = "60 per minute"  # of one person: each open thread tells at most every other second


def _chosen_level() -> Level:
    value = request.form.get("level", "")
    if value not in set(Level):
        abort(400)
    return Level(value)


@bp.post("/threads/<int:thread_id>/follow")
def follow_thread(thread_id: int) -> ResponseReturnValue:
    """Choose how to follow a thread."""
    person = web.current_person()
    thread = web.find(visible_threads(person).where(Thread.id == thread_id))
    web.check(policy.can_follow_thread(person, thread))
    actions.follow_thread(thread, _chosen_level(), by=person)
    flash(_("Saved."), "done")
    return redirect(url_for("discussions.thread", thread_id=thread_id))


@bp.post("/groups/<slug>/follow")
def follow_group(slug: str) -> ResponseReturnValue:
    """Choose how to follow a group."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    web.check(policy.can_follow_group(person, group))
    actions.follow_group(group, _chosen_level(), by=person)
    flash(_("Saved."), "done")
    return redirect(url_for("home.group", slug=slug))


@bp.post("/threads/<int:thread_id>/read-mark")
@web.counted_apart
@web.limiter.limit(READ_MARKS)
def mark_thread_read(thread_id: int) -> ResponseReturnValue:
    """Note that the person has had the posts up to the number `seq` before the eyes: a page that is looked at says so by itself."""
    person = web.current_person()
    thread = web.find(visible_threads(person).where(Thread.id == thread_id))
    seq = web.form_number("seq")
    if seq is None or not 0 < seq <= thread.last_seq:
        abort(400)
    discussions.mark_read(db.session(), person_id=person.id, thread_id=thread_id, seq=seq)
    return "", 204


@bp.post("/groups/<slug>/read-marks")
def mark_group_read(slug: str) -> ResponseReturnValue:
    """Mark everything in a group as read."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    web.check(person.is_active)
    ids = [thread_id for group_id, thread_id in unread(person) if group_id == group.id]
    discussions.mark_all_read(person, ids)
    return redirect(url_for("home.group", slug=slug))


@bp.get("/threads/unread/next")
def next_unread() -> ResponseReturnValue:
    """Go on to the next thread with something unread: of the group of thread `?after=<id>` first. Idag when there is none."""
    person = web.current_person()
    web.check(person.is_active)
    counts = unread(person)
    after = web.number_of("after")
    group_id = None
    if after is not None:
        group_id = next((group for group, thread in counts if thread == after), None)
        left = visible_threads(person).where(Thread.id == after).with_only_columns(Thread.group_id)
        group_id = group_id or db.session.scalar(left)
    found = policy.next_unread(list(counts), after=after, group_id=group_id)
    if found is None:
        flash(_("You have read everything."), "done")
        return redirect(url_for("home.today"))
    return redirect(url_for("discussions.thread", thread_id=found, _anchor="new"))
