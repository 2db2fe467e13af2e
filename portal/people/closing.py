"""What ends with the account of a person, with an organisation, or with a membership: the features above say it here.

The functions run in the transaction that closes; each gets the ids of the people concerned.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from portal.people.models import Group

Ending = Callable[[Collection[int]], None]
Leaving = Callable[[Group, int], None]

_endings: list[Ending] = []
_leavings: list[Leaving] = []


def also_end(function: Ending) -> Ending:
    """Register what else is to be ended."""
    _endings.append(function)
    return function


def end_for(person_ids: Collection[int]) -> None:
    """End it all for these people."""
    for function in _endings:
        function(person_ids)


def also_leave(function: Leaving) -> Leaving:
    """Register what else ends when somebody leaves a group; it gets the group and the person's id."""
    _leavings.append(function)
    return function


def leave(group: Group, person_id: int) -> None:
    """End it all for a person who leaves a group."""
    for function in _leavings:
        function(group, person_id)
