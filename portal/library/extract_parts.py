"""Every text and every attribute in the XML of an Office file, for the personal-data guard; for the child process of
`extract`.

What pages show is read by libraries (`extract_office`), but the file is served whole: diagrams, charts, master slides,
headers of sheets, pivot caches and whatever comes with the next version are read here, without knowing what they are.
Only what holds ten digits is kept, each value for itself.
"""

import re
from collections.abc import Callable
from xml.parsers import expat

_GUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")  # some would pass for numbers
_RUNS = frozenset(
    {"t", "delText", "instrText", "p", "h", "span", "a", "text", "tspan"}
)  # words go on from one to the next
_LINES = frozenset({"p", "h", "si", "comment", "text", "br", "cr", "tab", "line-break"})  # … and end here
_WRITTEN = frozenset({"v", "descr", "title", "tooltip"})  # attributes that people fill in
_APART = "\n\n\n\n"  # no number goes on over this
_LEAST_DIGITS = 10

Note = Callable[[str], None]


class Parts:
    """What was found in all parts of a file: `texts` as people read or wrote them, `attributes` of the markup."""

    def __init__(self, refused: type[Exception]) -> None:
        self._refused = refused
        self._texts: dict[str, None] = {}
        self._attributes: dict[str, None] = {}

    def properties(self) -> dict[str, str]:
        """What was found, as the guard reads it: attributes hold so many numbers that it asks them for sure ones only."""
        return {"texts of parts": _APART.join(self._texts), "attributes of parts": _APART.join(self._attributes)}

    def add_text(self, text: str) -> None:
        """Note a text, if it can hold a number."""
        _note(self._texts, text)

    def add_attribute(self, value: str) -> None:
        """Note a value of the markup, if it can hold a number."""
        _note(self._attributes, value)

    def read(self, data: bytes, *, is_shown: bool = True, is_picture: bool = False) -> None:
        """Read one part. `is_shown` False: its texts are the programs', such as the ids of a document server.

        Raises `refused` for entities, and `expat.ExpatError` for what is no XML.
        """
        reader = _Reader(self.add_text if is_shown else self.add_attribute, None if is_picture else self.add_attribute)
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = reader.start
        parser.EndElementHandler = reader.end
        parser.CharacterDataHandler = reader.data
        parser.CommentHandler = self.add_text
        parser.EntityDeclHandler = self._entity
        parser.Parse(data, True)

    def _entity(self, *_declaration: object) -> None:
        raise self._refused("unsafe")


def _note(found: dict[str, None], text: str) -> None:
    if sum(map(str.isdigit, text)) >= _LEAST_DIGITS:
        found[_GUID.sub("", text)] = None


class _Reader:
    """Puts the words of one part together: a number may stand in several runs of a paragraph."""

    def __init__(self, on_text: Note, on_attribute: Note | None) -> None:
        self._on_text = on_text
        self._on_attribute = on_attribute
        self._open: list[str] = []
        self._piece: list[str] = []  # since the last tag
        self._line: list[str] = []  # since the line began

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._settle()
        local = name.rpartition(":")[2]
        if local in _LINES:
            self._end_line()
        self._open.append(local)
        for key, value in attributes.items():
            if len(value) < _LEAST_DIGITS:
                continue
            if key.rpartition(":")[2] in _WRITTEN:
                self._on_text(value)
            elif self._on_attribute is not None:
                self._on_attribute(value)

    def end(self, _name: str) -> None:
        self._settle()
        if self._open.pop() in _LINES or not self._open:
            self._end_line()

    def data(self, text: str) -> None:
        self._piece.append(text)

    def _settle(self) -> None:
        if not self._piece:
            return
        text = "".join(self._piece)
        self._piece.clear()
        if self._open[-1] in _RUNS:
            self._line.append(text)
        elif text.strip():
            self._end_line()
            self._on_text(text)

    def _end_line(self) -> None:
        if self._line:
            self._on_text("".join(self._line))
            self._line.clear()
