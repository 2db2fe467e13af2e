"""Every write to nominations: who is nominated, admitted and graduates, and what graduates consent to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import gettext as _

from portal import audit, db, guard
from portal.discussions.actions import note_kept
from portal.errors import Conflict
from portal.notifications.actions import notify
from portal.people import actions as people
from portal.people.models import Membership, Person, Role
from portal.people.policy import leaders
from portal.times import today
from portal.trainings import policy
from portal.trainings.actions import hold, tell
from portal.trainings.models import Authority, Cohort, CohortState, Nomination, NominationState


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who is nominated."""

    name: str
    email: str
    authority: Authority
    employer: str


def nominate(cohort: Cohort, who: Candidate, county: str, *, keep: Collection[str] = (), by: Person) -> Nomination:
    """Nominate somebody for a county, by its letter; on the waiting list if the cohort is full.

    Raises `guard.Stopped`, or `Conflict` if the time is over or the address is nominated already.
    """
    kept = guard.check({"name": who.name, "employer": who.employer}, keep=keep)
    hold(cohort)
    if cohort.state is not CohortState.NOMINATING:
        raise Conflict(_("The cohort takes no more nominations."))
    if today() > cohort.nominate_by:
        raise Conflict(_("The last day for nominations has passed."))
    email = who.email.strip().casefold()
    found = db.session.scalar(sa.select(Nomination).where(Nomination.cohort_id == cohort.id, Nomination.email == email))
    if found is not None and found.state is not NominationState.WITHDRAWN:
        raise Conflict(_("Somebody with this address is nominated to this cohort already."))
    made = found or Nomination(cohort=cohort, email=email)
    account = policy.account_of(email)
    made.name, made.authority, made.employer = who.name, who.authority, who.employer
    made.county_code, made.organisation_id, made.nominated_by_id = county, by.organisation_id, by.id
    made.person_id = account.id if account is not None else None
    made.state, made.place_in_line = NominationState.NOMINATED, None
    if policy.admitted(cohort) >= cohort.places:
        _put_in_line(made)
    db.session.add(made)
    audit.record("nomination_made", by=by, on=made, cohort=cohort.id, county=county, state=made.state.value)
    note_kept(kept, on=made, by=by)
    tell("nomination_made", cohort, leaders(cohort.group), by=by, organisation=by.organisation.name)
    return made


def _put_in_line(nomination: Nomination) -> None:
    last = sa.select(sa.func.max(Nomination.place_in_line)).where(Nomination.cohort_id == nomination.cohort.id)
    with db.session.no_autoflush:
        nomination.place_in_line = (db.session.scalar(last) or 0) + 1
    nomination.state = NominationState.WAITING


def decide_nomination(nomination: Nomination, state: NominationState, *, by: Person) -> None:
    """Admit, put on the waiting list or decline. Twice is once; who had a place leaves it to the next in line.

    Raises `Conflict` if the cohort is over or full, or if the nomination was withdrawn.
    """
    cohort = nomination.cohort
    hold(cohort)
    db.lock(nomination)
    before = nomination.state
    if before is NominationState.WITHDRAWN:
        raise Conflict(_("The nomination has been withdrawn."))
    if state not in {NominationState.ADMITTED, NominationState.WAITING, NominationState.DECLINED}:
        raise Conflict(_("A nomination is admitted, put on the waiting list or declined."))
    if before is state:
        return
    if state is NominationState.ADMITTED and policy.admitted(cohort) >= cohort.places:
        raise Conflict(
            _("All %(number)s places are taken. Put the nomination on the waiting list.", number=cohort.places)
        )
    if state is NominationState.WAITING:
        _put_in_line(nomination)
    else:
        nomination.state, nomination.place_in_line = state, None
    audit.record("nomination_decided", by=by, on=nomination, before=before.value, after=state.value)
    _tell_board("nomination_decided", nomination, by=by, state=state.value)
    if before is NominationState.ADMITTED and state is NominationState.DECLINED:
        _fill_place(cohort)


def withdraw_nomination(nomination: Nomination, *, by: Person) -> None:
    """Take a nomination back. A place that becomes free goes to the next in line. Raises `Conflict` if the cohort is over."""
    cohort = nomination.cohort
    hold(cohort)
    db.lock(nomination)
    before = nomination.state
    if before is NominationState.WITHDRAWN:
        return
    nomination.state, nomination.place_in_line = NominationState.WITHDRAWN, None
    audit.record("nomination_withdrawn", by=by, on=nomination, before=before.value)
    if before is NominationState.ADMITTED:
        _fill_place(cohort)


def _fill_place(cohort: Cohort) -> None:
    """Give a free place to the first in line, and tell the board."""
    db.session.flush()
    following = db.session.scalars(policy.in_line(cohort).limit(1)).unique().first()
    if following is None or policy.admitted(cohort) >= cohort.places:
        return
    following.state, following.place_in_line = NominationState.ADMITTED, None
    audit.record("nomination_moved_up", by=None, on=following, cohort=cohort.id)
    _tell_board("nomination_moved_up", following, by=None)


def _tell_board(kind: str, nomination: Nomination, *, by: Person | None, **details: str) -> None:
    cohort = nomination.cohort
    tell(kind, cohort, policy.board_people(cohort.group, [nomination.organisation_id]), by=by, **details)


# --- graduates --------------------------------------------------------------------------------------------------------


def complete_cohort(cohort: Cohort, *, by: Person) -> int:
    """Close the cohort: those who attended enough graduate, and those of them with an account are asked to join the network.

    Answers how many graduated. Raises `Conflict` unless it is under way and its occasions are over.
    """
    hold(cohort)
    if cohort.state is not CohortState.RUNNING:
        raise Conflict(_("Only a cohort that is under way can be completed."))
    db.session.expire(cohort, ["occasions"])
    if not cohort.occasions:
        raise Conflict(_("The cohort has no occasions yet."))
    if any(one.ends_at > db.now() for one in cohort.occasions):
        raise Conflict(_("An occasion is still to come. Remove it if it does not take place."))
    needed = min(cohort.enough or len(cohort.occasions), len(cohort.occasions))
    times = policy.times_present(cohort)
    graduates = [one for one in policy.participants(cohort) if times.get(one.id, 0) >= needed]
    cohort.state, cohort.completed_at = CohortState.COMPLETED, db.now()
    for one in graduates:
        one.graduated_at = cohort.completed_at
        if one.person_id is None and (account := policy.account_of(one.email)) is not None:
            one.person_id = account.id
    audit.record("cohort_completed", by=by, on=cohort, graduates=len(graduates))
    db.session.flush()
    if cohort.training.network_group_id is not None:
        for one in graduates:
            _ask(one, by=by)
    return len(graduates)


def _ask(nomination: Nomination, *, by: Person) -> None:
    if nomination.person is not None:
        notify(
            [nomination.person], "consent_asked", group=nomination.cohort.group, by=None,
            path=f"/trainings/nominations/{nomination.id}/consent", title=nomination.cohort.training.title,
        )  # fmt: skip
        audit.record("consent_asked", by=by, on=nomination)


def give_consent(nomination: Nomination, *, by: Person) -> None:
    """Join the network's group. Twice is once; who is a member already stays one by own right.

    Raises `Conflict` if the training has no such group.
    """
    db.lock(nomination)
    group = nomination.cohort.training.network_group
    if group is None or group.is_archived:
        raise Conflict(_("The training has no network to join."))
    if nomination.consented_at is not None:
        return
    nomination.consented_at, nomination.refused_at = db.now(), None
    audit.record("consent_given", by=by, on=nomination)
    there = sa.select(Membership.id).where(
        Membership.group_id == group.id, Membership.person_id == by.id, Membership.left_at.is_(None)
    )
    if db.session.scalar(there) is None:
        nomination.membership = people.add_member(group, by, by=by)


def refuse_consent(nomination: Nomination, *, by: Person) -> None:
    """Say no, or take the consent back: the membership that it made ends. One that somebody else made stays."""
    db.lock(nomination)
    if nomination.refused_at is not None:
        return
    nomination.consented_at, nomination.refused_at = None, db.now()
    audit.record("consent_refused", by=by, on=nomination)
    membership, nomination.membership = nomination.membership, None
    if membership is None or membership.left_at is not None or membership.role is not Role.MEMBER:
        return  # whoever was given a role in the group since stays for that
    db.session.flush()
    other = sa.select(Nomination).where(
        Nomination.person_id == nomination.person_id,
        Nomination.consented_at.is_not(None),
        Nomination.id != nomination.id,
    )
    for one in db.session.scalars(other).unique():
        if one.cohort.training.network_group_id == membership.group_id:  # another training's consent keeps it
            one.membership = membership
            return
    people.remove_member(membership, by=by)


def set_registered(nomination: Nomination, *, is_registered: bool, by: Person) -> None:
    """Be counted among the county's trained people, or no longer."""
    db.lock(nomination)
    if (nomination.left_register_at is None) is not is_registered:
        nomination.left_register_at = None if is_registered else db.now()
        audit.record("register_joined" if is_registered else "register_left", by=by, on=nomination)
