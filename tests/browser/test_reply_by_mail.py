"""An answer by mail, in the browsers of those who have the thread open."""

from __future__ import annotations

import time
from email.message import EmailMessage

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.stack import Stack
from tests.browser.test_main_line import EmailOf, start_thread

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ADDRESS_OF = """
from portal.discussions.by_mail.tokens import reply_address
from portal.discussions.models import Thread
print(reply_address(person, db.session.get_one(Thread, int(sys.argv[2]))))
"""


def test_an_answer_by_mail_appears_in_the_thread_live(visit: Open, email_of: EmailOf, stack: Stack) -> None:
    """It is stored by another process than the one that holds the sockets, and there is no Redis."""
    reader, writer = visit(email_of("", "Informationsnätverket (convener)")), email_of("RFSL", "")
    thread_id = start_thread(reader, "Svar med mejl").rpartition("/")[2]
    address = stack.with_person(writer, ADDRESS_OF, thread_id)
    answer = EmailMessage()
    answer["Authentication-Results"] = f"mx.portal.example; dmarc=pass header.from={writer.rpartition('@')[2]}"
    answer["From"], answer["To"], answer["Message-ID"] = writer, address, "<live@x.example>"
    answer.set_content("Hälsning från brevlådan.\n\n-- \nEn signatur")
    done = stack.flask("mail", "deliver", given=answer.as_bytes())
    assert done.returncode == 0, done.stderr
    stored = time.monotonic()
    post = reader.page.locator("article.post .post-body", has_text="Hälsning från brevlådan.")
    expect(post).to_have_count(1, timeout=8_000)  # long before the browser would ask by itself
    assert time.monotonic() - stored < 8
    expect(reader.page.get_by_text("En signatur")).to_have_count(0)
