"""Rounds of situation reports: preparing, answering together, handing in, sending back, putting together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from bs4 import BeautifulSoup

from portal import db, files, guard, outbox
from portal.counties.rounds import actions, jobs, policy, report_actions
from portal.counties.rounds.actions import QuestionPlan, RoundPlan
from portal.counties.rounds.compiled import compile_round
from portal.counties.rounds.documents import table
from portal.counties.rounds.models import AnswerVersion, QuestionKind, ReportAnswer, ReportState, Round, SituationReport
from portal.counties.rounds.report_actions import Said
from portal.errors import Conflict
from portal.library.models import Resource
from portal.meetings import actions as meetings
from portal.meetings.actions import Plan
from portal.meetings.agenda import actions as agenda
from portal.meetings.agenda.actions import ItemPlan
from portal.meetings.agenda.models import ItemPaper
from portal.notifications.models import Notice
from portal.people import actions as people
from portal.people.models import Organisation, OrganisationKind, Person
from portal.times import STOCKHOLM, today
from tests import factories
from tests.conftest import Browser, Sign, send
from tests.factories import Network
from tests.pages import first, parsed, said

NUMBER = "811228-9874"


@dataclass
class Asked:
    """An open round with a question of each kind."""

    round: Round
    text: int
    number: int
    choice: int
    scale: int


def board(network: Network, code: str, people_in_it: int = 1) -> list[Person]:
    """The county administrative board of a county, with people in the group."""
    made: Organisation = factories.organisation(f"lst-{code.lower()}", kind=OrganisationKind.COUNTY_BOARD)
    made.county_code = code
    team = [factories.person(made, f"{code} {number}") for number in range(1, people_in_it + 1)]
    for one in team:
        people.add_member(network.group, one, by=None)
    return team


PLANS = {
    "text": QuestionPlan("Vad har hänt?", QuestionKind.TEXT),
    "number": QuestionPlan("Hur många?", QuestionKind.NUMBER, unit="tillfällen"),
    "choice": QuestionPlan("Finns en rutin?", QuestionKind.CHOICE, options=["I alla", "I några"]),
    "scale": QuestionPlan("Stödbehov", QuestionKind.SCALE),
}


def prepared(
    network: Network, title: str = "Hösten", days: int = 7, core: dict[str, int] | None = None
) -> tuple[Round, dict[str, int]]:
    core = core or {
        key: actions.add_core_question(network.group, plan, by=network.convener).id for key, plan in PLANS.items()
    }
    due = today() + timedelta(days=days)
    found = actions.prepare_round(
        network.group, RoundPlan(title, due, due + timedelta(days=2), core=core.values()), by=network.convener
    )
    db.session.flush()
    return found, core


def opened(network: Network, title: str = "Hösten", days: int = 7, core: dict[str, int] | None = None) -> Asked:
    found, core = prepared(network, title, days, core)
    actions.open_round(found, by=network.convener)
    db.session.flush()
    return Asked(found, **core)


def answer(asked: Asked, by: Person, **said: Said) -> SituationReport:
    code = by.organisation.county_code
    assert code
    report = report_actions.begin_report(asked.round, code, by=by)
    db.session.flush()
    clashes = report_actions.save_answers(report, {getattr(asked, key): one for key, one in said.items()}, by=by)
    assert clashes == {}
    db.session.flush()
    return report


def submit(asked: Asked, by: Person, **said: Said) -> SituationReport:
    report = answer(asked, by, **said)
    report_actions.submit_report(report, by=by)
    db.session.flush()
    return report


def kinds_to(person: Person) -> list[str]:
    return list(db.session.scalars(sa.select(Notice.kind).where(Notice.person_id == person.id).order_by(Notice.id)))


def at(on: date, hour: int = 12) -> datetime:
    return datetime(on.year, on.month, on.day, hour, tzinfo=STOCKHOLM)


def page(client: Browser, where: str, status: int = 200) -> BeautifulSoup:
    answer = client.get(where)
    assert answer.status_code == status
    return BeautifulSoup(answer.text, "html.parser")


# --- preparing --------------------------------------------------------------------------------------------------------


def test_a_round_is_seen_once_it_is_open_and_the_boards_are_told(network: Network, sign_in: Sign) -> None:
    (one,) = board(network, "T")
    found, _core = prepared(network)
    db.commit()
    assert sign_in(one).get(f"/rounds/{found.id}").status_code == 404
    assert sign_in(network.convener).get(f"/rounds/{found.id}").status_code == 200
    assert send(sign_in(network.convener), f"/rounds/{found.id}/opening").status_code == 302
    assert kinds_to(one) == ["round_opened"]
    assert kinds_to(network.member) == []  # an NGO answers for no county
    assert sign_in(one).get(f"/rounds/{found.id}").status_code == 200
    assert send(sign_in(network.convener), f"/rounds/{found.id}/opening").status_code == 409


def test_a_round_without_questions_or_with_a_deadline_that_has_passed_is_not_opened(network: Network) -> None:
    due = today() + timedelta(days=3)
    empty = actions.prepare_round(network.group, RoundPlan("Tom", due, due), by=network.convener)
    db.session.flush()
    with pytest.raises(Conflict):
        actions.open_round(empty, by=network.convener)
    late, _core = prepared(network)
    late.due_on = today() - timedelta(days=1)
    db.session.flush()
    with pytest.raises(Conflict):
        actions.open_round(late, by=network.convener)
    actions.discard_round(late, by=network.convener)
    db.session.flush()
    assert db.session.get(Round, late.id) is None


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"title": ""}, "title"), ({"title": "x" * 121}, "title"), ({"due_on": "nyss"}, "due_on"), ({"locks_on": "2031-05-04"}, "locks_on"),
        ({"locks_on": "9999-12-31"}, "locks_on"), ({"item": "999999"}, "item"), ({"core": "999999"}, "core"), ({"text": "x" * 5001}, "text"),
    ],
)  # fmt: skip
def test_a_bad_round_says_what_is_wrong_at_the_field(
    network: Network, sign_in: Sign, form: dict[str, str], field: str
) -> None:
    actions.add_core_question(network.group, PLANS["text"], by=network.convener)
    db.commit()
    client = sign_in(network.convener)
    where = f"/groups/{network.group.slug}/rounds/new"
    shown = send(
        client, where, **({"title": "Hösten", "due_on": "2031-05-05", "locks_on": "2031-05-06", "item": "0"} | form)
    )
    assert shown.status_code == 422
    marked = BeautifulSoup(shown.text, "html.parser").select(".field-error")
    assert marked
    assert any(str(one.get("id")).startswith(field) for one in marked)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Round)) == 0


def test_personal_data_in_a_round_or_a_question_is_stopped(network: Network, sign_in: Sign) -> None:
    client = sign_in(network.convener)
    form = {
        "title": "Hösten",
        "due_on": "2031-05-05",
        "locks_on": "2031-05-06",
        "item": "0",
        "text": f"Gäller {NUMBER}",
    }
    shown = send(client, f"/groups/{network.group.slug}/rounds/new", **form)
    assert shown.status_code == 422
    assert f"Gäller {NUMBER}" in shown.text  # the text is kept in the form
    shown = send(
        client, f"/groups/{network.group.slug}/report-questions/new", text=f"Hur gick det för {NUMBER}?", kind="text"
    )
    assert shown.status_code == 422


def test_a_common_question_in_new_words_counts_from_the_next_round(network: Network) -> None:
    first = opened(network, "Våren")
    question = next(asked.wording.question for asked in first.round.questions if asked.question_id == first.text)
    actions.reword_question(
        question, QuestionPlan("Vad har hänt i länet?", QuestionKind.TEXT), based_on=1, by=network.convener
    )
    with pytest.raises(Conflict):  # somebody else saw the first wording
        actions.reword_question(
            question, QuestionPlan("Vad är nytt?", QuestionKind.TEXT), based_on=1, by=network.secretary
        )
    second = opened(network, "Hösten", core={key: getattr(first, key) for key in PLANS})
    words = [
        next(one.wording.text for one in of.round.questions if one.question_id == first.text) for of in (first, second)
    ]
    assert words == ["Vad har hänt?", "Vad har hänt i länet?"]


def test_a_question_that_is_not_asked_any_more_is_left_out_and_its_place_changes(network: Network) -> None:
    _found, core = prepared(network)
    by = network.convener
    questions = {one.id: one for one in db.session.scalars(policy.visible_questions(by))}
    actions.retire_question(questions[core["choice"]], is_retired=True, by=by)
    actions.move_question(questions[core["scale"]], up=True, by=by)
    actions.move_question(questions[core["text"]], up=True, by=by)  # it is the first
    db.session.flush()
    later, _core = prepared(network, "Nästa", core=core)
    assert [one.question_id for one in later.questions] == [core["text"], core["scale"], core["number"]]


# --- answering --------------------------------------------------------------------------------------------------------


def test_a_draft_is_shared_in_the_county_and_seen_by_nobody_else(network: Network, sign_in: Sign) -> None:
    one, other = board(network, "T", 2)
    (stranger,) = board(network, "AB")
    asked = opened(network)
    where = f"/rounds/{asked.round.id}/counties/T"
    db.commit()
    form = {f"answer-{asked.text}": "Ett möte till", f"base-{asked.text}": "0", "step": "save"}
    assert send(sign_in(one), where, **form).status_code == 302
    assert "Ett möte till" in first(page(sign_in(other), where), "textarea").text
    for outside in (stranger, network.convener, network.member):
        assert sign_in(outside).get(where).status_code == 404
    assert page(sign_in(network.member), f"/rounds/{asked.round.id}").select(".strip-half")
    assert send(sign_in(stranger), where, **form).status_code == 403
    assert (
        send(sign_in(other), where, **form | {"step": "submit", f"base-{asked.text}": "1"}).status_code == 409
    )  # who began is responsible
    assert send(sign_in(other), f"{where}/responsible").status_code == 302
    assert kinds_to(one)[-1] == "report_taken_over"
    assert send(sign_in(other), where, **form | {"step": "submit", f"base-{asked.text}": "1"}).status_code == 302
    for outside in (stranger, network.convener, network.member, network.observer):
        assert "Ett möte till" in sign_in(outside).get(where).text
    assert sign_in(network.outsider).get(where).status_code == 404
    assert "report_submitted" in kinds_to(network.convener)


def test_two_who_change_one_answer_at_once_both_keep_their_words(network: Network, sign_in: Sign) -> None:
    one, other = board(network, "T", 2)
    asked = opened(network)
    where = f"/rounds/{asked.round.id}/counties/T"
    db.commit()
    first = {
        f"answer-{asked.text}": "Den enas ord",
        f"base-{asked.text}": "0",
        f"figure-{asked.number}": "3",
        f"answer-{asked.number}": "",
        f"base-{asked.number}": "0",
    }
    assert send(sign_in(one), where, **first).status_code == 302
    second = {
        f"answer-{asked.text}": "Den andras ord",
        f"base-{asked.text}": "0",
        f"figure-{asked.scale}": "2",
        f"answer-{asked.scale}": "",
        f"base-{asked.scale}": "0",
    }
    shown = send(sign_in(other), where, **second)
    assert shown.status_code == 409
    assert "Den enas ord" in shown.text
    assert "Den andras ord" in shown.text
    form = BeautifulSoup(shown.text, "html.parser")
    base = said(form, f"[name=base-{asked.text}]", "value")
    assert base == "1"
    assert form.select_one(f"[name=figure-{asked.scale}][value='2'][checked]")
    assert send(sign_in(other), where, **second | {f"base-{asked.text}": base}).status_code == 302
    kept = db.session.scalars(sa.select(AnswerVersion)).one()
    assert (kept.text, kept.written_by_id) == ("Den enas ord", one.id)
    stored = policy.answers_of(db.session.scalars(sa.select(SituationReport)).one())
    assert (stored[asked.text].text, stored[asked.number].number, stored[asked.scale].number) == (
        "Den andras ord",
        3,
        2,
    )


def test_the_same_answer_sent_twice_is_no_conflict(network: Network, sign_in: Sign) -> None:
    (one,) = board(network, "T")
    asked = opened(network)
    db.commit()
    form = {f"answer-{asked.text}": "Samma", f"base-{asked.text}": "0"}
    for _time in range(2):
        assert send(sign_in(one), f"/rounds/{asked.round.id}/counties/T", **form).status_code == 302
    assert db.session.scalars(sa.select(ReportAnswer)).one().revision == 1


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("0", 0), ("1000000000", 10**9), ("1 000 000 000", 10**9), ("1\N{NO-BREAK SPACE}000", 1000), ("-1", None), ("3,5", None), ("1e9", None),
     ("9" * 13, None), ("9" * 5000, None), ("tolv", None), ("٣", None)],
)  # fmt: skip
def test_a_number_is_a_whole_number_and_zero_is_one(
    network: Network, sign_in: Sign, typed: str, stored: int | None
) -> None:
    (one,) = board(network, "T")
    asked = opened(network)
    db.commit()
    where = f"/rounds/{asked.round.id}/counties/T"
    form = {f"figure-{asked.number}": typed, f"answer-{asked.number}": "", f"base-{asked.number}": "0"}
    shown = send(sign_in(one), where, **form)
    if stored is None:
        assert shown.status_code == 422
        read = BeautifulSoup(shown.text, "html.parser")
        assert said(read, f"#figure-{asked.number}[aria-invalid]", "value") == typed  # what was typed is kept
        assert read.select_one(f"#e{asked.number}")
    else:
        assert shown.status_code == 302
        assert db.session.scalars(sa.select(ReportAnswer)).one().number == stored


def test_steps_choices_and_long_texts_are_looked_at_too(network: Network, sign_in: Sign) -> None:
    (one,) = board(network, "T")
    asked = opened(network)
    db.commit()
    where = f"/rounds/{asked.round.id}/counties/T"
    for form in (
        {f"figure-{asked.scale}": "5", f"base-{asked.scale}": "0"}, {f"figure-{asked.choice}": "I inga", f"base-{asked.choice}": "0"},
        {f"answer-{asked.text}": "x" * 20_001, f"base-{asked.text}": "0"},
    ):  # fmt: skip
        assert send(sign_in(one), where, **form).status_code == 422
    assert (
        send(
            sign_in(one),
            where,
            **{f"answer-{asked.text}": "x", f"base-{asked.text}": "abc", f"base-{asked.text + 99}": "0"},
        ).status_code
        == 302
    )


def test_personal_data_in_an_answer_is_stopped_and_the_text_stays_in_the_form(network: Network, sign_in: Sign) -> None:
    (one,) = board(network, "T")
    asked = opened(network)
    db.commit()
    shown = send(
        sign_in(one),
        f"/rounds/{asked.round.id}/counties/T",
        **{f"answer-{asked.text}": f"Ärendet {NUMBER}", f"base-{asked.text}": "0"},
    )
    assert shown.status_code == 422
    assert NUMBER in first(parsed(shown.text), f"#answer-{asked.text}").text
    assert db.session.scalars(sa.select(ReportAnswer)).all() == []


def test_an_unknown_county_and_one_without_a_report_are_not_found(network: Network, sign_in: Sign) -> None:
    board(network, "T")
    asked = opened(network)
    db.commit()
    for code in ("Q", "AB", "t", "%20"):
        assert sign_in(network.convener).get(f"/rounds/{asked.round.id}/counties/{code}").status_code == 404


def test_an_empty_report_is_not_handed_in(network: Network) -> None:
    (one,) = board(network, "T")
    asked = opened(network)
    report = answer(asked, one)
    with pytest.raises(Conflict):
        report_actions.submit_report(report, by=one)


# --- sending back, late, locked ------------------------------------------------------------------------------------------


def test_a_report_is_sent_back_and_comes_again(network: Network, sign_in: Sign) -> None:
    (one,) = board(network, "T")
    asked = opened(network)
    report = submit(asked, one, text=Said("Allt"))
    first = report.submitted_at
    db.commit()
    where = f"/rounds/{asked.round.id}/counties/T"
    assert send(sign_in(network.convener), f"{where}/returns", reason="").status_code == 422
    assert send(sign_in(network.convener), f"{where}/returns", reason=f"Ta bort {NUMBER}").status_code == 422
    assert send(sign_in(network.convener), f"{where}/returns", reason="Siffrorna saknas").status_code == 302
    assert kinds_to(one)[-1] == "report_returned"
    assert "Siffrorna saknas" in sign_in(one).get(where).text
    assert sign_in(network.member).get(where).status_code == 404  # until it is complete
    assert send(sign_in(network.convener), f"{where}/returns", reason="Igen").status_code == 409
    form = {f"figure-{asked.number}": "4", f"answer-{asked.number}": "", f"base-{asked.number}": "0", "step": "submit"}
    assert send(sign_in(one), where, **form).status_code == 302
    db.session.refresh(report)
    assert (report.state, report.submitted_at) == (ReportState.SUBMITTED, first)
    assert report.resubmitted_at is not None


def test_late_reports_are_taken_until_the_round_is_locked(network: Network, sign_in: Sign) -> None:
    (one,) = board(network, "T")
    (other,) = board(network, "AB")
    asked = opened(network)
    db.commit()
    form = {f"answer-{asked.text}": "Sent", f"base-{asked.text}": "0", "step": "submit"}
    with time_machine.travel(at(asked.round.due_on + timedelta(days=1)), tick=False):
        assert send(sign_in(one), f"/rounds/{asked.round.id}/counties/T", **form).status_code == 302
        assert db.session.scalars(sa.select(SituationReport)).one().is_late
    with time_machine.travel(at(asked.round.locks_on + timedelta(days=1)), tick=False):
        shown = send(sign_in(other), f"/rounds/{asked.round.id}/counties/AB", **form)
        assert shown.status_code == 409
        assert "Sent" in first(parsed(shown.text), f"#answer-{asked.text}").text
        assert len(db.session.scalars(sa.select(SituationReport)).all()) == 1
        assert (
            send(sign_in(network.convener), f"/rounds/{asked.round.id}/counties/T/returns", reason="Mer").status_code
            == 409
        )
        assert send(sign_in(network.convener), f"/rounds/{asked.round.id}/reminders").status_code == 409
        later = {"title": "Hösten", "due_on": str(today()), "locks_on": str(today()), "item": "0", "based_on": "1"}
        assert send(sign_in(network.convener), f"/rounds/{asked.round.id}/edit", **later).status_code == 302
        assert send(sign_in(other), f"/rounds/{asked.round.id}/counties/AB", **form).status_code == 302
        assert "round_moved" in kinds_to(other)
        assert "round_moved" not in kinds_to(one)  # whose report is in


def test_only_the_missing_are_reminded_and_once(network: Network) -> None:
    (one,) = board(network, "T")
    (other,) = board(network, "AB")
    asked = opened(network)
    submit(asked, one, text=Said("Klart"))
    db.commit()
    for days in (7, 1, -1):
        with time_machine.travel(at(asked.round.due_on - timedelta(days=days)), tick=False):
            for _time in range(2):
                jobs.follow_deadlines()
                db.commit()
    assert kinds_to(other).count("report_missing") == 3
    assert "report_missing" not in kinds_to(one)


def test_questions_may_change_in_an_open_round_and_nothing_answered_is_lost(network: Network, sign_in: Sign) -> None:
    (one,) = board(network, "T")
    asked = opened(network)
    report = submit(asked, one, text=Said("Svar på det första"), number=Said(number=2))
    by = network.convener
    row = {one.question_id: one for one in asked.round.questions}
    wording = row[asked.text].wording_id
    actions.put_anew(row[asked.text], QuestionPlan("Vad är nytt?", QuestionKind.TEXT), based_on=wording, by=by)
    with pytest.raises(Conflict):
        actions.put_anew(row[asked.text], QuestionPlan("Vad?", QuestionKind.TEXT), based_on=wording, by=by)
    with pytest.raises(Conflict):  # another kind of answer
        actions.put_anew(
            row[asked.number], QuestionPlan("Hur?", QuestionKind.TEXT), based_on=row[asked.number].wording_id, by=by
        )
    with pytest.raises(Conflict):
        actions.take_from_round(row[asked.text], by=by)
    actions.take_from_round(row[asked.choice], by=by)
    actions.add_to_round(asked.round, QuestionPlan("Och nu?", QuestionKind.TEXT), by=by)
    db.session.flush()
    assert kinds_to(one).count("round_changed") == 2
    section = next(one for one in compile_round(asked.round).sections if one.question_id == asked.text)
    said = next(row for row in section.rows if row.code == "T")
    assert (said.words, said.is_older_wording) == ("Svar på det första", True)
    db.commit()
    assert "Svar på det första" in sign_in(one).get(report.path).text


def test_a_meeting_that_is_being_planned_is_not_named_to_members(network: Network, sign_in: Sign) -> None:
    planned = meetings.plan_meeting(
        network.group,
        Plan("Hemligt planerat", db.now() + timedelta(days=30), db.now() + timedelta(days=31)),
        by=network.convener,
    )
    item = agenda.add_item(planned, ItemPlan("Läget"), by=network.convener)
    asked = opened(network)
    asked.round.item = item
    db.commit()
    assert "Hemligt planerat" in sign_in(network.convener).get(asked.round.path).text
    form = page(sign_in(network.convener), f"{asked.round.path}/edit")
    assert form.select_one(f"#item option[value='{item.id}'][selected]"), (
        "saving the form again would take the item away"
    )
    assert "Hemligt planerat" not in sign_in(network.member).get(asked.round.path).text


def test_why_a_report_is_sent_back_may_hold_a_work_number(network: Network, sign_in: Sign) -> None:
    (one,) = board(network, "T")
    asked = opened(network)
    report = submit(asked, one, text=Said("Allt"))
    db.commit()
    where, reason = f"{report.path}/returns", "Ring mig på 08-123 45 67"
    shown = send(sign_in(network.convener), where, reason=reason)
    assert shown.status_code == 422
    keys = [find.key for find in guard.scan(reason, field="reason")]
    assert send(sign_in(network.convener), where, reason=reason, guard_keep=keys).status_code == 302


@pytest.mark.parametrize("base", ["\N{SUPERSCRIPT TWO}", "9" * 5000, "x", ""])
def test_a_form_based_on_nonsense_is_a_conflict_and_no_fault(network: Network, sign_in: Sign, base: str) -> None:
    asked = opened(network)
    db.commit()
    client = sign_in(network.convener)
    form = {"title": "Hösten", "due_on": "2031-05-05", "locks_on": "2031-05-06", "item": "0", "based_on": base}
    assert send(client, f"{asked.round.path}/edit", **form).status_code in {409, 422}
    where = f"/report-questions/{asked.text}/edit"
    assert send(client, where, text="Nya ord", kind="text", based_on=base).status_code in {409, 422}


# --- put together -----------------------------------------------------------------------------------------------------


def test_a_round_puts_all_counties_side_by_side_with_what_has_changed(network: Network) -> None:
    teams = {code: board(network, code)[0] for code in ("T", "AB", "BD")}
    first = opened(network, "Våren", days=3)
    for code, number in (("T", 2), ("AB", 10**9), ("BD", 0)):
        submit(
            first,
            teams[code],
            number=Said(number=number),
            scale=Said(number=2),
            choice=Said(choice="I alla"),
            text=Said("Oförändrat"),
        )
    second = opened(network, "Hösten", days=30, core={key: getattr(first, key) for key in PLANS})
    submit(
        second,
        teams["T"],
        number=Said("Två till", 4),
        scale=Said(number=1),
        choice=Said(choice="I några"),
        text=Said("Oförändrat"),
    )
    submit(second, teams["AB"], number=Said(number=10**9))
    answer(second, teams["BD"], number=Said(number=7))  # a draft does not count
    compiled = compile_round(second.round)
    assert len(compiled.codes) == 21
    assert compiled.submitted == ["AB", "T"]
    sections = {one.question_id: one for one in compiled.sections}
    numbers = {row.code: row for row in sections[second.number].rows}
    assert (numbers["T"].words, numbers["T"].words_before, numbers["T"].change, numbers["T"].remark) == (
        "4\N{NO-BREAK SPACE}tillfällen", "2\N{NO-BREAK SPACE}tillfällen", "up", "Två till",
    )  # fmt: skip
    assert (numbers["AB"].change, numbers["BD"].words, numbers["BD"].words_before) == (
        "same",
        "",
        "0\N{NO-BREAK SPACE}tillfällen",
    )
    assert [point.value for point in sections[second.number].points] == [10**9 + 2, 10**9 + 4]
    assert [(point.value, point.counties) for point in sections[second.scale].points] == [(2, 3), (1, 1)]
    scale = {row.code: row.change for row in sections[second.scale].rows}
    assert (scale["T"], scale["AB"], scale["C"]) == ("down", "", "")
    assert sections[second.choice].counts == [("I alla", 0), ("I några", 1)]
    assert {row.code: row.change for row in sections[second.text].rows}["T"] == "same"


def test_a_county_that_is_no_more_stays_readable_in_old_rounds(network: Network, sign_in: Sign) -> None:
    (one,) = board(network, "T")
    asked = opened(network)
    report = submit(asked, one, text=Said("Från Kristianstads län"))
    report.county_code = "L"  # merged into Skåne in 1997
    db.commit()
    assert compile_round(asked.round).codes[-1] == "L"
    shown = sign_in(network.member).get(f"/rounds/{asked.round.id}/compiled").text
    assert "Från Kristianstads län" in shown
    assert sign_in(network.member).get(f"/rounds/{asked.round.id}/counties/L").status_code == 200
    row = page(sign_in(network.member), f"/counties?round={asked.round.id}").select_one("tr[data-county=L]")
    assert row is not None
    assert row.select("a") == []  # it has no page, nor a place on the map


def test_the_table_can_be_opened_by_spreadsheet_programs(network: Network) -> None:
    (one,) = board(network, "T")
    asked = opened(network)
    submit(asked, one, text=Said("=1+1"), number=Said(number=3))
    lines = table(compile_round(asked.round)).split("\r\n")
    assert lines[0].startswith("\N{BYTE ORDER MARK}")
    assert len(lines) == 1 + 4 * 21 + 1
    assert any(";'=1+1;" in line for line in lines)
    assert any(";3;" in line for line in lines)


def test_the_paper_makes_itself_and_is_laid_on_the_agenda(network: Network) -> None:
    (one,) = board(network, "T")
    (other,) = board(network, "AB")
    meeting = factories.meeting(network.group, network.convener, days=30)
    db.session.refresh(meeting)
    asked = opened(network)
    asked.round.item = meeting.items[0]
    submit(
        asked,
        one,
        text=Said("Ett\n\n# två \N{SNOWMAN} #strong[x]"),
        number=Said(number=0),
        choice=Said(choice="I alla"),
        scale=Said(number=4),
    )
    answer(asked, other, text=Said("Stockholm"))
    db.commit()
    outbox.run_all()
    assert (
        db.session.scalars(sa.select(Round.resource_id)).one() is None
    )  # Stockholm has not answered, and the deadline lies ahead
    with time_machine.travel(at(asked.round.due_on + timedelta(days=1)), tick=False):
        jobs.follow_deadlines()
        db.commit()
        outbox.run_all()
        db.session.expire_all()
        made = db.session.scalars(sa.select(Resource)).one()
        assert asked.round.resource_id == made.id
        assert files.path_of(made.versions[0].sha256).read_bytes().startswith(b"%PDF")
        assert db.session.scalars(sa.select(ItemPaper)).one().resource_id == made.id
        report_actions.save_answers(answer(asked, one), {asked.number: Said(number=9, based_on=1)}, by=one)
        db.commit()
        outbox.run_all()
        db.session.expire_all()
        assert len(made.versions) == 2
        assert len(db.session.scalars(sa.select(ItemPaper)).all()) == 1


def test_a_title_that_the_guard_asked_about_stops_no_paper(network: Network) -> None:
    (one,) = board(network, "T")
    found, _core = prepared(network)
    title = "Jouren 08-123 45 67"
    keys = [find.key for find in guard.scan(title, field="title")]
    plan = RoundPlan(title, found.due_on, found.locks_on, keep=keys)
    actions.edit_round(found, plan, based_on=1, by=network.convener)
    actions.open_round(found, by=network.convener)
    submit(Asked(found, **_core), one, text=Said("Klart"))
    db.commit()
    outbox.run_all()
    db.session.expire_all()
    assert found.resource_id is not None


def test_when_all_boards_have_answered_the_paper_is_made_before_the_deadline(network: Network) -> None:
    network.county.county_code = "T"
    asked = opened(network)
    submit(asked, network.secretary, text=Said("Klart"))
    db.commit()
    outbox.run_all()
    db.session.expire_all()
    assert asked.round.resource_id is not None


def test_what_the_guard_asks_about_may_be_kept(network: Network, sign_in: Sign) -> None:
    (one,) = board(network, "T")
    asked = opened(network)
    db.commit()
    text = "Ring jouren på 08-123 45 67"
    shown = send(
        sign_in(one),
        f"/rounds/{asked.round.id}/counties/T",
        **{f"answer-{asked.text}": text, f"base-{asked.text}": "0"},
    )
    assert shown.status_code == 422
    keys = [find.key for find in guard.scan(text, field=f"answer-{asked.text}")]
    form = {f"answer-{asked.text}": text, f"base-{asked.text}": "0", "guard_keep": keys}
    assert send(sign_in(one), f"/rounds/{asked.round.id}/counties/T", **form).status_code == 302
    assert db.session.scalars(sa.select(ReportAnswer)).one().text == text
