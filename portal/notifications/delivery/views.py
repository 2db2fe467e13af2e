"""Who was not reached, and putting one's own address right."""

from __future__ import annotations

from itertools import groupby

from flask import Blueprint, Flask, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import web
from portal.notifications.delivery import actions, policy
from portal.notifications.kinds import label_of
from portal.times import local

bp = Blueprint("delivery", __name__)

MOST = 500


@bp.get("/unreached")
def unreached() -> ResponseReturnValue:
    """Who was not reached, by day and kind: names of those one answers for, numbers for the coordinator."""
    person = web.current_person()
    web.check(policy.can_see_unreached(person))
    rows = web.page(policy.visible_unreached(person), limit=MOST)
    days = [
        (on, [(label_of(kind), list(some)) for kind, some in groupby(sorted(of_day, key=_kind), key=_kind)])
        for on, of_day in groupby(rows, key=lambda row: local(row.made_at).date())
    ]
    counts = [(count.on, label_of(count.kind), count.people) for count in policy.unreached_counts(person)]
    led = set(web.page(policy.led_group_ids(person), limit=MOST))
    return render_template("notifications/unreached.html", days=days, counts=counts, led=led, is_cut=len(rows) == MOST)


def _kind(row: object) -> str:
    return str(getattr(row, "kind", ""))


@bp.post("/account/address")
def confirm_address() -> ResponseReturnValue:
    """Say that the own address works again."""
    person = web.current_person()
    web.check(person.is_active)
    actions.confirm_address(person, by=person)
    flash(_("A mail is on its way to you. When it comes, all is well."), "done")
    return redirect(url_for("people.account"))


def init_app(app: Flask) -> None:
    """Offer what pages of lower features show: the own address's trouble, and those of one's people."""
    app.add_template_global(policy.own_trouble, "address_trouble")
    app.add_template_global(policy.dead_addresses, "dead_addresses")
    app.add_template_global(policy.can_see_unreached, "may_see_unreached")
