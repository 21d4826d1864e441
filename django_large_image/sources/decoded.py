"""Decoded blocks of images that are costly to decode, kept in a temporary file of the process.

GDAL keeps decoded blocks in memory, for each of its handles. Here all handles of a file share them,
and memory holds only what the kernel has to spare.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from osgeo import gdal, gdal_array

from django_large_image.cache import SingleFlight
from django_large_image.conf import settings
from django_large_image.exceptions import ReplacedError
from django_large_image.pixels.raster import Array, Size
from django_large_image.sources import complaints, remote
from django_large_image.sources.boxes import Box, areas, intersection
from django_large_image.sources.filesystems import file_of, is_remote
from django_large_image.sources.jpeg2000 import resolutions
from django_large_image.sources.reference import Options
from django_large_image.sources.ring import RingFile
from django_large_image.sources.stamp import Stamp

# JPEG 2000, of which a block takes some 100 ms, and formats that are decoded from the top.
_COSTLY = {
    *('JP2OpenJPEG', 'JP2KAK', 'JP2ECW', 'JP2MrSID', 'JPEG2000'),
    *('PNG', 'JPEG', 'WEBP', 'GIF', 'BIGGIF'),
}
# Blocks are kept in squares of this side, the usual size of a tile; lines in strips as high.
_SQUARE = 256
_MAX_BANDS = 16
_MAX_LAYOUTS = 1024
# Larger windows are read and scaled by GDAL, a part at a time.
_MAX_WINDOW_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Identity:
    """Which bytes a file held when it was opened; `stamp` is unique where unknown."""

    path: str
    stamp: Stamp | tuple[int | str]


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a level of an image is stored: all bands of a block together.

    `name` is unique. `blocks` is the size of one. `sequential` levels are decoded from the top to
    the bottom.
    """

    name: str
    identity: Identity
    level: int
    size: Size
    blocks: Size
    sequential: bool
    bands: int
    dtype: str

    @property
    def pixel_bytes(self) -> int:
        return self.bands * np.dtype(self.dtype).itemsize

    def touched_by(self, box: Box) -> Iterator[Box]:
        """Yield the boxes of the blocks that a box touches."""
        across, down = self.blocks
        left, top, width, height = box
        for y in range(top // down * down, top + height, down):
            for x in range(left // across * across, left + width, across):
                yield x, y, min(across, self.size[0] - x), min(down, self.size[1] - y)


class _Kept:
    """The blocks of this process, and who is decoding which."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.layouts: dict[tuple[Identity, str, int, int], _Layout] = {}
        self.ring = RingFile()
        self.flight = SingleFlight()


_unknown = itertools.count(1)
_kept = _Kept()
# A child process would write into the file of its parent.
os.register_at_fork(after_in_child=_kept.reset)


def identify(path: str, options: Options = ()) -> Identity:
    """Return the identity of a file; to be asked before it is opened.

    That of a remote one is among the `options` of its reference.
    """
    known = dict(options).get(remote.IDENTITY)
    return Identity(path, _stamp(path) or (known or next(_unknown),))


def is_costly(dataset: gdal.Dataset, *, far: bool = False) -> bool:
    """Whether decoding a block of an image takes much longer than to read it back from a file.

    That is so of a compressed TIFF, too: 1 to 5 ms for 512 x 512 pixels; and of one that is `far`.
    """
    driver = dataset.GetDriver().ShortName
    if driver not in ('GTiff', 'COG'):
        return driver in _COSTLY
    structure = dataset.GetMetadata('IMAGE_STRUCTURE') or {}
    together = dataset.RasterCount == 1 or structure.get('INTERLEAVE') == 'PIXEL'
    blocks = dataset.GetRasterBand(1).GetBlockSize()[1] > 1
    return (bool(structure.get('COMPRESSION')) or far) and together and blocks


def read_bands(
    dataset: gdal.Dataset, identity: Identity | None, level: int, box: Box, numbers: Sequence[int]
) -> Array:
    """Return bands (rows, columns, bands) of a box of a level as `read` does, or as GDAL reads them
    where blocks are not kept, and of a file without an identity.
    """
    data = read(dataset, identity, level, box) if identity is not None else None
    return _read_from_gdal(dataset, level, box, numbers) if data is None else pick(data, numbers)


def pick(data: Array, numbers: Sequence[int]) -> Array:
    """Return some of all bands (rows, columns, bands): the same array where these are all."""
    if list(numbers) == list(range(1, data.shape[2] + 1)):
        return data
    return np.ascontiguousarray(data[:, :, [number - 1 for number in numbers]])


def read(dataset: gdal.Dataset, identity: Identity, level: int, box: Box) -> Array | None:
    """Return all bands (rows, columns, bands) of a box (left, top, width, height) of a level.

    Level 0 is the full resolution, others are overviews. None where blocks are not kept, or the box
    is large; GDAL has to be asked then. Raises `RuntimeError` where GDAL fails.
    """
    layout = _layout(dataset, identity, level)
    left, top, width, height = box
    if layout is None or width * height * layout.pixel_bytes > _MAX_WINDOW_BYTES:
        return None
    data = np.empty((height, width, layout.bands), layout.dtype)
    if is_remote(identity.path) and not layout.sequential:
        _decode_together(dataset, layout, box)
    for block in layout.touched_by(box):
        x, y, columns, rows = intersection(block, box)
        target = data[y - top : y - top + rows, x - left : x - left + columns]
        part = (x - block[0], y - block[1], columns, rows)
        if _copy(layout, block, part, target):
            continue
        # A format that is decoded from the top is decoded once, whichever part is asked for.
        with _kept.flight(layout.name if layout.sequential else f'{layout.name} {block}'):
            if not _copy(layout, block, part, target):
                decoded = _decode(dataset, layout, block)
                target[...] = decoded[part[1] : part[1] + rows, part[0] : part[0] + columns]
    return data


def _decode_together(dataset: gdal.Dataset, layout: _Layout, box: Box) -> None:
    """Decode and keep the blocks of a box that are missing, those beside each other by one read:
    GDAL fetches each of their rows by one request.
    """
    missing = [block for block in layout.touched_by(box) if (layout.name, block) not in _kept.ring]
    if len(missing) < 2:
        return
    with ExitStack() as stack:
        # All threads take blocks in the same order: none waits for one that waits for it.
        for block in missing:
            stack.enter_context(_kept.flight(f'{layout.name} {block}'))
        missing = [block for block in missing if (layout.name, block) not in _kept.ring]
        for area, blocks in areas(missing):
            data = _read_from_gdal(dataset, layout.level, area)
            for block in blocks:
                x, y = block[0] - area[0], block[1] - area[1]
                _keep(dataset, layout, block, data[y : y + block[3], x : x + block[2]])


def _stamp(path: str) -> Stamp | None:
    """Return the stamp of a local file; None for others."""
    try:
        return Stamp.of(os.stat(file_of(path)))
    except (OSError, ValueError):
        return None


def _layout(dataset: gdal.Dataset, identity: Identity, level: int) -> _Layout | None:
    """Return how a level is stored; None where its blocks are not to be kept."""
    if _kept.ring.failed:
        return None
    limit = settings.DECODED_CACHE_BYTES
    key = identity, dataset.GetDescription(), level, limit
    layout = _kept.layouts.get(key)
    if layout is None:
        layout = _find_layout(dataset, identity, level, limit)
        if layout is not None:
            # Dictionaries are safe under threads; at worst one is found twice.
            if len(_kept.layouts) >= _MAX_LAYOUTS:
                _kept.layouts.clear()
            _kept.layouts[key] = layout
    return layout


def _find_layout(
    dataset: gdal.Dataset, identity: Identity, level: int, limit: int
) -> _Layout | None:
    count = dataset.RasterCount
    if count > _MAX_BANDS:
        return None
    bands = level_bands(dataset, level)
    if any(band is None for band in bands):
        return None
    if len({(band.DataType, band.XSize, band.YSize) for band in bands}) > 1:
        return None
    first = bands[0]
    size, blocks = (first.XSize, first.YSize), first.GetBlockSize()
    sequential = blocks[1] == 1
    dtype = _dtype(first)
    across, down = size if sequential else blocks
    if across * down * count * dtype.itemsize > limit:
        return None
    return _Layout(
        repr((identity, dataset.GetDescription(), level)),
        identity,
        level,
        size,
        (across, _SQUARE if sequential else down),
        sequential,
        count,
        dtype.str,
    )


def level_bands(
    dataset: gdal.Dataset, level: int, numbers: Sequence[int] | None = None
) -> list[gdal.Band]:
    """Return bands of a level, all by default."""
    numbers = numbers or range(1, dataset.RasterCount + 1)
    bands = [dataset.GetRasterBand(number) for number in numbers]
    return [band.GetOverview(level - 1) for band in bands] if level else bands


def _dtype(band: gdal.Band) -> np.dtype[Any]:
    dtype: np.dtype[Any] = np.dtype(gdal_array.GDALTypeCodeToNumericTypeCode(band.DataType))
    return dtype


def _read_from_gdal(
    dataset: gdal.Dataset, level: int, box: Box, numbers: Sequence[int] | None = None
) -> Array:
    """Return bands (rows, columns, bands) of a box of a level, all by default."""
    bands = level_bands(dataset, level, numbers)
    data = np.empty((box[3], box[2], len(bands)), _dtype(bands[0]))
    with resolutions.reading(dataset, level):
        for index, band in enumerate(bands):
            if band.ReadAsArray(*box, buf_obj=data[:, :, index]) is None:
                raise RuntimeError('GDAL gave no samples.')
    complaints.check()
    return data


def _decode(dataset: gdal.Dataset, layout: _Layout, block: Box) -> Array:
    """Decode a block and keep it, after what has to be decoded before it."""
    if layout.sequential:
        for above in layout.touched_by((0, 0, layout.size[0], block[1])):
            if (layout.name, above) not in _kept.ring:
                _decode_block(dataset, layout, above)
    return _decode_block(dataset, layout, block)


def _decode_block(dataset: gdal.Dataset, layout: _Layout, block: Box) -> Array:
    """Decode a block and keep it; raises `ReplacedError` where the file is not that which was
    opened first: blocks of both must not be shown together.
    """
    data = _read_from_gdal(dataset, layout.level, block)
    found, stamp = _stamp(layout.identity.path), layout.identity.stamp
    if found and not (isinstance(stamp, Stamp) and found.content == stamp.content):
        raise ReplacedError
    if found in (None, stamp):
        _keep(dataset, layout, block, data)
    return data


def _keep(dataset: gdal.Dataset, layout: _Layout, block: Box, data: Array) -> None:
    """Keep what was read of a block; of a file that is full each second one, by chance.

    Whoever walks round through more than fits would never find a block again otherwise.
    """
    if _kept.ring.full and not layout.sequential and random.getrandbits(1):
        return
    squares = [
        np.ascontiguousarray(data[y : y + _SQUARE, x : x + _SQUARE])
        for y in range(0, block[3], _SQUARE)
        for x in range(0, block[2], _SQUARE)
    ]
    if _kept.ring.write((layout.name, block), squares, settings.DECODED_CACHE_BYTES):
        for band in level_bands(dataset, layout.level):
            # GDAL need not keep it as well.
            band.FlushCache()


def _copy(layout: _Layout, block: Box, part: Box, target: Array) -> bool:
    """Copy a part of a block (in its own pixels) from the ring; False where it is not there."""
    pieces = list(_pieces(block[2:], part))
    size = layout.pixel_bytes
    spans = [(size * start, size * box[2] * box[3]) for start, box in pieces]
    found = _kept.ring.read((layout.name, block), spans)
    if found is None:
        return False
    for content, (_, square) in zip(found, pieces, strict=True):
        x, y, columns, rows = intersection(square, part)
        samples = np.frombuffer(content, layout.dtype).reshape(rows, square[2], layout.bands)
        row, column = y - part[1], x - part[0]
        target[row : row + rows, column : column + columns] = samples[
            :, x - square[0] : x - square[0] + columns
        ]
    return True


def _pieces(size: Size, part: Box) -> Iterator[tuple[int, Box]]:
    """Yield what to read for a part of a block: pixels before it, and its box in the block.

    The box is that of whole rows of one square.
    """
    left, top, width, height = part
    for y in range(top // _SQUARE * _SQUARE, top + height, _SQUARE):
        rows = min(_SQUARE, size[1] - y)
        first, last = max(top, y), min(top + height, y + rows)
        for x in range(left // _SQUARE * _SQUARE, left + width, _SQUARE):
            columns = min(_SQUARE, size[0] - x)
            start = y * size[0] + x * rows + (first - y) * columns
            yield start, (x, first, columns, last - first)
