"""How the index lies in Whoosh's files: as Whoosh's own third codec lays it, but for two things that make it quick.

Posting lists are blocks of plain arrays that numpy takes in at once (the stock codec pickles a tuple of numbers per 128), and
files are read where they lie, mapped into memory (the stock storage copies each of them for every reader).
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from operator import sub
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import W3Codec, W3LeafMatcher, W3PostingsWriter, W3Segment
from whoosh.columns import NumericColumn, RefBytesColumn
from whoosh.fields import COLUMN, ID, FieldType, Schema
from whoosh.filedb.compound import CompoundStorage
from whoosh.filedb.structfile import BufferFile
from whoosh.formats import Existence, Positions

from portal.search.engine import FACETS, Document
from portal.search.swedish import postings

BLOCK = 4096  # postings that are packed together
WORTH_PACKING = 64  # bytes
STEP = 0.5  # weights are multiples of it
BETWEEN = "\x1f"  # the values of a facet

Ids = NDArray[np.uint32]
Weights = NDArray[np.float32]


def _pack(raw: bytes) -> bytes:
    return b"z" + zlib.compress(raw, 1) if len(raw) > WORTH_PACKING else b"r" + raw


def _unpack(packed: bytes) -> bytes:
    return zlib.decompress(packed[1:]) if packed[:1] == b"z" else packed[1:]


def _ids(packed: bytes) -> Ids:
    steps = np.frombuffer(_unpack(packed), "<u4")
    return np.cumsum(steps, dtype=np.uint32)


def _weights(packed: bytes) -> Weights:
    return np.frombuffer(_unpack(packed), "<u2").astype(np.float32) * np.float32(STEP)


def _counts(packed: bytes) -> Ids:
    return np.frombuffer(_unpack(packed), "<u4")


class _Writer(W3PostingsWriter):  # type: ignore[misc]  # Whoosh has no types
    """Writes blocks of three packed arrays: steps between document numbers, weights, places."""

    def _mini_ids(
        self,
    ) -> bytes:  # most terms stand in a few documents: numpy would take longer to begin than this to end
        ids = self._ids
        return _pack(array("I", [ids[0], *map(sub, ids[1:], ids)]).tobytes())

    def _mini_weights(self) -> bytes:
        return _pack(array("H", [min(65_535, round(weight / STEP)) or 1 for weight in self._weights]).tobytes())

    def _mini_values(self) -> tuple[bytes, bytes]:
        counts = array("I", (len(value) // 4 - 1 for value in self._values))
        return _pack(counts.tobytes()), _pack(b"".join(value[4:] for value in self._values))


class _Matcher(W3LeafMatcher):  # type: ignore[misc]  # Whoosh has no types
    """Reads them one by one, as Whoosh does when it merges."""

    def _read_ids(self) -> None:
        if self._data is None:
            self._read_data()
        self._ids = _ids(self._data[0]).tolist()

    def _read_weights(self) -> None:
        if self._data is None:
            self._read_data()
        self._weights = _weights(self._data[1]).tolist()

    def _read_values(self) -> None:
        if self._data is None:
            self._read_data()
        counts, places, at = _counts(self._data[2][0]), _unpack(self._data[2][1]), 0
        self._values = []
        for count in counts.tolist():
            self._values.append(count.to_bytes(4, "little") + places[at : at + 4 * count])
            at += 4 * count

    def blocks(self) -> Iterable[tuple[bytes, bytes, tuple[bytes, bytes]]]:
        """The packed arrays of all blocks."""
        self.reset()
        while self.is_active():
            self._read_data()
            yield self._data
            self._next_block()


def read_postings(matcher: _Matcher) -> tuple[Ids, Weights]:
    """The whole list at once: document numbers, rising, and weights."""
    blocks = [(_ids(ids), _weights(weights)) for ids, weights, _places in matcher.blocks()]
    if len(blocks) == 1:
        return blocks[0]
    return np.concatenate([ids for ids, _w in blocks]), np.concatenate([weights for _i, weights in blocks])


def read_places(matcher: _Matcher) -> NDArray[np.uint64]:
    """Where the term stands: document number in the upper, number of the word in the lower half."""
    parts = []
    for ids, _weight, (counts, places) in matcher.blocks():
        documents = np.repeat(_ids(ids).astype(np.uint64), _counts(counts))
        parts.append((documents << np.uint64(32)) | np.frombuffer(_unpack(places), "<u4"))
    return np.concatenate(parts)


class _Reading:
    """A file object over mapped memory, that copies only what is read."""

    def __init__(self, view: memoryview) -> None:
        self._view, self._at = view, 0

    def seek(self, to: int, whence: int = 0) -> None:
        self._at = to + (0, self._at, len(self._view))[whence]

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = len(self._view) if size < 0 else self._at + size
        found = bytes(self._view[self._at : end])
        self._at += len(found)
        return found

    def readline(self) -> bytes:
        rest = bytes(self._view[self._at :])
        return self.read(rest.find(b"\n") + 1 or len(rest))

    def close(self) -> None:
        self._view.release()


class _MappedFile(BufferFile):  # type: ignore[misc]  # Whoosh has no types
    def __init__(self, view: memoryview, name: str) -> None:  # not the parent's: it copies
        self._buf, self._name, self.file, self.onclose = view, name, _Reading(view), None
        self.is_real = self.is_closed = False


class _MappedStorage(CompoundStorage):  # type: ignore[misc]  # Whoosh has no types
    def open_file(self, name: str, *_args: Any, **_kwargs: Any) -> _MappedFile:
        """One of the files in the segment."""
        offset, length = self.range(name)
        return _MappedFile(memoryview(self._source)[offset : offset + length], name)


class MappedSegment(W3Segment):  # type: ignore[misc]  # Whoosh has no types
    """A segment whose file is mapped. Its name lies in every index: do not rename."""

    def open_compound_file(self, storage: Any) -> _MappedStorage:
        """The files in it."""
        return _MappedStorage(storage.open_file(self.make_filename(self.COMPOUND_EXT)))


class ArrayCodec(W3Codec):  # type: ignore[misc]  # Whoosh has no types
    """The codec. Its name lies in every index: do not rename."""

    length_stats = False  # lengths are a column of ours; Whoosh would look for its own with every posting

    def __init__(self) -> None:
        super().__init__(blocklimit=BLOCK, compression=0)

    def postings_writer(self, dbfile: Any, byteids: bool = False) -> _Writer:
        """Writes a posting list."""
        return _Writer(dbfile, blocklimit=BLOCK, byteids=byteids, compression=0, inlinelimit=0)

    def postings_reader(
        self, dbfile: Any, terminfo: Any, format_: Any, term: Any = None, scorer: Any = None
    ) -> _Matcher:
        """Reads one."""
        offset, length = terminfo.extent()
        return _Matcher(dbfile, offset, length, format_, term=term, scorer=scorer)

    def new_segment(self, storage: Any, indexname: str) -> MappedSegment:
        """A segment to be written."""
        return MappedSegment(self, indexname)


class Words(FieldType):  # type: ignore[misc]  # Whoosh has no types
    """The text of a document. Its value is what `swedish.postings` answers."""

    indexed = True
    stored = unique = scorable = False
    column_type = vector = None
    analyzer = None

    def __init__(self) -> None:
        self.format = Positions()

    def index(self, value: Any, **_kwargs: Any) -> Iterable[tuple[bytes, int, float, bytes]]:
        """Term, how often, weight, places with their number before them."""
        for term, posting in value.items():
            places = posting.places
            yield term.encode(), 1, posting.weight, array("I", [len(places), *places]).tobytes()

    def separate_spelling(self) -> bool:
        """No word list beside the terms."""
        return False


class Key(ID):  # type: ignore[misc]  # Whoosh has no types
    """Type and id of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.format = Existence()

    def index(self, value: Any, **_kwargs: Any) -> Iterable[tuple[bytes, int, float, bytes]]:
        """The key is one term."""
        yield value.encode(), 1, 1.0, array("I", [0]).tobytes()


def schema() -> Schema:
    """What is kept of a document: its key, its words, and columns of numbers and of facets."""
    numbers = {"number": "I", "length": "I", "changed": "I"}
    return Schema(
        key=Key(),
        words=Words(),
        rank=COLUMN(NumericColumn("B", default=100)),
        **{name: COLUMN(NumericColumn(code)) for name, code in numbers.items()},
        **{f"facet_{name}": COLUMN(RefBytesColumn()) for name in FACETS},
    )


def fields_of(document: Document) -> dict[str, Any]:
    """A document as the schema wants it."""
    words, length = postings(document.title, document.body)
    facets = {"type": [document.type], "group": [str(group_id) for group_id in document.group_ids], **document.facets}
    return {
        "key": f"{document.type}:{document.id}",
        "words": words,
        "rank": max(1, min(255, round(document.weight * 100))),
        "number": document.id,
        "length": length,
        "changed": max(0, int(document.changed_at.timestamp())),
        **{f"facet_{name}": BETWEEN.join(sorted(set(facets.get(name, ())))).encode() for name in FACETS},
    }


@dataclass(frozen=True, slots=True)
class Values:
    """A facet of all documents of a segment: which of the combinations each has."""

    refs: NDArray[np.unsignedinteger[Any]]
    combinations: list[tuple[str, ...]]


def read_numbers(reader: Any, default: int = 0) -> NDArray[Any]:
    """A column of numbers. Whoosh leaves out the last ones where they are the default."""
    kind = np.dtype({"B": "u1", "I": ">u4"}[reader._typecode])
    raw = reader._dbfile.get(reader._basepos, reader._count * kind.itemsize)
    found = np.full(len(reader), default, kind.newbyteorder("="))
    found[: reader._count] = np.frombuffer(raw, kind)
    return found


def read_values(reader: Any) -> Values:
    """A column of facets."""
    kind = np.dtype("u1" if reader._typecode == "B" else ">u2")
    raw = reader._dbfile.get(reader._basepos, len(reader) * kind.itemsize)
    combinations = [tuple(one.decode().split(BETWEEN)) if one else () for one in reader._uniques]
    return Values(np.frombuffer(raw, kind).astype(kind.newbyteorder("=")), combinations)
