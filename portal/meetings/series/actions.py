"""Every write to series of meetings and their standing items."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.errors import Conflict, NotFound
from portal.meetings.models import ItemKind, MeetingSeries, Participants, StandingItem
from portal.meetings.numbering import number_anew
from portal.people.models import Group, Person


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """What the meetings of a series have in common."""

    name: str
    months_between: int | None = None
    participants: Participants = Participants.MEMBERS
    paragraphs_run_on: bool = False
    place: str = ""
    practical: str = ""

    def texts(self) -> dict[str, str]:
        """What the guard reads."""
        return {"name": self.name, "place": self.place, "practical": self.practical}


PLANNED = ("name", "months_between", "participants", "paragraphs_run_on", "place", "practical")


@dataclass(frozen=True, slots=True)
class StandingPlan:
    """An item that each meeting begins with."""

    title: str
    kind: ItemKind = ItemKind.INFORMATION
    minutes_allotted: int = 10
    lists_open_actions: bool = False


def start_series(
    group: Group, plan: SeriesPlan, *, standing: Sequence[StandingPlan] = (), keep: Collection[str] = (), by: Person
) -> MeetingSeries:
    """Begin a series, with the items that its meetings begin with. Raises `guard.Stopped`."""
    kept = guard.check(plan.texts(), keep=keep)
    series = MeetingSeries(group=group, created_by_id=by.id, **{name: getattr(plan, name) for name in PLANNED})
    db.session.add(series)
    audit.record("series_started", by=by, on=series)
    note_kept(kept, on=series, by=by)
    for item in standing:
        add_standing_item(series, item, keep=keep, by=by)
    return series


def change_series(
    series: MeetingSeries, plan: SeriesPlan, *, based_on: int, keep: Collection[str] = (), by: Person
) -> None:
    """Change what the meetings to come have in common. Raises `guard.Stopped`, or `Conflict` if somebody changed it since."""
    kept = guard.check(plan.texts(), keep=keep)
    db.lock(series)
    if series.revision != based_on:
        raise Conflict(_("Somebody else changed the series while you wrote. Compare and save again."))
    for name in PLANNED:
        setattr(series, name, getattr(plan, name))
    series.revision += 1
    number_anew(series, db.now())  # paragraphs may run on now, or begin anew
    audit.record("series_changed", by=by, on=series, revision=series.revision)
    note_kept(kept, on=series, by=by)


def end_series(series: MeetingSeries, *, by: Person) -> None:
    """Plan no more meetings in it and remind nobody. What was held stays."""
    db.lock(series)
    series.is_ended = True
    series.revision += 1
    audit.record("series_ended", by=by, on=series)


def resume_series(series: MeetingSeries, *, by: Person) -> None:
    """Go on with a series that was ended."""
    db.lock(series)
    series.is_ended = False
    series.revision += 1
    audit.record("series_resumed", by=by, on=series)


def add_standing_item(
    series: MeetingSeries, plan: StandingPlan, *, keep: Collection[str] = (), by: Person
) -> StandingItem:
    """Let each meeting to come have this item too, last. Raises `guard.Stopped`."""
    kept = guard.check({"title": plan.title}, keep=keep)
    db.lock(series)  # two items added at once get two places
    last = db.session.scalar(sa.select(sa.func.max(StandingItem.position)).where(StandingItem.series_id == series.id))
    item = StandingItem(
        series=series, position=(last or 0) + 1, title=plan.title, kind=plan.kind, minutes_allotted=plan.minutes_allotted,
        lists_open_actions=plan.lists_open_actions,
    )  # fmt: skip
    db.session.add(item)
    audit.record("standing_item_added", by=by, on=item)
    note_kept(kept, on=item, by=by)
    return item


def _hold(item: StandingItem) -> None:
    """Hold the item and its series. Raises `NotFound` if somebody took it away."""
    db.lock(item.series)
    if db.session.scalar(sa.select(StandingItem.id).where(StandingItem.id == item.id)) is None:
        raise NotFound
    db.session.refresh(item)


def change_standing_item(item: StandingItem, plan: StandingPlan, *, keep: Collection[str] = (), by: Person) -> None:
    """Change an item for the meetings to come. Raises `guard.Stopped`, or `NotFound` if it was taken away."""
    kept = guard.check({"title": plan.title}, keep=keep)
    _hold(item)
    for name in ("title", "kind", "minutes_allotted", "lists_open_actions"):
        setattr(item, name, getattr(plan, name))
    audit.record("standing_item_changed", by=by, on=item)
    note_kept(kept, on=item, by=by)


def move_standing_item(item: StandingItem, *, up: bool, by: Person) -> None:
    """Change places with the one before or after; at the edge nothing happens."""
    _hold(item)
    beside = StandingItem.position < item.position if up else StandingItem.position > item.position
    order = StandingItem.position.desc() if up else StandingItem.position
    other = db.session.scalars(
        sa.select(StandingItem).where(StandingItem.series_id == item.series_id, beside).order_by(order).limit(1)
    ).first()
    if other is not None:
        item.position, other.position = other.position, item.position
        audit.record("standing_item_moved", by=by, on=item)


def remove_standing_item(item: StandingItem, *, by: Person) -> None:
    """Let the meetings to come do without it."""
    _hold(item)
    audit.record("standing_item_removed", by=by, on=item)
    db.session.delete(item)
