"""Pages of the agenda."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload
from wtforms.fields.choices import SelectChoice

from portal import db, guard, web
from portal.errors import Conflict
from portal.library.models import FileState, Resource
from portal.library.policy import visible_resources
from portal.meetings.agenda import actions, policy
from portal.meetings.agenda.forms import ItemForm
from portal.meetings.agenda.models import ItemPaper
from portal.meetings.models import AgendaItem, Meeting
from portal.meetings.policy import can_plan_meeting, check_not_over
from portal.meetings.views import visible_meeting
from portal.people.models import Membership, Person
from portal.people.policy import visible_members

bp = Blueprint("agenda", __name__)


def _with_people(form: ItemForm, person: Person, meeting: Meeting, item: AgendaItem | None = None) -> ItemForm:
    """The form with the group's members as those who may be responsible, and who is responsible now."""
    members = visible_members(person, meeting.group).join(Membership.person).options(joinedload(Membership.person))
    people = [membership.person for membership in db.session.scalars(members.order_by(Person.name))]
    if item is not None and item.owner is not None and item.owner not in people:
        people.append(item.owner)  # who has left the group since stays until somebody else is chosen
    form.owner.choices = [
        SelectChoice(0, _("Nobody yet")),
        *(SelectChoice(p.id, f"{p.name}, {p.organisation.short_name}") for p in people),
    ]
    return form


def _owner(form: ItemForm) -> Person | None:
    return db.session.get(Person, form.owner.data) if form.owner.data else None


@bp.route("/meetings/<int:meeting_id>/items/new", methods=["GET", "POST"])
def new_item(meeting_id: int) -> ResponseReturnValue:
    """Put an item on the agenda."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    web.check(can_plan_meeting(person, meeting.group))
    if request.method == "GET":
        check_not_over(meeting)
    form = _with_people(ItemForm(), person, meeting)
    finds: Sequence[guard.Find] = ()
    conflict, status = "", 200
    if form.validate_on_submit():
        try:
            actions.add_item(meeting, form.plan(_owner(form)), keep=web.kept(), by=person)
            return redirect(url_for("meetings.meeting", meeting_id=meeting_id, _anchor="agenda"))
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
        except Conflict as error:
            conflict, status = error.message, 409
    page = render_template(
        "meetings/item.html", meeting=meeting, group=meeting.group, item=None, form=form, finds=finds, conflict=conflict
    )
    return page, 422 if form.errors else status


def _visible_item(person: Person, item_id: int) -> AgendaItem:
    return web.find(policy.visible_items(person).where(AgendaItem.id == item_id))


@bp.route("/agenda-items/<int:item_id>/edit", methods=["GET", "POST"])
def edit_item(item_id: int) -> ResponseReturnValue:
    """Change an item of the agenda. If somebody else changed it meanwhile, both are shown and the writer chooses."""
    person = web.current_person()
    item = _visible_item(person, item_id)
    meeting = item.meeting
    web.check(can_plan_meeting(person, meeting.group))
    form, finds, conflict, status = _with_people(ItemForm(), person, meeting, item), [], "", 200
    if request.method == "GET":
        check_not_over(meeting)
        form = _with_people(_filled_form(item), person, meeting, item)
    elif not form.validate():
        status = 422
    else:
        try:
            actions.change_item(
                item, form.plan(_owner(form)), based_on=form.based_on.data or 0, keep=web.kept(), by=person
            )
            return redirect(url_for("meetings.meeting", meeting_id=meeting.id, _anchor=f"item-{item_id}"))
        except guard.Stopped as stopped:
            finds, status = stopped.finds, 422
        except Conflict as error:
            conflict, status = error.message, 409
            form.based_on.data = item.revision
    page = render_template(
        "meetings/item.html", meeting=meeting, group=meeting.group, item=item, form=form, finds=finds, conflict=conflict
    )
    return page, status


def _filled_form(item: AgendaItem) -> ItemForm:
    return ItemForm(
        formdata=None, title=item.title, kind=item.kind.value, minutes_allotted=item.minutes_allotted,
        owner=item.owner_id or 0, description=item.description, wants_paper=item.wants_paper,
        lists_open_actions=item.lists_open_actions, based_on=item.revision,
    )  # fmt: skip


@bp.post("/agenda-items/<int:item_id>/place")
def move_item(item_id: int) -> ResponseReturnValue:
    """Move an item: one step up or down, or to a place (dragged there)."""
    person = web.current_person()
    item = _visible_item(person, item_id)
    web.check(can_plan_meeting(person, item.meeting.group))
    meeting_id, place = item.meeting_id, web.form_number("place")
    if place is not None:
        actions.place_item(item, place=place, by=person)
    elif request.form.get("direction") in {"up", "down"}:
        actions.move_item(item, up=request.form["direction"] == "up", by=person)
    else:
        abort(400)
    return redirect(url_for("meetings.meeting", meeting_id=meeting_id, _anchor=f"item-{item_id}"))


@bp.post("/agenda-items/<int:item_id>/removal")
def remove_item(item_id: int) -> ResponseReturnValue:
    """Take an item off the agenda."""
    person = web.current_person()
    item = _visible_item(person, item_id)
    web.check(can_plan_meeting(person, item.meeting.group))
    meeting_id, title = item.meeting_id, item.title
    actions.remove_item(item, by=person)
    flash(_("”%(title)s” is taken off the agenda.", title=title), "done")
    return redirect(url_for("meetings.meeting", meeting_id=meeting_id, _anchor="agenda"))


# --- papers -----------------------------------------------------------------------------------------------------------


@bp.route("/agenda-items/<int:item_id>/papers", methods=["GET", "POST"])
def papers(item_id: int) -> ResponseReturnValue:
    """Choose papers for an item among the materials of the group, or go on to upload one."""
    person = web.current_person()
    item = _visible_item(person, item_id)
    group = item.meeting.group
    web.check(policy.can_add_paper(person, item))
    check_not_over(item.meeting)
    materials = visible_resources(person).where(Resource.group_id == group.id, Resource.state == FileState.READY)
    if request.method == "POST":
        chosen = web.find(materials.where(Resource.id == web.form_number("resource")))
        actions.add_paper(item, chosen, by=person)
        return redirect(url_for("meetings.meeting", meeting_id=item.meeting_id, _anchor=f"item-{item_id}"))
    words = request.args.get("q", "").strip()[:100]
    for word in words.split()[:10]:
        materials = materials.where(Resource.title.icontains(word, autoescape=True))
    found = web.page(materials.order_by(Resource.changed_at.desc(), Resource.id.desc()), limit=20)
    return render_template(
        "meetings/papers.html", item=item, meeting=item.meeting, group=group, found=found, words=words
    )


@bp.post("/papers/<int:paper_id>/removal")
def remove_paper(paper_id: int) -> ResponseReturnValue:
    """Take a paper off an item."""
    person = web.current_person()
    paper = web.find(policy.visible_papers(person).where(ItemPaper.id == paper_id))
    item = _visible_item(person, paper.item_id)
    web.check(policy.can_add_paper(person, item))
    actions.remove_paper(paper, by=person)
    return redirect(url_for("meetings.meeting", meeting_id=item.meeting_id, _anchor=f"item-{item.id}"))


@bp.post("/meetings/<int:meeting_id>/agenda-editions")
def send(meeting_id: int) -> ResponseReturnValue:
    """Send the agenda to all who are called."""
    person = web.current_person()
    meeting = visible_meeting(person, meeting_id)
    web.check(can_plan_meeting(person, meeting.group))
    edition = actions.send_agenda(meeting, by=person)
    flash(_("Edition %(number)s of the agenda is sent.", number=edition.number), "done")
    return redirect(url_for("meetings.meeting", meeting_id=meeting_id, _anchor="agenda"))
