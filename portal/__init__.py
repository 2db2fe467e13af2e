"""Samverkansportalen: the app and its features. `create_app` is the only place that knows every feature."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from portal.web import Edge

if TYPE_CHECKING:
    from config import Settings

__all__ = ["create_app"]


def create_app(settings: Settings | None = None) -> Edge:
    """The portal as a WSGI app. Without settings they come from the environment, which may end the process (exit code 2)."""
    import config
    from portal import assets, cli, db, features, guard, i18n, live, search, times, web

    settings = settings or config.load()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s", level=settings.log_level)
    app = Edge(__name__, static_folder="../static", template_folder="../templates")
    app.config["SETTINGS"] = settings
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for part in (web, i18n, times, assets, search, cli):
        part.init_app(app)
    db.init_app(app, settings.database)
    guard.init(settings.secret_key.get_secret_value().encode())
    live.init_app(app, redis_url=settings.redis_url, origin=settings.base_url)
    features.init_app(app)
    return app
