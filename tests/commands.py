"""Commands of the portal, as a test gives them: inside this process, or as a process of their own."""

from __future__ import annotations

import contextvars
import os
import subprocess
import sys
from pathlib import Path

from click.testing import Result

from portal import db
from portal.web import Edge

ROOT = Path(__file__).resolve().parent.parent


def run(app: Edge, *words: str) -> Result:
    """A command in this process, in an app context of its own."""

    def invoke() -> Result:
        with app.app_context():
            answer: Result = app.test_cli_runner().invoke(args=[*words])
            return answer

    db.pause()
    return contextvars.Context().run(invoke)


def environment(app: Edge) -> dict[str, str]:
    """The environment of a process that works on the test's database and files."""
    settings = app.config["SETTINGS"]
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")},
        "PORTAL_SECRET_KEY": settings.secret_key.get_secret_value(), "PORTAL_BASE_URL": settings.base_url,
        "PORTAL_DATA_DIR": str(settings.data_dir), "PORTAL_DATABASE_URL": settings.database_url,
        "PORTAL_ENVIRONMENT": "test",
    }  # fmt: skip


def command(*words: str) -> list[str]:
    """The words of `flask --app wsgi …`."""
    return [sys.executable, "-m", "flask", "--app", "wsgi", *words]


def process(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own, run to its end."""
    return subprocess.run(command(*words), cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)
