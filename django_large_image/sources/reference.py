"""Where an image lies and in which version: all that this floor knows of a model field."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImageReference:
    """One version of one image: hashable, picklable, without an open handle.

    `path` is what GDAL opens; `version` changes when the bytes change and is part of every cache
    key and ETag (empty: unknown, never cached beyond the process); `name` is the file name that a
    stranger may see.
    """

    path: str
    version: str = ''
    name: str = ''

    def __fspath__(self) -> str:
        return self.path

    def __str__(self) -> str:
        # Hooks written for a plain path go on working.
        return self.path
