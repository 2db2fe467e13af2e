"""What the types of things that can be found are called."""

from __future__ import annotations

from collections.abc import Collection

from flask_babel import lazy_gettext as _l

TYPE_NAMES = {
    "resource": _l("Materials"), "collection": _l("Collections"), "thread": _l("Threads"), "post": _l("Posts"), "meeting": _l("Meetings"), "minutes": _l("Minutes"),
    "decision": _l("Decisions"), "action": _l("Actions"), "activity": _l("Activities"), "plan": _l("Cooperation plans"),
    "training": _l("Trainings"),
}  # fmt: skip


def type_names(values: Collection[str]) -> dict[str, str]:
    """What the types of things are called, in the order in which they are known."""
    return {key: str(name) for key, name in TYPE_NAMES.items() if key in values}
