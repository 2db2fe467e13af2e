"""What the demo is made of, before it is loaded."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from demo import load as loading
from demo.content import read_toml
from demo.documents import read_materials
from demo.gatherings import dates
from demo.when import Calendar, working_day
from demo.writers import write
from portal.web import Edge
from tests.factories import Network

MORNING = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


def test_the_same_day_gives_the_same_files() -> None:
    calendar = Calendar.of(MORNING)
    first, second = [[(m.file_name, write(m)) for m in read_materials(calendar)] for _ in range(2)]
    assert first == second
    assert len({name for name, _content in first}) == 30


def test_the_demo_is_not_loaded_among_others(app: Edge, network: Network) -> None:
    with pytest.raises(loading.NotEmpty):
        loading.load(MORNING)
    assert not loading.is_loaded()


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        (MORNING, "2026-11-23 16:41"),  # before the day's first post: yesterday afternoon
        (MORNING + timedelta(hours=6), "2026-11-24 09:42"),
        (datetime(2026, 11, 22, 12, tzinfo=UTC), "2026-11-20 16:41"),  # on a Sunday: Friday
        (datetime(2026, 12, 25, 12, tzinfo=UTC), "2026-12-23 16:41"),  # at Christmas: before it
        (datetime(2027, 1, 1, 12, tzinfo=UTC), "2026-12-30 16:41"),
    ],
)
def test_the_newest_post_is_of_the_last_working_morning(now: datetime, newest: str) -> None:
    assert f"{Calendar.of(now).latest:%Y-%m-%d %H:%M}" == newest


def test_dates_in_texts() -> None:
    calendar = Calendar(date(2026, 11, 24), MORNING, {"lamp": date(2026, 12, 2)})
    written = date(2026, 11, 20)
    assert calendar.fill("{+1} {+1 dag} {+15 månad} {+3 vecka} {+60 år}", written) == (
        "23 november måndag 23 november december 48 2027"
    )
    assert calendar.fill("{lamp} {lamp dag} {lamp-5 dag}", written) == (
        "2 december onsdag 2 december fredag 27 november"
    )
    assert calendar.fill("ingenting {här} att fylla", written) == "ingenting {här} att fylla"


@pytest.mark.parametrize("days", range(0, 370, 23))
def test_meetings_are_numbered_whatever_the_day(days: int) -> None:
    from demo.gatherings import numbered

    calendar = Calendar.of(MORNING + timedelta(days=days))
    held = dates(calendar)
    assert all(working_day(on) == on for on in held.values())
    numbers = [numbered(key, held) for key in ("lamp_past", "lamp", "lamp_planned")]
    assert [number.split("/")[0] for number in numbers] in (["1", "2", "3"], ["2", "3", "1"], ["3", "1", "2"])
    assert [number.split("/")[1] for number in numbers] == [
        str(held[key].year) for key in ("lamp_past", "lamp", "lamp_planned")
    ]


def test_everybody_who_speaks_is_in_the_group() -> None:
    from demo.content import read_talks

    groups = {
        slug: {about["convener"], about["secretary"], *about["members"]}
        for slug, about in read_toml("groups.toml").items()
    }
    assert [
        (talk.title, said.nick) for talk in read_talks() for said in talk.posts if said.nick not in groups[talk.group]
    ] == []
    ngos = {
        one["nick"]
        for about in read_toml("organisations.toml").values()
        for one in about["people"]
        if about["kind"] in {"ngo", "international"}
    }
    updates = {said.nick for talk in read_talks() for said in talk.posts if said.is_update}
    updates |= {talk.posts[0].nick for talk in read_talks() if talk.kind == "update"}
    assert updates
    assert updates <= ngos
