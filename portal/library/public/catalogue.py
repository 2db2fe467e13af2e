"""The open-data catalogue: public material as DCAT-AP 3 (the Swedish profile DCAT-AP-SE 3), in three forms.

It lists what has a public address of its own and nothing else. The RDF is written in a process of its own (catalogue_child.py):
the library for it would take every start of the portal a quarter of a second and twenty megabytes.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import selectinload

from config import Settings
from portal import child, db
from portal.child import Limits
from portal.library.forms import KIND_NAMES
from portal.library.models import Licence, Resource, ResourceVersion
from portal.library.public.models import PublicLink
from portal.library.public.policy import public_materials
from portal.people.models import Organisation, OrganisationKind

CHILD = Path(__file__).with_name("catalogue_child.py")
VERSION = 1  # to be raised when the same materials are written in another way
SECONDS = 60
MEMORY_BYTES = 1 << 30
MOST_BYTES = 64 << 20  # of a catalogue
MOST = 10_000  # materials

_one_at_a_time = threading.Lock()


class CatalogueError(RuntimeError):
    """The catalogue could not be written; the message is for the log."""


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write RDF: its media type, and what rdflib calls it."""

    media_type: str
    format: str


FORMS = {
    "rdf": Form("application/rdf+xml", "pretty-xml"),
    "jsonld": Form("application/ld+json", "json-ld"),
    "ttl": Form("text/turtle", "turtle"),
}

_LICENCES = {
    Licence.CC_BY: "http://creativecommons.org/licenses/by/4.0/",
    Licence.CC_BY_SA: "http://creativecommons.org/licenses/by-sa/4.0/",
    Licence.CC0: "http://creativecommons.org/publicdomain/zero/1.0/",
}
_PUBLISHERS = {
    OrganisationKind.AUTHORITY: "NationalAuthority",
    OrganisationKind.COUNTY_BOARD: "RegionalAuthority",
    OrganisationKind.REGION: "RegionalAuthority",
    OrganisationKind.MUNICIPALITY: "LocalAuthority",
    OrganisationKind.NGO: "NonProfitOrganisation",
    OrganisationKind.INTERNATIONAL: "SupraNationalAuthority",
}  # of http://purl.org/adms/publishertype/


def facts(settings: Settings) -> str:
    """What the catalogue says, as JSON. The same content gives the same text."""
    rows = (
        public_materials()
        .add_columns(PublicLink)
        .join(PublicLink, (PublicLink.resource_id == Resource.id) & PublicLink.revoked_at.is_(None))
        .options(selectinload(Resource.topics))
        .order_by(Resource.id)
        .limit(MOST)
    )
    base = settings.base_url
    with force_locale("sv"):
        found = [_dataset(resource, link, base) for resource, link in db.session.execute(rows)]
        said = {
            "uri": f"{base}/public/catalogue",
            "title": _("Open material from Samverkansportalen"),
            "description": _("Manuals, checklists and training material against prostitution and human trafficking."),
            "homepage": base,
            "publisher": _publisher(_coordinator(), base),
            "email": settings.support_email,
            "datasets": found,
        }
    return json.dumps(said, ensure_ascii=False, sort_keys=True)


def _coordinator() -> Organisation | None:
    return db.session.scalars(sa.select(Organisation).where(Organisation.is_coordinator)).first()


def _publisher(organisation: Organisation | None, base: str) -> dict[str, str]:
    if organisation is None:  # nobody has the role of the national coordinator
        return {"uri": f"{base}/public/catalogue#portal", "name": "Samverkansportalen", "type": "NationalAuthority"}
    uri = f"{base}/public/catalogue#organisation-{organisation.slug}"
    return {"uri": uri, "name": organisation.name, "type": _PUBLISHERS[organisation.kind]}


def _dataset(resource: Resource, link: PublicLink, base: str) -> dict[str, Any]:
    version, page = resource.current, base + url_for("public.page", public_token=link.token)
    publisher = resource.publisher or resource.organisation.name
    return {
        "page": page,
        "title": resource.title,
        "description": resource.description
        or _("%(kind)s, published by %(publisher)s.", kind=KIND_NAMES[resource.kind], publisher=publisher),
        "language": resource.language,
        "publisher": _publisher(resource.organisation, base),
        "keywords": [topic.name for topic in resource.topics],
        "issued": resource.published_on.isoformat() if resource.published_on else link.made_at.date().isoformat(),
        "modified": resource.changed_at.isoformat(),
        "version": str(version.number),
        "file": _file(resource, version, base + url_for("public.file", public_token=link.token)),
    }


def _file(resource: Resource, version: ResourceVersion, address: str) -> dict[str, Any]:
    return {
        "address": address, "media_type": version.media_type, "size": version.size, "sha256": version.sha256,
        "ending": version.file_name.rpartition(".")[2].lower(), "licence": _LICENCES.get(resource.licence, ""),
    }  # fmt: skip


def etag(payload: str, form: str) -> str:
    """Changes with all that the catalogue says."""
    return hashlib.sha256(f"{VERSION}\0{form}\0{payload}".encode()).hexdigest()[:32]


def made(payload: str, form: str) -> bytes:
    """The catalogue in one of the forms; the same content is written once. Raises `CatalogueError`.

    Call it when no transaction is open.
    """
    with _one_at_a_time:
        return _made(payload, form)


@lru_cache(maxsize=2 * len(FORMS))
def _made(payload: str, form: str) -> bytes:
    limits = Limits(SECONDS, MEMORY_BYTES)
    try:
        answer = child.answer_of(
            CHILD, FORMS[form].format, limits=limits, most_bytes=MOST_BYTES, given=payload.encode()
        )
    except child.ChildError as error:
        raise CatalogueError(f"the catalogue as {form}: {error}") from error
    if not answer:
        raise CatalogueError(f"the catalogue as {form} is empty")
    return answer
