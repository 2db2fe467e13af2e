"""What a package says of its materials and collections (metadata.json): written from the tables, and checked when it is read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated

from flask_babel import gettext as _
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from portal import db
from portal.county_codes import COUNTIES
from portal.errors import Invalid
from portal.fields import one_line, tidy
from portal.library.bulk.facts import LONGEST_TOPIC, MOST_TOPICS
from portal.library.languages import CODES
from portal.library.models import Audience, Licence, ResourceKind

FORMAT = 2  # 2: what was put beside each other
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LARGEST = 200_000_000  # bytes of metadata.json


def _line(value: str) -> str:
    return one_line(value) or ""


def _among(known: frozenset[str]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in known:
            raise ValueError(f"{value[:80]!r} is not known")
        return value

    return AfterValidator(check)


Line = Annotated[str, AfterValidator(_line)]
Text = Annotated[str, Field(max_length=20_000), AfterValidator(tidy)]
Slug = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00]+$")]  # PostgreSQL takes no null
Key = Annotated[str, Field(pattern=r"^m\d{1,9}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _in_time(value: datetime) -> datetime:
    """What was written in days to come would stand first in all lists; a clock may be a little ahead."""
    if not EARLIEST <= value <= db.now() + timedelta(days=1):
        raise ValueError("not between 1900 and now")
    return value


Instant = Annotated[AwareDatetime, AfterValidator(_in_time)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TopicRecord(_Record):
    """A topic by its name."""

    name: Annotated[Line, Field(min_length=1, max_length=LONGEST_TOPIC)]
    is_controlled: bool = False


class VersionRecord(_Record):
    """One file of a material. `file`: where it lies below data/."""

    number: Annotated[int, Field(ge=1, le=100_000)]
    file: Annotated[str, Field(min_length=1, max_length=1_000)]
    sha256: Sha256
    file_name: Annotated[str, Field(min_length=1, max_length=255)]
    note: Annotated[Line, Field(max_length=300)] = ""
    added_at: Instant


class MaterialRecord(_Record):
    """A material with all its versions, the oldest first. People are not named: they belong to the instance."""

    key: Key
    group: Slug
    organisation: Slug
    title: Annotated[Line, Field(min_length=1, max_length=300)]
    kind: ResourceKind
    publisher: Annotated[Line, Field(max_length=200)] = ""
    published_on: date | None = None
    description: Text = ""
    language: Annotated[str, _among(frozenset(CODES))] = "sv"
    licence: Licence = Licence.UNKNOWN
    audiences: list[Audience] = []
    counties: list[Annotated[str, _among(frozenset(COUNTIES))]] = []
    topics: Annotated[list[TopicRecord], Field(max_length=MOST_TOPICS)] = []
    reviewed_on: date | None = None
    review_by: date | None = None
    replaced_by: Key | None = None
    withdrawn_at: Instant | None = None
    withdrawn_reason: Annotated[Line, Field(max_length=300)] = ""
    created_at: Instant
    changed_at: Instant
    shares: list[Slug] = []
    related: Annotated[list[Key], Field(max_length=10_000)] = []
    versions: Annotated[list[VersionRecord], Field(min_length=1, max_length=1_000)]


class ItemRecord(_Record):
    """A row of a collection: a material with a line, or a heading."""

    material: Key | None = None
    text: Annotated[Line, Field(max_length=300)] = ""


class CollectionRecord(_Record):
    """A collection with its rows in order."""

    group: Slug
    organisation: Slug
    title: Annotated[Line, Field(min_length=1, max_length=200)]
    description: Text = ""
    cover: Key | None = None
    created_at: Instant
    changed_at: Instant
    items: Annotated[list[ItemRecord], Field(max_length=10_000)] = []


class _Form(BaseModel):
    """What is looked at first: a package of a newer form has fields that are not known here."""

    format: Annotated[int, Field(ge=1)] = FORMAT


class PackageRecord(_Record):
    """All that a package holds."""

    format: Annotated[int, Field(ge=1)] = FORMAT
    materials: list[MaterialRecord] = []
    collections: list[CollectionRecord] = []


def read_records(path: Path) -> PackageRecord:
    """The metadata of a package. Raises `Invalid` that says what is wrong in it."""
    if not path.is_file() or path.stat().st_size > LARGEST:
        raise Invalid(_("The package has no metadata.json that could be read."))
    content = path.read_bytes()
    try:
        is_newer = _Form.model_validate_json(content).format > FORMAT
        found = PackageRecord() if is_newer else PackageRecord.model_validate_json(content)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:10]]
        raise Invalid(_("metadata.json cannot be used: %(faults)s", faults="; ".join(faults))) from None
    if is_newer:
        raise Invalid(_("The package comes from a newer version of the portal."))
    keys = [material.key for material in found.materials]
    if len(set(keys)) < len(keys):
        raise Invalid(_("metadata.json cannot be used: %(faults)s", faults="keys: twice"))
    try:
        TopologicalSorter({one.key: {one.replaced_by} - {None} for one in found.materials}).prepare()
    except CycleError:
        raise Invalid(_("metadata.json cannot be used: %(faults)s", faults="replaced_by: in a ring")) from None
    return found
