"""A small network for tests, made with the portal's own actions. All people and addresses are invented."""

from __future__ import annotations

import itertools
import uuid

from portal.discussions import actions as discussions
from portal.discussions.models import Post, PostKind, Thread, ThreadKind
from portal.people import actions
from portal.people.models import (
    Group,
    HandlingClass,
    Organisation,
    OrganisationKind,
    Person,
    PersonStatus,
    Role,
)

_number = itertools.count(1)


def organisation(
    slug: str, *, kind: OrganisationKind = OrganisationKind.AUTHORITY, is_coordinator: bool = False
) -> Organisation:
    return actions.add_organisation(
        slug, slug.title(), short_name=slug.title(), mark=slug[:2].upper(), kind=kind, domains=[f"{slug}.example"],
        is_coordinator=is_coordinator, by=None,
    )  # fmt: skip


def person(
    of: Organisation, name: str = "", *, status: PersonStatus = PersonStatus.ACTIVE, is_admin: bool = False
) -> Person:
    number = next(_number)
    return actions.add_person(
        of,
        name or f"Person {number}",
        f"person{number}@{of.slug}.example",
        by=None,
        status=status,
        is_organisation_admin=is_admin,
    )


def plain_render(post: Post) -> dict[str, str]:
    """A fragment for tests that look at the data and not at the page."""
    return {"sv": f"<article>{post.body}</article>"}


def thread(group: Group, by: Person, title: str = "En tråd", body: str = "Första inlägget") -> Thread:
    return discussions.start_thread(
        group,
        title=title,
        body=body,
        kind=ThreadKind.DISCUSSION,
        client_id=str(uuid.uuid4()),
        by=by,
        render=plain_render,
    )


def post(in_thread: Thread, by: Person, body: str = "Ett inlägg") -> Post:
    return discussions.add_post(
        in_thread, body=body, kind=PostKind.REPLY, client_id=str(uuid.uuid4()), by=by, render=plain_render
    )


class Network:
    """Two authorities and an NGO; a network group with all, a sensitive group without the NGO, and an open group."""

    def __init__(self) -> None:
        self.authority = organisation("myndigheten", is_coordinator=True)
        self.county = organisation("lansstyrelsen", kind=OrganisationKind.COUNTY_BOARD)
        self.ngo = organisation("foreningen", kind=OrganisationKind.NGO)
        self.convener = person(self.authority, "Sam Mankallande")
        self.secretary = person(self.county, "Sek Reterare")
        self.member = person(self.ngo, "Med Lem")
        self.observer = person(self.county, "Obs Ervatör")
        self.outsider = person(self.ngo, "Ute Stående")
        self.admin = person(self.authority, "Ad Ministratör", is_admin=True)
        self.group = actions.add_group(
            "natverket", "Nätverket", description="", handling_class=HandlingClass.NETWORK, by=None
        )
        self.closed = actions.add_group(
            "slutna", "Slutna gruppen", description="", handling_class=HandlingClass.SENSITIVE, by=None
        )
        self.open = actions.add_group(
            "oppna", "Öppna gruppen", description="", handling_class=HandlingClass.OPEN, by=None
        )
        for group in (self.group, self.closed):
            actions.add_member(group, self.convener, role=Role.CONVENER, by=None)
            actions.add_member(group, self.secretary, role=Role.SECRETARY, by=None)
        actions.add_member(self.group, self.member, by=None)
        actions.add_member(self.group, self.observer, role=Role.OBSERVER, by=None)
        actions.add_member(self.open, self.convener, role=Role.CONVENER, by=None)
