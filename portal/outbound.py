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
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
JSON_TYPES = ("application/json", "application/jwk-set+json")


class OutboundReason(StrEnum):
    """Why a request got no answer. Safe for a log: holds nothing that the other side wrote."""

    BAD_URL = "bad_url"
    NOT_HTTPS = "not_https"
    NOT_FOUND = "name_not_found"
    NOT_PUBLIC = "not_public"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMEOUT = "timeout"
    REDIRECT = "redirect"
    TOO_BIG = "too_big"
    PROTOCOL = "protocol"
    NOT_JSON = "not_json"


class OutboundError(Exception):
    """A request was refused or failed. Never show it to a user: only `reason` goes to the log."""

    def __init__(self, reason: OutboundReason) -> None:
        super().__init__(f"outbound request failed: {reason}")
        self.reason = reason


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

    def check_url(self, url: str) -> None:
        """Raises OutboundError when `url` could never be asked (form and scheme only, no name look-up)."""
        _split(url, allow_http=self.allow_loopback)

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = _split(url, allow_http=self.allow_loopback)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        end = time.monotonic() + self.seconds
        watch = _Watch(end if self.deadline is None else min(end, self.deadline))
        try:
            backend = _Pinned(self._addresses(parts, port, watch), watch)
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

    def _addresses(self, parts: SplitResult, port: int, watch: _Watch) -> list[str]:
        """The addresses of the URL's host; refused unless every one of them is allowed."""
        host = parts.hostname or ""
        addresses = [ipaddress.ip_address(text) for text in _look_up(self.resolver, host, port, watch)]
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
        backend: _Pinned,
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


def is_public(address: Address) -> bool:
    """True when `address`, and any IPv4 address carried inside it, belongs to the open internet."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner:
            return is_public(inner)
        if address.is_site_local:  # given up by RFC 3879, still routed in old networks
            return False
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local
    return address.is_global and not address.is_private and not special


class _Watch:
    """The wall clock of one request: at its end the connection is cut, wherever the request stands.

    Time-outs of single reads are not enough: a server that feeds one byte a second resets them for ever, also in
    the TLS handshake. A timer thread works the same with and without gevent, where it is a greenlet.
    """

    def __init__(self, end: float) -> None:
        self.end = end
        self.is_over = self.left() <= 0
        self._cut: list[socket.socket] = []
        self._timer = threading.Timer(max(self.left(), 0), self._end)
        self._timer.daemon = True
        self._timer.start()

    def left(self) -> float:
        """Seconds left; never more than was given, may be negative."""
        return self.end - time.monotonic()

    def follow(self, connection: socket.socket) -> None:
        """Cut `connection` at the end. A duplicate is kept: the TLS layer takes the original's descriptor."""
        self._cut.append(connection.dup())

    def stop(self) -> None:
        """The request is over: no more cutting."""
        self._timer.cancel()
        for connection in self._cut:
            connection.close()

    def _end(self) -> None:
        self.is_over = True
        for connection in self._cut:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed by the other side or by `stop` in the same moment: nothing left to cut


class _Pinned(httpcore.SyncBackend):
    """Opens connections to the checked addresses, whatever the name: no second look-up, no rebinding."""

    def __init__(self, addresses: Sequence[str], watch: _Watch) -> None:
        self._addresses = addresses
        self._watch = watch

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectTimeout()
        for index, address in enumerate(self._addresses):
            left = self._watch.left()
            if left <= 0:
                break
            # A dead first address (often IPv6) must not use up all the time.
            share = left if index == len(self._addresses) - 1 else left / 2
            try:
                stream = super().connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            self._watch.follow(stream.get_extra_info("socket"))
            return stream
        raise failure


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


def _look_up(resolver: Resolver, host: str, port: int, watch: _Watch) -> Sequence[str]:
    """Ask the resolver, which knows no time-out of its own, in a thread that may be left behind."""
    answers: queue.Queue[Sequence[str] | Exception] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(resolver(host, port))
        except (OSError, ValueError) as error:  # not found, or a name that cannot be one (UnicodeError)
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=max(watch.left(), 0))
    except queue.Empty as error:
        raise OutboundError(OutboundReason.TIMEOUT) from error
    if isinstance(answer, Exception):
        raise OutboundError(OutboundReason.NOT_FOUND) from answer
    return answer


def _read(chunks: Iterable[bytes], limit: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise OutboundError(OutboundReason.TOO_BIG)
    return bytes(body)


def _reason(error: Exception, watch: _Watch) -> OutboundReason:
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
