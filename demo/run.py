"""`make run`: the whole demo on this machine: portal, worker and identity provider, started, watched and stopped together."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 10


def say(text: str) -> None:
    """One line for the person at the terminal."""
    print(text, flush=True)


def fail(text: str) -> None:
    """One sentence, and exit code 2."""
    print(text, file=sys.stderr, flush=True)
    raise SystemExit(2)


def is_free(port: int) -> bool:
    """Whether the port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def port_from_environment() -> int:
    """PORT, or 8000."""
    text = os.environ.get("PORT") or "8000"
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        fail(f"PORT must be a number between 1 and 65535, not {text!r}.")
    port = int(text)
    if not is_free(port):
        fail(
            f"Port {port} is taken. Stop what listens there, or choose another one: make run PORT={port + 100 if port < 65000 else 8000}"
        )
    return port


def data_dir_from_environment() -> Path:
    """DATA_DIR, or var/ in the project; made if it is not there."""
    folder = Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").write_text("", encoding="utf-8")
    except OSError as error:
        fail(f"The folder {folder} cannot be written to: {error.strerror}.")
    return folder


def secret(folder: Path) -> str:
    """This installation's secret, made at the first start and readable by its owner only."""
    path = folder / "secret"
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="utf-8")


def next_free(port: int) -> int:
    """The first free port after `port`."""
    for candidate in range(port + 1, port + 200):
        if candidate <= 65535 and is_free(candidate):
            return candidate
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        chosen: int = probe.getsockname()[1]
        return chosen


def prepare(idp_port: int) -> list[str]:
    """Bring the database up to date, load the demo once, and tell the identity provider who is who.

    Returns the lines that say whom one can sign in as.
    """
    from demo.load import is_loaded, load, prepare_providers, recommended
    from portal import create_app
    from portal.cli import upgrade_database

    app = create_app()
    with app.app_context():
        say("  database …")
        upgrade_database()
        if not is_loaded():
            say("  demo network (once, up to half a minute) …")
            load()
        prepare_providers(idp_port)
        lines = recommended()
    app.extensions["engine"].dispose()  # an open SQLite connection must not be carried over a fork
    return lines


class Children:
    """The three processes. When one ends by itself, or the person presses Ctrl-C, all are stopped.

    They are forked from this process, which has loaded the portal already: a start then costs its loading once, not
    three times. Each is the leader of its own session, so that Ctrl-C reaches only us and we stop them in order.
    """

    def __init__(self) -> None:
        self._running: dict[int, str] = {}
        self._ended: str | None = None
        self.is_stopping = False

    def start(self, name: str, run: Callable[[], object]) -> None:
        """Run `run` in a process of its own until it returns or exits."""
        sys.stdout.flush()
        pid = os.fork()
        if pid:
            self._running[pid] = name
            return
        code = 1
        try:
            os.setsid()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            run()
            code = 0
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
        except BaseException:  # noqa: BLE001  # shown; this process ends here
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)  # never back into the parent's code

    def _reap(self) -> None:
        for pid in list(self._running):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._ended = self._running.pop(pid)

    def ended(self) -> str | None:
        """The name of one that has ended, if any."""
        self._reap()
        return self._ended

    def stop(self) -> None:
        """Ask all to stop, in reverse order, and wait for them."""
        for pid in reversed(self._running):
            os.kill(pid, signal.SIGTERM)  # not reaped yet, so the number is still its own
        deadline = time.monotonic() + STOP_SECONDS
        while self._running and time.monotonic() < deadline:
            self._reap()
            time.sleep(0.02)
        for pid, name in self._running.items():
            say(f"  {name} does not stop by itself and is ended")
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self._running.clear()


def run_provider(config: Path) -> None:
    """Become the demo identity provider (Node)."""
    os.execvp("node", ["node", "demo/idp/server.mjs", str(config)])  # noqa: S606, S607  # our own, from the PATH


def run_worker() -> None:
    """`flask --app wsgi worker`."""
    from flask.cli import main as flask_main

    sys.argv = ["flask", "--app", "wsgi", "worker"]
    flask_main()


def run_portal(gate: int) -> None:
    """Become the web process, which serves when a line comes through the pipe `gate`."""
    os.dup2(gate, 0)
    os.execv(sys.executable, [sys.executable, "-m", "demo.serve"])  # noqa: S606  # our own


def wait_until_up(address: str, children: Children) -> None:
    """Wait until /health says that portal and worker live."""
    for _attempt in range(600):
        ended = children.ended()
        if ended or children.is_stopping:
            return
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            pass  # not up yet
        time.sleep(0.1)


def main() -> None:
    """Start, say where, watch, stop."""
    started = time.monotonic()
    port = port_from_environment()
    folder = data_dir_from_environment()
    address = f"http://127.0.0.1:{port}"
    os.environ.update(
        PORTAL_SECRET_KEY=secret(folder), PORTAL_BASE_URL=address, PORTAL_DATA_DIR=str(folder), PORTAL_ENVIRONMENT="demo",
        PORTAL_BIND=f"127.0.0.1:{port}", PYTHONUNBUFFERED="1",
    )  # fmt: skip
    os.environ.setdefault("PORTAL_LOG_LEVEL", "WARNING")
    say("Samverkansportalen, demo")
    idp_port = next_free(port)
    children = Children()
    gate, go = os.pipe()  # neither end is inherited through exec; the child makes its own of `gate`

    def stop(_signal: int, _frame: FrameType | None) -> None:
        children.is_stopping = True

    try:
        children.start("portal", partial(run_portal, gate))
        people = prepare(idp_port)
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        say("  portal, worker and identity provider …")
        os.write(go, b"go\n")
        children.start("identity provider", partial(run_provider, folder / "idp" / "config.json"))
        children.start("worker", run_worker)
        wait_until_up(address, children)
        if not children.ended() and not children.is_stopping:
            say(
                f"\nReady after {time.monotonic() - started:.1f} s: {address}\n\nSign in with one of these work e-mails (no password):"
            )
            for line in people:
                say(f"  {line}")
            say("\nCtrl-C stops everything; nothing is lost.")
        while not children.is_stopping and children.ended() is None:
            time.sleep(0.2)
        ended = children.ended()
    except KeyboardInterrupt:
        children.is_stopping, ended = True, None
    finally:
        children.stop()
    if ended and not children.is_stopping:
        fail(f"The {ended} ended by itself; what it said stands above. Everything has been stopped.")
    say("Stopped.")


if __name__ == "__main__":
    main()
