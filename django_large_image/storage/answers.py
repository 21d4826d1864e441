"""What stores answer over HTTP, and what that means to the one who asked."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from django_large_image.conf import settings
from django_large_image.exceptions import BusyError, UnreadableError

# Wait: too many requests, or one that took too long.
_TRANSIENT = {408, 425, 429}
# An answer may take longer than `REMOTE_TIMEOUT` where at least so many bytes come in a second.
_SLOWEST = 64 * 1024
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; names of headers are in lower case. `url` is the one that answered."""

    status: int
    headers: dict[str, str]
    body: bytes = field(default=b'', repr=False)
    url: str = field(default='', repr=False)

    @property
    def size(self) -> int | None:
        """The length in bytes of the whole file; None where it is not told."""
        text = self.headers.get('content-length', '')
        if self.status == 206:
            text = self.headers.get('content-range', '').rpartition('/')[2]
        return int(text) if text.isdecimal() else None

    def check(self) -> None:
        """Raise `BusyError` for a store in trouble or a file that was replaced, `UnreadableError`
        for any other answer that does not give the file.
        """
        if self.status in (200, 206):
            return
        if self.status == 412:
            raise replaced()
        if self.status in _TRANSIENT or self.status >= 500:
            raise BusyError
        raise UnreadableError('The store of this image does not give it out.')

    def check_part(self, start: int, end: int) -> None:
        """Raise what `check` does, and for anything but the bytes from `start` up to `end`.

        A body of which nothing was read yet is not looked at.
        """
        self.check()
        if self.status == 200:
            raise whole()
        given = self.headers.get('content-range', '').partition('/')[0]
        length = self.headers.get('content-length', str(end - start))
        if given != f'bytes {start}-{end - 1}' or length != str(end - start):
            raise cut_short()


def whole() -> UnreadableError:
    """Return the error of a store that sends all of a file where a part was asked for."""
    return UnreadableError('The store of this image does not send parts of files.')


def replaced() -> BusyError:
    """Return the error of a file that is another one by now."""
    return BusyError('The image was replaced while it was read.')


def cut_short() -> BusyError:
    """Return the error of an answer that ends too early."""
    return BusyError('The store of the image sent less than it was asked for.')


class Deadline:
    """When an answer has to be there: bytes put it off when they come fast enough.

    A timeout of a socket starts anew with every byte: a trickle would never end.
    """

    def __init__(self) -> None:
        self._end: float = time.monotonic() + settings.REMOTE_TIMEOUT

    def left(self) -> float:
        """Return how many seconds are left; raises `TimeoutError` where none are."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return min(seconds, float(settings.REMOTE_TIMEOUT))

    def came(self, count: int) -> None:
        """Put it off for so many bytes."""
        self._end += count / _SLOWEST


def read_body(response: Any, length: int) -> bytes:
    """Return the next `length` bytes of a response of urllib3's.

    Raises `BusyError` where it ends before, `TimeoutError`, and what reading it does.
    """
    deadline = Deadline()
    # Of the older ones `read` waits for all that it is asked for.
    read = getattr(response, 'read1', response.read)
    parts: list[bytes] = []
    left = length
    while left:
        deadline.left()
        part = read(min(left, _CHUNK))
        if not part:
            raise cut_short()
        deadline.came(len(part))
        left -= len(part)
        parts.append(part)
    # At its end the connection is free for the next request.
    response.read()
    return b''.join(parts)
