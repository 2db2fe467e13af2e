"""What ends with the account of a person, or with an organisation: the features above say it here.

The functions run in the transaction that closes; each gets the ids of the people concerned.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

Ending = Callable[[Collection[int]], None]

_endings: list[Ending] = []


def also_end(function: Ending) -> Ending:
    """Register what else is to be ended."""
    _endings.append(function)
    return function


def end_for(person_ids: Collection[int]) -> None:
    """End it all for these people."""
    for function in _endings:
        function(person_ids)
