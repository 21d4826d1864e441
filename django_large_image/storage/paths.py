"""Paths in, image references out."""

from __future__ import annotations

import os
import re
from pathlib import Path
from stat import S_ISREG

from django_large_image.exceptions import UnreadableError
from django_large_image.sources.filesystems import MISSING
from django_large_image.sources.reference import ImageReference
from django_large_image.sources.stamp import Stamp
from django_large_image.storage.gdalraster import gdalraster_reference, is_gdalraster
from django_large_image.storage.prefixes import FORBIDDEN
from django_large_image.storage.urls import is_url, vsi_reference

# Paths of GDAL's that lead to the network past what the settings allow: a ZIP at a URL, say.
_NESTED = re.compile(r'/vsi(curl|s3|gs|az|adls|oss|swift|hdfs|webhdfs|ranges)', re.IGNORECASE)


def local_reference(path: str | os.PathLike[str], name: str = '') -> ImageReference:
    """Return the reference of a file on disk; its version is its modification time, size and inode.

    Raises `UnreadableError` where there is no regular file.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        raise UnreadableError(MISSING) from None
    if not S_ISREG(status.st_mode):
        raise UnreadableError(MISSING)
    return ImageReference(str(path), Stamp.of(status).version, name or Path(path).name)


def path_reference(path: object) -> ImageReference:
    """Return the reference of what a `get_path` hook gave: a reference, a path, or a VSI path or
    URL.

    URLs, and GDAL's paths of them, have to be allowed by `URL_PREFIXES`. The version of other
    virtual paths is empty.
    Raises `UnreadableError` for a path that leads nowhere or is not allowed, `BusyError` where a
    server does not answer.
    """
    if isinstance(path, ImageReference):
        return path
    if is_gdalraster(path):
        return gdalraster_reference(path)
    text = os.fspath(path) if isinstance(path, os.PathLike) else str(path)
    if is_url(text):
        return vsi_reference(text)
    if '://' in text or _NESTED.search(text):
        raise UnreadableError(FORBIDDEN)
    if text.startswith('/vsi'):
        return ImageReference(text, name=text.rsplit('/', 1)[-1].split('?', 1)[0])
    return local_reference(text)
