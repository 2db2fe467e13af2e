"""Trainings: nominating, places and waiting list, attendance, graduates, consent, coverage; and what cannot be taken."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal import db
from portal.audit import AuditEntry
from portal.county_codes import COUNTIES
from portal.errors import Conflict
from portal.notifications.models import Notice
from portal.people import actions as people
from portal.people.models import Membership, Person, Role
from portal.times import today
from portal.trainings import actions, nominating, policy
from portal.trainings.models import Attendance, Authority, Cohort, CohortState, Nomination, NominationState, Training
from portal.trainings.nominating import Candidate
from tests import factories
from tests.conftest import Browser, Sign, send
from tests.factories import Network
from tests.test_queries import counted

NUMBER = "811228-9874"  # Skatteverket's published test number
WHO = {"name": "Nora Minerad", "email": "Nora@Polisen.example ", "authority": "police", "employer": "Polisregion Berg"}
TRAINING = {"title": "Kurs", "network_group": "0", "authorities": "police", "text": "Vi börjar."}
COHORT = {"name": "Hösten", "places": "5", "nominate_by": "2031-05-05"}
OCCASION = {"kind": "theory", "title": "Dag ett", "on": "2031-05-05", "starts": "09:00", "ends": "12:00"}

pytestmark = pytest.mark.usefixtures("built_front_end")


@pytest.fixture
def cohort(network: Network) -> Cohort:
    """A cohort with two places, open for nominations; the secretary is the county board's of Örebro and leads too."""
    made = factories.cohort(network, network.group, nominees=0)
    db.commit()
    return made


@pytest.fixture
def board(network: Network, cohort: Cohort) -> Person:
    """A member of the group at another county's board."""
    skane = factories.organisation("lstskane", kind=network.county.kind)
    skane.county_code = "M"
    found = factories.person(skane, "Skån Ska")
    people.add_member(network.group, found, by=None)
    db.commit()
    return found


def nominated(cohort: Cohort, by: Person, *, number: int = 1, email: str = "", authority: Authority = Authority.POLICE) -> Nomination:  # fmt: skip
    who = Candidate(f"Person {number}", email or f"person{number}@polisen.example", authority, "Polisen")
    made = nominating.nominate(cohort, who, by.organisation.county_code or "", by=by)
    db.commit()
    return made


def graduated(network: Network, cohort: Cohort, *nominations: Nomination) -> None:
    """All of them are admitted, attend and graduate."""
    for one in nominations:
        nominating.decide_nomination(one, NominationState.ADMITTED, by=network.convener)
    for state in (CohortState.DECIDED, CohortState.RUNNING):
        actions.move_cohort(cohort, state, by=network.convener)
    for occasion in cohort.occasions:
        actions.note_attendance(occasion, {one.id: True for one in nominations}, by=network.convener)
    nominating.complete_cohort(cohort, by=network.convener)
    db.commit()


def again(nomination_id: int) -> Nomination:
    db.rollback()
    db.session.expire_all()
    return db.session.get_one(Nomination, nomination_id)


def is_member(person: Person, network: Network) -> bool:
    rows = sa.select(Membership.id).where(
        Membership.group_id == network.group.id, Membership.person_id == person.id, Membership.left_at.is_(None)
    )
    return db.session.scalar(rows) is not None


# --- making -----------------------------------------------------------------------------------------------------------


def test_a_training_is_offered_and_read(network: Network, sign_in: Sign) -> None:
    network.secretary.organisation.county_code = "T"
    db.commit()
    convener, member, outsider = sign_in(network.convener), sign_in(network.member), sign_in(network.outsider)
    where = send(convener, "/trainings/new/natverket", **TRAINING).headers["Location"]
    of_cohort = send(convener, f"{where}/cohorts/new", **COHORT).headers["Location"]
    assert send(convener, f"{of_cohort}/occasions/new", **OCCASION).status_code == 302
    for path in (where, of_cohort, "/trainings", "/trainings?group=natverket"):
        assert "Hösten" in member.get(path).text
    assert "Dag ett" in member.get(of_cohort).text
    assert "Hösten" not in outsider.get("/trainings").text
    for path in (where, of_cohort):
        assert outsider.get(path).status_code == 404
    told = set(db.session.scalars(sa.select(Notice.person_id).where(Notice.kind == "cohort_opened")))
    assert told == {network.secretary.id}, "the county boards are told, and nobody else"
    assert {"training_made", "cohort_added", "occasion_added"} <= set(db.session.scalars(sa.select(AuditEntry.action)))


BAD = {
    "training: no title": ("/trainings/new/natverket", TRAINING | {"title": " "}),
    "training: a long title": ("/trainings/new/natverket", TRAINING | {"title": "x" * 201}),
    "training: an authority that is none": ("/trainings/new/natverket", TRAINING | {"authorities": "army"}),
    "training: a group that one does not lead": ("/trainings/new/natverket", TRAINING | {"network_group": "999"}),
    "training: a number in the text": ("/trainings/new/natverket", TRAINING | {"text": f"Om {NUMBER}"}),
    "cohort: no places": ("COHORTS/new", COHORT | {"places": "0"}),
    "cohort: too many places": ("COHORTS/new", COHORT | {"places": "1000000000"}),
    "cohort: places that are no number": ("COHORTS/new", COHORT | {"places": "många"}),
    "cohort: a year that is a slip": ("COHORTS/new", COHORT | {"nominate_by": "0031-05-05"}),
    "cohort: a long name": ("COHORTS/new", COHORT | {"name": "x" * 121}),
    "cohort: needs no occasion": ("COHORTS/new", COHORT | {"enough": "0"}),
    "occasion: ends before it begins": ("COHORT/occasions/new", OCCASION | {"ends": "08:59"}),
    "occasion: has no length": ("COHORT/occasions/new", OCCASION | {"ends": "09:00"}),
    "occasion: a day that is none": ("COHORT/occasions/new", OCCASION | {"on": "2031-02-30"}),
    "occasion: an hour that is none": ("COHORT/occasions/new", OCCASION | {"on": "2027-03-28", "starts": "02:30"}),
    "occasion: a number in the place": ("COHORT/occasions/new", OCCASION | {"place": NUMBER}),
    "nomination: no name": ("COHORT/nominations/new", WHO | {"name": ""}),
    "nomination: a huge name": ("COHORT/nominations/new", WHO | {"name": "x" * 10_000}),
    "nomination: no address": ("COHORT/nominations/new", WHO | {"email": "nora"}),
    "nomination: a huge address": ("COHORT/nominations/new", WHO | {"email": "x" * 300 + "@a.example"}),
    "nomination: an authority that is none": ("COHORT/nominations/new", WHO | {"authority": "army"}),
    "nomination: a number in the name": ("COHORT/nominations/new", WHO | {"name": f"Nora {NUMBER}"}),
    "nomination: a number with the employer": ("COHORT/nominations/new", WHO | {"employer": NUMBER}),
    "no reason to cancel": ("COHORT/cancellation", {"reason": " "}),
    "a huge reason to cancel": ("COHORT/cancellation", {"reason": "x" * 1001}),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_taken_is_said_at_the_form(network: Network, sign_in: Sign, cohort: Cohort, case: str) -> None:
    where, form = BAD[case]
    where = where.replace("COHORTS", f"/trainings/{cohort.training_id}/cohorts").replace("COHORT", f"/trainings/cohorts/{cohort.id}")  # fmt: skip
    before = [db.session.scalar(sa.select(sa.func.count()).select_from(one)) for one in (Training, Cohort, Nomination)]
    answer = send(sign_in(network.secretary), where, **form)
    assert answer.status_code == 422
    assert "field-error" in answer.text or "data-guard" in answer.text
    after = [db.session.scalar(sa.select(sa.func.count()).select_from(one)) for one in (Training, Cohort, Nomination)]
    assert before == after


def test_two_who_change_at_once_lose_nothing(network: Network, sign_in: Sign, cohort: Cohort) -> None:
    where, form = f"/trainings/{cohort.training_id}/edit", TRAINING | {"based_on": "1"}
    assert send(sign_in(network.convener), where, **form | {"text": "Den första"}).status_code == 302
    answer = send(sign_in(network.secretary), where, **form | {"text": "Den andra"})
    assert answer.status_code == 409
    assert "Den första" in answer.text
    assert "Den andra" in answer.text


# --- nominating -------------------------------------------------------------------------------------------------------


def test_a_board_nominates_and_others_see_figures(
    network: Network, sign_in: Sign, cohort: Cohort, board: Person
) -> None:
    where = f"/trainings/cohorts/{cohort.id}"
    assert send(sign_in(board), f"{where}/nominations/new", **WHO).status_code == 302
    made = db.session.scalars(sa.select(Nomination)).unique().one()
    assert (made.email, made.county_code, made.state) == ("nora@polisen.example", "M", NominationState.NOMINATED)
    for person in (board, network.convener):
        assert "Nora Minerad" in sign_in(person).get(where).text
    for person in (network.member, network.observer):
        page = sign_in(person).get(where).text
        assert "Nora" not in page
        assert "nora@" not in page
    assert send(sign_in(network.member), f"{where}/nominations/new", **WHO).status_code == 403
    for path in ("decision", "withdrawal"):
        answer = send(sign_in(network.member), f"/trainings/nominations/{made.id}/{path}", state="admitted")
        assert answer.status_code == 404, "who is nominated is not even named"
    assert send(sign_in(board), f"/trainings/nominations/{made.id}/decision", state="admitted").status_code == 403


def test_one_person_is_nominated_once(network: Network, sign_in: Sign, cohort: Cohort, board: Person) -> None:
    client, where = sign_in(board), f"/trainings/cohorts/{cohort.id}/nominations/new"
    assert send(client, where, **WHO).status_code == 302
    answer = send(client, where, **WHO | {"email": "NORA@polisen.EXAMPLE"})
    assert answer.status_code == 422
    assert "redan nominerad" in answer.text
    made = db.session.scalars(sa.select(Nomination)).unique().one()
    assert send(client, f"/trainings/nominations/{made.id}/withdrawal").status_code == 302
    assert send(client, where, **WHO).status_code == 302, "who was withdrawn can be nominated again"
    assert again(made.id).state is NominationState.NOMINATED


def test_twice_at_once_is_once(network: Network, sign_in: Sign, cohort: Cohort, board: Person) -> None:
    clients, got = [sign_in(board), sign_in(network.secretary)], []
    where = f"/trainings/cohorts/{cohort.id}/nominations/new"

    def ask(client: Browser) -> None:
        got.append(client.post(where, data={"csrf_token": client.csrf, **WHO}).status_code)

    db.commit()
    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [302, 422]


def test_after_the_deadline_and_after_the_decision_nobody_is_nominated(
    network: Network, sign_in: Sign, cohort: Cohort, board: Person
) -> None:
    client, where = sign_in(board), f"/trainings/cohorts/{cohort.id}/nominations/new"
    cohort.nominate_by = today() - timedelta(days=1)
    db.commit()
    assert send(client, where, **WHO).status_code == 409
    with pytest.raises(Conflict):
        nominated(cohort, board)
    db.rollback()
    cohort.nominate_by = today()
    actions.move_cohort(cohort, CohortState.DECIDED, by=network.convener)
    db.commit()
    assert send(client, where, **WHO).status_code == 409


def test_a_free_place_goes_to_the_next_in_line(network: Network, sign_in: Sign, cohort: Cohort, board: Person) -> None:
    first, second, third, fourth = (nominated(cohort, board, number=number) for number in range(4))
    for one in (first, second):
        nominating.decide_nomination(one, NominationState.ADMITTED, by=network.convener)
    for one in (fourth, third):
        nominating.decide_nomination(one, NominationState.WAITING, by=network.convener)
    db.commit()
    leader = sign_in(network.convener)
    answer = send(leader, f"/trainings/nominations/{third.id}/decision", state="admitted")
    assert answer.status_code == 409, "all places are taken"
    late = nominated(cohort, board, number=9)
    assert late.state is NominationState.WAITING, "a full cohort has a waiting list"
    assert send(sign_in(board), f"/trainings/nominations/{first.id}/withdrawal").status_code == 302
    assert again(fourth.id).state is NominationState.ADMITTED, "the first in line, not the first nominated"
    assert again(third.id).state is NominationState.WAITING
    told = set(db.session.scalars(sa.select(Notice.person_id).where(Notice.kind == "nomination_moved_up")))
    assert told == {board.id}
    assert send(leader, f"/trainings/nominations/{first.id}/decision", state="admitted").status_code == 409


@pytest.mark.parametrize("state", ["", "withdrawn", "nominated", "president"])
def test_a_decision_that_is_none_is_a_conflict(network: Network, sign_in: Sign, cohort: Cohort, board: Person, state: str) -> None:  # fmt: skip
    made = nominated(cohort, board)
    assert send(sign_in(network.convener), f"/trainings/nominations/{made.id}/decision", state=state).status_code == 409


def test_a_cancelled_cohort_says_why_and_takes_nothing_more(network: Network, sign_in: Sign, cohort: Cohort, board: Person) -> None:  # fmt: skip
    made = nominated(cohort, board)
    where, leader = f"/trainings/cohorts/{cohort.id}", sign_in(network.convener)
    assert send(leader, f"{where}/cancellation", reason="Föreläsaren fick förhinder.").status_code == 302
    assert "Föreläsaren fick förhinder." in sign_in(network.member).get(where).text
    told = set(db.session.scalars(sa.select(Notice.person_id).where(Notice.kind == "cohort_cancelled")))
    assert told == {board.id}, "the board that had nominated, and not the others"
    for path, form in (("cancellation", {"reason": "Igen"}), ("edit", COHORT), ("state", {"state": "running"}),
                       ("occasions/new", OCCASION), ("completion", {})):  # fmt: skip
        assert send(leader, f"{where}/{path}", **form).status_code == 409
    assert send(leader, f"/trainings/nominations/{made.id}/decision", state="admitted").status_code == 409
    assert send(sign_in(board), f"{where}/nominations/new", **WHO).status_code == 409


def test_there_are_not_fewer_places_than_people(network: Network, sign_in: Sign, cohort: Cohort, board: Person) -> None:
    for number in range(2):
        nominating.decide_nomination(
            nominated(cohort, board, number=number), NominationState.ADMITTED, by=network.convener
        )
    db.commit()
    form = COHORT | {"places": "1", "based_on": "1"}
    assert send(sign_in(network.convener), f"/trainings/cohorts/{cohort.id}/edit", **form).status_code == 409


# --- attendance and graduates -----------------------------------------------------------------------------------------


def test_two_who_tick_at_once_overwrite_nothing_else(
    network: Network, sign_in: Sign, cohort: Cohort, board: Person
) -> None:
    first, second = (nominated(cohort, board, number=number) for number in range(2))
    for one in (first, second):
        nominating.decide_nomination(one, NominationState.ADMITTED, by=network.convener)
    db.commit()
    where = f"/trainings/occasions/{cohort.occasions[0].id}"
    leader, other = sign_in(network.convener), sign_in(network.secretary)
    assert send(leader, where, here=str(first.id)).status_code == 409, "the cohort has not begun"
    for state in (CohortState.DECIDED, CohortState.RUNNING):
        actions.move_cohort(cohort, state, by=network.convener)
    db.commit()
    assert send(leader, where, here=str(first.id)).status_code == 302
    assert send(other, where, here=str(second.id)).status_code == 302, "its page still showed nobody"
    assert policy.present_on(cohort.occasions[0]) == {first.id, second.id}
    assert send(other, where, was=[str(first.id), str(second.id)], here=str(first.id)).status_code == 302
    assert policy.present_on(cohort.occasions[0]) == {first.id}
    assert send(other, where, here=["999999", "x", "9" * 30], was=str(first.id)).status_code == 302
    assert policy.present_on(cohort.occasions[0]) == set()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Attendance)) == 2, "foreign ids leave no row"


def test_who_attended_enough_graduates(network: Network, sign_in: Sign, cohort: Cohort, board: Person) -> None:
    there, away = (nominated(cohort, board, number=number) for number in range(2))
    for one in (there, away):
        nominating.decide_nomination(one, NominationState.ADMITTED, by=network.convener)
    leader = sign_in(network.convener)
    where = f"/trainings/cohorts/{cohort.id}/completion"
    db.commit()
    assert send(leader, where).status_code == 409, "it has not begun"
    for state in (CohortState.DECIDED, CohortState.RUNNING):
        actions.move_cohort(cohort, state, by=network.convener)
    actions.note_attendance(cohort.occasions[0], {there.id: True}, by=network.convener)
    db.commit()
    assert send(leader, where).status_code == 302
    assert again(there.id).graduated_at is not None
    assert again(away.id).graduated_at is None
    assert send(leader, where).status_code == 409, "twice is once"
    pdf = sign_in(board).get(f"/trainings/nominations/{there.id}/certificate.pdf")
    assert pdf.data.startswith(b"%PDF")
    assert b"pdfaid" in pdf.data
    assert leader.get(f"/trainings/nominations/{away.id}/certificate.pdf").status_code == 404
    assert sign_in(network.member).get(f"/trainings/nominations/{there.id}/certificate.pdf").status_code == 404


# --- consent ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def graduate(network: Network, cohort: Cohort, board: Person) -> Nomination:
    """The outsider, who has an account and has graduated; the training's network is the network group."""
    made = nominated(cohort, board, email=network.outsider.email.upper())
    graduated(network, cohort, made)
    return made


def test_a_graduate_is_asked_and_joins_only_after_a_yes(network: Network, sign_in: Sign, graduate: Nomination) -> None:
    told = set(db.session.scalars(sa.select(Notice.person_id).where(Notice.kind == "consent_asked")))
    assert told == {network.outsider.id}
    assert not is_member(network.outsider, network)
    where, client = f"/trainings/nominations/{graduate.id}/consent", sign_in(network.outsider)
    assert client.get(where).status_code == 200
    assert client.get(f"/trainings/nominations/{graduate.id}/certificate.pdf").status_code == 200
    assert where in client.get("/trainings").text, "one finds back to it"
    for form in ({}, {"answer": "maybe"}):
        assert send(client, where, **form).status_code == 422
    for _twice in range(2):
        assert send(client, where, answer="yes").status_code == 302
    assert is_member(network.outsider, network)
    assert sign_in(network.convener).get(where).status_code == 404, "nobody answers for the graduate"
    assert send(client, where, answer="no").status_code == 302
    assert not is_member(network.outsider, network)
    said = list(db.session.scalars(sa.select(AuditEntry.action).where(AuditEntry.person_id == network.outsider.id)))
    assert [said.count(one) for one in ("consent_given", "member_added", "consent_refused", "member_removed")] == [1, 1, 1, 1]  # fmt: skip


def test_a_membership_that_the_consent_did_not_make_stays(network: Network, graduate: Nomination) -> None:
    people.add_member(network.group, network.outsider, by=None)
    nominating.give_consent(graduate, by=network.outsider)
    nominating.refuse_consent(graduate, by=network.outsider)
    assert is_member(network.outsider, network)


def test_a_role_that_was_given_since_keeps_the_membership(network: Network, graduate: Nomination) -> None:
    nominating.give_consent(graduate, by=network.outsider)
    people.add_member(network.group, network.outsider, role=Role.SECRETARY, by=None)
    nominating.refuse_consent(graduate, by=network.outsider)
    assert is_member(network.outsider, network)


def test_who_has_no_account_is_not_asked(network: Network, sign_in: Sign, cohort: Cohort, board: Person) -> None:
    made = nominated(cohort, board)
    graduated(network, cohort, made)
    assert db.session.scalar(sa.select(Notice.id).where(Notice.kind == "consent_asked")) is None
    assert "inget konto" in sign_in(network.convener).get(f"/trainings/cohorts/{cohort.id}").text


# --- coverage ---------------------------------------------------------------------------------------------------------


def test_coverage_counts_graduates_once_and_lets_them_go(network: Network, sign_in: Sign, cohort: Cohort, graduate: Nomination) -> None:  # fmt: skip
    found = policy.coverage(network.member)
    assert list(found) == list(COUNTIES)
    assert found["M"][Authority.POLICE] == 1
    assert sum(sum(row.values()) for row in found.values()) == 1
    assert sum(sum(row.values()) for row in policy.coverage(network.outsider).values()) == 0, "not a member"
    member = sign_in(network.member)
    for path in ("/trainings/coverage", "/trainings/coverage?authority=police"):
        assert "saknas" in member.get(path).text
    assert member.get("/trainings/coverage?authority=army").status_code == 404
    table = member.get("/trainings/coverage.csv").text.splitlines()
    assert len(table) == 22
    assert "M;Skåne län;1;0;0;0;0;0" in table
    client, where = sign_in(network.outsider), f"/trainings/nominations/{graduate.id}/register"
    assert send(client, where, registered="0").status_code == 302
    assert policy.coverage(network.member)["M"][Authority.POLICE] == 0
    assert send(client, where, registered="1").status_code == 302
    assert policy.coverage(network.member)["M"][Authority.POLICE] == 1


def test_coverage_is_one_query(network: Network, graduate: Nomination) -> None:
    reader = network.member
    with counted() as statements:
        policy.coverage(reader)
    assert len(statements) == 1


def test_the_leaders_pages_take_no_more_queries_with_more_people(
    network: Network, sign_in: Sign, cohort: Cohort, board: Person
) -> None:
    def fill(numbers: range) -> None:
        cohort.places = 100
        for number in numbers:
            made = nominated(cohort, (board, network.secretary)[number % 2], number=number)
            nominating.decide_nomination(made, NominationState.ADMITTED, by=network.convener)
        db.commit()

    client, got = sign_in(network.convener), []
    fill(range(2))
    paths = (f"/trainings/cohorts/{cohort.id}", f"/trainings/occasions/{cohort.occasions[0].id}")
    for numbers in (range(0), range(2, 40)):
        fill(numbers)
        for path in paths:
            client.get(path)
            with counted() as statements:
                assert client.get(path).status_code == 200
            got.append(len(statements))
    assert got[:2] == got[2:]
