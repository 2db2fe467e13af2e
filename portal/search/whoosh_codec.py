"""How the index lies in Whoosh's files: as Whoosh's own third codec lays it, but for two things that make it quick.

Posting lists are blocks of plain arrays that numpy takes in at once (the stock codec pickles a tuple of numbers per 128), and
files are read where they lie, mapped into memory (the stock storage copies each of them for every reader).
"""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from operator import sub
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import WHOOSH3_HEADER_MAGIC, W3Codec, W3LeafMatcher, W3PostingsWriter, W3Segment
from whoosh.filedb.compound import CompoundStorage
from whoosh.filedb.structfile import BufferFile

BLOCK = 4096  # postings that are packed together
WORTH_PACKING = 64  # bytes
STEP = 0.5  # weights are multiples of it

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
