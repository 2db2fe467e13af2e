"""Activities: planning, joining, overlaps, results; who sees what, and two who write at once."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
import time_machine

from portal import db
from portal.activities import actions, policy
from portal.activities.actions import Result
from portal.activities.forms import LARGEST
from portal.activities.models import Activity, ActivityJoiner, ActivityKind, ActivityState, Sector
from portal.activities.policy import Reach
from portal.activities.views import a_year_later
from portal.audit import AuditEntry
from portal.errors import Conflict
from portal.notifications.models import Notice
from portal.people import actions as people
from portal.people.models import HandlingClass, Person
from portal.times import today
from tests import factories
from tests.conftest import Browser, Sign, send
from tests.factories import Network
from tests.test_queries import counted

NUMBER = "811228-9874"  # Skatteverket's published test number
FORM = {
    "title": "Kampanjvecka", "kind": "campaign", "starts_on": "2031-05-05", "ends_on": "2031-05-09", "codes": "T", "text": "Vi börjar.",
}  # fmt: skip

pytestmark = pytest.mark.usefixtures("built_front_end")


@pytest.fixture
def planned(network: Network) -> Activity:
    """The authority's activity in the network group, next week."""
    made = factories.activity(network.group, network.convener, "Taxiveckan", text="Att göra", days=7)
    db.commit()
    return made


def again(activity_id: int) -> Activity:
    db.rollback()
    db.session.expire_all()
    return db.session.get_one(Activity, activity_id)


def number_of_activities() -> int:
    return db.session.scalar(sa.select(sa.func.count(Activity.id))) or 0


# --- planning ---------------------------------------------------------------------------------------------------------


def test_an_activity_is_planned_and_read(network: Network, sign_in: Sign) -> None:
    taxi = factories.sector("Taxi")
    db.commit()
    member, observer, outsider = sign_in(network.member), sign_in(network.observer), sign_in(network.outsider)
    form = FORM | {"sectors": str(taxi.id), "contacts": str(network.member.id), "text": "**Besök** i växeln"}
    where = send(member, "/groups/natverket/activities/new", **form).headers["Location"]
    page = observer.get(where).text
    for words in (
        "Kampanjvecka",
        "Örebro län",
        "Taxi",
        "<strong>Besök</strong>",
        network.member.name,
        ">9\xa0maj\xa02031<",
    ):
        assert words in page
    for path in ("/activities", "/groups/natverket/activities", "/activities/calendar?month=2031-05"):
        assert "Kampanjvecka" in observer.get(path).text
        if "groups" not in path:
            assert "Kampanjvecka" not in outsider.get(path).text
    assert outsider.get(where).status_code == 404
    told = db.session.scalars(sa.select(Notice).where(Notice.kind == "activity_made")).all()
    assert network.convener.id in {notice.person_id for notice in told}
    assert network.member.id not in {notice.person_id for notice in told}, "who did it is not told"
    assert "activity_made" in set(db.session.scalars(sa.select(AuditEntry.action)))


BAD_FORMS = {
    "no title": {"title": "  "},
    "a long title": {"title": "x" * 201},
    "a long text": {"text": "x" * 10_001},
    "no day": {"starts_on": ""},
    "a day that is none": {"starts_on": "2031-02-30"},
    "a year that is a slip": {"starts_on": "0031-05-05"},
    "ends before it begins": {"ends_on": "2031-05-04"},
    "longer than a year": {"ends_on": "2032-05-06"},
    "a county that is none": {"codes": "Q"},
    "a sector that is none": {"sectors": "999"},
    "a sector that is no number": {"sectors": "x"},
    "a sector that no database could hold": {"sectors": "9" * 30},
    "a contact from elsewhere": {"contacts": "OUTSIDER"},
    "a kind that is none": {"kind": "party"},
    "a number in the title": {"title": f"Om {NUMBER}"},
    "a number in the text": {"text": f"Om {NUMBER}"},
}


@pytest.mark.parametrize("case", BAD_FORMS)
def test_what_cannot_be_taken_is_said_and_stays_in_the_form(network: Network, sign_in: Sign, case: str) -> None:
    member = sign_in(network.member)
    bad = {key: value.replace("OUTSIDER", str(network.outsider.id)) for key, value in BAD_FORMS[case].items()}
    answer = send(member, "/groups/natverket/activities/new", **FORM | bad)
    assert answer.status_code == 422
    assert bad.get("text", "Vi börjar.")[:50] in answer.text
    assert number_of_activities() == 0


def test_two_who_change_at_once_lose_nothing(network: Network, sign_in: Sign, planned: Activity) -> None:
    first, second = sign_in(network.convener), sign_in(network.secretary)
    where = f"/activities/{planned.id}/edit"
    assert send(first, where, **FORM | {"text": "Den första texten", "based_on": "1"}).status_code == 302
    answer = send(second, where, **FORM | {"text": "Den andra texten", "based_on": "1"})
    assert answer.status_code == 409
    assert "Den första texten" in answer.text
    assert "Den andra texten" in answer.text
    assert again(planned.id).text == "Den första texten"
    assert send(second, where, **FORM | {"text": "Båda texterna", "based_on": "2"}).status_code == 302
    assert again(planned.id).text == "Båda texterna"


def test_a_sector_off_the_list_stays_where_it_is(network: Network, sign_in: Sign, planned: Activity) -> None:
    taxi, hotel = planned.sectors[0].id, factories.sector("Hotell").id
    db.commit()
    admin, convener = sign_in(network.admin), sign_in(network.convener)
    assert send(admin, f"/activities/sectors/{taxi}", retire="1").status_code == 302
    assert send(admin, f"/activities/sectors/{taxi}", retire="1").status_code == 404, "twice is once"
    assert "Taxi" in convener.get(f"/activities/{planned.id}/edit").text
    assert ">Taxi</label>" not in convener.get("/groups/natverket/activities/new").text
    assert (
        send(convener, f"/activities/{planned.id}/edit", **FORM | {"sectors": str(taxi), "based_on": "1"}).status_code
        == 302
    )
    assert [sector.id for sector in again(planned.id).sectors] == [taxi]
    assert send(convener, "/groups/natverket/activities/new", **FORM | {"sectors": str(taxi)}).status_code == 422
    assert send(admin, "/activities/sectors", name="TAXI").status_code == 302, "it comes back"
    assert send(admin, "/activities/sectors", name="taxi ").status_code == 422
    assert send(admin, f"/activities/sectors/{hotel}", name="Taxi").status_code == 422
    for bad in ("", " ", "x" * 81, f"Om {NUMBER}"):
        assert send(admin, "/activities/sectors", name=bad).status_code == 422
        assert send(admin, f"/activities/sectors/{hotel}", name=bad).status_code == 422
    assert len(set(db.session.scalars(sa.select(Sector.folded)))) == 2


# --- states -----------------------------------------------------------------------------------------------------------


def test_the_state_follows_the_days(network: Network, planned: Activity) -> None:
    first = planned.starts_on

    def standing(on: date) -> ActivityState:
        db.rollback()
        with time_machine.travel(f"{on.isoformat()} 12:00:00+02:00", tick=False):
            state = again(planned.id).state
            found = [
                one
                for one in ActivityState
                if db.session.scalars(sa.select(Activity.id).where(policy.in_state(one))).all()
            ]
            assert found == [state], "the database says the same"
            return state

    assert standing(first - timedelta(days=1)) is ActivityState.PLANNED
    assert standing(first) is ActivityState.RUNNING
    assert standing(planned.ends_on) is ActivityState.RUNNING
    assert standing(planned.ends_on + timedelta(days=1)) is ActivityState.OVERDUE
    with time_machine.travel(f"{first.isoformat()} 12:00:00+02:00", tick=False):
        actions.report_result(again(planned.id), Result("Bra"), based_on=0, by=network.convener)
        db.commit()
    assert standing(first) is ActivityState.DONE


def test_cancelling_says_why_and_ends_it(network: Network, sign_in: Sign, planned: Activity) -> None:
    convener, member, where = sign_in(network.convener), sign_in(network.member), f"/activities/{planned.id}"
    for bad in ("", " ", "x" * 1001, f"Om {NUMBER}"):
        assert send(convener, f"{where}/cancellation", reason=bad).status_code == 422
    assert send(convener, f"{where}/cancellation", reason="Lokalen är upptagen").status_code == 302
    page = member.get(where).text
    assert "Lokalen är upptagen" in page
    assert "/participation" not in page
    told = set(db.session.scalars(sa.select(Notice.person_id).where(Notice.kind == "activity_cancelled")))
    assert network.member.id in told
    for path, form in (("cancellation", {"reason": "Igen"}), ("edit", FORM | {"based_on": "1"}), ("result", {"result": "x"}),
                       ("materials", {"resource": "1"})):  # fmt: skip
        assert send(convener, f"{where}/{path}", **form).status_code in {404, 409}
    assert send(member, f"{where}/participation").status_code == 409
    assert send(member, f"{where}/departure").status_code == 409


# --- taking part ------------------------------------------------------------------------------------------------------


def test_an_organisation_joins_once_and_leaves(network: Network, sign_in: Sign, planned: Activity) -> None:
    member, where = sign_in(network.member), f"/activities/{planned.id}"
    for _ in range(2):
        assert send(member, f"{where}/participation").status_code == 302
    assert [joiner.organisation_id for joiner in again(planned.id).joiners] == [network.ngo.id]
    told = db.session.scalars(sa.select(Notice.person_id).where(Notice.kind == "activity_joined")).all()
    assert network.convener.id in told
    assert len(told) == len(set(told)), "told once"
    for _ in range(2):
        assert send(member, f"{where}/departure").status_code == 302
    assert again(planned.id).joiners == []


def test_two_of_an_organisation_join_at_once(network: Network, sign_in: Sign, planned: Activity) -> None:
    colleague = factories.person(network.ngo)
    people.add_member(network.group, colleague, by=None)
    db.commit()
    clients, where = [sign_in(network.member), sign_in(colleague)], f"/activities/{planned.id}/participation"
    db.rollback()
    answers: list[int] = []
    start = threading.Barrier(len(clients))

    def join(client: Browser) -> None:
        start.wait()
        answers.append(send(client, where).status_code)

    threads = [threading.Thread(target=join, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [302, 302]
    assert db.session.scalar(sa.select(sa.func.count(ActivityJoiner.id))) == 1


def test_nobody_joins_what_is_over(network: Network) -> None:
    over = factories.activity(network.group, network.convener, days=-20)
    with pytest.raises(Conflict):
        actions.join_activity(over, by=network.member)
    with pytest.raises(Conflict):
        actions.leave_activity(over, by=network.member)


# --- results and copies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [{"people_reached": "-1"}, {"occasions": str(LARGEST + 1)}, {"places_visited": "många"},
                                 {"people_reached": "9" * 30}, {"result": " "}, {"result": "x" * 10_001}, {"result": NUMBER}])  # fmt: skip
def test_a_result_that_cannot_be_taken(network: Network, sign_in: Sign, bad: dict[str, str]) -> None:
    running = factories.activity(network.group, network.convener)
    db.commit()
    answer = send(
        sign_in(network.convener),
        f"/activities/{running.id}/result",
        **{"result": "Det gick bra", "based_on": "0"} | bad,
    )
    assert answer.status_code == 422
    assert again(running.id).reported_at is None


def test_a_result_makes_it_done_and_two_who_tell_it_lose_nothing(network: Network, sign_in: Sign) -> None:
    running = factories.activity(network.group, network.convener)
    db.commit()
    first, second, where = sign_in(network.convener), sign_in(network.secretary), f"/activities/{running.id}"
    form = {"result": "Åtta växlar", "people_reached": "1200", "occasions": "0", "based_on": "0"}
    assert send(first, f"{where}/result", **form).status_code == 302
    found = again(running.id)
    assert (found.state, found.people_reached, found.occasions, found.places_visited) == (
        ActivityState.DONE,
        1200,
        0,
        None,
    )
    answer = send(second, f"{where}/result", **form | {"result": "Nio växlar"})
    assert answer.status_code == 409
    assert "Åtta växlar" in answer.text
    assert "Nio växlar" in answer.text
    assert send(second, f"{where}/cancellation", reason="Ångrar mig").status_code == 409


def test_no_result_before_the_first_day(network: Network, sign_in: Sign, planned: Activity) -> None:
    convener = sign_in(network.convener)
    assert convener.get(f"/activities/{planned.id}/result").status_code == 409
    with pytest.raises(Conflict):
        actions.report_result(planned, Result("x"), based_on=0, by=network.convener)


def test_last_years_is_copied_without_result_and_joiners(network: Network, sign_in: Sign) -> None:
    made = factories.activity(network.group, network.convener, "Årets vecka", text="Samma text", codes=("T", "U"))
    seen, hidden = (
        factories.resource(group, network.convener, f"Material {group.slug}", group.slug)
        for group in (network.group, network.closed)
    )
    for material in (seen, hidden):
        actions.add_material(made, material, by=network.convener)
    actions.join_activity(made, by=network.member)
    actions.report_result(made, Result("Bra", 5), based_on=0, by=network.convener)
    db.commit()
    member, where = sign_in(network.member), f"/activities/{made.id}/copy"
    page = member.get(where).text
    assert "Samma text" in page
    assert a_year_later(made.starts_on).isoformat() in page
    assert number_of_activities() == 1, "nothing is stored by looking"
    assert "Material slutna" not in member.get(f"/activities/{made.id}").text
    copied = send(member, where, **FORM | {"title": "Nästa års vecka"}).headers["Location"]
    copy = again(int(copied.rsplit("/", 1)[1]))
    assert (copy.copied_from_id, copy.result, copy.people_reached, copy.reported_at, copy.joiners) == (
        made.id,
        "",
        None,
        None,
        [],
    )
    assert copy.organisation_id == network.ngo.id
    assert [one.id for one in copy.materials] == [seen.id], "only what its author may read"


def test_a_copy_falls_on_the_same_weekday(network: Network) -> None:
    assert a_year_later(date(2028, 2, 29)).weekday() == date(2028, 2, 29).weekday()


# --- materials --------------------------------------------------------------------------------------------------------


def test_materials_are_chosen_among_what_one_reads(network: Network, sign_in: Sign, planned: Activity) -> None:
    seen = factories.resource(network.group, network.convener, "Folder 100 %", "a")
    closed = factories.resource(network.closed, network.convener, "Hemlig folder", "b")
    withdrawn = factories.resource(network.group, network.convener, "Indragen folder", "c")
    withdrawn.withdrawn_at = db.now()
    people.add_member(network.group, colleague := factories.person(network.authority), by=None)
    db.commit()
    client, where = sign_in(colleague), f"/activities/{planned.id}/materials"
    for bad in (str(closed.id), str(withdrawn.id), "", "x", "-1", "9" * 20):
        assert send(client, where, resource=bad).status_code == 404
        assert send(client, f"{where}/removal", resource=bad).status_code == 404
    assert "Folder 100 %" in client.get(f"{where}?q=100 %25").text
    for _ in range(2):
        assert send(client, where, resource=str(seen.id)).status_code == 302
    assert "Folder 100 %" in client.get(f"/activities/{planned.id}").text
    assert send(client, f"{where}/removal", resource=str(seen.id)).status_code == 302
    assert again(planned.id).materials == []


# --- overlaps, and the questions of the map ---------------------------------------------------------------------------


def _found(person: Person, reach: Reach) -> set[str]:
    return {one.title for one in db.session.scalars(policy.overlapping(person, reach)).unique()}


def test_what_overlaps_and_what_does_not(network: Network) -> None:
    make = partial(factories.activity, network.group, network.convener)

    make("samma län, i våras", codes=("T",), days=-200)
    make("annat län, samma vecka", codes=("M",), days=2)
    make("annat län, tretton dagar efter", codes=("M",), days=17)
    make("annat län, långt efter", codes=("M",), days=60)
    make("samma län, för två år sedan", codes=("T",), days=-800)
    make("annan bransch", codes=("T",), sector_of="Hotell")
    make("utan bransch", codes=("T",), sector_of="")
    factories.activity(network.closed, network.convener, "i den slutna gruppen")
    cancelled = factories.activity(network.group, network.convener, "inställd")
    actions.cancel_activity(cancelled, reason="x", by=network.convener)
    db.session.flush()
    reach = Reach(today(), today() + timedelta(days=4), ["T"], [factories.sector("Taxi").id])
    seen = {"samma län, i våras", "annat län, samma vecka", "annat län, tretton dagar efter"}
    assert _found(network.observer, reach) == seen
    assert _found(network.convener, reach) == seen | {"i den slutna gruppen"}
    assert _found(network.outsider, reach) == set()
    assert _found(network.observer, Reach(today(), today(), ["T"], [])) == set()


def test_the_form_tells_before_anything_is_stored(network: Network, sign_in: Sign, planned: Activity) -> None:
    member, taxi = sign_in(network.member), str(planned.sectors[0].id)
    secret = factories.activity(network.closed, network.convener, "Den slutna veckan", days=7)
    db.commit()
    near = {
        "starts_on": planned.starts_on.isoformat(),
        "ends_on": planned.ends_on.isoformat(),
        "look": "1",
        "sectors": taxi,
    }
    answer = send(member, "/groups/natverket/activities/new", **FORM | near)
    assert answer.status_code == 200
    assert "Taxiveckan" in answer.text
    assert secret.title not in answer.text
    assert number_of_activities() == 2
    assert "Taxiveckan" not in send(member, "/groups/natverket/activities/new", **FORM | near | {"sectors": ""}).text
    assert (
        "Vi börjar."
        in send(sign_in(network.convener), f"/activities/{planned.id}/edit", **FORM | near | {"based_on": "1"}).text
    )
    assert again(planned.id).text == "Att göra"


def test_the_map_asks_two_questions_of_one_query_each(network: Network) -> None:
    for codes in (("T", "U"), ("T",), ()):
        factories.activity(network.group, network.convener, codes=codes)
    factories.activity(network.closed, network.convener, codes=("M",))
    gone = factories.activity(network.group, network.convener, "Inställd", codes=("T",))
    actions.cancel_activity(gone, reason="x", by=network.convener)
    factories.activity(network.group, network.convener, "Förra året", codes=("U",), days=-400, lasts=1)
    db.commit()
    observer, convener = network.observer, network.convener
    assert observer.id != convener.id  # loaded
    with counted() as asked:
        counts = policy.activity_counts(observer, today().year)
    assert counts == {"T": 2, "U": 1}
    assert len(asked) == 1
    assert policy.activity_counts(network.convener, today().year) == {"T": 2, "U": 1, "M": 1}
    assert policy.activity_counts(network.outsider, today().year) == {}
    rows = db.session.scalars(policy.county_activities(network.observer, "U")).unique().all()
    assert [one.title for one in rows] == ["Aktivitet", "Förra året"]


# --- lists ------------------------------------------------------------------------------------------------------------


def test_the_list_is_narrowed_down(network: Network, sign_in: Sign, planned: Activity) -> None:
    factories.activity(
        network.group,
        network.convener,
        "Hotelldagen",
        codes=("M",),
        sector_of="Hotell",
        days=-500,
        kind=ActivityKind.TRAINING,
    )
    db.commit()
    member, old = sign_in(network.member), (today() - timedelta(days=500)).year
    for query in (
        "kind=campaign",
        "county=T",
        f"sector={planned.sectors[0].id}",
        "state=planned",
        f"year={planned.starts_on.year}",
    ):
        page = member.get(f"/activities?{query}").text.split("<main")[1]
        assert "Taxiveckan" in page, query
        assert "Hotelldagen" not in page, query
    for query in ("kind=training", "county=M", "state=overdue", f"year={old}"):
        page = member.get(f"/groups/natverket/activities?{query}").text.split("<main")[1]
        assert "Taxiveckan" not in page, query
        assert "Hotelldagen" in page, query
    for nonsense in (
        "kind=x",
        "county=QQ",
        "sector=²",
        "state=x",
        "year=0",
        "year=99999",
        "before=99999999999",
        "sector=-1",
        "before=x",
    ):
        assert member.get(f"/activities?{nonsense}").status_code == 200, nonsense
        assert member.get(f"/activities/calendar?{nonsense}&month=9999-99").status_code == 200, nonsense


def test_pages_go_on_where_the_last_ended(network: Network, sign_in: Sign) -> None:
    for number in range(35):
        factories.activity(network.group, network.convener, f"Nummer {number:02}.", days=number // 3)
    db.commit()
    member = sign_in(network.member)
    first = member.get("/activities").text
    last = min(number for number in range(35) if f"Nummer {number:02}." in first)
    edge = db.session.scalars(sa.select(Activity.id).where(Activity.title == f"Nummer {last:02}.")).one()
    second = member.get(f"/activities?before={edge}").text
    both = [f"Nummer {number:02}." for number in range(35)]
    assert [(title in first) + (title in second) for title in both] == [1] * 35


def test_a_sensitive_group_traces_who_read(network: Network, sign_in: Sign) -> None:
    assert network.closed.handling_class is HandlingClass.SENSITIVE
    secret = factories.activity(network.closed, network.convener)
    db.commit()
    assert sign_in(network.convener).get(f"/activities/{secret.id}").status_code == 200
    assert "activity_read" in set(db.session.scalars(sa.select(AuditEntry.action)))
    assert sign_in(network.member).get(f"/activities/{secret.id}").status_code == 404


def test_every_page_that_shows_a_sensitive_activity_leaves_a_trace(network: Network, sign_in: Sign) -> None:
    secret = factories.activity(network.closed, network.convener, "Den slutna veckan")
    db.commit()
    client = sign_in(network.secretary)
    for number, page in enumerate(("", "/edit", "/copy", "/result"), 1):
        assert client.get(f"/activities/{secret.id}{page}").status_code == 200
        traces = sa.select(sa.func.count(AuditEntry.id)).where(AuditEntry.action == "activity_read")
        assert db.session.scalar(traces) == number, page
        db.rollback()
