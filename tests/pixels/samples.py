"""Small arrays with something in every corner, and GeoTIFFs of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal, gdal_array

from django_large_image.pixels.raster import Band

SIZE = 256
COLORS = {1: ('gray',), 2: ('gray', 'alpha'), 3: ('red', 'green', 'blue')}
COLORS[4] = (*COLORS[3], 'alpha')
_GDAL_COLORS = {
    'gray': gdal.GCI_GrayIndex,
    'red': gdal.GCI_RedBand,
    'green': gdal.GCI_GreenBand,
    'blue': gdal.GCI_BlueBand,
    'alpha': gdal.GCI_AlphaBand,
    'palette': gdal.GCI_PaletteIndex,
    'undefined': gdal.GCI_Undefined,
}


def gradient(dtype: str, bands: int = 1, low: float = 0, high: float = 255) -> np.ndarray:
    """Return (SIZE, SIZE, bands) samples that cover the range from low to high, unlike per band."""
    rows, columns = np.mgrid[:SIZE, :SIZE] / (SIZE - 1)
    planes = [columns, rows, (columns + rows) / 2, np.minimum(1, columns * 2)]
    data = np.stack([low + (high - low) * plane for plane in planes[:bands]], axis=-1)
    return (data if np.dtype(dtype).kind == 'f' else np.rint(data)).astype(dtype)


def describe(
    data: np.ndarray, interpretations: tuple[str, ...] | None = None, **more: Any
) -> tuple[Band, ...]:
    """Return bands for an array, grey or in colour by their count unless told."""
    names = interpretations or COLORS[data.shape[2]]
    return tuple(
        Band(number, name, str(data.dtype), **more) for number, name in enumerate(names, start=1)
    )


def write(
    path: Path, data: np.ndarray, bands: tuple[Band, ...], *, epsg: int | None = None
) -> Path:
    """Write a tiled GeoTIFF, so that GDAL's statistics of it are exact."""
    kind = gdal_array.NumericTypeCodeToGDALTypeCode(data.dtype.type)
    options = ['TILED=YES', 'BLOCKXSIZE=256', 'BLOCKYSIZE=256']
    driver = gdal.GetDriverByName('GTiff')
    dataset = driver.Create(str(path), data.shape[1], data.shape[0], data.shape[2], kind, options)
    if epsg is not None:
        reference = gdal.osr.SpatialReference()
        reference.ImportFromEPSG(epsg)
        dataset.SetProjection(reference.ExportToWkt())
        dataset.SetGeoTransform((0, 10, 0, 0, 0, -10))
    for index, band in enumerate(bands):
        target = dataset.GetRasterBand(index + 1)
        target.SetColorInterpretation(_GDAL_COLORS[band.interpretation])
        if band.colors:
            table = gdal.ColorTable()
            for entry, color in enumerate(band.colors):
                table.SetColorEntry(entry, color)
            target.SetColorTable(table)
        if band.nodata is not None:
            target.SetNoDataValue(band.nodata)
        target.WriteArray(data[:, :, index])
    del target, dataset
    return path
