"""How the web process is served: one gevent worker, which patches the standard library before the app is loaded."""

import gc
import os

os.environ.setdefault(
    "GEVENT_TRACK_GREENLET_TREE", "0"
)  # who started a green thread: 4 kB for each, which nobody asks for

bind = os.environ.get("PORTAL_BIND", "127.0.0.1:8000")
workers = 1  # several: start several of these behind nginx, with PORTAL_REDIS_URL set (README)
worker_class = "gevent"
worker_connections = 4000
graceful_timeout = 5
timeout = 60
keepalive = 5
limit_request_line = 4094
errorlog = "-"
accesslog = None  # addresses of pages say who read what; the audit log keeps what must be kept
wsgi_app = "wsgi:app"


def post_worker_init(_worker: object) -> None:
    """What is loaded stays: the collector need not look through it again and again, while all sockets wait for it. A request makes
    some ten thousand objects that are gone without it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
