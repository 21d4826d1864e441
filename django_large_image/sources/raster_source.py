"""The tile source of everything that GDAL reads, geospatial or not: a large-image plugin.

It keeps large-image's metadata, styles and regions, and replaces how a file is opened (under a
whitelist of drivers),
how its handles are shared between threads, and how its pixels are read (`read_window`, `read_tile`,
`read_map`).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from large_image.cache_util import LruCacheMetaclass, methodcache
from large_image.constants import TILE_FORMAT_NUMPY, SourcePriority
from large_image_source_gdal import GDALFileTileSource, _lazyImport
from osgeo import gdal

from django_large_image.conf import settings
from django_large_image.exceptions import BudgetError, ProjectionError, StyleError
from django_large_image.pixels.raster import Band, Raster, Size
from django_large_image.sources import reading
from django_large_image.sources.bands import band_record
from django_large_image.sources.boxes import Window
from django_large_image.sources.description import GeoTransform, describe, native_pixel_size
from django_large_image.sources.errors import as_large_image
from django_large_image.sources.handles import FramePools, HandlePool, open_dataset, reaching
from django_large_image.sources.pyramid import Pyramid
from django_large_image.sources.reference import Options
from django_large_image.sources.sampling import measure_bands
from django_large_image.sources.tile_matrix import (
    METERS_PER_DEGREE,
    TileMatrix,
    get_crs,
    get_tile_matrix,
)
from django_large_image.sources.transforms import TransformPool
from django_large_image.sources.warping import warp

# Formats without tiles or overviews: every view decodes all of the image.
_ORDINARY_DRIVERS = {'PNG', 'JPEG', 'GIF', 'BIGGIF', 'BMP', 'WEBP', 'PNM'}


class RasterTileSource(
    GDALFileTileSource,  # type: ignore[misc]
    metaclass=LruCacheMetaclass,  # type: ignore[metaclass]
):
    """A file that GDAL reads: its own pixel grid, or with a `projection` a map."""

    cacheName = 'tilesource'
    name = 'raster'
    extensions = {
        None: SourcePriority.HIGH,
        'tif': SourcePriority.PREFERRED,
        'tiff': SourcePriority.PREFERRED,
        'jp2': SourcePriority.PREFERRED,
    }

    def __init__(
        self,
        path: Any,
        projection: str | bytes | None = None,
        unitsPerPixel: float | None = None,
        options: Options = (),
        **kwargs: Any,
    ) -> None:
        self._options = options
        with as_large_image():
            self._open(path, projection, unitsPerPixel, kwargs)

    def _open(
        self, path: Any, projection: str | bytes | None, unitsPerPixel: float | None, kwargs: Any
    ) -> None:
        # Not GDALFileTileSource's own constructor: it opens with any driver and scans every band.
        super(GDALFileTileSource, self).__init__(path, **kwargs)
        _lazyImport()
        self._getDatasetLock = threading.RLock()
        self._getTileLock = threading.Lock()
        self._bounds: dict[Any, Any] = {}
        self._dataset: gdal.Dataset | None = None
        self.description, dataset = describe(str(self._getLargeImagePath()), self._options)
        self._transforms = TransformPool(self.description)
        self._pools = FramePools(
            self.description.frames or (self.description.path,), dataset, self._options
        )
        self._keep()
        self._unitsPerPixel = unitsPerPixel
        text = projection.decode() if isinstance(projection, bytes) else projection
        self.projection = text.lower().encode() if text else None
        self.matrix: TileMatrix | None = None
        # What `getBandInformation` answers, once it is measured.
        self.band_information: dict[int, dict[str, Any]] | None = None
        if text:
            self._project(text)
        self._setDefaultStyle()

    def _keep(self) -> None:
        """Set the names under which large-image's own class looks for what is known of a file."""
        known = self.description
        self._largeImagePath, self._driver = known.path, known.driver
        self._populatedLevels = 1 + known.overviews
        self.sourceSizeX, self.sourceSizeY = self.sizeX, self.sizeY = known.width, known.height
        largest = max(self.sizeX, self.sizeY)
        limit: int = settings.MAX_SMALL_IMAGE_SIZE
        if known.driver in _ORDINARY_DRIVERS and not known.overviews and largest > limit:
            raise BudgetError(
                f'This {known.driver} image is {self.sizeX} x {self.sizeY} pixels; without a '
                f'pyramid at most {limit} are served. Convert it to a Cloud Optimized GeoTIFF.'
            )
        self.bands: tuple[Band, ...] = known.bands
        self._dtype, self._bandCount = np.dtype(known.bands[0].dtype), len(known.bands)
        if known.frames:
            self._frames = list(known.frames)
        self.tileSize = self.tileWidth = self.tileHeight = settings.TILE_SIZE
        self.pyramid = Pyramid((self.sizeX, self.sizeY), self.tileSize)
        self.levels = self.sourceLevels = self.pyramid.levels

    def _project(self, projection: str) -> None:
        if not self.geospatial:
            raise ProjectionError(
                'This image has no place on the map: leave `projection` out to see it.'
            )
        self.matrix = get_tile_matrix(projection)
        self.projectionOrigin = self.matrix.origin
        self.unitsAcrossLevel0 = self.matrix.extent
        if self._unitsPerPixel:
            self.unitsAcrossLevel0 = float(self._unitsPerPixel) * self.tileSize
            self.matrix = TileMatrix(projection, self.matrix.origin, self.unitsAcrossLevel0)
        self.levels = self.levels_in(self.matrix)
        # large-image reports the size of the whole world in a projection.
        self.sizeX = self.sizeY = self.tileSize << (self.levels - 1)

    def levels_in(self, matrix: TileMatrix) -> int:
        """Return how many levels of a tile matrix show this image in full."""
        pixel_size = self.getPixelSizeInMeters() or 0.0
        if not (0 < pixel_size < math.inf):
            # A corner may lie off the earth, as in views of it from space.
            pixel_size = native_pixel_size(self.description)
        if get_crs(matrix.projection).is_geographic:
            pixel_size /= METERS_PER_DEGREE
        return matrix.levels(pixel_size, self.tileSize)

    def __repr__(self) -> str:
        # large-image's own shows all arguments, credentials among them.
        return f'{type(self).__name__}({self._largeImagePath!r}, projection={self.projection!r})'

    def renew(self, options: Options) -> None:
        """Read with other options from now on: those of the newest reference to the same bytes."""
        if options != self._options:
            self._options = options
            self._pools.renew(options)
            self._dataset = None

    # What large-image's own class reads from `self.dataset` whenever it is asked.

    @property
    def dataset(self) -> gdal.Dataset:
        """A handle beside those that pixels are read with; large-image's methods lock it while they
        use it.
        """
        dataset = self._dataset
        if dataset is None:
            self._dataset = dataset = open_dataset(self._largeImagePath, self._options)
        return dataset

    @property
    def geospatial(self) -> bool:
        """Whether the image has a place on the map."""
        return self.description.transform is not None

    def getProj4String(self) -> str | None:
        """Return the definition of the image's own projection, None without one."""
        return self.description.wkt or ('epsg:4326' if self.geospatial else None)

    def getBounds(self, srs: str | None = None) -> dict[str, Any] | None:
        """Return the corners of the image as large-image does; None where there are none."""
        try:
            bounds: dict[str, Any] | None = super().getBounds(srs) if self.geospatial else None
        except (RuntimeError, ValueError):
            # A projection that PROJ cannot compute here.
            bounds = None
        return bounds

    def getBandInformation(
        self, statistics: bool = True, dataset: gdal.Dataset | None = None, **kwargs: Any
    ) -> dict[int, dict[str, Any]]:
        """Return statistics and meaning per band; measured once, nothing is written beside the
        file.
        """
        if not statistics:
            return {band.number: band_record(band, None) for band in self.bands}
        if self.band_information is None:
            self.band_information = {
                band.number: band_record(band, measure_bands(self, None, [band.number])[0])
                for band in self.bands
            }
        return self.band_information

    def getInternalMetadata(self, **kwargs: Any) -> dict[str, Any] | None:
        """Return what GDAL knows of the file as large-image does."""
        # The list of files is looked up where they are stored.
        with reaching(self._largeImagePath, self._options):
            known: dict[str, Any] | None = super().getInternalMetadata(**kwargs)
        return known

    def _getGeoTransform(self) -> GeoTransform:
        return self.description.transform or (0.0, 1.0, 0.0, 0.0, 0.0, 1.0)

    def _getFrameDataset(self, frame: int) -> gdal.Dataset:
        return open_dataset(self._pools.path(frame), self._options)

    def _setDefaultStyle(self) -> None:
        self._bandNames = {
            band.interpretation.lower(): band.number
            for band in self.bands
            if band.interpretation != 'undefined'
        }
        if getattr(self, '_style', None):
            super()._setDefaultStyle()

    # Frames.

    @property
    def frame_count(self) -> int:
        """How many frames of the same size the file has."""
        return len(self._pools)

    def pool(self, frame: int | None) -> HandlePool:
        """Return the handles of a frame; raises `StyleError` where there is no such frame."""
        return self._pools.get(frame)

    def select_bands(self, numbers: Sequence[int] | None) -> tuple[Band, ...]:
        """Return the bands of these numbers, of all but alpha for None; raises `StyleError`."""
        if numbers is None:
            chosen = tuple(band for band in self.bands if band.interpretation != 'alpha')
            return (chosen or self.bands)[: settings.MAX_BANDS]
        if len(numbers) > settings.MAX_BANDS:
            raise BudgetError(f'At most {settings.MAX_BANDS} bands can be shown at once.')
        for number in numbers:
            if not 1 <= number <= len(self.bands):
                raise StyleError(f'There is no band {number}: this image has {len(self.bands)}.')
        return tuple(self.bands[number - 1] for number in numbers)

    # Pixels.

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
        """Return the samples of one tile, always of the full tile size; raises `OutsideError`."""
        size = (self.tileWidth, self.tileHeight)
        if self.matrix is not None:
            bounds = self.matrix.bounds(z, x, y)
            return self.read_map(
                self.matrix.projection,
                bounds,
                size,
                frame=frame,
                bands=bands,
                resampling=resampling,
            )
        scale = self.pyramid.scale(z, x, y)
        left, top = x * scale * self.tileWidth, y * scale * self.tileHeight
        window = (left, top, left + scale * self.tileWidth, top + scale * self.tileHeight)
        return self.read_window(window, size, frame=frame, bands=bands, resampling=resampling)

    def read_window(
        self,
        window: Window,
        size: Size,
        *,
        frame: int | None = None,
        bands: Sequence[int] | None = None,
        resampling: str | None = None,
    ) -> Raster:
        """Return the samples of a window (left, top, right, bottom) of the image's pixel grid."""
        chosen = self.select_bands(bands)
        with self.pool(frame).borrow() as dataset:
            return reading.read_window(
                dataset,
                chosen,
                window,
                size,
                reading.choose_resampling(resampling, chosen),
                opaque=self.description.opaque,
                identity=self.description.identity,
            )

    def read_map(
        self,
        projection: str,
        bounds: Window,
        size: Size,
        *,
        frame: int | None = None,
        bands: Sequence[int] | None = None,
        resampling: str | None = None,
    ) -> Raster:
        """Return the samples of a window (xmin, ymin, xmax, ymax) of a map in `projection`."""
        if not self.geospatial:
            raise ProjectionError(
                'This image has no place on the map: leave `projection` out to see it.'
            )
        chosen = self.select_bands(bands)
        how = reading.choose_resampling(resampling, chosen)
        target = reading.MapWindow(projection, bounds, size)
        with self.pool(frame).borrow() as dataset:
            warped = warp(dataset, self.description, self._transforms, chosen, target, how)
            return warped or reading.read_warped(
                dataset,
                chosen,
                target,
                how,
                source_projection=None if self.description.wkt else 'EPSG:4326',
                options=self.description.warp_options,
                opaque=self.description.opaque,
            )

    @methodcache()  # type: ignore[untyped-decorator]
    def getTile(
        self,
        x: int,
        y: int,
        z: int,
        pilImageAllowed: bool = False,
        numpyAllowed: bool | str = False,
        **kwargs: Any,
    ) -> Any:
        """Return a tile as large-image does: its own style language and encoders on our pixels."""
        with as_large_image():
            raster = self.read_tile(
                int(z),
                int(x),
                int(y),
                frame=self._getFrame(**kwargs),
                bands=tuple(band.number for band in self.bands),
                resampling='nearest',
            )
        data = raster.data
        if self.matrix is not None and raster.mask is not None:
            if self.bands[-1].interpretation != 'alpha':
                data = np.dstack((data, reading.from_byte(raster.mask, data.dtype)))
        elif self.matrix is None:
            # Tiles at the edges of the pixel grid are cut to the image, as large-image's are.
            scale = self.pyramid.scale(int(z), int(x), int(y))
            data = data[
                : max(1, round((self.sizeY - y * scale * self.tileHeight) / scale)),
                : max(1, round((self.sizeX - x * scale * self.tileWidth) / scale)),
            ]
        return self._outputTile(
            data, TILE_FORMAT_NUMPY, x, y, z, pilImageAllowed, numpyAllowed, **kwargs
        )
