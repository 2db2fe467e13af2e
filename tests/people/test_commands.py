"""People on the command line: chosen by an address that only their own organisation vouches for."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from portal import db
from portal.people.models import Membership, Organisation, Person, PersonStatus, Role
from portal.web import Edge
from tests import commands, factories
from tests.conftest import Sign
from tests.factories import Network


@pytest.fixture
def impostor(network: Network) -> Person:
    """Somebody of the NGO whose provider says that she has the convener's address; her administrator has let her in."""
    made = factories.person(network.ngo, "Falsk Chef")
    made.email = network.convener.email
    db.commit()
    return made


def memberships(person: Person) -> list[Role]:
    db.rollback()
    return list(
        db.session.scalars(
            sa.select(Membership.role).where(Membership.person_id == person.id, Membership.left_at.is_(None))
        )
    )


def test_one_address_of_two_people_is_refused_with_their_names(app: Edge, network: Network, impostor: Person) -> None:
    answer = commands.run(app, "group", "add-member", "slutna", impostor.email)
    assert answer.exit_code == 2
    for part in ("Falsk Chef, foreningen", "Sam Mankallande, myndigheten"):
        assert part in answer.output
    assert memberships(impostor) == []


def test_a_borrowed_address_alone_is_refused_too(app: Edge, network: Network, impostor: Person) -> None:
    network.convener.status = PersonStatus.DISABLED
    db.commit()
    answer = commands.run(app, "group", "add-member", "slutna", impostor.email)
    assert answer.exit_code == 2
    assert "no address of that organisation" in answer.output
    assert memberships(impostor) == []
    impostor.status = PersonStatus.PENDING
    db.commit()
    assert commands.run(app, "org", "appoint", impostor.email).exit_code == 2
    named = commands.run(app, "org", "appoint", impostor.email, "--organisation", "foreningen")
    assert named.exit_code == 0
    assert f"Falsk Chef ({impostor.email}, Foreningen) is an administrator" in named.output


def test_the_right_one_is_said_with_name_address_and_organisation(app: Edge, network: Network) -> None:
    email = network.member.email
    for words, done in (
        (("group", "add-member", "slutna", email, "--role", "observer"), "is observer in slutna."),
        (("group", "remove-member", "slutna", email, "--organisation", "foreningen"), "has left slutna."),
    ):
        answer = commands.run(app, *words)
        assert answer.exit_code == 0, answer.output
        assert answer.output == f"Med Lem ({email}, Foreningen) {done}\n"
    assert commands.run(app, "group", "add-member", "slutna", "nobody@x.example").exit_code == 2


def test_administrators_see_an_address_that_is_not_the_organisation_s(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    newcomer = factories.person(network.authority, "Ny Ansökt", status=PersonStatus.PENDING)
    db.commit()
    marks = ("Inte en adress hos organisationen", "Not an address of the organisation")
    page = sign_in(network.admin).get("/organisation").text
    assert not any(mark in page for mark in marks)
    newcomer.email = "chef@annan.example"
    db.commit()
    assert any(mark in sign_in(network.admin).get("/organisation").text for mark in marks)


@pytest.mark.parametrize("mark", ["", "ABCD"])
def test_a_mark_is_not_cut_silently(app: Edge, network: Network, mark: str) -> None:
    answer = commands.run(
        app, "org", "add", "ny", "--name", "Ny", "--kind", "ngo", "--domain", "ny.example", "--mark", mark
    )
    assert answer.exit_code == 2
    assert "one to three letters" in answer.output
    db.rollback()
    assert db.session.scalar(sa.select(Organisation).where(Organisation.slug == "ny")) is None
