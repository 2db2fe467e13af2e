"""portal/outbound.py against real servers on this machine (security.md no. 40)."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portal.outbound import Outbound, OutboundError, OutboundReason, is_public

Talk = Callable[[socket.socket, bytes], None]

JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Server:
    """A TCP server that reads one request head and then does what `talk` says."""

    def __init__(self, talk: Talk, tls: ssl.SSLContext | None = None) -> None:
        self.talk, self.tls = talk, tls
        self.heads: list[bytes] = []
        self.server_names: list[str | None] = []
        self.closing = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        if tls is not None:
            tls.sni_callback = lambda _socket, name, _context: self.server_names.append(name)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(4096)
                if not piece:
                    return
                head += piece
            self.heads.append(head)
            self.talk(connection, head)
        except OSError:
            return  # the client went away: what most of these tests want to see
        finally:
            connection.close()

    def close(self) -> None:
        self.closing.set()
        self.listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(talk: Talk | bytes, tls: ssl.SSLContext | None = None) -> Server:
        says = talk if callable(talk) else lambda connection, _head: connection.sendall(talk)
        servers.append(Server(says, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def refusal(url: str, http: Outbound) -> OutboundReason:
    with pytest.raises(OutboundError) as caught:
        http.get(url)
    return caught.value.reason


LOCAL = Outbound(allow_loopback=True, seconds=0.6)


def test_s40_an_honest_answer(serve: Callable[..., Server]) -> None:
    server = serve(JSON_HEAD + b'Content-Length: 7\r\n\r\n{"a":1}')
    answer = LOCAL.get(f"http://127.0.0.1:{server.port}/x?y=1", headers={"Accept": "application/json"})
    assert answer.status == 200
    assert answer.json() == {"a": 1}
    assert server.heads[0].startswith(b"GET /x?y=1 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{server.port}\r\n".encode() in server.heads[0]


def test_s40_a_form_is_posted(serve: Callable[..., Server]) -> None:
    bodies: list[bytes] = []

    def talk(connection: socket.socket, head: bytes) -> None:
        body = head.partition(b"\r\n\r\n")[2]
        while len(body) < 3:
            body += connection.recv(100)
        bodies.append(body)
        connection.sendall(JSON_HEAD.replace(b"200 OK", b"400 Bad") + b"Content-Length: 2\r\n\r\n{}")

    server = serve(talk)
    answer = LOCAL.post_form(f"http://127.0.0.1:{server.port}/", "a=b", headers={"Authorization": "Basic eA=="})
    assert (answer.status, answer.is_ok, answer.json()) == (400, False, {})
    assert bodies == [b"a=b"]
    assert b"Content-Type: application/x-www-form-urlencoded" in server.heads[0]
    assert b"Authorization: Basic eA==" in server.heads[0]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"])
def test_s40_redirects_are_not_followed(serve: Callable[..., Server], status: str) -> None:
    target = serve(JSON_HEAD + b"Content-Length: 2\r\n\r\n{}")
    location = f"http://127.0.0.1:{target.port}/"
    server = serve(f"HTTP/1.1 {status}\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
    assert refusal(f"http://127.0.0.1:{server.port}/", LOCAL) == OutboundReason.REDIRECT
    assert target.heads == []


class Endless:
    """A server's talk: `prefix`, then `drop` again and again. Each single read is quick, the whole never ends.

    It does end for whoever has not left after very many drops; that is told by `outlasted`.
    """

    def __init__(self, prefix: bytes = b"", drop: bytes = b"") -> None:
        self.prefix, self.drop = prefix, drop
        self.is_left, self.outlasted = threading.Event(), False

    def __call__(self, connection: socket.socket, _head: bytes = b"") -> None:
        connection.sendall(self.prefix)
        for _ in range(400):
            if self.is_left.wait(0.05):
                return
            connection.sendall(self.drop)
        self.outlasted = True


@pytest.fixture
def endless() -> Iterator[Callable[..., Endless]]:
    made: list[Endless] = []

    def make(prefix: bytes = b"", drop: bytes = b"") -> Endless:
        made.append(Endless(prefix, drop))
        return made[-1]

    yield make
    for one in made:
        one.is_left.set()


@pytest.mark.parametrize(
    ("prefix", "drop"),
    [
        pytest.param(b"", b"", id="silent"),
        pytest.param(JSON_HEAD + b"Content-Length: 1000\r\n\r\n", b"x", id="drip body"),
        pytest.param(JSON_HEAD + b"\r\n", b"{}", id="drip body of unknown length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x", id="drip header"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="drip interim answers"),
    ],
)
def test_s40_five_seconds_is_wall_clock(
    serve: Callable[..., Server], endless: Callable[..., Endless], prefix: bytes, drop: bytes
) -> None:
    talk = endless(prefix, drop)
    server = serve(talk)
    assert refusal(f"http://127.0.0.1:{server.port}/", LOCAL) == OutboundReason.TIMEOUT
    assert not talk.outlasted


def test_s40_the_default_is_five_seconds_and_256_kilobytes() -> None:
    assert (Outbound().seconds, Outbound().limit, Outbound().allow_loopback) == (5.0, 256 * 1024, False)


def test_s40_a_slow_tls_handshake_is_cut(endless: Callable[..., Endless]) -> None:
    talk = endless(b"\x16\x03\x03\x3f\xff", b"\x02")  # a record's header that announces 16 kB, then one byte at a time
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def feed() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                talk(connection)

        threading.Thread(target=feed, daemon=True).start()
        assert refusal(f"https://127.0.0.1:{listener.getsockname()[1]}/", LOCAL) == OutboundReason.TIMEOUT
        assert not talk.outlasted


def test_s40_a_slow_name_server_is_left_behind() -> None:
    is_left, answered = threading.Event(), threading.Event()

    def resolver(_host: str, _port: int) -> list[str]:
        is_left.wait(20)
        answered.set()
        return ["192.0.2.1"]

    http = Outbound(seconds=0.3, resolver=resolver)
    assert refusal("https://op.example/", http) == OutboundReason.TIMEOUT
    assert not answered.is_set()
    is_left.set()


def test_s40_several_requests_share_one_deadline(serve: Callable[..., Server], endless: Callable[..., Endless]) -> None:
    """The first one has used up the time: the others do not even begin."""
    server = serve(endless())
    http = Outbound(allow_loopback=True).within(0.4)
    for _ in range(3):
        assert refusal(f"http://127.0.0.1:{server.port}/", http) == OutboundReason.TIMEOUT
    assert len(server.heads) <= 1


@pytest.mark.parametrize("announced", [True, False])
def test_s40_a_big_answer_is_refused(serve: Callable[..., Server], announced: bool) -> None:
    length = b"Content-Length: 300000\r\n" if announced else b""
    server = serve(JSON_HEAD + length + b"\r\n" + b" " * 300_000)
    assert refusal(f"http://127.0.0.1:{server.port}/", LOCAL) == OutboundReason.TOO_BIG


def test_s40_the_limit_itself_is_allowed(serve: Callable[..., Server]) -> None:
    server = serve(JSON_HEAD + b"\r\n" + b"{}".ljust(256 * 1024))
    assert LOCAL.get(f"http://127.0.0.1:{server.port}/").json() == {}


def test_s40_compressed_answers_are_refused(serve: Callable[..., Server]) -> None:
    server = serve(JSON_HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx")
    assert refusal(f"http://127.0.0.1:{server.port}/", LOCAL) == OutboundReason.PROTOCOL


def test_s40_garbage_is_refused(serve: Callable[..., Server]) -> None:
    server = serve(b"SSH-2.0-OpenSSH_9.2\r\n")
    assert refusal(f"http://127.0.0.1:{server.port}/", LOCAL) == OutboundReason.PROTOCOL


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b"{}"),
        ("text/plain", b"{}"),
        ("application/json", b"[]"),
        ("application/json", b"{"),
        ("application/json", b'{"a": NaN}'),
        ("application/json", b"\xff\xfe\x00"),
        ("application/json", b'{"a":' + b"[" * 100_000),
        ("", b"{}"),
    ],
)
def test_s40_only_json_objects_are_json(serve: Callable[..., Server], content_type: str, body: bytes) -> None:
    server = serve(f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n\r\n".encode() + body)
    answer = LOCAL.get(f"http://127.0.0.1:{server.port}/")
    with pytest.raises(OutboundError) as caught:
        answer.json()
    assert caught.value.reason == OutboundReason.NOT_JSON


def test_s40_a_charset_in_the_type_is_fine(serve: Callable[..., Server]) -> None:
    server = serve(b"HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\n\r\n{}")
    assert LOCAL.get(f"http://127.0.0.1:{server.port}/").json() == {}


PRIVATE = [
    "169.254.169.254", "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "0.0.0.0",
    "100.64.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fec0::1", "feff::1",
    "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::",
    "2002:a00:1::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:0:0:0:0:0:80ff:fffe",
]  # fmt: skip
PUBLIC = ["93.184.216.34", "8.8.8.8", "2a00:1450:400f:801::200e", "64:ff9b::808:808", "2002:808:808::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_s40_private_addresses_are_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    host = f"[{address}]" if ":" in address else address
    assert refusal(f"https://{host}/", Outbound(seconds=1)) == OutboundReason.NOT_PUBLIC


@pytest.mark.parametrize("address", PUBLIC)
def test_s40_public_addresses_are_known(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", [a for a in PRIVATE if not ipaddress.ip_address(a).is_loopback])
def test_s40_the_demo_setting_opens_loopback_only(address: str) -> None:
    http = Outbound(allow_loopback=True, seconds=1, resolver=lambda _host, _port: [address])
    assert refusal("https://op.example/", http) == OutboundReason.NOT_PUBLIC


@pytest.mark.parametrize("spelling", ["2130706433", "0x7f.1", "017700000001", "localhost", "127.1"])
def test_s40_other_spellings_of_loopback(spelling: str) -> None:
    assert refusal(f"https://{spelling}/", Outbound(seconds=2)) == OutboundReason.NOT_PUBLIC


@pytest.mark.parametrize("addresses", [["10.0.0.7"], ["93.184.216.34", "10.0.0.7"], ["93.184.216.34", "::1"]])
def test_s40_a_name_that_leads_inside(addresses: list[str]) -> None:
    http = Outbound(resolver=lambda _host, _port: addresses, seconds=1)
    assert refusal("https://op.example/", http) == OutboundReason.NOT_PUBLIC


def test_s40_a_mixed_answer_does_not_open_loopback() -> None:
    http = Outbound(allow_loopback=True, resolver=lambda _host, _port: ["127.0.0.1", "93.184.216.34"], seconds=1)
    assert refusal("http://op.example/", http) == OutboundReason.NOT_PUBLIC


def test_s40_unknown_and_empty_names() -> None:
    def fails(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    assert refusal("https://op.example/", Outbound(resolver=fails, seconds=1)) == OutboundReason.NOT_FOUND
    nothing = Outbound(resolver=lambda _host, _port: [], seconds=1)
    assert refusal("https://op.example/", nothing) == OutboundReason.NOT_FOUND


@pytest.mark.parametrize(
    "url", ["http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/"]
)
@pytest.mark.parametrize("allow_loopback", [True, False])
def test_s40_https_only(url: str, allow_loopback: bool) -> None:
    http = Outbound(allow_loopback=allow_loopback, resolver=lambda _host, _port: ["93.184.216.34"], seconds=1)
    assert refusal(url, http) in {OutboundReason.NOT_HTTPS, OutboundReason.BAD_URL}


def test_s40_plain_http_to_loopback_needs_the_setting(serve: Callable[..., Server]) -> None:
    server = serve(JSON_HEAD + b"\r\n{}")
    assert refusal(f"http://127.0.0.1:{server.port}/", Outbound(seconds=1)) == OutboundReason.NOT_HTTPS
    assert server.heads == []


@pytest.mark.parametrize(
    "url",
    [
        "", "/", "https://", "https:///x", "https://user@example.com/", "https://user:pw@example.com/", "https://exa mple.com/",
        "https://example.com/\r\nX: y", "https://example.com\\@127.0.0.1/", "https://example.com:99999/", "https://example.com:0/",
        "https://[::1", "https://[fe80::1%25eth0]/", "https://exämple.com/", "https://example.com/#part", "https://example.com:x/",
    ],
)  # fmt: skip
def test_s40_unusual_urls_are_refused(url: str) -> None:
    assert refusal(url, Outbound(seconds=1)) in {OutboundReason.BAD_URL, OutboundReason.NOT_HTTPS}


def test_s40_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert refusal(f"http://127.0.0.1:{port}/", LOCAL) == OutboundReason.UNREACHABLE


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for op.example that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "op.example")])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("op.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "op.pem"
    plain = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(text + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def secure(serve: Callable[..., Server], certificate: Path) -> Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return serve(JSON_HEAD + b"Content-Length: 2\r\n\r\n{}", context)


def trusting(certificate: Path, calls: list[str]) -> Outbound:
    """A way out that finds every name on this machine, and notes each look-up."""

    def resolver(host: str, _port: int) -> list[str]:
        calls.append(host)
        return ["127.0.0.1"] if len(calls) == 1 else ["10.0.0.1"]

    return Outbound(True, 2, resolver=resolver, tls=ssl.create_default_context(cafile=certificate))


def test_s40_the_connection_is_pinned_and_keeps_its_name(secure: Server, certificate: Path) -> None:
    calls: list[str] = []
    url = f"https://op.example:{secure.port}/keys"
    assert trusting(certificate, calls).get(url).json() == {}
    assert calls == ["op.example"], "one look-up: a second one could be answered differently (rebinding)"
    assert secure.server_names == ["op.example"]
    assert f"Host: op.example:{secure.port}\r\n".encode() in secure.heads[0]


def test_s40_a_certificate_for_another_name_is_refused(secure: Server, certificate: Path) -> None:
    assert refusal(f"https://other.example:{secure.port}/", trusting(certificate, [])) == OutboundReason.TLS
    assert secure.heads == []


def test_s40_an_unknown_certificate_is_refused(secure: Server) -> None:
    http = Outbound(True, 2, resolver=lambda _host, _port: ["127.0.0.1"])
    assert refusal(f"https://op.example:{secure.port}/", http) == OutboundReason.TLS


def test_s40_a_proxy_in_the_environment_is_ignored(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(JSON_HEAD + b"\r\n{}")
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    server = serve(JSON_HEAD + b"\r\n{}")
    LOCAL.get(f"http://127.0.0.1:{server.port}/")
    assert proxy.heads == []


UNDER_GEVENT = """
    from gevent import monkey
    monkey.patch_all()
    import socket
    import gevent
    from portal.outbound import Outbound, OutboundError

    def serve(listener, opening, drop, sent):
        connection, _ = listener.accept()
        try:
            connection.sendall(opening)
            for _ in range(200):
                gevent.sleep(0.05)
                connection.sendall(drop)
                sent.append(drop)
            sent.append("outlasted")
        except OSError:
            return
    http = Outbound(allow_loopback=True, seconds=0.6)
    head = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\n\\r\\n"
    for scheme, opening, drop in [("http", head, b"x"), ("https", b"\\x16\\x03\\x03\\x3f\\xff", b"\\x02")]:
        listener, sent = socket.create_server(("127.0.0.1", 0)), []
        gevent.spawn(serve, listener, opening, drop, sent)
        try:
            http.get(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/")
        except OutboundError as error:
            print(scheme, error.reason, len(sent) > 1, "outlasted" in sent)
"""


def test_s40_the_same_under_gevent_and_nobody_else_waits() -> None:
    script = textwrap.dedent(UNDER_GEVENT)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=25, check=True)
    assert done.stdout.split("\n")[:2] == ["http timeout True False", "https timeout True False"], done.stderr
