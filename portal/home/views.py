"""Idag, a group's front page, the unified search, and the pages about the portal itself: views only."""

from __future__ import annotations

import contextlib

import sqlalchemy as sa
from flask import Blueprint, current_app, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

import config
from portal import db, outbox, refine, search, web
from portal.discussions import actions as discussion_actions
from portal.discussions.following.policy import can_follow_group, group_level
from portal.discussions.models import Thread
from portal.discussions.moderation.policy import open_reports
from portal.discussions.policy import can_start_thread, unread_by_thread, visible_threads
from portal.home import lifted_lists, thread_lists
from portal.home.nav import navigation
from portal.home.places import places
from portal.library.facets import OF_MATERIALS
from portal.library.facets import titles as facet_titles
from portal.library.policy import successors
from portal.meetings.followup.policy import open_actions
from portal.meetings.policy import invitation_of, meetings_to_come, next_meeting
from portal.people.models import Group, Membership, Person, Role
from portal.people.policy import (
    readable_group_ids,
    visible_group,
    visible_members,
)
from portal.refine import Refinement
from portal.searches.types import type_names

bp = Blueprint("home", __name__)

NEWS_PER_GROUP = 3
ACTIONS_SHOWN = 5  # in the rail of a group
RESULTS_A_PAGE, RESULTS_IN_WINDOW = 20, 8
SIGN_OF_LIFE_SECONDS = 60


@bp.get("/")
def today() -> ResponseReturnValue:
    """Idag: what awaits me, what is new since last time, the next meetings."""
    person = web.current_person()
    web.check(person.is_active)
    meetings = db.session.scalars(meetings_to_come(person).limit(4)).unique().all()
    return render_template(
        "home/today.html",
        waiting=navigation().invitations,
        news=_news(person),
        meetings=meetings,
        since=person.previous_visit_at,
    )


def _news(person: Person) -> list[tuple[Group, list[tuple[Thread, int]], int]]:
    """Per group: at most three threads with unread posts, latest first, and the number of unread posts in all of them."""
    frame = navigation()
    latest: dict[int, list[int]] = {}
    for group_id, thread_id in frame.unread:
        if len(latest.setdefault(group_id, [])) < NEWS_PER_GROUP:
            latest[group_id].append(thread_id)
    if not latest:
        return []
    query = visible_threads(person).where(Thread.id.in_([one for some in latest.values() for one in some]))
    threads = {thread.id: thread for thread in db.session.scalars(query).unique()}
    return [
        (group, [(threads[one], frame.unread[group.id, one]) for one in latest[group.id] if one in threads], count)
        for group, count in frame.groups
        if group.id in latest
    ]


@bp.post("/read-marks")
def mark_all_read() -> ResponseReturnValue:
    """Mark everything as read."""
    person = web.current_person()
    web.check(person.is_active)
    discussion_actions.mark_all_read(person, unread_by_thread(person))
    return redirect(url_for("home.today"))


@bp.get("/groups/<slug>")
def group(slug: str) -> ResponseReturnValue:
    """A group's front page: next meeting, threads, roles. `?show=` and more choose among the threads (thread_lists.py)."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    unread = {thread_id: count for (_group, thread_id), count in navigation().unread.items()}
    listed = thread_lists.listed(person, group, thread_lists.Choice.of_request(), unread)
    upcoming = next_meeting(person, group)
    roles = visible_members(person, group).where(Membership.role.in_([Role.CONVENER, Role.SECRETARY]))
    return render_template(
        "home/group.html",
        group=group,
        listed=listed,
        unread=unread,
        unread_here=sum(1 for group_id, _thread in navigation().unread if group_id == group.id),
        next_meeting=upcoming,
        invitation=invitation_of(person, upcoming) if upcoming is not None else None,
        actions=db.session.scalars(open_actions(person, group).limit(ACTIONS_SHOWN + 1)).unique().all(),
        actions_shown=ACTIONS_SHOWN,
        leaders=db.session.scalars(roles.options(joinedload(Membership.person)).order_by(Membership.role)).all(),
        may_write=can_start_thread(person, group),
        reports=open_reports(person, group),
        follow_level=group_level(person, group) if can_follow_group(person, group) else None,
    )


@bp.get("/lifted-questions")
def lifted_questions() -> ResponseReturnValue:
    """Everything that was raised in the network, where it is now and what became of it; `?step=` raised, agenda or answered."""
    person = web.current_person()
    threads = web.page(lifted_lists.visible_lifted(person), limit=lifted_lists.MOST)
    step = request.args.get("step", "")
    found = lifted_lists.overview(threads, person, step)
    return render_template(
        "home/lifted.html", found=found, step=step if step in lifted_lists.STEPS else "", total=len(threads)
    )


@bp.get("/search", endpoint="search")
def search_page() -> ResponseReturnValue:
    """One field for everything. As a fragment it fills the search window, while somebody types."""
    person = web.current_person()
    web.check(person.is_active)
    asked = Refinement.of_request(search.FACETS)
    is_window = web.is_fragment_request()
    chosen = dict(asked.chosen)
    of_materials = OF_MATERIALS if "resource" in chosen.get("type", ()) else ()
    results: search.Results | None = None
    with contextlib.suppress(search.SearchDown):  # the page says so
        results = search.query(
            asked.text, person=person, group_ids=db.session.scalars(readable_group_ids(person)).all(), chosen=chosen,
            counted=() if is_window else {"type", "group", "year", *of_materials, *chosen}, newest_first=asked.newest_first,
            as_written=asked.as_written, is_typing=is_window, offset=(asked.page - 1) * RESULTS_A_PAGE,
            limit=RESULTS_IN_WINDOW if is_window else RESULTS_A_PAGE,
        )  # fmt: skip
    status = 200 if results is not None else 503
    if is_window:
        found = places(person, asked.text)
        return render_template(
            "home/_search_window.html", results=results, asked=asked, named=[place for place in found if place.is_named],
            places=[place for place in found if not place.is_named],
        ), status  # fmt: skip
    titles = {"type": (_("Kind of thing"), type_names), **facet_titles(person)}
    facets = refine.facets(asked, results.facets if results else {}, titles)
    materials = [found.obj for found in results.found if found.type == "resource"] if results else []
    page = render_template(
        "home/search.html", results=results, asked=asked, facets=facets, a_page=RESULTS_A_PAGE,
        successors=successors(person, materials),
    )  # fmt: skip
    return page, status


@bp.get("/accessibility")
@web.public
def accessibility() -> ResponseReturnValue:
    """The accessibility statement, with the way to report what does not work."""
    return render_template("home/accessibility.html", support_email=current_app.config["SETTINGS"].support_email)


@bp.get("/privacy")
@web.public
def privacy() -> ResponseReturnValue:
    """What the portal stores about its users, and what must never be written."""
    return render_template("home/privacy.html", support_email=current_app.config["SETTINGS"].support_email)


@bp.get("/health")
@web.public
@web.limiter.exempt
def health() -> ResponseReturnValue:
    """Whether the portal works: 200 with version, database, worker and index, 503 when one of them is down."""
    answer: dict[str, object] = {"version": config.VERSION}
    try:
        seen_at = db.session.scalar(sa.select(sa.func.max(outbox.WorkerSign.seen_at)))
        waiting, lag_seconds = search.lag()
    except sa.exc.SQLAlchemyError:
        return jsonify({**answer, "database": "down"}), 503
    index = "up"
    try:
        search.check()
    except search.SearchDown:
        index = "down"
    age = (db.now() - seen_at).total_seconds() if seen_at else None
    is_alive = age is not None and age < SIGN_OF_LIFE_SECONDS
    answer |= {
        "database": "up",
        "worker": {
            "status": "up" if is_alive else "down",
            "seconds_since_sign_of_life": round(age) if age is not None else None,
        },
        "index": {"status": index, "waiting": waiting, "lag_seconds": round(lag_seconds, 1)},
        "outbox": {"failed": outbox.failed_count()},
    }
    return jsonify(answer), 200 if is_alive and index == "up" else 503
