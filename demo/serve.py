"""The demo's web process: loads the portal while the database is being prepared, and serves when told to.

What is loaded here is inherited by gunicorn's worker (also by the next one, should it be killed). In production gunicorn
is started directly; this only makes `make run` quicker.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()  # before anything of the portal is loaded, as gunicorn's gevent worker does

import importlib  # noqa: E402
import sys  # noqa: E402

from gunicorn.app.wsgiapp import run  # noqa: E402


def main() -> None:
    """Load, wait for one line on standard input, serve. No line: the start was given up."""
    importlib.import_module("portal.features")
    if sys.stdin.readline():
        sys.argv = ["gunicorn", "--log-level", "warning", "-c", "gunicorn.conf.py"]
        run()


if __name__ == "__main__":
    main()
