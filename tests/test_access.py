"""The access table: every endpoint with every role (house rule 4, security.md numbers 13 and 24-26).

The table is written by hand and independent of the code. A new route without a row fails; a view whose check is taken
away answers somebody it must not and fails.
"""

from __future__ import annotations

import inspect
import uuid
from dataclasses import dataclass

import pytest
import time_machine
from flask.testing import FlaskClient

from portal import db
from portal.web import Edge
from tests.conftest import Sign
from tests.factories import Network

ROLES = ("convener", "member", "observer", "outsider", "admin", "anonymous")
OK, MOVED, NO, MISSING, WRONG_STATE, WRONG, SIGN_IN = 200, 302, 403, 404, 409, 422, "sign in"


@dataclass(frozen=True)
class Row:
    """What each role gets, in the order of ROLES. `sign in`: redirected there (GET) or 401."""

    expected: tuple[object, ...]
    form: dict[str, str] | None = None  # None: no form is sent
    of: str = (
        ""  # "held" or "sealed": asked of a meeting that is over and whose minutes are out, instead of one to come
    )


def everybody(status: int) -> Row:
    return Row((status,) * 5 + (SIGN_IN,))


def group_only(
    convener: int = OK, member: int = OK, observer: int = OK, form: dict[str, str] | None = None, of: str = ""
) -> Row:
    """For things in the network group: outsiders get 404, whatever they ask."""
    return Row((convener, member, observer, MISSING, MISSING, SIGN_IN), form, of)


def public(status: int = OK) -> Row:
    return Row((status,) * 6)


BODY = {"body": "Text", "client_id": "CLIENT", "title": "Rubrik", "kind": "discussion"}
PLAN = {"title": "Möte", "on": "2031-05-05", "starts": "09:00", "ends": "10:00", "based_on": "4"}
ITEM = {"title": "Punkt", "kind": "discussion", "minutes_allotted": "10", "owner": "0", "based_on": "1"}

ROUND = {"title": "Hösten", "due_on": "2031-05-05", "locks_on": "2031-05-06", "item": "0"}

ACTIVITY = {"title": "Kampanj", "kind": "campaign", "starts_on": "2031-05-05", "ends_on": "2031-05-09", "codes": "T"}
TRAINING = {"title": "Kurs", "network_group": "0"}
COHORT = {"name": "Hösten", "places": "5", "nominate_by": "2031-05-05"}
OCCASION = {"kind": "theory", "title": "Dag ett", "on": "2031-05-05", "starts": "09:00", "ends": "12:00"}
POLL = {"title": "När?", "closes_on": "2031-05-01", "options-0-on": "2031-05-05", "options-0-starts": "09:00", "options-0-ends": "10:00",
        "quorum": "none", "asked": "members", "series": "0"}  # fmt: skip


def own_file(status: int) -> Row:
    """Of a file on its way nobody but its sender knows, the convener here."""
    return Row((status, MISSING, MISSING, MISSING, MISSING, SIGN_IN))


TABLE: dict[str, Row] = {
    "GET auth.sign_in": Row((MOVED,) * 5 + (OK,)),  # whoever is signed in goes on
    "POST auth.sign_in": Row((MOVED,) * 5 + (SIGN_IN,)),  # the form's token comes with its page
    "GET auth.start": public(400),  # there is no such provider in this network: the neutral page
    "GET auth.callback": public(400),
    "POST auth.sign_out": everybody(OK),
    "GET people.groups": everybody(OK),
    "GET people.members": group_only(),
    "GET people.organisation": everybody(OK),
    "POST people.approve": Row((NO, MISSING, MISSING, MISSING, MOVED, SIGN_IN)),  # a pending person of the authority
    "POST people.disable": Row((NO, MISSING, MISSING, MISSING, MOVED, SIGN_IN)),
    "POST people.set_speaker": Row((NO, MISSING, MISSING, MISSING, MOVED, SIGN_IN)),
    "GET people.account": everybody(OK),
    "POST people.account": Row((MOVED,) * 5 + (SIGN_IN,), {"language": "sv", "theme": "auto"}),
    "GET discussions.thread": group_only(),
    "GET discussions.posts": group_only(),
    "POST discussions.create_post": group_only(MOVED, MOVED, NO, BODY | {"kind": "reply"}),
    "GET discussions.new_thread": group_only(OK, OK, NO),
    "POST discussions.new_thread": group_only(MOVED, MOVED, NO, BODY),
    "GET discussions.edit_post": group_only(NO, OK, NO),  # the post is the member's
    "POST discussions.edit_post": group_only(NO, MOVED, NO, {"body": "Ny", "based_on": "1"}),
    "GET discussions.versions": group_only(),
    "GET discussions.window": group_only(),
    "GET discussions.export_markdown": group_only(),
    "GET discussions.export_pdf": group_only(),
    "GET discussions.updates": Row(
        (MISSING, OK, MISSING, OK, MISSING, SIGN_IN)
    ),  # the NGO has told nothing: only its own see it
    "POST discussions.pin_update": group_only(MISSING, MISSING, MISSING),  # the post is no update
    "GET discussions.post": group_only(MOVED, MOVED, MOVED),
    "POST discussions.set_state": group_only(MOVED, NO, NO, {"step": "pin"}),
    "GET discussions.accept_answer": group_only(NO, NO, NO),  # the thread asks nothing
    "POST discussions.accept_answer": group_only(NO, NO, NO),
    "POST discussions.support": group_only(NO, NO, NO),
    "GET discussions.describe": group_only(OK, NO, NO),  # the authority owns the thread
    "POST discussions.describe": group_only(MOVED, NO, NO, {"title": "Ny", "kind": "discussion", "based_on": "1"}),
    "GET discussions.move": group_only(OK, NO, NO),
    "POST discussions.move": group_only(WRONG, NO, NO, {"group": "ingen"}),
    "GET discussions.split": group_only(OK, NO, NO),
    "POST discussions.split": group_only(MOVED, NO, NO, {"from_seq": "2", "title": "Den andra"}),
    "GET discussions.remove_post": group_only(OK, OK, NO),  # the post is the member's, the convener leads
    "POST discussions.remove_post": group_only(WRONG, NO, NO, {"step": "hide"}),  # who leads says why
    "GET discussions.reactions": group_only(),
    "POST discussions.react": group_only(MOVED, MOVED, MOVED, {"on": "thanks"}),
    "GET discussions.menu": group_only(),
    "GET discussions.quote": group_only(),
    "POST discussions.preview": Row((OK,) * 5 + (SIGN_IN,), {"body": "Text"}),
    "GET discussions.names_in_thread": group_only(),
    "GET discussions.names_in_group": group_only(OK, OK, NO),
    "GET library.attach": group_only(NO, OK, NO),  # the post is the member's
    "POST library.attach": group_only(NO, WRONG, NO),  # no file is chosen
    "GET discussions.report_post": group_only(OK, NO, OK),  # the post is the member's
    "POST discussions.report_post": group_only(MOVED, NO, MOVED, {"reason": "unkind"}),
    "GET discussions.decide": group_only(OK, NO, NO),
    "POST discussions.decide": group_only(MOVED, NO, NO, {"step": "dismiss", "reason": "Det är inte fel"}),
    "GET discussions.moderation": group_only(OK, NO, NO),
    "POST discussions.suspend": group_only(WRONG, NO, NO, {"person": "0", "reason": ""}),
    "POST discussions.end_suspension": group_only(MISSING, NO, NO),  # nobody is suspended
    "POST discussions.set_group_pace": group_only(MOVED, NO, NO, {"seconds": "30", "reason": "Det går fort"}),
    "GET discussions.set_thread_pace": group_only(OK, NO, NO),
    "POST discussions.set_thread_pace": group_only(MOVED, NO, NO, {"seconds": "30", "reason": "Det går fort"}),
    "POST discussions.save_draft": group_only(OK, OK, NO, {"body": "Halvt"}),
    "GET discussions.standing": group_only(),
    "POST discussions.follow_thread": group_only(MOVED, MOVED, MOVED, {"level": "mentions"}),
    "POST discussions.follow_group": group_only(MOVED, MOVED, MOVED, {"level": "none"}),
    "POST discussions.mark_group_read": group_only(MOVED, MOVED, MOVED),
    "POST discussions.mark_thread_read": group_only(204, 204, 204, {"seq": "1"}),
    "GET discussions.next_unread": everybody(MOVED),
    "GET library.index": everybody(OK),
    "GET library.group_materials": group_only(),
    "GET library.upload": Row((OK, OK, NO, NO, NO, SIGN_IN)),
    "POST library.upload": Row((WRONG, WRONG, NO, NO, NO, SIGN_IN), {"title": "Utan fil"}),
    "POST library.start_upload": Row((412, 412, NO, NO, NO, SIGN_IN)),  # it speaks no tus
    "PATCH library.take_piece": own_file(412),
    "DELETE library.end_upload": own_file(412),
    "GET library.upload_row": own_file(OK),
    "POST library.remove_upload": own_file(MOVED),
    "POST library.add_uploads": Row((WRONG, WRONG, NO, NO, NO, SIGN_IN)),  # nothing is chosen
    "GET library.versions": group_only(),
    "POST library.versions": group_only(WRONG, NO, NO),  # no file is chosen
    "GET library.version_file": group_only(),
    "POST library.restore": group_only(WRONG_STATE, NO, NO),  # it counts as it is
    "GET library.resource": group_only(),
    "GET library.download": group_only(),
    "GET trainings.index": everybody(OK),
    "GET trainings.coverage": everybody(OK),
    "GET trainings.coverage_csv": everybody(OK),
    "GET trainings.training": group_only(),
    "GET trainings.new_training": group_only(OK, NO, NO),
    "POST trainings.new_training": group_only(MOVED, NO, NO, TRAINING),
    "GET trainings.edit_training": group_only(OK, NO, NO),
    "POST trainings.edit_training": group_only(MOVED, NO, NO, TRAINING | {"based_on": "1"}),
    "GET trainings.new_cohort": group_only(OK, NO, NO),
    "POST trainings.new_cohort": group_only(MOVED, NO, NO, COHORT),
    "GET trainings.cohort": group_only(),
    "GET trainings.edit_cohort": group_only(OK, NO, NO),
    "POST trainings.edit_cohort": group_only(MOVED, NO, NO, COHORT | {"based_on": "1"}),
    "POST trainings.move_cohort": group_only(MOVED, NO, NO, {"state": "decided"}),
    "GET trainings.cancel_cohort": group_only(OK, NO, NO),
    "POST trainings.cancel_cohort": group_only(MOVED, NO, NO, {"reason": "Det blir inte av"}),
    "POST trainings.complete_cohort": group_only(WRONG_STATE, NO, NO),  # it has not begun
    "GET trainings.new_occasion": group_only(OK, NO, NO),
    "POST trainings.new_occasion": group_only(MOVED, NO, NO, OCCASION),
    "GET trainings.attendance": group_only(OK, NO, NO),
    "POST trainings.attendance": group_only(WRONG_STATE, NO, NO),
    "POST trainings.remove_occasion": group_only(MOVED, NO, NO),
    "GET trainings.nominate": group_only(NO, NO, NO),  # none of them is of a county board that may write
    "POST trainings.nominate": group_only(NO, NO, NO),
    # who is nominated is seen by those who lead, and by the board that has nominated
    "POST trainings.decide_nomination": group_only(MOVED, MISSING, MISSING, {"state": "admitted"}),
    "POST trainings.withdraw_nomination": group_only(MOVED, MISSING, MISSING),
    "GET trainings.certificate": group_only(MISSING, MISSING, MISSING),  # nobody has graduated
    "GET trainings.consent": group_only(MISSING, MISSING, MISSING),
    "POST trainings.consent": group_only(MISSING, MISSING, MISSING),
    "POST trainings.register_entry": group_only(MISSING, MISSING, MISSING),
    "GET activities.index": everybody(OK),
    "GET activities.group_activities": group_only(),
    "GET activities.calendar": everybody(OK),
    "GET activities.activity": group_only(),
    "GET activities.new_activity": group_only(OK, OK, NO),
    "POST activities.new_activity": group_only(MOVED, MOVED, NO, ACTIVITY),
    "GET activities.copy_activity": group_only(OK, OK, NO),
    "POST activities.copy_activity": group_only(MOVED, MOVED, NO, ACTIVITY),
    "GET activities.edit_activity": group_only(OK, NO, NO),  # the authority planned it, the member is of the NGO
    "POST activities.edit_activity": group_only(MOVED, NO, NO, ACTIVITY | {"based_on": "1"}),
    "GET activities.cancel_activity": group_only(OK, NO, NO),
    "POST activities.cancel_activity": group_only(MOVED, NO, NO, {"reason": "Det blir inte av"}),
    "GET activities.result": group_only(OK, NO, NO),
    "POST activities.result": group_only(MOVED, NO, NO, {"result": "Det gick bra", "based_on": "0"}),
    "POST activities.join_activity": group_only(NO, MOVED, NO),  # the responsible organisation does not join
    "POST activities.leave_activity": group_only(NO, MOVED, NO),
    "GET activities.materials": group_only(OK, NO, NO),
    "POST activities.materials": group_only(MOVED, NO, NO, {"resource": "RESOURCE"}),
    "POST activities.remove_material": group_only(MOVED, NO, NO, {"resource": "RESOURCE"}),
    "GET activities.sectors": Row((NO, NO, NO, NO, OK, SIGN_IN)),
    "POST activities.sectors": Row((NO, NO, NO, NO, MOVED, SIGN_IN), {"name": "Bilvård"}),
    "POST activities.change_sector": Row((NO, NO, NO, NO, MOVED, SIGN_IN), {"name": "Taxi och buss"}),
    "GET collections.index": everybody(OK),
    "GET collections.group_collections": group_only(),
    "GET collections.collection": group_only(),
    "GET collections.cover": group_only(MISSING, MISSING, MISSING),  # it is a drawn one
    "GET collections.new_collection": group_only(OK, OK, NO),
    "POST collections.new_collection": group_only(MOVED, MOVED, NO, {"title": "Samling", "cover": "0"}),
    "GET collections.edit_collection": group_only(OK, OK, NO),
    "POST collections.edit_collection": group_only(
        WRONG_STATE, MOVED, NO, {"title": "Ny", "cover": "0", "based_on": "1"}
    ),
    "GET collections.delete_collection": group_only(OK, NO, NO),  # the convener made it
    "POST collections.delete_collection": group_only(MOVED, NO, NO),
    "GET collections.materials": group_only(OK, OK, NO),
    "POST collections.materials": group_only(MOVED, MOVED, NO, {"resource": "RESOURCE"}),
    "POST collections.add_to_collection": group_only(MOVED, MOVED, NO, {"collection": "COLLECTION"}),
    "POST collections.add_heading": group_only(MOVED, MOVED, NO, {"text": "Kapitel"}),
    "GET collections.edit_item": group_only(OK, OK, NO),
    "POST collections.edit_item": group_only(WRONG_STATE, MOVED, NO, {"text": "En rad", "based_on": "1"}),
    "POST collections.move_item": group_only(MOVED, MOVED, NO, {"direction": "up"}),
    "GET collections.remove_item": group_only(OK, OK, NO),
    "POST collections.remove_item": group_only(MISSING, MOVED, MISSING),  # the member was first
    "POST public.publish_material": group_only(WRONG_STATE, NO, NO),  # the group is not open
    "POST public.publish_collection": group_only(WRONG_STATE, NO, NO),
    "POST public.revoke_link": Row((MOVED, NO, NO, NO, NO, SIGN_IN)),  # of a material in an open group
    "GET public.page": public(),  # the token in the address is the authority
    "GET public.picture": public(MISSING),  # there is no picture of it
    "GET public.file": public(),
    "GET public.file_of": public(MISSING),  # the address is a material's, not a collection's
    "GET public.open_data": public(),
    "GET library.thumbnail": group_only(),
    "GET library.picture": group_only(MISSING, MISSING, MISSING),  # a text file: its words are on the page
    "GET library.preview_pdf": group_only(MISSING, MISSING, MISSING),
    "GET library.comparison": group_only(),
    "GET library.fetched": group_only(OK, NO, NO),  # the authority owns the material; the outsiders' is another group
    "GET library.edit_resource": group_only(OK, NO, NO),
    "POST library.edit_resource": group_only(WRONG, NO, NO, {"title": ""}),
    "GET library.related_resources": group_only(OK, NO, NO),
    "POST library.relate": group_only(MISSING, NO, NO, {"other": "999999"}),
    "POST library.review": group_only(MOVED, NO, NO, {"review_by": "2031-05-05"}),
    "POST library.report": group_only(MOVED, MOVED, MOVED, {"text": "Numret är gammalt"}),
    "GET library.life": group_only(OK, NO, NO),
    "POST library.replacement": group_only(MOVED, NO, NO),
    "POST library.withdrawal": group_only(MOVED, NO, NO, {"reason": "Gäller inte"}),
    "GET library.stale": everybody(OK),
    "GET library.sharing": group_only(),
    "POST library.share": group_only(MOVED, NO, NO, {"group": "slutna"}),
    "POST library.unshare": group_only(
        MISSING, MISSING, MISSING
    ),  # it is shared with a group that nobody here may read
    "POST library.move": group_only(MOVED, NO, NO, {"group": "slutna"}),
    "GET library.edit_topics": Row((NO, NO, NO, NO, OK, SIGN_IN)),  # the coordinator's administrator
    "POST library.edit_topics": Row((NO, NO, NO, NO, MOVED, SIGN_IN), {"name": "Metodstöd"}),
    "POST library.change_topic": Row((NO, NO, NO, NO, MOVED, SIGN_IN), {"name": "Nytt namn"}),
    "GET notifications.notices": everybody(OK),
    "POST notifications.mark": Row(
        (MOVED, MISSING, MISSING, MISSING, MISSING, SIGN_IN), {"read": "1"}
    ),  # the convener's
    "POST notifications.read": Row((MOVED,) * 5 + (SIGN_IN,), {"until": "0"}),
    "GET delivery.unreached": Row(
        (OK, NO, NO, NO, OK, SIGN_IN)
    ),  # the convener leads a group, the administrator an organisation
    "POST delivery.confirm_address": Row((MOVED,) * 5 + (SIGN_IN,)),
    "GET push.service_worker": public(),
    "GET push.devices": everybody(OK),
    "POST push.add_device": Row((WRONG,) * 5 + (SIGN_IN,), {"endpoint": "https://10.0.0.1/x"}),
    "POST push.remove_device": Row(
        (MOVED, MISSING, MISSING, MISSING, MISSING, SIGN_IN)
    ),  # the device is the convener's
    "POST push.choose": Row((MOVED,) * 5 + (SIGN_IN,), {}),
    "GET notifications.preferences": everybody(OK),
    "POST notifications.hours": Row(
        (MOVED,) * 5 + (SIGN_IN,), {"hour": "8", "weekday": "4", "quiet_from": "18", "quiet_to": "7"}
    ),
    "POST notifications.groups": Row((MOVED,) * 5 + (SIGN_IN,), {}),
    "GET notifications.unsubscribe": public(),  # the signed token in the address is the authority
    "POST notifications.unsubscribe": public(),
    "POST notifications.preferences": Row((MOVED,) * 5 + (SIGN_IN,), {}),
    "GET meetings.calendar": everybody(OK),
    "GET meetings.group_meetings": group_only(),
    "GET meetings.new_meeting": group_only(OK, NO, NO),
    "POST meetings.new_meeting": group_only(MOVED, NO, NO, PLAN),
    "GET meetings.meeting": group_only(),
    "GET meetings.edit_meeting": group_only(OK, NO, NO),
    "POST meetings.edit_meeting": group_only(MOVED, NO, NO, PLAN),
    "POST meetings.call": group_only(409, NO, NO),  # it has been called already
    "POST meetings.cancel": group_only(MOVED, NO, NO),
    "POST meetings.answer": group_only(MOVED, MOVED, MOVED, {"answer": "online"}),
    "GET meetings.ics": group_only(),
    "POST mode.record": group_only(409, NO, NO),  # as above
    "GET calls.answer": public(),  # the signed token in the address is the authority
    "POST calls.answer": Row((MOVED,) * 6, {"answer": "online"}),
    "GET calls.feed": public(),  # as above, with a secret address
    "GET calls.feeds": everybody(OK),
    "POST calls.feeds": Row((OK,) * 5 + (SIGN_IN,), {"name": "Outlook", "group": "0"}),
    "POST calls.revoke_feed": Row((MOVED, MISSING, MISSING, MISSING, MISSING, SIGN_IN)),  # the feed is the convener's
    "GET agenda.new_item": group_only(OK, NO, NO),
    "POST agenda.new_item": group_only(MOVED, NO, NO, ITEM),
    "GET agenda.edit_item": group_only(OK, NO, NO),
    "POST agenda.edit_item": group_only(MOVED, NO, NO, ITEM),
    "POST agenda.move_item": group_only(MOVED, NO, NO, {"direction": "up"}),
    "POST agenda.remove_item": group_only(WRONG_STATE, NO, NO),  # there is a decision on it
    "GET meetings.agenda": group_only(),
    "GET agenda.papers": group_only(OK, NO, NO),
    "POST agenda.papers": group_only(MOVED, NO, NO, {"resource": "RESOURCE"}),
    "POST agenda.remove_paper": group_only(MOVED, NO, NO),
    "GET agenda.propose": group_only(OK, OK, NO),
    "POST agenda.propose": group_only(MOVED, MOVED, NO, ITEM | {"meeting": "0"}),
    "GET agenda.proposals": group_only(),
    "POST agenda.answer_proposal": group_only(MOVED, NO, NO, {"step": "postpone", "meeting": "0"}),
    "POST agenda.send": group_only(MOVED, NO, NO),
    "GET mode.room": group_only(),
    "GET mode.room_parts": group_only(),
    "POST mode.open_meeting": group_only(MOVED, NO, NO, {"sure": "1"}),
    "POST mode.close_meeting": group_only(WRONG_STATE, NO, NO),  # it has not begun
    "POST mode.go_to_item": group_only(WRONG_STATE, NO, NO),
    "POST mode.extend_item": group_only(WRONG_STATE, NO, NO),
    "POST mode.note_attendance": group_only(400, NO, NO),
    "POST mode.ask_for_floor": group_only(WRONG_STATE, WRONG_STATE, NO),
    "POST mode.change_floor": Row((MISSING,) * 5 + (SIGN_IN,)),  # nobody has asked for the floor
    "POST mode.add_decision": group_only(MOVED, NO, NO, {"text": "Beslut", "client_id": "CLIENT"}),
    "GET mode.decision": group_only(),
    "POST mode.change_decision": group_only(MOVED, NO, NO, {"withdraw": "1"}),
    "POST mode.add_action": group_only(WRONG, NO, NO),
    "POST mode.add_comment": group_only(MOVED, MOVED, NO, {"body": "Ett ord", "client_id": "CLIENT"}),
    "GET minutes.minutes": group_only(),
    "GET minutes.edit_note": group_only(OK, NO, NO),
    "POST minutes.edit_note": group_only(MOVED, NO, NO, {"text": "Text", "based_on": "0"}),
    "GET minutes.minutes_pdf": group_only(),
    "GET minutes.minutes_docx": group_only(),
    "GET minutes.minutes_markdown": group_only(),
    "GET minutes.circulate": group_only(WRONG_STATE, NO, NO),  # the meeting is to come
    "POST minutes.circulate": group_only(WRONG, NO, NO, {"adjust_by": "2031-05-05"}),
    "POST minutes.make_edition": group_only(
        WRONG_STATE, NO, NO, {"reason": "Ny", "based_on": "1"}, "held"
    ),  # no change
    "POST minutes.add_remark": group_only(MOVED, MOVED, NO, {"text": "Ord", "client_id": "CLIENT"}, "held"),
    "POST minutes.support_remark": group_only(MOVED, NO, NO),  # the remark is the member's
    "POST minutes.answer_remark": group_only(MOVED, NO, NO, {"state": "done"}),
    "POST minutes.approve": group_only(NO, MOVED, NO, {"edition": "1"}),  # the adjuster is the member
    "POST minutes.decline": group_only(NO, MOVED, NO, {"reason": "Kan inte"}),
    "POST minutes.replace_adjuster": group_only(WRONG, NO, NO, {"person": "0"}),
    "POST minutes.drop_adjuster": group_only(WRONG, NO, NO),  # the adjuster can still answer
    "POST minutes.add_addendum": group_only(WRONG, NO, NO, {"text": ""}, "sealed"),
    "POST minutes.note_record_number": group_only(MOVED, MOVED, MOVED, {"number": "2026/1"}, "held"),
    "GET minutes.addendum_pdf": group_only(WRONG_STATE, WRONG_STATE, WRONG_STATE),  # it has not been approved
    "GET minutes.package": group_only(WRONG_STATE, WRONG_STATE, WRONG_STATE, None, "held"),  # they have not been sealed
    "GET minutes.check_file": everybody(OK),
    "POST minutes.check_file": Row((WRONG,) * 5 + (SIGN_IN,), {}),
    "GET followup.action": group_only(),
    "POST followup.action": group_only(WRONG, WRONG, NO, {"text": ""}),  # the member's organisation answers for it
    "POST followup.set_state": group_only(MOVED, MOVED, NO, {"state": "done", "based_on": "1", "note": ""}),
    "GET followup.group_actions": group_only(),
    "GET followup.new_action": group_only(OK, OK, NO),
    "POST followup.new_action": group_only(WRONG, WRONG, NO, {"text": "", "client_id": "CLIENT"}),
    "GET followup.decisions": group_only(),
    "GET series.series": group_only(),
    "GET series.new_series": group_only(OK, NO, NO),
    "POST series.new_series": group_only(MOVED, NO, NO, {"name": "Serie", "participants": "members"}),
    "GET series.edit_series": group_only(OK, NO, NO),
    "POST series.edit_series": group_only(MOVED, NO, NO, {"name": "Serie", "participants": "seats", "based_on": "1"}),
    "POST series.end_series": group_only(MOVED, NO, NO),
    "GET series.new_standing_item": group_only(OK, NO, NO),
    "POST series.new_standing_item": group_only(MOVED, NO, NO, ITEM),
    "GET series.edit_standing_item": group_only(OK, NO, NO),
    "POST series.edit_standing_item": group_only(MOVED, NO, NO, ITEM),
    "POST series.move_standing_item": group_only(MOVED, NO, NO, {"direction": "up"}),
    "POST series.remove_standing_item": group_only(MOVED, NO, NO),
    "GET participants.seats": group_only(),
    "POST participants.seats": group_only(WRONG, NO, NO),  # no organisation is chosen
    "GET participants.own_seats": Row((NO, NO, NO, NO, OK, SIGN_IN)),
    # the authority's seat: its administrator may change it without being in the group, but take nobody in
    "GET participants.seat": Row((OK, NO, NO, MISSING, OK, SIGN_IN)),
    "POST participants.seat": Row((MOVED, NO, NO, MISSING, MOVED, SIGN_IN), {"ordinary": "0", "substitute": "0"}),
    "POST participants.remove_seat": Row((MOVED, NO, NO, MISSING, NO, SIGN_IN)),
    "GET participants.substitute": group_only(),
    "POST participants.substitute": group_only(WRONG, WRONG, WRONG),  # nobody is chosen
    "POST participants.recall_substitute": group_only(WRONG_STATE, WRONG_STATE, WRONG_STATE),  # nobody comes instead
    "GET participants.guests": group_only(OK, NO, NO),
    "POST participants.guests": group_only(MOVED, NO, NO, {"name": "Eva Ek", "email": "eva@firma.example"}),
    "POST participants.call_member": group_only(MISSING, NO, NO),  # everybody is called already
    "POST participants.withdraw_guest": group_only(MOVED, NO, NO),
    "GET polls.group_polls": group_only(),
    "GET polls.new_poll": group_only(OK, NO, NO),
    "POST polls.new_poll": group_only(MOVED, NO, NO, POLL),
    "GET polls.poll": group_only(),
    "GET polls.poll_parts": group_only(),
    "POST polls.answer": group_only(MOVED, MOVED, MOVED, {"option-OPTION": "yes"}),
    "POST polls.remind": group_only(MOVED, NO, NO),
    "POST polls.set_deadline": group_only(MOVED, NO, NO, {"close": "1"}),
    "POST polls.add_time": group_only(MOVED, NO, NO, {"on": "2031-05-07", "starts": "09:00", "ends": "10:00"}),
    "POST polls.remove_time": group_only(MOVED, NO, NO),
    "POST polls.cancel": group_only(MOVED, NO, NO),
    "POST polls.decide": group_only(MOVED, NO, NO, {"option": "OPTION"}),
    "GET polls.guest": public(),  # the signed token in the address is the authority
    "POST polls.guest": Row((MOVED,) * 6, {"option-OPTION": "no"}),
    "GET searches.index": everybody(OK),
    "POST searches.save": Row((MOVED,) * 5 + (SIGN_IN,), {"place": "everywhere", "q": "ord"}),
    "GET searches.run": Row((MISSING, MOVED, MISSING, MISSING, MISSING, SIGN_IN)),  # the search is the member's
    "GET searches.edit": Row((MISSING, OK, MISSING, MISSING, MISSING, SIGN_IN)),
    "POST searches.edit": Row((MISSING, MOVED, MISSING, MISSING, MISSING, SIGN_IN), {"name": "Nytt namn"}),
    "POST searches.delete": Row((MISSING, MOVED, MISSING, MISSING, MISSING, SIGN_IN)),
    "GET searches.feed": public(),  # the secret address is the authority
    "GET searches.feeds": everybody(OK),
    "POST searches.feeds": Row((OK,) * 5 + (SIGN_IN,), {"name": "Outlook", "search": "0"}),
    "POST searches.revoke_feed": Row((MISSING, MOVED, MISSING, MISSING, MISSING, SIGN_IN)),
    "GET synonyms.index": Row((NO, NO, NO, NO, OK, SIGN_IN)),
    "POST synonyms.index": Row((NO, NO, NO, NO, MOVED, SIGN_IN), {"words": "LAMP, lampan"}),
    "GET synonyms.edit": Row((NO, NO, NO, NO, OK, SIGN_IN)),
    "POST synonyms.edit": Row((NO, NO, NO, NO, MOVED, SIGN_IN), {"words": "a, b", "was": "NMT, metodstödsteam"}),
    "POST synonyms.remove": Row((NO, NO, NO, NO, MOVED, SIGN_IN)),
    "GET support.contacts": everybody(OK),
    "GET support.edit_contact": Row((NO, NO, NO, NO, OK, SIGN_IN)),
    "POST support.edit_contact": Row((NO, NO, NO, NO, MOVED, SIGN_IN), {"name": "Stöd"}),
    "GET counties.index": everybody(OK),
    "GET counties.county": everybody(OK),
    "GET plans.index": everybody(OK),
    "GET plans.group_plans": group_only(),
    "GET plans.plans_csv": group_only(),
    "POST plans.make_plan": group_only(WRONG_STATE, NO, NO, {"county": "T"}),  # it has one
    "GET plans.plan": group_only(),
    "POST plans.add_organisation": group_only(WRONG, NO, NO, {"organisation": "999999"}),
    "POST plans.remove_organisation": group_only(MOVED, NO, NO),
    "POST plans.take_over": group_only(WRONG_STATE, NO, NO, {"number": "1"}),  # it follows the newest
    "GET plans.edit_section": group_only(OK, OK, NO),  # the member's organisation takes part
    "POST plans.edit_section": group_only(MOVED, MOVED, NO, {"text": "Ny text", "based_on": "2"}),
    "GET plans.section_versions": group_only(),
    "GET plans.edition": group_only(),
    "POST plans.send_to_review": group_only(MOVED, NO, NO),
    "GET plans.return_to_draft": group_only(WRONG_STATE, NO, NO),  # it is a draft
    "POST plans.return_to_draft": group_only(WRONG_STATE, NO, NO, {"reason": "Mål saknas"}),
    "GET plans.adopt": group_only(NO, NO, NO),  # none of them is of the county board
    "POST plans.adopt": group_only(NO, NO, NO),
    "POST plans.begin_new_draft": group_only(WRONG_STATE, NO, NO),
    "GET plans.template": group_only(),
    "GET plans.edit_template": group_only(OK, NO, NO),
    "POST plans.edit_template": group_only(WRONG, NO, NO),
    "GET rounds.group_rounds": group_only(),
    "GET rounds.new_round": group_only(OK, NO, NO),
    "POST rounds.new_round": group_only(MOVED, NO, NO, ROUND),
    "GET rounds.edit_round": group_only(OK, NO, NO),
    "POST rounds.edit_round": group_only(MOVED, NO, NO, ROUND | {"based_on": "1"}),
    "GET rounds.round_page": group_only(),
    "POST rounds.open_round": group_only(WRONG_STATE, NO, NO),  # it is open already
    "POST rounds.discard_round": group_only(WRONG_STATE, NO, NO),
    "POST rounds.remind": group_only(MOVED, NO, NO),
    "POST rounds.make_paper": group_only(MOVED, NO, NO),
    "GET rounds.compiled": group_only(),
    "GET rounds.answers_csv": group_only(),
    "GET rounds.core_questions": group_only(OK, NO, NO),
    "GET rounds.new_core_question": group_only(OK, NO, NO),
    "POST rounds.new_core_question": group_only(MOVED, NO, NO, {"text": "Hur går det?", "kind": "text"}),
    "GET rounds.edit_core_question": group_only(
        OK, MISSING, MISSING
    ),  # only those who lead see questions outside a round
    "POST rounds.edit_core_question": group_only(
        MOVED, MISSING, MISSING, {"text": "Hur går det?", "kind": "scale", "based_on": "1"}
    ),
    "POST rounds.set_question_state": group_only(MOVED, MISSING, MISSING, {"step": "retire"}),
    "GET rounds.new_round_question": group_only(OK, NO, NO),
    "POST rounds.new_round_question": group_only(MOVED, NO, NO, {"text": "Hur går det?", "kind": "text"}),
    "GET rounds.edit_round_question": group_only(OK, NO, NO),
    "POST rounds.edit_round_question": group_only(WRONG, NO, NO, {"text": "", "kind": "text"}),
    "POST rounds.remove_round_question": group_only(MOVED, NO, NO),  # nobody has answered it
    "GET rounds.report": group_only(),
    "POST rounds.save_report": group_only(NO, NO, NO),  # none of them is of the county board and writes in the group
    "POST rounds.take_responsibility": group_only(NO, NO, NO),
    "POST rounds.return_report": group_only(MOVED, NO, NO, {"reason": "Svar saknas"}),
    "GET home.today": everybody(OK),
    "POST home.mark_all_read": Row((MOVED,) * 5 + (SIGN_IN,)),
    "GET home.group": group_only(),
    "GET home.lifted_questions": everybody(OK),
    "GET home.search": everybody(OK),
    "GET home.accessibility": public(),
    "GET home.privacy": public(),
    "GET home.health": public(),
    "GET static": public(404),  # the very file asked for here does not exist
}


def endpoints(app: Edge) -> set[str]:
    return {
        f"{method} {rule.endpoint}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_s25_every_route_has_a_row_and_every_row_a_route(app: Edge) -> None:
    assert endpoints(app) == set(TABLE)


def test_s13_the_public_endpoints_are_these(app: Edge) -> None:
    found = {name for name, view in app.view_functions.items() if getattr(view, "is_public", False)}
    assert found == {"auth.sign_in", "auth.start", "auth.callback", "home.accessibility", "home.privacy", "home.health",
                     "calls.answer", "calls.feed", "notifications.unsubscribe", "push.service_worker", "polls.guest", "public.page", "public.picture", "public.file",
                     "public.file_of", "public.open_data", "searches.feed"}  # fmt: skip


def client_of(role: str, network: Network, app: Edge, sign_in: Sign) -> FlaskClient:
    if role != "anonymous":
        return sign_in(getattr(network, role))
    return app.test_client()


@pytest.mark.parametrize("name", sorted(TABLE))
def test_s25_each_role_gets_what_the_table_says(
    name: str, app: Edge, network: Network, things: dict[str, object], sign_in: Sign, built_front_end: object
) -> None:
    method, endpoint = name.split()
    row = TABLE[name]
    rule = next(rule for rule in app.url_map.iter_rules(endpoint) if method in (rule.methods or ()))
    values = things | {"meeting_id": things[f"{row.of}_id"], "item_id": things["held_item_id"]} if row.of else things
    address = rule.build({key: values[key] for key in rule.arguments})
    assert address is not None
    got: dict[str, object] = {}
    for role in (*ROLES[1:], ROLES[0]):  # the convener last: what he changes must not change the others' answers
        client = client_of(role, network, app, sign_in)
        form = {**(row.form or {}), "csrf_token": getattr(client, "csrf", "")}
        if "client_id" in form:
            form["client_id"] = str(uuid.uuid4())
        form = {key.replace("OPTION", str(things["option_id"])): value for key, value in form.items()}
        if form.get("option") == "OPTION":
            form["option"] = str(things["option_id"])
        if "resource" in form:
            form["resource"] = str(things["resource_id"])
        if "collection" in form:
            form["collection"] = str(things["collection_id"])
        token = {"X-CSRFToken": form["csrf_token"]} if method in {"PATCH", "DELETE"} else {}
        answer = client.open(address[1], method=method, data=form if method == "POST" else None, headers=token)
        is_gate = answer.status_code == 401 or "/sign-in?next=" in answer.headers.get("Location", "")
        got[role] = SIGN_IN if is_gate or _csrf_stopped(answer.status_code, role, method) else answer.status_code
    assert tuple(got[role] for role in ROLES) == row.expected


def _csrf_stopped(status: int, role: str, method: str) -> bool:
    """Without a session there is no token, and a form without a token is a 400."""
    return role == "anonymous" and method == "POST" and status == 400


def test_s26_not_visible_and_missing_are_the_same_bytes(
    app: Edge, network: Network, things: dict[str, object], sign_in: Sign, built_front_end: object
) -> None:
    client = sign_in(network.outsider)
    for pattern in ("/threads/{}", "/resources/{}", "/resources/{}/file", "/meetings/{}", "/posts/{}/versions"):
        key = {"/threads": "thread_id", "/resources": "resource_id", "/meetings": "meeting_id", "/posts": "post_id"}[
            "/" + pattern.split("/")[1]
        ]
        with time_machine.travel(db.now(), tick=False):  # a form's token bears the second in which it was made
            hidden, missing = client.get(pattern.format(things[key])), client.get(pattern.format(999_999_999))
        assert (hidden.status_code, hidden.data) == (404, missing.data)
        assert {k: v for k, v in hidden.headers if k != "Date"} == {k: v for k, v in missing.headers if k != "Date"}


def test_updates_are_the_ngos_own_form(
    app: Edge, network: Network, things: dict[str, object], sign_in: Sign, built_front_end: object
) -> None:
    got = []
    for person in (network.convener, network.member):
        client = sign_in(person)
        form = {"body": "Nytt", "kind": "update", "client_id": str(uuid.uuid4()), "csrf_token": client.csrf}
        got.append(client.post(f"/threads/{things['thread_id']}/posts", data=form).status_code)
    assert got == [NO, MOVED]


def test_s24_a_view_that_checks_nothing_is_an_error_and_commits_nothing(
    app: Edge, network: Network, sign_in: Sign, built_front_end: object
) -> None:
    def careless(slug: str) -> str:
        network_group = db.session.merge(network.group)
        network_group.name = "Ändrat"
        return "ok"

    kept = app.view_functions["people.members"]
    app.view_functions["people.members"] = careless
    try:
        answer = sign_in(network.member).get(f"/groups/{network.group.slug}/members")
    finally:
        app.view_functions["people.members"] = kept
    assert answer.status_code == 500
    db.session.expire_all()
    assert network.group.name == "Nätverket"


def test_no_view_looks_a_row_up_by_its_id_alone() -> None:
    """In the pages, a thing that somebody asked for is loaded through `web.find`: `session.get` would see everything."""
    from portal.activities import doing_views as activity_doing_views
    from portal.activities import sector_views as activity_sector_views
    from portal.activities import views as activity_views
    from portal.counties import views as county_views
    from portal.counties.plans import state_views as plan_state_views
    from portal.counties.plans import template_views as plan_template_views
    from portal.counties.plans import views as plan_views
    from portal.counties.rounds import question_views, report_views
    from portal.counties.rounds import views as round_views
    from portal.discussions import views as discussion_views
    from portal.discussions.editing import views as editing_views
    from portal.home import views as home_views
    from portal.library import views as library_views
    from portal.library.collections import item_views as collection_item_views
    from portal.library.collections import views as collection_views
    from portal.library.material import edit_views, living_views, sharing_views, topic_views
    from portal.library.material import views as material_views
    from portal.library.previews import views as preview_views
    from portal.library.public import pages as public_pages
    from portal.library.public import views as public_views
    from portal.meetings import views as meeting_views
    from portal.meetings.agenda import proposal_views
    from portal.meetings.agenda import views as agenda_views
    from portal.meetings.calls import views as call_views
    from portal.meetings.followup import views as followup_views
    from portal.meetings.minutes import adjusting_views, export_views
    from portal.meetings.minutes import views as minutes_views
    from portal.meetings.mode import views as mode_views
    from portal.meetings.mode import writing_views
    from portal.meetings.participants import views as participant_views
    from portal.meetings.polls import leading_views as leading_poll_views
    from portal.meetings.polls import views as poll_views
    from portal.meetings.series import views as series_views
    from portal.notifications import views as notification_views
    from portal.people import views as people_views
    from portal.searches import synonym_views
    from portal.searches import views as search_views
    from portal.support import views as support_views
    from portal.trainings import cohort_views, taking_part_views
    from portal.trainings import views as training_views

    for module in (
        county_views,
        plan_views,
        plan_state_views,
        plan_template_views,
        round_views,
        question_views,
        report_views,
        activity_views,
        activity_doing_views,
        activity_sector_views,
        training_views,
        cohort_views,
        taking_part_views,
        search_views,
        synonym_views,
        discussion_views,
        editing_views,
        home_views,
        meeting_views,
        agenda_views,
        proposal_views,
        call_views,
        minutes_views,
        adjusting_views,
        export_views,
        followup_views,
        mode_views,
        writing_views,
        participant_views,
        poll_views,
        leading_poll_views,
        series_views,
        notification_views,
        people_views,
        support_views,
        library_views,
        collection_views,
        collection_item_views,
        public_views,
        public_pages,
        material_views,
        edit_views,
        living_views,
        sharing_views,
        topic_views,
        preview_views,
    ):
        source = inspect.getsource(module)
        allowed = source.count("db.session.get(Person, form.owner")  # one of the form's choices
        assert source.count("session.get(") == allowed, module.__name__
