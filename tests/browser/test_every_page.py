"""Every page, for everybody: axe in both themes and widths, without JavaScript, with the keyboard alone, in both languages."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, Visitor
from tests.browser.stack import ROOT

EmailOf = Callable[[str, str], str]

# all browser tests share one demo, so they run in one process (--dist loadgroup)
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIGNED_OUT = ["/sign-in", "/accessibility", "/privacy", "/sign-in?lang=en"]
SIGNED_IN = [
    "/", "/groups", "/groups/lamp", "/groups/lamp?show=lifted", "/groups/lamp/members", "/groups/lamp/meetings",
    "/groups/lamp/materials", "/groups/lamp/threads/new", "/groups/lamp/meetings/new", "/calendar", "/library",
    "/library?q=samverkan", "/searches", "/searches/feeds", "/library/upload", "/search", "/search?q=samverkan", "/search?q=finnsinte", "/contacts",
    "/account", "/organisation", "/accessibility", "/privacy", "/no-such-page", "/calendar?view=list", "/calendar/feeds",
    "/notices", "/account/notifications", "/account/devices", "/unreached", "/groups/lamp/proposals", "/groups/lamp/proposals/new",
    "/groups/lamp/polls", "/groups/lamp/polls/new", "/groups/lamp/seats", "/groups/lamp/series/new",
    "/groups/lamp/actions", "/groups/lamp/actions?show=done", "/groups/lamp/actions/new", "/groups/lamp/decisions",
    "/counties", "/counties/T", "/lifted-questions", "/lifted-questions?step=answered", "/groups/lamp/rounds", "/groups/lamp/rounds/new", "/groups/lamp/report-questions", "/groups/lamp/report-questions/new",
    "/plans", "/plans?sort=revise", "/groups/lamp/plan-template", "/groups/lamp/plan-template?version=1", "/groups/lamp/plan-template/edit",
    "/trainings", "/trainings?group=lamp", "/trainings/coverage", "/trainings/coverage?authority=police", "/trainings/new/lamp",
    "/activities", "/activities/calendar", "/activities?kind=campaign", "/groups/lamp/activities", "/groups/lamp/activities/new",
    "/minutes/check", "/library/stale", "/library/topics", "/collections", "/groups/informationsnatverket/collections",
    "/library?q=samverkan+kommun&kind=checklist", "/library?q=manniskohandel", "/search?q=samverkan&type=resource&exact=1&order=new",
]  # fmt: skip


def faults(page: Page, axe_source: str) -> list[str]:
    """What axe finds on the page as it stands."""
    page.evaluate(axe_source)
    found: dict[str, Any] = page.evaluate("tags => axe.run(document, {runOnly: tags})", AXE_TAGS)
    return [
        f"{page.url} {fault['id']}: {node['html'][:160]}" for fault in found["violations"] for node in fault["nodes"]
    ]


def links_to_things(visitor: Visitor) -> list[str]:
    """A thread, a meeting, its minutes and forms, and a material, as the demo has them."""
    paths = []
    for start, pattern in (
        ("/groups/lamp", r"/threads/\d+"),
        ("/groups/lamp/meetings", r"/meetings/\d+$"),
        ("/library", r"/resources/\d+$"),
        ("/collections", r"/collections/\d+$"),
        ("/trainings", r"^/trainings/\d+$"),
        ("/trainings", r"^/trainings/cohorts/\d+$"),
        ("/groups/lamp/activities?state=done", r"^/activities/\d+$"),
        ("/groups/lamp/activities?state=planned", r"^/activities/\d+$"),
        ("/groups/lamp/polls", r"/polls/\d+$"),
        ("/groups/lamp/meetings", r"/meeting-series/\d+$"),
        ("/groups/lamp/seats", r"^/seats/\d+$"),
        ("/groups/lamp/actions", r"^/actions/\d+$"),
        ("/groups/lamp/actions?show=done", r"^/actions/\d+$"),
        ("/groups/lamp/decisions", r"^/meetings/\d+/minutes$"),
        ("/groups/lamp/rounds", r"^/rounds/\d+$"),
        ("/groups/lamp/plans", r"^/plans/\d+$"),
        ("/counties/T", r"^/rounds/\d+/counties/T$"),
    ):
        visitor.go(start)
        hrefs = visitor.page.locator("main a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        found = [re.sub("#.*", "", href) for href in hrefs if href and re.search(pattern, re.sub("#.*", "", href))]
        assert found, f"{start} shows nothing"
        paths += list(dict.fromkeys(found))[:3]
    meeting = next(path for path in paths if "/meetings/" in path)
    visitor.go(meeting)
    items = visitor.page.locator("main a[href*='/agenda-items/']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    material = next(path for path in paths if "/resources/" in path)
    paths += [
        f"{material}/{page}" for page in ("edit", "sharing", "life", "related", "versions", "comparison", "downloads")
    ]
    activity = next(path for path in paths if path.startswith("/activities/"))
    paths += [f"{activity}/{page}" for page in ("edit", "copy", "result", "materials")]
    training, cohort = (
        next(path for path in paths if re.fullmatch(f, path)) for f in (r"/trainings/\d+", r"/trainings/cohorts/\d+")
    )
    paths += [f"{training}/edit", f"{training}/cohorts/new", f"{cohort}/occasions/new"]
    of_threads = thread_places(visitor, thread_of_several(visitor))
    of_meeting = [f"{meeting}/{page}" for page in ("room", "minutes", "edit", "items/new", "minutes/circulation")]
    of_reports = next(path for path in paths if re.fullmatch(r"/rounds/\d+", path))
    paths += [f"{of_reports}/{page}" for page in ("compiled", "edit", "questions/new")]
    return [*paths, *of_threads, *of_meeting, *items[:2], *writing_places(visitor, meeting)]


def thread_of_several(visitor: Visitor) -> str:
    """A thread with more than one post: other tests begin threads too."""
    visitor.go("/groups/lamp")
    hrefs = visitor.page.locator("main a[href^='/threads/']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    for href in dict.fromkeys(re.sub("[#?].*", "", href) for href in hrefs):
        visitor.go(href)
        if visitor.page.locator("article.post").count() > 1:
            return href
    raise AssertionError("no thread has a second post")


def thread_places(visitor: Visitor, thread: str) -> list[str]:
    """What can be done with a thread and with its posts, and what an organisation has told."""
    visitor.go(thread)
    last = visitor.page.locator("article.post").last.get_attribute("id") or ""
    post = "/posts/" + last.removeprefix("post-")
    second = visitor.page.locator("article.post").nth(1).get_attribute("data-seq")
    of_thread = [f"{thread}/{page}" for page in ("edit", "move", "pace", f"split?from={second}")]
    of_post = [f"{post}/{page}" for page in ("menu", "reactions", "versions", "removal", "report", "edit")]
    return [*of_thread, *of_post, "/groups/lamp/moderation", "/organisations/1/updates"]


def writing_places(visitor: Visitor, meeting: str) -> list[str]:
    """Where minutes are written on an item, and a decision with its wordings, as the room and the minutes link to them."""
    visitor.go(f"{meeting}/minutes")
    notes = visitor.page.locator("main a[href$='/minutes'][href^='/agenda-items/']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    visitor.go("/groups/lamp/decisions")
    past = visitor.page.locator("main a[href*='/minutes#']").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    visitor.go(re.sub("/minutes#.*", "/room", past[0]))
    decisions = visitor.page.locator("main a[href^='/decisions/']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    assert notes
    return [*notes[:1], *decisions[:1], re.sub("/minutes#.*", "/room", past[0])]


def overflows(page: Page) -> int:
    """How many pixels the page can be scrolled sideways."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_axe_finds_nothing(visit: Open, email_of: EmailOf, axe_source: str, width: int, theme: str) -> None:
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": theme}
    found: list[str] = []
    stranger = visit(**options)
    for path in SIGNED_OUT:
        stranger.go(path)
        found += faults(stranger.page, axe_source)
    member = visit(email_of("", "LAMP (convener)"), **options)
    for path in [*SIGNED_IN, *links_to_things(member)]:
        member.go(path)
        found += faults(member.page, axe_source)
        if overflows(member.page) > 0:
            found.append(f"{path} scrolls sideways by {overflows(member.page)} px")
    member.complaints[:] = [
        one for one in member.complaints if "404" not in one and "403" not in one
    ]  # as it should be
    assert found == []


def test_pages_work_without_javascript(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("RFSL", ""), java_script_enabled=False)
    one.go("/groups/informationsnatverket/threads/new")
    one.page.get_by_label("Rubrik").fill("Utan skript")
    one.page.get_by_label("Första inlägget").fill("Det går också.")
    one.page.get_by_role("button", name="Starta tråden").click()
    one.page.locator("#composer-text").fill("Ett svar utan skript.")
    one.page.get_by_role("button", name="Svara").click()
    expect(one.page.locator("article.post").last).to_contain_text("Ett svar utan skript.")
    one.page.locator("#composer-text").fill("Numret är 811228-9874.")
    one.page.get_by_role("button", name="Svara").click()
    expect(one.page.locator("[data-guard]")).to_contain_text("personnummer")
    expect(one.page.locator("#composer-text")).to_have_value(re.compile("811228-9874"))
    one.go("/search?q=samverkan")
    expect(one.page.locator(".results li").first).to_be_visible()
    one.go("/account")
    one.page.get_by_label("English").check()
    one.page.get_by_role("button", name="Spara").click()
    expect(one.page.locator("html")).to_have_attribute("lang", "en")
    one.go("/account")
    one.page.get_by_label("Svenska").check()
    one.page.get_by_role("button", name="Save").click()
    expect(one.page.locator("html")).to_have_attribute("lang", "sv")


def test_the_keyboard_is_enough(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("", "LAMP (convener)"))
    one.page.keyboard.press("Tab")
    expect(one.page.locator(":focus")).to_have_text("Hoppa till innehållet")
    one.page.keyboard.press("Enter")
    assert one.page.evaluate("location.hash") == "#content"
    one.page.keyboard.press("Control+k")
    field = one.page.locator("dialog[open] input[name=q]")
    expect(field).to_be_focused()
    field.press_sequentially("samverkansplan")
    expect(one.page.locator("dialog[open] [role=option]").first).to_be_visible()
    one.page.keyboard.press("ArrowDown")
    one.page.keyboard.press("Enter")
    one.page.wait_for_url(re.compile(r"/(threads|resources|meetings|search)"))
    one.page.keyboard.press("g")
    one.page.keyboard.press("k")
    one.page.wait_for_url(re.compile("/calendar"))


def test_english_speaks_english(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("Unicef Sverige", ""))
    one.go("/account")
    one.page.get_by_label("English").check()
    one.page.get_by_role("button", name="Spara").click()
    for path, heading in (
        ("/", "Today"),
        ("/calendar", "Calendar"),
        ("/library", "Library"),
        ("/contacts", "Contacts"),
    ):
        one.go(path)
        expect(one.page.get_by_role("heading", level=1)).to_have_text(heading)


@pytest.mark.parametrize("path", ["/", "thread", "/library"])
def test_lighthouse_gives_accessibility_full_marks(visit: Open, email_of: EmailOf, path: str, tmp_path: Path) -> None:
    member = visit(email_of("", "LAMP (convener)"))
    if path == "thread":
        path = next(link for link in links_to_things(member) if "/threads/" in link)
    cookie = next(c for c in member.context.cookies() if c["name"] == "session")
    report = tmp_path / "report.json"
    command = [
        "node", "node_modules/lighthouse/cli/index.js", member.address + path, "--quiet", "--only-categories=accessibility",
        "--output=json", f"--output-path={report}", "--chrome-path=/usr/bin/chromium",
        "--chrome-flags=--headless --no-sandbox --disable-gpu --disable-background-networking",
        "--extra-headers", json.dumps({"Cookie": f"session={cookie['value']}"}),
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=True, timeout=170, capture_output=True)
    category = json.loads(report.read_text(encoding="utf-8"))["categories"]["accessibility"]
    assert category["score"] == 1
