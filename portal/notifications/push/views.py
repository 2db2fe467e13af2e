"""Choosing devices, and what comes there."""

from __future__ import annotations

import ipaddress
from itertools import groupby
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import assets, guard, web
from portal.errors import Conflict
from portal.notifications.kinds import all_kinds
from portal.notifications.push import actions, keys, policy
from portal.notifications.push.actions import Subscription
from portal.notifications.push.models import PushDevice
from portal.notifications.push.sending import unpacked
from portal.outbound import Outbound, OutboundError, is_public
from portal.people.policy import own_groups

bp = Blueprint("push", __name__)

MOST_GROUPS = 500
LONGEST_ENDPOINT = 1000
_WORDS = {"": None, "on": True, "off": False}


@bp.get("/service-worker.js")
@web.public
def service_worker() -> ResponseReturnValue:
    """What shows notices while no page is open. It stands at the top, since it may only do so for what is below it."""
    answer: Response = send_file(
        assets.built_file(current_app, "service-worker.js"), mimetype="text/javascript", etag=False, conditional=False
    )
    return answer


@bp.get("/account/devices")
def devices() -> ResponseReturnValue:
    """The person's devices, and what comes there."""
    person = web.current_person()
    rows = web.page(policy.visible_devices(person), limit=actions.MOST_DEVICES)
    sections = [(heading, list(some)) for heading, some in groupby(all_kinds(), key=lambda kind: str(kind.section))]
    return render_template(
        "notifications/devices.html", devices=rows, sections=sections, choices=policy.choices(person), key=keys.public_key(),
        groups=web.page(own_groups(person), limit=MOST_GROUPS),
    )  # fmt: skip


@bp.post("/account/devices")
def add_device() -> ResponseReturnValue:
    """Send notices to the browser that asks, with its address and keys. 422 with a sentence if that cannot be."""
    person = web.current_person()
    web.check(person.is_active)
    subscription = _subscription()
    if subscription is None:
        return _refused(_("The browser's address cannot be used."))
    name = " ".join(request.form.get("name", "").split())[:80] or _("A device")
    try:
        actions.add_device(person, subscription, name=name, by=person)
    except (Conflict, guard.Stopped) as refused:
        return _refused(refused.message)
    flash(_("Notices come to this device now."), "done")
    return redirect(url_for("push.devices"))


def _refused(why: str) -> ResponseReturnValue:
    return Response(why, status=422, mimetype="text/plain")


def _subscription() -> Subscription | None:
    """What the browser sent, if it can be used: an address outside, and keys that are keys."""
    endpoint, key, auth = (request.form.get(name, "") for name in ("endpoint", "key", "auth"))
    way_out = Outbound(allow_loopback=current_app.config["SETTINGS"].admits_loopback)
    if len(endpoint) > LONGEST_ENDPOINT or len(key) > 100 or len(auth) > 40:
        return None
    try:
        way_out.check_url(endpoint)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpacked(key))
        if len(unpacked(auth)) != 16:
            return None
    except (OutboundError, ValueError):
        return None
    return Subscription(endpoint, key, auth) if _may_be_outside(endpoint) else None


def _may_be_outside(endpoint: str) -> bool:
    """Whether the address is no number of an inner network. What a name stands for is looked at when something is sent."""
    try:
        address = ipaddress.ip_address(urlsplit(endpoint).hostname or "")
    except ValueError:
        return True
    return is_public(address) or (address.is_loopback and current_app.config["SETTINGS"].admits_loopback)


@bp.post("/account/devices/<int:device_id>/removal")
def remove_device(device_id: int) -> ResponseReturnValue:
    """Send nothing more to a device."""
    person = web.current_person()
    device = web.find(policy.visible_devices(person).where(PushDevice.id == device_id))
    actions.remove_device(device, by=person)
    flash(_("Nothing more comes to the device."), "done")
    return redirect(url_for("push.devices"))


@bp.post("/account/devices/choices")
def choose() -> ResponseReturnValue:
    """Choose what comes to devices: `kind=<name>` for each that does, and `group-<id>` as on, off or empty."""
    person = web.current_person()
    web.check(person.is_active)
    on = set(request.form.getlist("kind"))
    chosen: dict[str, bool | None] = {f"kind-{kind.name}": kind.name in on for kind in all_kinds()}
    for group in web.page(own_groups(person), limit=MOST_GROUPS):
        value = request.form.get(f"group-{group.id}", "")
        if value not in _WORDS:
            abort(400)
        chosen[f"group-{group.id}"] = _WORDS[value]
    actions.choose(person, chosen, by=person)
    flash(_("Saved."), "done")
    return redirect(url_for("push.devices", _anchor="choices"))
