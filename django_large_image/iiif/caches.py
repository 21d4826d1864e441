"""What an IIIF service keeps, descriptions and pictures: counted, and forgotten on demand.

Both lie in the Django cache of the package (`CACHE_NAME`), under keys of the version of the file.
Counters are added up in each process and told to the cache once a second, so that any process that
shares the cache, a management command too, gives the same numbers.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from django.core.cache import caches
from django.db import connections

from django_large_image import cache
from django_large_image.conf import settings
from django_large_image.metrics import outcome, stage

logger = logging.getLogger(__name__)
T = TypeVar('T')

_ALL = 'iiif'
_COUNTED = ('gets', 'hits', 'stored', 'stored_bytes')
_SECONDS = 1.0


class Tally:
    """Counters that all processes with the same cache add up in it."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin at zero, in a forked process for one, whatever thread held the lock."""
        self._guard = threading.Lock()
        self._pending: Counter[str] = Counter()
        self._timer: threading.Timer | None = None

    def add(self, **numbers: int) -> None:
        """Add to counters; the cache learns of it within a second."""
        with self._guard:
            for name, number in numbers.items():
                self._pending[name] += number
            if self._timer is None:
                self._timer = threading.Timer(_SECONDS, self._flush_later)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Tell the cache what it does not know yet."""
        with self._guard:
            pending, self._pending = self._pending, Counter()
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        for name, number in pending.items():
            shared, key = caches[settings.CACHE_NAME], _counter_key(name)
            shared.add(key, 0, None)
            # A cache that is full, or keeps nothing, has lost it again.
            with suppress(ValueError):
                shared.incr(key, number)
            # Some backends give what they increase their usual time to live.
            shared.touch(key, None)

    def totals(self) -> dict[str, int]:
        """Return all counters that any process has told the cache, and this one's."""
        self.flush()
        keys = {
            f'{kind}_{name}': _counter_key(f'{kind}_{name}') for kind in KINDS for name in _COUNTED
        }
        found = caches[settings.CACHE_NAME].get_many(keys.values())
        return {name: int(found.get(key, 0)) for name, key in keys.items()}

    def _flush_later(self) -> None:
        try:
            self.flush()
        except Exception:  # a cache server may fail in any way
            logger.exception('Counters of the IIIF caches are lost.')
        finally:
            # A cache in a database has opened a connection for this thread.
            connections.close_all()


def _counter_key(name: str) -> str:
    return f'{cache.PREFIX}:{_ALL}:{name}'


KINDS = ('info', 'derivatives')
_tally = Tally()
os.register_at_fork(after_in_child=_tally.reset)
flush = _tally.flush


def get_or_make(kind: str, owner: str, name: str, make: Callable[[], T]) -> T:
    """Return what is kept under a name, made once by the threads that ask for it at once.

    `kind` is one of `KINDS`, `owner` whatever `purge` shall know the image by; the name tells the
    version of the image, as an ETag does.
    """
    alias, current = settings.CACHE_NAME, cache.generations.current
    ages = current(alias, _ALL), current(alias, _generation_name(owner))
    key = cache.make_key(_ALL, kind, *ages, name)
    made: list[T] = []

    def work() -> T:
        made.append(make())
        return made[0]

    with stage('cache'):
        value = cache.get_or_make(key, work)
        outcome('cache', 'miss' if made else 'hit')
    if made:
        size = len(value) if isinstance(value, bytes) else 0
        kept = size <= settings.TILE_CACHE_MAX_BYTES
        _tally.add(
            **{f'{kind}_gets': 1, f'{kind}_stored': kept, f'{kind}_stored_bytes': size * kept}
        )
    else:
        _tally.add(**{f'{kind}_gets': 1, f'{kind}_hits': 1})
    return value


def purge(owner: str | None = None) -> None:
    """Forget what is kept of one image, or of all; other processes do within a second."""
    name = _ALL if owner is None else _generation_name(owner)
    cache.generations.next(settings.CACHE_NAME, name)


def statistics() -> dict[str, Any]:
    """Return the counters of both caches and how full the cache behind them is.

    `bytes` is None where the backend cannot tell. A cache in each process's own memory knows of
    that process only.
    """
    totals = _tally.totals()
    backend = caches[settings.CACHE_NAME]
    return {
        **{kind: {name: totals[f'{kind}_{name}'] for name in _COUNTED} for kind in KINDS},
        'cache': {
            'alias': settings.CACHE_NAME,
            'backend': type(backend).__name__,
            'bytes': getattr(backend, 'held_bytes', None),
            'max_bytes': getattr(backend, 'max_bytes', None),
        },
    }


def owner_name(basename: str | None, identifier: str) -> str:
    """Return what the caches know an image by: the name of its service, and its identifier."""
    return f'{basename or ""}/{identifier}'


def _generation_name(owner: str) -> str:
    # Of bounded length, and of letters that any cache takes.
    digest = hashlib.blake2b(owner.encode('utf-8', 'surrogatepass'), digest_size=12)
    return f'{_ALL}:{digest.hexdigest()}'
