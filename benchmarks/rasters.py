"""The rasters of the benchmark: built once, with bounded memory, into `var/rasters`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal
from tqdm import tqdm

from benchmarks import RASTERS
from benchmarks.cases import MERCATOR, MERCATOR_TILES, UTM, band_file
from benchmarks.imagery import Scene
from benchmarks.tiles import TILE_SIZE, Footprint

gdal.UseExceptions()

SIZE = 12_000
MERCATOR_SIZE = MERCATOR_TILES * TILE_SIZE
NODATA = 0
QUALITY = 85
CACHE_BYTES = 256 << 20
THREADS = 'NUM_THREADS=ALL_CPUS'
JPEG_TILES = ['TILED=YES', 'COMPRESS=JPEG', 'PHOTOMETRIC=YCBCR', f'JPEG_QUALITY={QUALITY}']
SMALL_BLOCKS = ['BLOCKXSIZE=256', 'BLOCKYSIZE=256']


@dataclass(frozen=True)
class Recipe:
    """One raster: the name of its file, and how it is written from a plain one."""

    filename: str
    plain: str
    write: Callable[[Path, gdal.Dataset], None]


def utm_rgb_deflate(path: Path, plain: gdal.Dataset) -> None:
    _cog(path, located(plain, UTM), 'COMPRESS=DEFLATE', 'PREDICTOR=2', 'BLOCKSIZE=512')


def utm_rgb_jpeg(path: Path, plain: gdal.Dataset) -> None:
    _cog(path, located(plain, UTM), 'COMPRESS=JPEG', f'QUALITY={QUALITY}', 'BLOCKSIZE=512')


def utm_uint16(path: Path, plain: gdal.Dataset, gain: float = 1, offset: float = 0) -> None:
    # Nodata stays what it is.
    scaled = gdal.Translate('', plain, format='VRT', scaleParams=[[0, 1, offset, gain + offset]])
    _cog(path, located(scaled, UTM), 'COMPRESS=DEFLATE', 'PREDICTOR=2', 'BLOCKSIZE=512')


def mercator_jpeg(path: Path, plain: gdal.Dataset) -> None:
    # Whole tiles: nothing is left to mask.
    options = ['TILING_SCHEME=GoogleMapsCompatible', 'ADD_ALPHA=NO']
    _cog(path, located(plain, MERCATOR), 'COMPRESS=JPEG', f'QUALITY={QUALITY}', *options)


def pyramid_jpeg(path: Path, plain: gdal.Dataset) -> None:
    with progress(path.name) as callback:
        gdal.GetDriverByName('GTiff').CreateCopy(
            str(path), plain, options=[*JPEG_TILES, *SMALL_BLOCKS, THREADS], callback=callback
        )
    levels = [2**level for level in range(1, Footprint.of_pixels(SIZE, SIZE).levels[1] + 1)]
    with configured(JPEG_QUALITY_OVERVIEW=str(QUALITY), GDAL_TIFF_OVR_BLOCKSIZE='256'):
        pyramid = gdal.Open(str(path), gdal.GA_Update)
        with progress(f'{path.name}: pyramid') as callback:
            pyramid.BuildOverviews('AVERAGE', levels, callback)
        pyramid.FlushCache()


def jp2(path: Path, plain: gdal.Dataset) -> None:
    with progress(path.name) as callback:
        gdal.Translate(
            str(path),
            plain,
            format='JP2OpenJPEG',
            srcWin=[3000, 3000, 6000, 6000],
            creationOptions=['BLOCKXSIZE=1024', 'BLOCKYSIZE=1024'],
            callback=callback,
        )


RECIPES = (
    Recipe('utm-rgb-deflate.tif', 'utm-rgb', utm_rgb_deflate),
    Recipe('utm-rgb-jpeg.tif', 'utm-rgb', utm_rgb_jpeg),
    Recipe('pyramid-jpeg.tif', 'utm-rgb', pyramid_jpeg),
    Recipe('plain.jp2', 'utm-rgb', jp2),
    Recipe(band_file('B04'), 'utm-uint16', utm_uint16),
    Recipe(band_file('B08'), 'utm-uint16', partial(utm_uint16, gain=1.3, offset=300)),
    Recipe(band_file('B02'), 'utm-uint16', partial(utm_uint16, gain=0.8, offset=50)),
    Recipe('mercator-rgb-jpeg.tif', 'mercator-rgb', mercator_jpeg),
)


def build(filenames: set[str]) -> None:
    """Write the rasters that are asked for and missing."""
    RASTERS.mkdir(parents=True, exist_ok=True)
    missing = [
        recipe
        for recipe in RECIPES
        if recipe.filename in filenames and not (RASTERS / recipe.filename).exists()
    ]
    with configured(GDAL_CACHEMAX=str(CACHE_BYTES), GDAL_PAM_ENABLED='NO'):
        for plain_name in dict.fromkeys(recipe.plain for recipe in missing):
            plain = write_plain(plain_name)
            for recipe in missing:
                if recipe.plain == plain_name:
                    _complete(recipe, plain)
            plain.unlink()


def _complete(recipe: Recipe, plain: Path) -> None:
    path = RASTERS / recipe.filename
    path.parent.mkdir(exist_ok=True)
    unfinished = RASTERS / f'unfinished-{path.name}'
    recipe.write(unfinished, gdal.Open(str(plain)))
    unfinished.rename(path)


def write_plain(name: str) -> Path:
    """Write the pixels of a scene without compression, georeference or pyramid; return the file."""
    footprint, size = (MERCATOR, MERCATOR_SIZE) if name == 'mercator-rgb' else (UTM, SIZE)
    bounds = (footprint.left, footprint.bottom, footprint.right, footprint.top)
    scene = Scene(str(footprint.crs), bounds, size)
    path = RASTERS / f'{name}-plain.tif'
    single = name == 'utm-uint16'
    options = ['TILED=YES', 'BLOCKXSIZE=512', 'BLOCKYSIZE=512', 'INTERLEAVE=PIXEL']
    dataset = gdal.GetDriverByName('GTiff').Create(
        str(path),
        size,
        size,
        1 if single else 3,
        gdal.GDT_UInt16 if single else gdal.GDT_Byte,
        options if single else [*options, 'PHOTOMETRIC=RGB'],
    )
    if single:
        dataset.GetRasterBand(1).SetNoDataValue(NODATA)
    with progress(f'{name}: pixels') as callback:
        for row, pixels in scene.strips():
            if single:
                dataset.GetRasterBand(1).WriteArray(reflectance(pixels, row, size), 0, row)
            else:
                dataset.WriteArray(np.ascontiguousarray(pixels.transpose(2, 0, 1)), 0, row)
            callback((row + len(pixels)) / size)
    dataset.FlushCache()
    return path


def reflectance(pixels: NDArray[np.uint8], row: int, size: int) -> NDArray[np.uint16]:
    """Return one 16-bit band of 8-bit pixels (rows, size, 3), of which `row` is the first.

    It reaches to about 10000, and is nodata beside the swath of the satellite, which leans.
    """
    random = np.random.default_rng(row)
    light = pixels.astype(np.float32).mean(axis=2) * 40
    light += random.standard_normal(light.shape, np.float32) * 30
    values: NDArray[np.uint16] = np.clip(light, 1, 65535).astype(np.uint16)
    lines = np.arange(row, row + len(pixels))[:, None]
    columns = np.arange(size)[None, :]
    first = 0.12 * (size - lines)
    values[(columns < first) | (columns > size - 0.12 * lines)] = NODATA
    return values


def located(plain: gdal.Dataset, footprint: Footprint) -> gdal.Dataset:
    """Return a view of plain pixels with their place on the map."""
    bounds = (footprint.left, footprint.top, footprint.right, footprint.bottom)
    return gdal.Translate('', plain, format='VRT', outputSRS=footprint.crs, outputBounds=bounds)


def _cog(path: Path, dataset: gdal.Dataset, *options: str) -> None:
    with progress(path.name) as callback:
        gdal.Translate(
            str(path),
            dataset,
            format='COG',
            creationOptions=['RESAMPLING=AVERAGE', THREADS, *options],
            callback=callback,
        )


@contextmanager
def configured(**options: str) -> Iterator[None]:
    """Set options of GDAL for the block."""
    before = {name: gdal.GetConfigOption(name) for name in options}
    for name, value in options.items():
        gdal.SetConfigOption(name, value)
    try:
        yield
    finally:
        for name, former in before.items():
            gdal.SetConfigOption(name, former)


@contextmanager
def progress(title: str) -> Iterator[Callable[..., int]]:
    """Show a bar for the block; what it yields is GDAL's progress callback."""
    with tqdm(total=100, desc=title, unit='%', leave=False) as bar:

        def report(done: float, message: str = '', data: object = None) -> int:
            bar.update(int(done * 100) - bar.n)
            return 1

        yield report
