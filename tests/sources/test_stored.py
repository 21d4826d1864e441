"""A tile that is sent as it is stored shows what would have been read; all others are None."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from osgeo import gdal
from PIL import Image

from django_large_image.exceptions import OutsideError, StyleError
from django_large_image.sources.foreign import ForeignReader
from django_large_image.sources.levels import read_level
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.stored import stored_tile, stored_window
from django_large_image.sources.tile_matrix import get_tile_matrix
from tests import factories

from .references import source

SIDE = 128
JPEG = {'COMPRESS': 'JPEG', 'TILED': 'YES', 'BLOCKXSIZE': SIDE, 'BLOCKYSIZE': SIDE}
YCBCR = {**JPEG, 'PHOTOMETRIC': 'YCBCR'}
WEBP = {**JPEG, 'COMPRESS': 'WEBP'}
MERCATOR = 'EPSG:3857'

has_webp = 'WEBP' in gdal.GetDriverByName('GTiff').GetMetadataItem('DMD_CREATIONOPTIONLIST')
needs_webp = pytest.mark.skipif(not has_webp, reason='GDAL was built without WebP in TIFF')


@pytest.fixture(autouse=True)
def small_blocks(settings: Any) -> Iterator[None]:
    """Tiles and blocks of overviews of 128 pixels."""
    settings.LARGE_IMAGE = {'TILE_SIZE': SIDE}
    before = gdal.GetConfigOption('GDAL_TIFF_OVR_BLOCKSIZE')
    gdal.SetConfigOption('GDAL_TIFF_OVR_BLOCKSIZE', str(SIDE))
    yield
    gdal.SetConfigOption('GDAL_TIFF_OVR_BLOCKSIZE', before)


def scene(height: int = 512, width: int = 640, bands: int = 3) -> np.ndarray:
    """Structure that no two places have in common, with the noise of a sensor."""
    data = factories.gradient(height, width, bands).astype(float) * 0.6 + 40
    y, x = np.mgrid[0:height, 0:width]
    data += 30 * np.sin(x / 7 + y / 19) + np.random.default_rng(1).normal(0, 8, data.shape)
    return data.clip(0, 255).astype('uint8')


def on_grid(
    path: Path,
    data: np.ndarray,
    *,
    z: int = 8,
    column: int = 130,
    row: int = 80,
    shift: tuple[float, float] = (0, 0),
    stretch: float = 1,
    projection: str = MERCATOR,
    **options: Any,
) -> Path:
    """Write an image whose upper left corner is that of a tile, with pixels of that level.

    `shift` is in pixels, to the right and down; `stretch` makes pixels larger.
    """
    west, _, east, north = get_tile_matrix(projection).bounds(z, column, row)
    pixel = (east - west) / SIDE * stretch
    west, north = west + shift[0] * pixel, north - shift[1] * pixel
    options = {'options': YCBCR, 'overviews': [2, 4], **options}
    return factories.raster(
        path,
        data,
        epsg=int(projection.split(':')[1]),
        geotransform=(west, pixel, 0, north, 0, -pixel),
        **options,
    )


def tiles(reader: RasterTileSource, z: int) -> Iterator[tuple[int, int, int]]:
    """Yield the tiles of a level that show some of the image."""
    if reader.matrix is None:
        scale = SIDE << (reader.levels - 1 - z)
        first, last = (0, 0), (reader.sizeX / scale, reader.sizeY / scale)
    else:
        left, dx, _, top, _, dy = reader.description.transform
        west, _, east, north = reader.matrix.bounds(z, 0, 0)
        side = east - west
        right, bottom = left + dx * reader.sourceSizeX, top + dy * reader.sourceSizeY
        first = int((left - west) / side), int((north - top) / side)
        last = (right - west) / side - 1e-9, (north - bottom) / side - 1e-9
    for y in range(first[1], int(np.ceil(last[1]))):
        for x in range(first[0], int(np.ceil(last[0]))):
            yield z, x, y


def decoded(content: bytes) -> np.ndarray:
    """Decode with two decoders that agree; returns (height, width, channels)."""
    data = np.asarray(Image.open(io.BytesIO(content)))
    other = cv2.imdecode(np.frombuffer(content, 'uint8'), cv2.IMREAD_UNCHANGED)
    other = other[..., ::-1] if other.ndim == 3 else other
    assert np.abs(data.astype(int) - other).max() <= 2
    return data.reshape(*data.shape[:2], -1)


def sent(
    path: Path, projection: str | None = None, *, frame: int | None = None, fmt: str = 'jpeg'
) -> dict[int, int]:
    """Compare all tiles that are sent as stored with what is read; return how many by level."""
    reader = source(path, projection)
    counts = {}
    for z in range(reader.levels):
        found = {
            tile: content
            for tile in tiles(reader, z)
            if (content := stored_tile(reader, *tile, frame, fmt)) is not None
        }
        for tile, content in found.items():
            raster = reader.read_tile(*tile, frame=frame)
            assert raster.mask is None or (raster.mask == 255).all()
            assert np.abs(decoded(content).astype(int) - raster.data).max() <= 2, tile
        if found:
            counts[z] = len(found)
    return counts


# 640 x 512 pixels are 5 x 4 blocks; of the third column of the next level only half is there.
PYRAMID = {3: 20, 2: 4, 1: 1}


@pytest.mark.parametrize('tables', [0, 1, 2, 3])
@pytest.mark.parametrize('options', [JPEG, YCBCR], ids=['rgb', 'ycbcr'])
def test_blocks_of_a_pyramid_are_its_tiles(
    options: dict[str, Any], tables: int, tmp_path: Path
) -> None:
    path = factories.raster(
        tmp_path / 'a.tif',
        scene(),
        options={**options, 'JPEGTABLESMODE': tables},
        overviews=[2, 4, 8],
    )
    assert sent(path) == PYRAMID


@pytest.mark.parametrize(
    'options', [{}, {'BIGTIFF': 'YES', 'ENDIANNESS': 'BIG'}, {'JPEG_QUALITY': 100}]
)
def test_grey_blocks_are_tiles(options: dict[str, Any], tmp_path: Path) -> None:
    path = factories.raster(
        tmp_path / 'a.tif', scene(bands=1), options={**JPEG, **options}, overviews=[2, 4, 8]
    )
    assert sent(path) == PYRAMID


@needs_webp
@pytest.mark.parametrize('lossless', ['YES', 'NO'])
def test_webp_blocks_are_webp_tiles(lossless: str, tmp_path: Path) -> None:
    path = factories.raster(
        tmp_path / 'a.tif',
        scene(),
        options={**WEBP, 'WEBP_LOSSLESS': lossless},
        overviews=[2, 4, 8],
    )
    assert sent(path, fmt='webp') == PYRAMID
    assert sent(path) == {}


@pytest.mark.parametrize('size', [(1000, 702), (701, 1001), (1025, 1025), (515, 903)])
def test_a_size_that_does_not_divide_shows_the_same_pixels(
    size: tuple[int, int], tmp_path: Path
) -> None:
    path = factories.raster(tmp_path / 'a.tif', scene(*size), options=YCBCR, overviews=[2, 4, 8])
    counts = sent(path)
    assert counts[max(counts)] == (size[0] // SIDE) * (size[1] // SIDE)
    assert len(counts) > 1


def test_half_a_pixel_beside_a_block_is_no_block(tmp_path: Path) -> None:
    # 1027 pixels became 257: towards the right an overview of theirs is ever more beside.
    path = factories.raster(tmp_path / 'a.tif', scene(1024, 1027), options=YCBCR, overviews=[4])
    reader = source(path)
    assert [stored_tile(reader, 2, x, 0, None, 'jpeg') is not None for x in range(2)] == [
        True,
        True,
    ]
    path = factories.raster(tmp_path / 'b.tif', scene(1024, 1025), options=YCBCR, overviews=[4])
    reader = source(path)
    assert [stored_tile(reader, 2, x, 0, None, 'jpeg') is not None for x in range(2)] == [
        True,
        False,
    ]


def test_a_block_that_reaches_beyond_the_image_is_no_tile(tmp_path: Path) -> None:
    path = factories.raster(tmp_path / 'a.tif', scene(200, 300), options=YCBCR)
    reader = source(path)
    z = reader.levels - 1
    whole = [tile[1:] for tile in tiles(reader, z) if stored_tile(reader, *tile, None, 'jpeg')]
    assert whole == [(0, 0), (1, 0)]


def test_a_tile_that_there_is_not_is_said_so(tmp_path: Path) -> None:
    pixels = source(factories.raster(tmp_path / 'a.tif', scene(), options=YCBCR))
    mapped = source(on_grid(tmp_path / 'b.tif', scene()), MERCATOR)
    for reader, tile in ((pixels, (3, 5, 0)), (pixels, (4, 0, 0)), (mapped, (3, 8, 0))):
        with pytest.raises(OutsideError):
            stored_tile(reader, *tile, None, 'jpeg')
    with pytest.raises(StyleError):
        stored_tile(pixels, 3, 0, 0, 1, 'jpeg')
    # On the map there are tiles all around, and levels beyond the last.
    assert stored_tile(mapped, 8, 0, 0, None, 'jpeg') is None
    assert stored_tile(mapped, 9, 260, 160, None, 'jpeg') is None


@pytest.mark.parametrize(
    ('data', 'options'),
    [
        (scene(), {'options': {**JPEG, 'COMPRESS': 'DEFLATE'}}),
        (scene(), {'options': {**JPEG, 'INTERLEAVE': 'BAND'}}),
        (scene(), {'options': {**JPEG, 'BLOCKXSIZE': 256, 'BLOCKYSIZE': 256}}),
        (scene(), {'options': {**JPEG, 'BLOCKXSIZE': 256}}),
        (scene(), {'options': {'COMPRESS': 'JPEG', 'BLOCKYSIZE': SIDE}}),
        (scene(), {'options': YCBCR, 'nodata': 0}),
        (scene(), {'options': YCBCR, 'mask': scene()[0] > 50}),
        (scene(bands=4), {'options': JPEG, 'alpha': True}),
        (scene(bands=2), {'options': JPEG}),
        (scene(bands=4), {'options': JPEG}),
        (scene(), {'options': JPEG, 'interpretations': ['Blue', 'Green', 'Red']}),
        (scene(bands=1), {'options': JPEG, 'nodata': 300}),
        (scene(bands=1), {'options': {**JPEG, 'PHOTOMETRIC': 'MINISWHITE'}}),
        (scene(), {'driver': 'JPEG'}),
    ],
)
def test_what_has_to_be_made_is_none(
    data: np.ndarray, options: dict[str, Any], tmp_path: Path
) -> None:
    path = factories.raster(tmp_path / 'a.tif', data, **options)
    assert sent(path) == {}


@needs_webp
def test_webp_with_alpha_is_none(tmp_path: Path) -> None:
    path = factories.raster(tmp_path / 'a.tif', scene(bands=4), options=WEBP, alpha=True)
    assert sent(path, fmt='webp') == {}


def test_only_the_format_of_the_blocks_is_sent(tmp_path: Path) -> None:
    path = factories.raster(tmp_path / 'a.tif', scene(), options=YCBCR)
    assert sent(path, fmt='png') == sent(path, fmt='webp') == sent(path, fmt='avif') == {}


def test_tiles_are_as_large_as_the_setting_says(settings: Any, tmp_path: Path) -> None:
    settings.LARGE_IMAGE = {'TILE_SIZE': 256}
    options = {**YCBCR, 'BLOCKXSIZE': 256, 'BLOCKYSIZE': 256}
    reader = source(factories.raster(tmp_path / 'a.tif', scene(), options=options))
    content = stored_tile(reader, 2, 1, 1, None, 'jpeg')
    assert content is not None
    np.testing.assert_array_equal(decoded(content).shape, (256, 256, 3))


def test_blocks_that_were_never_written_are_none(tmp_path: Path) -> None:
    path = tmp_path / 'a.tif'
    options = [f'{key}={value}' for key, value in {**YCBCR, 'SPARSE_OK': 'TRUE'}.items()]
    dataset = gdal.GetDriverByName('GTiff').Create(str(path), 384, 256, 3, options=options)
    dataset.WriteArray(scene(SIDE, SIDE), SIDE, SIDE)
    dataset = None
    assert sent(path) == {2: 1}


def test_overviews_in_another_file_are_none(tmp_path: Path) -> None:
    path = factories.raster(tmp_path / 'a.tif', scene(), options=YCBCR)
    before = gdal.GetConfigOption('COMPRESS_OVERVIEW')
    gdal.SetConfigOption('COMPRESS_OVERVIEW', 'JPEG')
    gdal.SetConfigOption('INTERLEAVE_OVERVIEW', 'PIXEL')
    gdal.Open(str(path)).BuildOverviews('AVERAGE', [2, 4])
    gdal.SetConfigOption('COMPRESS_OVERVIEW', before)
    gdal.SetConfigOption('INTERLEAVE_OVERVIEW', None)
    assert source(path).description.overviews == 2
    assert sent(path) == {3: 20}


def test_each_frame_sends_its_own_blocks(tmp_path: Path) -> None:
    frames = [scene(), 255 - scene()]
    path = factories.multiframe(tmp_path / 'a.tif', [], options=YCBCR)
    for index, (frame, quality) in enumerate(zip(frames, (60, 90), strict=True)):
        append = {'APPEND_SUBDATASET': 'YES'} if index else {}
        options = {**YCBCR, 'JPEG_QUALITY': quality, **append}
        factories.raster(path, frame, options=options)
    assert [sent(path, frame=frame) for frame in (None, 0, 1)] == [{3: 20}] * 3


# On the map.


def test_blocks_on_the_grid_of_a_map_are_its_tiles(tmp_path: Path) -> None:
    path = on_grid(tmp_path / 'a.tif', scene(512, 512), column=128)
    assert sent(path, MERCATOR) == {8: 16, 7: 4, 6: 1}
    assert sent(path) == {2: 16, 1: 4, 0: 1}


@pytest.mark.parametrize('projection', ['EPSG:4326', 'EPSG:3395', 'EPSG:32631'])
def test_blocks_of_one_map_are_not_tiles_of_another(projection: str, tmp_path: Path) -> None:
    # The same numbers, but of another projection.
    path = on_grid(tmp_path / 'a.tif', scene(512, 512), column=128)
    reader = source(path, MERCATOR)
    assert stored_tile(reader, 8, 128, 80, None, 'jpeg') is not None
    reader.matrix = dataclasses.replace(reader.matrix, projection=projection)
    assert stored_tile(reader, 8, 128, 80, None, 'jpeg') is None


def test_overviews_beside_the_grid_of_a_map_are_none(tmp_path: Path) -> None:
    # An odd column: blocks of the overview begin in the middle of tiles.
    path = on_grid(tmp_path / 'a.tif', scene(512, 512), column=129)
    assert sent(path, MERCATOR) == {8: 16}


def test_a_cog_of_web_mercator_sends_its_blocks(settings: Any, tmp_path: Path) -> None:
    settings.LARGE_IMAGE = {}
    gdal.SetConfigOption('GDAL_TIFF_OVR_BLOCKSIZE', None)
    bounds = (1_000_000.0, 6_000_000.0, 1_110_000.0, 6_110_000.0)
    plain = factories.raster(tmp_path / 'plain.tif', scene(1800, 1800), epsg=3857, bounds=bounds)
    for levels in (1, 3):
        path = tmp_path / f'{levels}.tif'
        gdal.Translate(
            str(path),
            str(plain),
            format='COG',
            creationOptions=[
                'COMPRESS=JPEG',
                'TILING_SCHEME=GoogleMapsCompatible',
                'ADD_ALPHA=NO',
                f'ALIGNED_LEVELS={levels}',
            ],
        )
        counts, known = sent(path, MERCATOR), source(path).description
        assert known.width % 256 == known.height % 256 == 0
        whole, finest = known.width * known.height // 256**2, max(counts)
        assert counts[finest] == whole
        # Three aligned levels are those of whole tiles.
        assert levels < 3 or counts[finest - 2] == whole / 16


@pytest.mark.parametrize(
    'options',
    [
        {'shift': (0.1, 0)},
        {'shift': (0, -0.1)},
        {'shift': (64, 0)},
        {'stretch': 1.01},
        {'stretch': 2**0.5},
        {'mask': scene()[0] > 50},
    ],
)
def test_an_image_beside_the_grid_is_none(options: dict[str, Any], tmp_path: Path) -> None:
    assert sent(on_grid(tmp_path / 'a.tif', scene(), **options), MERCATOR) == {}


def test_what_a_warp_does_not_tell_from_the_grid_is_the_grid(tmp_path: Path) -> None:
    path = on_grid(tmp_path / 'a.tif', scene(512, 512), column=128, shift=(1e-4, -1e-4))
    assert sent(path, MERCATOR) == {8: 16, 7: 4, 6: 1}


def test_degrees_have_a_grid_too(tmp_path: Path) -> None:
    path = on_grid(tmp_path / 'a.tif', scene(512, 512), column=128, projection='EPSG:4326')
    assert sent(path, 'EPSG:4326') == {8: 16, 7: 4, 6: 1}
    assert sent(path, MERCATOR) == {}


@pytest.mark.parametrize('turn', [(1, 0, 0, 1), (1, 0.1, 0.1, -1), (-1, 0, 0, -1)])
def test_north_has_to_be_up(turn: tuple[float, ...], tmp_path: Path) -> None:
    west, _, east, north = get_tile_matrix(MERCATOR).bounds(8, 128, 80)
    pixel = (east - west) / SIDE
    a, b, d, e = (part * pixel for part in turn)
    path = factories.raster(
        tmp_path / 'a.tif',
        scene(),
        epsg=3857,
        geotransform=(west, a, b, north, d, e),
        options=YCBCR,
    )
    reader = source(path, MERCATOR)
    assert not any(
        stored_tile(reader, 8, x, y, None, 'jpeg') for x in range(122, 136) for y in range(74, 88)
    )


# Files that are damaged or change.


def block_of(path: Path, name: str = '0_0') -> tuple[int, int]:
    dataset = gdal.Open(str(path))
    band = dataset.GetRasterBand(1)
    return tuple(
        int(band.GetMetadataItem(f'BLOCK_{what}_{name}', 'TIFF')) for what in ('OFFSET', 'SIZE')
    )


@pytest.mark.parametrize('damage', [b'\0' * 30, b'<html>', b'\xff\xd8\xff\xd9', b'\xff' * 40])
def test_a_damaged_block_is_none(damage: bytes, tmp_path: Path) -> None:
    path = factories.raster(tmp_path / 'a.tif', scene(), options=YCBCR)
    with path.open('r+b') as file:
        file.seek(block_of(path)[0])
        file.write(damage)
    reader = source(path)
    assert stored_tile(reader, 3, 0, 0, None, 'jpeg') is None
    assert stored_tile(reader, 3, 1, 0, None, 'jpeg') is not None


def test_a_block_beyond_the_end_of_the_file_is_none(tmp_path: Path) -> None:
    whole = factories.raster(tmp_path / 'whole.tif', scene(), options=YCBCR)
    path = factories.truncated(tmp_path / 'a.tif', whole, keep=0.5)
    reader = source(path)
    found = [stored_tile(reader, *tile, None, 'jpeg') for tile in tiles(reader, 3)]
    assert 0 < sum(content is not None for content in found) < len(found)


def test_a_file_that_changed_since_it_was_opened_is_read_no_more(tmp_path: Path) -> None:
    path = factories.raster(tmp_path / 'a.tif', scene(), options=YCBCR)
    other = factories.raster(tmp_path / 'b.tif', 255 - scene(), options=YCBCR)
    reader = source(path)
    assert stored_tile(reader, 3, 1, 0, None, 'jpeg') is not None
    os.replace(other, path)
    assert stored_tile(reader, 3, 1, 0, None, 'jpeg') is None
    reader = source(path)
    assert stored_tile(reader, 3, 1, 0, None, 'jpeg') is not None
    os.truncate(path, path.stat().st_size // 2)
    assert stored_tile(reader, 3, 4, 3, None, 'jpeg') is None
    path.unlink()
    assert stored_tile(reader, 3, 1, 0, None, 'jpeg') is None


def test_other_readers_are_asked_for_nothing(tmp_path: Path) -> None:
    class Other(RasterTileSource):
        """May read otherwise."""

        cacheName = 'tilesource'  # noqa: N815 - large-image's name

    path = factories.raster(tmp_path / 'a.tif', scene(), options=YCBCR)
    other = Other(str(path), noCache=True, style='{}')
    assert stored_tile(other, 3, 0, 0, None, 'jpeg') is None
    assert stored_tile(ForeignReader(source(path)), 3, 0, 0, None, 'jpeg') is None


def test_threads_get_the_same_bytes_and_leave_nothing_open(tmp_path: Path) -> None:
    path = factories.raster(tmp_path / 'a.tif', scene(), options=YCBCR, overviews=[2, 4])
    reader = source(path)
    wanted = [*tiles(reader, 3), *tiles(reader, 2)]

    def ask(tile: tuple[int, int, int]) -> bytes | None:
        return stored_tile(reader, *tile, None, 'jpeg')

    expected = [ask(tile) for tile in wanted]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, wanted * 10))
        before = len(os.listdir('/proc/self/fd'))
        for _ in range(20):
            assert list(pool.map(ask, wanted)) == expected
        assert len(os.listdir('/proc/self/fd')) <= before + 8


@pytest.mark.parametrize('blocks', [128, 256])
def test_windows_are_blocks_of_any_size(blocks: int, tmp_path: Path) -> None:
    gdal.SetConfigOption('GDAL_TIFF_OVR_BLOCKSIZE', str(blocks))
    options = {**YCBCR, 'BLOCKXSIZE': blocks, 'BLOCKYSIZE': blocks}
    data = scene(777, 1001)
    reader = source(factories.raster(tmp_path / 'a.tif', data, options=options, overviews=[2]))
    size = blocks, blocks
    for factor in (1, 2):
        level = reader.sizeX // factor, reader.sizeY // factor
        for column in range(level[0] // blocks):
            for row in range(level[1] // blocks):
                box = (column * blocks, row * blocks, (column + 1) * blocks, (row + 1) * blocks)
                window = tuple(edge * factor for edge in box)
                content = stored_window(reader, window, size, None, 'jpeg')
                raster = read_level(reader, box, factor)
                assert np.abs(decoded(content).astype(int) - raster.data).max() <= 2


@pytest.mark.parametrize(
    ('window', 'size'),
    [
        ((127, 128, 255, 256), (128, 128)),
        ((128, 129, 256, 257), (128, 128)),
        ((1, 0, 257, 256), (128, 128)),
        ((0, 0, 254, 256), (128, 128)),
        ((0, 0, 256, 256), (256, 256)),
        ((0, 0, 256, 256), (64, 64)),
        ((64, 64, 192, 192), (128, 128)),
        ((0, 0, 512, 512), (128, 128)),
    ],
)
def test_a_window_beside_a_block_is_not_that_block(window: Any, size: Any, tmp_path: Path) -> None:
    path = factories.raster(tmp_path / 'a.tif', scene(), options=YCBCR, overviews=[2])
    reader = source(path)
    assert stored_window(reader, (0, 0, 256, 256), (128, 128), None, 'jpeg')
    assert stored_window(reader, window, size, None, 'jpeg') is None
    assert stored_window(reader, (0, 0, 128, 128), (128, 128), None, 'webp') is None
