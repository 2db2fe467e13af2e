"""Which answers by mail are taken over (RFC 5546, 3.2.3), and what happens to the others.

An answer counts only if it came to the signed address of one invitation, from the invited person's own address, about that very
meeting. What is refused is logged without its content; a word of help goes to the address that was called, never to the sender.
"""

from __future__ import annotations

import logging
from datetime import datetime
from enum import StrEnum

from portal import db, guard
from portal.meetings.actions import answer_invitation
from portal.meetings.calls import actions, incoming, policy, tokens
from portal.meetings.calls.incoming import Letter, Reply
from portal.meetings.models import Answer, AnswerVia, Invitation, Meeting, MeetingState
from portal.meetings.policy import hold_call
from portal.notifications.receiving import readers
from portal.times import local

security_log = logging.getLogger("portal.security")


class Outcome(StrEnum):
    """What became of a message."""

    TAKEN = "taken"
    AGAIN = "again"  # an answer to an older date: the call goes out again
    OLDER = "older"  # an answer that a newer one has overtaken, or the same again
    UNKNOWN = "unknown"  # no address of ours
    UNREADABLE = "unreadable"
    AUTOMATIC = "automatic"  # an out-of-office note and the like
    GONE = "gone"  # not called any longer
    OVER = "over"  # cancelled, or in the past
    PROPOSAL = "proposal"  # another time, which a mail program can propose (COUNTER)
    UNLIKE = "unlike"  # not an answer to this call by the one who is called


HELPED = frozenset({Outcome.UNREADABLE, Outcome.OVER, Outcome.PROPOSAL, Outcome.UNLIKE})


def take(content: bytes, address: str) -> Outcome:
    """Read a message to one address and take the answer over, or do not. Broken messages raise nothing."""
    invitation = tokens.invitation_of_address(address)
    if invitation is None:
        security_log.warning("mail to an address without a valid signature")
        return Outcome.UNKNOWN
    hold_call(invitation)  # of two answers at once the later one stays
    try:
        message = incoming.read_message(content)
    except incoming.Unreadable:
        return _refuse(invitation, Outcome.UNREADABLE, "no message")
    outcome, fault = _judge(invitation, message)
    if outcome is not Outcome.TAKEN or message.reply is None:
        return _refuse(invitation, outcome, fault)
    _answer(invitation, message.reply)
    return outcome


def _judge(invitation: Invitation, message: Letter) -> tuple[Outcome, str]:
    """What is to become of the message, and for the log why."""
    meeting, reply = invitation.meeting, message.reply
    if invitation.withdrawn_at is not None or not policy.may_hear(invitation):
        return Outcome.GONE, "not called any longer"
    if reply is None:
        return (Outcome.AUTOMATIC, "automatic") if message.is_automatic else (Outcome.UNREADABLE, message.fault)
    fault = _unlike(invitation, message.sender, reply)
    if fault:
        return Outcome.UNLIKE, fault
    if meeting.state is not MeetingState.CALLED or meeting.closed_at is not None or meeting.ends_at <= db.now():
        return Outcome.OVER, "over"
    if reply.method == "COUNTER":
        return Outcome.PROPOSAL, "proposal"
    if _is_overtaken(invitation, reply):
        return Outcome.OLDER, "overtaken"
    if not _is_to_this_date(invitation, reply):
        return Outcome.AGAIN, "older date"
    return Outcome.TAKEN, ""


def _unlike(invitation: Invitation, sender: str, reply: Reply) -> str:
    """Why this is not the invited person's answer to this call; empty if it is."""
    own = incoming.plain_address(invitation.email)
    for is_wrong, fault in (
        (reply.method not in {"REPLY", "COUNTER"}, "method"),
        (reply.uid != invitation.meeting.uid, "uid"),
        (reply.attendee != own, "attendee"),
        (sender != own, "sender"),
        (reply.method == "REPLY" and reply.partstat not in {"ACCEPTED", "TENTATIVE", "DECLINED"}, "partstat"),
    ):
        if is_wrong:
            return fault
    return ""


def _is_overtaken(invitation: Invitation, reply: Reply) -> bool:
    """Whether a newer answer is there already, however it came. Calendars count whole seconds."""
    if invitation.answered_at is None or reply.stamp is None:
        return False
    return reply.stamp < invitation.answered_at.replace(microsecond=0)


def _is_to_this_date(invitation: Invitation, reply: Reply) -> bool:
    """Whether the answer is to the date that the meeting has now. A changed place or agenda does not matter."""
    meeting, starts = invitation.meeting, reply.starts
    if starts is None:
        return reply.sequence is not None and reply.sequence >= (invitation.mailed_revision or 0)
    if isinstance(starts, datetime):
        return starts == meeting.starts_at
    return meeting.is_all_day and starts == local(meeting.starts_at).date()


def _meant(meeting: Meeting, reply: Reply) -> Answer:
    if reply.partstat == "ACCEPTED":
        return Answer.ON_SITE if meeting.place else Answer.ONLINE
    return Answer.TENTATIVE if reply.partstat == "TENTATIVE" else Answer.DECLINED


def _answer(invitation: Invitation, reply: Reply) -> None:
    """Take the answer over; a comment that the guard stops is left out, and that is told."""
    answer, comment = _meant(invitation.meeting, reply), reply.comment
    now = db.now()
    at = min(reply.stamp or now, now)
    try:
        guard.check({"comment": comment})
    except guard.Stopped:
        comment = ""
        actions.help_answering(invitation, "comment", by=None)
    answer_invitation(invitation, answer, via=AnswerVia.MAIL, comment=comment, at=at, by=invitation.person)


def _refuse(invitation: Invitation, outcome: Outcome, fault: str) -> Outcome:
    security_log.warning("answer by mail refused invitation=%s reason=%r", invitation.id, fault)
    actions.refuse_reply(invitation, fault, by=None)
    if outcome is Outcome.AGAIN:
        actions.call_again(invitation, by=None)
    elif outcome in HELPED:
        actions.help_answering(invitation, outcome.value, by=None)
    return outcome


def register() -> None:
    """Read what comes to the addresses of calls."""
    readers.register(
        "calls", is_ours=lambda address: tokens.invitation_of_address(address) is not None, take=take,
        largest=incoming.LARGEST_MESSAGE,
    )  # fmt: skip
