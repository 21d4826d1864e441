"""Bytes under keys in a temporary file of bounded size: what is oldest is overwritten.

The file has no name, so that it ends with the process, and its pages are the kernel's to drop, not
the process's memory.
"""

from __future__ import annotations

import errno
import logging
import os
import tempfile
import threading
import weakref
from collections import deque
from collections.abc import Hashable, Iterable, Sequence

from django_large_image.pixels.raster import Array

logger = logging.getLogger(__name__)

Span = tuple[int, int]


class _Entry:
    """Where a value lies: `start` counts the bytes ever written, `place` those of the file.

    It is `pending`, and its place not to be had, until it has been written and can be found.
    """

    __slots__ = ('key', 'pending', 'place', 'start')

    def __init__(self, key: Hashable, start: int, place: int) -> None:
        self.key = key
        self.start, self.place = start, place
        self.pending = True


class _File:
    """A file without a name, closed when nobody reads or writes it any more."""

    def __init__(self) -> None:
        with tempfile.TemporaryFile(dir=_folder()) as file:
            self.descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self.descriptor)


class RingFile:
    """Keeps values for all threads; no lock is held while the file is read or written.

    A range of the file leaves the index before it is overwritten, so that a reader whose entry is
    still there afterwards has read what was written. On a full disk nothing is kept any more.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.failed = False
        self._empty(0)

    def _empty(self, limit: int) -> None:
        # Who still reads or writes the file before holds it; then it is closed.
        self._file: _File | None = None
        self._limit = limit
        self._entries: dict[Hashable, _Entry] = {}
        # In the order of their places: the oldest is overwritten first.
        self._order: deque[_Entry] = deque()
        self._head = 0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    @property
    def full(self) -> bool:
        """Whether what comes now is written over what was there before."""
        return self._head > self._limit

    def read(self, key: Hashable, spans: Iterable[Span]) -> list[bytes] | None:
        """Return parts (start, size) of a value; None when it is not there, or no longer."""
        file, entry = self._file, self._entries.get(key)
        if entry is None or file is None:
            return None
        try:
            found = [os.pread(file.descriptor, size, entry.place + start) for start, size in spans]
        except OSError as error:
            logger.warning('Reading decoded blocks failed: %s', error)
            return None
        return found if self._file is file and self._entries.get(key) is entry else None

    def write(self, key: Hashable, parts: Sequence[Array], limit: int) -> bool:
        """Keep contiguous arrays, one behind the other, in a file of at most `limit` bytes.

        Returns whether they were kept: not where they do not fit, nor on a full disk.
        """
        size = sum(part.nbytes for part in parts)
        if self.failed or size > limit:
            return False
        written = False
        try:
            with self._guard:
                file, entry = self._reserve(key, size, limit)
            if entry is None:
                return False
            try:
                _write(file.descriptor, parts, entry.place)
                written = True
            finally:
                with self._guard:
                    # At once: in between its place could be given away.
                    entry.pending = False
                    kept = written and self._file is file
                    if kept:
                        self._entries[key] = entry
        except OSError as error:
            self._give_up(error)
            return False
        return kept

    def _reserve(self, key: Hashable, size: int, limit: int) -> tuple[_File, _Entry | None]:
        """Return the file and a place in it of which all that lay there is forgotten."""
        if self._file is None or limit != self._limit:
            self._empty(limit)
            self._file = _File()
        start = self._head
        if start % limit + size > limit:
            start += limit - start % limit
        while self._order and self._order[0].start < start + size - limit:
            if self._order[0].pending:
                # It would be written over what comes now.
                return self._file, None
            oldest = self._order.popleft()
            if self._entries.get(oldest.key) is oldest:
                del self._entries[oldest.key]
        entry = _Entry(key, start, start % limit)
        self._order.append(entry)
        self._head = start + size
        return self._file, entry

    def _give_up(self, error: OSError) -> None:
        logger.warning('Decoded blocks are not kept any more: %s', error)
        with self._guard:
            self.failed = True
            self._empty(0)


def _folder() -> str | None:
    """Return where large files belong: `/tmp` may be memory."""
    named = any(os.environ.get(name) for name in ('TMPDIR', 'TEMP', 'TMP'))
    return '/var/tmp' if not named and os.access('/var/tmp', os.W_OK) else None  # noqa: S108


def _write(descriptor: int, parts: Iterable[Array], place: int) -> None:
    for part in parts:
        if os.pwrite(descriptor, part.data, place) != part.nbytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        place += part.nbytes
