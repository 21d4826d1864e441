"""Which way up an image is shown: what cameras and scanners note beside its pixels."""

from __future__ import annotations

import struct
from weakref import WeakKeyDictionary

from osgeo import gdal

from django_large_image.exceptions import UnreadableError
from django_large_image.pixels.raster import Size
from django_large_image.pixels.turning import ORIENTATIONS, UPRIGHT, Orientation
from django_large_image.sources.handles import HandlePool, file_of
from django_large_image.sources.opening import Reader
from django_large_image.sources.raster_source import RasterTileSource

_TAG = 274
_VALUES = {turn: value for value, turn in ORIENTATIONS.items()}
# Of a directory's entries; real ones have some dozens.
_MAX_ENTRIES = 4096

_known: WeakKeyDictionary[HandlePool, Orientation] = WeakKeyDictionary()


def orientation_of(reader: Reader) -> Orientation:
    """Return how the first frame of an image is shown, looked up once for as long as it is open.

    Images with a place on the map, and those of other libraries, are shown as they are stored.
    """
    if not isinstance(reader, RasterTileSource) or reader.geospatial:
        return UPRIGHT
    pool = reader.pool(None)
    found = _known.get(pool)
    if found is None:
        try:
            with pool.borrow() as dataset:
                found = ORIENTATIONS.get(_value(dataset, file_of(pool.path)), UPRIGHT)
        except UnreadableError:
            # Whatever is damaged, the pixels may not need it.
            found = UPRIGHT
        _known[pool] = found
    return found


def orientation_value(reader: Reader) -> int:
    """Return how an image is shown as the value of the tag, 1 to 8; 1 is as it is stored."""
    return _VALUES[orientation_of(reader)]


def shown_size(reader: Reader) -> Size:
    """Return the size of an image as it is shown: the right way up."""
    return orientation_of(reader).size((reader.sourceSizeX, reader.sourceSizeY))


def _value(dataset: gdal.Dataset, file: str) -> int:
    """Return the value of the tag Orientation, 1 without one."""
    directory = dataset.GetRasterBand(1).GetMetadataItem('IFD_OFFSET', 'TIFF')
    if directory:
        # Of this one tag GDAL tells nothing.
        return _tag(file, int(directory))
    name = 'EXIF_Orientation'
    text = dataset.GetMetadataItem(name) or dataset.GetMetadataItem(name, 'EXIF') or ''
    return int(text) if text.isdecimal() else 1


def _tag(file: str, directory: int) -> int:
    """Return the value of the tag in a directory of a TIFF or BigTIFF."""
    handle = gdal.VSIFOpenL(file, 'rb')
    if handle is None:
        return 1
    try:
        magic = _read(handle, 0, 4)
        order, big = ('<' if magic[:2] == b'II' else '>'), b'+' in magic
        count, entry = ('Q', 'HHQH6x') if big else ('H', 'HHIH2x')
        head = struct.Struct(order + count)
        (entries,) = head.unpack(_read(handle, directory, head.size).ljust(head.size, b'\0'))
        form = struct.Struct(order + entry)
        size = form.size * min(entries, _MAX_ENTRIES)
        body = _read(handle, directory + head.size, size)
    finally:
        gdal.VSIFCloseL(handle)
    whole = len(body) // form.size * form.size
    values = (value for tag, _, _, value in form.iter_unpack(body[:whole]) if tag == _TAG)
    return next(values, 1)


def _read(handle: object, offset: int, size: int) -> bytes:
    gdal.VSIFSeekL(handle, offset, 0)
    return bytes(gdal.VSIFReadL(1, size, handle) or b'') if size else b''
