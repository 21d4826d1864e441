"""Bytes of remote files that this process holds: each is fetched once, however many threads ask."""

from __future__ import annotations

import os
import weakref
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from threading import Lock

from django_large_image.exceptions import BusyError

Span = tuple[int, int]
Fetch = Callable[[int, int], bytes]

# The least that a request asks for, and how far one asks for more when its reader comes back for
# what follows: the headers of images are read in small steps.
_LEAST, _MOST = 16 * 1024, 1024 * 1024
# Ranges with a smaller gap are fetched together.
_GAP = 4 * 1024
# How many requests one reader has under way at a time.
_AT_ONCE = 8
# Bytes kept in memory, all files together: what is decoded is kept elsewhere. The beginning of a
# file, where its header is, is kept as long as it is open.
_KEPT_BYTES = 32 * 1024 * 1024


class _Extent:
    """Bytes from `start` to `end`, there or on their way."""

    __slots__ = ('__weakref__', 'content', 'end', 'start')

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end
        self.content: Future[bytes] = Future()


class Extents:
    """The bytes of one version of one file: no two extents overlap.

    `fetch(start, end)` returns exactly these bytes or raises.
    """

    def __init__(self, size: int, fetch: Fetch) -> None:
        self.size = size
        self._fetch = fetch
        self._guard = Lock()
        self._starts: list[int] = []
        self._extents: list[_Extent] = []
        # Where the last small request ended, and for how much it asked.
        self._ahead = (-1, _LEAST)

    def read(self, spans: Sequence[Span], timeout: float) -> list[bytes]:
        """Return the bytes of each span (start, end).

        `timeout` is how long to wait for what other threads are fetching, in seconds; raises
        `BusyError` after it, and what `fetch` raises.
        """
        mine: list[_Extent] = []
        alone = len(spans) == 1
        with self._guard:
            wanted = [self._cover(*self._stretch(*span, alone=alone), mine) for span in spans]
        try:
            self._fetch_all(mine)
        except BaseException as error:
            self._give_up(mine, error)
            raise
        return [_join(parts, *span, timeout) for parts, span in zip(wanted, spans, strict=True)]

    def drop(self, extent: _Extent) -> None:
        """Forget an extent."""
        with self._guard:
            index = bisect_right(self._starts, extent.start) - 1
            if index >= 0 and self._extents[index] is extent:
                del self._starts[index], self._extents[index]

    def _stretch(self, start: int, end: int, *, alone: bool) -> Span:
        """Return a larger span to fetch in place of a small one."""
        if alone and start < _LEAST:
            return 0, min(self.size, max(end, _header(self.size)))
        if not alone or end - start >= _LEAST or self._holds(start, end):
            return start, end
        before, length = self._ahead
        # The reader goes on where the last request ended, or looks elsewhere.
        length = min(_MOST, 2 * length) if start <= before <= end else _LEAST
        stop = min(self.size, max(end, start + length))
        self._ahead = stop, length
        return start, stop

    def _holds(self, start: int, end: int) -> bool:
        index = bisect_right(self._starts, start) - 1
        return index >= 0 and self._extents[index].end >= end

    def _cover(self, start: int, end: int, mine: list[_Extent]) -> list[_Extent]:
        """Return the extents that hold a span; new ones, to be fetched, are added to `mine`."""
        found: list[_Extent] = []
        position = start
        index = max(0, bisect_right(self._starts, start) - 1)
        while position < end:
            extent = self._extents[index] if index < len(self._extents) else None
            if extent is not None and extent.end <= position:
                index += 1
                continue
            if extent is None or extent.start > position:
                extent = _Extent(position, min(end, extent.start) if extent else end)
                self._starts.insert(index, extent.start)
                self._extents.insert(index, extent)
                mine.append(extent)
            found.append(extent)
            position = extent.end
            index += 1
        return found

    def _fetch_all(self, extents: list[_Extent]) -> None:
        """Fetch extents, neighbours by one request."""
        runs: list[list[_Extent]] = []
        for extent in sorted(extents, key=lambda extent: extent.start):
            if runs and extent.start - runs[-1][-1].end <= _GAP:
                runs[-1].append(extent)
            else:
                runs.append([extent])
        if len(runs) == 1:
            self._fetch_run(runs[0])
        elif runs:
            # A distant store answers several as soon as one.
            with ThreadPoolExecutor(min(len(runs), _AT_ONCE)) as pool:
                list(pool.map(self._fetch_run, runs))

    def _fetch_run(self, run: list[_Extent]) -> None:
        start = run[0].start
        content = self._fetch(start, run[-1].end)
        for extent in run:
            extent.content.set_result(content[extent.start - start : extent.end - start])
            if extent.start:
                _kept.add(self, extent)

    def _give_up(self, extents: list[_Extent], error: BaseException) -> None:
        """Forget what could not be fetched, so that the next reader tries again."""
        for extent in extents:
            if not extent.content.done():
                self.drop(extent)
                extent.content.set_exception(error)


class _Kept:
    """The extents that may be forgotten, the oldest first."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._guard = Lock()
        self._bytes = 0
        self._extents: OrderedDict[_Extent, weakref.ref[Extents]] = OrderedDict()

    def add(self, owner: Extents, extent: _Extent) -> None:
        """Keep an extent, and let others go for it."""
        gone = []
        with self._guard:
            self._extents[extent] = weakref.ref(owner)
            self._bytes += extent.end - extent.start
            while self._bytes > _KEPT_BYTES and len(self._extents) > 1:
                former, ref = self._extents.popitem(last=False)
                self._bytes -= former.end - former.start
                gone.append((former, ref()))
        for former, former_owner in gone:
            if former_owner is not None:
                former_owner.drop(former)


_kept = _Kept()
os.register_at_fork(after_in_child=_kept.reset)


def _header(size: int) -> int:
    """Return how much of the beginning of a file to ask for: its table of blocks grows with it."""
    return max(_LEAST, min(size >> 12, 16 * _LEAST))


def _join(extents: list[_Extent], start: int, end: int, timeout: float) -> bytes:
    """Return a span out of the extents that hold it."""
    parts = []
    for extent in extents:
        try:
            content = extent.content.result(timeout)
        except FutureTimeoutError:
            raise BusyError() from None
        part = content[max(0, start - extent.start) : max(0, end - extent.start)]
        parts.append(part)
    return b''.join(parts)
