"""Images in memory: files below `/vsimem/` that exist as long as something holds them."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from osgeo import gdal

from django_large_image import metrics
from django_large_image.cache import SingleFlight
from django_large_image.exceptions import UnreadableError

FOLDER = '/vsimem/django_large_image/'


class MemoryFile:
    """The file at `path`, of `size` bytes; it and its sidecars are removed when nobody holds this
    object any more.

    Pickled to another process it becomes None: the file is not there.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.size = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return find, (self.path,)


class _Files:
    """The files that exist, each written once however many threads ask for it."""

    def __init__(self) -> None:
        self._alive: weakref.WeakValueDictionary[str, MemoryFile] = weakref.WeakValueDictionary()
        # Whose file lies at a path: a later one may be there when an earlier one is removed.
        self._owners: dict[str, object] = {}
        self.reset()

    def reset(self) -> None:
        """Forget the locks of a parent process; its files are ours too, in memory of our own."""
        # Objects may die, and files be removed, while this very thread holds it.
        self._guard = threading.RLock()
        self._flight = SingleFlight()

    def find(self, path: str) -> MemoryFile | None:
        return self._alive.get(path)

    def keep(self, path: str, write: Callable[[str], None]) -> MemoryFile:
        with self._flight(path):
            found = self.find(path)
            if found is None:
                found = self._make(path, write)
                self._alive[path] = found
        return found

    def _make(self, path: str, write: Callable[[str], None]) -> MemoryFile:
        file, owner = MemoryFile(path), object()
        with self._guard:
            self._owners[path] = owner
        weakref.finalize(file, self._remove, path, owner).atexit = False
        try:
            write(path)
            file.size = gdal.VSIStatL(path).size
        except (RuntimeError, AttributeError):
            raise UnreadableError('The pixels of this raster could not be kept.') from None
        return file

    def _remove(self, path: str, owner: object) -> None:
        with self._guard:
            if self._owners.get(path) is owner:
                del self._owners[path]
                for name in siblings(path):
                    # It may not have been written.
                    with suppress(RuntimeError):
                        gdal.Unlink(FOLDER + name)

    def used(self) -> int:
        return sum(file.size for file in list(self._alive.values()))


_files = _Files()
os.register_at_fork(after_in_child=_files.reset)
metrics.gauge('large_image_memory_bytes', 'Bytes of images in memory.', _files.used)


def keep(name: str, write: Callable[[str], None]) -> MemoryFile:
    """Return the file of a name: the one that exists, or one that `write(path)` makes.

    The name tells the content. Raises `UnreadableError` where it cannot be written.
    """
    return _files.keep(FOLDER + name, write)


def find(path: str) -> MemoryFile | None:
    """Return the file at a path, None where there is none in this process (any more)."""
    return _files.find(path)


def used() -> int:
    """Return how many bytes all files have."""
    return _files.used()


def siblings(path: str) -> list[str]:
    """Return the names of a file in memory and of what GDAL keeps beside it."""
    found = [path] + [f'{path}.aux.xml'] * (gdal.VSIStatL(f'{path}.aux.xml') is not None)
    return [name.removeprefix(FOLDER) for name in found]
