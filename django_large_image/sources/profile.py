"""The ICC profile of an image: what its colours mean."""

from __future__ import annotations

import base64
import binascii
from weakref import WeakKeyDictionary

from django_large_image.sources.handles import HandlePool, once
from django_large_image.sources.opening import Reader
from django_large_image.sources.raster_source import RasterTileSource

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
        converted = dataset.GetMetadataItem('SOURCE_COLOR_SPACE', 'IMAGE_STRUCTURE') == 'CMYK'
        text = dataset.GetMetadataItem('SOURCE_ICC_PROFILE', 'COLOR_PROFILE')
    try:
        return base64.b64decode(text) if text and not converted else None
    except binascii.Error:
        return None
