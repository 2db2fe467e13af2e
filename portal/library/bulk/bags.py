"""Opening a package that somebody has brought: nothing in it is believed before it has been checked.

A zip is unpacked under limits first. Then the checksums are compared (BagIt 1.0, RFC 8493), and every file that the metadata
names must be one of those that the manifest vouches for.
"""

from __future__ import annotations

import lzma
import shutil
import stat
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import bagit
from flask_babel import gettext as _

from portal.errors import Invalid
from portal.library.bulk.records import PackageRecord, read_records

MOST_FILES = 200_000
MOST_BYTES = 200_000_000_000  # unpacked
MOST_TIMES = 100  # how many times its own size a zip may unpack to, and a little for small ones
LITTLE = 10_000_000
LEFT_BEHIND = 24 * 3600  # seconds
_CHUNK = 1 << 20


class BadPackage(Invalid):
    """The package is not taken in, and nothing of it has been."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package whose checksums are right. `data`: where its files lie."""

    data: Path
    records: PackageRecord


@contextmanager
def opened(path: Path, *, workshop: Path) -> Iterator[Package]:
    """The package at a path, a folder or a zip; a zip is unpacked below `workshop` for as long as it is open.

    Raises `BadPackage`, or `Invalid` for metadata that cannot be used.
    """
    if path.is_dir():
        yield _checked(path)
        return
    if not zipfile.is_zipfile(path):
        raise BadPackage(_("This is neither a folder nor a zip file."))
    workshop.mkdir(parents=True, exist_ok=True)
    _sweep(workshop)
    with tempfile.TemporaryDirectory(dir=workshop, prefix="import-") as folder:
        _unpack(path, Path(folder))
        yield _checked(Path(folder))


def _sweep(workshop: Path) -> None:
    """Delete what was unpacked by a command that was killed."""
    for left in workshop.glob("import-*"):
        if time.time() - left.stat().st_mtime > LEFT_BEHIND:
            shutil.rmtree(left, ignore_errors=True)


def _unpack(path: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(path) as package:
            entries = package.infolist()
            _check_sizes(entries, path.stat().st_size, shutil.disk_usage(folder).free)
            for entry in entries:
                _unpack_one(package, entry, folder)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        FileExistsError,
        lzma.LZMAError,
    ) as error:
        raise BadPackage(_("The zip file is broken or has a password.")) from error
    except OSError as error:  # a full disk, a name that is too long
        raise BadPackage(_("The zip file cannot be unpacked: %(what)s", what=error.strerror or str(error))) from error


def _check_sizes(entries: list[zipfile.ZipInfo], packed: int, free: int) -> None:
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_FILES or total > MOST_BYTES or total > packed * MOST_TIMES + LITTLE:
        raise BadPackage(_("The zip file is too big when unpacked."))
    if total > free:
        raise BadPackage(_("There is no room on the disk to unpack the zip file."))


def _unpack_one(package: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    name = PurePosixPath(entry.filename)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if name.is_absolute() or ".." in name.parts or "\\" in entry.filename or "\x00" in entry.orig_filename:
        raise BadPackage(_("The package names a file outside itself."))
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise BadPackage(_("The package holds something that is no file."))
    place = folder / name
    if entry.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    left = entry.file_size  # what is unpacked is never more than was said, and that was weighed
    with package.open(entry) as source, place.open("xb") as target:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise BadPackage(_("The zip file is too big when unpacked."))
            target.write(chunk)


def _checked(folder: Path) -> Package:
    root = _root(folder)
    if any(path.is_symlink() for path in root.rglob("*")):
        raise BadPackage(_("The package holds something that is no file."))
    if (root / "fetch.txt").exists():
        raise BadPackage(_("The package is not whole: it names files that lie elsewhere."))
    if not (root / "manifest-sha256.txt").is_file():
        raise BadPackage(_("The package has no SHA-256 checksums."))
    try:
        bag = bagit.Bag(str(root))
        bag.validate()
    except bagit.BagValidationError as error:
        what = "; ".join(str(detail) for detail in error.details[:10]) or str(error)
        raise BadPackage(_("The package has been changed or is not whole: %(what)s", what=what)) from error
    except (
        bagit.BagError,
        OSError,
        LookupError,
        AttributeError,
        TypeError,
        ValueError,
    ) as error:  # it expects no tag twice
        raise BadPackage(_("The package cannot be used: %(what)s", what=str(error))) from error
    records = read_records(root / "data" / "metadata.json")
    vouched = set(bag.payload_entries())
    named = [version.file for material in records.materials for version in material.versions]
    missing = [name for name in named if f"data/{name}" not in vouched]
    if missing:
        raise BadPackage(_("The package lacks files: %(names)s", names=", ".join(missing[:10])))
    return Package(root / "data", records)


def is_package(path: Path) -> bool:
    """Whether a folder or a file looks like a package, so that it is not taken for a folder of files."""
    if path.is_dir():
        return _marked_folder(path) is not None
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as package:
        return any(PurePosixPath(name).name == "bagit.txt" for name in package.namelist())


def _marked_folder(folder: Path) -> Path | None:
    """The folder that has bagit.txt: this one, or the only one in it."""
    inside = [path for path in folder.iterdir() if path.is_dir()]
    roots = [folder, *inside] if len(inside) == 1 else [folder]
    return next((root for root in roots if (root / "bagit.txt").is_file()), None)


def _root(folder: Path) -> Path:
    found = _marked_folder(folder)
    if found is None:
        raise BadPackage(_("This is no package: it has no bagit.txt."))
    return found
