"""What is kept of an answer by mail, from the forms that mail programs have."""

from __future__ import annotations

import time

import pytest

from portal.discussions.by_mail.stripping import own_words, split_words, text_of_html

MARK = "##- Svara på det här mejlet för att skriva i tråden. Skriv ovanför den här raden. -##"
QUOTED = (
    f"{MARK}\n\nSek Reterare, Länsstyrelsen:\n\nGammal text\n\nhttps://portal.test/threads/1\n--\nSamverkansportalen"
)
MARKED = "\n".join(f"> {line}" for line in QUOTED.split("\n"))
OUTLOOK = "Från: Samverkansportalen <portal@portal.example>\nSkickat: den 24 november 2026 10:12\nTill: Anna Ek <anna@x.example>\nÄmne: [N] T\n\n"
CASES = {
    "outlook": (f"Hej alla,\n\nSamma problem i Örebro.\n\n{OUTLOOK}{QUOTED}", "Hej alla,\n\nSamma problem i Örebro."),
    "outlook with a rule": (f"Bra!\n\n________________________________\n{OUTLOOK}{QUOTED}", "Bra!"),
    "outlook without our line": (f"Bra!\n\n{OUTLOOK}Gammal text", "Bra!"),
    "outlook in bold": (f"Bra!\n\n{OUTLOOK.replace('Från:', '*Från:*').replace('Skickat:', '*Skickat:*')}Gammal", "Bra!"),
    "outlook in english": (
        f"Yes.\n\nFrom: Samverkansportalen\nSent: Tuesday, November 24, 2026 10:12 AM\nTo: A\nSubject: T\n\n{QUOTED}",
        "Yes.",
    ),
    "gmail": (f"Det stämmer.\n\nDen tis 24 nov. 2026 kl 10:12 skrev Samverkansportalen <portal@portal.example>:\n\n{MARKED}", "Det stämmer."),
    "gmail wrapped": (f"Det stämmer.\n\nDen tis 24 nov. 2026 kl 10:12 skrev Samverkansportalen <\nportal@portal.example>:\n\n{MARKED}", "Det stämmer."),
    "gmail in english": (f"Yes.\n\nOn Tue, Nov 24, 2026 at 10:12 AM Samverkansportalen <p@p.example> wrote:\n{MARKED}", "Yes."),
    "iphone": (f"Ja!\n\nSkickat från min iPhone\n\n24 nov. 2026 kl. 10:12 skrev Samverkansportalen <p@p.example>:\n\n{MARKED}", "Ja!"),
    "below the quote": (f"Den 2026-11-24 kl. 10:12, skrev Samverkansportalen:\n{MARKED}\n\nSvar efteråt.\n-- \nAnna Ek\nTfn", "Svar efteråt."),
    "above and below": (f"Före.\n\nDen 2026-11-24 kl. 10:12, skrev Samverkansportalen:\n{MARKED}\n\nEfter.", "Före.\n\nEfter."),
    "a signature": ("Vi kommer.\n\nVänliga hälsningar\nAnna Ek\nHandläggare\n010-123 45 67", "Vi kommer."),
    "mvh": ("Vi kommer.\n\nMvh Anna", "Vi kommer."),
    "a delimiter": ("Vi kommer.\n-- \nAnna Ek\n010-123 45 67", "Vi kommer."),
    "a name": ("Vi kommer.\n\n/Anna", "Vi kommer."),
    "nothing quoted": ("Bara text.\n\nTvå stycken.", "Bara text.\n\nTvå stycken."),
    "greetings that are text": ("Hälsningar från konferensen! Här är mina anteckningar.\n\nPunkt ett.", "Hälsningar från konferensen! Här är mina anteckningar.\n\nPunkt ett."),
    "a path": ("Se mappen\n/rapporter för mer.\nOch så detta.", "Se mappen\n/rapporter för mer.\nOch så detta."),
    "a quote of one's own": ("> Kommer ni?\nJa, två.\n\n> Och tolk?\nNej.", "> Kommer ni?\nJa, två.\n\n> Och tolk?\nNej."),
    "only the quote": (MARKED, ""),
    "only our line": (QUOTED, ""),
    "nothing": ("", ""),
    "a timetable": ("Tåget som vi kan se:\n\nFrån: Stockholm C\nDatum: 3 maj\n\nVi ses!", "Tåget som vi kan se:\n\nFrån: Stockholm C\nDatum: 3 maj\n\nVi ses!"),
    "a timetable above a quote": (f"Se:\n\nFrån: Stockholm C\nDatum: 3 maj\n\nDen 2026-11-24 skrev Samverkansportalen:\n{MARKED}", "Se:\n\nFrån: Stockholm C\nDatum: 3 maj"),
    "a short block": (f"Ja.\n\nFrån: Samverkansportalen\nDatum: 24 november\n\n{QUOTED}", "Ja."),
    "a postscript": ("Vi kommer.\n\nMvh\nAnna\n\nPS. Mötet är flyttat till fredag.", "Vi kommer.\n\nPS. Mötet är flyttat till fredag."),
    "who wrote": ("Bakgrund.\n\nDen 3 maj skrev Polisen:\nVi kan inte delta.\n\nVad gör vi?", "Bakgrund.\n\nDen 3 maj skrev Polisen:\nVi kan inte delta.\n\nVad gör vi?"),
    "below what is not marked": (f"{QUOTED}\nStoppa: https://portal.test/unsubscribe/1.kind-posted.x\n\nSvar efteråt.", "Svar efteråt."),
    "windows": ("Rad ett\r\nRad två\r\n", "Rad ett\nRad två"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_kept(case: str) -> None:
    text, expected = CASES[case]
    assert own_words(text) == expected


LONG = "\n".join(f"Rad {number} om mötet" for number in range(8))


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        (f"Ja.\n\nMvh\nAnna\n\n{LONG}", LONG),
        (f"Ja.\n-- \n{LONG}", LONG),
        (f"Ja.\n\n{OUTLOOK}{LONG}", LONG),
        (f"Ja.\n\n{OUTLOOK}{QUOTED}\nhttps://portal.test/unsubscribe/1.x\n{LONG}", LONG),
    ],
)
def test_what_is_left_out_is_known(text: str, left_out: str) -> None:
    kept, found = split_words(text)
    assert kept == "Ja."
    assert left_out in found


def test_a_quote_is_nothing_left_out() -> None:
    assert split_words(f"Ja.\n\nDen 2026-11-24 kl. 10:12 skrev Portalen:\n{MARKED}") == ("Ja.", "")
    assert split_words(f"Ja.\n\n{OUTLOOK}{QUOTED}") == ("Ja.", "")


def test_a_block_quote_of_ones_own_is_kept() -> None:
    html = f"<p>Lagen säger:</p><blockquote>Var och en</blockquote><p>Så är det.</p><blockquote><p>{MARK}</p><p>Gammalt</p></blockquote>"
    assert own_words(text_of_html(html)) == "Lagen säger:\nVar och en\n\nSå är det."
    assert text_of_html('<p>Ja</p><blockquote type="cite">Gammalt</blockquote>') == "Ja"


def test_a_long_text_is_kept_whole_but_for_its_end() -> None:
    body = "\n\n".join(f"Stycke {number}. Hälsningar\nAnna" for number in range(300))
    assert own_words(f"{body}\n\nSlut.\n\n{OUTLOOK}{QUOTED}").startswith(body)


@pytest.mark.parametrize(
    "text", ["> " * 50_000, "On " * 30_000, "Den " * 30_000 + "skrev", "Från: x\n" * 10_000, "\n" * 100_000, "x" * 200_000, "On a\n" * 20_000,
             "Hälsningar\n" * 10_000, "_" * 100_000, " " * 100_000, "##-" * 30_000, ">\n" * 50_000],
    ids=range(12),
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()
    own_words(text)
    assert time.process_time() - started < 3


def test_a_mail_that_has_only_html() -> None:
    html = """<html><head><style>p{color:red}</style><title>x</title></head><body><!-- dold --><p>Hej&nbsp;alla,</p><p>Vi har <b>samma</b>
    problem.<br>Hälsar Örebro</p><ul><li>ett</li><li>två</li></ul><script>alert(1)</script>
    <div class="gmail_quote"><blockquote>Gammal text</blockquote></div></body></html>"""
    assert own_words(text_of_html(html)) == "Hej alla,\n\nVi har samma problem.\nHälsar Örebro\n\n- ett\n- två"
    assert text_of_html("<p>a") == "a"
    assert text_of_html("<div>" * 2_000 + "djupt") == "djupt"
