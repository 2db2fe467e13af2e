"""An OpenID provider for tests: a real HTTP server that is honest until a test tells it how to lie."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from joserfc.jwk import ECKey, Key
from joserfc.jws import JWSRegistry

from portal.auth.provider import ProviderConfig

NOW = 1_790_000_000.0
REMOVED = object()  # as a change: leave this member out
CLIENT_ID = "portal"
CLIENT_SECRET = "a secret / with: signs"
REDIRECT_URI = "http://127.0.0.1/sign-in/1/callback"

Route = Callable[[BaseHTTPRequestHandler], None]
Changes = dict[str, Any]


def changed(honest: dict[str, Any], changes: Changes) -> dict[str, Any]:
    """`honest` with `changes` applied."""
    return {name: value for name, value in {**honest, **changes}.items() if value is not REMOVED}


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(header: dict[str, Any], claims: object, key: Key | bytes) -> str:
    """A compact JWS made by hand, as libraries refuse to make the bad ones. Bytes are a shared secret."""
    signing_input = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"
    if header["alg"] == "none":
        return f"{signing_input}."
    if isinstance(key, bytes):
        return f"{signing_input}.{encode(hmac.digest(key, signing_input.encode(), 'sha256'))}"
    return f"{signing_input}.{encode(JWSRegistry.algorithms[header['alg']].sign(signing_input.encode(), key))}"


class EvilProvider:
    """The provider. The `…_changes` say what it lies about; `routes` replaces whole answers."""

    def __init__(self) -> None:
        own = ECKey.generate_key("P-256", {"kid": "k1"})
        self.key: Key | bytes = own
        self.published: list[Any] = [own.as_dict(private=False)]
        self.algorithm = "ES256"
        self.metadata_changes: Changes = {}
        self.claims_changes: Changes = {}
        self.header_changes: Changes = {}
        self.token_changes: Changes = {}
        self.params_changes: Changes = {}
        self.userinfo: Changes = {}
        self.sign_userinfo = False
        self.routes: dict[str, Route] = {}
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.authorization: list[str] = []
        self.request: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self._server.server_port}/op"
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()

    def config(self, **values: Any) -> ProviderConfig:
        """Our configuration for this provider, with `values` instead of the usual ones."""
        usual: dict[str, Any] = {
            "id": 1,
            "version": 1,
            "issuer": self.issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": REDIRECT_URI,
        }
        return ProviderConfig(**{**usual, **values})

    def answer(self, url: str) -> dict[str, str]:
        """What the browser brings back after it was sent to `url`."""
        self.request = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        honest = {"code": "the-code", "state": self.request["state"], "iss": self.issuer}
        return changed(honest, self.params_changes)

    def id_token(self) -> str:
        """The ID token for the last request, with its lies."""
        claims = {
            "iss": self.issuer,
            "sub": "person-1",
            "aud": CLIENT_ID,
            "exp": NOW + 300,
            "iat": NOW,
            "nonce": self.request["nonce"],
            "email": "tor.lindang@example.org",
            "name": "Tor Lindäng",
        }
        header = changed({"alg": self.algorithm, "kid": "k1", "typ": "JWT"}, self.header_changes)
        return sign(header, changed(claims, self.claims_changes), self.key)

    def metadata(self) -> dict[str, Any]:
        """The discovery document, with its lies."""
        honest = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "authorization_response_iss_parameter_supported": True,
        }
        return changed(honest, self.metadata_changes)

    def _token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        self.forms.append(form)
        self.authorization.append(authorization)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if challenge.rstrip(b"=").decode() != self.request.get("code_challenge"):
            return 400, {"error": "invalid_grant", "error_description": "PKCE does not match <b>secret</b>"}
        if form.get("code") != "the-code" or form.get("redirect_uri") != self.request.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        honest = {"access_token": "the-access-token", "token_type": "Bearer", "id_token": self.id_token()}
        return 200, changed(honest, self.token_changes)

    def _userinfo(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.headers["Authorization"] != "Bearer the-access-token":
            send_json(handler, {}, 401)
        elif self.sign_userinfo:
            body = sign({"alg": "ES256", "kid": "k1"}, self.userinfo, self.key)
            send(handler, body.encode(), "application/jwt")
        else:
            send_json(handler, self.userinfo)

    def _handler(provider: EvilProvider) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - two selfs meet
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.removeprefix("/op")
                provider.asked.append(path)
                if path in provider.routes:
                    provider.routes[path](self)
                elif path == "/.well-known/openid-configuration":
                    send_json(self, provider.metadata())
                elif path == "/keys":
                    send_json(self, {"keys": provider.published})
                elif path == "/userinfo":
                    provider._userinfo(self)
                else:
                    self.send_error(404)

            def do_POST(self) -> None:
                path = self.path.removeprefix("/op")
                provider.asked.append(path)
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if path in provider.routes:
                    provider.routes[path](self)
                    return
                form = {name: values[0] for name, values in parse_qs(body).items()}
                status, answer = provider._token(form, self.headers.get("Authorization", ""))
                send_json(self, answer, status)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        return Handler


def send(handler: BaseHTTPRequestHandler, body: bytes, content_type: str, status: int = 200) -> None:
    """Answer with `body`."""
    handler.send_response(status)
    handler.send_header("Content-Type", content_type)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def send_json(handler: BaseHTTPRequestHandler, value: object, status: int = 200) -> None:
    """Answer with JSON."""
    send(handler, json.dumps(value).encode(), "application/json", status)


def redirect(location: str) -> Route:
    """An answer that leads elsewhere."""

    def route(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", location)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return route


def basic(authorization: str) -> tuple[str, str]:
    """Client id and secret of a Basic header, as RFC 6749 §2.3.1 encodes them."""
    client_id, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    return unquote(client_id), unquote(secret)
