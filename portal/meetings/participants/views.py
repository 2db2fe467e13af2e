"""Pages of seats, of who comes instead, and of guests."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from portal import db, guard, web
from portal.errors import Conflict, Invalid
from portal.meetings.actions import Guest, invite, invite_guest, withdraw_invitation
from portal.meetings.models import Invitation, Meeting, Seat
from portal.meetings.participants import actions, policy
from portal.meetings.participants.forms import GuestForm, NewSeatForm, SeatForm, SubstituteForm
from portal.meetings.policy import called, can_plan_meeting, invitation_of, substitute_of, visible_meetings
from portal.meetings.views import visible_meeting
from portal.people.models import Group, Person
from portal.people.policy import can_administer_organisation, visible_group

bp = Blueprint("participants", __name__)


# --- seats ------------------------------------------------------------------------------------------------------------


@bp.route("/groups/<slug>/seats", methods=["GET", "POST"])
def seats(slug: str) -> ResponseReturnValue:
    """The seats of a group, and which are vacant; its leaders give organisations seats here."""
    person = web.current_person()
    group = web.find(visible_group(person, slug))
    may_plan = can_plan_meeting(person, group)
    web.check(may_plan or request.method == "GET")
    form = NewSeatForm()
    free = policy.organisations_without_seat(group) if may_plan else []
    form.organisation.choices = [SelectChoice(one.id, one.name) for one in free]
    if form.validate_on_submit():
        seat = actions.add_seat(group, next(one for one in free if one.id == form.organisation.data), by=person)
        db.session.flush()
        return redirect(url_for("participants.seat", seat_id=seat.id))
    page = render_template(
        "meetings/participants/seats.html", group=group, seats=policy.seats_of(group), may_plan=may_plan, form=form,
        own=[one.id for one in policy.seats_of(group) if can_administer_organisation(person, one.organisation)]
        if person.is_organisation_admin else [],
    )  # fmt: skip
    return page, 422 if form.errors else 200


@bp.get("/seats")
def own_seats() -> ResponseReturnValue:
    """Where one's own organisation has a seat: for its administrators."""
    person = web.current_person()
    web.check(person.is_organisation_admin)
    rows = policy.visible_seats(person).where(Seat.organisation_id == person.organisation_id).order_by(Seat.id)
    found = web.page(policy.with_holders(rows), limit=200)
    groups = {
        group.id: group
        for group in db.session.scalars(sa.select(Group).where(Group.id.in_({s.group_id for s in found})))
    }
    return render_template("meetings/participants/own_seats.html", seats=found, groups=groups)


def _seat(person: Person, seat_id: int) -> tuple[Seat, Group]:
    seat = web.find(policy.with_holders(policy.visible_seats(person).where(Seat.id == seat_id)))
    group = db.session.scalars(sa.select(Group).where(Group.id == seat.group_id)).one()
    return seat, group


def _choices(people: Sequence[Person], present: Person | None) -> list[SelectChoice]:
    some = [*people, *([present] if present is not None and present not in people else [])]
    return [SelectChoice(0, _("Nobody: vacant")), *(SelectChoice(one.id, one.name) for one in some)]


@bp.route("/seats/<int:seat_id>", methods=["GET", "POST"])
def seat(seat_id: int) -> ResponseReturnValue:
    """Say who holds a seat and who comes instead."""
    person = web.current_person()
    found, group = _seat(person, seat_id)
    web.check(policy.can_change_seat(person, found, group))
    leads = can_plan_meeting(person, group)
    people = policy.candidates(found, group, also_outside=leads)
    form = SeatForm() if request.method == "POST" else SeatForm(
        formdata=None, ordinary=found.ordinary_id or 0, substitute=found.substitute_id or 0
    )  # fmt: skip
    form.ordinary.choices, form.substitute.choices = (
        _choices(people, found.ordinary),
        _choices(people, found.substitute),
    )
    if form.validate_on_submit():
        chosen = {one.id: one for one in (*people, found.ordinary, found.substitute) if one is not None}
        try:
            actions.fill_seat(
                found, group, ordinary=chosen.get(form.ordinary.data), substitute=chosen.get(form.substitute.data),
                takes_in=leads, by=person,
            )  # fmt: skip
            flash(_("The seat of %(organisation)s is changed.", organisation=found.organisation.name), "done")
            back = url_for("participants.seats", slug=group.slug) if leads else url_for("participants.own_seats")
            return redirect(back)
        except Invalid as error:
            form[error.field or "ordinary"].errors = [error.message]
    page = render_template(
        "meetings/participants/seat.html", seat=found, seat_group=group, form=form, leads=leads, people=people
    )
    return page, 422 if form.errors else 200


@bp.post("/seats/<int:seat_id>/removal")
def remove_seat(seat_id: int) -> ResponseReturnValue:
    """Take an organisation's seat away."""
    person = web.current_person()
    found, group = _seat(person, seat_id)
    web.check(can_plan_meeting(person, group))
    flash(_("%(organisation)s has no seat any more.", organisation=found.organisation.name), "done")
    actions.remove_seat(found, by=person)
    return redirect(url_for("participants.seats", slug=group.slug))


# --- who comes instead ------------------------------------------------------------------------------------------------


def _own_invitation(meeting_id: int) -> tuple[Person, Meeting, Invitation]:
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    invitation = invitation_of(person, meeting)
    web.check(invitation is not None and policy.can_name_substitute(person, invitation))
    assert invitation is not None  # checked above
    return person, meeting, invitation


@bp.route("/meetings/<int:meeting_id>/substitute", methods=["GET", "POST"])
def substitute(meeting_id: int) -> ResponseReturnValue:
    """Choose who comes instead of oneself; the seat's substitute is suggested."""
    person, meeting, invitation = _own_invitation(meeting_id)
    people = policy.substitutes_for(invitation)
    form = SubstituteForm()
    form.person.choices = [SelectChoice(one.id, one.name) for one in people]
    if request.method == "GET" and people:
        form.person.data = people[0].id
    if form.validate_on_submit():
        chosen = next(one for one in people if one.id == form.person.data)
        actions.name_substitute(invitation, chosen, by=person)
        flash(_("%(name)s comes instead of you and has been told.", name=chosen.name), "done")
        return redirect(url_for("meetings.meeting", meeting_id=meeting_id))
    page = render_template(
        "meetings/participants/substitute.html", meeting=meeting, group=meeting.group, form=form, people=people,
        present=substitute_of(invitation),
    )  # fmt: skip
    return page, 422 if form.errors else 200


@bp.post("/meetings/<int:meeting_id>/substitute/recall")
def recall_substitute(meeting_id: int) -> ResponseReturnValue:
    """Come oneself after all."""
    person, _meeting, invitation = _own_invitation(meeting_id)
    actions.recall_substitute(invitation, by=person)
    flash(_("Nobody comes instead of you now. Say whether you come yourself."), "done")
    return redirect(url_for("meetings.meeting", meeting_id=meeting_id))


# --- guests -----------------------------------------------------------------------------------------------------------


@bp.route("/meetings/<int:meeting_id>/guests", methods=["GET", "POST"])
def guests(meeting_id: int) -> ResponseReturnValue:
    """Call more people: some of the group, or guests from outside, who answer by the link in their mail."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    web.check(can_plan_meeting(person, meeting.group))
    form = GuestForm()
    finds: Sequence[guard.Find] = ()
    if form.validate_on_submit():
        try:
            invite_guest(meeting, Guest(form.name.data, form.email.data, form.language.data), by=person)
            flash(_("%(name)s is called and gets a mail.", name=form.name.data), "done")
            return redirect(url_for("participants.guests", meeting_id=meeting_id))
        except guard.Stopped as stopped:
            finds = stopped.finds
        except Conflict as error:
            form.email.errors = [error.message]
    page = render_template(
        "meetings/participants/guests.html", meeting=meeting, group=meeting.group, form=form, finds=finds,
        guests=[one for one in called(meeting) if one.person_id is None],
        people=db.session.scalars(policy.not_called(meeting)).unique().all(),
    )  # fmt: skip
    return page, 422 if form.errors or finds else 200


@bp.post("/meetings/<int:meeting_id>/calls")
def call_member(meeting_id: int) -> ResponseReturnValue:
    """Call one more of the group."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    web.check(can_plan_meeting(person, meeting.group))
    chosen = web.find(policy.not_called(meeting).where(Person.id == web.form_number("person")))
    invite(meeting, chosen, by=person)
    flash(_("%(name)s is called.", name=chosen.name), "done")
    return redirect(url_for("participants.guests", meeting_id=meeting_id))


@bp.post("/invitations/<int:invitation_id>/withdrawal")
def withdraw_guest(invitation_id: int) -> ResponseReturnValue:
    """Call a guest no longer."""
    person = web.current_person()
    visible = visible_meetings(person).with_only_columns(Meeting.id)
    invitation = web.find(
        sa.select(Invitation).where(
            Invitation.id == invitation_id, Invitation.meeting_id.in_(visible), Invitation.person_id.is_(None)
        )
    )
    web.check(can_plan_meeting(person, invitation.meeting.group))
    withdraw_invitation(invitation, by=person)
    flash(_("%(name)s is no longer called.", name=invitation.name), "done")
    return redirect(url_for("participants.guests", meeting_id=invitation.meeting_id))
