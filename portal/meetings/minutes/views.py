"""Pages of the minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from portal import db, guard, web
from portal.errors import Conflict
from portal.meetings import policy
from portal.meetings.agenda.policy import visible_items
from portal.meetings.minutes import actions, page
from portal.meetings.minutes.forms import NoteForm
from portal.meetings.mode import parts
from portal.meetings.models import AgendaItem, MinutesNote, MinutesVersion
from portal.meetings.views import note_read, visible_meeting
from portal.times import clock_seconds

bp = Blueprint("minutes", __name__)


@bp.get("/meetings/<int:meeting_id>/minutes")
def minutes(meeting_id: int) -> ResponseReturnValue:
    """The minutes: the draft, the newest edition or an earlier one (`?edition=1`), on wish with what has changed (`?changes=1`)."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    note_read("minutes_read", meeting, person)
    return render_template("meetings/minutes.html", **page.context(meeting, person))


@bp.route("/agenda-items/<int:item_id>/minutes", methods=["GET", "POST"])
def edit_note(item_id: int) -> ResponseReturnValue:
    """Write the minutes of one item. When somebody saved it meanwhile both versions are shown and the writer chooses.

    A script saves as one writes: it gets the new revision, or what somebody else wrote (409), or the guard's finds (422).
    """
    person = web.current_person()
    item = web.find(visible_items(person).where(AgendaItem.id == item_id))
    web.check(policy.can_write_minutes(person, item.meeting))
    form = NoteForm()
    context: dict[str, Any] = {"finds": [], "theirs": None, "versions": _versions(item.note)}
    status = 200
    if request.method == "GET":
        policy.check_not_sealed(item.meeting)
        note_read("minutes_read", item.meeting, person)
        if web.is_fragment_request():
            return _plain_note(item.note)
        _fill(form, item.note)
    elif not form.validate():
        status = 422
    else:
        try:
            note = actions.save_note(
                item, text=form.text.data, based_on=form.based_on.data or 0, writer_key=form.writer_key.data or "",
                keep=web.kept(), by=person,
            )  # fmt: skip
            return _saved(item, note)
        except guard.Stopped as stopped:
            context["finds"], status = stopped.finds, 422
        except Conflict as error:
            if error.message:
                raise  # sealed: there is nothing to choose
            context["theirs"], status = _newest(item), 409
            form.based_on.data = context["theirs"].revision
    template = "meetings/_note_refused.html" if web.is_fragment_request() else "meetings/note.html"
    answer = render_template(template, item=item, meeting=item.meeting, group=item.meeting.group, form=form, **context)
    return Response(answer, status=status, headers={"X-Revision": str(form.based_on.data or 0)})


def _plain_note(note: MinutesNote | None) -> Response:
    """The text as it is written, with its revision: for an editor in which nothing of the writer's own is unsaved."""
    text, revision = (note.text, note.revision) if note is not None else ("", 0)
    return Response(text, mimetype="text/plain", headers={"X-Revision": str(revision)})


def _saved(item: AgendaItem, note: MinutesNote) -> ResponseReturnValue:
    db.session.flush()
    parts.publish(visible_meeting(web.current_person(), item.meeting_id), ["note"], item)
    if web.is_fragment_request():
        headers = {"X-Revision": str(note.revision), "X-Saved-At": clock_seconds(note.written_at)}
        return Response(status=204, headers=headers)
    flash(_("The minutes of ”%(title)s” are saved.", title=item.title), "done")
    return redirect(url_for("minutes.minutes", meeting_id=item.meeting_id, _anchor=f"item-{item.id}"))


def _versions(note: MinutesNote | None) -> Sequence[MinutesVersion]:
    """What the minutes said before, the newest first."""
    if note is None:
        return []
    query = sa.select(MinutesVersion).where(MinutesVersion.note_id == note.id).order_by(MinutesVersion.revision.desc())
    return db.session.scalars(query.limit(100)).all()


def _fill(form: NoteForm, note: MinutesNote | None) -> None:
    form.text.data = note.text if note else ""
    form.based_on.data = note.revision if note else 0


def _newest(item: AgendaItem) -> MinutesNote:
    query = sa.select(MinutesNote).where(MinutesNote.item_id == item.id).options(joinedload(MinutesNote.written_by))
    return db.session.scalars(query.execution_options(populate_existing=True)).one()
