"""The segments that a process has open, and the index as it is at a moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from whoosh.filedb.filestore import FileStorage
from whoosh.index import _DEF_INDEX_NAME, TOC

from portal.search.engine import Key
from portal.search.whoosh_leaf import Cache, Leaf, Mask
from portal.search.whoosh_reader import Moment, Part
from portal.search.whoosh_schema import schema


class Opened:
    """The segments that are open, and the newest moment of the index. Segments never change, so they are opened once."""

    def __init__(self) -> None:
        self._cache = Cache()
        self._leaves: dict[str, Leaf] = {}
        self._seen: tuple[str, int] | None = None
        self._moment: Moment | None = None

    def newest(self, folder: Path) -> Moment:
        """The index as it is now."""
        storage = FileStorage(str(folder))
        generation = TOC._latest_generation(storage, _DEF_INDEX_NAME)
        if self._moment is None or self._seen != (folder.name, generation):
            segments = TOC.read(storage, _DEF_INDEX_NAME, schema=schema()).segments
            self._moment = Moment(Part(self._leaf(storage, segment), _alive(segment)) for segment in segments)
            self._seen = folder.name, generation
            self._let_go_of_all_but({segment.segment_id() for segment in segments})
        return self._moment

    def delete(self, storage: FileStorage, segments: Iterable[Any], keys: Iterable[Key]) -> None:
        """Mark documents as deleted in the segments of a writer."""
        for segment in segments:
            leaf = self._leaf(storage, segment)
            for kind, number in keys:
                document = leaf.find(f"{kind}:{number}")
                if document is not None:
                    segment.delete_document(document)

    def _leaf(self, storage: FileStorage, segment: Any) -> Leaf:
        name = segment.segment_id()
        if name not in self._leaves:
            self._leaves[name] = Leaf(storage, segment, self._cache)
        return self._leaves[name]

    def _let_go_of_all_but(self, names: Collection[str]) -> None:
        for name in self._leaves.keys() - names:
            self._leaves.pop(name).close()

    def close(self) -> None:
        """Let go of all files."""
        self._moment = self._seen = None
        self._let_go_of_all_but(())


def _alive(segment: Any) -> Mask:
    alive = np.ones(segment.doc_count_all(), bool)
    alive[list(segment.deleted_docs())] = False
    return alive
