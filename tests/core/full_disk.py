"""Run as a process by test_db: a portal whose files can grow no more, as on a full disk."""

from __future__ import annotations

import io
import json
import resource
import signal
import sys
from pathlib import Path

import sqlalchemy as sa
from werkzeug.test import TestResponse

from portal import audit, db
from portal.library.models import Resource
from tests.conftest import Browser, make_portal
from tests.core.test_db import bodies, convener_of, send_post


def main(folder: Path) -> None:
    """Say as JSON what the portal answers while nothing can be written, and what is stored then."""
    app = make_portal(folder)
    with app.app_context():
        db.Base.metadata.create_all(db.engine())
        client, thread_id = convener_of(app)
        client.get("/groups")
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, ((folder / "portal.db-wal").stat().st_size, unlimited[1]))
        found: dict[str, object] = {"post": send_post(client, thread_id).status_code}
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, unlimited[1]))
        found["upload"] = upload(client).status_code
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        found |= {
            "bodies": bodies(),
            "resources": db.session.scalar(sa.select(sa.func.count(Resource.id))),
            "files": [path.name for path in (folder / "files").rglob("*") if path.is_file()],
            "chain": audit.verify(),
        }
        found["after"] = [send_post(client, thread_id).status_code, upload(client).status_code]
    json.dump(found, sys.stdout)


def upload(client: Browser) -> TestResponse:
    """Add a file that is small enough to be sent without a file of its own."""
    form = {
        "file": (io.BytesIO(b"ord " * 75_000), "a.txt"), "title": "Fil", "group": "natverket", "kind": "other",
        "csrf_token": client.csrf,
    }  # fmt: skip
    return client.post("/library/upload", data=form, content_type="multipart/form-data")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
