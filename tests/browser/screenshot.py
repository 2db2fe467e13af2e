"""`make screenshot`: the picture in the README, taken of the running demo."""

from __future__ import annotations

import shutil

from playwright.sync_api import sync_playwright

from tests.browser.conftest import Visitor
from tests.browser.stack import ROOT, running

WHO = "mirjam.sandelin@jamstalldhetsmyndigheten.example"


def main() -> None:
    """Start the demo, sign in, take the picture."""
    with running() as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = browser.new_context(locale="sv-SE", viewport={"width": 1280, "height": 860})
        visitor = Visitor(context.new_page(), context, stack.address)
        visitor.sign_in(WHO)
        visitor.page.wait_for_load_state("networkidle")
        visitor.page.screenshot(path=str(ROOT / "docs" / "start-page.png"))
        browser.close()


if __name__ == "__main__":
    main()
