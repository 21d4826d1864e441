"""Files that are made when they are opened: local copies of what lies elsewhere.

A floor above that hands out paths of such files says here how they are made.
"""

from __future__ import annotations

from collections.abc import Callable

_providers: list[Callable[[str], object]] = []


def provider(function: Callable[[str], object]) -> Callable[[str], object]:
    """Have a function called with every path that is about to be opened, its own or not."""
    _providers.append(function)
    return function


def provide(path: str) -> None:
    """Have the file made where it is missing; raises what a provider does: `BusyError` and
    `UnreadableError`.
    """
    for function in _providers:
        function(path)
