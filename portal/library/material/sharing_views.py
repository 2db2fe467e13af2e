"""Who reads a material: sharing it with further groups, and moving it."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from portal import web
from portal.errors import Conflict
from portal.library import policy
from portal.library.material import readers, sharing_actions
from portal.library.material.forms import GroupForm
from portal.library.material.policy import (
    can_unshare,
    groups_of,
    groups_to_move_to,
    groups_to_share_with,
    led_group_ids,
    visible_shares,
)
from portal.library.material.sharing_actions import Wider
from portal.library.material.views import find_resource
from portal.library.models import Resource, ResourceShare
from portal.library.views import bp
from portal.people.models import Group, Person

MOST_GROUPS = 200


def _page(resource: Resource, person: Person, *, asked: Group | None = None, action: str = "") -> str:
    """`asked`: a group that is more open than the own; who shares or moves must say that this is meant."""
    shares = web.page(visible_shares(person, resource).order_by(ResourceShare.id), limit=MOST_GROUPS)
    may_change, led = policy.can_change_material(person, resource), led_group_ids(person)
    return render_template(
        "library/sharing.html", resource=resource, shares=[(share, may_change or share.group_id in led) for share in shares],
        may_change=may_change, knows_group=_knows(person, resource),
        to_share=web.page(groups_to_share_with(person, resource), limit=MOST_GROUPS),
        to_move=web.page(groups_to_move_to(person, resource), limit=MOST_GROUPS),
        readers=readers.readers_of_material(resource), asked=asked, action=action,
        asked_readers=readers.readers_of_group(asked) if asked else None,
    )  # fmt: skip


def _knows(person: Person, resource: Resource) -> bool:
    return any(group.id == resource.group_id for group in groups_of(person, resource))


@bp.get("/resources/<int:resource_id>/sharing")
def sharing(resource_id: int) -> ResponseReturnValue:
    """The groups that a material is shared with, and to which it could be moved."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    return _page(resource, person)


def _chosen(groups: list[Group]) -> tuple[Group, bool]:
    form = GroupForm()
    form.group.choices = [SelectChoice(group.slug, group.name) for group in groups]
    if not form.validate_on_submit():
        raise Conflict(_("Choose a group that you may write in."))
    return next(group for group in groups if group.slug == form.group.data), bool(form.sure.data)


@bp.post("/resources/<int:resource_id>/shares")
def share(resource_id: int) -> ResponseReturnValue:
    """Show a material to a further group."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    web.check(policy.can_change_material(person, resource))
    group, is_sure = _chosen(list(web.page(groups_to_share_with(person, resource), limit=MOST_GROUPS)))
    try:
        sharing_actions.share(resource, group, is_sure=is_sure, by=person)
    except Wider:
        return _page(resource, person, asked=group, action="share"), 422
    flash(_("The material is shared with %(group)s.", group=group.name), "done")
    return redirect(url_for("library.sharing", resource_id=resource.id))


@bp.post("/resources/<int:resource_id>/shares/<int:share_id>/removal")
def unshare(resource_id: int, share_id: int) -> ResponseReturnValue:
    """Show a material to that group no more."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    share = web.find(visible_shares(person, resource).where(ResourceShare.id == share_id))
    web.check(can_unshare(person, share))
    name = share.group.name
    sharing_actions.unshare(share, by=person)
    flash(_("The material is no longer shared with %(group)s.", group=name), "done")
    if not policy.can_change_material(person, resource):  # it may have been the way to it
        return redirect(url_for("library.index"))
    return redirect(url_for("library.sharing", resource_id=resource.id))


@bp.post("/resources/<int:resource_id>/move")
def move(resource_id: int) -> ResponseReturnValue:
    """Let a material belong to another group."""
    person = web.current_person()
    resource = find_resource(person, resource_id)
    web.check(policy.can_change_material(person, resource))
    group, is_sure = _chosen(list(web.page(groups_to_move_to(person, resource), limit=MOST_GROUPS)))
    try:
        sharing_actions.move(resource, group, is_sure=is_sure, by=person)
    except Wider:
        return _page(resource, person, asked=group, action="move"), 422
    flash(_("The material belongs to %(group)s now.", group=group.name), "done")
    return redirect(url_for("library.resource", resource_id=resource.id))
