"""GeoDjango's rasters in, image references out: rasters of files, of bytes, and of PostGIS."""

from __future__ import annotations

import hashlib
import logging
import math
import struct
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeGuard

from osgeo import gdal, osr

from django_large_image.conf import settings
from django_large_image.exceptions import BudgetError, UnreadableError
from django_large_image.sources import memory
from django_large_image.sources.handles import quiet
from django_large_image.sources.reference import ImageReference

if TYPE_CHECKING:
    from django.contrib.gis.gdal import GDALRaster

logger = logging.getLogger(__name__)

_MODULE = 'django.contrib.gis.gdal.raster.source'
_BROKEN = 'Unreadable image: this raster is damaged, or of a kind that is not served.'
# What GDAL says of a dataset without a place.
_NOWHERE = (0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
# Smaller ones are read whole anyhow.
_TILED_FROM = 512


@dataclass(frozen=True, slots=True)
class _Plane:
    """One band: its samples row by row, its value for no data, its meaning as GDAL counts them."""

    data: bytes | memoryview
    nodata: float | None
    meaning: int = 0
    description: str = ''


@dataclass(frozen=True, slots=True)
class _Grid:
    """A raster as its samples: all that GeoDjango knows of one that is no file.

    `datatype` is GDAL's number, `transform` its six numbers, `projection` WKT or empty.
    """

    width: int
    height: int
    datatype: int
    transform: tuple[float, ...]
    projection: str
    planes: tuple[_Plane, ...]

    def version(self) -> str:
        """Return a digest of all that decides the picture."""
        said = [(plane.nodata, plane.meaning, plane.description) for plane in self.planes]
        head = (self.width, self.height, self.datatype, self.transform, self.projection, said)
        digest = hashlib.blake2b(repr(head).encode('utf-8', 'surrogatepass'), digest_size=16)
        for plane in self.planes:
            digest.update(plane.data)
        return digest.hexdigest()

    @property
    def alike(self) -> bool:
        """Whether all bands have the same value for no data, or none has any."""
        return len({repr(plane.nodata) for plane in self.planes}) == 1

    def write(self, path: str) -> None:
        """Write a GeoTIFF; raises `RuntimeError` where GDAL cannot."""
        tiled = max(self.width, self.height) > _TILED_FROM
        options = ['INTERLEAVE=BAND', 'BIGTIFF=IF_SAFER', *['TILED=YES'] * tiled]
        size = (self.width, self.height, len(self.planes), self.datatype)
        with quiet():
            dataset = gdal.GetDriverByName('GTiff').Create(path, *size, options)
            if self.transform != _NOWHERE:
                dataset.SetGeoTransform(self.transform)
            if self.projection:
                dataset.SetProjection(self.projection)
            for number, plane in enumerate(self.planes, 1):
                self._fill(dataset.GetRasterBand(number), plane)
            self._write_nodata(dataset, path)
            dataset.FlushCache()

    def _write_nodata(self, dataset: gdal.Dataset, path: str) -> None:
        if self.alike:
            if self.planes[0].nodata is not None:
                dataset.GetRasterBand(1).SetNoDataValue(self.planes[0].nodata)
            return
        # A TIFF has one such value for all bands: those that differ go where GDAL looks as well.
        bands = ''.join(
            f'<PAMRasterBand band="{number}"><NoDataValue>{plane.nodata}</NoDataValue>'
            '</PAMRasterBand>'
            for number, plane in enumerate(self.planes, 1)
            if plane.nodata is not None
        )
        gdal.FileFromMemBuffer(f'{path}.aux.xml', f'<PAMDataset>{bands}</PAMDataset>'.encode())

    def _fill(self, band: gdal.Band, plane: _Plane) -> None:
        if plane.meaning:
            band.SetColorInterpretation(plane.meaning)
        if plane.description:
            band.SetDescription(plane.description)
        band.WriteRaster(0, 0, self.width, self.height, plane.data, buf_type=self.datatype)


def is_gdalraster(value: object) -> TypeGuard[GDALRaster]:
    """Whether a value is a `GDALRaster`; GeoDjango is not imported for the answer."""
    module = sys.modules.get(_MODULE)
    return module is not None and isinstance(value, module.GDALRaster)


def gdalraster_reference(raster: GDALRaster, name: str = '') -> ImageReference:
    """Return the reference of a raster of GeoDjango's.

    One that was opened from a file stands for that file, under the same rules as its path. Of one
    in memory the bytes or samples are copied, once while the copy is in use; the raster itself may
    be closed and changed afterwards. Raises `UnreadableError` for a closed or empty one and for a
    driver that is not allowed, `BudgetError` for one of more than `MEMORY_IMAGE_BYTES`.
    """
    with _refusing(), _lock(raster):
        driver, path = raster.driver.name, raster.name
        # Others of these names are free text: of a MEM dataset, it is what its maker wrote.
        if driver == 'MEM':
            return _grid_reference(_read(raster), name)
        if driver not in settings.DRIVERS:
            raise UnreadableError('Unreadable image: rasters of this kind are not allowed.')
        if path.startswith('/vsimem/'):
            return _bytes_reference(raster.vsi_buffer, driver, name)
    from django_large_image.storage.paths import path_reference

    return path_reference(path)


def stored_reference(value: object, name: str = '') -> ImageReference:
    """Return the reference of what a row of PostGIS holds, as GeoDjango parsed it: a dictionary of
    samples, before a `GDALRaster` is made of it.

    It costs a digest of the samples. SRID 0 is no projection. Raises `UnreadableError` for None,
    for samples outside of the database and for a raster without bands, `BudgetError` as
    `gdalraster_reference`.
    """
    if value is None:
        raise UnreadableError('No raster was stored for this image.')
    if is_gdalraster(value):
        return gdalraster_reference(value, name)
    if not isinstance(value, Mapping):
        raise UnreadableError(_BROKEN)
    with _refusing():
        return _grid_reference(_parsed(value), name)


@contextmanager
def _refusing() -> Iterator[None]:
    """Raise `UnreadableError` for whatever GeoDjango raises of a broken raster."""
    from django.contrib.gis.gdal import GDALException

    try:
        yield
    except (GDALException, LookupError, TypeError, ValueError, struct.error) as error:
        logger.info('A raster could not be read: %r', error)
        raise UnreadableError(_BROKEN) from None


_locks: weakref.WeakKeyDictionary[GDALRaster, threading.Lock] = weakref.WeakKeyDictionary()


def _lock(raster: GDALRaster) -> threading.Lock:
    """Return the lock of a raster: a viewset may give the same to many threads, GDAL has it read by
    one.
    """
    return _locks.setdefault(raster, threading.Lock())


def _grid_reference(grid: _Grid, name: str) -> ImageReference:
    version = grid.version()
    file = memory.keep(f'{version}.tif', grid.write)
    return ImageReference(file.path, version, name or 'raster.tif', content=file)


def _bytes_reference(content: bytes | None, driver: str, name: str) -> ImageReference:
    if not content:
        raise UnreadableError(_BROKEN)
    _check_size(len(content))
    suffix = gdal.GetDriverByName(driver).GetMetadataItem('DMD_EXTENSION') or 'raster'
    version = hashlib.blake2b(content, digest_size=16).hexdigest()
    file = memory.keep(f'{version}.{suffix}', lambda path: gdal.FileFromMemBuffer(path, content))
    return ImageReference(file.path, version, name or f'raster.{suffix}', content=file)


def _check_size(size: int) -> None:
    limit = settings.MEMORY_IMAGE_BYTES
    if size > limit:
        raise BudgetError(f'This raster takes {size} bytes of memory; at most {limit} are allowed.')


def _read(raster: GDALRaster) -> _Grid:
    """Return the samples of a raster; GDAL's own bindings cannot be handed GeoDjango's dataset."""
    bands = list(raster.bands)
    datatypes = {band.datatype() for band in bands}
    if len(datatypes) != 1:
        raise UnreadableError('Unreadable image: it has no bands, or bands of several types.')
    (datatype,) = datatypes
    _check_size(raster.width * raster.height * len(bands) * _sample_size(datatype))
    return _Grid(
        raster.width,
        raster.height,
        datatype,
        tuple(raster.geotransform),
        raster.srs.wkt if raster.srs else '',
        tuple(
            _Plane(
                band.data(as_memoryview=True),
                band.nodata_value,
                band.color_interp(),
                band.description,
            )
            for band in bands
        ),
    )


def _parsed(value: Mapping[str, Any]) -> _Grid:
    """Return the samples of what GeoDjango's `from_pgraster` made of a row."""
    width, height, datatype = value['width'], value['height'], value['datatype']
    planes = tuple(_Plane(band['data'], band.get('nodata_value')) for band in value['bands'])
    expected = width * height * _sample_size(datatype)
    if not planes or not expected:
        raise UnreadableError('Unreadable image: this raster has no bands or no pixels.')
    if any(len(plane.data) != expected for plane in planes):
        raise UnreadableError('Unreadable image: its pixels are not in the database, or damaged.')
    _check_size(expected * len(planes))
    (left, top), (dx, dy), (skew_x, skew_y) = value['origin'], value['scale'], value['skew']
    transform = (left, dx, skew_x, top, skew_y, dy)
    if not all(map(math.isfinite, transform)):
        transform = _NOWHERE
    return _Grid(width, height, datatype, transform, _projection(value['srid']), planes)


def _sample_size(datatype: int) -> int:
    return int(gdal.GetDataTypeSize(datatype)) // 8


@lru_cache(maxsize=256)
def _projection(srid: int) -> str:
    """Return WKT; empty for PostGIS's unknown (0) and for what is no code of the EPSG."""
    if srid <= 0:
        return ''
    system = osr.SpatialReference()
    try:
        with quiet():
            failed = system.ImportFromEPSG(srid)
            return '' if failed else str(system.ExportToWkt())
    except RuntimeError:
        logger.warning('SRID %s of a raster is unknown: it has no place on the map', srid)
        return ''
