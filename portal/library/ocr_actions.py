"""Reading scanned pages: a job for each version that has some, in turns, so that no turn takes long and none is lost."""

from __future__ import annotations

import time
from pathlib import Path

from portal import audit, db, files, outbox
from portal.library import ocr
from portal.library.actions import OCR_JOB, let_in, note_given_up, refuse, still_checking
from portal.library.models import FileState, ResourceVersion
from portal.library.reading import PersonalData, Place, check_page

A_TURN = 45.0  # seconds; with the last page's limit well within the lease of a job


@outbox.handler(OCR_JOB)
def read_wordless_pages(version_id: int, pages: list[int]) -> None:
    """Read these pages, which show something but have hardly a letter (job). The version waits for it: what the guard has not
    seen is shown to nobody."""
    version = db.session.get(ResourceVersion, version_id)
    if version is None or version.state is not FileState.CHECKING:
        return
    path, media_type = files.path_of(version.sha256), version.media_type
    db.pause()
    try:
        texts, places = _one_turn(path, media_type, pages)
    except PersonalData as found:
        finds = [place.as_json() for place in found.places[:50]]
        refuse(version_id, FileState.STOPPED, reason="personal_data", finds=finds)
        return
    version = still_checking(version_id)
    if version is None:
        return
    _keep(version, texts, places)
    rest = [number for number in pages if number not in texts]
    if rest:
        outbox.enqueue(OCR_JOB, version_id=version_id, pages=rest)
    else:
        let_in(version)


outbox.handler(OCR_JOB + outbox.GIVEN_UP)(note_given_up)  # what the guard has not seen is not let in


def _one_turn(path: Path, media_type: str, numbers: list[int]) -> tuple[dict[int, str], list[Place]]:
    """The words of as many pages as can be read in one turn, one at least, and what the guard lists of them."""
    ends, texts, places = time.monotonic() + A_TURN, dict[int, str](), list[Place]()
    for number in numbers:
        if texts and time.monotonic() > ends:
            break
        texts[number] = ocr.read_page(path, media_type, number)
        places += check_page(number, texts[number])
    return texts, places


def _keep(version: ResourceVersion, texts: dict[int, str], places: list[Place]) -> None:
    for page in version.pages:
        found = texts.get(page.number, "")
        if len(found) > len(page.text):
            page.text, version.is_ocr = found, True
    version.finds = [*version.finds, *(place.as_json() for place in places)][:200]
    if texts:
        audit.record("resource_recognised", by=None, on=version.resource, pages=len(texts))
