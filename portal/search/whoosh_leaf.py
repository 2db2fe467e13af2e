"""One segment of the index, opened: its posting lists and columns as arrays."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.reading import TermNotFound

from portal.search.swedish import EXACT
from portal.search.whoosh_codec import Ids, Weights, read_places, read_postings
from portal.search.whoosh_schema import Values, read_numbers, read_values, schema

MOST_FORMS = 4_000  # written words that a beginning stands for
CACHE_BYTES = 16 << 20
OBJECTS = 400  # bytes of a cached list beside its numbers

Mask = NDArray[np.bool_]

_SCHEMA = schema()
_NOTHING: tuple[Ids, Weights] = (np.empty(0, np.uint32), np.empty(0, np.float32))


class Cache:
    """Posting lists that were asked for lately. Segments never change, so nothing in here grows stale."""

    def __init__(self, most: int = CACHE_BYTES) -> None:
        self._most, self._size = most, 0
        self._lists: OrderedDict[tuple[str, str], tuple[Ids, Weights]] = OrderedDict()

    def get(self, key: tuple[str, str]) -> tuple[Ids, Weights] | None:
        """The list, if it is there."""
        found = self._lists.get(key)
        if found is not None:
            self._lists.move_to_end(key)
        return found

    def put(self, key: tuple[str, str], value: tuple[Ids, Weights]) -> None:
        """Keep it, and let go of what was asked for longest ago."""
        self._lists[key] = value
        self._size += _weight(value)
        while self._size > self._most:
            _key, old = self._lists.popitem(last=False)
            self._size -= _weight(old)


def _weight(value: tuple[Ids, Weights]) -> int:
    """What a list costs in memory, with the objects around it."""
    return OBJECTS + value[0].nbytes + value[1].nbytes


class Leaf:
    """One segment, opened: its posting lists and columns. Deletions are not its own: they belong to a moment."""

    def __init__(self, storage: Any, segment: Any, cache: Cache) -> None:
        codec = segment.codec()
        self.name: str = segment.segment_id()
        self.size: int = segment.doc_count_all()
        self._store = segment.open_compound_file(storage) if segment.is_compound() else storage
        self._terms = codec.terms_reader(self._store, segment)
        self._lists: memoryview = self._terms._postfile._buf
        self._columns = codec.per_document_reader(self._store, segment)
        self._cache = cache
        self._values: dict[str, Values] = {}
        self._numbers: dict[str, NDArray[Any]] = {}

    def _start(self, field: str, term: str) -> int | None:
        """Where a posting list begins."""
        try:
            offset: int = self._terms.term_info(field, term.encode()).extent()[0]
        except TermNotFound:
            return None
        return offset

    def postings(self, term: str) -> tuple[Ids, Weights]:
        """In which documents a term stands, and its weight in each."""
        found = self._cache.get((self.name, term))
        if found is None:
            start = self._start("words", term)
            if start is None:
                return _NOTHING
            found = read_postings(self._lists, start)
            self._cache.put((self.name, term), found)
        return found

    def places(self, term: str, among: Mask) -> NDArray[np.uint64]:
        """Where it stands in some of them."""
        start = self._start("words", term)
        return read_places(self._lists, start, among) if start is not None else np.empty(0, np.uint64)

    def postings_from(self, beginning: str) -> Iterator[tuple[Ids, Weights]]:
        """The posting lists of all written words that begin so."""
        start = (EXACT + beginning).encode()
        for number, ((field, term), info) in enumerate(self._terms.items_from("words", start)):
            if field != "words" or not term.startswith(start) or number == MOST_FORMS:
                return
            yield read_postings(self._lists, info.extent()[0])

    def forms(self, beginning: str, most: int = MOST_FORMS) -> Iterable[str]:
        """The written words that begin so."""
        start = (EXACT + beginning).encode()
        for number, (field, term) in enumerate(self._terms.terms_from("words", start)):
            if field != "words" or not term.startswith(start) or number == most:
                return
            yield term.decode()

    def find(self, key: str) -> int | None:
        """The number that a document has here; the newest, should it stand here twice."""
        start = self._start("key", key)
        return int(read_postings(self._lists, start)[0][-1]) if start is not None else None

    def values(self, facet: str) -> Values:
        """A facet of all documents."""
        if facet not in self._values:
            self._values[facet] = read_values(self._column(f"facet_{facet}"))
        return self._values[facet]

    def numbers(self, name: str) -> NDArray[Any]:
        """A number of all documents."""
        if name not in self._numbers:
            reader = self._column(name)
            self._numbers[name] = read_numbers(reader, reader._default)
        return self._numbers[name]

    def _column(self, name: str) -> Any:
        return self._columns.column_reader(name, _SCHEMA[name].column_type)

    def close(self) -> None:
        """Let go of the file."""
        self._terms.close()
        self._columns.close()
        self._values.clear()
        self._numbers.clear()
        if self._store is not None and hasattr(self._store, "range"):
            self._store.close()
