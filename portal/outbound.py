"""Requests from the portal to other machines: this is the only module that makes any (security.md no. 40).

An address may come from an administrator or from another organisation's server, so no answer is trusted:
https only, public addresses only, no redirects, five seconds in all, 256 kB at most.

Why httpcore (the engine under httpx) and not httpx, requests or urllib3 themselves: its network backend is a
public interface. The connection is opened by us, to the very address that was checked, while Host header, SNI
and certificate check stay those of the URL. And there are no proxies, cookies, redirects, decompression or
retries to switch off.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

from portal.outbound_wire import OutboundError as OutboundError
from portal.outbound_wire import OutboundReason as OutboundReason
from portal.outbound_wire import Pinned, Resolver, Watch, look_up
from portal.outbound_wire import is_public as is_public

JSON_TYPES = ("application/json", "application/jwk-set+json")


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. `content_type`: lower case, without parameters. Any status but 3xx is an answer."""

    status: int
    content_type: str
    body: bytes

    @property
    def is_ok(self) -> bool:
        """True for a 2xx status."""
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        """The JSON object in the body. Raises OutboundError(NOT_JSON): another type, broken, or no object."""
        if self.content_type not in JSON_TYPES:
            raise OutboundError(OutboundReason.NOT_JSON)
        try:
            value = json.loads(self.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise OutboundError(OutboundReason.NOT_JSON) from error
        if not isinstance(value, dict):
            raise OutboundError(OutboundReason.NOT_JSON)
        return value


def system_resolver(host: str, port: int) -> Sequence[str]:
    """All addresses of `host`, as the machine's resolver gives them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Outbound:
    """A way out, with its limits. Holds no connection and no state: cheap to make, safe to share.

    allow_loopback: http and https to this machine are allowed (demo and tests only; nothing else private is)
    seconds:        wall clock for one whole request, name look-up and drip-fed bytes included
    limit:          bytes in an answer's body
    resolver, tls:  for tests: another name look-up, another set of trusted certificates
    deadline:       `time.monotonic()` at which every request has to be over; see `within`
    """

    allow_loopback: bool = False
    seconds: float = 5.0
    limit: int = 256 * 1024
    resolver: Resolver = system_resolver
    tls: ssl.SSLContext | None = None
    deadline: float | None = None

    def within(self, seconds: float) -> Outbound:
        """The same way out, where all requests together may take `seconds` from now."""
        return replace(self, deadline=time.monotonic() + seconds)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """GET `url`. Raises OutboundError."""
        return self._request("GET", url, headers or {}, b"")

    def post_form(self, url: str, body: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """POST an already encoded form body. Raises OutboundError."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._request("POST", url, {**form, **(headers or {})}, body.encode("ascii"))

    def post_bytes(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> Answer:
        """POST a body of any kind; `headers` say which. Raises OutboundError."""
        return self._request("POST", url, headers, body)

    def check_url(self, url: str) -> None:
        """Raises OutboundError when `url` could never be asked (form and scheme only, no name look-up)."""
        _split(url, allow_http=self.allow_loopback)

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = _split(url, allow_http=self.allow_loopback)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        end = time.monotonic() + self.seconds
        watch = Watch(end if self.deadline is None else min(end, self.deadline))
        try:
            backend = Pinned(self._addresses(parts, port, watch), watch)
            answer = self._exchange(method, parts, port, headers, body, backend)
        except OutboundError:
            raise
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            raise OutboundError(_reason(error, watch)) from error
        finally:
            watch.stop()
        if watch.is_over:
            # A body without a length ends where the connection does: cut by us, it would pass for complete.
            raise OutboundError(OutboundReason.TIMEOUT)
        return answer

    def _addresses(self, parts: SplitResult, port: int, watch: Watch) -> list[str]:
        """The addresses of the URL's host; refused unless every one of them is allowed."""
        host = parts.hostname or ""
        addresses = [ipaddress.ip_address(text) for text in look_up(self.resolver, host, port, watch)]
        if not addresses:
            raise OutboundError(OutboundReason.NOT_FOUND)
        on_loopback = self.allow_loopback and all(address.is_loopback for address in addresses)
        # One private address among public ones is a sign of an attack, not of a big site.
        if not on_loopback and not all(is_public(address) for address in addresses):
            raise OutboundError(OutboundReason.NOT_PUBLIC)
        if parts.scheme == "http" and not on_loopback:
            raise OutboundError(OutboundReason.NOT_HTTPS)
        return [str(address) for address in addresses]

    def _exchange(
        self,
        method: str,
        parts: SplitResult,
        port: int,
        headers: Mapping[str, str],
        body: bytes,
        backend: Pinned,
    ) -> Answer:
        url = httpcore.URL(
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=port if parts.port else None,
            target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        )
        # "identity": a compressed answer could unpack to any size.
        fixed = {"Host": parts.netloc, "Accept-Encoding": "identity", "Connection": "close"}
        with (
            httpcore.ConnectionPool(ssl_context=self.tls or _default_tls(), network_backend=backend) as pool,
            pool.stream(method, url, headers=[*headers.items(), *fixed.items()], content=body or None) as response,
        ):
            if 300 <= response.status < 400:
                raise OutboundError(OutboundReason.REDIRECT)
            given = {name.lower(): value for name, value in response.headers}
            if given.get(b"content-encoding", b"identity") != b"identity":
                raise OutboundError(OutboundReason.PROTOCOL)
            content_type = given.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
            return Answer(response.status, content_type, _read(response.iter_stream(), self.limit))


def _split(url: str, *, allow_http: bool) -> SplitResult:
    """The parts of an absolute URL that may be asked. Raises OutboundError for anything unusual in it."""
    if not url.isascii() or not url.isprintable() or any(sign in url for sign in ' \\"<>#'):
        raise OutboundError(OutboundReason.BAD_URL)
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and parts.username is None and parts.password is None
    except ValueError as error:
        raise OutboundError(OutboundReason.BAD_URL) from error
    if not usable or "%" in parts.netloc:
        raise OutboundError(OutboundReason.BAD_URL)
    if parts.scheme != "https" and not (parts.scheme == "http" and allow_http):
        raise OutboundError(OutboundReason.NOT_HTTPS)
    return parts


def _read(chunks: Iterable[bytes], limit: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise OutboundError(OutboundReason.TOO_BIG)
    return bytes(body)


def _reason(error: Exception, watch: Watch) -> OutboundReason:
    """What a failure of the network means. The clock first: a cut connection looks like any other failure."""
    if watch.is_over or isinstance(error, httpcore.TimeoutException | TimeoutError):
        return OutboundReason.TIMEOUT
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return OutboundReason.TLS
        seen = seen.__cause__ or seen.__context__
    return OutboundReason.PROTOCOL if isinstance(error, httpcore.ProtocolError) else OutboundReason.UNREACHABLE


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are not JSON


@cache
def _default_tls() -> ssl.SSLContext:
    """The machine's trusted certificates, loaded once (it takes some 20 ms)."""
    return ssl.create_default_context()
