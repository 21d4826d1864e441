"""Storages that keep files in a folder and tell as little of them as others do."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import Storage
from django.db.models.fields.files import FieldFile
from django.utils.deconstruct import deconstructible

from tests.testapp.models import ImageFile


@deconstructible
class OpenOnlyStorage(Storage):
    """Nothing but `open()`; what is opened is noted in a file, which other processes write too."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def full(self, name: str) -> Path:
        return self.folder / name

    def _open(self, name: str, mode: str = 'rb') -> File:
        with (self.folder / 'opened').open('a') as log:
            log.write(f'{name}\n')
        return File(self.full(name).open('rb'), name)

    @property
    def opened(self) -> list[str]:
        log = self.folder / 'opened'
        return log.read_text().split() if log.exists() else []


@deconstructible
class TellingStorage(OpenOnlyStorage):
    """Knows sizes, times and lists, but has no paths."""

    def get_modified_time(self, name: str) -> datetime:
        return datetime.fromtimestamp(self.full(name).stat().st_mtime, timezone.utc)

    def size(self, name: str) -> int:
        return self.full(name).stat().st_size

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        items = list(self.full(path).iterdir())
        return [i.name for i in items if i.is_dir()], [i.name for i in items if i.is_file()]

    def exists(self, name: str) -> bool:
        return self.full(name).exists()

    def delete(self, name: str) -> None:
        self.full(name).unlink(missing_ok=True)

    def _save(self, name: str, content: Any) -> str:
        self.full(name).parent.mkdir(parents=True, exist_ok=True)
        with self.full(name).open('wb') as file:
            for chunk in content.chunks():
                file.write(chunk.encode() if isinstance(chunk, str) else chunk)
        return name


class ChunksOnly:
    """A file that can neither seek nor be read but from the beginning to the end."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self.parts = parts

    def chunks(self, size: int = 0) -> Iterator[bytes]:
        return self.parts

    def close(self) -> None:
        """Nothing is open."""


class FaultyStorage(TellingStorage):
    """Serves its files as `parts` says: a function from bytes to an iterator of chunks."""

    parts: Any = staticmethod(lambda content: iter([content]))

    def _open(self, name: str, mode: str = 'rb') -> Any:
        super()._open(name).close()
        return ChunksOnly(self.parts(self.full(name).read_bytes()))


class StallingStorage(TellingStorage):
    """Sends the first kilobyte, and the rest when `go` is set; `stalled` says that it waits."""

    def __init__(self, folder: str | Path) -> None:
        super().__init__(folder)
        self.go, self.stalled = threading.Event(), threading.Event()

    def _open(self, name: str, mode: str = 'rb') -> Any:
        super()._open(name).close()
        return ChunksOnly(self._parts(self.full(name).read_bytes()))

    def _parts(self, content: bytes) -> Iterator[bytes]:
        yield content[:1024]
        self.stalled.set()
        self.go.wait(20)
        yield content[1024:]


def stored(storage: Storage, name: str) -> FieldFile:
    """Return a field file of a storage, without a database."""
    instance: Any = ImageFile(name='image')
    field_file = FieldFile(instance, ImageFile._meta.get_field('file'), name)  # type: ignore[arg-type]
    field_file.storage = storage
    return field_file


def later(path: Path, seconds: float = 10) -> None:
    """Make a file younger, whatever the clock of the file system ticks in."""
    status = path.stat()
    os.utime(path, (status.st_atime + seconds, status.st_mtime + seconds))
