"""Posts whose way is not straight: the guard and files, a wrong clock, a session that ends. In a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Request, expect

from tests.browser.conftest import Open, Visitor
from tests.browser.stack import Stack
from tests.browser.test_kept_texts import LEADER, cut_posts, kept_count, mend_posts, pending
from tests.browser.test_main_line import EmailOf, bodies, start_thread, write
from tests.browser.test_posts import of_text
from tests.browser.test_waiting_posts import POSTS, quiet
from tests.servers import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

END_SESSIONS = """
from portal.auth import sessions
sessions.end_for([person.id])
db.commit()
"""
WRONG_CLOCK = """
(() => {
  const Real = Date;
  const now = () => Real.now() + Number(localStorage.getItem("wrong by hours") ?? 0) * 3_600_000;
  globalThis.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(now()); }
    static now() { return now(); }
  };
})();
"""


def test_files_stay_with_a_text_that_the_guard_stops(visit: Open, email_of: EmailOf, tmp_path: Path) -> None:
    one, other = visit(email_of("RFSL", "")), visit(email_of("", LEADER))
    path = start_thread(one, "Vakten och bilagan")
    other.go(path)
    for name in ("Karta.txt", "Lista.txt"):
        made = tmp_path / name
        made.write_text(f"{name} {path}", encoding="utf-8")
        one.page.locator("[data-attach]").set_input_files(made)
    write(one, "Mejla anna@gmail.com om kartan.")
    panel, attached = one.page.locator("[data-guard]"), one.page.locator("[data-attached] button")
    expect(panel).to_be_visible()
    assert "Karta.txt" in attached.first.inner_text()
    assert "Lista.txt" in attached.last.inner_text()
    expect(attached).to_have_count(2)
    expect(pending(one)).to_have_count(0)
    assert bodies(one) == bodies(other) == ["Här börjar det."]
    panel.locator("[name=guard_keep]").check()
    one.page.locator("[data-send]").click()
    for visitor in (one, other):
        post = of_text(visitor, "om kartan")
        expect(visitor.page.locator(f"{post} .post-card")).to_have_count(2)
    expect(attached).to_have_count(0)
    expect(panel).to_have_count(0)
    one.go(path)
    assert bodies(one) == ["Här börjar det.", "Mejla anna@gmail.com om kartan."]
    quiet(one, "422")


def set_wrong(visitor: Visitor, hours: float) -> None:
    visitor.page.evaluate("hours => localStorage.setItem('wrong by hours', String(hours))", hours)


@pytest.mark.parametrize(("hours", "goes"), [(2, True), (-2, True), (50, False), (-50, False)])
def test_posts_of_a_wrong_clock_go_in_order_and_only_an_unknown_age_asks(
    visit: Open, email_of: EmailOf, hours: float, goes: bool
) -> None:
    """The clock is wrong when the first is written, and right from the second on."""
    one = visit(email_of("RFSL", ""))
    one.context.add_init_script(WRONG_CLOCK)
    path = start_thread(one, f"Klockan går {hours}")
    set_wrong(one, hours)
    one.page.reload()
    tried = cut_posts(one)
    write(one, "Ett.")
    expect(pending(one).locator("[data-take-back]")).to_have_count(1)
    one.page.reload()
    expect(pending(one).locator("[data-take-back]")).to_have_count(1)

    def is_tried_again() -> bool:
        one.page.wait_for_timeout(50)
        return len(tried) >= 2

    wait_for(is_tried_again, what="a clock that is only wrong sends it again")
    set_wrong(one, 0)
    write(one, "Två.")
    expect(pending(one)).to_have_count(2)
    one.page.reload()
    expect(pending(one)).to_have_count(2)
    mend_posts(one)
    if not goes:
        expect(one.page.locator("article.post[data-seq]", has_text="Två.")).to_be_visible()
        expect(pending(one).locator("[data-time]")).to_be_visible()
        assert bodies(one) == ["Här börjar det.", "Två."]
        pending(one).locator("[data-retry]").click()
    expect(pending(one)).to_have_count(0)
    one.go(path)
    assert bodies(one) == ["Här börjar det.", *(["Ett.", "Två."] if goes else ["Två.", "Ett."])]
    quiet(one, "ERR_INTERNET_DISCONNECTED")


@pytest.mark.parametrize("hours", [2, -2])
def test_what_a_page_says_of_time_is_the_portal_s(visit: Open, email_of: EmailOf, hours: float) -> None:
    one, other = visit(email_of("RFSL", "")), visit(email_of("", LEADER))
    path = start_thread(one, f"Tiden är portalens {hours}")
    one.context.add_init_script(WRONG_CLOCK)
    set_wrong(one, hours)
    one.go("/groups")
    other.go(path)
    write(other, "Medan du var borta.")
    expect(other.page.locator("article.post[data-seq]", has_text="Medan du var borta.")).to_be_visible()
    one.go(path)
    divider = one.page.locator("#new span")
    expect(divider).to_have_text(re.compile(r"^1 .*\d\d[.:]\d\d"))
    own = one.page.locator("article.post[data-seq] time").all_inner_texts()
    write(one, "Jag är tillbaka.")
    mine = of_text(one, "Jag är tillbaka.")
    other.go(path)
    theirs = other.page.locator("article.post[data-seq] time").all_inner_texts()
    assert theirs[: len(own)] == own
    assert one.page.locator(f"{mine} time").all_inner_texts() == other.page.locator(f"{mine} time").all_inner_texts()


def lose_session(visitor: Visitor, stack: Stack, email: str, text: str) -> Locator:
    """The session ends while a post waits, which is tried once more then. Answers the dialog that asks for a new one."""
    cut_posts(visitor)
    write(visitor, text)
    expect(pending(visitor).locator("[data-take-back]")).to_be_visible()
    stack.with_person(email, END_SESSIONS)
    with visitor.page.expect_response(POSTS) as refused:
        mend_posts(visitor)
    assert refused.value.status == 401
    question = visitor.page.locator("dialog[data-session-ended]")
    expect(question).to_be_visible()
    expect(pending(visitor).locator("[data-take-back]")).to_have_count(1)
    return question


def test_a_post_that_waits_for_a_session_goes_once_when_its_author_is_back(
    visit: Open, email_of: EmailOf, stack: Stack
) -> None:
    writer = email_of("RFSL", "")
    one = visit(writer)
    path = start_thread(one, "Utloggad mitt i")
    taken: list[int] = []

    def note(request: Request) -> None:
        if request.method == "POST" and POSTS.search(request.url):
            answer = request.response()
            taken.append(answer.status if answer else 0)

    question = lose_session(one, stack, writer, "Skrivet utan session.")
    one.context.on("requestfinished", note)
    tab = Visitor(one.context.new_page(), one.context, one.address)
    tab.sign_in(writer)
    tab.go("/groups")
    question.locator("[data-session-back]").click()
    expect(question).to_be_hidden()
    expect(pending(one)).to_have_count(0)
    wait_for(lambda: bodies(one)[1:] == ["Skrivet utan session."], what="the post")
    assert kept_count(one.page) == 0
    tab.go(path)
    assert bodies(tab) == ["Här börjar det.", "Skrivet utan session."]
    assert taken == [201], "one tab has sent it, and the other one has not tried"
    quiet(one, "401", "read-mark", "ERR_INTERNET_DISCONNECTED")


def test_nobody_else_s_session_sends_a_post_that_waits(visit: Open, email_of: EmailOf, stack: Stack) -> None:
    writer, another = email_of("RFSL", ""), email_of("", LEADER)
    one, watcher = visit(writer), visit(another)
    path = start_thread(one, "Delad dator")
    watcher.go(path)
    question = lose_session(one, stack, writer, "Bara mitt.")
    tab = Visitor(one.context.new_page(), one.context, one.address)
    tab.sign_in(another)
    for event in ("portal:contact-back", "portal:session-back"):
        one.page.evaluate("name => document.dispatchEvent(new CustomEvent(name))", event)
    tab.go(path)
    assert bodies(tab) == ["Här börjar det."]
    assert "Bara mitt." not in str(tab.page.evaluate("JSON.stringify(localStorage)"))
    question.locator("[data-session-back]").click()
    expect(one.page.locator("html")).to_have_attribute(
        "data-person", tab.page.locator("html").get_attribute("data-person") or ""
    )
    expect(one.page.get_by_text("Bara mitt.")).to_have_count(0)
    expect(pending(one)).to_have_count(0)
    watcher.go(path)
    assert bodies(watcher) == ["Här börjar det."]
    quiet(one, "401", "read-mark", "400", "ERR_INTERNET_DISCONNECTED")
