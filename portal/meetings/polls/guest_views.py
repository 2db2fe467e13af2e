"""The page of a guest of a date poll: by a signed link, the times and nothing else."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal import guard, web
from portal.errors import Invalid, NotFound
from portal.meetings.polls import actions, parts, tokens
from portal.meetings.polls.forms import answer_form
from portal.meetings.polls.letters import title_outside
from portal.meetings.polls.models import PollInvitee
from portal.meetings.polls.views import bp, saved_text, seen_times


@bp.route("/poll-answers/<guest_token>", methods=["GET", "POST"])
@web.csrf.exempt  # there is no session to be misused: the signed token in the address is the whole authority
@web.public
@web.limiter.limit(web.public_limit)
def guest(guest_token: str) -> ResponseReturnValue:
    """A guest's own answers by a signed link: the times and nothing else. Dead when the poll takes no answers any more."""
    invitee = tokens.guest_of_token(guest_token)
    if invitee is None:
        raise NotFound
    found = invitee.poll
    if request.method == "GET":
        return _guest_page(invitee, guest_token, answer_form(found, said_by=invitee, is_guest=True))
    form = answer_form(found, is_guest=True)
    if form.validate():
        try:
            actions.answer_poll(invitee, form.answers(), comment=form.comment.data or "", seen=seen_times(), by=None)
            parts.publish(found)
            return redirect(url_for("polls.guest", guest_token=guest_token, lang=request.args.get("lang"), saved=1))
        except guard.Stopped as stopped:
            form.comment.errors = [stopped.message]
        except Invalid as error:
            form = answer_form(found, is_guest=True)
            form.form_errors = [error.message]
    return _guest_page(invitee, guest_token, form), 422


def _guest_page(invitee: PollInvitee, token: str, form: Any) -> str:
    return render_template(
        "meetings/polls/guest.html", poll=invitee.poll, invitee=invitee, form=form, title=title_outside(invitee.poll),
        here=url_for("polls.guest", guest_token=token, lang=request.args.get("lang")),
        saved=saved_text(invitee.poll, len(invitee.answers))
        if request.args.get("saved") == "1" and invitee.answered_at is not None
        else "",
    )  # fmt: skip
