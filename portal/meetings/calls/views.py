"""Pages of calls: answering without signing in, and calendar feeds."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import guard, secret_address, web
from portal.errors import Conflict, NotFound
from portal.meetings.actions import answer_invitation
from portal.meetings.calls import actions, feeds, policy, tokens
from portal.meetings.calls.forms import FeedForm
from portal.meetings.calls.models import CalendarFeed
from portal.meetings.entries import says_nothing, title_outside
from portal.meetings.models import Answer, AnswerVia
from portal.meetings.policy import substitute_of
from portal.people.policy import own_groups

bp = Blueprint("calls", __name__)

MOST_GROUPS = 500
OFFERED = {Answer.ON_SITE, Answer.ONLINE, Answer.DECLINED}  # by the links of a mail


@bp.route("/answers/<answer_token>", methods=["GET", "POST"])
@web.csrf.exempt  # there is no session to be misused: the signed token in the address is the whole authority
@web.public
@web.limiter.limit(web.public_limit)
def answer(answer_token: str) -> ResponseReturnValue:
    """Answer a call without signing in, from the links of its mail. Only a POST answers: mail scanners follow links."""
    invitation = tokens.invitation_of_token(answer_token)
    if invitation is None or not policy.can_answer_unsigned(invitation):
        raise NotFound
    lang = request.args.get("lang")
    if request.method == "POST":
        given = request.form.get("answer", "")
        if given not in set(Answer):
            abort(400)
        answer_invitation(invitation, Answer(given), via=AnswerVia.LINK, by=invitation.person)
        return redirect(url_for("calls.answer", answer_token=answer_token, lang=lang, sent=1))
    meeting, wanted = invitation.meeting, request.args.get("answer", "")
    return render_template(
        "meetings/answer.html", meeting=meeting, invitation=invitation, title=title_outside(meeting), hides=says_nothing(meeting),
        wanted=wanted if wanted in OFFERED and wanted != invitation.answer else "", is_sent=request.args.get("sent") == "1" and invitation.answer is not None,
        here=url_for("calls.answer", answer_token=answer_token, lang=lang), substitute=substitute_of(invitation),
    )  # fmt: skip


@bp.get("/calendar/feed/<feed_token>.ics")
@web.public
@web.limiter.limit(web.public_limit)
def feed(feed_token: str) -> ResponseReturnValue:
    """A person's meetings for a calendar program that knows the secret address."""
    found = policy.feed_of(feed_token)
    if found is None:
        raise NotFound
    secret_address.note_read(found)
    tag = feeds.etag(found)
    response = Response(mimetype="text/calendar")
    response.set_etag(tag)
    response.headers["Cache-Control"] = web.KEPT_PRIVATELY
    response.make_conditional(request)
    if response.status_code != 304:
        response.data = feeds.body(found, tag)
        response.headers["Content-Disposition"] = 'inline; filename="samverkansportalen.ics"'
    return response


@bp.route("/calendar/feeds", methods=["GET", "POST"], endpoint="feeds")
def feeds_page() -> ResponseReturnValue:
    """One's own secret addresses; a new one is shown once, in the answer to its making."""
    person = web.current_person()
    groups = web.page(own_groups(person), limit=MOST_GROUPS)
    form, address, status, conflict = FeedForm(), "", 200, ""
    form.group.choices = [(0, _("All my groups")), *((group.id, group.name) for group in groups)]
    if request.method == "POST" and not form.validate():
        status = 422
    elif request.method == "POST":
        chosen = next((group for group in groups if group.id == form.group.data), None)
        try:
            _made, token = actions.make_feed(form.name.data, group=chosen, by=person)
            address = current_app.config["SETTINGS"].base_url + url_for("calls.feed", feed_token=token)
            form = FeedForm(formdata=None)
            form.group.choices = [(0, _("All my groups")), *((group.id, group.name) for group in groups)]
        except guard.Stopped as stopped:
            form.name.errors, status = [stopped.message], 422
        except Conflict as error:
            conflict, status = error.message, 409
    rows = web.page(policy.visible_feeds(person), limit=secret_address.MOST_EACH + 1)
    page = render_template("meetings/feeds.html", form=form, feeds=rows, address=address, conflict=conflict)
    return page, status


@bp.post("/calendar/feeds/<int:feed_id>/revocation")
def revoke_feed(feed_id: int) -> ResponseReturnValue:
    """Let one of one's addresses answer no longer."""
    person = web.current_person()
    found = web.find(policy.visible_feeds(person).where(CalendarFeed.id == feed_id))
    actions.revoke_feed(found, by=person)
    flash(_("The address no longer answers."), "done")
    return redirect(url_for("calls.feeds"))
