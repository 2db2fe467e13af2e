"""The child process of `extract`: reads one file under limits and writes what is in it as JSON to standard
output.

Run by path (`extract_child.py media_type path`, after child_start.py); it imports nothing of the portal, and of the
libraries only what the type at hand needs. Standard error is for the log.
"""

import importlib
import json
import re
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

Pages = list[tuple[int, str]]
Result = tuple[Pages, str | None, dict[str, str]]

MAX_CHARACTERS = 20_000_000


class RefusedError(Exception):
    """The file gives no text; the argument is one of the parent's reasons."""


def complain(error: Exception) -> None:
    """Tell the log where a library failed, without the error's text: it may quote the file."""
    where = (f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__))
    sys.stderr.write(f"{type(error).__name__} at {' '.join(where)}\n")


def decoded(data: bytes) -> str:
    """Text of unknown encoding: byte order mark, UTF-8, or the likeliest of what Swedish offices used."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(data, cp_isolation=["cp1252", "latin_1", "mac_roman", "cp850"]).best()
        return str(best) if best is not None else data.decode("cp1252", "replace")


def read_text(path: Path) -> Result:
    """Plain text as one page."""
    return [(1, decoded(path.read_bytes()))], None, {}


def read_markdown(path: Path) -> Result:
    """Markdown as it was written; the title is the first heading or the title of a front matter."""
    text = decoded(path.read_bytes())
    title = re.search(r"^(?:#[ \t]+|title:[ \t]*)(.+)$", text, re.MULTILINE)
    return [(1, text)], title[1].strip().strip("\"'#").strip() if title else None, {}


_BLOCK = re.compile(
    "address|article|aside|blockquote|br|caption|d[dlt]|div|fieldset|figcaption|footer|form|h[1-6]|header|hr|li"
    "|main|nav|[ou]l|option|p|pre|section|table|tbody|t[dhr]|tfoot|thead"
)


def read_html(path: Path) -> Result:
    """Visible text with a line per block; scripts and styles are dropped, alt texts and links go to the
    properties.
    """
    from lxml import etree, html

    data = path.read_bytes()
    declared = re.search(rb"<meta[^<>]{0,200}charset=[\"']?([\w-]{1,30})", data[:4096], re.IGNORECASE)
    try:
        text = data.decode(declared[1].decode()) if declared else decoded(data)
    except (UnicodeDecodeError, LookupError):
        text = decoded(data)
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise RefusedError("broken") from error
    title = root.findtext(".//title")
    properties = {
        f"meta {meta.get('name', '').lower()}": meta.get("content", "")
        for meta in root.iter("meta")
        if meta.get("name") and meta.get("content")
    }
    hidden = [value for node in root.iter() for name in ("alt", "title", "href") if (value := node.get(name))]
    if hidden:
        properties["links"] = "\n".join(hidden)
    etree.strip_elements(root, "script", "style", "template", "title", etree.Comment, with_tail=False)
    lines = [part for event, node in etree.iterwalk(root, events=("start", "end")) for part in _pieces(event, node)]
    body = re.sub(r"[ \t\r\f]*\n\s*", "\n", re.sub(r"[ \t\xa0]+", " ", "".join(lines))).strip()
    return [(1, body)], " ".join(title.split()) if title else None, properties


def _pieces(event: str, node: Any) -> list[str]:
    """What a node adds to the running text at its start or at its end."""
    line = "\n" if isinstance(node.tag, str) and _BLOCK.fullmatch(node.tag) else ""
    if event == "start":
        return [line, _flat(node.text, node)]
    return [line, _flat(node.tail, node.getparent())]


def _flat(text: str | None, inside: Any) -> str:
    """Line breaks in the source of a page mean nothing, but in preformatted text."""
    if not text or (inside is not None and inside.tag == "pre"):
        return text or ""
    return text.replace("\n", " ")


def reader_of(media_type: str) -> Callable[[Path], Result]:
    """The function that reads this media type."""
    readers = {"text/plain": read_text, "text/markdown": read_markdown, "text/html": read_html}
    if media_type in readers:
        return readers[media_type]
    sys.path.append(str(Path(__file__).parent))  # last, so that nothing of ours stands before a library's name
    pictures = importlib.import_module("extract_picture")
    if media_type == "application/pdf":
        return partial(
            importlib.import_module("extract_pdf").read,
            refused=RefusedError,
            characters=MAX_CHARACTERS,
            pictures=pictures,
        )
    if media_type.startswith("image/"):
        return partial(pictures.read, media_type=media_type, refused=RefusedError)
    parts = importlib.import_module("extract_parts").Parts(RefusedError)
    screen = importlib.import_module("extract_package").Screen(RefusedError, parts, pictures.told_inside)
    office = importlib.import_module("extract_office")
    reader: Callable[[Path], Result] = office.reader_of(media_type, screen, RefusedError, MAX_CHARACTERS)

    def read_office(path: Path) -> Result:
        pages, title, properties = reader(path)
        return pages, title, properties | parts.properties() | pictures.gathered(screen.told)

    return read_office


def _clean(text: str) -> str:
    """No NUL and no lone surrogate: a database takes neither."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def run(media_type: str, path: Path) -> dict[str, Any]:
    """The answer for the parent: the content, or the reason why there is none."""
    try:
        pages, title, properties = reader_of(media_type)(path)
    except RefusedError as refusal:
        return {"error": str(refusal)}
    except (MemoryError, RecursionError):
        return {"error": "memory"}
    except ImportError as error:
        if "failed to map" not in str(error) and "cannot allocate" not in str(error).lower():
            raise  # a library is missing: nothing that the file can help
        return {"error": "memory"}
    except Exception as error:  # noqa: BLE001 - whatever a library raises here means a damaged file; it is logged
        complain(error)
        return {"error": "broken"}
    return {
        "pages": [(number, _clean(text)) for number, text in pages],
        "title": _clean(title).strip() if title else None,
        "properties": {name: _clean(value) for name, value in properties.items() if value.strip()},
    }


if __name__ == "__main__":
    sys.modules["numpy"] = None  # type: ignore[assignment]  # openpyxl would load it, with a thread per core
    answer = json.dumps(run(sys.argv[1], Path(sys.argv[2])))
    sys.stdout.write(answer)
