"""The demo's identity provider as a process, and a browser that walks through its pages by HTTP."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "demo" / "idp" / "server.mjs"


def organisation(slug: str, redirect_uri: str, **values: Any) -> dict[str, Any]:
    """One organisation of the provider's configuration, with two people."""
    usual = {
        "slug": slug,
        "name": f"Organisation {slug}",
        "client_id": f"portal-{slug}",
        "client_secret": f"a long enough secret of {slug}",
        "redirect_uris": [redirect_uri],
        "post_logout_redirect_uris": [urljoin(redirect_uri, "/")],
        "organisation_number": "8020123456",
        "people": [
            {"sub": f"{slug}-1", "name": "Tor Lindäng", "email": f"tor.lindang@{slug}.example"},
            {"sub": f"{slug}-2", "name": "Alva <Ek>", "email": f"alva.ek@{slug}.example"},
        ],
    }
    return {**usual, **values}


class DemoProvider:
    """Starts the server on a free port and stops it again."""

    def __init__(self, folder: Path, organisations: list[dict[str, Any]], *, port: int = 0) -> None:
        config = folder / "idp.json"
        config.write_text(json.dumps({"port": port, "organisations": organisations}))
        self.process = subprocess.Popen(
            ["node", str(SERVER), str(config)],
            env={**os.environ, "DATA_DIR": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()
        found = re.search(r"http://\S+", self.first_line)
        self.base = found.group() if found else ""

    def issuer(self, slug: str) -> str:
        """The issuer of one organisation."""
        return f"{self.base}/{slug}"

    def stop(self) -> tuple[int, str]:
        """Ask the server to stop; its exit code and what it complained about."""
        self.process.terminate()
        _, errors = self.process.communicate(timeout=10)
        return self.process.returncode, errors


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "button" and dict(attrs).get("name") == "sub":
            self.values.append(dict(attrs).get("value") or "")


@dataclass
class Page:
    """An answer of the provider."""

    url: str
    status: int
    headers: dict[str, str]
    text: str

    @property
    def people(self) -> list[str]:
        """The `sub` of each button, from the top."""
        form = _Form()
        form.feed(self.text)
        return form.values


@dataclass
class Browser:
    """Keeps the provider's cookies by path, follows its redirects, and stops where they lead elsewhere."""

    cookies: dict[str, tuple[str, str]] = field(default_factory=dict)

    def open(self, url: str, form: dict[str, str] | None = None) -> Page:
        """GET, or POST `form`, and follow redirects within the provider; the page it ends at."""
        home = urlsplit(url).netloc
        for _ in range(10):
            page = self._once(url, form)
            target = urljoin(url, page.headers.get("location", url))
            if page.status not in (302, 303):
                return page
            if urlsplit(target).netloc != home:
                return Page(target, page.status, page.headers, page.text)
            url, form = target, None
        raise AssertionError("too many redirects")

    def sign_in(self, url: str, sub: str) -> dict[str, str]:
        """Choose a person on the page behind `url`; the parameters that the portal gets."""
        page = self.open(url)
        if urlsplit(page.url).netloc == urlsplit(url).netloc:
            page = self.open(page.url, {"sub": sub})
        return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}

    def _once(self, url: str, form: dict[str, str] | None) -> Page:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        sent = "; ".join(
            f"{name}={value}" for name, (value, path) in self.cookies.items() if parts.path.startswith(path)
        )
        headers = {"Cookie": sent} if sent else {}
        body = None
        if form is not None:
            headers["Content-Type"], body = "application/x-www-form-urlencoded", urlencode(form)
        connection.request("GET" if form is None else "POST", f"{parts.path}?{parts.query}", body, headers)
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = (morsel.value, morsel["path"] or "/")
        page = Page(url, answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode())
        connection.close()
        return page
