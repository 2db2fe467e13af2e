"""Pages of moderation: reporting a post, the leaders' page, and what may be written right now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from portal import guard, web
from portal.discussions.actions import note_read
from portal.discussions.forms import PostForm
from portal.discussions.fragments import render_for_all
from portal.discussions.models import Post, Thread
from portal.discussions.moderation import actions, policy
from portal.discussions.moderation.forms import REASONS, DecisionForm, PaceForm, ReasonForm, ReportForm, SuspensionForm
from portal.discussions.moderation.models import ModerationAct, ReportReason, Suspension
from portal.discussions.moderation.standing import paces
from portal.discussions.policy import visible_posts, visible_threads
from portal.discussions.views import bp, composer_of
from portal.errors import Invalid
from portal.people.models import Group, Person
from portal.people.policy import visible_group

MOST_REPORTS = 100
MOST_ACTS = 50
MOST_PEOPLE = 1000


def _post(post_id: int) -> tuple[Person, Post]:
    person = web.current_person()
    return person, web.find(visible_posts(person).where(Post.id == post_id))


def _group(slug: str) -> tuple[Person, Group]:
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    web.check(policy.can_moderate_group(person, group))
    return person, group


def _try(form: ReasonForm | ReportForm, do: Callable[[], object]) -> Sequence[guard.Find] | None:
    """Do it. None when it is done; else what the guard found (nothing: the form says what is wrong)."""
    if not form.validate():
        return []
    try:
        do()
    except guard.Stopped as stopped:
        return stopped.finds
    except Invalid as wrong:
        form[wrong.field or "reason"].errors = [wrong.message]
        return []
    return None


@bp.route("/posts/<int:post_id>/report", methods=["GET", "POST"])
def report_post(post_id: int) -> ResponseReturnValue:
    """Tell the group's leaders that something is wrong with a post."""
    person, post = _post(post_id)
    web.check(policy.can_report_post(person, post))
    form = ReportForm()
    finds: Sequence[guard.Find] | None = ()
    if request.method == "POST":
        finds = _try(
            form,
            lambda: actions.report_post(
                post, reason=ReportReason(form.reason.data), words=form.words.data or "", keep=web.kept(), by=person
            ),
        )
        if finds is None:
            flash(_("The group's leaders have been told. Only they see that it was you."), "done")
            return redirect(url_for("discussions.post", post_id=post_id))
    note_read(post.thread, by=person)
    page = render_template("discussions/moderation/report.html", post=post, thread=post.thread, form=form, finds=finds)
    return page, 200 if request.method == "GET" else 422


@bp.route("/posts/<int:post_id>/decision", methods=["GET", "POST"])
def decide(post_id: int) -> ResponseReturnValue:
    """Decide what becomes of a reported post."""
    person, post = _post(post_id)
    web.check(policy.can_decide_report(person, post))
    form = DecisionForm()
    finds: Sequence[guard.Find] | None = ()
    if request.method == "POST":
        finds = _try(form, lambda: _decide(post, form.step.data, form.reason.data, by=person))
        if finds is None:
            flash(_("Your decision is stored."), "done")
            return redirect(url_for("discussions.moderation", slug=post.thread.group.slug))
    note_read(post.thread, by=person)
    page = render_template("discussions/moderation/decide.html", post=post, thread=post.thread, form=form, finds=finds)
    return page, 200 if request.method == "GET" else 422


def _decide(post: Post, step: str, reason: str, *, by: Person) -> None:
    told: dict[str, Any] = {"reason": reason, "keep": web.kept(), "by": by}
    if step == "hide":
        actions.hide_reported(post, render=render_for_all, **told)
    elif step == "close":
        actions.close_reported(post, render=render_for_all, **told)
    elif step == "warn":
        actions.warn_author(post, **told)
    else:
        actions.dismiss_reports(post, **told)


@bp.get("/groups/<slug>/moderation")
def moderation(slug: str) -> ResponseReturnValue:
    """For the group's leaders: what is reported, who may not write, slow mode, and the log; `?before=<id>` for older acts."""
    person, group = _group(slug)
    return _page(person, group)


def _page(person: Person, group: Group, **forms: Any) -> str:
    reports = web.page(policy.visible_reports(person, group), limit=MOST_REPORTS)
    before = web.number_of("before")
    log = policy.visible_acts(person, group)
    if before is not None:
        log = log.where(ModerationAct.id < before)
    acts = web.page(log, limit=MOST_ACTS + 1)
    for thread in {report.post.thread for report in reports}:
        note_read(thread, by=person)
    suspending = forms.pop("suspending", None) or _suspending(person, group, formdata=None)
    pace = forms.pop("pace", None) or PaceForm(formdata=None, seconds=paces(group, None)[0])
    forms_by_name = {"suspend": suspending, "pace": pace}
    for name, form in forms_by_name.items():  # two forms of one page: each field has an id of its own
        for field in form:
            field.id = f"{name}-{field.id}"
    return render_template(
        "discussions/moderation/group.html", group=group, reports=reports, reasons=REASONS, acts=acts[:MOST_ACTS],
        has_older=len(acts) > MOST_ACTS, suspensions=web.page(policy.visible_suspensions(person, group), limit=MOST_PEOPLE),
        suspending=suspending, pace=pace, finds=forms.get("finds", ()),
    )  # fmt: skip


def _suspending(person: Person, group: Group, **how: Any) -> SuspensionForm:
    form = SuspensionForm(**how)
    people = web.page(policy.can_be_suspended(person, group), limit=MOST_PEOPLE)
    form.person.choices = [SelectChoice(one.id, f"{one.name}, {one.organisation.short_name}") for one in people]
    return form


@bp.post("/groups/<slug>/suspensions")
def suspend(slug: str) -> ResponseReturnValue:
    """Keep somebody from writing in the group's threads, to the end of a day."""
    person, group = _group(slug)
    form = _suspending(person, group)

    def do() -> None:
        other = web.find(policy.can_be_suspended(person, group).where(Person.id == form.person.data))
        web.check(policy.can_suspend(person, other, group))
        actions.suspend(other, group, until_on=form.until_on.data, reason=form.reason.data, keep=web.kept(), by=person)

    finds = _try(form, do)
    if finds is not None:
        return _page(person, group, suspending=form, finds=finds), 422
    flash(_("The person can read but not write for that time, and is told why."), "done")
    return redirect(url_for("discussions.moderation", slug=slug))


@bp.post("/groups/<slug>/suspensions/<int:person_id>/end")
def end_suspension(slug: str, person_id: int) -> ResponseReturnValue:
    """Let somebody write again."""
    person, group = _group(slug)
    found = web.find(policy.visible_suspensions(person, group).where(Suspension.person_id == person_id))
    web.check(policy.can_release(person, found.person, group))
    actions.release(found.person, group, by=person)
    flash(_("The person can write again."), "done")
    return redirect(url_for("discussions.moderation", slug=slug))


@bp.post("/groups/<slug>/pace")
def set_group_pace(slug: str) -> ResponseReturnValue:
    """Turn slow mode on or off for a whole group."""
    person, group = _group(slug)
    form = PaceForm()
    finds = _try(
        form,
        lambda: actions.set_group_pace(group, form.seconds.data, reason=form.reason.data, keep=web.kept(), by=person),
    )
    if finds is not None:
        return _page(person, group, pace=form, finds=finds), 422
    flash(_("Saved."), "done")
    return redirect(url_for("discussions.moderation", slug=slug))


@bp.route("/threads/<int:thread_id>/pace", methods=["GET", "POST"])
def set_thread_pace(thread_id: int) -> ResponseReturnValue:
    """Turn slow mode on or off for a thread."""
    person = web.current_person()
    thread = web.find(visible_threads(person).where(Thread.id == thread_id))
    web.check(policy.can_moderate_group(person, thread.group))
    form = PaceForm(seconds=paces(thread.group, thread)[1])
    finds: Sequence[guard.Find] | None = ()
    if request.method == "POST":
        finds = _try(
            form,
            lambda: actions.set_thread_pace(
                thread, form.seconds.data, reason=form.reason.data, keep=web.kept(), by=person
            ),
        )
        if finds is None:
            flash(_("Saved."), "done")
            return redirect(url_for("discussions.thread", thread_id=thread_id))
    page = render_template("discussions/moderation/pace.html", thread=thread, form=form, finds=finds)
    return page, 200 if request.method == "GET" else 422


@bp.get("/threads/<int:thread_id>/standing")
def standing(thread_id: int) -> ResponseReturnValue:
    """What stands below the posts for this person now: the composer, or why there is none."""
    person = web.current_person()
    thread = web.find(visible_threads(person).where(Thread.id == thread_id))
    return render_template(
        "discussions/moderation/_standing.html", **composer_of(thread, person, PostForm(formdata=None))
    )
