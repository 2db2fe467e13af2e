"""Posts in a real browser: hostile text, quotes, preview, reactions that everybody sees, names, files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Request, Route, expect

from tests.browser.conftest import Open, Visitor, screenshots_folder
from tests.browser.test_main_line import EmailOf, start_thread, write

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

HOSTILE = """
<script>alert(1)</script>
<img src=x onerror=alert(1)>
<svg/onload=alert(1)>
<iframe src="javascript:alert(1)"></iframe>
<a href="javascript:alert(1)">x</a>
<details open ontoggle=alert(1)>
<style>@import 'https://spion.example/a.css';</style>
<link rel=stylesheet href=https://spion.example/b.css>
<meta http-equiv=refresh content="0;url=https://spion.example/">
<form action=https://spion.example/><button>x</button></form>
<input autofocus onfocus=alert(1)>
<math><mtext></p><img src=1 onerror=alert(1)></math>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<base href=https://spion.example/>
<object data=https://spion.example/x.swf></object>
<span class="mention" onclick=alert(1) style="position:fixed;inset:0">x</span>
[x](javascript:alert(1))
[x](JaVaScRiPt:alert(1))
[x](java&#10;script:alert(1))
[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)
[x](vbscript:msgbox(1))
[x](//spion.example/)
[x](/\\\\spion.example/)
[x](https://a.example" onmouseover="alert(1))
[x](<javascript:alert(1)>)
![bild](https://spion.example/pixel.gif)
![bild](http://127.0.0.1:1/pixel.gif)
![bild][1]
`<img src=x onerror=alert(1)>`
<!--><img src=x onerror=alert(1)>-->
<![CDATA[<img src=x onerror=alert(1)>]]>
&lt;script&gt;alert(1)&lt;/script&gt;
\u202e)1(trela\u202c
@<img src=x onerror=alert(1)>

[1]: https://spion.example/pixel2.gif
""".strip()


class Watch:
    """What a page did that it must not: opened a dialog, or asked another host."""

    def __init__(self, visitor: Visitor) -> None:
        self.seen: list[str] = []
        self.own = visitor.address
        visitor.page.on("dialog", self._dialog)
        visitor.page.on("request", self._request)

    def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(dialog.message)
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.own, self.own.replace("http", "ws", 1), "data:", "blob:")):
            self.seen.append(request.url)


def of_text(visitor: Visitor, text: str) -> str:
    """The selector of the post with that text, once it is stored."""
    found = visitor.page.locator("article.post[data-seq]").filter(has_text=text).first
    expect(found).to_be_visible()
    return f"#{found.get_attribute('id')}"


def test_s39_hostile_posts_do_nothing_in_a_browser(visit: Open, email_of: EmailOf) -> None:
    one, other = visit(email_of("RFSL", "")), visit(email_of("", "Informationsnätverket (convener)"))
    path = start_thread(one, "Elakt")
    other.go(path)
    watches = [Watch(one), Watch(other)]
    field = one.page.locator("#composer-text")
    field.fill(HOSTILE)
    one.page.locator("[data-preview]").click()
    shown = one.page.locator(".preview")
    expect(shown).to_contain_text("alert(1)")
    assert shown.locator("script, img, svg, iframe, form, style, link, object, [onclick], [style]").count() == 0
    one.page.locator("[data-preview]").click()
    write(one, HOSTILE)
    for visitor in (one, other):
        post = visitor.page.locator(of_text(visitor, "trela")).locator(".post-body")
        assert post.locator("script, img, svg, iframe, form, style, link, object, meta, base, input").count() == 0
        for link in post.locator("a").all():
            assert re.match(r"https?://|/(?![/\\])", link.get_attribute("href") or "/")
        visitor.go(path)
        expect(visitor.page.locator("article.post").first).to_be_visible()
        for link in visitor.page.locator(".post-body a").all():
            link.hover()
    assert [watch.seen for watch in watches] == [[], []]


def test_reactions_quotes_and_names_live(visit: Open, email_of: EmailOf, axe_source: str) -> None:
    one, other = visit(email_of("RFSL", "")), visit(email_of("", "Informationsnätverket (convener)"))
    path = start_thread(one, "Reaktioner")
    other.go(path)
    write(one, "Ett **förslag** till mall")
    mine = of_text(one, "förslag till mall")
    theirs = of_text(other, "förslag till mall")
    assert mine == theirs

    other.page.locator(f"{theirs} .reactions summary").click()
    other.page.locator(f"{theirs} .menu-sheet [value=thanks]").click()
    for visitor, pressed in ((other, "true"), (one, "false")):
        pill = visitor.page.locator(f"{mine} .reactions > [value=thanks]")
        expect(pill).to_have_attribute("aria-pressed", pressed)
        expect(pill.locator(".count")).to_have_text("1")
    other.page.locator(f"{theirs} .reactions > [value=thanks]").click()
    expect(one.page.locator(f"{mine} .reactions > [value=thanks]")).to_have_count(0)
    one.page.locator(f"{mine} .reactions summary").click()
    one.page.locator(f"{mine} .menu-sheet [value=seen]").click()
    expect(other.page.locator(f"{theirs} .reactions > [value=seen]")).to_be_visible()

    other.page.locator(f"{theirs} .post-menu summary").click()
    expect(other.page.locator(f"{theirs} .menu-sheet").first).to_contain_text("Anmäl inlägget")
    other.page.locator(f"{theirs} .post-reply").click()
    field = other.page.locator("#composer-text")
    expect(field).to_have_value(re.compile(r"^> \*\*.+\n>\n> Ett \*\*förslag\*\* till mall\n\n$"))
    field.press_sequentially("Bra, @")
    listed = other.page.locator(".name-list [role=option]")
    expect(listed.first).to_be_visible()
    name = listed.first.get_attribute("data-words") or ""
    other.page.screenshot(path=screenshots_folder() / "posts-names.png")
    other.page.keyboard.press("Enter")
    expect(field).to_have_value(re.compile(re.escape(f"Bra, @{name} ") + "$"))
    other.page.keyboard.press("Control+Enter")
    answer = of_text(one, "Bra, @")
    expect(one.page.locator(f"{answer} .mention")).to_have_text(f"@{name}")
    expect(one.page.locator(f"{answer} blockquote")).to_contain_text("förslag")
    for visitor in (one, other):
        visitor.page.evaluate(axe_source)
        found = visitor.page.evaluate("axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes[0].html))")
        assert found == []


def test_whoever_starts_a_thread_is_offered_names(visit: Open, email_of: EmailOf) -> None:
    one = visit(email_of("", "Informationsnätverket (convener)"))
    one.go("/groups/informationsnatverket/threads/new")
    field = one.page.locator("textarea[name=body]")
    field.press_sequentially("Hej @")
    listed = one.page.locator(".name-list [role=option]")
    expect(listed.first).to_be_visible()
    name = listed.first.get_attribute("data-words") or ""
    one.page.keyboard.press("Tab")
    expect(field).to_have_value(f"Hej @{name} ")
    expect(field).to_be_focused()


def test_a_file_chosen_in_the_composer_becomes_a_card(visit: Open, email_of: EmailOf, tmp_path: Path) -> None:
    one, other = visit(email_of("RFSL", "")), visit(email_of("", "Informationsnätverket (convener)"))
    path = start_thread(one, "Med fil")
    other.go(path)
    made = tmp_path / "Mall för test.txt"
    made.write_text(f"En mall {path}", encoding="utf-8")
    one.page.locator("[data-attach]").set_input_files(made)
    expect(one.page.locator("[data-attached] button")).to_be_visible()
    is_early = [True]

    def too_soon_once(route: Route) -> None:
        if is_early[0]:
            is_early[0] = False
            route.fulfill(status=429, headers={"Retry-After": "1"}, body="<p>Många på en gång</p>")
        else:
            route.continue_()

    one.context.route(re.compile(r"/attachments$"), too_soon_once)
    write(one, f"Se filen och {path}")
    for visitor in (one, other):
        post = of_text(visitor, "Se filen")
        expect(visitor.page.locator(f"{post} .post-card")).to_have_count(2)
        expect(visitor.page.locator(f"{post} .post-card").last).to_contain_text("Mall för test")
    expect(one.page.locator("[data-attached] button")).to_have_count(0)
    assert not is_early[0]
    one.complaints[:] = [text for text in one.complaints if "429" not in text]
    other.page.set_viewport_size({"width": 390, "height": 844})
    other.page.screenshot(path=screenshots_folder() / "posts-390.png", full_page=True)
