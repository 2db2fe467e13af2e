"""A canary of every group, organisation and person, and a crawl of everything as every role: no byte of any answer has a canary
that the role may not read (security.md, number 28). The crawl must be able to fail: policies that see everything are put in.
"""

from __future__ import annotations

import io
import mailbox
import os
import re
import sys
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import policy as email_policy
from email.parser import BytesParser
from itertools import product
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pypdf
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import db, outbox, search
from portal.activities.models import Activity, Sector
from portal.auth.models import IdentityProvider
from portal.counties.plans.models import CooperationPlan, PlanSection
from portal.counties.rounds.models import Question, Round, RoundQuestion
from portal.discussions import policy as discussions
from portal.discussions.drafting.actions import save_draft
from portal.discussions.models import Post, Thread
from portal.discussions.moderation import actions as moderation
from portal.library import policy as library
from portal.library.collections.models import Collection, CollectionItem
from portal.library.intake.models import Upload
from portal.library.models import FileState, Resource, ResourceShare
from portal.meetings import policy as meetings
from portal.meetings.calls import actions as calls
from portal.meetings.followup.models import ActionItem, Decision
from portal.meetings.minutes.models import Addendum
from portal.meetings.models import AgendaItem, Meeting, MeetingSeries, Seat, StandingItem
from portal.meetings.polls.models import DatePoll
from portal.notifications.letters import gather_due
from portal.notifications.models import Notice
from portal.notifications.push.models import PushDevice
from portal.people import actions as people
from portal.people import policy as people_policy
from portal.people.models import Group, HandlingClass, Organisation, OrganisationKind, Person, PersonStatus, Role
from portal.search import kinds
from portal.search.synonyms import Synonyms
from portal.searches import actions as searches
from portal.searches import policy as search_policy
from portal.searches import telling
from portal.searches.actions import Wish
from portal.searches.models import Place, SavedSearch
from portal.support.models import Contact
from portal.topics.models import Topic
from portal.trainings.models import Cohort, Nomination, Occasion, Training
from portal.web import Edge
from tests import factories
from tests.conftest import Sign
from tests.factories import Network

CANARIES = {
    "open": "zwortbrimul", "network": "qvaxtelunod", "closed": "yxplodrinak", "other": "wkantomirep", "shared": "kvintzagrob",
    "draft": "jolbrekwamu", "authority": "drumpzefily", "association": "hyvgortanex", "left": "pzalbrunike", "name": "yvrekombalu",
    "led": "glimfrotsuva",
}  # fmt: skip
NONSENSE = "gxumplintro"  # as long as the others; nothing has it
OUT_LOUD = "innehall"  # a word of everything in every group
TOKENS = ("answer_token", "feed_token", "atom_token", "guest_token", "public_token", "unsubscribe_token")

MODELS: dict[str, Any] = {
    "training_id": Training, "cohort_id": Cohort, "occasion_id": Occasion, "nomination_id": Nomination,
    "activity_id": Activity, "sector_id": Sector,
    "action_id": ActionItem, "addendum_id": Addendum, "item_id": AgendaItem, "row_id": CollectionItem, "collection_id": Collection,
    "contact_id": Contact, "device_id": PushDevice, "notice_id": Notice, "decision_id": Decision, "series_id": MeetingSeries, "meeting_id": Meeting, "poll_id": DatePoll,
    "organisation_id": Organisation, "post_id": Post, "resource_id": Resource, "search_id": SavedSearch, "seat_id": Seat, "provider_id": IdentityProvider,
    "standing_id": StandingItem, "synonyms_id": Synonyms, "thread_id": Thread, "round_id": Round, "question_id": Question, "asked_id": RoundQuestion, "plan_id": CooperationPlan, "section_id": PlanSection,
}  # fmt: skip
SHORT = (
    "/",
    "/search",
    "/library",
    "/groups",
    "/calendar",
    "/notices",
    "/collections",
    "/searches",
    "/organisation",
    "/account",
)
# Making files and searching takes time: of roles with like rights one does it, unless PORTAL_CRAWL=all asks for all of it.
EVERYBODY = os.environ.get("PORTAL_CRAWL") == "all"
PACKED = (".pdf", ".docx", ".zip")
WALKING = {"member", "anonymous"}  # the others follow links, which lead to all that is theirs
UNPACKING = {"member", "anonymous"}
SEARCHING = {"outsider"}


@dataclass
class World:
    """What there is: people by role with the canaries that each may read, addresses, and secret addresses with theirs."""

    roles: dict[str, Person | None] = field(default_factory=dict)
    reads: dict[str, set[str]] = field(default_factory=dict)
    ids: dict[str, list[object]] = field(default_factory=dict)
    tokens: dict[str, list[tuple[str, set[str]]]] = field(default_factory=dict)


def own(role: str) -> str:
    """The canary of one person: what she alone may read."""
    return f"xoqui{role.replace('_', '')}"


def other_network(network: Network) -> Network:
    """Another group with people of other organisations, who know nothing of the first."""
    made = Network()
    made.authority = factories.organisation("regionen", kind=OrganisationKind.REGION)
    made.ngo = factories.organisation("hjalpen", kind=OrganisationKind.NGO)
    made.open, made.admin = network.open, network.admin
    made.group = people.add_group(
        CANARIES["name"], f"Grupp {CANARIES['name']}", description=CANARIES["other"],
        handling_class=HandlingClass.NETWORK, by=None,
    )  # fmt: skip
    for name, organisation, role in (
        ("convener", made.authority, Role.CONVENER), ("secretary", made.authority, Role.SECRETARY),
        ("member", made.ngo, Role.MEMBER), ("observer", made.ngo, Role.OBSERVER),
    ):  # fmt: skip
        person = factories.person(organisation, name.title())
        people.add_member(made.group, person, role=role, by=None)
        setattr(made, name, person)
    return made


def words(key: str) -> str:
    return f"{OUT_LOUD} {CANARIES[key]}"


def everything(network: Network) -> World:
    """Things of every kind in every group, with a canary in every text."""
    other, world = other_network(network), World()
    gone = factories.person(network.ngo, "Har Lämnat")
    left = [people.add_member(group, gone, by=None) for group in (network.group, network.closed, other.group)]
    homes = {"open": (network, network.open), "network": (network, network.group), "closed": (network, network.closed),
             "other": (other, other.group)}  # fmt: skip
    # who applies to an organisation is known to all of its people
    of_group = {"open", "network", "shared"}
    rights = {
        "outsider": {"open", "association"}, "member": {*of_group, "draft", "association"}, "observer": {*of_group, "led"},
        "secretary": {*of_group, "closed"}, "admin": {"open", "authority"}, "ngo_admin": {"open", "association"},
        "stranger": {"open", "other", "shared", "name"}, "gone": {"open", "association", "left"}, "pending": set(), "disabled": set(),
        "anonymous": set(),
    }  # fmt: skip
    world.roles = {
        **{role: getattr(network, role) for role in ("outsider", "member", "observer", "secretary", "admin")},
        "ngo_admin": factories.person(network.ngo, "Admin Förening", is_admin=True), "stranger": other.member, "gone": gone,
        "pending": factories.person(network.ngo, "Väntar", status=PersonStatus.PENDING),
        "disabled": factories.person(network.authority, "Avstängd"), "anonymous": None,
    }  # fmt: skip
    world.reads = {role: {CANARIES[key] for key in keys} | {own(role)} for role, keys in rights.items()}
    for key, (cast, group) in homes.items():
        group.description = CANARIES[key]
        if key != "other":
            group.name = f"{group.name} {CANARIES[key]}"
        made = factories.things(cast, group, word=words(key))
        describe(made, words(key))
        controlled = db.session.get_one(Topic, made["topic_id"])  # the coordinator's list is everybody's to choose from
        controlled.name, controlled.folded = f"Listans {controlled.id}", f"listans {controlled.id}"
        for token in TOKENS:
            # who knows a secret address reads what it is for; of sensitive groups it says nothing even so
            reads = {"feed_token": {"open", "network"} if cast is network else {"open", "other", "name"},
                     "atom_token": {"open", "network", "shared"} if cast is network else {"open", "other", "name", "shared"},
                     "public_token": {"open"}}.get(token, ({key} - {"closed"}) | ({"name"} if key == "other" else set()))  # fmt: skip
            world.tokens.setdefault(token, []).append((str(made[token]), {CANARIES[one] for one in reads}))
    shared = factories.resource(other.group, other.convener, f"Delat {words('shared')}", words("shared"))
    shared.shares.append(ResourceShare(group=network.group, shared_by_id=other.convener.id))
    draft = factories.resource(network.group, network.member, f"Olästa {words('draft')}", words("draft"))
    draft.state = draft.versions[0].state = FileState.CHECKING
    newcomers(network)
    # why somebody may not write is for those who lead, and for whom it concerns
    until = db.now().date() + timedelta(days=7)
    moderation.suspend(network.observer, network.group, until_on=until, reason=words("led"), by=network.convener)
    for role, person in world.roles.items():
        if person is not None and role != "pending":
            private(role, person, network)
    for membership in left:
        people.remove_member(membership, by=None)
    disabled = world.roles["disabled"]
    assert disabled is not None
    people.disable_person(disabled, by=network.admin)
    db.commit()
    search.mend()
    outbox.run_all()
    telling.ask_again()
    db.commit()
    outbox.run_all()
    mail_all()
    world.ids = {name: list(db.session.scalars(sa.select(model.id))) or [999] for name, model in MODELS.items()}
    world.ids |= {
        "slug": list(db.session.scalars(sa.select(Group.slug))),
        "form": ["ttl"],
        "filename": ["x.css"],
        "number": [1],
    }
    world.ids["code"] = ["T"]
    world.ids["token"] = list(db.session.scalars(sa.select(Upload.token)))
    db.commit()
    return world


def describe(made: dict[str, object], text: str) -> None:
    """What the factories leave empty of a material."""
    material = db.session.get_one(Resource, made["resource_id"])
    canary = text.split()[-1]
    material.description, material.publisher = text, f"Utgivare {canary}"
    material.topics.append(Topic(name=f"Ämne {canary}", folded=f"amne {canary}"))


def newcomers(network: Network) -> None:
    """Who applies is known to the administrators of that organisation alone, and of no group."""
    pending = sa.update(Person).where(Person.status == PersonStatus.PENDING, Person.name.startswith("Ny Ansökt"))
    for organisation, name in ((network.authority, f"Ny {CANARIES['authority']}"), (None, "Ny")):
        of = Person.organisation_id == organisation.id if organisation is not None else sa.true()
        db.session.execute(pending.where(of).values(name=name))
    factories.person(network.ngo, f"Ny {CANARIES['association']}", status=PersonStatus.PENDING)


def private(role: str, person: Person, network: Network) -> None:
    """What belongs to one person: saved searches, secret addresses with their names, what is written and not yet sent."""
    for thread in db.session.scalars(sa.select(Thread).where(Thread.group_id == network.group.id)):
        save_draft(thread, own(role), by=person)
    saved, _is_new = searches.save_search(Wish(Place.EVERYWHERE, text=OUT_LOUD), name=own(role), by=person)
    saved.name, saved.seen = own(role), []  # everything it finds is new
    searches.make_feed(own(role), search=None, by=person)
    calls.make_feed(own(role), group=None, by=person)
    if role == "gone":  # was kept while it could be read
        wish = Wish(Place.GROUP, network.group, text=CANARIES["left"])
        searches.save_search(wish, name="Den förra gruppen", by=person)


def mail_all() -> None:
    """Send what is told of posts, as if its time had come."""
    db.session.execute(sa.update(outbox.Job).values(run_at=db.now()))
    db.commit()
    outbox.run_all()
    db.session.execute(sa.update(Notice).where(Notice.due_at.is_not(None)).values(due_at=db.now()))
    gather_due()
    db.commit()
    outbox.run_all()


# --- looking ------------------------------------------------------------------------------------------------------------


def unpacked(body: bytes, depth: int = 0) -> str:
    """All text in an answer: a PDF's pages, and what is packed in archives and office files."""
    if body.startswith(b"%PDF"):
        reader = pypdf.PdfReader(io.BytesIO(body))
        told = [page.extract_text() for page in reader.pages]
        return "\n".join([*told, str(reader.metadata), body.decode("latin-1")])
    if body.startswith(b"PK\x03\x04") and depth < 4:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return "\n".join(f"{name}\n{unpacked(archive.read(name), depth + 1)}" for name in archive.namelist())
    return body.decode("utf-8", "replace")


def text_of(answer: TestResponse) -> str:
    return unquote(f"{answer.headers}\n{unpacked(answer.data)}").lower()


class Crawler:
    """One role's browser, and the leaks that it has found."""

    def __init__(self, world: World, role: str, client: FlaskClient) -> None:
        self._reads, self._client = world.reads[role], client
        self._all = {*CANARIES.values(), *(own(one) for one in world.roles)}
        self.role, self.leaks, self.asked = role, list[str](), dict[str, str]()

    def get(self, where: str, also: set[str] = frozenset()) -> str:  # type: ignore[assignment]  # it is only read
        """The answer's text without the address that was asked for, which many pages repeat."""
        if where not in self.asked:
            answer = self._client.get(where)
            assert answer.status_code != 500, (self.role, where)
            text = text_of(answer)
            for form in (where, quote(where), quote(where, safe="")):
                text = text.replace(unquote(form).lower(), "")
            self.asked[where] = text
            self.leaks += [
                f"{self.role}: {canary} in {where}" for canary in self._all - self._reads - also if canary in text
            ]
        return self.asked[where]

    def _beside(self, where: str) -> set[str]:
        """What a page says to more people than a group's: what is public, and to an organisation's administrator where the
        organisation has its seats."""
        if where.startswith("/public/"):
            return {CANARIES["open"]}
        return (
            {CANARIES["network"], CANARIES["closed"]} if where.startswith("/seats") and self.role == "admin" else set()
        )

    def addresses(self, app: Edge, world: World, *, stops: bool = False) -> None:
        """Every GET route with every id there is; `stops` at the first leak."""
        for rule in app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and (
                EVERYBODY or self.role in UNPACKING or not rule.rule.endswith(PACKED)
            ):
                self._route(rule, world, stops=stops)
                if self.leaks and stops:
                    return

    def _route(self, rule: Any, world: World, *, stops: bool) -> None:
        arguments = sorted(rule.arguments)
        tokens = [name for name in arguments if name in TOKENS]
        rest = [name for name in arguments if name not in TOKENS]
        secrets: list[tuple[str, set[str]]] = world.tokens[tokens[0]] if tokens else [("", set())]
        for secret, reads in secrets:
            values = [dict(zip(rest, some, strict=True)) for some in product(*(world.ids[name] for name in rest))]
            for value in values:
                built = rule.build({**value, **({tokens[0]: secret} if tokens else {})})
                assert built is not None
                self.get(built[1], reads | self._beside(built[1]))
                if self.leaks and stops:
                    return

    def links(self) -> None:
        """Every link from page to page, a few steps deep; a list in all its orders and narrowings has no end."""
        queue = deque((where, 0) for where in SHORT)
        seen: set[str] = set()
        while queue:
            where, depth = queue.popleft()
            if where in seen or depth > 2 or where.count("&") + where.count("?") > 1:
                continue
            seen.add(where)
            for link in re.findall(r'(?:href|src|hx-get|data-url)="([^"]+)"', self.get(where, self._beside(where))):
                parts = urlsplit(link.replace("&amp;", "&"))
                is_packed = not EVERYBODY and self.role not in UNPACKING and parts.path.endswith(PACKED)
                if (
                    parts.netloc in {"", "portal.test"}
                    and parts.path.startswith("/")
                    and "/build/" not in parts.path
                    and not is_packed
                ):
                    queue.append((parts.path + (f"?{parts.query}" if parts.query else ""), depth + 1))

    def searches(self) -> None:
        """Who searches for a canary learns as much as from a word that stands nowhere: not even that it exists."""
        asked = (
            "{0}",
            '"{0}"',
            "{1}*",
            "{2}",
            "typ:beslut {0}",
            "grupp:{0}",
            OUT_LOUD + " {0}",
            OUT_LOUD + " -{0}",
            "ämne:{0}",
        )
        pages = ("/search?q={}", "/search?fragment=1&q={}", "/library?order=new&q={}", "/library?publisher={}")
        searched = ("network", "closed", "other", "shared", "draft")  # the others stand in nothing that can be found
        hidden = [CANARIES[key] for key in searched if CANARIES[key] not in self._reads]
        for page in pages:
            for one in asked if page != pages[-1] else asked[:1]:
                plain = self._echo_free(page, one, NONSENSE)
                for canary in hidden:
                    if self._echo_free(page, one, canary) != plain:
                        self.leaks.append(f"{self.role}: {page} tells of {one} with {canary}")

    def _echo_free(self, page: str, one: str, word: str) -> str:
        forms = (word, word[:6], word[:4] + "x" + word[5:])
        typed = one.format(*forms)
        answer = self._client.get(page.format(quote(typed)))
        text = unquote(answer.text).lower()
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, "¤")
        return re.sub(r'name="csrf_token" value="[^"]+"', "", text)


def crawl(world: World, role: str, client: FlaskClient, app: Edge) -> Crawler:
    made = Crawler(world, role, client)
    if EVERYBODY or role in WALKING:
        made.addresses(app, world)
    made.links()
    if EVERYBODY or role in SEARCHING:
        made.searches()
    return made


def client_of(person: Person | None, app: Edge, sign_in: Sign) -> FlaskClient:
    return sign_in(person) if person is not None else app.test_client()


def test_s28_no_canary_shows_to_anybody_who_may_not_read_it(
    app: Edge, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    world = everything(network)
    leaks: list[str] = []
    packed: dict[str, str] = {}
    seen: dict[str, set[str]] = {}
    for role, person in world.roles.items():
        found = crawl(world, role, client_of(person, app, sign_in), app)
        leaks += found.leaks
        packed |= found.asked if role == "member" else {}
        seen[role] = {canary for canary in world.reads[role] if any(canary in text for text in found.asked.values())}
    assert leaks == []
    # what may be read was there to be found: the crawl came by it
    for role in ("secretary", "member", "outsider", "stranger", "gone"):
        assert world.reads[role] - seen[role] <= {CANARIES["authority"]}, role
    assert any(CANARIES["network"] in text for where, text in packed.items() if where.endswith("minutes.pdf"))
    assert mailed(app, world) == []


def mailed(app: Edge, world: World) -> list[str]:
    """Canaries in mail to people who may not read them, and any of the sensitive group."""
    readers = {person.email: world.reads[role] for role, person in world.roles.items() if person is not None}
    folder = mailbox.Maildir(app.config["SETTINGS"].data_dir / "mail", create=True)
    found, canaries = [], set(CANARIES.values())
    assert len(folder), "nobody was written to"
    for letter in folder:
        message = BytesParser(policy=email_policy.default).parsebytes(letter.as_bytes())
        told = str(message.items()) + "".join(
            str(part.get_content()) for part in message.walk() if not part.is_multipart()
        )
        to = str(message["To"]).rpartition("<")[2].strip(">")
        hidden = {CANARIES["closed"]} | (canaries - readers[to] if to in readers else set())
        found += [f"{canary} in mail to {to}" for canary in hidden if canary in told.lower()]
    return found


# --- the crawl can fail -------------------------------------------------------------------------------------------------


@contextmanager
def seeing_everything(function: Callable[..., Any]) -> Iterator[None]:
    """Put in for a policy, wherever it is used, one that lets everything be seen."""
    name, places = function.__name__, []

    def careless(*arguments: Any) -> Any:
        asked = function(*arguments)
        entity = asked.column_descriptions[0]
        if isinstance(entity["expr"], type):
            return sa.select(entity["entity"]).options(*asked._with_options)
        return sa.select(entity["expr"])  # ids

    for module in [one for at, one in sys.modules.items() if at.startswith("portal")]:
        if getattr(module, name, None) is function:
            places.append(module)
            setattr(module, name, careless)
    kept = dict(kinds.kinds)
    for type_, kind in kept.items():
        if kind.visible is function:
            kinds.kinds[type_] = replace(kind, visible=careless)
    try:
        yield
    finally:
        for module in places:
            setattr(module, name, function)
        kinds.kinds.update(kept)


CARELESS = (
    discussions.visible_threads, library.visible_resources, meetings.visible_meetings, people_policy.readable_group_ids,
    search_policy.own_searches,
)  # fmt: skip


def test_the_crawl_finds_a_policy_that_lets_everything_be_seen(
    app: Edge, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    world = everything(network)
    blind = []
    for function in CARELESS:
        crawler = Crawler(world, "outsider", sign_in(network.outsider))
        with seeing_everything(function):
            crawler.addresses(app, world, stops=True)
        if not crawler.leaks:
            blind.append(function.__name__)
    assert blind == []


def test_the_searches_find_a_word_that_is_told(
    app: Edge, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    world = everything(network)
    crawler = Crawler(world, "outsider", sign_in(network.outsider))
    crawler.searches()
    assert crawler.leaks == []
    with seeing_everything(people_policy.readable_group_ids):
        crawler.searches()
    assert crawler.leaks


def test_what_is_packed_is_unpacked() -> None:
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", CANARIES["closed"] * 100)
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.docx", inner.getvalue())
    assert CANARIES["closed"].encode() not in outer.getvalue()
    assert CANARIES["closed"] in unpacked(outer.getvalue())
