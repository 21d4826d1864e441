"""The tile source of depth images, which lie in the database and are no files.

Every endpoint of this package, and every method of large-image, shows an image by it: a column is
a pixel across, a row a pixel down. Where many rows become one pixel, a stored level of detail is
read: a few rows for each of the answer, however long the log is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from large_image.constants import TILE_FORMAT_NUMPY
from large_image.tilesource import FileTileSource

from django_large_image.conf import settings
from django_large_image.depth import frames, interpolation
from django_large_image.depth.frames import Frame
from django_large_image.depth.models import DepthImage
from django_large_image.exceptions import MissingError, ProjectionError, ReplacedError
from django_large_image.pixels.raster import Array, Band, Raster, Size
from django_large_image.sources.boxes import Window
from django_large_image.sources.errors import as_large_image
from django_large_image.sources.foreign import ForeignReader
from django_large_image.sources.pyramid import Pyramid
from django_large_image.sources.reading import choose_resampling
from django_large_image.sources.reference import ImageReference

# No path of a file, and no address that anything else opens.
SCHEME = 'depth://'
# What makes an image larger, by the names of `resample`; whatever makes it smaller is the mean.
_ENLARGING = {
    'nearest': 'nearest',
    'bilinear': 'bilinear',
    'cubic': 'bicubic',
    'cubicspline': 'bicubic',
    'lanczos': 'lanczos',
    'average': 'nearest',
    'mode': 'nearest',
}
# Samples of the full resolution that are read at once rather than means of them.
_EXACT = 1 << 22
_FINER = 4


def depth_reference(image: DepthImage) -> ImageReference:
    """Return the reference of an image; its version is the digest of what is stored."""
    return ImageReference(f'{SCHEME}{image.pk}', image.version, f'{image.name}.depth')


class DepthReader(ForeignReader):
    """Reads windows of a depth image; what is not a number is nothing there."""

    source: DepthTileSource

    @property
    def image(self) -> DepthImage:
        """The image that is read."""
        return self.source.image

    def _describe(self) -> tuple[Band, ...]:
        nothing = math.nan
        return (Band(number=1, interpretation='gray', dtype='float32', nodata=nothing),)

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
        scale = self.source.pyramid.scale(z, x, y)
        left, top = x * scale * self.tileWidth, y * scale * self.tileHeight
        right = min(left + scale * self.tileWidth, self.sizeX)
        bottom = min(top + scale * self.tileHeight, self.sizeY)
        size = -(-(right - left) // scale), -(-(bottom - top) // scale)
        raster = self.read_window(
            (left, top, right, bottom), size, frame=frame, bands=bands, resampling=resampling
        )
        return self._raster(raster.data, bands, (self.tileWidth, self.tileHeight))

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
        how = choose_resampling(resampling, self.bands)
        left, top, right, bottom = (round(edge) for edge in window)
        width, height = size
        values = self.read_rows(top, bottom, height, how).values[:, left:right]
        return self._raster(_scaled(values, width, how)[:, :, np.newaxis], bands, size)

    def read_rows(self, start: int, stop: int, height: int, resampling: str) -> Frame:
        """Return so many rows in place of those from `start` on, before `stop`, of full width."""
        step = self._step(start, stop, height, resampling)
        found = frames.rows(self.image, start, stop, step)
        if len(found.depths) == height:
            return found
        # The middles of the rows that are returned, in rows that were read.
        first, pitch = start % step / step, (stop - start) / step / height
        middles = first + (np.arange(height) + 0.5) * pitch - 0.5
        return Frame(
            np.interp(middles, np.arange(len(found.depths)), found.depths),
            _scaled(found.values.T, height, resampling).T,
        )

    def _step(self, start: int, stop: int, height: int, resampling: str) -> int:
        """Return how many rows are read as one, a power of two.

        A window that is part of a level is read as that. Of others a few times as many rows are
        read as become of them, which begin and end with the window where rows are few. No more are
        read than twice the pixels of the largest answer.
        """
        rows = stop - start
        step = 1 << max(0, (rows // height).bit_length() - 1)
        most = max(1, 2 * settings.MAX_OUTPUT_PIXELS // self.sizeX)
        if resampling == 'nearest' and rows * self.sizeX <= _EXACT:
            return 1
        if start % step == 0 and -(-rows // step) == height <= most:
            return step
        step = max(1, step // _FINER)
        while rows // step > most:
            step *= 2
        while step > 1 and rows // step * self.sizeX <= _EXACT // 2:
            if start % step == 0 and (stop % step == 0 or stop == self.sizeY):
                break
            step //= 2
        return step


class DepthTileSource(FileTileSource):  # type: ignore[misc]  # large-image is not typed
    """A depth image, `depth://` and its key: rows of a measured log, out of the database.

    Large-image keeps none of them: an image may be replaced. Raises `MissingError` where there is
    no such image.
    """

    cacheName = 'tilesource'
    name = 'depth'

    def __init__(self, path: Any, **kwargs: Any) -> None:
        super().__init__(path, **kwargs)
        self.image = _find(str(path))
        self.sizeX, self.sizeY = self.image.width, self.image.rows
        self.tileWidth = self.tileHeight = settings.TILE_SIZE
        self.pyramid = Pyramid((self.sizeX, self.sizeY), settings.TILE_SIZE)
        self.levels = self.pyramid.levels
        self._dtype, self._bandCount = np.dtype('float32'), 1
        self.reader = DepthReader(self)
        # Where `reader_of` looks.
        self._django_large_image_reader = self.reader

    def getInternalMetadata(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the database knows of the image."""
        names = 'name source_width interpolation rows depth_min depth_max step dropped'
        return {name: getattr(self.image, name) for name in names.split()}

    def getTile(
        self,
        x: int,
        y: int,
        z: int,
        pilImageAllowed: bool = False,
        numpyAllowed: bool | str = False,
        **kwargs: Any,
    ) -> Any:
        """Return a tile as large-image does."""
        with as_large_image():
            raster = self.reader.read_tile(int(z), int(x), int(y), frame=self._getFrame(**kwargs))
        return self._outputTile(
            raster.data, TILE_FORMAT_NUMPY, x, y, z, pilImageAllowed, numpyAllowed, **kwargs
        )


def open_depth_image(
    reference: ImageReference, *, projection: str | None = None, **options: Any
) -> DepthTileSource:
    """Return the tile source of a reference; `options` are large-image's.

    Raises `ProjectionError` for any projection, `MissingError` for an image that is not there any
    more, `ReplacedError` for one of another version.
    """
    if projection:
        raise ProjectionError('A depth image has no place on the map: leave `projection` out.')
    source = DepthTileSource(reference.path, **{'noCache': True, 'encoding': 'PNG', **options})
    if source.image.version != reference.version:
        raise ReplacedError
    return source


def _find(path: str) -> DepthImage:
    key = path.removeprefix(SCHEME)
    image = DepthImage.objects.filter(pk=int(key)).first() if key.isdecimal() else None
    if image is None:
        raise MissingError('There is no such depth image.')
    return image


def _scaled(values: Array, width: int, resampling: str) -> Array:
    """Return rows (height, columns) of another width."""
    columns = values.shape[1]
    if columns == width:
        return values
    smaller = columns > width and resampling != 'nearest'
    return interpolation.resize(values, width, 'area' if smaller else _ENLARGING[resampling])
