"""Every write to the log of deliveries, and to what is known of addresses."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from portal import audit, db, outbox
from portal.notifications.delivery.models import AddressTrouble, Delivery, State, Via
from portal.notifications.models import Notice
from portal.people.models import Group, Person

KEPT = timedelta(days=180)


def note_made(notices: Iterable[tuple[Notice, State]], *, via: Via, by: Person | None) -> None:
    """Note what is to go out; `by` made the notices and is not noted: the audit log has what was done."""
    rows = [
        {"person_id": notice.person_id, "notice_id": notice.id, "group_id": notice.group_id, "kind": notice.kind, "via": via,
         "state": state}
        for notice, state in notices
    ]  # fmt: skip
    if rows:
        db.session.execute(sa.insert(Delivery), rows)


def note_state(
    notice_ids: Collection[int], state: State, *, via: Via, code: str = "", letter: str | None = None, by: Person | None
) -> None:  # fmt: skip
    """Note how far these notices have come. A bounce that came first stays. Nobody does this: `by` is None."""
    values: dict[str, Any] = {"state": state, "code": code[:20], "changed_at": db.now()}
    if letter is not None:
        values["letter"] = letter
    on_its_way = sa.update(Delivery).where(
        Delivery.notice_id.in_(notice_ids), Delivery.via == via, Delivery.state != State.BOUNCED
    )
    db.session.execute(on_its_way.values(values).execution_options(synchronize_session=False))


def note_letter(
    person: Person, kind: str, state: State, *, group: Group | None, letter: str, code: str = "", by: Person | None
) -> None:  # fmt: skip
    """Note a mail that belongs to no notice. One that goes out again is noted once."""
    same = sa.select(Delivery).where(Delivery.person_id == person.id, Delivery.letter == letter)
    row = db.session.scalars(same).first()
    if row is None:
        row = Delivery(
            person_id=person.id, kind=kind, via=Via.MAIL, group_id=group.id if group else None, letter=letter
        )
        db.session.add(row)
    row.state, row.code, row.changed_at = state, code[:20], db.now()


def _trouble(person: Person) -> AddressTrouble:
    db.lock_name(f"address:{person.id}")  # two bounces at once
    row = db.session.get(AddressTrouble, person.id)
    if row is not None and row.email == person.email:
        return row
    if row is not None:  # of an address that the person has no longer
        db.session.delete(row)
        db.session.flush()
    row = AddressTrouble(person_id=person.id, email=person.email, soft_count=0)
    db.session.add(row)
    return row


def mark_dead(person: Person, *, code: str, by: Person | None) -> None:
    """A mail server says that the person's address does not exist: nothing more is sent there until it is put right."""
    row = _trouble(person)
    row.dead_at, row.code, row.last_at = row.dead_at or db.now(), code[:20], db.now()
    audit.record("address_marked", by=by, on=person, code=code[:20])


def count_soft(person: Person, *, code: str, by: Person | None) -> None:
    """Mail came back for now; the address is counted as working."""
    row = _trouble(person)
    row.soft_count, row.code, row.last_at = (row.soft_count or 0) + 1, code[:20], db.now()
    audit.record("address_troubled", by=by, on=person, code=code[:20])


def take_bounce(
    person: Person, letter: str, *, code: str, is_final: bool, is_dead: bool, is_present: bool, by: Person | None
) -> None:  # fmt: skip
    """A mail came back: note it with what went out in it, and what it says of the address if the person still has that one."""
    if is_final:
        back = sa.update(Delivery).where(Delivery.person_id == person.id, Delivery.letter == letter)
        values = {"state": State.BOUNCED, "code": code[:20], "changed_at": db.now()}
        db.session.execute(back.values(values).execution_options(synchronize_session=False))
    if not is_present:
        return
    if is_dead:
        mark_dead(person, code=code, by=by)
    else:
        count_soft(person, code=code, by=by)


def confirm_address(person: Person, *, by: Person) -> None:
    """The person says that the own address works: mail goes there again, and one comes at once to show it."""
    db.session.execute(sa.delete(AddressTrouble).where(AddressTrouble.person_id == person.id))
    outbox.enqueue("address_mail", key=str(person.id), person_id=person.id)
    audit.record("address_confirmed", by=by, on=person)


def forget_old_deliveries(*, by: Person | None) -> None:
    """Delete what is older than half a year; what failed is no record of what was said."""
    db.session.execute(sa.delete(Delivery).where(Delivery.made_at < db.now() - KEPT))
