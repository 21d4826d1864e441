"""Any other large-image tile source behind the same reading methods as `RasterTileSource`."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
from large_image.constants import TILE_FORMAT_NUMPY
from large_image.exceptions import TileSourceXYZRangeError
from large_image.tilesource import FileTileSource

from django_large_image.exceptions import (
    LargeImageError,
    OutsideError,
    ProjectionError,
    StyleError,
    UnreadableError,
)
from django_large_image.pixels.raster import Array, Band, Raster, Size
from django_large_image.sources.boxes import Window
from django_large_image.sources.reading import to_byte

logger = logging.getLogger(__name__)


@contextmanager
def _readable() -> Iterator[None]:
    """Turn whatever a parser raises over a broken file into `UnreadableError`."""
    try:
        yield
    except (LargeImageError, TileSourceXYZRangeError):
        raise
    except Exception as error:
        logger.info('An image could not be read: %r', error)
        raise UnreadableError('Unreadable image: its pixels could not be read.') from error


def is_styled(source: FileTileSource) -> bool:
    """Whether a source carries a style that its opener gave it."""
    return getattr(source, '_jsonstyle', None) not in (None, '', '{}', 'null')


class ForeignReader:
    """Reads rasters through large-image's public methods.

    A source that was opened with a style of its own gives its styled pixels.
    """

    matrix = None

    def __init__(self, source: FileTileSource) -> None:
        self.source = source
        self.tileWidth: int = source.tileWidth
        self.tileHeight: int = source.tileHeight
        self.sizeX: int = source.sizeX
        self.sizeY: int = source.sizeY
        self.sourceSizeX, self.sourceSizeY = self.sizeX, self.sizeY
        self.levels: int = source.levels
        self.geospatial = bool(source.geospatial)
        self.bands = self._describe()

    @property
    def styled(self) -> bool:
        """Whether the source carries a style that its opener gave it."""
        return is_styled(self.source)

    @property
    def frame_count(self) -> int:
        """How many frames the image has."""
        return int(self.source.frames or 1)

    def _describe(self) -> tuple[Band, ...]:
        sample = self._read(frame=None, region={'left': 0, 'top': 0, 'width': 1, 'height': 1})
        count = sample.shape[2]
        names = {1: ('gray',), 2: ('gray', 'alpha'), 3: ('red', 'green', 'blue')}.get(
            count, ('red', 'green', 'blue', 'alpha')
        )
        return tuple(
            Band(
                number=index + 1,
                interpretation=names[index] if index < len(names) else 'undefined',
                dtype=str(sample.dtype),
            )
            for index in range(count)
        )

    def read_tile(
        self,
        z: int,
        x: int,
        y: int,
        *,
        frame: int | None = None,
        bands: Sequence[int] | None = None,
        resampling: str | None = None,
    ) -> Raster:
        """Return the samples of one tile, padded to the full tile size; raises `OutsideError`."""
        self._check_frame(frame)
        try:
            with _readable():
                tile = self.source.getTile(x, y, z, frame=frame, numpyAllowed='always')
        except TileSourceXYZRangeError:
            raise OutsideError(f'There is no tile {z}/{x}/{y} in this image.') from None
        data = self._samples(np.asarray(tile))
        scale = 2 ** (self.levels - 1 - z)
        height = max(1, min(self.tileHeight, math.ceil(self.sizeY / scale - y * self.tileHeight)))
        width = max(1, min(self.tileWidth, math.ceil(self.sizeX / scale - x * self.tileWidth)))
        return self._raster(data[:height, :width], bands, (self.tileWidth, self.tileHeight))

    def read_window(
        self,
        window: Window,
        size: Size,
        *,
        frame: int | None = None,
        bands: Sequence[int] | None = None,
        resampling: str | None = None,
    ) -> Raster:
        """Return the samples of a window (left, top, right, bottom) of the pixel grid, scaled to
        `size`.
        """
        self._check_frame(frame)
        left, top, right, bottom = window
        data = self._read(
            frame=frame,
            region={'left': left, 'top': top, 'right': right, 'bottom': bottom},
            output={'maxWidth': size[0], 'maxHeight': size[1]},
        )
        if data.shape[1::-1] != size:
            nearest = resampling == 'nearest'
            how = cv2.INTER_NEAREST if nearest else cv2.INTER_AREA
            data = _three_dimensional(cv2.resize(data, size, interpolation=how))
        return self._raster(data, bands, size)

    def read_map(self, *args: Any, **kwargs: Any) -> Raster:
        """Raise `ProjectionError`: only what GDAL reads can be warped."""
        raise ProjectionError('This image has no place on the map: leave `projection` out.')

    def _read(self, **kwargs: Any) -> Array:
        with _readable():
            data, _ = self.source.getRegion(format=TILE_FORMAT_NUMPY, **kwargs)
        if data is None:
            raise UnreadableError('Unreadable image: its pixels could not be read.')
        return self._samples(data)

    def _samples(self, data: Array) -> Array:
        """Return (height, width, bands); what a style of large-image gave are colours of 0-255."""
        if self.styled and data.dtype.kind == 'f':
            data = data.clip(0, 255).astype(np.uint8)
        return _three_dimensional(data)

    def _check_frame(self, frame: int | None) -> None:
        if frame and not 0 <= frame < self.frame_count:
            raise StyleError(
                f'There is no frame {frame}: this image has frames 0 to {self.frame_count - 1}.'
            )

    def _raster(self, data: Array, numbers: Sequence[int] | None, size: Size) -> Raster:
        width, height = size
        mask = None
        # large-image may add an alpha channel of its own to a tile.
        alpha = data.shape[2] in (2, 4)
        if alpha:
            mask = to_byte(data[:, :, -1])
        if data.shape[:2] != (height, width):
            valid = np.zeros((height, width), np.uint8)
            valid[: data.shape[0], : data.shape[1]] = 255 if mask is None else mask
            padded = np.zeros((height, width, data.shape[2]), data.dtype)
            padded[: data.shape[0], : data.shape[1]] = data
            data, mask = padded, valid
        colors = len([band for band in self.bands if band.interpretation != 'alpha'])
        chosen = tuple(numbers) if numbers is not None else tuple(range(1, colors + 1))
        for number in chosen:
            if not 1 <= number <= min(len(self.bands), data.shape[2]):
                raise StyleError(f'There is no band {number}: this image has {len(self.bands)}.')
        picked = np.ascontiguousarray(data[:, :, [number - 1 for number in chosen]])
        return Raster(picked, mask, tuple(self.bands[number - 1] for number in chosen))


def _three_dimensional(data: Array) -> Array:
    return data[:, :, np.newaxis] if data.ndim == 2 else data
