"""Who measures a dataset: it stands in its row, where all processes see it, for as long as it is
renewed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Event, Thread

from django.db import Error, connections
from django.db.models import Q, QuerySet
from django.utils import timezone

from django_large_image.catalog.contention import attempt, briefly
from django_large_image.catalog.models import Dataset

# After so long without a renewal whoever began to measure has died. No clock of several machines
# may be as far from another's as the one is from the other.
_LEASE, _RENEWED = timedelta(seconds=30), timedelta(seconds=10)


class Lease:
    """That this process measures a dataset and nobody else does; `row` is a query of it alone."""

    def __init__(self, row: QuerySet[Dataset]) -> None:
        self._row = row
        self._since: datetime | None = None
        self._over = Event()
        self._renewal = Thread(target=self._renew, name='catalog-lease', daemon=True)

    def take(self) -> bool | None:
        """Return whether nobody else has it; None where the database is too busy to take it."""
        now = timezone.now()
        free = Q(measuring_since__isnull=True) | Q(measuring_since__lt=now - _LEASE)
        # Who only waits does not write.
        if not self._row.filter(free).exists():
            return False
        taken = attempt(self._row.db, lambda: self._row.filter(free).update(measuring_since=now))
        if not taken:
            return None if taken is None else False
        self._since = now
        # In a transaction nobody sees it, and who asks for the row is made to wait for its end.
        if not connections[self._row.db].in_atomic_block:
            self._renewal.start()
        return True

    def end(self) -> None:
        """Let others have it; where the database is busy it ends by itself."""
        self._over.set()
        if self._renewal.is_alive():
            self._renewal.join()
        held = self._row.filter(measuring_since=self._since)
        attempt(self._row.db, lambda: held.update(measuring_since=None), insist=True)

    def _renew(self) -> None:
        while not self._over.wait(_RENEWED.total_seconds()):
            now = timezone.now()
            try:
                with briefly(self._row.db):
                    held = self._row.filter(measuring_since=self._since).update(measuring_since=now)
            except Error:
                # There is time for another attempt.
                continue
            finally:
                # It is this thread's own.
                connections[self._row.db].close()
            if not held:
                return
            self._since = now
