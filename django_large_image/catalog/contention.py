"""What to do where a database refuses something because others write to it at this moment."""

from __future__ import annotations

import logging
import math
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import OperationalError, connections, transaction

from django_large_image.exceptions import BusyError

logger = logging.getLogger(__name__)
T = TypeVar('T')

# SQLSTATE of PostgreSQL: no serial order, a deadlock, a lock that was not to be had, out of time.
_STATES = {'40001', '40P01', '55P03', '57014'}
# How long PostgreSQL waits for a row; SQLite waits as long (its option `timeout`).
_WAIT = '5s'
# Seconds that a job waits, and between its attempts, each of which the database lets wait itself.
_PATIENCE, _PAUSE = 120.0, 0.2
# Seconds after a refusal, and when there was the last one of a database.
_RESPITE = 5.0
_refused: dict[str, float] = {}
BUSY = 'The database is busy: ask again.'


def is_busy(error: Exception) -> bool:
    """Return whether a database may do a little later what it refused."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.OperationalError):
        return 'locked' in str(cause)
    return (getattr(cause, 'sqlstate', None) or getattr(cause, 'pgcode', None)) in _STATES


@contextmanager
def briefly(using: str) -> Iterator[None]:
    """Make one transaction of the block, which does not wait long for others, whatever the
    database.

    Raises `OperationalError` (see `is_busy`) instead, and the block is undone.
    """
    connection = connections[using]
    outermost = not connection.in_atomic_block
    with transaction.atomic(using):
        if outermost and connection.vendor == 'postgresql':
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_WAIT])
        yield


def attempt(using: str, write: Callable[[], T], *, insist: bool = False) -> T | None:
    """Return what `write` does to a database, briefly; None where that is busy.

    Nor is it asked again for a moment then, unless we `insist`: who needs many rasters waits for
    it once.
    """
    if not insist and time.monotonic() - _refused.get(using, -math.inf) < _RESPITE:
        return None
    try:
        with briefly(using):
            return write()
    except OperationalError as error:
        if not is_busy(error):
            raise
    _refused[using] = time.monotonic()
    return None


def forget() -> None:
    """Ask all databases again."""
    _refused.clear()


def patiently(work: Callable[[], T]) -> T:
    """Return what `work` does, which is done again while the database is busy.

    Raises `BusyError` where it is so for two minutes.
    """
    give_up = time.monotonic() + _PATIENCE
    told = False
    while True:
        try:
            return work()
        except OperationalError as error:
            if not is_busy(error):
                raise
            if time.monotonic() >= give_up:
                raise BusyError('The database has been busy for too long.') from error
        if not told:
            logger.warning('The database is busy: waiting for it.')
            told = True
        time.sleep(_PAUSE)
