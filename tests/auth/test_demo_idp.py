"""The demo identity provider, walked through by HTTP with the portal's own protocol code."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from portal.auth import oidc
from portal.auth.discovery import Directory
from portal.auth.provider import Identity, ProviderConfig, Reason, SignInRefused
from portal.outbound import Outbound
from tests.auth.demo_provider import Browser, DemoProvider, organisation

PORTAL = "http://127.0.0.1:8000"
LOA3 = "http://id.elegnamnden.se/loa/1.0/loa3"
SLUGS = {"rfsl": 1, "lansstyrelsen-orebro": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[DemoProvider]:
    started = DemoProvider(folder, [organisation(slug, callback(slug)) for slug in SLUGS])
    yield started
    started.stop()


@pytest.fixture
def directory() -> Directory:
    return Directory(Outbound(allow_loopback=True))


def callback(slug: str) -> str:
    return f"{PORTAL}/sign-in/{SLUGS[slug]}/callback"


def config(demo: DemoProvider, slug: str) -> ProviderConfig:
    client = organisation(slug, callback(slug))
    return ProviderConfig(
        id=SLUGS[slug],
        version=1,
        issuer=demo.issuer(slug),
        client_id=client["client_id"],
        client_secret=client["client_secret"],
        redirect_uri=callback(slug),
        allowed_algorithms=("ES256",),
        allowed_acr=(LOA3,),
        max_age=3600,
        organisation_number="802012-3456",
    )


@pytest.mark.parametrize("slug", SLUGS)
def test_s03_one_signs_in_through_ones_own_organisation(demo: DemoProvider, directory: Directory, slug: str) -> None:
    url, attempt = oidc.begin(config(demo, slug), directory=directory, now=time.time())
    params = Browser().sign_in(url, f"{slug}-2")
    identity = oidc.finish(config(demo, slug), attempt, params, directory=directory, now=time.time())
    assert identity.auth_time is not None
    assert identity == Identity(
        sub=f"{slug}-2",
        email=f"alva.ek@{slug}.example",
        name="Alva <Ek>",
        acr=LOA3,
        auth_time=identity.auth_time,
    )
    with pytest.raises(SignInRefused) as caught:
        oidc.finish(config(demo, slug), attempt, params, directory=directory, now=time.time())
    assert (caught.value.reason, caught.value.detail) == (Reason.TOKEN_REFUSED, "invalid_grant"), "a code works once"


def test_s02_each_organisation_has_its_own_keys(demo: DemoProvider, folder: Path) -> None:
    found = set()
    for slug in SLUGS:
        with urlopen(f"{demo.issuer(slug)}/jwks") as answer:
            keys = json.load(answer)["keys"]
        assert len(keys) == 1
        assert "d" not in keys[0]
        found.add(keys[0]["x"])
        file = folder / "idp" / f"{slug}.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(found) == len(SLUGS)


def test_s03_an_answer_of_one_organisation_is_refused_by_the_other(demo: DemoProvider, directory: Directory) -> None:
    ours, other = (config(demo, slug) for slug in SLUGS)
    url, attempt = oidc.begin(ours, directory=directory, now=time.time())
    params = Browser().sign_in(url, "rfsl-1")
    for changes in ({}, {"id": other.id}):
        moved = ProviderConfig(
            **{name: getattr(other, name) for name in ProviderConfig.__slots__} | {"id": ours.id} | changes
        )
        with pytest.raises(SignInRefused) as caught:
            oidc.finish(moved, attempt, params, directory=Directory(directory.http), now=time.time())
        assert caught.value.reason == (Reason.OTHER_PROVIDER if changes else Reason.ANSWER_ISSUER)


def test_the_page_names_the_people_and_runs_nothing(demo: DemoProvider, directory: Directory) -> None:
    url, _ = oidc.begin(config(demo, "rfsl"), directory=directory, now=time.time())
    page = Browser().open(f"{url}&login_hint=ALVA.EK%40rfsl.example")
    assert page.status == 200
    assert page.people == ["rfsl-2", "rfsl-1"], "the hinted person comes first"
    assert "Alva &#60;Ek&#62;" in page.text
    assert '<html lang="sv">' in page.text
    assert ">Demo<" in page.text
    assert "<script" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert f"form-action 'self' {PORTAL};" in policy, "the form's answer leads to the portal"


def test_a_person_who_is_not_on_the_list(demo: DemoProvider, directory: Directory) -> None:
    url, _ = oidc.begin(config(demo, "rfsl"), directory=directory, now=time.time())
    browser = Browser()
    page = browser.open(browser.open(url).url, {"sub": "lansstyrelsen-orebro-1"})
    assert page.status == 400
    assert page.people == ["rfsl-1", "rfsl-2"]


def test_an_unknown_sign_in_is_a_page(demo: DemoProvider) -> None:
    for path in ("/rfsl/sign-in/unknown", "/rfsl/auth", "/nobody", "/", "/rfsl/auth?client_id=x"):
        page = Browser().open(demo.base + path)
        assert page.status in (400, 404)
        assert page.headers["content-type"].startswith("text/html")


def test_s06_pkce_is_demanded(demo: DemoProvider) -> None:
    client = config(demo, "rfsl")
    back = f"redirect_uri={client.redirect_uri}&state=x"
    query = f"client_id={client.client_id}&response_type=code&scope=openid&{back}"
    page = Browser().open(f"{demo.issuer('rfsl')}/auth?{query}")
    assert "error=invalid_request" in page.url


def test_s19_logging_out_leads_straight_back(demo: DemoProvider, directory: Directory) -> None:
    ours = config(demo, "rfsl")
    browser = Browser()
    now = time.time()
    first, _ = oidc.begin(ours, directory=directory, now=now)
    browser.sign_in(first, "rfsl-1")
    again, _ = oidc.begin(ours, directory=directory, now=now)
    assert browser.open(again).url.startswith(PORTAL), "the provider still knows the browser"
    out = oidc.end_session(ours, directory=directory, now=now, return_to=f"{PORTAL}/")
    assert out is not None
    assert browser.open(out).url == f"{PORTAL}/"
    third, _ = oidc.begin(ours, directory=directory, now=now)
    assert urlsplit(browser.open(third).url).path.startswith("/rfsl/sign-in/"), "it asks again"
    assert Browser().open(out).url == f"{PORTAL}/", "also when nobody was signed in"


def test_keys_stay_over_a_restart_and_sigterm_ends_cleanly(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        demo = DemoProvider(tmp_path, [organisation("rfsl", callback("rfsl"))])
        with urlopen(f"{demo.issuer('rfsl')}/jwks") as answer:
            keys.append(answer.read())
        code, _errors = demo.stop()
        assert code == 0
    assert keys[0] == keys[1]


def test_a_taken_port_is_said_plainly(demo: DemoProvider, tmp_path: Path) -> None:
    port = urlsplit(demo.base).port
    assert port is not None
    second = DemoProvider(tmp_path, [organisation("rfsl", callback("rfsl"))], port=port)
    _, errors = second.process.communicate(timeout=10)
    assert second.process.returncode == 2
    assert f"Port {port} is taken" in errors


@pytest.mark.parametrize("organisations", [[], [{"slug": "../etc"}], [{"slug": "a"}, {"slug": "a"}]])
def test_a_wrong_configuration_is_said_plainly(tmp_path: Path, organisations: list[dict[str, str]]) -> None:
    started = DemoProvider(tmp_path, organisations)
    _, errors = started.process.communicate(timeout=10)
    assert started.process.returncode == 2
    assert "slug" in errors
