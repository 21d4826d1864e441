"""Django's cache under everything that is worth keeping: tiles, statistics, and large-image's own
tile cache.

Every key is hashed and prefixed, values over `TILE_CACHE_MAX_BYTES` are not stored, and `clear()`
forgets our keys only. No lock is held while the cache server is asked.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.core.cache import caches
from django.core.cache.backends.base import InvalidCacheBackendError
from django.core.exceptions import ImproperlyConfigured
from large_image.cache_util.base import BaseCache
from large_image.exceptions import TileCacheConfigurationError

from django_large_image.conf import settings

T = TypeVar('T')

PREFIX = 'large-image'
_MISSING = object()


class Generations:
    """Texts in keys: a new one makes all older keys unreachable, and they expire.

    There is one in all keys, and one for each `name` that is to be forgotten by itself. It is read
    from the cache once a second at most, so that other processes see a `clear()` soon and a look-up
    costs one round trip.
    """

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], tuple[float, int]] = {}

    def current(self, alias: str, name: str = '') -> int:
        """Return the generation of a name."""
        read_at, value = self._values.get((alias, name), (0.0, 0))
        now = time.monotonic()
        if not read_at or now - read_at > 1:
            value = caches[alias].get(self._key(name), 0)
            self._remember(alias, name, value)
        return value

    def next(self, alias: str, name: str = '') -> None:
        """Begin a new one: a time, so that none comes again when the cache has lost the last."""
        value = time.time_ns()
        caches[alias].set(self._key(name), value, None)
        self._remember(alias, name, value)

    def forget(self) -> None:
        """Read them all again."""
        self._values.clear()

    @staticmethod
    def _key(name: str) -> str:
        return f'{PREFIX}:generation:{name}' if name else f'{PREFIX}:generation'

    def _remember(self, alias: str, name: str, value: int) -> None:
        if len(self._values) >= _MAX_NAMES:
            self._values.clear()
        self._values[alias, name] = (time.monotonic(), value)


_MAX_NAMES = 4096
generations = Generations()


def make_key(*parts: object) -> str:
    """Return a cache key of bounded length; equal parts give equal keys in every process."""
    text = '\x1f'.join(map(str, parts))
    digest = hashlib.blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=20).hexdigest()
    return f'{PREFIX}:{generations.current(settings.CACHE_NAME)}:{digest}'


def get(key: str, default: Any = None) -> Any:
    """Return what the cache holds under a key of `make_key`."""
    return caches[settings.CACHE_NAME].get(key, default)


def put(key: str, value: object) -> None:
    """Store a value unless its bytes are too many."""
    if isinstance(value, bytes) and len(value) > settings.TILE_CACHE_MAX_BYTES:
        return
    caches[settings.CACHE_NAME].set(key, value, settings.TILE_CACHE_TIMEOUT)


def clear() -> None:
    """Forget every key of ours in the cache; other users of the same cache keep theirs."""
    generations.next(settings.CACHE_NAME)


class SingleFlight:
    """Lets the first caller of a key work and has the others wait for its result in the cache."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._flights: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def __call__(self, key: str) -> Iterator[None]:
        with self._guard:
            lock, waiting = self._flights.get(key, (threading.Lock(), 0))
            self._flights[key] = (lock, waiting + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, waiting = self._flights[key]
                if waiting == 1:
                    del self._flights[key]
                else:
                    self._flights[key] = (lock, waiting - 1)


_flight = SingleFlight()


def get_or_make(key: str, make: Callable[[], T]) -> T:
    """Return the cached value of a key, or make and store it; threads that ask at once share
    one making.
    """
    value = get(key, _MISSING)
    if value is not _MISSING:
        return value  # type: ignore[no-any-return]
    with _flight(key):
        value = get(key, _MISSING)
        if value is _MISSING:
            value = make()
            put(key, value)
    return value  # type: ignore[no-any-return]


class DjangoCache(BaseCache):  # type: ignore[misc]  # large-image is not typed
    """large-image's tile cache, kept in the Django cache that the settings name."""

    def __init__(self, alias: str) -> None:
        super().__init__(0)
        self._alias = alias

    def __repr__(self) -> str:
        return f'DjangoCache<{self._alias!r}>'

    def __iter__(self) -> Iterator[str]:
        # A Django cache cannot list its keys.
        return iter(())

    def __len__(self) -> int:
        return 0

    def __contains__(self, key: object) -> bool:
        return get(make_key('tile', key), _MISSING) is not _MISSING

    def __getitem__(self, key: str) -> Any:
        value = get(make_key('tile', key), _MISSING)
        return self.__missing__(key) if value is _MISSING else value

    def __setitem__(self, key: str, value: Any) -> None:
        # Arrays and PIL images are of no use to another process and large.
        if isinstance(value, bytes):
            put(make_key('tile', key), bytes(value))

    def __delitem__(self, key: str) -> None:
        caches[settings.CACHE_NAME].delete(make_key('tile', key))

    def __missing__(self, key: str) -> Any:
        raise KeyError(key)

    @property
    def curritems(self) -> int:
        return 0

    @property
    def currsize(self) -> int:
        return 0

    @property
    def maxsize(self) -> int:
        return 0

    def clear(self) -> None:
        """Forget our keys only."""
        clear()

    @staticmethod
    def getCache() -> tuple[DjangoCache, None]:
        """Return the cache and no lock: Django's caches are safe under threads."""
        alias = settings.CACHE_NAME
        try:
            caches[alias]
        except (InvalidCacheBackendError, ImproperlyConfigured) as error:
            raise TileCacheConfigurationError(str(error)) from error
        return DjangoCache(alias), None
