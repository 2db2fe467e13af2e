"""`flask org …`, and the secrets that it stores."""

from __future__ import annotations

import contextvars
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result

from portal import db
from portal.auth import sealing
from portal.auth.models import IdentityProvider
from portal.auth.provider import ClientAuth, Reason, SignInRefused
from portal.auth.rows import config_of
from portal.web import Edge
from tests.auth.conftest import Visitor
from tests.auth.demo_provider import DemoProvider
from tests.auth.test_sign_in import Visit
from tests.conftest import SECRET
from tests.factories import Network

ISSUER = "https://op.example/tenant"


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("a-very-secret-value\n")
    file.chmod(stat.S_IRUSR)
    return file


def run(app: Edge, *arguments: object) -> Result:
    db.rollback()
    runner = app.test_cli_runner()
    return contextvars.Context().run(lambda: runner.invoke(args=["org", *(str(one) for one in arguments)]))


def add(app: Edge, secret_file: Path, *more: str, slug: str = "foreningen", issuer: str = ISSUER) -> Result:
    given = ("--issuer", issuer, "--client-id", "portal", "--client-secret-file", str(secret_file))
    return run(app, "add-idp", slug, *given, *more)


def providers() -> list[IdentityProvider]:
    found = list(db.session.scalars(sa.select(IdentityProvider)))
    db.rollback()
    return found


def test_what_a_provider_demands_is_kept_in_its_row(app: Edge, network: Network, secret_file: Path) -> None:
    assert add(app, secret_file, "--client-auth", "client_secret_post", "--max-age", "3600").exit_code == 0
    config = config_of(providers()[0], app.config["SETTINGS"])
    assert (config.client_auth, config.max_age) == (ClientAuth.SECRET_POST, 3600)
    assert add(app, secret_file).exit_code == 0
    config = config_of(providers()[0], app.config["SETTINGS"])
    assert (config.client_auth, config.max_age) == (ClientAuth.SECRET_BASIC, None)
    assert add(app, secret_file, "--client-auth", "none").exit_code == 2


def test_s46_a_secret_is_sealed(app: Edge, network: Network, secret_file: Path) -> None:
    done = add(app, secret_file, "--acr", "loa3", "--acr", "loa4")
    assert done.exit_code == 0, done.output
    provider = providers()[0]
    sealed = provider.client_secret_encrypted
    assert sealed
    assert "a-very-secret-value" not in sealed + done.output + run(app, "list").output
    assert sealing.unseal(sealed, key=SECRET) == "a-very-secret-value"
    settings = app.config["SETTINGS"]
    config = config_of(provider, settings)
    assert (config.client_secret, config.allowed_acr) == ("a-very-secret-value", ("loa3", "loa4"))
    assert f"https://portal.test/sign-in/{provider.id}/callback" in done.output
    other = settings.model_copy(update={"secret_key": type(settings.secret_key)("another secret key " * 3)})
    with pytest.raises(SignInRefused) as caught:
        config_of(provider, other)
    assert caught.value.reason == Reason.OUR_SECRET
    db.rollback()


def test_a_known_provider_is_changed(app: Edge, network: Network, secret_file: Path) -> None:
    add(app, secret_file)
    secret_file.chmod(0o600)
    secret_file.write_text("the-new-one")
    add(app, secret_file)
    assert [provider.version for provider in providers()] == [2]
    assert "is disabled" in run(app, "disable-idp", providers()[0].id).output
    assert [(provider.version, provider.is_active) for provider in providers()] == [(3, False)]
    done = run(app, "list")
    assert done.exit_code == 0, done.exception
    listed = done.output
    assert f"{ISSUER}, client portal, disabled" in listed
    assert "myndigheten: Myndigheten (myndigheten.example; 2 people)" in listed


def test_wrong_input_is_one_sentence(app: Edge, network: Network, secret_file: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    add(app, secret_file)
    for done, sentence in (
        (add(app, secret_file, slug="nobody"), "There is no organisation nobody."),
        (add(app, secret_file, issuer="ftp://op.example"), "whole https address"),
        (add(app, secret_file, issuer="op.example"), "whole https address"),
        (add(app, empty), "holds no client secret"),
        (add(app, binary), "cannot be read"),
        (add(app, tmp_path / "missing"), "does not exist"),
        (add(app, secret_file, slug="lansstyrelsen"), "Another organisation signs in through this"),
        (run(app, "disable-idp", "999999"), "There is no provider 999999."),
    ):
        assert done.exit_code == 2, done.output
        assert sentence in done.output
        db.rollback()
    assert len(providers()) == 1


def test_a_new_provider_works_without_a_restart(
    app: Edge, network: Network, demo_provider: DemoProvider, visit: Visit, secret_file: Path
) -> None:
    visitor: Visitor = visit()
    assert "is-ok" not in visitor.post("/sign-in", email="a@foreningen.example").text
    secret_file.chmod(0o600)
    secret_file.write_text("a long enough secret of foreningen")
    given = ("--client-id", "portal-foreningen", "--client-secret-file", str(secret_file))
    done = run(app, "add-idp", "foreningen", "--issuer", demo_provider.issuer("foreningen"), *given)
    assert done.exit_code == 0
    assert "cannot be used" not in done.output
    provider = providers()[0]
    assert f"/sign-in/{provider.id}" in visitor.post("/sign-in", email="a@foreningen.example").text
    assert visitor.sign_in(provider.id, "foreningen-1").status_code == 200
