"""Pages of one county's report: answering together, handing in, sending back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from portal import db, guard, web
from portal.counties.rounds import policy, report_actions
from portal.counties.rounds.compiled import all_codes
from portal.counties.rounds.forms import ReturnForm
from portal.counties.rounds.models import SCALE, ReportAnswer, ReportState, Round, SituationReport
from portal.counties.rounds.saying import in_words, read_answers
from portal.counties.rounds.views import bp, visible_round
from portal.county_codes import county_name
from portal.errors import Conflict, NotFound
from portal.people.models import Person
from portal.people.traces import note_reading


@dataclass(slots=True)
class _Trouble:
    """Why something was not stored."""

    wrong: dict[int, str] = field(default_factory=dict)  # by question
    clashes: dict[int, ReportAnswer] = field(default_factory=dict)
    finds: list[guard.Find] = field(default_factory=list)
    conflict: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)  # the form as it came

    @property
    def status(self) -> int:
        """Of the page that shows it."""
        return 409 if self.conflict or self.clashes else 422 if self.wrong or self.finds else 200


def _report(person: Person, found: Round, code: str) -> SituationReport | None:
    rows = policy.visible_reports(person).where(
        SituationReport.round_id == found.id, SituationReport.county_code == code
    )
    return db.session.scalars(rows.options(joinedload(SituationReport.responsible))).unique().first()


def _round_of(person: Person, round_id: int, code: str) -> Round:
    """The round, for a letter that is a county's. 404 for any other."""
    found = visible_round(person, round_id)
    if code not in all_codes(policy.states_of(found)):
        raise NotFound
    return found


@bp.get("/rounds/<int:round_id>/counties/<code>")
def report(round_id: int, code: str) -> ResponseReturnValue:
    """A county's report: its form for those who may write, what it says for others."""
    person = web.current_person()
    found = _round_of(person, round_id, code)
    return _page(person, found, code, _Trouble())


def _page(person: Person, found: Round, code: str, trouble: _Trouble) -> ResponseReturnValue:
    own = _report(person, found, code)
    may_write = policy.can_write_report(person, found, code)
    if own is None and not may_write:
        raise NotFound  # not in, or not to be read by this person
    if own is not None:
        note_reading("report_read", found.group, on=own, by=person)
    is_submitted = own is not None and own.state is ReportState.SUBMITTED
    is_changing = (
        is_submitted
        and own is not None
        and own.responsible_id == person.id
        and ("change" in request.args or bool(trouble.typed))
    )
    before, title_before = _before(person, found, code)
    return render_template(
        "counties/rounds/report.html", found=found, code=code, county=county_name(code), report=own, trouble=trouble,
        answers=policy.answers_of(own) if own is not None else {}, before=before, title_before=title_before,
        # what was typed is shown again even where it cannot be stored any more
        is_writing=may_write and (bool(trouble.typed) or (found.takes_answers and (not is_submitted or is_changing))),
        may_write=may_write, steps=SCALE,
        team=policy.boards(found.group).get(code, []), may_return=own is not None and policy.can_return_report(person, own),
        return_form=ReturnForm(), in_words=in_words, is_changing=is_changing,
    ), trouble.status  # fmt: skip


def _before(person: Person, found: Round, code: str) -> tuple[dict[int, ReportAnswer], str]:
    """What the county answered the round before, as far as the person may read it, and that round's title."""
    earlier = policy.earlier_rounds(found, limit=1)
    last = _report(person, earlier[0], code) if earlier else None
    return (policy.answers_of(last), earlier[0].title) if last is not None else ({}, "")


@bp.post("/rounds/<int:round_id>/counties/<code>")
def save_report(round_id: int, code: str) -> ResponseReturnValue:
    """Save what was written, and hand it in if that was the button."""
    person = web.current_person()
    found = _round_of(person, round_id, code)
    web.check(policy.can_write_report(person, found, code))
    trouble = _Trouble()
    said, wrong = read_answers(request.form, found.questions)
    if wrong:
        trouble.wrong, trouble.typed = wrong, request.form
        return _page(person, found, code, trouble)
    try:
        own = report_actions.begin_report(found, code, by=person)
        db.session.flush()
        trouble.clashes = report_actions.save_answers(own, said, keep=web.kept(), by=person)
        if trouble.clashes:
            trouble.typed = request.form
            return _page(person, found, code, trouble)
        if request.form.get("step") == "submit":
            report_actions.submit_report(own, by=person)
            flash(_("The report is handed in. You can change it until the round is locked."), "done")
        else:
            flash(_("The draft is saved. Your colleagues at the county board see it."), "done")
    except guard.Stopped as stopped:
        trouble.finds, trouble.typed = stopped.finds, request.form
        return _page(person, found, code, trouble)
    except Conflict as error:
        trouble.conflict, trouble.typed = error.message, request.form
        return _page(person, found, code, trouble)
    return redirect(url_for("rounds.report", round_id=found.id, code=code))


def _own(person: Person, round_id: int, code: str) -> SituationReport:
    found = _round_of(person, round_id, code)
    own = _report(person, found, code)
    if own is None:
        raise NotFound
    return own


@bp.post("/rounds/<int:round_id>/counties/<code>/responsible")
def take_responsibility(round_id: int, code: str) -> ResponseReturnValue:
    """Become the one who hands the report in."""
    person = web.current_person()
    own = _own(person, round_id, code)
    web.check(policy.can_write_report(person, own.round, code))
    report_actions.take_responsibility(own, by=person)
    flash(_("You are responsible for the report now."), "done")
    return redirect(url_for("rounds.report", round_id=round_id, code=code))


@bp.post("/rounds/<int:round_id>/counties/<code>/returns")
def return_report(round_id: int, code: str) -> ResponseReturnValue:
    """Send a report back for completion."""
    person = web.current_person()
    own = _own(person, round_id, code)
    web.check(policy.can_return_report(person, own))
    form = ReturnForm()
    finds: list[guard.Find] = []
    if form.validate_on_submit():
        try:
            report_actions.return_report(own, reason=form.reason.data.strip(), keep=web.kept(), by=person)
            flash(_("The report is sent back, and the county board has been told."), "done")
            return redirect(url_for("rounds.round_page", round_id=round_id))
        except guard.Stopped as stopped:
            finds = stopped.finds
    page = render_template("counties/rounds/return.html", form=form, report=own, found=own.round, finds=finds)
    return page, 422
