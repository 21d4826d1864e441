"""Tiles as the file holds them: blocks of a TIFF that nobody has to decode.

A tile, or another window, is a block where it shows the same pixels: the level has blocks of its
size on its grid, and the block lies within the image. All else is read, styled and encoded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from weakref import WeakKeyDictionary

from osgeo import gdal, osr

from django_large_image.pixels.defaults import default_layers, is_plain
from django_large_image.pixels.interchange import jpeg_file, webp_file
from django_large_image.pixels.raster import Size
from django_large_image.sources.boxes import Window
from django_large_image.sources.description import GeoTransform
from django_large_image.sources.filesystems import file_of
from django_large_image.sources.handles import HandlePool, once, quiet
from django_large_image.sources.levels import PixelWindow, find_level, level_size
from django_large_image.sources.opening import Reader
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.stamp import Stamp

# The names of formats, and of GDAL's compressions that hold them.
_COMPRESSIONS = {'jpeg': ('JPEG', 'YCbCr JPEG'), 'webp': ('WEBP',)}
# How far a tile may lie beside its block, in pixels of the level: GDAL reads the nearest pixels of
# an overview whose size was rounded, and a warp tells no less than a 64th from none.
_ROUNDED, _WARPED = 0.499, 1 / 64
# Beyond this a part of the last pixel would be outside of the image.
_EXACT = 1e-3
_MAX_BYTES = 1 << 20
# Whose places are remembered of a page.
_MAX_BLOCKS = 4096


@dataclass(frozen=True, slots=True)
class Level:
    """The blocks of the full resolution (`overview` -1) or of an overview.

    `size` and `block`, that of its blocks, are (width, height); `tables` is the stream of tables
    that JPEG blocks have in common.
    """

    overview: int
    size: Size
    block: Size
    compression: str
    tables: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """What does not change about the blocks of one frame while its file does not.

    `stamp` tells whether the file is still the same. `size` is that of the image, as (width,
    height). `transform` is None unless north is up. `levels` are those whose blocks can be sent.
    """

    file: str
    stamp: Stamp
    size: Size
    channels: int
    wkt: str
    transform: GeoTransform | None
    levels: tuple[Level, ...]
    # Offset and length of blocks by level and place: a handle is borrowed for new ones only.
    blocks: dict[tuple[int, int, int], tuple[int, int]] = field(default_factory=dict, repr=False)


# A frame's page lives as long as its handles.
_pages: WeakKeyDictionary[HandlePool, Page | None] = WeakKeyDictionary()


def stored_tile(
    reader: Reader, z: int, x: int, y: int, frame: int | None, format_name: str
) -> bytes | None:
    """Return the default look of a tile as its file stores it in a format, such as `jpeg`.

    None where the tile is not exactly a block of that format. Raises `OutsideError` for a tile
    that there is not, `StyleError` for such a frame.
    """
    found = _find_page(reader, frame, format_name)
    if found is None:
        return None
    own, pool, page = found
    window = _window(own, page, z, x, y)
    if window is None:
        return None
    tolerance = _ROUNDED if own.matrix is None else _WARPED
    for level in _sendable(page, (own.tileWidth, own.tileHeight), format_name):
        place = _find_block(page, level, window, tolerance)
        if place is not None:
            return _read_block(pool, page, level, place)
    return None


def stored_window(
    reader: Reader, window: PixelWindow, size: Size, frame: int | None, format_name: str
) -> bytes | None:
    """Return the default look of a window (left, top, right, bottom) of the full resolution, scaled
    to a size, as its file stores it in a format.

    None where it is not exactly a block of a level of that format. Raises `StyleError` for a frame
    that there is not.
    """
    found = _find_page(reader, frame, format_name)
    if found is None:
        return None
    _, pool, page = found
    part, factor = find_level(window, size, page.size) or (None, 1)
    if part is None or part[0] % size[0] or part[1] % size[1]:
        return None
    for level in _sendable(page, size, format_name):
        if level.size == level_size(page.size, factor):
            return _read_block(pool, page, level, (part[0] // size[0], part[1] // size[1]))
    return None


def _sendable(page: Page, block: Size, format_name: str) -> Iterator[Level]:
    """Yield the levels with blocks of a size and format."""
    for level in page.levels:
        if level.block == block and level.compression in _COMPRESSIONS[format_name]:
            yield level


def _find_page(
    reader: Reader, frame: int | None, format_name: str
) -> tuple[RasterTileSource, HandlePool, Page] | None:
    """Return the reader, the handles and the page of a frame; None where no block can be sent."""
    # A subclass may read otherwise.
    if format_name not in _COMPRESSIONS or type(reader) is not RasterTileSource:
        return None
    pool = reader.pool(frame)
    page = once(_pages, pool, lambda: _describe(reader, pool), None)
    return None if page is None else (reader, pool, page)


def _describe(reader: RasterTileSource, pool: HandlePool) -> Page | None:
    file = file_of(pool.path)
    try:
        stamp = Stamp.of(os.stat(file))
    except OSError:
        return None
    with pool.borrow() as dataset:
        if dataset.GetDriver().ShortName != 'GTiff' or not _is_plain(reader, dataset):
            return None
        transform = dataset.GetGeoTransform(can_return_null=True)
        # Another frame may lie elsewhere, and control points overrule the transform.
        usual = transform is not None and tuple(transform) == reader.description.transform
        north_up = usual and not transform[2] and not transform[4] and transform[1] > 0
        page = Page(
            file=file,
            stamp=stamp,
            size=(dataset.RasterXSize, dataset.RasterYSize),
            channels=dataset.RasterCount,
            wkt=dataset.GetProjection(),
            transform=tuple(transform) if north_up and transform[5] < 0 else None,
            levels=tuple(_levels(dataset)),
        )
    return page if page.levels else None


def _is_plain(reader: RasterTileSource, dataset: gdal.Dataset) -> bool:
    """Whether the default look is all bands as they are stored, with nothing masked."""
    layers = default_layers(reader.bands)
    count = dataset.RasterCount
    return (
        is_plain(layers)
        and [layer.band for layer in layers] == list(range(1, count + 1))
        and len(reader.bands) == count
        and all(band.nodata is None and band.dtype == 'uint8' for band in reader.bands)
        and all(
            dataset.GetRasterBand(number).GetMaskFlags() == gdal.GMF_ALL_VALID
            for number in range(1, count + 1)
        )
    )


def _levels(dataset: gdal.Dataset) -> list[Level]:
    """Return the levels whose blocks are of a compression that is sent."""
    band = dataset.GetRasterBand(1)
    levels = []
    for index in range(-1, band.GetOverviewCount()):
        source = band.GetOverview(index) if index >= 0 else band
        owner = source.GetDataset()
        if owner is None or owner.GetDescription() not in ('', dataset.GetDescription()):
            # The overviews are in another file.
            break
        structure = owner.GetMetadata('IMAGE_STRUCTURE') or {}
        compression = structure.get('COMPRESSION', '')
        stored = any(compression in names for names in _COMPRESSIONS.values())
        together = structure.get('INTERLEAVE') == 'PIXEL' or dataset.RasterCount == 1
        if stored and together:
            size, block = (source.XSize, source.YSize), tuple(source.GetBlockSize())
            tables = bytes.fromhex(source.GetMetadataItem('JPEGTABLES', 'TIFF') or '')
            levels.append(Level(index, size, block, compression, tables))
    return levels


def _window(reader: RasterTileSource, page: Page, z: int, x: int, y: int) -> Window | None:
    """Return (left, top, right, bottom) of a tile in pixels of the full resolution.

    None for a map of which the image's rows and columns are not those of the tiles.
    """
    if reader.matrix is None:
        scale = reader.pyramid.scale(z, x, y)
        width, height = scale * reader.tileWidth, scale * reader.tileHeight
        return x * width, y * height, (x + 1) * width, (y + 1) * height
    xmin, ymin, xmax, ymax = reader.matrix.bounds(z, x, y)
    if page.transform is None or not _is_projection(page.wkt, reader.matrix.projection):
        return None
    left, dx, _, top, _, dy = page.transform
    return (xmin - left) / dx, (ymax - top) / dy, (xmax - left) / dx, (ymin - top) / dy


@lru_cache(maxsize=256)
def _is_projection(wkt: str, projection: str) -> bool:
    """Whether a definition is that of the `AUTHORITY:CODE`."""
    own, other = osr.SpatialReference(), osr.SpatialReference()
    try:
        with quiet():
            own.ImportFromWkt(wkt)
            other.SetFromUserInput(projection)
            return bool(own.IsSame(other))
    except RuntimeError:
        return False


def _find_block(
    page: Page, level: Level, window: Window, tolerance: float
) -> tuple[int, int] | None:
    """Return column and row of the block of a level that shows a window; None if none does."""
    left, top, right, bottom = window
    column = _index(left, right, page.size[0], level.size[0], level.block[0], tolerance)
    if column is None:
        return None
    row = _index(top, bottom, page.size[1], level.size[1], level.block[1], tolerance)
    return None if row is None else (column, row)


def _index(
    first: float, last: float, full: int, part: int, side: int, tolerance: float
) -> int | None:
    """Return which range of `side` pixels of a level is a range of the full resolution.

    `full` and `part` are the lengths of the image and of the level. None where the range begins or
    ends elsewhere, or reaches beyond the image.
    """
    scale = part / full
    index = round(first * scale / side)
    start, stop = index * side, (index + 1) * side
    aligned = abs(first * scale - start) <= tolerance and abs(last * scale - stop) <= tolerance
    inside = start >= 0 and stop <= part and (last - full) * scale <= _EXACT
    return index if aligned and inside else None


def _read_block(pool: HandlePool, page: Page, level: Level, place: tuple[int, int]) -> bytes | None:
    """Return a block as a file of its format; None for one that is missing or damaged."""
    offset, length = _find_bytes(pool, page, level, place)
    if not 0 < length <= _MAX_BYTES:
        return None
    block = _read_bytes(page, offset, length)
    if level.compression == 'WEBP':
        return webp_file(block, level.block)
    return jpeg_file(
        block,
        level.block,
        page.channels,
        ycbcr=level.compression.startswith('YCbCr'),
        tables=level.tables,
    )


def _find_bytes(
    pool: HandlePool, page: Page, level: Level, place: tuple[int, int]
) -> tuple[int, int]:
    """Return offset and length of a block in its file, zeros for one that is missing."""
    key = (level.overview, *place)
    known = page.blocks.get(key)
    if known is None:
        name = f'{place[0]}_{place[1]}'
        with pool.borrow() as dataset:
            band = dataset.GetRasterBand(1)
            if level.overview >= 0:
                band = band.GetOverview(level.overview)
            offset = int(band.GetMetadataItem(f'BLOCK_OFFSET_{name}', 'TIFF') or 0)
            length = int(band.GetMetadataItem(f'BLOCK_SIZE_{name}', 'TIFF') or 0)
        if len(page.blocks) >= _MAX_BLOCKS:
            page.blocks.clear()
        known = page.blocks[key] = offset, length
    return known


def _read_bytes(page: Page, offset: int, length: int) -> bytes:
    """Return bytes of a page's file; none where it is not the file any more that was opened."""
    try:
        with open(page.file, 'rb', buffering=0) as file:
            status = os.fstat(file.fileno())
            same = Stamp.of(status).content == page.stamp.content
            if not same or offset + length > status.st_size:
                return b''
            file.seek(offset)
            return file.read(length)
    except OSError:
        return b''
