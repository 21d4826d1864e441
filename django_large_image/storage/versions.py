"""Which version of an object a store holds: asked once in a while, however many requests come."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from django_large_image.cache import SingleFlight
from django_large_image.conf import settings

_MAX_OBJECTS = 16384


class Versions:
    """The versions that stores told of their objects, and when."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew, as if no store had ever been asked."""
        self._guard = Lock()
        self._flight = SingleFlight()
        self._told: OrderedDict[Hashable, tuple[float, str]] = OrderedDict()

    def get(
        self,
        key: Hashable,
        ask: Callable[[], str],
        changed: Callable[[], object] | None = None,
    ) -> str:
        """Return the version of an object; see `remembered`."""
        found = self._find(key)
        if found is not None:
            return found
        with self._flight(repr(key)):
            found = self._find(key)
            return self._ask(key, ask, changed) if found is None else found

    def forget(self, key: Hashable) -> None:
        """Have the store asked again at the next request."""
        with self._guard:
            if key in self._told:
                self._told[key] = (float('-inf'), self._told[key][1])

    def _find(self, key: Hashable) -> str | None:
        with self._guard:
            told_at, version = self._told.get(key, (float('-inf'), ''))
        return version if time.monotonic() - told_at < settings.VERSION_MAX_AGE else None

    def _ask(
        self, key: Hashable, ask: Callable[[], str], changed: Callable[[], object] | None
    ) -> str:
        changed = changed or (lambda: None)
        with self._guard:
            former = self._told.get(key)
        if former is None:
            # It may have been told, and forgotten meanwhile.
            changed()
        # The time before the answer: the object may change while the answer is on its way.
        now = time.monotonic()
        version = ask()
        with self._guard:
            self._told[key] = (now, version)
            self._told.move_to_end(key)
            while len(self._told) > _MAX_OBJECTS:
                self._told.popitem(last=False)
        if former is not None and former[1] != version:
            changed()
        return version


_versions = Versions()
# The locks of a parent process may be held in the moment of the fork.
os.register_at_fork(after_in_child=_versions.reset)


def remembered(
    key: Hashable, ask: Callable[[], str], changed: Callable[[], object] | None = None
) -> str:
    """Return the version of an object, asked of its store again after `VERSION_MAX_AGE` seconds.

    Threads that want the same key at once wait for one question. `changed` is called when
    the answer is another one than before, and before the first one: there GDAL's caches are dropped
    (`sources.filesystems.forget`).
    What `ask` raises (`BusyError`, `UnreadableError`) is raised and never remembered.
    """
    return _versions.get(key, ask, changed)


forget = _versions.forget
