"""Fifty small rasters that have little in common, and tiles of them to render again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from django_large_image.pixels.formats import EncodeOptions, get_format
from django_large_image.pixels.style import Style
from django_large_image.sources.opening import open_source, reader_of
from django_large_image.sources.rendering import render
from django_large_image.storage.paths import local_reference
from tests import factories

# An EPSG code, and bounds in its units.
PLACES: tuple[tuple[int | None, factories.Bounds | None], ...] = (
    (None, None),
    (3857, (800_000, 5_900_000, 860_000, 5_960_000)),
    (4326, (-180, -85, 180, 85)),
    (4326, (7, 46, 9, 48)),
    (32633, (400_000, 5_000_000, 460_000, 5_060_000)),
    (32719, (300_000, 8_000_000, 340_000, 8_040_000)),
    (3413, (-500_000, -500_000, 500_000, 500_000)),
    (2154, (600_000, 6_400_000, 700_000, 6_500_000)),
)
STYLES: tuple[str | None, ...] = (
    None,
    '{"band": 1, "palette": "viridis", "min": "min", "max": "max"}',
    '{"band": 1, "palette": ["#00f", "#fff0", "#f00"], "min": 10, "max": 200}',
    '{"band": 1, "palette": ["#000", "#0f0", "#ff0"], "scheme": "discrete", "nodata": "auto"}',
    '{"bands": [{"band": 1, "palette": "#f00"}, {"band": 1, "palette": "#00f", "max": "full"}]}',
)
SUFFIXES = ('png', 'jpg', 'npy')
DTYPES = ('uint8', 'uint16', 'int16', 'float32', 'uint8')
KINDS = ('plain', 'nodata', 'mask', 'alpha', 'palette')


@dataclass(frozen=True)
class Job:
    """One tile: of which file, where, and how it is shown."""

    path: str
    projection: str | None
    tile: tuple[int, int, int]
    style: str | None
    suffix: str

    def run(self) -> bytes:
        """Render and encode the tile through everything that is shared between threads."""
        reference = local_reference(self.path)
        reader = reader_of(open_source(reference, projection=self.projection))
        picture = render(
            reader,
            reference,
            Style.parse(self.style),
            None,
            lambda frame, bands: reader.read_tile(*self.tile, frame=frame, bands=bands),
        )
        return get_format(self.suffix).encode(picture, EncodeOptions())


def write(folder: Path, count: int = 50, size: int = 400) -> list[Path]:
    """Write rasters of different samples, places, pyramids, masks and compressions."""
    return [_write(folder, number, size + 7 * (number % 9)) for number in range(count)]


def _write(folder: Path, number: int, size: int) -> Path:
    dtype, kind = DTYPES[number % 5], KINDS[number // 5 % 5]
    epsg, bounds = PLACES[number % len(PLACES)]
    random = np.random.default_rng(number)
    bands = 1 if kind == 'palette' or number % 2 else 3
    high = 250 if dtype == 'uint8' else 5000
    data = factories.gradient(size, size, bands, 'float32') * high
    data = (data + random.uniform(0, 5, data.shape)).astype('uint8' if kind == 'palette' else dtype)
    hole = np.zeros((size, size), bool)
    hole[size // 4 : size // 2, size // 3 : size // 2] = True
    more: dict[str, object] = {}
    if kind == 'nodata':
        data[:, hole] = 0
        more['nodata'] = 0
    elif kind == 'mask':
        more['mask'] = ~hole
    elif kind == 'alpha' and dtype == 'uint8':
        data = np.concatenate([data, np.where(hole, 0, 255).astype('uint8')[np.newaxis]])
        more['alpha'] = True
    elif kind == 'palette':
        more['color_table'] = [(i, 255 - i, i * 7 % 256) for i in range(256)]
    if number % 11 == 10 and data.dtype == 'uint8' and kind in ('plain', 'alpha'):
        return factories.raster(folder / f'{number}.png', data, driver='PNG', alpha='alpha' in more)
    lossy = data.dtype == 'uint8' and kind in ('plain', 'mask')
    options = {'TILED': 'YES', 'BLOCKXSIZE': 128, 'BLOCKYSIZE': 128} if number % 3 else {}
    options['COMPRESS'] = 'JPEG' if lossy and number % 4 else ('DEFLATE', 'LZW')[number % 2]
    return factories.raster(
        folder / f'{number}.tif',
        data,
        epsg=epsg,
        bounds=bounds,
        overviews=(2, 4) if number % 3 != 1 else (),
        options=options,
        **more,  # type: ignore[arg-type]
    )


def jobs(paths: list[Path], per_file: int) -> Iterator[Job]:
    """Yield tiles of every file, at every level, in styles and formats that take turns."""
    for number, path in enumerate(paths):
        mapped = PLACES[number % len(PLACES)][0] is not None and path.suffix == '.tif'
        projection = 'EPSG:3857' if mapped else None
        source = open_source(local_reference(path), projection=projection)
        bounds = source.getBounds(projection) if mapped else None
        for turn in range(per_file):
            z = turn % source.levels
            tiles = 2**z
            if bounds is None:
                columns = -(-source.sizeX // (source.tileWidth << (source.levels - 1 - z)))
                rows = -(-source.sizeY // (source.tileHeight << (source.levels - 1 - z)))
                x, y = turn % columns, turn * 7 % rows
            else:
                across = source.unitsAcrossLevel0
                left, right = bounds['xmin'], bounds['xmax']
                easting = left + (right - left) * (turn * 0.37 % 1)
                northing = bounds['ymin'] + (bounds['ymax'] - bounds['ymin']) * (turn * 0.61 % 1)
                x = min(tiles - 1, max(0, int((easting / across + 0.5) * tiles)))
                y = min(tiles - 1, max(0, int((0.5 - northing / across) * tiles)))
            style = STYLES[(turn + number) % len(STYLES)]
            # Rarely WebP, which costs ten times as much as the others.
            suffix = 'webp' if (turn + number) % 17 == 0 else SUFFIXES[(turn + number) % 3]
            yield Job(str(path), projection, (z, x, y), style, suffix)
