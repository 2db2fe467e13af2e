"""The updates of an organisation."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal import web
from portal.discussions.actions import note_read
from portal.discussions.models import Post
from portal.discussions.updates import actions, policy
from portal.discussions.views import bp
from portal.people.models import Organisation

UPDATES_A_PAGE = 20


@bp.get("/organisations/<int:organisation_id>/updates")
def updates(organisation_id: int) -> ResponseReturnValue:
    """What the organisation tells those who read this, the pinned update first; `?before=<post id>` for older ones."""
    person = web.current_person()
    organisation = web.find(policy.visible_sources(person).where(Organisation.id == organisation_id))
    before = web.number_of("before")
    pinned = policy.pinned_update(person, organisation) if before is None else None
    query = policy.visible_updates(person).where(Post.organisation_id == organisation.id).order_by(Post.id.desc())
    if before is not None:
        query = query.where(Post.id < before)
    rows = web.page(query, limit=UPDATES_A_PAGE + 1)
    shown = rows[:UPDATES_A_PAGE]
    for thread in {post.thread for post in [*shown, *([pinned] if pinned else [])]}:
        note_read(thread, by=person)
    return render_template(
        "discussions/updates.html", organisation=organisation, pinned=pinned,
        posts=[post for post in shown if pinned is None or post.id != pinned.id], last=shown[-1] if shown else None,
        has_older=len(rows) > UPDATES_A_PAGE, is_own=organisation.id == person.organisation_id,
    )  # fmt: skip


@bp.post("/posts/<int:post_id>/pin")
def pin_update(post_id: int) -> ResponseReturnValue:
    """Pin an update of one's organisation; `step` unpin lets it go."""
    person = web.current_person()
    post = web.find(policy.visible_updates(person).where(Post.id == post_id))
    web.check(policy.can_pin_update(person, post))
    organisation_id = post.organisation_id
    (actions.unpin_update if request.form.get("step") == "unpin" else actions.pin_update)(post, by=person)
    return redirect(url_for("discussions.updates", organisation_id=organisation_id))
