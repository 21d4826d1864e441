"""Which way up an image is shown: what cameras and scanners note beside its pixels."""

from __future__ import annotations

import io
import struct
from weakref import WeakKeyDictionary

from osgeo import gdal

from django_large_image.pixels.raster import Size
from django_large_image.pixels.turning import ORIENTATIONS, UPRIGHT, Orientation
from django_large_image.sources import exif
from django_large_image.sources.filesystems import file_of
from django_large_image.sources.handles import HandlePool, once
from django_large_image.sources.opening import Reader
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.streamed import open_file

_VALUES = {turn: value for value, turn in ORIENTATIONS.items()}
# Drivers that say nothing of EXIF, in GDAL 3.6 at least.
_SILENT = {'PNG', 'WEBP'}

_known: WeakKeyDictionary[HandlePool, Orientation] = WeakKeyDictionary()


def orientation_of(reader: Reader) -> Orientation:
    """Return how the first frame of an image is shown, looked up once for as long as it is open.

    Images with a place on the map, and those of other libraries, are shown as they are stored.
    """
    if not isinstance(reader, RasterTileSource) or reader.geospatial:
        return UPRIGHT
    pool = reader.pool(None)
    return once(_known, pool, lambda: _find(pool), UPRIGHT)


def orientation_value(reader: Reader) -> int:
    """Return how an image is shown as the value of the tag, 1 to 8; 1 is as it is stored."""
    return _VALUES[orientation_of(reader)]


def shown_size(reader: Reader) -> Size:
    """Return the size of an image as it is shown: the right way up."""
    return orientation_of(reader).size((reader.sourceSizeX, reader.sourceSizeY))


def _find(pool: HandlePool) -> Orientation:
    with pool.borrow() as dataset:
        return ORIENTATIONS.get(_value(dataset, file_of(pool.path)), UPRIGHT)


def _value(dataset: gdal.Dataset, file: str) -> int:
    """Return the value of the tag Orientation, 1 without one."""
    directory = dataset.GetRasterBand(1).GetMetadataItem('IFD_OFFSET', 'TIFF')
    name = 'EXIF_Orientation'
    text = dataset.GetMetadataItem(name) or dataset.GetMetadataItem(name, 'EXIF') or ''
    try:
        if directory:
            # Of this one tag GDAL tells nothing.
            with open_file(file) as stream:
                return exif.orientation(stream, int(directory))
        if not text and dataset.GetDriver().ShortName in _SILENT:
            with open_file(file) as stream:
                return exif.orientation(io.BytesIO(exif.embedded(stream)))
    except (OSError, RuntimeError, struct.error, ValueError):
        return 1
    return int(text) if text.isdecimal() else 1
