"""The ICC profile of an image: what its colours mean.

Sources: RFC 9649, section 2.7.1.4 (ICCP); ISO/IEC 15444-1, annex I.5.3.3 (the box colr in jp2h).
"""

from __future__ import annotations

import base64
import os
import struct
from collections.abc import Iterator
from typing import BinaryIO
from weakref import WeakKeyDictionary

from django_large_image.sources.exif import webp_parts
from django_large_image.sources.filesystems import file_of
from django_large_image.sources.handles import HandlePool, once
from django_large_image.sources.jpeg2000.containers import boxes
from django_large_image.sources.opening import Reader
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.streamed import open_file

# Drivers that say nothing of profiles, in GDAL 3.6 at least.
_SILENT = {'WEBP', 'JP2OpenJPEG', 'JP2KAK', 'JP2ECW', 'JP2MrSID', 'JP2Lura', 'JPEG2000'}
# Real ones have some kilobytes, with tables of colours a few megabytes.
_MAX_BYTES = 4 * 1024 * 1024
# Ways of a box to say what colours mean: any profile, or one of a restricted kind.
_PROFILES = (b'\x02', b'\x03')

_known: WeakKeyDictionary[HandlePool, bytes | None] = WeakKeyDictionary()


def profile_of(reader: Reader, frame: int | None) -> bytes | None:
    """Return the profile of a frame, looked up once for as long as it is open; None without one.

    GDAL turns printing inks into red, green and blue, of which their profile says nothing: it is
    none then. Raises `StyleError` for a frame that there is not.
    """
    if not isinstance(reader, RasterTileSource):
        return None
    pool = reader.pool(frame)
    return once(_known, pool, lambda: _find(pool), None)


def _find(pool: HandlePool) -> bytes | None:
    with pool.borrow() as dataset:
        if dataset.GetMetadataItem('SOURCE_COLOR_SPACE', 'IMAGE_STRUCTURE') == 'CMYK':
            return None
        text = dataset.GetMetadataItem('SOURCE_ICC_PROFILE', 'COLOR_PROFILE')
        silent = not text and dataset.GetDriver().ShortName in _SILENT
        try:
            if silent:
                with open_file(file_of(pool.path)) as file:
                    return embedded(file)
            return base64.b64decode(text) if text else None
        except (OSError, RuntimeError, struct.error, ValueError):
            return None


def embedded(file: BinaryIO) -> bytes | None:
    """Return the profile in a WebP or JPEG 2000, None without one of at most 4 MB.

    Of several in a JPEG 2000 the first one counts. Raises `struct.error` for a damaged file.
    """
    head = file.read(12)
    length = next(_in_webp(file) if head[8:] == b'WEBP' else _in_boxes(file), 0)
    return file.read(length) if 0 < length <= _MAX_BYTES else None


def _in_webp(file: BinaryIO) -> Iterator[int]:
    """Yield the length of the profile of a WebP; the file stands at it then."""
    return (length for name, length in webp_parts(file) if name == b'ICCP')


def _in_boxes(file: BinaryIO) -> Iterator[int]:
    """Yield the length of the profile of a JPEG 2000; the file stands at it then."""

    def read(start: int, end: int) -> bytes:
        file.seek(start)
        return file.read(end - start)

    whole = 0, file.seek(0, os.SEEK_END)
    header = next((place for kind, *place in boxes(read, *whole) if kind == b'jp2h'), None)
    colors = boxes(read, *header) if header else iter(())
    for kind, start, end in colors:
        if kind == b'colr':
            if read(start, start + 3)[:1] in _PROFILES:
                yield end - start - 3
            return
