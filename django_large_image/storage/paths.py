"""Paths in, image references out."""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_ISREG

from django_large_image.exceptions import UnreadableError
from django_large_image.sources.reference import ImageReference


def local_reference(path: str | os.PathLike[str], name: str = '') -> ImageReference:
    """Return the reference of a file on disk; its version is its modification time, size and inode.

    Raises `UnreadableError` where there is no regular file.
    """
    try:
        stat = os.stat(path)
    except (OSError, ValueError):
        raise UnreadableError('The file of this image is missing.') from None
    if not S_ISREG(stat.st_mode):
        raise UnreadableError('The file of this image is missing.')
    # The inode tells a file that was moved over an older one of the same size within a clock tick.
    version = f'{stat.st_mtime_ns:x}-{stat.st_size:x}-{stat.st_ino:x}'
    return ImageReference(str(path), version, name or Path(path).name)


def path_reference(path: object) -> ImageReference:
    """Return the reference of what a `get_path` hook gave: a reference, a path, or a VSI path or
    URL.

    The version of what is not a local file is empty until its storage can tell it.
    Raises `UnreadableError` for a path that leads nowhere.
    """
    if isinstance(path, ImageReference):
        return path
    text = os.fspath(path) if isinstance(path, os.PathLike) else str(path)
    if text.startswith('/vsi') or '://' in text:
        return ImageReference(text, name=text.rsplit('/', 1)[-1].split('?', 1)[0])
    return local_reference(text)
