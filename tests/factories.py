"""Rasters made by GDAL for a test: small, explicit and written where the test says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from osgeo import gdal, gdal_array, osr

gdal.UseExceptions()

Bounds = tuple[float, float, float, float]

_INTERPRETATIONS = {gdal.GetColorInterpretationName(code): code for code in range(17)}


def gradient(
    height: int = 256, width: int = 256, bands: int = 3, dtype: str = 'uint8'
) -> np.ndarray:
    """Smooth bands that differ from each other in every pixel.

    Returns an array (bands, height, width) over the whole range of an integer `dtype`, or over 0-1.
    """
    y, x = np.mgrid[0:height, 0:width]
    ramps = [x / max(width - 1, 1), y / max(height - 1, 1), 1 - x / max(width - 1, 1)]
    data = np.stack([ramps[band % 3] for band in range(bands)])
    if np.issubdtype(np.dtype(dtype), np.integer):
        data = np.round(data * np.iinfo(dtype).max)
    return data.astype(dtype)


def raster(
    path: str | Path,
    data: np.ndarray | None = None,
    *,
    epsg: int | None = None,
    bounds: Bounds | None = None,
    geotransform: Sequence[float] | None = None,
    nodata: float | None = None,
    color_table: Sequence[Sequence[int]] | None = None,
    interpretations: Sequence[str] | None = None,
    alpha: bool = False,
    mask: np.ndarray | None = None,
    overviews: Iterable[int] = (),
    driver: str = 'GTiff',
    options: Mapping[str, object] | Iterable[str] = (),
    gcps: Iterable[tuple[float, float, float, float]] | None = None,
    descriptions: Sequence[str] | None = None,
) -> Path:
    """Write `data` as a raster file.

    `data` is (height, width) or (bands, height, width); absent, it is `gradient()`.
    `bounds` are (left, bottom, right, top) in units of `epsg`; `geotransform` is GDAL's six
    numbers and wins. `gcps` are (pixel, line, x, y). `mask` is (height, width), non-zero where
    valid. `alpha` says that the last band is one. `color_table` lists (red, green, blue[, alpha])
    for the first band; `interpretations` are GDAL's names ('Red', 'Gray', ...), one per band.
    `options` are creation options of the driver.
    """
    data = gradient() if data is None else np.asarray(data)
    planes = data[np.newaxis] if data.ndim == 2 else data
    count, height, width = planes.shape
    kind = gdal_array.NumericTypeCodeToGDALTypeCode(planes.dtype.type)
    dataset = gdal.GetDriverByName('MEM').Create('', width, height, count, kind)
    _georeference(dataset, epsg, bounds, geotransform, gcps)
    for index, plane in enumerate(planes):
        band = dataset.GetRasterBand(index + 1)
        band.WriteArray(plane)
        if nodata is not None:
            band.SetNoDataValue(nodata)
        if interpretations is not None:
            name = interpretations[index]
            band.SetColorInterpretation(_INTERPRETATIONS[name])
        if descriptions is not None:
            band.SetDescription(descriptions[index])
    if interpretations is None and color_table is None:
        _interpret(dataset, alpha)
    if color_table is not None:
        _paint(dataset.GetRasterBand(1), color_table)
    if mask is not None:
        dataset.CreateMaskBand(gdal.GMF_PER_DATASET)
        dataset.GetRasterBand(1).GetMaskBand().WriteArray(np.where(mask, 255, 0).astype('uint8'))
    _copy(dataset, path, driver, options)
    levels = list(overviews)
    if levels:
        written = gdal.Open(str(path), gdal.GA_Update)
        written.BuildOverviews('NEAREST' if color_table is not None else 'AVERAGE', levels)
        written = None
    return Path(path)


def multiframe(path: str | Path, frames: Iterable[np.ndarray], **kwargs: object) -> Path:
    """Write a TIFF with one page per frame; every frame is what `raster` takes as `data`."""
    for index, frame in enumerate(frames):
        append = {'APPEND_SUBDATASET': 'YES'} if index else {}
        raster(path, frame, options=append, **kwargs)  # type: ignore[arg-type]
    return Path(path)


def truncated(path: str | Path, source: str | Path, *, keep: float = 0.5) -> Path:
    """Write the first part of another file: what an upload that broke off leaves behind."""
    content = Path(source).read_bytes()
    Path(path).write_bytes(content[: int(len(content) * keep)])
    return Path(path)


def _georeference(
    dataset: gdal.Dataset,
    epsg: int | None,
    bounds: Bounds | None,
    geotransform: Sequence[float] | None,
    gcps: Iterable[tuple[float, float, float, float]] | None,
) -> None:
    system = osr.SpatialReference()
    if epsg is not None:
        system.ImportFromEPSG(epsg)
        system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    if gcps is not None:
        points = [gdal.GCP(x, y, 0, pixel, line) for pixel, line, x, y in gcps]
        dataset.SetGCPs(points, system.ExportToWkt())
        return
    if epsg is not None:
        dataset.SetSpatialRef(system)
    if geotransform is None and bounds is not None:
        left, bottom, right, top = bounds
        step = (right - left) / dataset.RasterXSize, (bottom - top) / dataset.RasterYSize
        geotransform = (left, step[0], 0, top, 0, step[1])
    if geotransform is not None:
        dataset.SetGeoTransform([float(value) for value in geotransform])


def _interpret(dataset: gdal.Dataset, alpha: bool) -> None:
    count = dataset.RasterCount
    colors = count - alpha
    names = {
        1: [gdal.GCI_GrayIndex],
        3: [gdal.GCI_RedBand, gdal.GCI_GreenBand, gdal.GCI_BlueBand],
    }.get(colors, [gdal.GCI_GrayIndex] + [gdal.GCI_Undefined] * (colors - 1))
    for index, name in enumerate([*names, gdal.GCI_AlphaBand][:count]):
        dataset.GetRasterBand(index + 1).SetColorInterpretation(name)


def _paint(band: gdal.Band, colors: Sequence[Sequence[int]]) -> None:
    table = gdal.ColorTable()
    for index, color in enumerate(colors):
        table.SetColorEntry(index, tuple(color))
    band.SetColorTable(table)
    band.SetColorInterpretation(gdal.GCI_PaletteIndex)


def _copy(
    dataset: gdal.Dataset,
    path: str | Path,
    driver: str,
    options: Mapping[str, object] | Iterable[str],
) -> None:
    if isinstance(options, Mapping):
        options = [f'{key}={value}' for key, value in options.items()]
    with_internal_mask = gdal.GetConfigOption('GDAL_TIFF_INTERNAL_MASK')
    gdal.SetConfigOption('GDAL_TIFF_INTERNAL_MASK', 'YES')
    try:
        gdal.GetDriverByName(driver).CreateCopy(str(path), dataset, options=list(options))
    finally:
        gdal.SetConfigOption('GDAL_TIFF_INTERNAL_MASK', with_internal_mask)
