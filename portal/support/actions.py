"""Every write to the contacts."""

from __future__ import annotations

from portal import audit, db, guard
from portal.people.models import Person
from portal.support.models import Contact


def add_contact(name: str, *, note: str, phone: str, email: str = "", position: int = 0, is_support_line: bool = False,
                by: Person | None) -> Contact:  # fmt: skip
    """Put a contact into the register. Raises `guard.Stopped`."""
    guard.check_numbers({"name": name, "note": note, "phone": phone, "email": email})
    contact = Contact(
        name=name, note=note, phone=phone, email=email, position=position, is_support_line=is_support_line
    )
    db.session.add(contact)
    audit.record("contact_added", by=by, on=contact)
    return contact


def edit_contact(contact: Contact, *, name: str, note: str, phone: str, email: str, by: Person) -> None:
    """Change a contact; every page shows the new number from the next request. Raises `guard.Stopped`."""
    guard.check_numbers({"name": name, "note": note, "phone": phone, "email": email})
    contact.name, contact.note, contact.phone, contact.email = name, note, phone, email
    audit.record("contact_edited", by=by, on=contact)
