"""Which time is best, and why: a pure reckoning over the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.meetings.polls.models import PollInvitee, PollOption, Quorum, Suits
from portal.people.models import Organisation, OrganisationKind

NAMED = 3  # more than so many are only counted
_BETTER: tuple[Suits | None, ...] = (None, Suits.NO, Suits.IF_NEED_BE, Suits.YES)


def better(one: Suits | None, other: Suits | None) -> Suits | None:
    """The better of two answers: what an organisation says is the best that one of its people says."""
    return max(one, other, key=_BETTER.index)


@dataclass(slots=True)
class Unit:
    """What counts as one: a person, an organisation or a county."""

    name: str
    best: Suits | None = None


@dataclass(slots=True)
class Standing:
    """How one time stands."""

    option: PollOption
    place: int = 0  # 1 is the best
    people: dict[Suits | None, int] = field(default_factory=dict)
    organisations: dict[int, Suits | None] = field(default_factory=dict)
    units: list[Unit] = field(default_factory=list)
    must_no: list[str] = field(default_factory=list)
    must_silent: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[Unit]:
        """The organisations or counties of which nobody has said yes or if need be."""
        return [unit for unit in self.units if unit.best not in {Suits.YES, Suits.IF_NEED_BE}]

    @property
    def is_enough(self) -> bool:
        """Whether everybody who must come can, and nobody that the quorum counts is missing."""
        return not (self.must_no or self.must_silent or self.missing) and any(
            self.people[way] for way in (Suits.YES, Suits.IF_NEED_BE)
        )

    def rank(self) -> tuple[object, ...]:
        """What it is sorted by, best first: those who must come, the quorum, most yes, fewest no, earliest."""
        return (
            len(self.must_no), len(self.must_silent), len(self.missing), -self.people[Suits.YES], self.people[Suits.NO],
            self.option.starts_at, self.option.ends_at,
        )  # fmt: skip


def standings(
    options: Sequence[PollOption],
    invitees: Sequence[PollInvitee],
    answers: Mapping[int, Mapping[int, Suits]],
    quorum: Quorum,
) -> list[Standing]:
    """All times, the best first."""
    found = sorted((_standing(option, invitees, answers, quorum) for option in options), key=Standing.rank)
    for place, one in enumerate(found, 1):
        one.place = place
    return found


def _standing(
    option: PollOption, invitees: Sequence[PollInvitee], answers: Mapping[int, Mapping[int, Suits]], quorum: Quorum
) -> Standing:
    made = Standing(option, people=dict.fromkeys(_BETTER, 0))
    units: dict[object, Unit] = {}
    for invitee in invitees:
        said = answers.get(invitee.id, {}).get(option.id)
        made.people[said] += 1
        if invitee.must_come and said in {None, Suits.NO}:
            (made.must_silent if said is None else made.must_no).append(invitee.name)
        organisation = invitee.organisation
        if organisation is None:
            continue
        made.organisations[organisation.id] = better(made.organisations.get(organisation.id), said)
        key = _unit(organisation, quorum)
        if key is not None:
            unit = units.setdefault(key, Unit(organisation.short_name))
            if organisation.kind is OrganisationKind.COUNTY_BOARD:
                unit.name = organisation.short_name  # the board stands for the county
            unit.best = better(unit.best, said)
    made.units = list(units.values())
    return made


def _unit(organisation: Organisation, quorum: Quorum) -> object:
    if quorum is Quorum.NONE:
        return None
    return organisation.id if quorum is Quorum.ORGANISATIONS else organisation.county_code


def _names(names: Sequence[str]) -> str:
    """`A, B och C`."""
    return (
        names[0] if len(names) == 1 else str(_("%(first)s and %(last)s", first=", ".join(names[:-1]), last=names[-1]))
    )


def reason(standing: Standing, quorum: Quorum) -> str:
    """Why a time stands where it does, in a sentence or three."""
    parts = [_people(standing)]
    if quorum is not Quorum.NONE and standing.units:
        parts = [_who_can(standing, quorum), *_who_is_missing(standing, quorum)]
    if standing.must_no:
        parts.append(_("%(names)s, who must come, cannot", names=_names(standing.must_no)))
    if standing.must_silent:
        parts.append(_("no answer yet from %(names)s, who must come", names=_names(standing.must_silent)))
    sentence = "; ".join(str(part) for part in parts)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _people(standing: Standing) -> str:
    people = standing.people
    asked = sum(people.values())
    yes, maybe, no = people[Suits.YES], people[Suits.IF_NEED_BE], people[Suits.NO]
    parts = [_("everybody can") if yes == asked and asked else _("%(yes)s of %(asked)s can", yes=yes, asked=asked)]
    if maybe:
        parts.append(_("%(number)s if need be", number=maybe))
    if no:
        parts.append(_("%(number)s cannot", number=no))
    return ", ".join(str(part) for part in parts)


def _who_can(standing: Standing, quorum: Quorum) -> str:
    asked, can = len(standing.units), len(standing.units) - len(standing.missing)
    maybe = sum(unit.best is Suits.IF_NEED_BE for unit in standing.units)
    if quorum is Quorum.COUNTIES:
        text = (
            _("all %(asked)s counties can", asked=asked)
            if can == asked
            else _("%(number)s of %(asked)s counties can", number=can, asked=asked)
        )
    else:
        text = (
            _("all %(asked)s organisations can", asked=asked)
            if can == asked
            else _("%(number)s of %(asked)s organisations can", number=can, asked=asked)
        )
    if not maybe:
        return str(text)
    of_them = _("of them %(number)s if need be", number=maybe)  # inside an f-string no catalogue would find it
    return f"{text}, {of_them}"


def _who_is_missing(standing: Standing, quorum: Quorum) -> list[str]:
    parts = []
    cannot = [unit.name for unit in standing.missing if unit.best is Suits.NO]
    silent = [unit.name for unit in standing.missing if unit.best is None]
    if cannot:
        parts.append(
            _("%(names)s cannot", names=_names(cannot)) if len(cannot) <= NAMED
            else _count_of(len(cannot), quorum, is_silent=False)
        )  # fmt: skip
    if silent:
        parts.append(
            _("no answer yet from %(names)s", names=_names(silent)) if len(silent) <= NAMED
            else _count_of(len(silent), quorum, is_silent=True)
        )  # fmt: skip
    return [str(part) for part in parts]


def _count_of(number: int, quorum: Quorum, *, is_silent: bool) -> str:
    if quorum is Quorum.COUNTIES:
        if is_silent:
            return str(ngettext("%(num)s county has not answered", "%(num)s counties have not answered", number))
        return str(ngettext("%(num)s county cannot", "%(num)s counties cannot", number))
    if is_silent:
        return str(ngettext("%(num)s organisation has not answered", "%(num)s organisations have not answered", number))
    return str(ngettext("%(num)s organisation cannot", "%(num)s organisations cannot", number))
