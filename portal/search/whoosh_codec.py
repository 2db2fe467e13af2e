"""How the index lies in Whoosh's files: as Whoosh's own third codec lays it, but for two things that make it quick.

Posting lists are blocks of plain arrays that numpy takes in at once (the stock codec pickles a tuple of numbers per 128), and
files are read where they lie, mapped into memory (the stock storage copies each of them for every reader).
"""

from __future__ import annotations

import struct
import zlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from operator import sub
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC, W3Codec, W3LeafMatcher, W3PostingsWriter, W3Segment
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


# of a block: its length after this number (below zero: the last one), documents, last document, greatest weight, sizes of arrays
_HEAD = struct.Struct("<iIIfIIII")


def _pack(raw: bytes) -> bytes:
    return b"z" + zlib.compress(raw, 1) if len(raw) > WORTH_PACKING else b"r" + raw


def _unpack(packed: memoryview) -> bytes:
    return zlib.decompress(packed[1:]) if packed[0] == ord("z") else bytes(packed[1:])


def _numbers(packed: memoryview) -> Ids:
    return np.frombuffer(_unpack(packed), "<u4")


def _ids(packed: memoryview) -> Ids:
    return np.cumsum(_numbers(packed), dtype=np.uint32)


def _weights(packed: memoryview) -> Weights:
    return np.frombuffer(_unpack(packed), "<u2").astype(np.float32) * np.float32(STEP)


@dataclass(frozen=True, slots=True)
class _Block:
    """A block where it lies: what it says of itself, and its packed arrays."""

    count: int
    last_id: int
    most_weight: float
    arrays: tuple[
        memoryview, memoryview, memoryview, memoryview
    ]  # steps between ids, weights, numbers of places, places
    end: int
    is_last: bool


def _block(view: memoryview, at: int) -> _Block:
    length, count, last_id, most_weight, *sizes = _HEAD.unpack_from(view, at)
    start, arrays = at + _HEAD.size, []
    for size in sizes:
        arrays.append(view[start : start + size])
        start += size
    return _Block(count, last_id, most_weight, tuple(arrays), at + 4 + abs(length), length < 0)  # type: ignore[arg-type]  # four


def _blocks(view: memoryview, at: int) -> Iterator[_Block]:
    at += len(WHOOSH3_HEADER_MAGIC)
    while True:
        block = _block(view, at)
        yield block
        if block.is_last:
            return
        at = block.end


def read_postings(view: memoryview, at: int) -> tuple[Ids, Weights]:
    """The whole list that begins there: document numbers, rising, and weights."""
    blocks = [(_ids(block.arrays[0]), _weights(block.arrays[1])) for block in _blocks(view, at)]
    if len(blocks) == 1:
        return blocks[0]
    return np.concatenate([ids for ids, _w in blocks]), np.concatenate([weights for _i, weights in blocks])


def read_places(view: memoryview, at: int, among: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Where the term stands in some of the documents: document number in the upper, number of the word in the lower half."""
    parts = []
    for block in _blocks(view, at):
        ids, counts = _ids(block.arrays[0]), _numbers(block.arrays[2])
        wanted = among[ids]
        if wanted.any():
            documents = np.repeat(ids[wanted].astype(np.uint64), counts[wanted])
            parts.append((documents << np.uint64(32)) | _numbers(block.arrays[3])[np.repeat(wanted, counts)])
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


class _Writer(W3PostingsWriter):  # type: ignore[misc]  # Whoosh has no types
    """Writes blocks of packed arrays: steps between document numbers, weights, how many places, places."""

    def _write_block(self, last: bool = False) -> None:
        if not self._blockcount:
            self._postfile.write(WHOOSH3_HEADER_MAGIC)
        self._terminfo.add_block(self)
        arrays = [self._packed_ids(), self._packed_weights(), *self._packed_places()]
        length = _HEAD.size - 4 + sum(map(len, arrays))
        sizes = map(len, arrays)
        head = _HEAD.pack(-length if last else length, len(self._ids), self._ids[-1], self._maxweight, *sizes)
        self._postfile.write(b"".join((head, *arrays)))
        self._blockcount += 1
        self._new_block()

    def _packed_ids(
        self,
    ) -> bytes:  # most terms stand in a few documents: numpy would take longer to begin than this to end
        ids = self._ids
        return _pack(array("I", [ids[0], *map(sub, ids[1:], ids)]).tobytes())

    def _packed_weights(self) -> bytes:
        return _pack(array("H", [min(65_535, round(weight / STEP)) or 1 for weight in self._weights]).tobytes())

    def _packed_places(self) -> tuple[bytes, bytes]:
        counts = array("I", (len(value) // 4 - 1 for value in self._values))
        return _pack(counts.tobytes()), _pack(b"".join(value[4:] for value in self._values))


class _Matcher(W3LeafMatcher):  # type: ignore[misc]  # Whoosh has no types
    """Reads them one by one, as Whoosh does when it merges."""

    def _goto(self, position: int) -> None:
        self._block = block = _block(self._postfile._buf, position)
        self._data = self._ids = self._weights = self._values = None
        self._i, self._minlength, self._maxlength = 0, 1, 1
        self._lastblock, self._nextoffset = block.is_last, block.end
        self._blocklength, self._maxid, self._maxweight = block.count, block.last_id, block.most_weight

    def _read_ids(self) -> None:
        self._ids = _ids(self._block.arrays[0]).tolist()

    def _read_weights(self) -> None:
        self._weights = _weights(self._block.arrays[1]).tolist()

    def _read_values(self) -> None:
        counts, places, at = _numbers(self._block.arrays[2]), _unpack(self._block.arrays[3]), 0
        values: Any = []
        for count in counts.tolist():
            values.append(count.to_bytes(4, "little") + places[at : at + 4 * count])
            at += 4 * count
        self._values = values


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


class Values:
    """A facet of all documents of a segment. Many documents have the same combination of values, so each has the number of
    one, and what is asked of a combination is asked once."""

    def __init__(self, refs: NDArray[np.unsignedinteger[Any]], combinations: list[tuple[str, ...]]) -> None:
        self._refs, self._combinations = refs, combinations
        self.names = sorted({value for combination in combinations for value in combination})
        numbers = {name: number for number, name in enumerate(self.names)}
        self._values = np.array([numbers[value] for one in combinations for value in one], np.int64)
        self._owners = np.repeat(np.arange(len(combinations)), [len(one) for one in combinations])

    def having(self, wanted: Collection[str]) -> NDArray[np.bool_]:
        """The documents that have one of the values. None of them: no documents."""
        is_wanted = np.fromiter((name in wanted for name in self.names), bool, len(self.names))
        has = np.zeros(len(self._combinations), bool)
        has[self._owners[is_wanted[self._values]]] = True
        mask: NDArray[np.bool_] = has[self._refs]
        return mask

    def count(self, documents: NDArray[np.intp]) -> Counter[str]:
        """How many of the documents have each value."""
        of_each = np.bincount(self._refs[documents], minlength=len(self._combinations))
        numbers = np.bincount(self._values, of_each[self._owners], minlength=len(self.names)) if self.names else ()
        return Counter({name: int(number) for name, number in zip(self.names, numbers, strict=True) if number})

    def of(self, document: int) -> tuple[str, ...]:
        """The values of one document."""
        return self._combinations[int(self._refs[document])]


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
