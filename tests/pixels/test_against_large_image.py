"""The same style on the same samples, here and in large-image: equal within 1 of 255."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from large_image.tilesource import utilities
from PIL import Image

from django_large_image.pixels.encoders import png
from django_large_image.pixels.raster import Band, Raster
from django_large_image.pixels.statistics import BandStatistics
from django_large_image.pixels.style import Style

from . import samples

large_image_source_gdal = pytest.importorskip('large_image_source_gdal')

pytestmark = pytest.mark.filterwarnings('ignore')

RANGES = {
    'uint8': (0, 255),
    'uint16': (37, 9000),
    'int16': (-500, 1200),
    'uint32': (0, 2_000_000),
    'int32': (-70_000, 400_000),
    'float32': (-1.5, 2.5),
    'float64': (0.001, 0.9),
}

GREY_STYLES: dict[str, dict[str, Any]] = {
    'auto': {'band': 1},
    'numbers': {'band': 1, 'min': 20, 'max': 200},
    'text numbers': {'band': '1', 'min': '20.5', 'max': '200'},
    'min max': {'band': 1, 'min': 'min', 'max': 'max'},
    'full': {'band': 1, 'min': 'full', 'max': 'full'},
    'crossed': {'band': 1, 'min': 'max', 'max': 'min'},
    'viridis': {'band': 1, 'palette': 'viridis', 'min': 'min', 'max': 'max'},
    'jet': {'band': 1, 'palette': 'jet', 'min': 'auto', 'max': 'auto'},
    'palettable': {'band': 1, 'palette': 'colorbrewer.diverging.RdYlGn_11', 'min': 'min'},
    'one color': {'band': 1, 'palette': '#f80', 'min': 'min', 'max': 'max'},
    'colors': {'band': 1, 'palette': ['#00f', 'white', 'rgb(255, 0, 0)'], 'min': 'min'},
    'with alpha': {'band': 1, 'palette': ['#ff000000', '#00ff00ff'], 'min': 'min', 'max': 'max'},
    'fractions': {'band': 1, 'palette': [[0, 0, 0.5], [1, 0.5, 0, 0.5]], 'min': 'min'},
    'discrete': {'band': 1, 'palette': ['#000', '#f00', '#ff0'], 'scheme': 'discrete'},
    'discrete map': {'band': 1, 'palette': 'tab10', 'scheme': 'discrete', 'min': 'min'},
    'not clamped': {'band': 1, 'palette': 'plasma', 'min': 50, 'max': 150, 'clamp': False},
    'equal ends': {'band': 1, 'palette': 'plasma', 'min': 100, 'max': 100},
    'inverted': {'band': 1, 'palette': 'plasma', 'min': 200, 'max': 10},
    'nodata': {'band': 1, 'palette': 'plasma', 'nodata': 100},
    'axis': {'band': 1, 'palette': 'plasma', 'min': 'min', 'max': 'max', 'axis': 1},
    'in a list': {'bands': [{'band': 1, 'palette': 'plasma', 'min': 'min', 'max': 'max'}]},
    'low threshold': {'band': 1, 'min': 'min:0.02', 'max': 'max:0.1', 'palette': 'magma'},
    'auto threshold': {'band': 1, 'min': 'auto:0.05', 'max': 'auto:0.05', 'palette': 'magma'},
    'empty list': {'bands': []},
}

COLOR_STYLES: dict[str, dict[str, Any]] = {
    'second': {'band': 2, 'palette': 'plasma', 'min': 'min', 'max': 'max'},
    'by name': {'band': 'blue', 'palette': 'plasma', 'min': 'min', 'max': 'max'},
    'three': {
        'bands': [
            {'band': 'red', 'palette': '#f00', 'min': 'min', 'max': 'max'},
            {'band': 'green', 'palette': '#0f0', 'min': 'min', 'max': 'max'},
            {'band': 'blue', 'palette': '#00f', 'min': 10, 'max': 180},
        ]
    },
    'auto each': {'bands': [{'band': 3, 'palette': '#f00'}, {'band': 1, 'palette': '#00f'}]},
    'two palettes': {
        'bands': [
            {'band': 1, 'palette': 'viridis', 'min': 'min', 'max': 'max'},
            {'band': 2, 'palette': ['#000', '#f0f'], 'min': 'min', 'max': 'max'},
        ]
    },
    'multiplied': {
        'bands': [
            {'band': 1, 'palette': 'viridis', 'min': 'min', 'max': 'max'},
            {'band': 2, 'palette': ['#444', '#fff'], 'min': 'min', 'max': 'max',
             'composite': 'multiply'},
        ]
    },
    'veiled': {
        'bands': [
            {'band': 1, 'palette': 'viridis', 'min': 'min', 'max': 'max'},
            {'band': 3, 'palette': ['#fff0', '#fff'], 'min': 'min', 'max': 'max',
             'composite': 'multiply'},
        ]
    },
    'first multiplied': {
        'bands': [
            {'band': 1, 'composite': 'multiply', 'min': 'min', 'max': 'max'},
            {'band': 2, 'palette': '#0f0', 'min': 'min', 'max': 'max'},
        ]
    },
    # large-image's GDAL source forgets an axis that stands beside the list.
    'axis': {
        'bands': [
            {'band': 1, 'palette': '#f00', 'min': 'min', 'max': 'max', 'axis': 0},
            {'band': 2, 'palette': '#0f0', 'min': 'min', 'max': 'max'},
        ],
    },
    'nodata in one': {
        'bands': [
            {'band': 1, 'palette': '#f00', 'min': 0, 'max': 200, 'nodata': 50},
            {'band': 2, 'palette': '#0f0', 'min': 0, 'max': 200, 'clamp': False},
        ]
    },
    'multiplied with holes': {
        'bands': [
            {'band': 1, 'palette': '#fff', 'min': 'min', 'max': 'max'},
            {'band': 2, 'palette': ['#f00', '#0f08'], 'min': 0, 'max': 100, 'nodata': 50,
             'clamp': False, 'composite': 'multiply'},
        ]
    },
}  # fmt: skip


def theirs(path: Path, style: Any) -> np.ndarray:
    """Return large-image's PNG of the only tile, as RGBA."""
    # It remembers them by the `id` of a histogram, which a later one may have too.
    utilities._recentThresholds.clear()
    source = large_image_source_gdal.GDALFileTileSource(
        str(path), projection=None, style=style, noCache=True, encoding='PNG'
    )
    return rgba(source.getTile(0, 0, 0))


def rgba(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert('RGBA'))


def ours(
    data: np.ndarray, bands: tuple[Band, ...], style: Any, mask: np.ndarray | None = None
) -> np.ndarray:
    """Return our PNG of the same samples, as RGBA, with statistics of the samples themselves."""
    parsed = Style.parse(style)
    statistics = {}
    for frame, number in parsed.needs_statistics(bands):
        values = data[:, :, number - 1]
        # large-image's histograms reach one beyond the maximum, whatever the type.
        limits = (float(np.nanmin(values)), float(np.nanmax(values)) + 1)
        statistics[frame, number] = BandStatistics.from_samples(values, limits=limits)
    picture = parsed.apply({None: Raster(data, mask, bands)}, statistics)
    return rgba(png(picture))


def assert_alike(left: np.ndarray, right: np.ndarray) -> None:
    """Alpha is equal everywhere and colours wherever something shows, within 1."""
    left, right = left.astype(int), right.astype(int)
    assert np.abs(left[..., 3] - right[..., 3]).max() <= 1
    seen = right[..., 3] > 0
    assert np.abs(left[seen] - right[seen]).max(initial=0) <= 1


@pytest.mark.parametrize('dtype', RANGES)
@pytest.mark.parametrize('name', GREY_STYLES)
def test_one_band(tmp_path: Path, name: str, dtype: str) -> None:
    data = samples.gradient(dtype, 1, *RANGES[dtype])
    bands = samples.describe(data)
    style = GREY_STYLES[name]
    path = samples.write(tmp_path / 'grey.tif', data, bands)
    assert_alike(ours(data, bands, style), theirs(path, style))


@pytest.mark.parametrize('dtype', RANGES)
@pytest.mark.parametrize('name', COLOR_STYLES)
def test_three_bands(tmp_path: Path, name: str, dtype: str) -> None:
    data = samples.gradient(dtype, 3, *RANGES[dtype])
    bands = samples.describe(data)
    style = COLOR_STYLES[name]
    path = samples.write(tmp_path / 'color.tif', data, bands)
    assert_alike(ours(data, bands, style), theirs(path, style))


@pytest.mark.parametrize('dtype', RANGES)
@pytest.mark.parametrize('count', [1, 3])
def test_default_look(tmp_path: Path, count: int, dtype: str) -> None:
    data = samples.gradient(dtype, count, *RANGES[dtype])
    bands = samples.describe(data)
    path = samples.write(tmp_path / 'default.tif', data, bands)
    assert_alike(ours(data, bands, None), theirs(path, None))


@pytest.mark.parametrize('style', [None, {'palette': 'colortable', 'min': 0, 'max': 15}])
def test_color_table(tmp_path: Path, style: Any) -> None:
    colors = tuple((17 * i, 255 - 9 * i, (40 * i) % 256, 255 if i else 0) for i in range(16))
    data = samples.gradient('uint8', 1, 0, 15)
    bands = samples.describe(data, ('palette',), colors=colors)
    path = samples.write(tmp_path / 'table.tif', data, bands)
    # A TIFF keeps no alpha in its colour table, and always 256 entries.
    opaque = tuple((*color[:3], 255) for color in colors) + ((0, 0, 0, 255),) * 240
    bands = samples.describe(data, ('palette',), colors=opaque)
    if style:
        style['max'] = 255
    assert_alike(ours(data, bands, style), theirs(path, style))


def test_narrow_bytes_are_stretched_when_asked(tmp_path: Path) -> None:
    data = samples.gradient('uint8', 1, 0, 1)
    bands = samples.describe(data)
    path = samples.write(tmp_path / 'mask.tif', data, bands)
    style = {'band': 1, 'palette': 'viridis'}
    assert_alike(ours(data, bands, style), theirs(path, style))
    known = samples.describe(data, maximum=1.0)
    assert_alike(ours(data, known, None), theirs(path, None))


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float32'])
@pytest.mark.parametrize('style', [None, {'palette': 'plasma', 'nodata': 'auto'}])
def test_nodata_of_the_file(tmp_path: Path, style: Any, dtype: str) -> None:
    data = samples.gradient(dtype, 1, 0, 200)
    data[40:60, 40:60] = 7
    bands = samples.describe(data, nodata=7.0)
    path = samples.write(tmp_path / 'nodata.tif', data, bands)
    parsed = ours(data, bands, {'palette': 'plasma', 'nodata': 'auto', 'min': 0, 'max': 200})
    expected = theirs(path, {'palette': 'plasma', 'nodata': 'auto', 'min': 0, 'max': 200})
    assert_alike(parsed, expected)
    assert ours(data, bands, style)[50, 50, 3] == 0


@pytest.mark.parametrize('dtype', ['float32', 'float64'])
def test_nan_is_transparent_and_the_rest_is_equal(tmp_path: Path, dtype: str) -> None:
    data = samples.gradient(dtype, 1, -3, 3)
    data[:30, :30] = np.nan
    bands = samples.describe(data)
    path = samples.write(tmp_path / 'nan.tif', data, bands)
    style = {'palette': 'plasma', 'min': -2, 'max': 2}
    expected = theirs(path, style).copy()
    expected[:30, :30] = 0
    assert_alike(ours(data, bands, style), expected)


@pytest.mark.parametrize('dtype', ['uint8', 'uint16'])
@pytest.mark.parametrize('style', [None, {'band': 2, 'palette': 'plasma', 'min': 0, 'max': 200}])
def test_alpha_in_a_projection(tmp_path: Path, style: Any, dtype: str) -> None:
    full = np.iinfo(dtype).max
    data = samples.gradient(dtype, 4, 0, full)
    bands = samples.describe(data)
    path = samples.write(tmp_path / 'alpha.tif', data, bands, epsg=3857)
    source = large_image_source_gdal.GDALFileTileSource(
        str(path), projection='EPSG:3857', style=style, noCache=True, encoding='PNG'
    )
    plain = large_image_source_gdal.GDALFileTileSource(
        str(path), projection='EPSG:3857', style={}, noCache=True, encoding='PNG'
    )
    x = y = 2 ** (source.levels - 1) // 2
    raw = plain.getTile(x, y, source.levels - 1, numpyAllowed='always')
    mask = (raw[..., 3] // (full // 255)).astype(np.uint8)
    assert mask.any()
    data = np.ascontiguousarray(raw[..., :3])
    parsed = Style.parse(style)
    known = {(None, n): BandStatistics(0.0, full, 0.0, 0.0) for n in (1, 2, 3)}
    picture = parsed.apply({None: Raster(data, mask, bands[:3])}, known, bands=bands)
    assert_alike(rgba(png(picture)), rgba(source.getTile(x, y, source.levels - 1)))


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'float', 'source'])
@pytest.mark.parametrize('samples_type', ['uint8', 'uint16', 'float32'])
def test_output_types(tmp_path: Path, samples_type: str, dtype: str) -> None:
    data = samples.gradient(samples_type, 1, 0, 200)
    bands = samples.describe(data)
    path = samples.write(tmp_path / 'types.tif', data, bands)
    style = {'palette': 'viridis', 'min': 0, 'max': 200, 'dtype': dtype}
    source = large_image_source_gdal.GDALFileTileSource(
        str(path), projection=None, style=style, noCache=True
    )
    expected = source.getTile(0, 0, 0, numpyAllowed='always')
    picture = Style.parse(style).apply({None: Raster(data, None, bands)})
    if samples_type == 'uint8' and dtype == 'source':
        # large-image leaves these as floating numbers up to 255.
        assert picture.data.dtype == np.uint8
        expected = expected.astype(np.uint8)
    assert picture.data.dtype.kind == expected.dtype.kind
    difference = np.abs(picture.to_rgba().data.astype(float) - expected).max()
    assert difference <= picture.full / 255


@pytest.mark.parametrize('stage', ['preband', 'band', 'postband'])
def test_style_functions(tmp_path: Path, stage: str) -> None:
    data = samples.gradient('uint8', 1)
    data[::9, ::7] = 255
    bands = samples.describe(data)
    path = samples.write(tmp_path / 'function.tif', data, bands)
    name = 'large_image.tilesource.stylefuncs.medianFilter'
    function = {'name': name, 'stage': stage, 'parameters': {'kernel': 3, 'weight': 0.5}}
    style = {'palette': 'viridis', 'min': 0, 'max': 255, 'function': function}
    parsed = Style.parse(style, allowed_functions=frozenset({name}))
    picture = parsed.apply({None: Raster(data.copy(), None, bands)})
    assert_alike(rgba(png(picture)), theirs(path, style))
