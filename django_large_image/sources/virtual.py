"""A file system of GDAL whose files are anything that gives ranges of bytes: `/vsiranges/`.

GDAL's own reader of URLs resolves names and follows redirects by itself, asks for what it pleases
and takes whatever comes, another version of the file included. Here this package asks.
"""

from __future__ import annotations

import atexit
import ctypes as c
import itertools
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from osgeo import _gdal, gdal

from django_large_image.conf import settings
from django_large_image.exceptions import BusyError, LargeImageError, UnreadableError
from django_large_image.sources.jpeg2000.resolutions import Resolutions

logger = logging.getLogger(__name__)

PREFIX = '/vsiranges/'
# Seconds that the end of a process takes longer in which daemons read.
_GRACE = 0.1
Span = tuple[int, int]


class Ranges(Protocol):
    """What a file has to offer."""

    @property
    def size(self) -> int:
        """Its length in bytes."""

    def read(self, spans: Sequence[Span]) -> list[bytes]:
        """Return the bytes from each start up to each end, all within the file."""


class _File:
    """An open file: where its reader stands."""

    __slots__ = ('at_end', 'position', 'ranges')

    def __init__(self, ranges: Ranges) -> None:
        self.ranges = ranges
        self.position = 0
        self.at_end = False


class _Readers:
    """The threads that have GDAL read files of ours.

    Those that are left at the end of Python (daemons) are unwound when they come back to it, with
    GDAL's frames on their stacks, which aborts the process: there they have to stand still.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._daemons = False
        self.ended = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Have the end of the process wait for the block; raises `BusyError` after it."""
        daemon = threading.current_thread().daemon
        with self._changed:
            ended, self._count = self.ended, self._count + (not self.ended)
            self._daemons |= daemon
        if ended:
            self._stop(daemon)
            raise BusyError
        try:
            yield
        finally:
            with self._changed:
                ended, self._count = self.ended, self._count - 1
                self._changed.notify_all()
            if ended:
                self._stop(daemon)

    def _stop(self, daemon: bool) -> None:
        """Have a daemon wait for what never comes."""
        if daemon:
            threading.Event().wait()

    def end(self) -> None:
        """Let nobody read any more, and wait for those who do, as long as a store may take."""
        with self._changed:
            self.ended = True
            if self._count:
                self._changed.wait_for(lambda: not self._count, 2.0 * settings.REMOTE_TIMEOUT)
            if self._daemons:
                # Those who were about to read come to stand.
                self._changed.wait_for(lambda: False, _GRACE)


reading = _Readers()
atexit.register(reading.end)
os.register_at_fork(after_in_child=reading.reset)

_open: Callable[[str], Ranges] | None = None
_files: dict[int, _File] = {}
_numbers = itertools.count(1)
_failed = threading.local()


def install(opener: Callable[[str], Ranges]) -> None:
    """Have paths below `/vsiranges/` opened by a function of the path without that prefix.

    What the function and its files raise is kept for `failure`; but for `FileNotFoundError`.
    """
    global _open
    if _open is None:
        _install()
    _open = opener


def has_failed() -> bool:
    """Whether there is a `failure`: GDAL tries again in other ways then, or takes what is missing
    for zeros; or nothing is read any more.
    """
    return reading.ended or getattr(_failed, 'error', None) is not None


def failure() -> LargeImageError | None:
    """Return, once, the error by which the last file failed that GDAL read in this thread."""
    error: LargeImageError | None = getattr(_failed, 'error', None)
    _failed.error = None
    return error


def _fail(error: Exception) -> None:
    if not isinstance(error, LargeImageError):
        logger.error('A range of bytes could not be read.', exc_info=error)
        error = UnreadableError()
    _failed.error = error


def _on_stat(data: Any, name: bytes, status: Any, flags: int) -> int:
    # Whatever else is asked lies elsewhere in `status` on each platform.
    number = _on_open(data, name, b'rb') if flags == gdal.VSI_STAT_EXISTS_FLAG else None
    if number is None:
        return -1
    return _on_close(number)


def _on_open(data: Any, name: bytes, access: bytes) -> int | None:
    try:
        if _open is None or reading.ended or access[:1] != b'r' or b'+' in access:
            return None
        file = _File(Resolutions(_open(name.decode())))
    except FileNotFoundError:
        # GDAL looks for files beside an image.
        return None
    except Exception as error:  # noqa: BLE001 - there is no way for it through C
        _fail(error)
        return None
    number = next(_numbers)
    _files[number] = file
    return number


def _on_tell(number: int) -> int:
    return _files[number].position


def _on_seek(number: int, offset: int, whence: int) -> int:
    file = _files[number]
    start = (0, file.position, file.ranges.size)[whence]
    # A negative step comes as its complement.
    file.position = (start + offset) & 0xFFFF_FFFF_FFFF_FFFF
    file.at_end = False
    return 0


def _on_read(number: int, target: int, size: int, count: int) -> int:
    file = _files[number]
    start = file.position
    end = min(start + size * count, file.ranges.size)
    if end < start + size * count:
        file.at_end = True
    if end <= start or not size or has_failed():
        return 0
    try:
        (content,) = file.ranges.read([(start, end)])
    except Exception as error:  # noqa: BLE001 - there is no way for it through C
        _fail(error)
        return 0
    c.memmove(target, content, len(content))
    file.position = start + len(content)
    return len(content) // size


def _on_read_ranges(number: int, count: int, targets: Any, starts: Any, sizes: Any) -> int:
    file = _files[number]
    if has_failed():
        return -1
    spans = [(starts[index], starts[index] + sizes[index]) for index in range(count)]
    try:
        if any(end > file.ranges.size for _, end in spans):
            raise UnreadableError('Unreadable image: it is shorter than it says.')
        for index, content in enumerate(file.ranges.read(spans)):
            c.memmove(targets[index], content, len(content))
    except Exception as error:  # noqa: BLE001 - there is no way for it through C
        _fail(error)
        return -1
    return 0


def _on_eof(number: int) -> int:
    return int(_files[number].at_end)


def _on_close(number: int, _files: dict[int, _File] = _files) -> int:
    # Its names are its own: at the end of the process those of the module may be gone.
    _files.pop(number, None)
    return 0


_P, _Z, _U = c.c_void_p, c.c_size_t, c.c_uint64
# The members of VSIFilesystemPluginCallbacksStruct that all versions have, in order.
_MEMBERS: list[tuple[str, Any, Callable[..., Any] | None]] = [
    ('user_data', _P, None),
    ('stat', c.CFUNCTYPE(c.c_int, _P, c.c_char_p, _P, c.c_int), _on_stat),
    *((name, _P, None) for name in ('unlink', 'rename', 'mkdir', 'rmdir', 'read_dir')),
    ('open', c.CFUNCTYPE(_P, _P, c.c_char_p, c.c_char_p), _on_open),
    ('tell', c.CFUNCTYPE(_U, _P), _on_tell),
    ('seek', c.CFUNCTYPE(c.c_int, _P, _U, c.c_int), _on_seek),
    ('read', c.CFUNCTYPE(_Z, _P, _P, _Z, _Z), _on_read),
    (
        'read_ranges',
        c.CFUNCTYPE(c.c_int, _P, c.c_int, c.POINTER(_P), c.POINTER(_U), c.POINTER(_Z)),
        _on_read_ranges,
    ),
    ('range_status', _P, None),
    ('eof', c.CFUNCTYPE(c.c_int, _P), _on_eof),
    *((name, _P, None) for name in ('write', 'flush', 'truncate')),
    ('close', c.CFUNCTYPE(c.c_int, _P), _on_close),
]


class _Callbacks(c.Structure):
    _fields_ = [(name, kind) for name, kind, _ in _MEMBERS]


def _install() -> None:
    """Tell the very libgdal that the binding uses of the file system, for good."""
    library = c.CDLL(_gdal.__file__)
    allocate = library.VSIAllocFilesystemPluginCallbacksStruct
    allocate.restype = c.POINTER(_Callbacks)
    # GDAL allocates and clears it, members of later versions included.
    table = allocate()
    for name, kind, function in _MEMBERS:
        if function is not None:
            setattr(table.contents, name, _for_good(kind(function)))
    library.VSIInstallPluginHandler(_for_good(c.create_string_buffer(PREFIX.encode())), table)
    library.VSIFreeFilesystemPluginCallbacksStruct(table)


def _for_good(value: Any) -> Any:
    """Return a value that outlives this module: GDAL keeps its address, and closes files late."""
    c.pythonapi.Py_IncRef(c.py_object(value))
    return value
