"""The built front end: hashed file names from the build's manifest, and icons as inline SVG."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path

from flask import Flask, url_for
from markupsafe import Markup


class AssetsMissing(RuntimeError):
    """The front end has not been built (`make build`)."""


def _read(path: Path) -> dict[str, str]:
    """A file of the build, read again after each build: a running portal must not point at files that are gone."""
    try:
        return _read_once(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise AssetsMissing("The front end is not built: run 'make build'.") from None


@lru_cache(maxsize=8)
def _read_once(path: Path, _changed: int) -> dict[str, str]:
    content: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return content


def built_file(app: Flask, name: str) -> Path:
    """A built file by its name without the hash. Raises `AssetsMissing`."""
    build = Path(app.static_folder or "static") / "build"
    return build / _read(build / "manifest.json")[name]


def init_app(app: Flask) -> None:
    """Offer `asset(name)` and `icon(name)` to templates."""
    build = Path(app.static_folder or "static") / "build"

    def asset(name: str) -> str:
        """The address of a built file, such as `app.css`."""
        return url_for("static", filename=f"build/{_read(build / 'manifest.json')[name]}")

    @cache
    def icon(name: str, classes: str = "") -> Markup:
        """An icon of bootstrap-icons as inline SVG, hidden from screen readers: the text beside it says it."""
        inner = Markup(_read(build / "icons.json")[name])  # noqa: S704  # from the build, not from people
        return Markup(
            '<svg class="icon {}" width="1em" height="1em" viewBox="0 0 16 16" fill="currentColor" aria-hidden="true" '
            'focusable="false">{}</svg>'
        ).format(classes, inner)

    app.add_template_global(asset)
    app.add_template_global(icon)
