"""Keeping a draft while somebody writes."""

from __future__ import annotations

from typing import Any

from flask import current_app, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import guard, web, web_errors
from portal.discussions.drafting import actions
from portal.discussions.drafting.models import ThreadDraft
from portal.discussions.models import Thread
from portal.discussions.policy import visible_threads
from portal.discussions.views import bp
from portal.fields import tidy
from portal.people.policy import can_write_in_group
from portal.times import moment


@bp.post("/threads/<int:thread_id>/draft")
def save_draft(thread_id: int) -> ResponseReturnValue:
    """Keep what stands in the composer, for the person's other devices, also while writing is suspended. `based_on` is the
    revision that this device knows; where there is another one, that is the answer (409) and nothing is stored."""
    person = web.current_person()
    thread = web.find(visible_threads(person).where(Thread.id == thread_id))
    web.check(can_write_in_group(person, thread.group))
    body = tidy(request.form.get("body"))
    if len(body) > current_app.config["SETTINGS"].max_text_chars:
        return web_errors.error_answer(413)
    try:
        draft = actions.save_draft(thread, body, based_on=web.form_number("based_on") or 0, by=person)
    except actions.Newer as newer:
        return jsonify(body=newer.draft.body, **_saved(newer.draft)), 409
    except guard.Stopped:
        return web_errors.error_answer(
            422, _("What is written has a personal number in it, and is kept in this browser only.")
        )
    return jsonify(**_saved(draft))


def _saved(draft: ThreadDraft | None) -> dict[str, Any]:
    """Which draft it is, and when it was saved: for the script and in words."""
    if draft is None:
        return {"revision": 0, "saved_at": "", "time": ""}
    return {"revision": draft.revision, "saved_at": draft.changed_at.isoformat(), "time": moment(draft.changed_at)}
