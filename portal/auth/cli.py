"""`flask --app wsgi org …`: organisations and their identity providers."""

from __future__ import annotations

import time
from pathlib import Path

import click
import sqlalchemy as sa
from flask import current_app

from portal import db
from portal.auth import actions, sealing
from portal.auth.discovery import Directory
from portal.auth.models import IdentityProvider
from portal.auth.provider import ClientAuth, SignInRefused
from portal.auth.rows import callback_url, config_of, return_url
from portal.outbound import Outbound, OutboundError
from portal.people.cli import organisations
from portal.people.models import Organisation, Person, PersonStatus

MAX_SECRET_CHARS = 10_000


@organisations.command("list")
def list_organisations() -> None:
    """Show every organisation, its e-mail domains and its identity providers."""
    db.reads_only(True)
    count = sa.func.count(Person.id)
    active = dict(
        db.session.execute(
            sa.select(Person.organisation_id, count)
            .where(Person.status == PersonStatus.ACTIVE)
            .group_by(Person.organisation_id)
        ).all()
    )
    for organisation in db.session.scalars(sa.select(Organisation).order_by(Organisation.slug)):
        state = "" if organisation.is_active else ", closed"
        domains = ", ".join(domain.domain for domain in organisation.domains) or "no e-mail domain"
        click.echo(
            f"{organisation.slug}: {organisation.name} ({domains}; {active.get(organisation.id, 0)} people{state})"
        )
        of_it = sa.select(IdentityProvider).where(IdentityProvider.organisation_id == organisation.id)
        for provider in db.session.scalars(of_it.order_by(IdentityProvider.id)):
            use = "in use" if provider.is_active else "disabled"
            click.echo(f"  provider {provider.id}: {provider.issuer}, client {provider.client_id}, {use}")


@organisations.command("add-idp")
@click.argument("slug")
@click.option("--issuer", required=True, metavar="URL", help="The provider's issuer, exactly as its metadata has it.")
@click.option("--client-id", required=True, help="What the provider calls this portal.")
@click.option("--client-secret-file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--acr", "levels", multiple=True, metavar="URI", help="A level of assurance to demand; may be repeated.")
@click.option("--client-auth", type=click.Choice([each.value for each in ClientAuth]), default=ClientAuth.SECRET_BASIC.value,
              show_default=True, help="How we prove who we are. private_key_jwt: the file holds our P-256 key as a JWK.")  # fmt: skip
@click.option(
    "--max-age", type=click.IntRange(min=0), metavar="SECONDS", help="How long ago people may have signed in there."
)
def add_provider(slug: str, issuer: str, client_id: str, client_secret_file: Path, levels: tuple[str, ...], client_auth: str,
                 max_age: int | None) -> None:  # fmt: skip
    """Let the people of organisation SLUG sign in through an OpenID provider; the running portal needs no restart.

    With the issuer and client of a provider that is there already, its secret and levels are changed.
    """
    settings = current_app.config["SETTINGS"]
    http = Outbound(allow_loopback=settings.admits_loopback)
    try:
        http.check_url(issuer)
    except OutboundError:
        raise click.UsageError("The issuer must be a whole https address.") from None
    organisation = db.session.scalar(sa.select(Organisation).where(Organisation.slug == slug))
    if organisation is None:
        raise click.UsageError(f"There is no organisation {slug}. 'org list' shows them all.")
    taken = sa.select(IdentityProvider).where(
        IdentityProvider.issuer == issuer,
        IdentityProvider.client_id == client_id,
        IdentityProvider.organisation_id != organisation.id,
    )
    if db.session.scalar(taken) is not None:
        raise click.UsageError("Another organisation signs in through this issuer and client.")
    provider = actions.add_provider(
        organisation,
        issuer=issuer,
        client_id=client_id,
        sealed_secret=sealing.seal(_read_secret(client_secret_file), key=settings.secret_key.get_secret_value()),
        allowed_acr=levels,
        client_auth=ClientAuth(client_auth),
        max_age=max_age,
        by=None,
    )
    db.commit()
    click.echo(f"Provider {provider.id} of {organisation.name} is in use.")
    click.echo(f"Redirect URI to register there:             {callback_url(provider, settings)}")
    click.echo(f"Post-logout redirect URI to register there: {return_url(settings)}")
    _try_out(provider, http)


@organisations.command("disable-idp")
@click.argument("provider_id", type=int)
def disable_provider(provider_id: int) -> None:
    """Close a provider: no more sign-ins through it, and its open sessions end at their next click."""
    provider = db.session.get(IdentityProvider, provider_id)
    if provider is None:
        raise click.UsageError(f"There is no provider {provider_id}. 'org list' shows them all.")
    actions.disable_provider(provider, by=None)
    db.commit()
    click.echo(f"Provider {provider_id} of {provider.organisation.name} is disabled.")


def _read_secret(path: Path) -> str:
    """The secret in a file, without the line break that editors add."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} cannot be read.") from error
    if not 0 < len(secret) <= MAX_SECRET_CHARS:
        raise click.UsageError(f"{path} holds no client secret.")
    return secret


def _try_out(provider: IdentityProvider, http: Outbound) -> None:
    """Say whether the provider answers. It is stored either way: it may be started later."""
    config = config_of(provider, current_app.config["SETTINGS"])
    db.pause()
    try:
        Directory(http).keys(config, http=http, now=time.time())
    except SignInRefused as refusal:
        click.echo(f"Its metadata or keys cannot be used at the moment: {refusal}.", err=True)
