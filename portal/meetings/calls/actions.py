"""Every write about calls that leave the portal."""

from __future__ import annotations

from portal import audit
from portal.meetings.models import Invitation
from portal.people.models import Person


def note_mailed(invitation: Invitation, revision: int | None, *, method: str, by: Person | None) -> None:
    """Note which revision of the meeting stands in the invited person's calendar; None once it was taken out of it."""
    invitation.mailed_revision = revision
    audit.record("invitation_mailed", by=by, on=invitation, method=method, revision=revision)
