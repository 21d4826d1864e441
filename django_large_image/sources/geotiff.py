"""A region as a tiled GeoTIFF in a file that disappears when it is closed."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from typing import IO

import numpy as np
from osgeo import gdal, gdal_array, osr

from django_large_image.pixels.raster import Band, Raster
from django_large_image.pixels.style import Style
from django_large_image.sources.opening import Reader
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.reference import ImageReference
from django_large_image.sources.regions import Plan
from django_large_image.sources.rendering import render

_OPTIONS = ['TILED=YES', 'COMPRESS=DEFLATE', 'PREDICTOR=2', 'ZLEVEL=1', 'BIGTIFF=IF_SAFER']
_COLORS = {1: ('gray',), 2: ('gray', 'alpha'), 3: ('red', 'green', 'blue')}
_INTERPRETATIONS = {gdal.GetColorInterpretationName(code).lower(): code for code in range(17)}


def write_region(
    reader: Reader,
    reference: ImageReference | None,
    style: Style,
    frame: int | None,
    plan: Plan,
    resampling: str | None,
) -> IO[bytes]:
    """Return an open GeoTIFF of a region: the samples of all bands, or the picture of a style.

    The file is unlinked already: closing it frees its space, whatever happens to the request.
    """
    if style.identity:
        raster = plan.read(reader, frame, tuple(band.number for band in reader.bands), resampling)
    else:
        picture = render(
            reader,
            reference,
            style,
            frame,
            lambda number, bands: plan.read(reader, number, bands, resampling),
        )
        names = _COLORS.get(picture.data.shape[2], ('red', 'green', 'blue', 'alpha'))
        bands = tuple(
            Band(index + 1, name, str(picture.data.dtype)) for index, name in enumerate(names)
        )
        raster = Raster(picture.data, None, bands)
    dataset = _in_memory(raster)
    _georeference(dataset, reader, plan)
    handle, path = tempfile.mkstemp(suffix='.tif', prefix='region-')
    os.close(handle)
    try:
        options = [
            option
            for option in _OPTIONS
            # GDAL's horizontal predictor is for whole numbers of at most 32 bits.
            if option != 'PREDICTOR=2' or raster.data.dtype.kind in 'iu'
        ]
        # The mask belongs into the file; only a configuration option says so.
        gdal.SetThreadLocalConfigOption('GDAL_TIFF_INTERNAL_MASK', 'YES')
        gdal.GetDriverByName('GTiff').CreateCopy(path, dataset, options=options)
        return open(path, 'rb')
    finally:
        gdal.SetThreadLocalConfigOption('GDAL_TIFF_INTERNAL_MASK', None)
        with suppress(OSError):
            os.unlink(path)


def _in_memory(raster: Raster) -> gdal.Dataset:
    height, width, count = raster.data.shape
    data = raster.data
    kind = gdal_array.NumericTypeCodeToGDALTypeCode(data.dtype.type)
    if kind is None:
        # GDAL before 3.7 has no signed bytes.
        data, kind = data.astype(np.int16), gdal.GDT_Int16
    dataset = gdal.GetDriverByName('MEM').Create('', width, height, count, kind)
    for index, band in enumerate(raster.bands):
        target = dataset.GetRasterBand(index + 1)
        target.WriteArray(np.ascontiguousarray(data[:, :, index]))
        target.SetColorInterpretation(_INTERPRETATIONS.get(band.interpretation, gdal.GCI_Undefined))
        if band.nodata is not None:
            target.SetNoDataValue(band.nodata)
        if band.colors is not None:
            table = gdal.ColorTable()
            for value, color in enumerate(band.colors):
                table.SetColorEntry(value, color)
            target.SetColorTable(table)
    interpreted = {band.interpretation for band in raster.bands}
    if raster.mask is not None and 'alpha' not in interpreted and (raster.mask < 255).any():
        dataset.CreateMaskBand(gdal.GMF_PER_DATASET)
        dataset.GetRasterBand(1).GetMaskBand().WriteArray(raster.mask)
    return dataset


def _georeference(dataset: gdal.Dataset, reader: Reader, plan: Plan) -> None:
    """Say where the region lies, on the map or within the image's own georeference."""
    width, height = plan.size
    left, top, right, bottom = plan.window
    if plan.projection is not None:
        system = osr.SpatialReference()
        system.SetFromUserInput(plan.projection)
        dataset.SetSpatialRef(system)
        # A map window is (xmin, ymin, xmax, ymax).
        dataset.SetGeoTransform(
            (left, (right - left) / width, 0, bottom, 0, (top - bottom) / height)
        )
        return
    if not isinstance(reader, RasterTileSource) or not reader.geospatial:
        return
    origin_x, a, b, origin_y, d, e = reader._getGeoTransform()
    scale_x, scale_y = (right - left) / width, (bottom - top) / height
    dataset.SetGeoTransform(
        (
            origin_x + left * a + top * b,
            a * scale_x,
            b * scale_y,
            origin_y + left * d + top * e,
            d * scale_x,
            e * scale_y,
        )
    )
    dataset.SetProjection(reader.description.wkt or osr.GetUserInputAsWKT('EPSG:4326'))
