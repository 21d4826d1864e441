"""Local copies of files in storages that GDAL cannot read by itself: made once per version, by one
process, when they are opened.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from pathlib import Path

from django.db.models.fields.files import FieldFile

from django_large_image.conf import settings
from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.sources.opening import close_where
from django_large_image.sources.provision import provider
from django_large_image.sources.reference import ImageReference
from django_large_image.sources.stamp import Stamp
from django_large_image.storage import versions
from django_large_image.storage.errands import Errand, in_time
from django_large_image.storage.original import Original
from django_large_image.storage.shelf import (
    IN_USE,
    FullError,
    LostError,
    Shelf,
    ShelfError,
    open_shelf,
)

logger = logging.getLogger(__name__)

# What is told of an entry, beside its files.
ABOUT = '.copy.json'
REPLACED = 'This image is being replaced.'
NO_ROOM = 'There is no room for this image at the moment.'
_MAX_REMEMBERED = 4096
# How far copying goes between two looks at the room that is left, and between two lines of the log.
_STRIDE = 64 * 1024 * 1024


def copied_reference(field_file: FieldFile) -> ImageReference:
    """Return the reference of a local copy of a stored file, which is made when it is opened.

    Where the storage does not know when a file was modified, the copy is made at once: the version
    is a digest of its bytes then, and it is made anew only if the size changes. Raises
    `UnreadableError` for a file that is missing, `BusyError` where the store does not answer within
    `REMOTE_TIMEOUT` seconds, or nothing can be kept on disk.
    """
    original = Original.of(field_file)
    version = versions.remembered(_question(original), lambda: in_time(original.version))
    copy = Copy(original, version)
    shelf = _shelf()
    shelf.use(copy.key)
    if copy.dated:
        path = copy.path(shelf)
    else:
        if not (version := copy.digest(shelf)):
            _obtain(copy)
            version = copy.digest(shelf)
        path = copy.path(shelf, version)
    _hand_out(str(path), copy)
    _close_removed()
    return ImageReference(str(path), version, original.basename)


@provider
def ensure(path: str) -> None:
    """Make the copy that belongs at a path of `copied_reference`, unless it is there."""
    copy, _ = _handed_out.get(path, (None, None))
    if copy is None or os.path.exists(path):
        return
    _obtain(copy)
    if not os.path.exists(path):
        # Its digest is another one by now.
        raise BusyError(REPLACED)
    _hand_out(path, copy)


class Copy:
    """One version of a stored file, as it is copied."""

    def __init__(self, original: Original, version: str) -> None:
        self.original, self.version = original, version
        told = '\x1f'.join((original.label, original.name, version))
        self.key = blake2b(told.encode('utf-8', 'surrogatepass'), digest_size=20).hexdigest()

    @property
    def dated(self) -> bool:
        """Whether the version says when the file was modified."""
        return not self.version.startswith('-')

    def path(self, shelf: Shelf, digest: str = '') -> Path:
        """Return where the copy is, or will be; without a date, bytes of another digest are
        elsewhere.
        """
        return shelf.path(self.key) / digest / self.original.local_name

    def digest(self, shelf: Shelf) -> str:
        """Return the digest of the bytes of the copy that is there; empty where none is."""
        try:
            about = json.loads((shelf.path(self.key) / ABOUT).read_text(encoding='utf-8'))
            found = str(about['digest'])
        except (OSError, ValueError, KeyError):
            return ''
        return found if self.path(shelf, '' if self.dated else found).exists() else ''

    def make(self, shelf: Shelf, alive: Callable[[], object]) -> None:
        """Copy the file and its sidecars, unless they are there: all of them or none.

        `alive` is called whenever there is progress. Raises `BusyError` where there is no room, or
        the file is replaced meanwhile.
        """
        try:
            self._make(shelf, alive)
        except LostError:
            raise BusyError from None
        except FullError:
            logger.error('COPIES_MAX_BYTES is too small for the images in use.')
            raise BusyError(NO_ROOM) from None
        except OSError as error:
            logger.error('A copy could not be kept: %s', error)
            raise BusyError(NO_ROOM) from None

    def _make(self, shelf: Shelf, alive: Callable[[], object]) -> None:
        with shelf.lease(self.key, settings.REMOTE_TIMEOUT, alive) as lease:
            if self.digest(shelf):
                return
            # Somebody may have tidied up a part of it.
            shelf.remove(self.key)

            def progress() -> None:
                lease.renew()
                alive()

            with shelf.making(self.key) as folder:
                self._fill(folder, shelf, progress)
                lease.renew()
        if not shelf.use(self.key):
            raise OSError('The folder of copies has gone.')

    def _fill(self, folder: Path, shelf: Shelf, progress: Callable[[], None]) -> None:
        began = time.monotonic()
        target = _Target(folder, shelf, progress)
        expected = self.original.size()
        digest = target.write(self.original, self.original.local_name, expected)
        for name, sidecar in self.original.sidecars().items():
            target.write(sidecar, name, None)
        if self.original.version() != self.version:
            versions.forget(_question(self.original))
            raise BusyError(REPLACED)
        if not self.dated:
            files = list(folder.iterdir())
            (folder / digest).mkdir()
            for file in files:
                file.rename(folder / digest / file.name)
        about = {'name': self.original.name, 'digest': digest}
        (folder / ABOUT).write_text(json.dumps(about), encoding='utf-8')
        seconds = time.monotonic() - began
        logger.info('Copied %s: %d bytes in %.1f s', self.original.name, target.written, seconds)


class _Target:
    """The files of an entry that is being made, within the room that is left."""

    def __init__(self, folder: Path, shelf: Shelf, progress: Callable[[], None]) -> None:
        self._folder, self._shelf, self._progress = folder, shelf, progress
        self.written = 0
        self._allowed = 0

    def write(self, original: Original, name: str, expected: int | None) -> str:
        """Write one file, and return the digest of its bytes.

        Raises `BusyError` where it ends before the `expected` number of bytes.
        """
        began, noted = self.written, self.written
        digest = blake2b(digest_size=20)
        with open(self._folder / name, 'xb') as file:
            for chunk in original.chunks():
                self._progress()
                self._make_room(len(chunk), (expected or 0) - (self.written - began))
                file.write(chunk)
                digest.update(chunk)
                self.written += len(chunk)
                if self.written - noted >= _STRIDE:
                    noted = self.written
                    of = f' of {expected >> 20}' if expected else ''
                    logger.info('Copying %s: %d%s MB', original.name, self.written >> 20, of)
        if expected is not None and self.written - began != expected:
            logger.warning('%s broke off after %d bytes', original.name, self.written - began)
            raise BusyError
        return digest.hexdigest()

    def _make_room(self, length: int, left: int) -> None:
        """See that `length` bytes may be written, and that there is room for what is `left`."""
        self._allowed -= length
        if self._allowed >= 0:
            return
        wanted = max(length, left)
        if self.written + wanted > self._shelf.limit:
            logger.error('An image is larger than COPIES_MAX_BYTES.')
            raise UnreadableError('This image is too large to be copied from its storage.')
        self._allowed = min(self._shelf.room(wanted), max(wanted, _STRIDE)) - length


_guard = threading.Lock()
# By path: what belongs there, and which file was there.
_handed_out: OrderedDict[str, tuple[Copy, tuple[int, ...] | None]] = OrderedDict()
_errands: dict[str, Errand] = {}
_closed_at = 0.0


def _reset() -> None:
    """A child process has none of its parent's threads."""
    global _guard
    _guard = threading.Lock()
    _errands.clear()


os.register_at_fork(after_in_child=_reset)


def _obtain(copy: Copy) -> None:
    """Wait until a copy is there; threads that ask at once have it made once."""
    shelf = _shelf()
    with _guard:
        errand = _errands.get(copy.key)
        if errand is None or not errand.usable:
            for key in [key for key, other in _errands.items() if not other.usable]:
                del _errands[key]
            errand = Errand(partial(copy.make, shelf))
            errand.send()
            _errands[copy.key] = errand
    errand.wait()


def _question(original: Original) -> tuple[str, str, str]:
    return 'copy', original.label, original.name


def _hand_out(path: str, copy: Copy) -> None:
    """Remember what belongs at a path; what has an older copy open there is closed."""
    try:
        stamp = Stamp.of(os.stat(path)).content
    except OSError:
        stamp = None
    with _guard:
        _, former = _handed_out.pop(path, (None, stamp))
        _handed_out[path] = copy, stamp
        while len(_handed_out) > _MAX_REMEMBERED:
            _handed_out.popitem(last=False)
    if former != stamp:
        # A reader takes another file in the place of its own for damage.
        close_where(lambda other: other == path)


def _close_removed() -> None:
    """Close images whose copies were removed, by any process: until then they take room."""
    global _closed_at
    now = time.monotonic()
    if now - _closed_at > IN_USE:
        _closed_at = now
        close_where(lambda path: path in _handed_out and not os.path.exists(path))


def _shelf() -> Shelf:
    try:
        return open_shelf()
    except (ShelfError, OSError) as error:
        logger.error('COPIES_DIR cannot be used: %s', error)
        raise BusyError(NO_ROOM) from None
