"""Real rasters, warped by large-image and then shown by it and by this package."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from django_large_image.pixels.encoders import png
from django_large_image.pixels.raster import Band, Raster
from django_large_image.pixels.statistics import BandStatistics
from django_large_image.pixels.style import Style

large_image_source_gdal = pytest.importorskip('large_image_source_gdal')

pytestmark = pytest.mark.filterwarnings('ignore')

NAMES = (
    'cog_palette', 'cog_utm', 'float_nan', 'global_dem', 'landsat_rgb_utm18', 'rgba_uint16',
    'world_rgb',
)  # fmt: skip
STYLES: tuple[Any, ...] = (
    None,
    {'band': 1, 'palette': 'viridis'},
    {'band': 1, 'palette': ['#00f', '#fff', '#f00'], 'min': 'min', 'max': 'max', 'clamp': False},
    {'band': 1, 'palette': 'tab10', 'scheme': 'discrete', 'min': 'min', 'max': 'max'},
)


def source(path: Path, style: Any) -> Any:
    return large_image_source_gdal.GDALFileTileSource(
        str(path), projection='EPSG:3857', style=style, noCache=True, encoding='PNG'
    )


def bands_of(information: dict[int, dict[str, Any]], dtype: str) -> tuple[Band, ...]:
    return tuple(
        Band(
            number,
            str(known['interpretation']),
            dtype,
            nodata=known.get('nodata'),
            colors=tuple(known['colortable']) if 'colortable' in known else None,
        )
        for number, known in information.items()
    )


def middle_tile(opened: Any) -> tuple[int, int, int]:
    """Return x, y, z of the tile in the middle of the image, one level above the finest."""
    bounds = opened.getBounds('EPSG:3857')
    z = max(opened.levels - 2, 0)
    across = opened.unitsAcrossLevel0
    x = (bounds['xmin'] + bounds['xmax']) / 2 / across + 0.5
    y = 0.5 - (bounds['ymin'] + bounds['ymax']) / 2 / across
    return int(x * 2**z), int(y * 2**z), z


@pytest.mark.parametrize('style', STYLES)
@pytest.mark.parametrize('name', NAMES)
def test_tile(data_dir: Path, name: str, style: Any) -> None:
    path = data_dir / 'geo' / f'{name}.tif'
    opened = source(path, style)
    place = middle_tile(opened)
    samples = source(path, '{}').getTile(*place, numpyAllowed='always')
    information = opened.getBandInformation()
    bands = bands_of(information, str(samples.dtype))
    alpha = samples[:, :, -1].astype(float)
    # An alpha of the file's own need not reach the end of its type.
    has_alpha = bands[-1].interpretation == 'alpha'
    full = information[len(bands)]['max'] if has_alpha else alpha.max()
    mask = np.rint(alpha * 255 / full).clip(0, 255).astype(np.uint8)
    assert mask.any()
    statistics = {
        (None, number): BandStatistics(float(known['min']), float(known['max']), 0.0, 0.0)
        for number, known in information.items()
    }
    shown = tuple(band for band in bands if band.interpretation != 'alpha')
    raster = Raster(np.ascontiguousarray(samples[:, :, : len(shown)]), mask, shown)
    picture = Style.parse(style).apply({None: raster}, statistics, bands=bands)
    ours = np.asarray(Image.open(io.BytesIO(png(picture))).convert('RGBA'), int)
    theirs = np.asarray(Image.open(io.BytesIO(opened.getTile(*place))).convert('RGBA'), int)
    np.testing.assert_allclose(ours[..., 3], theirs[..., 3], atol=1)
    seen = theirs[..., 3] > 0
    if style is None and all(
        known['min'] == known['max'] for known in list(information.values())[:3]
    ):
        # Samples that are all alike are black to large-image.
        assert not theirs[seen, :3].any()
        theirs[..., :3] = samples[..., :3] // 257
    np.testing.assert_allclose(ours[seen], theirs[seen], atol=1)
