"""Sample catalogues: bands of the scenes in `samples`, and a made-up year for the time series."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal

from core import samples
from django_large_image.catalog.api import Row

PLACES = {
    'great-salt-lake': (
        samples.salt_lake,
        ('coastal', 'blue', 'green', 'red', 'nir', 'swir1', 'swir2'),
    ),
    'san-francisco': (samples.san_francisco, ('nir', 'red', 'green')),
    'sierra-nevada': (samples.sierra_nevada, ('elevation',)),
}
CLASSES = [
    {'value': 1, 'name': 'Sea', 'color': '#3b6ea5'},
    {'value': 2, 'name': 'Bare', 'color': '#e3d3a6'},
    {'value': 3, 'name': 'Sparse', 'color': '#a9b665'},
    {'value': 4, 'name': 'Green', 'color': '#3f7d3a'},
]
EDGES = (-0.08, 0.05)  # of greenness, between bare, sparse and green
# West and north of tiles of so many degrees.
TILE = 10
TILES = [(west, north) for north in (65, 55, 45) for west in range(-10, 40, TILE)]
MONTHS = [f'2024-{month:02}-15' for month in range(1, 13)]
COMPRESSED = ['TILED=YES', 'BLOCKXSIZE=256', 'BLOCKYSIZE=256', 'COMPRESS=DEFLATE']


@dataclass(frozen=True)
class Sample:
    """A catalogue: its keys, its rasters, and a picture of it below its address."""

    slug: str
    title: str
    description: str
    keys: tuple[Any, ...]
    picture: str
    rows: Callable[[Path], Iterator[Row]] = field(repr=False)


def scenes(folder: Path) -> Iterator[Row]:
    """Make one raster for each place, and yield its bands as datasets of their own."""
    for place, (make, bands) in PLACES.items():
        path = folder / f'{place}.tif'
        make(path)
        for number, band in enumerate(bands, 1):
            yield Row({'place': place, 'band': band}, path, number)
    path = folder / 'mediterranean.tif'
    cover(path)
    yield Row({'place': 'mediterranean', 'band': 'cover'}, path, fields={'categories': CLASSES})


def cover(path: Path) -> None:
    """Classes of the greenness of Blue Marble."""
    west, north, east, south = samples.MEDITERRANEAN
    values = greenness((west, north, east, south))
    classes = np.digitize(values, EDGES) + 2
    write(path, np.where(np.isnan(values), 1, classes).astype('uint8'), (west, north))


def seasons(folder: Path) -> Iterator[Row]:
    """Make a raster for each tile and month: plants come with the sun, the more so in the north."""
    for west, north in TILES:
        values = greenness((west, north, west + TILE, north - TILE))
        latitudes = np.linspace(north, north - TILE, len(values))[:, np.newaxis]
        name = f'{"W" if west < 0 else "E"}{abs(west):03}N{north}'
        for number, month in enumerate(MONTHS):
            sun = -np.cos((number + 0.5) / 12 * 2 * np.pi)
            year = values + 0.004 * (latitudes - 30) * sun
            path = folder / f'{name}_{month}.tif'
            write(path, np.where(np.isnan(year), -9999, year).astype('float32'), (west, north))
            yield Row({'tile': name, 'month': month}, path)


def greenness(box: tuple[float, float, float, float]) -> np.ndarray:
    """Return (green - red) / (green + red) of Blue Marble within left, top, right and bottom; NaN
    where there is sea.
    """
    world = samples.world('bmng.jpg')
    part = gdal.Translate('', world, format='MEM', projWin=box)
    red, green = (part.GetRasterBand(band).ReadAsArray().astype(float) for band in (1, 2))
    index = np.divide(green - red, green + red, out=np.zeros_like(red), where=green + red > 0)
    height, width = world.RasterYSize, world.RasterXSize
    left = round((box[0] + 180) / 360 * width)
    top = round((90 - box[1]) / 180 * height)
    rows, columns = index.shape
    dry = samples.land(width, height)[top : top + rows, left : left + columns]
    return np.where(dry, index, np.nan)


def write(path: Path, data: np.ndarray, corner: tuple[float, float]) -> None:
    """Write pixels as large as those of Blue Marble, from the upper left corner on."""
    side = 360 / samples.world('bmng.jpg').RasterXSize
    kind = gdal.GDT_Byte if data.dtype == np.uint8 else gdal.GDT_Float32
    memory = gdal.GetDriverByName('MEM').Create('', data.shape[1], data.shape[0], 1, kind)
    memory.SetProjection('EPSG:4326')
    memory.SetGeoTransform((corner[0], side, 0, corner[1], 0, -side))
    memory.GetRasterBand(1).WriteArray(data)
    if kind == gdal.GDT_Float32:
        memory.GetRasterBand(1).SetNoDataValue(-9999)
    gdal.GetDriverByName('GTiff').CreateCopy(str(path), memory, options=COMPRESSED)


SAMPLES = [
    Sample(
        'scenes',
        'Landsat and elevation',
        'Bands of two Landsat scenes, a model of heights, and classes with their colours: combine '
        'them, or compute with them.',
        ('place', 'band'),
        'rgb/great-salt-lake/preview.webp?r=nir&g=red&b=green&r_range=["p2","p98"]'
        '&g_range=["p2","p98"]&b_range=["p2","p98"]',
        scenes,
    ),
    Sample(
        'seasons',
        'A year in Europe',
        'How green the land of Blue Marble is, tile by tile, with a made-up year laid over it: '
        'join the tiles, and click for a series.',
        (
            {'name': 'tile', 'description': 'West and north of the tile, in degrees'},
            {'name': 'month', 'kind': 'date', 'description': 'The middle of a month'},
        ),
        'singleband/*/2024-07-15/preview.webp?colormap=rdylgn&stretch_range=[-0.3,0.3]',
        seasons,
    ),
]
