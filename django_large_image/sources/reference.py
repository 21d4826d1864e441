"""Where an image lies and in which version: all that this floor knows of a model field."""

from __future__ import annotations

from dataclasses import dataclass, field

from django_large_image.sources.memory import MemoryFile

# Names and values of GDAL's configuration.
Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ImageReference:
    """One version of one image: hashable, picklable, without an open handle.

    `path` is what GDAL opens; `version` changes when the bytes change and is part of every cache
    key and ETag (empty: unknown, never cached beyond the process); `name` is the file name that a
    stranger may see. `options` are what GDAL needs to open and read it, a URL's password among
    them: they may change while the image stays the same, and are never shown. `content` is what has
    to be held for the path to exist: a file in memory. Another process does not have it, nor the
    access to a store that this one has: there, a reference has to be made anew. `checksum`
    (algorithm and digest) tells the bytes from all others, wherever they lie.
    """

    path: str
    version: str = ''
    name: str = ''
    options: Options = field(default=(), compare=False, repr=False)
    content: MemoryFile | None = field(default=None, compare=False, repr=False)
    checksum: str = ''

    @property
    def identity(self) -> tuple[str, ...]:
        """Which bytes they are, for cache keys and ETags; empty where nobody knows."""
        if self.checksum:
            return (self.checksum,)
        return (self.path, self.version) if self.version else ()

    def __fspath__(self) -> str:
        return self.path

    def __str__(self) -> str:
        # Hooks written for a plain path go on working.
        return self.path
