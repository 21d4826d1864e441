"""A folder of files that can be made again: complete or absent, bounded in bytes, shared by
processes.

    <key>/                  an entry: a folder whose time of modification is that of its last use
    <key>.lock              held by who makes it
    <key>.<random>.part/    being made, or left behind by a process that died
    <key>.<random>.gone/    being removed
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from django_large_image.conf import settings

_ENTRY = re.compile(r'[0-9a-f]{40}')
_MADE_OR_REMOVED = re.compile(r'(?P<key>[0-9a-f]{40})\.\w+\.(?P<kind>part|gone)')
_LOCK = re.compile(r'(?P<key>[0-9a-f]{40})\.lock')
# An entry that was used within these seconds may be in use, and is not removed for another one.
IN_USE = 30
_POLL = 0.05


class ShelfError(Exception):
    """The folder cannot be used: it is another user's, or others may write into it."""


class FullError(Exception):
    """All that could go is gone or in use."""


class LostError(Exception):
    """Somebody else makes the entry: this one was silent for too long."""


class Entry(NamedTuple):
    """One complete entry: its size in bytes, and when it was used last (seconds of the epoch)."""

    key: str
    size: int
    used: float


class Lease:
    """The right to make one entry. It ends with the process, and where it is not renewed."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor
        _leases.add(self)

    def renew(self) -> None:
        """Say that there is progress; raises `LostError` where somebody else has taken over."""
        if os.fstat(self._descriptor).st_nlink == 0:
            raise LostError
        os.utime(self._descriptor)

    def release(self) -> None:
        """Let others make the entry."""
        _leases.discard(self)
        # While it is held: who waits for it sees that the file is gone, and makes another one.
        if os.fstat(self._descriptor).st_nlink:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def forget(self) -> None:
        """Close what a child process inherited, which would keep the lock of a dead parent."""
        os.close(self._descriptor)


_leases: set[Lease] = set()


def _forget_leases() -> None:
    for lease in list(_leases):
        lease.forget()
    _leases.clear()


os.register_at_fork(after_in_child=_forget_leases)


class Shelf:
    """The entries of one folder, of at most `limit` bytes together."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self.limit = folder, limit

    def path(self, key: str) -> Path:
        """Return where an entry is, or will be."""
        return self.folder / key

    def use(self, key: str) -> bool:
        """Whether an entry is there; if so, it is the one used last."""
        path = self.path(key)
        try:
            # Not more often than matters: every request comes by.
            if time.time() - os.stat(path).st_mtime > IN_USE / 3:
                os.utime(path)
        except OSError:
            return False
        return True

    @contextmanager
    def lease(self, key: str, patience: float, waiting: Callable[[], object]) -> Iterator[Lease]:
        """Wait for the right to make an entry, and hold it in the block.

        A holder that did not renew it for `patience` seconds loses it. `waiting` is called while
        somebody else has it.
        """
        path = self.folder / f'{key}.lock'
        while (lease := _take(path, patience)) is None:
            waiting()
            time.sleep(_POLL)
        try:
            yield lease
        finally:
            lease.release()

    @contextmanager
    def making(self, key: str) -> Iterator[Path]:
        """Give an empty folder, which becomes the entry at the end of a block that does not fail.

        Where another one was made meanwhile, that one stays.
        """
        part = self._beside(key, 'part')
        part.mkdir(mode=0o700)
        try:
            yield part
            os.utime(part)
            with suppress(OSError):
                part.rename(self.path(key))
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def entries(self) -> list[Entry]:
        """Return the complete entries, the least recently used ones first."""
        found = []
        for item in self._listed():
            with suppress(OSError):
                if _ENTRY.fullmatch(item.name):
                    found.append(Entry(item.name, _size(item.path), item.stat().st_mtime))
        return sorted(found, key=lambda entry: entry.used)

    def room(self, wanted: int) -> int:
        """Return how many bytes may be written, after removing entries until it is `wanted`.

        Raises `FullError` where nothing more can go.
        """
        self.sweep()
        entries = self.entries()
        parts = [item.path for item in self._listed() if _MADE_OR_REMOVED.fullmatch(item.name)]
        free = self.limit - sum(entry.size for entry in entries) - sum(map(_size, parts))
        latest = time.time() - IN_USE
        for entry in entries:
            if free >= wanted or entry.used > latest:
                break
            self.remove(entry.key)
            free += entry.size
        if free < wanted:
            raise FullError
        return free

    def remove(self, key: str) -> None:
        """Remove an entry at once; who has opened its files can go on reading them."""
        gone = self._beside(key, 'gone')
        with suppress(OSError):
            self.path(key).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def clear(self) -> list[Entry]:
        """Remove all entries, and return what they were."""
        entries = self.entries()
        for entry in entries:
            self.remove(entry.key)
        self.sweep()
        return entries

    def sweep(self) -> None:
        """Remove what processes left behind that died."""
        for item in self._listed():
            if found := _MADE_OR_REMOVED.fullmatch(item.name):
                if found['kind'] == 'gone' or not self._is_being_made(found['key']):
                    shutil.rmtree(item.path, ignore_errors=True)
            elif found := _LOCK.fullmatch(item.name):
                self._is_being_made(found['key'])

    def _is_being_made(self, key: str) -> bool:
        path = self.folder / f'{key}.lock'
        if not path.exists():
            return False
        # What nobody holds is removed by its release.
        lease = _take(path, float('inf'))
        if lease is not None:
            lease.release()
        return lease is None

    def _beside(self, key: str, kind: str) -> Path:
        return self.folder / f'{key}.{secrets.token_hex(4)}.{kind}'

    def _listed(self) -> list[os.DirEntry[str]]:
        with suppress(OSError), os.scandir(self.folder) as items:
            return list(items)
        return []


def open_shelf() -> Shelf:
    """Return the shelf that the settings name; its folder is made where it is missing.

    Raises `ShelfError` for a folder that others could put files into, `OSError` where there can be
    none.
    """
    folder = Path(os.path.abspath(settings.COPIES_DIR or default_folder()))
    try:
        status = os.stat(folder) if settings.COPIES_DIR else os.lstat(folder)
    except FileNotFoundError:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode):
        raise ShelfError(f'{folder} is no folder.')
    if status.st_uid not in (os.geteuid(), 0):
        raise ShelfError(f'{folder} belongs to another user.')
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ShelfError(f'Others may write into {folder}.')
    return Shelf(folder, settings.COPIES_MAX_BYTES)


def default_folder() -> Path:
    """Return the folder without a setting: the user's own, on disk rather than in memory."""
    # /tmp is often held in memory.
    base = '/var/tmp'  # noqa: S108 - whose the folder is, is checked
    if not os.access(base, os.W_OK):
        base = tempfile.gettempdir()
    return Path(base, f'django-large-image-{os.geteuid()}')


def _take(path: Path, patience: float) -> Lease | None:
    """Return the lock file held, or None while another one holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held = os.fstat(descriptor)
        os.close(descriptor)
        if time.time() - held.st_mtime > patience:
            # It hangs in a read that may never end; it sees this when it wakes up.
            with suppress(OSError):
                if os.stat(path).st_ino == held.st_ino:
                    path.unlink()
        return None
    except BaseException:
        os.close(descriptor)
        raise
    if os.fstat(descriptor).st_nlink == 0:
        os.close(descriptor)
        return None
    os.utime(descriptor)
    return Lease(path, descriptor)


def _size(folder: str | os.PathLike[str]) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total
