"""Every write to decisions and actions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.errors import Conflict
from portal.meetings.followup.models import ActionEvent, ActionItem, ActionState, Decision, DecisionVersion
from portal.meetings.followup.policy import responsible_people
from portal.meetings.models import AgendaItem, Meeting
from portal.meetings.policy import hold_item, hold_unsealed
from portal.notifications.actions import notify
from portal.people.models import Group, Organisation, Person

# --- decisions --------------------------------------------------------------------------------------------------------


def add_decision(item: AgendaItem, *, text: str, client_id: str, keep: Collection[str] = (), by: Person) -> Decision:
    """Write down what was decided on an item. Sent twice with the same `client_id` it makes one decision.

    Raises `guard.Stopped`, `Conflict` if the minutes are sealed or the item is a break, `NotFound` if it was taken away.
    """
    kept = guard.check({"text": text}, keep=keep)
    hold_item(item)
    twin = sa.select(Decision).where(Decision.item_id == item.id, Decision.client_id == client_id)
    if (existing := db.session.scalar(twin)) is not None:
        return existing
    last = db.session.scalar(sa.select(sa.func.max(Decision.number)).where(Decision.item_id == item.id)) or 0
    decision = Decision(
        group_id=item.meeting.group_id, meeting_id=item.meeting_id, item=item, number=last + 1, text=text,
        client_id=client_id, written_by=by,
    )  # fmt: skip
    db.session.add(decision)
    audit.record("decision_added", by=by, on=decision)
    note_kept(kept, on=decision, by=by)
    return decision


def change_decision(decision: Decision, *, text: str, based_on: int, keep: Collection[str] = (), by: Person) -> None:
    """Put a decision into other words; what it said stays as a version.

    Raises `guard.Stopped`, or `Conflict` if it was changed since `based_on`, taken back, or sealed.
    """
    asked = guard.kept_in({"text": decision.text})
    kept = [find for find in guard.check({"text": text}, keep={*keep, *asked}) if find.key not in asked]
    hold_unsealed(decision.meeting)
    db.lock(decision)
    if decision.withdrawn_at is not None:
        raise Conflict(_("The decision has been taken back."))
    if decision.revision != based_on:
        raise Conflict(_("Somebody else changed the decision while you wrote."))
    if text == decision.text:
        return
    _keep_version(decision)
    decision.text, decision.written_by, decision.written_at = text, by, db.now()
    audit.record("decision_changed", by=by, on=decision, revision=decision.revision)
    note_kept(kept, on=decision, by=by)


def _keep_version(decision: Decision) -> None:
    """What it says now stays as a version; the words to come are the next revision."""
    db.session.add(
        DecisionVersion(
            decision=decision, revision=decision.revision, text=decision.text, written_by_id=decision.written_by_id,
            written_at=decision.written_at,
        )
    )  # fmt: skip
    decision.revision += 1


def withdraw_decision(decision: Decision, *, by: Person) -> None:
    """Take a decision back before the minutes are sealed; its words stay, and its number is not used again."""
    hold_unsealed(decision.meeting)
    db.lock(decision)
    if decision.withdrawn_at is None:
        decision.withdrawn_at = db.now()
        audit.record("decision_withdrawn", by=by, on=decision)


def restore_decision(decision: Decision, *, by: Person) -> None:
    """Let a decision that was taken back stand again. Raises `Conflict` if the minutes are sealed."""
    hold_unsealed(decision.meeting)
    db.lock(decision)
    if decision.withdrawn_at is not None:
        decision.withdrawn_at = None
        audit.record("decision_restored", by=by, on=decision)


def settle_decision(decision: Decision, text: str | None, *, by: Person) -> None:
    """Let a decision say what was sealed; None: the sealed minutes do not have it. What was never sent stays as a version."""
    if text is None:
        if decision.withdrawn_at is None:
            decision.withdrawn_at = db.now()
            audit.record("decision_withdrawn", by=by, on=decision)
        return
    if decision.text != text:
        before = next((version for version in decision.versions if version.text == text), None)
        _keep_version(decision)
        decision.text, decision.written_at = text, before.written_at if before is not None else db.now()
        decision.written_by_id = before.written_by_id if before is not None else by.id
        audit.record("decision_changed", by=by, on=decision, revision=decision.revision)
    decision.withdrawn_at = None


# --- actions ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done, by whom, until when. The organisation answers for it, with or without a person."""

    text: str
    organisation: Organisation
    owner: Person | None = None
    due_on: date | None = None


def add_action(
    group: Group, task: Task, *, client_id: str, meeting: Meeting | None = None, item: AgendaItem | None = None,
    keep: Collection[str] = (), by: Person,
) -> ActionItem:  # fmt: skip
    """Note that somebody undertakes something. Sent twice with the same `client_id` it makes one action.

    Raises `guard.Stopped`.
    """
    kept = guard.check({"text": task.text}, keep=keep)
    if item is not None:
        hold_item(item)  # what was undertaken at a meeting stands in its minutes
    db.lock_name(f"action:{client_id}")
    twin = sa.select(ActionItem).where(ActionItem.group_id == group.id, ActionItem.client_id == client_id)
    if (existing := db.session.scalar(twin)) is not None:
        return existing
    action = ActionItem(
        group=group, meeting=meeting, item=item, text=task.text, owner=task.owner, organisation=task.organisation,
        due_on=task.due_on, client_id=client_id, created_by=by,
    )  # fmt: skip
    action.events.append(ActionEvent(by=by, what="created", after=task.text))
    db.session.add(action)
    audit.record("action_added", by=by, on=action)
    note_kept(kept, on=action, by=by)
    _tell_owner(action, by=by)
    return action


def _tell_owner(action: ActionItem, *, by: Person) -> None:
    if action.owner is not None:
        notify([action.owner], "action_assigned", group=action.group, path=action.path, by=by, action=action.text[:200])


def change_action(
    action: ActionItem, task: Task, *, based_on: int, note: str = "", keep: Collection[str] = (), by: Person
) -> None:
    """Reword, hand over or put off an action; each step stands in its history.

    Raises `guard.Stopped`, or `Conflict` if it was changed since `based_on`.
    """
    kept = guard.check({"text": task.text, "note": note}, keep=keep)
    db.lock(action)
    if action.revision != based_on:
        raise Conflict(_("Somebody else changed the action while you wrote."))
    was_owner = action.owner_id
    before_who = action.owner.name if action.owner else action.organisation.short_name
    steps = [
        ("reworded", action.text, task.text),
        ("moved", str(action.due_on or ""), str(task.due_on or "")),
        ("handed_over", before_who, task.owner.name if task.owner else task.organisation.short_name),
    ]
    for what, before, after in steps:
        if before != after:
            action.events.append(ActionEvent(by=by, what=what, before=before, after=after, note=note))
            note = ""  # with the first step; it explains them all
    action.text, action.due_on, action.owner, action.organisation = (
        task.text,
        task.due_on,
        task.owner,
        task.organisation,
    )
    action.revision, action.changed_at = action.revision + 1, db.now()
    audit.record("action_changed", by=by, on=action, revision=action.revision)
    note_kept(kept, on=action, by=by)
    if action.owner is not None and action.owner.id != was_owner:
        _tell_owner(action, by=by)


def set_action_state(
    action: ActionItem, state: ActionState, *, based_on: int | None = None, note: str = "", keep: Collection[str] = (), by: Person,
) -> None:  # fmt: skip
    """Say that an action is done, dropped, or open again. Said twice, it is noted once.

    Raises `guard.Stopped`, or `Conflict` if it was changed since `based_on` (None: whatever it says).
    """
    kept = guard.check({"note": note}, keep=keep)
    db.lock(action)
    if action.state is state:
        return
    if based_on is not None and action.revision != based_on:
        raise Conflict(_("Somebody else changed the action while you wrote."))
    action.state, action.revision, action.changed_at = state, action.revision + 1, db.now()
    action.done_at = db.now() if state is ActionState.DONE else None
    what = "reopened" if state is ActionState.OPEN else state.value
    action.events.append(ActionEvent(by=by, what=what, note=note))
    audit.record(f"action_{what}", by=by, on=action)
    note_kept(kept, on=action, by=by)


def fall_to_organisation(action: ActionItem, *, by: Person | None) -> None:
    """Take an owner off who is no longer there: the organisation answers for it, and its people in the group are told."""
    db.lock(action)
    if action.owner is None or action.state is not ActionState.OPEN:
        return
    event = ActionEvent(by=by, what="handed_over", before=action.owner.name, after=action.organisation.short_name)
    action.events.append(event)
    action.owner, action.revision, action.changed_at = None, action.revision + 1, db.now()
    audit.record("action_fell_to_organisation", by=by, on=action)
    people = responsible_people(action)
    notify(people, "action_fell", group=action.group, path=action.path, by=by, action=action.text[:200])
