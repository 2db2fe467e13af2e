"""Contacts: edited by the coordinator's administrators, and read by the guard like every other text."""

from __future__ import annotations

import pytest

from portal import db
from portal.support.actions import add_contact
from tests.conftest import Sign
from tests.factories import Network

NUMBER = "811228-9874"  # Skatteverket's published test number
FIELDS = {"name": "Stöd", "note": "För yrkesverksamma", "phone": "020-390 000", "email": "stod@myndigheten.example"}


@pytest.mark.parametrize("field", ["name", "note", "phone"])
def test_s33_a_personal_number_is_not_stored(
    network: Network, sign_in: Sign, built_front_end: object, field: str
) -> None:
    contact = add_contact(FIELDS["name"], note=FIELDS["note"], phone=FIELDS["phone"], email=FIELDS["email"], by=None)
    db.commit()
    client = sign_in(network.admin)
    form = FIELDS | {field: NUMBER, "csrf_token": client.csrf}
    answer = client.post(f"/contacts/{contact.id}/edit", data=form)
    assert answer.status_code == 422
    assert NUMBER in answer.text  # the text stays in the form
    db.session.expire_all()
    assert getattr(contact, field) == FIELDS[field]


def test_phone_and_address_are_what_a_contact_is_made_of(
    network: Network, sign_in: Sign, built_front_end: object
) -> None:
    contact = add_contact("Stöd", note="", phone="", by=None)
    db.commit()
    client = sign_in(network.admin)
    form = FIELDS | {"phone": "08-465 004 12", "csrf_token": client.csrf}
    assert client.post(f"/contacts/{contact.id}/edit", data=form).status_code == 302
    db.session.expire_all()
    assert contact.phone == "08-465 004 12"
