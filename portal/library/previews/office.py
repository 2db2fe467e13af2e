"""Office files as PDF, through LibreOffice where it is installed. It gets a profile of its own that is thrown away, a time
limit, a memory limit and no way out: no macros, no links to other places.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path

from portal import child, files
from portal.child import ChildError, Limits
from portal.library.file_types import DOCX, ODT, PPTX, XLSX

log = logging.getLogger("portal.library")

_CHILD = Path(__file__).with_name("office_child.py")
_LIMITS = Limits(50, 4 << 30, may_fork=True, file_bytes=200 << 20)  # with the drawing shorter than a job's lease
_SUFFIXES = {DOCX: ".docx", PPTX: ".pptx", XLSX: ".xlsx", ODT: ".odt"}
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
</oor:items>
"""


def program() -> str | None:
    """Where LibreOffice is; None if it is not installed."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def as_pdf(path: Path, media_type: str) -> bytes | None:
    """An office file as PDF; None if it is none, LibreOffice is not there, or it failed (the reason is in the log)."""
    suffix, office = _SUFFIXES.get(media_type), program()
    if suffix is None or office is None:
        return None
    # among what is swept away: should the worker be killed meanwhile, no copy of a document is left
    with tempfile.TemporaryDirectory(prefix=files.HALF, dir=files.incoming().resolve()) as folder:
        work = Path(folder)
        (work / "profile" / "user").mkdir(parents=True)
        (work / "profile" / "user" / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
        source = work / f"file{suffix}"
        shutil.copyfile(path, source)
        try:
            child.answer_of(
                _CHILD, office, str(work), str(source), limits=_LIMITS, most_bytes=1 << 16,
                more={"HOME": folder, "TMPDIR": folder},
            )  # fmt: skip
            made = (work / "file.pdf").read_bytes()
        except (ChildError, FileNotFoundError) as error:
            log.warning("LibreOffice made no PDF of a %s: %s", media_type, error)
            return None
    return made if made.startswith(b"%PDF-") else None
