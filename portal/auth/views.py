"""Signing in and out. Each step answers the same neutral page whatever went wrong; the reason goes to the log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from flask import Blueprint, current_app, make_response, redirect, render_template, request, session
from flask.typing import ResponseReturnValue

from portal import db, web
from portal.auth import actions, attempts, oidc, policy, sessions
from portal.auth.discovery import Directory
from portal.auth.models import BrowserSession, IdentityProvider
from portal.auth.provider import Attempt, Identity, ProviderConfig, Reason, SignInRefused
from portal.auth.rows import config_of, return_url
from portal.auth.sessions import PortalSession
from portal.outbound import Outbound
from portal.people.models import Person, PersonStatus

if TYPE_CHECKING:
    from config import Settings

bp = Blueprint("auth", __name__)
log = logging.getLogger("portal.security")

MAX_EMAIL_CHARS = 254
MAX_NEXT_CHARS = 500
# Their part in the outcome: a bad gateway. Everything else is answered as a bad request.
UNREACHABLE = (Reason.UNREACHABLE, Reason.METADATA_ISSUER, Reason.METADATA_INCOMPLETE)


def sign_in_limit() -> str:
    """How often one address may look up and sign in (setting PORTAL_SIGN_IN_LIMIT)."""
    return _settings().sign_in_limit


@bp.route("/sign-in", methods=["GET", "POST"])
@web.public
@web.limiter.limit(sign_in_limit, per_method=True)  # a GET too: it makes a session
def sign_in() -> ResponseReturnValue:
    """Find the way in for a work address: only its domain is looked at, and nothing of it is kept."""
    if _session().person is not None:
        return redirect(web.safe_next(request.values.get("next")))
    if _session().token is None:
        sessions.start(_session())  # the form's token lives in it
    email = request.form.get("email", "").strip()[:MAX_EMAIL_CHARS]
    domain = email.rpartition("@")[2].strip(".").casefold() if "@" in email else ""
    provider = db.session.scalars(policy.providers_of_domain(domain).limit(1)).first()
    return render_template(
        "auth/sign_in.html",
        email=email,
        organisation=provider.organisation if provider else None,
        provider=provider,
        looked_up=request.method == "POST",
        next=request.values.get("next"),
    )


@bp.get("/sign-in/<int:provider_id>")
@web.public
@web.limiter.limit(sign_in_limit)
def start(provider_id: int) -> ResponseReturnValue:
    """Send the browser to its provider. A GET, since a form's answer may not lead to another site (CSP form-action)."""
    try:
        config = _config(provider_id)
        db.pause()
        url, attempt = oidc.begin(config, directory=_directory(), now=db.now().timestamp())
    except SignInRefused as refusal:
        return _refused(refusal, provider_id)
    attempts.keep(attempt, session_id=_session_id(), next_path=request.args.get("next", "")[:MAX_NEXT_CHARS])
    return redirect(url, 303)


@bp.get("/sign-in/<int:provider_id>/callback")
@web.public
@web.writes_on_get
@web.limiter.limit(sign_in_limit)
def callback(provider_id: int) -> ResponseReturnValue:
    """Take the provider's answer: a new session for somebody who may enter, a word of patience for a newcomer."""
    try:
        attempt, next_path = _take_attempt()
        config = _config(provider_id)
        db.pause()
        identity = oidc.finish(config, attempt, _params(), directory=_directory(), now=db.now().timestamp())
        end_session = oidc.end_session(
            config, directory=_directory(), now=db.now().timestamp(), return_to=return_url(_settings())
        )
        provider = _unchanged(config)
        person = actions.recognise(provider, identity)
        if person.status is PersonStatus.PENDING:
            log.info("sign_in pending provider=%s person=%s", provider.id, person.id)
            return render_template("auth/pending.html", organisation=provider.organisation)
        if not policy.can_enter(person, provider):
            raise SignInRefused(Reason.PERSON)
    except SignInRefused as refusal:
        return _refused(refusal, provider_id)
    _enter(person, provider, identity, end_session)
    return redirect(web.safe_next(next_path), 303)


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session here, then let the browser end it at the provider.

    A page and not a redirect: a form's answer may not lead to another site (CSP form-action).
    """
    person = web.current_person()
    row = web.find(policy.own_sessions(person).where(BrowserSession.id == _session().row_id))
    provider_url = session.get("end_session")
    sessions.end(BrowserSession.id == row.id)
    log.info("sign_out person=%s session=%s", person.id, row.id_hash[:12])
    body = render_template("auth/sign_out.html", provider_url=provider_url, person=None)
    _session().clear()
    _session().token = None
    response = make_response(body)
    name = current_app.session_interface.get_cookie_name(current_app)
    response.delete_cookie(name, path="/", secure=_settings().is_https, httponly=True, samesite="Lax")
    response.headers["Clear-Site-Data"] = '"cookies", "storage"'
    return response


def _session() -> PortalSession:
    return cast(PortalSession, session._get_current_object())  # type: ignore[attr-defined]  # the proxy's own method


def _session_id() -> int:
    """The row of the browser's session; a browser without one gets it."""
    opened = _session()
    if opened.row_id is None:
        sessions.start(opened)
    return cast(int, opened.row_id)


def _settings() -> Settings:
    return cast("Settings", current_app.config["SETTINGS"])


def _directory() -> Directory:
    """What providers publish, kept by this process."""
    http = Outbound(allow_loopback=_settings().admits_loopback)
    return cast(Directory, current_app.extensions.setdefault("identity_directory", Directory(http)))


def _config(provider_id: int) -> ProviderConfig:
    provider = db.session.scalars(policy.usable_providers().where(IdentityProvider.id == provider_id)).first()
    if provider is None:
        raise SignInRefused(Reason.PROVIDER)
    return config_of(provider, _settings())


def _unchanged(config: ProviderConfig) -> IdentityProvider:
    """The provider's row again, in the transaction that writes; refused when it was changed or closed meanwhile."""
    query = policy.usable_providers().where(
        IdentityProvider.id == config.id, IdentityProvider.version == config.version
    )
    provider = db.session.scalars(query).first()
    if provider is None:
        raise SignInRefused(Reason.PROVIDER)
    return provider


def _params() -> dict[str, str]:
    """The answer's parameters; each may stand there once only (RFC 6749 §3.1)."""
    if any(len(values) > 1 for _name, values in request.args.lists()):
        raise SignInRefused(Reason.STATE)
    return request.args.to_dict()


def _take_attempt() -> tuple[Attempt, str]:
    """The attempt that the answer's state belongs to. It is gone from then on, however it ends."""
    state, session_id = request.args.get("state"), _session().row_id
    taken = attempts.take(state, session_id=session_id) if state and session_id is not None else None
    if taken is None:
        raise SignInRefused(Reason.STATE)
    return taken


def _enter(person: Person, provider: IdentityProvider, identity: Identity, end_session: str | None) -> None:
    """Give the browser a new session for `person`, with what other pages and signing out need to know."""
    opened = _session()
    opened.clear()
    opened.update(end_session=end_session, acr=identity.acr, auth_time=identity.auth_time)
    sessions.start(opened, person=person, provider=provider, user_agent=request.user_agent.string)
    actions.note_sign_in(person, provider, identity, by=person)
    hashed = sessions.hash_id(opened.token or "")[:12]
    log.info("sign_in done provider=%s person=%s session=%s", provider.id, person.id, hashed)


def _refused(refusal: SignInRefused, provider_id: int) -> ResponseReturnValue:
    """The one page for every refusal. The log gets our own words only, nothing that the provider or browser wrote."""
    db.rollback()
    log.warning(
        "sign_in refused reason=%s detail=%s provider=%s address=%s",
        refusal.reason,
        refusal.detail or "-",
        provider_id,
        request.remote_addr,
    )
    status = 502 if refusal.reason in UNREACHABLE else 400
    return render_template("auth/refused.html"), status
