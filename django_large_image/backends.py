"""A cache backend in a process's memory that is bounded in bytes, for `CACHES` of a project.

Django's own of the kind, which it extends, counts entries: tiles may be of any size.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from threading import Lock
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache

_DEFAULT_BYTES = 256 * 1024 * 1024
# What an entry takes beside its key and its value: nodes of three dictionaries, an object or two.
_ENTRY_BYTES = 400


class _Ledger:
    """The bytes of each entry, and of all; every instance of a cache's name shares one."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}
        self.total = 0

    def enter(self, key: str, size: int) -> None:
        """Count an entry in place of the one that was under its key."""
        self.total += size - self.sizes.get(key, 0)
        self.sizes[key] = size

    def strike(self, key: str) -> None:
        """Count an entry no more."""
        self.total -= self.sizes.pop(key, 0)


_ledgers: dict[str, _Ledger] = {}


class BoundedLocMemCache(LocMemCache):
    """`LocMemCache` that holds `OPTIONS['MAX_BYTES']` bytes (256 MiB), the least recently used
    entries leaving first.

    An entry that is larger than all of it is not kept. `MAX_ENTRIES` bounds nothing unless it is
    given.
    """

    # Of Django's.
    _cache: OrderedDict[str, bytes]
    _lock: Lock

    def __init__(self, name: str, params: dict[str, Any]) -> None:
        options = {'MAX_ENTRIES': sys.maxsize, **params.get('OPTIONS', {})}
        self.max_bytes = int(options.pop('MAX_BYTES', _DEFAULT_BYTES))
        super().__init__(name, {**params, 'OPTIONS': options})
        self._ledger = _ledgers.setdefault(name, _Ledger())

    @property
    def held_bytes(self) -> int:
        """How many bytes all entries take."""
        return self._ledger.total

    def _set(self, key: str, value: bytes, timeout: Any = DEFAULT_TIMEOUT) -> None:
        self._delete(key)
        size = len(key) + len(value) + _ENTRY_BYTES
        if size > self.max_bytes:
            return
        while self._cache and self._ledger.total + size > self.max_bytes:
            self._delete(next(reversed(self._cache)))
        super()._set(key, value, timeout)  # type: ignore[misc]
        self._ledger.enter(key, size)

    def _cull(self) -> None:
        # Called when there are too many entries.
        share = len(self._cache) // self._cull_frequency if self._cull_frequency else None
        for key in list(reversed(self._cache))[:share]:
            self._delete(key)

    def _delete(self, key: str) -> bool:
        self._ledger.strike(key)
        return bool(super()._delete(key))  # type: ignore[misc]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            for key in list(self._cache):
                self._delete(key)
