"""The independent references: GDAL's command line, run as a user would."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal

from django_large_image.pixels.raster import Raster
from django_large_image.sources import reading
from django_large_image.sources.raster_source import RasterTileSource

# Names of the shared rasters that lie on a map.
REAL = [
    'cog_dateline',
    'cog_palette',
    'cog_utm',
    'global_dem',
    'landsat_rgb_utm18',
    'rgba_uint16',
    'world_rgb',
]
# GDAL's names of resamplings on the command line are ours.
RESAMPLINGS = ('nearest', 'bilinear', 'cubic', 'average', 'mode', 'lanczos')


def source(path: str | Path, projection: str | None = None, **options: Any) -> RasterTileSource:
    """Open a tile source beside all caches."""
    return RasterTileSource(
        str(path), projection=projection, **{'noCache': True, 'style': '{}', **options}
    )


def run(*command: object) -> str:
    """Run a command and return what it writes; its failure fails the test."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def gdalwarp(
    path: str | Path,
    folder: Path,
    projection: str,
    bounds: Sequence[float],
    size: tuple[int, int],
    resampling: str,
    *options: object,
) -> tuple[np.ndarray, np.ndarray]:
    """Return samples (height, width, bands without alpha) and alpha (height, width) of a warp."""
    output = folder / 'warped.tif'
    command = ['gdalwarp', '-q', '-overwrite', '-t_srs', projection, '-te', *bounds]
    run(*command, '-ts', *size, '-r', _name(resampling), '-dstalpha', *options, path, output)
    data = gdal.Open(str(output)).ReadAsArray()
    return np.moveaxis(data[:-1], 0, -1), data[-1]


def warped_by_gdal(reader: RasterTileSource, tile: tuple[int, int, int], resampling: str) -> Raster:
    """Return a tile as GDAL's own warper reads it in this process."""
    with reader.pool(None).borrow() as dataset:
        return reading.read_warped(
            dataset,
            reader.select_bands(None),
            reading.MapWindow(reader.matrix.projection, reader.matrix.bounds(*tile), (256, 256)),
            resampling,
            source_projection=None if reader.description.wkt else 'EPSG:4326',
            options=reader.description.warp_options,
            opaque=reader.description.opaque,
        )


def gdal_translate(
    path: str | Path,
    folder: Path,
    window: Sequence[float],
    size: tuple[int, int],
    resampling: str,
    *options: object,
) -> gdal.Dataset:
    """Return the open dataset of a window (left, top, right, bottom), scaled to a size."""
    left, top, right, bottom = window
    output = folder / 'translated.tif'
    command = ['gdal_translate', '-q', '-srcwin', left, top, right - left, bottom - top]
    run(*command, '-outsize', *size, '-r', _name(resampling), *options, path, output)
    return gdal.Open(str(output))


def translated(*args: Any) -> np.ndarray:
    """Return the samples (height, width, bands) of `gdal_translate`."""
    data = gdal_translate(*args).ReadAsArray()
    return np.atleast_3d(data) if data.ndim == 2 else np.moveaxis(data, 0, -1)


def location_values(path: str | Path, column: int, row: int) -> list[float]:
    """Return the stored value of each band at a pixel, from `gdallocationinfo`."""
    return [float(line) for line in run('gdallocationinfo', '-valonly', path, column, row).split()]


def _name(resampling: str) -> str:
    return {'nearest': 'near'}.get(resampling, resampling)
