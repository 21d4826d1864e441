"""Work for a store, in threads of its own: a request waits for it no longer than `REMOTE_TIMEOUT`,
while the work goes on.
"""

from __future__ import annotations

import contextvars
import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connections

from django_large_image.conf import settings
from django_large_image.exceptions import BusyError, LargeImageError

logger = logging.getLogger(__name__)
T = TypeVar('T')

# Those included that hang in a store that does not answer: a thread cannot be stopped.
_MAX_THREADS = 32


class Errand(threading.Thread):
    """One piece of work under way; `work` is given a function to call when there is progress."""

    def __init__(self, work: Callable[[Callable[[], None]], Any]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._context = contextvars.copy_context()
        self._done = threading.Event()
        self._seen = time.monotonic()
        self._result: Any = None
        self._error: LargeImageError | None = None

    def send(self) -> None:
        """Begin; raises `BusyError` where too many others are under way."""
        with _guard:
            if len(_under_way) >= _MAX_THREADS:
                raise BusyError
            _under_way.add(self)
        self.start()

    def run(self) -> None:
        """Do the work, and keep what comes of it for those who wait."""
        try:
            self._result = self._context.run(self._work, self.progress)
        except LargeImageError as error:
            self._error = error
        except Exception:
            logger.exception('An image could not be fetched from its storage.')
            self._error = BusyError()
        finally:
            # This thread's own: a storage may have used the database.
            connections.close_all()
            with _guard:
                _under_way.discard(self)
            self._done.set()

    def progress(self) -> None:
        """Say that the work does not hang."""
        self._seen = time.monotonic()

    @property
    def usable(self) -> bool:
        """Whether it is worth waiting for: not over, and there was progress not long ago."""
        moving = time.monotonic() - self._seen <= settings.REMOTE_TIMEOUT
        return moving and not self._done.is_set()

    def wait(self) -> Any:
        """Return what the work returns; raises what it raises, and `BusyError` when it takes too
        long.
        """
        if not self._done.wait(settings.REMOTE_TIMEOUT):
            raise BusyError('This image is still on its way from its storage.')
        if self._error is not None:
            # One of its own for each of those who wait.
            raise type(self._error)(self._error.detail)
        return self._result


def in_time(work: Callable[[], T]) -> T:
    """Return what `work` does, or raise `BusyError` after `REMOTE_TIMEOUT` seconds."""
    errand = Errand(lambda progress: work())
    errand.send()
    result: T = errand.wait()
    return result


_guard = threading.Lock()
_under_way: set[Errand] = set()


def _reset() -> None:
    """A child process has none of its parent's threads."""
    global _guard
    _guard = threading.Lock()
    _under_way.clear()


os.register_at_fork(after_in_child=_reset)
