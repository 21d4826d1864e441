"""Deep Zoom over HTTP: the tiles of every level, put together, are the image at that size."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifftools
from django.test import Client
from osgeo import gdal
from PIL import Image, ImageOps

from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.stored import stored_window
from tests.factories import gradient, multiframe, raster
from tests.rest.conftest import detail, pixels

NAMESPACE = '{http://schemas.microsoft.com/deepzoom/2008}'
SIZES = [(1, 1), (1, 40), (37, 1), (64, 64), (65, 33), (101, 67)]


def noise(height: int, width: int, bands: int = 3) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (bands, height, width), 'uint8')


def opened(response: Any) -> tuple[int, int, int, int, str]:
    """What a viewer reads of a descriptor: width, height, tile size, overlap, format."""
    assert response.status_code == 200, response.content
    assert response['Content-Type'] == 'application/xml'
    root = ET.fromstring(response.content)
    size = root.find(f'{NAMESPACE}Size')
    assert root.tag == f'{NAMESPACE}Image'
    assert size is not None
    numbers = (size.get('Width'), size.get('Height'), root.get('TileSize'), root.get('Overlap'))
    width, height, tile_size, overlap = (int(str(number)) for number in numbers)
    return width, height, tile_size, overlap, str(root.get('Format'))


def tile(get: Any, image: Any, name: str, **asked: Any) -> np.ndarray:
    found = pixels(get(f'image_files/{name}', image, **asked))
    return found.reshape(*found.shape[:2], -1)


def level(get: Any, image: Any, number: int, size: tuple[int, int], **asked: Any) -> np.ndarray:
    """Put the tiles of a level together; where they overlap they have to agree."""
    width, height = size
    side, overlap = asked['tile_size'], asked['overlap']
    found = np.full((height, width, 3), -1)
    for row in range(-(-height // side)):
        for column in range(-(-width // side)):
            left = max(0, column * side - overlap)
            top = max(0, row * side - overlap)
            right = min((column + 1) * side + overlap, width)
            bottom = min((row + 1) * side + overlap, height)
            part = tile(get, image, f'{number}/{column}_{row}.png', **asked)
            assert part.shape == (bottom - top, right - left, 3)
            there = found[top:bottom, left:right]
            assert ((there == part) | (there == -1)).all()
            there[...] = part
    return found


@pytest.mark.parametrize(('tile_size', 'overlap'), [(32, 1), (17, 0), (64, 5)])
@pytest.mark.parametrize(('width', 'height'), SIZES)
def test_every_level_is_the_image_reduced(
    width: int, height: int, tile_size: int, overlap: int, image_file: Any, get: Any
) -> None:
    data = np.moveaxis(noise(height, width), 0, 2)
    image = image_file(np.moveaxis(data, 2, 0))
    asked = {'tile_size': tile_size, 'overlap': overlap}
    assert opened(get('image.dzi', image, **asked))[:4] == (width, height, tile_size, overlap)
    highest = next(number for number in range(20) if 2**number >= max(width, height))
    for number in range(highest + 1):
        # Pillow's own: blocks of 2^k x 2^k, at the edges what there is of them.
        expected = Image.fromarray(data).reduce(2 ** (highest - number))
        found = level(get, image, number, expected.size, **asked)
        assert np.abs(found - np.asarray(expected)).max() <= 1
    np.testing.assert_array_equal(found, data)
    assert detail(get(f'image_files/{highest + 1}/0_0.png', image, **asked), 404)


def test_a_pyramid_shows_its_own_levels(image_file: Any, get: Any) -> None:
    # Overviews that are not what the image would give: each level is the one that is stored.
    image = image_file(noise(1001, 1503), overviews=(2, 4, 8))
    dataset = gdal.Open(image.file.path)
    bands = [dataset.GetRasterBand(number).GetOverview(1) for number in (1, 2, 3)]
    stored = np.dstack([band.ReadAsArray() for band in bands])
    found = level(get, image, 9, (376, 251), tile_size=100, overlap=1)
    np.testing.assert_array_equal(found, stored)


def test_a_tile_that_is_a_block_is_sent_as_it_is(image_file: Any, get: Any) -> None:
    # A quality that nobody would encode with.
    options = {'TILED': 'YES', 'BLOCKXSIZE': 128, 'BLOCKYSIZE': 128, 'COMPRESS': 'JPEG'}
    image = image_file(
        noise(300, 400), options={**options, 'JPEG_QUALITY': 21}, overviews=(2,), name='a.tif'
    )
    reader = RasterTileSource(image.file.path, noCache=True)
    whole = {'tile_size': 128, 'overlap': 0}
    for name, window in {
        '9/1_1.jpg': (128, 128, 256, 256),
        '8/0_0.jpg': (0, 0, 256, 256),
    }.items():
        block = stored_window(reader, window, (128, 128), None, 'jpeg')
        sent = get(f'image_files/{name}', image, **whole).content
        assert block is not None
        assert sent == block
        assert get(f'image_files/{name}', image, tile_size=128).content != block
        assert get(f'image_files/{name}', image, quality=21, **whole).content != block
        # Decoded it is the level that every other tile shows.
        made = tile(get, image, name.replace('jpg', 'png'), **whole)
        np.testing.assert_array_equal(made, np.asarray(Image.open(io.BytesIO(sent))))


def test_defaults_are_those_of_deep_zoom(image_file: Any, get: Any) -> None:
    image = image_file(gradient(300, 520))
    assert opened(get('image.dzi', image)) == (520, 300, 254, 1, 'jpg')
    assert tile(get, image, '10/0_0.jpg').shape == (255, 255, 3)
    assert tile(get, image, '10/1_1.jpg').shape == (47, 256, 3)
    assert tile(get, image, '10/2_1.png').shape == (47, 13, 3)
    assert tile(get, image, '0/0_0.jpg').shape == (1, 1, 3)


def test_the_descriptor_has_two_names(image_file: Any, get: Any) -> None:
    image = image_file(gradient(20, 30))
    asked = {'tile_size': 128, 'overlap': 2, 'fmt': 'PNG'}
    assert opened(get('image.xml', image, **asked)) == (30, 20, 128, 2, 'png')
    assert get('image.dzi', image, **asked).content == get('image.xml', image, **asked).content


def test_a_viewset_without_objects_has_one_too(client: Client, image_file: Any) -> None:
    image_file(gradient(20, 30))
    assert opened(client.get('/api/one/image.dzi'))[:2] == (30, 20)
    assert client.get('/api/one/image_files/5/0_0.webp')['Content-Type'] == 'image/webp'


@pytest.mark.parametrize(
    'name',
    [
        *('5/1_0.png', '5/0_1.png', '6/0_0.png', '-1/0_0.png', '5/-1_0.png', '65/0_0.png'),
        *(f'{"9" * 18}/0_0.png', f'5/{"9" * 18}_0.png'),
    ],
)
def test_outside_of_the_image_is_404(name: str, image_file: Any, get: Any) -> None:
    assert detail(get(f'image_files/{name}', image_file(gradient(20, 30))), 404)


@pytest.mark.parametrize(
    'name',
    [
        *('x/0_0.png', '5/0_x.png', '5/0_0.nothing', '5/%20_0.png', '5/1e3_0.png'),
        *('05/0_0.png', '5/00_0.png', '5/0_00.png', '5/0.0_0.png', '5/-0_00.png', '%2B5/0_0.png'),
        *('5/%D9%A0_0.png', '%D9%A5/0_0.png', '5%20/0_0.png', f'5/{"9" * 19}_0.png'),
    ],
)
def test_what_is_no_tile_is_400(name: str, image_file: Any, get: Any) -> None:
    response = get(f'image_files/{name}', image_file(gradient(20, 30)))
    assert response.status_code == 400, response.content
    assert response['Content-Type'] == 'application/json'


@pytest.mark.parametrize(
    'asked',
    [
        {'tile_size': 0},
        {'tile_size': 'wide'},
        {'overlap': -1},
        {'tile_size': 2**40},
        {'overlap': '1.5'},
        {'tile_size': '254.0'},
        {'tile_size': '0254'},
        {'overlap': '\u0661'},
    ],
)
@pytest.mark.parametrize('path', ['image.dzi', 'image.xml', 'image_files/0/0_0.png'])
def test_what_is_no_layout_is_400(
    path: str, asked: dict[str, Any], image_file: Any, get: Any
) -> None:
    response = get(path, image_file(gradient(20, 30)), **asked)
    assert response.status_code == 400
    assert set(response.json()) == set(asked)


@pytest.mark.parametrize('fmt', ['"><evil', 'pdf', 'npy', 'tif'])
@pytest.mark.parametrize('path', ['image.dzi', 'image.xml'])
def test_a_descriptor_of_what_no_viewer_shows_is_400(
    path: str, fmt: str, image_file: Any, get: Any
) -> None:
    assert 'png' in detail(get(path, image_file(gradient(20, 30)), fmt=fmt), 400)


def test_a_tile_of_too_many_pixels_is_refused(image_file: Any, get: Any, settings: Any) -> None:
    settings.LARGE_IMAGE = {'MAX_OUTPUT_PIXELS': 10_000}
    image = image_file(gradient(200, 200))
    assert detail(get('image_files/8/0_0.png', image, tile_size=1024), 413)
    assert tile(get, image, '8/0_0.png', tile_size=64).shape == (65, 65, 3)
    # The size that counts is that of what there is.
    assert tile(get, image, '6/0_0.png', tile_size=2**31, overlap=2**31).shape == (50, 50, 3)


def test_styles_frames_and_qualities_work_as_on_tiles(
    image_file: Any, get: Any, client: Client, tmp_path: Any
) -> None:
    frames = [noise(40, 60), noise(40, 60) // 2]
    image = image_file(multiframe(tmp_path / 'frames.tif', frames))
    looks: list[dict[str, Any]] = [
        {'band': 2, 'palette': 'viridis', 'min': 0, 'max': 255},
        {'frame': 1},
        {'style': '{"bands": [{"band": 1, "palette": ["#000", "#f00"]}]}', 'frame': 1},
    ]
    for look in looks:
        shown = tile(get, image, '6/0_0.png', **look)
        usual = pixels(get('tiles/0/0/0.png', image, **look))[:40, :60, : shown.shape[2]]
        np.testing.assert_array_equal(shown, usual)
    low, high = (get('image_files/6/0_0.jpg', image, quality=q).content for q in (10, 95))
    assert len(low) < len(high) / 2
    sent = client.post(
        f'/api/left/{image.pk}/image_files/6/0_0.png',
        {'band': 2, 'palette': 'viridis', 'min': 0, 'max': 255},
        content_type='application/json',
    )
    np.testing.assert_array_equal(
        pixels(sent), pixels(get('image_files/6/0_0.png', image, **looks[0]))
    )


def test_transparency_is_kept_where_the_format_keeps_it(image_file: Any, get: Any) -> None:
    mask = np.ones((40, 40), 'uint8')
    mask[:, 20:] = 0
    image = image_file(noise(40, 40), mask=mask)
    alpha = tile(get, image, '5/0_0.png')[:, :, 3]
    assert (alpha[:, :10] == 255).all()
    assert (alpha[:, 10:] == 0).all()
    assert (tile(get, image, '5/0_0.jpg', quality=100)[:, 16:] > 245).all()


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    picture.getexif()[274] = orientation
    return ImageOps.exif_transpose(picture)


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('kind', ['jpeg', 'tiff'])
def test_the_orientation_is_that_of_pillow(
    orientation: int, kind: str, image_file: Any, get: Any, tmp_path: Path
) -> None:
    path, exif = tmp_path / f'image.{kind}', Image.Exif()
    exif[274] = orientation
    data = gradient(97, 150).transpose(1, 2, 0)
    Image.fromarray(data).save(path, kind, quality=95, exif=exif)
    image = image_file(path)
    with Image.open(path) as file:
        shown = ImageOps.exif_transpose(file)
    # Pillow itself turns a TIFF as it reads it.
    stored = Image.fromarray(gdal.Open(str(path)).ReadAsArray().transpose(1, 2, 0))
    asked = {'tile_size': 40, 'overlap': 1}
    assert opened(get('image.dzi', image, **asked))[:2] == shown.size
    np.testing.assert_array_equal(level(get, image, 8, shown.size, **asked), np.asarray(shown))
    # Levels are those of the stored pixels: a JPEG's are its own.
    for number in range(5, 8):
        expected = upright(stored.reduce(2 ** (8 - number)), orientation)
        found = level(get, image, number, expected.size, **asked)
        difference = np.abs(found - np.asarray(expected).astype(int)).max()
        assert difference <= (1 if kind == 'tiff' else 8)


def test_turned_tiles_are_styled_sampled_and_never_blocks(
    image_file: Any, get: Any, tmp_path: Path
) -> None:
    options = {'TILED': 'YES', 'BLOCKXSIZE': 128, 'BLOCKYSIZE': 128, 'COMPRESS': 'JPEG'}
    path = raster(tmp_path / 'turned.tif', gradient(300, 400), options=options)
    stored = gdal.Open(str(path)).ReadAsArray().transpose(1, 2, 0)
    tifftools.tiff_set(str(path), overwrite=True, setlist=[('Orientation', 6)])
    image, asked = image_file(path), {'tile_size': 128, 'overlap': 0}
    # The second column and third row of what is 300 wide.
    expected = np.rot90(stored, -1)[256:384, 128:256]
    sent = tile(get, image, '9/1_2.jpg', quality=95, **asked).astype(int)
    assert np.abs(sent - expected).max() <= 8
    assert np.abs(tile(get, image, '9/1_2.jpg', **asked).astype(int) - expected).max() <= 8
    samples = np.load(io.BytesIO(get('image_files/9/1_2.npy', image, **asked).content))
    np.testing.assert_array_equal(samples, expected)
    band = tile(get, image, '9/1_2.png', band=2, min=0, max=255, **asked)
    np.testing.assert_array_equal(band[:, :, 0], expected[:, :, 1])


def test_an_image_of_a_map_is_shown_in_its_own_pixels(image_file: Any, get: Any) -> None:
    data = noise(33, 65)
    image = image_file(data, epsg=4326, bounds=(10, 10, 20, 15))
    for asked in ({}, {'projection': 'EPSG:3857'}):
        assert opened(get('image.dzi', image, **asked))[:2] == (65, 33)
        shown = tile(get, image, '7/0_0.png', **asked)
        np.testing.assert_array_equal(shown, np.moveaxis(data, 0, 2))


@pytest.mark.parametrize('path', ['image.dzi', 'image_files/5/0_0.png'])
def test_an_etag_answers_for_the_bytes(
    path: str, image_file: Any, get: Any, client: Client
) -> None:
    image = image_file(gradient(20, 30))
    first = get(path, image)
    assert first['Cache-Control'] == 'public, no-cache'
    again = client.get(f'/api/left/{image.pk}/{path}', headers={'If-None-Match': first['ETag']})
    assert (again.status_code, again.content) == (304, b'')
    other = get(path, image, tile_size=16)
    assert other['ETag'] != first['ETag']
    assert other.content != first.content


def test_tiles_are_kept_in_the_cache(image_file: Any, get: Any, settings: Any) -> None:
    settings.LARGE_IMAGE = {'SERVER_TIMING': True}
    image = image_file(gradient(20, 30))
    first, second = (get('image_files/5/0_0.png', image) for _ in range(2))
    assert 'read' in first['Server-Timing']
    assert 'read' not in second['Server-Timing']
    assert first.content == second.content


def test_a_replaced_file_is_shown_at_once(image_file: Any, get: Any) -> None:
    image = image_file(gradient(20, 30))
    before = get('image.dzi', image)
    replacement = image_file(noise(50, 50))
    image.file.name = replacement.file.name
    image.save()
    assert opened(get('image.dzi', image))[:2] == (50, 50)
    assert get('image.dzi', image)['ETag'] != before['ETag']
    assert Image.open(io.BytesIO(get('image_files/6/0_0.png', image).content)).size == (50, 50)
