"""The wire below portal/outbound.py: which addresses may be asked, and connections that end in time."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any

import httpcore

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


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


class Watch:
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


class Pinned(httpcore.SyncBackend):
    """Opens connections to the checked addresses, whatever the name: no second look-up, no rebinding."""

    def __init__(self, addresses: Sequence[str], watch: Watch) -> None:
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
        """Connect to one of the checked addresses. `host` is only a name here. Raises httpcore's errors."""
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


def look_up(resolver: Resolver, host: str, port: int, watch: Watch) -> Sequence[str]:
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
