"""Naming somebody in a post: only those who can read it, found by the server, shown by the name of today."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from portal import db, markup
from portal.discussions import actions
from portal.discussions.mentioning.actions import MOST_MENTIONS
from portal.discussions.models import Mention, Post, ReactionKind, Thread
from portal.discussions.reacting import actions as reacting
from portal.errors import Invalid
from portal.outbox import Job
from portal.people import actions as people
from portal.people.models import Group, Person
from tests import factories
from tests.conftest import Sign, send
from tests.factories import Network, plain_render
from tests.test_queries import counted


@pytest.fixture
def thread(network: Network) -> Thread:
    made = factories.thread(network.group, network.convener, "Om tolkar")
    db.commit()
    return made


def told(post: Post) -> set[int]:
    """Whom the job that tells of a post tells by name."""
    jobs = db.session.scalars(sa.select(Job).where(Job.kind == "post_told")).all()
    found: list[int] = next(job.payload["mentioned"] for job in jobs if job.payload["post_id"] == post.id)
    return set(found)


def test_a_person_is_found_and_shown_by_the_name_of_today(network: Network, thread: Thread) -> None:
    post = factories.post(thread, network.member, "Vad tror du, @sam mankallande? Och `@Sek Reterare`")
    assert told(post) == {network.convener.id}
    assert '<span class="mention">@Sam Mankallande</span>?' in post.html
    network.convener.name = "Sam <b>Nytt</b> Namn"
    db.session.flush()
    assert BeautifulSoup(post.html, "lxml").select(".mention")[0].text == "@Sam <b>Nytt</b> Namn"
    actions.edit_post(post, body="Du, @sam mankallande!", based_on=1, by=network.member, render=plain_render)
    assert "Nytt" in post.html, "the old name in the text still means the same person"


def test_organisations_and_the_group_are_named(network: Network, thread: Thread) -> None:
    post = factories.post(thread, network.member, f"@Myndigheten och inte x@{network.secretary.name}")
    of_it = set(db.session.scalars(sa.select(Person.id).where(Person.organisation_id == network.authority.id)))
    assert told(post) <= of_it
    assert network.convener.id in told(post)
    assert network.admin.id not in told(post), "who is no member is not told"
    everybody = factories.post(thread, network.member, f"Hej @{network.group.name}!")
    assert {network.convener.id, network.secretary.id} <= told(everybody)
    assert network.member.id not in told(everybody)


@pytest.mark.parametrize(
    "body",
    [
        "> @Sam Mankallande",
        "[@Sam Mankallande](https://a.example)",
        "```\n@Sam Mankallande\n```",
        "a@Sam Mankallande",
        "@Sam Mankallandesson",
    ],
)
def test_who_is_quoted_or_part_of_a_word_is_not_named(body: str, network: Network, thread: Thread) -> None:
    assert told(factories.post(thread, network.member, body)) == set()


def test_nobody_is_named_who_cannot_read(network: Network, thread: Thread) -> None:
    post = factories.post(thread, network.member, f"@{network.outsider.name} @{network.closed.name}")
    assert told(post) == set()
    assert post.mentions == []
    assert "mention" not in post.html


def test_two_of_one_name_are_both_meant_or_told_apart(network: Network, thread: Thread) -> None:
    first, second = factories.person(network.authority, "Kim Berg"), factories.person(network.ngo, "Kim Berg")
    for one in (first, second):
        people.add_member(network.group, one, by=None)
    db.session.flush()
    both = factories.post(thread, network.member, "@Kim Berg")
    assert told(both) == {first.id, second.id}
    assert "@Kim Berg" in both.html
    post = factories.post(thread, network.member, "@Kim Berg (Myndigheten)")
    assert told(post) == {first.id}
    assert ">@Kim Berg (Myndigheten)<" in post.html


def test_too_many_are_refused_in_words_and_the_text_is_kept(
    network: Network, thread: Thread, sign_in: Sign, built_front_end: object
) -> None:
    for number in range(MOST_MENTIONS + 1):
        people.add_member(network.group, factories.person(network.ngo, f"Namn Nummer{number}x"), by=None)
    db.commit()
    body = " ".join(f"@Namn Nummer{number % (MOST_MENTIONS + 1)}x" for number in range(500))
    client = sign_in(network.member)
    form = {"body": body, "client_id": str(uuid.uuid4()), "kind": "reply", "title": "Rubrik"}
    for where in (f"/threads/{thread.id}/posts", "/groups/natverket/threads/new"):
        refused = send(client, where, **{**form, "kind": "discussion" if "new" in where else "reply"})
        assert refused.status_code == 422
        assert "field-error" in refused.text
        assert "@Namn Nummer50x" in refused.text
    with pytest.raises(Invalid):
        factories.post(thread, network.member, body)
    db.rollback()
    post = factories.post(thread, network.member, "@Namn Nummer1x " * 500)
    assert len(post.mentions) == 1, "the same one often is one"


def test_suggestions_are_only_those_who_can_read(network: Network, thread: Thread, sign_in: Sign) -> None:
    client = sign_in(network.member)

    def offered(typed: str) -> list[str]:
        answer = client.get(f"/threads/{thread.id}/names", query_string={"q": typed})
        return [row["words"] for row in answer.get_json()]

    assert network.convener.name in offered("sam")
    assert network.convener.name in offered("mank"), "by the last name too"
    assert "Myndigheten" in offered("mynd")
    assert network.group.name in offered(network.group.name[:4])
    assert network.outsider.name not in offered("")
    assert offered("finns inte" + "x" * 5_000) == []
    assert sign_in(network.outsider).get(f"/threads/{thread.id}/names").status_code == 404


def test_whoever_reads_an_open_group_does_not_learn_of_everybody(network: Network, sign_in: Sign) -> None:
    made = factories.thread(network.open, network.convener)
    stranger = factories.person(factories.organisation("frammande"), "Okänd Medlem")
    colleague = factories.person(network.outsider.organisation, "Kol Lega")
    db.commit()
    client = sign_in(network.outsider)

    def offered() -> set[str]:
        return {
            row["words"]
            for typed in ("okänd", "kol")
            for row in client.get(f"/threads/{made.id}/names?q={typed}").get_json()
        }

    assert offered() == {colleague.name}
    factories.post(made, stranger, "Hej")
    db.commit()
    assert offered() == {colleague.name, stranger.name}, "who writes there is known there"


def test_whoever_starts_a_thread_is_offered_those_who_will_read_it(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    colleague = factories.person(network.convener.organisation, "Kol Lega")
    db.commit()
    client = sign_in(network.convener)

    def offered(group: Group, typed: str) -> set[str]:
        rows = client.get(f"/groups/{group.slug}/names", query_string={"q": typed}).get_json()
        return {row["words"] for row in rows}

    page = BeautifulSoup(client.get(f"/groups/{network.closed.slug}/threads/new").text, "lxml")
    assert page.select("textarea[name=body]")[0]["data-names"] == f"/groups/{network.closed.slug}/names"
    assert offered(network.closed, network.secretary.name[:3]) == {network.secretary.name}
    assert offered(network.closed, network.member.name) == set()
    assert offered(network.closed, "kol") == set()
    assert offered(network.open, "kol") == {colleague.name}, "everybody can read it; one's colleagues are known"
    assert offered(network.open, network.outsider.name) == set()
    post = factories.thread(network.open, network.convener, body=f"@{colleague.name} @{network.outsider.name}")
    named = db.session.scalars(sa.select(Mention.person_id).join(Post).where(Post.thread_id == post.id)).all()
    assert named == [colleague.id], "what is offered is what the server finds"
    assert sign_in(network.outsider).get(f"/groups/{network.closed.slug}/names").status_code == 404
    assert sign_in(network.outsider).get(f"/groups/{network.open.slug}/names").status_code == 403


def test_names_are_html_of_nobody() -> None:
    shown = markup.render('Hej @Kim "Bo" <i>', (('Kim "Bo" <i>', '<script>alert(1)</script>" onload="x'),))
    assert "<script" not in shown
    assert BeautifulSoup(shown, "lxml").select("span")[0].attrs == {"class": ["mention"]}
    typed = BeautifulSoup(markup.render('<span class="evil" onclick="x">@Kim</span>', (("Kim", "Kim"),)), "lxml")
    assert [span.attrs for span in typed.select("span")] == [{"class": ["mention"]}]


def test_a_page_of_mentions_and_reactions_costs_no_more_queries(
    network: Network, thread: Thread, sign_in: Sign, built_front_end: object
) -> None:
    client, costs = sign_in(network.member), []
    for _round in range(2):
        for one in (network.convener, network.secretary, network.member):
            post = factories.post(thread, one, f"@{network.convener.name} @Myndigheten @{network.group.name}")
            reacting.add_reaction(post, ReactionKind.SEEN, by=network.observer, render=plain_render)
        db.commit()
        for _warm in range(2):
            with counted() as asked:
                assert 'class="mention"' in client.get(f"/threads/{thread.id}").text
        costs.append(len(asked))
    assert costs[0] == costs[1]
