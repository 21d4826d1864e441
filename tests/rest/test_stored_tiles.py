"""Tiles that are blocks of their file are sent as they are, as any other tile is."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image

from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.stored import stored_tile
from tests.factories import gradient
from tests.rest.conftest import detail, pixels

# Qualities that nobody would encode with, so that the files show in the bytes.
OPTIONS = {
    'TILED': 'YES',
    'BLOCKXSIZE': 256,
    'BLOCKYSIZE': 256,
    'COMPRESS': 'JPEG',
    'PHOTOMETRIC': 'YCBCR',
    'JPEG_QUALITY': 31,
}


@pytest.fixture
def image(image_file: Callable[..., Any]) -> Any:
    """An image of 2 x 2 whole blocks, and of parts of others."""
    return image_file(gradient(600, 700), options=OPTIONS)


def block(image: Any, x: int, y: int) -> bytes:
    reader = RasterTileSource(image.file.path, noCache=True, style='{}')
    content = stored_tile(reader, reader.levels - 1, x, y, None, 'jpeg')
    assert content is not None
    return content


@pytest.mark.parametrize('path', ['tiles/2/1/1.jpg', 'tiles/2/1/1.jpeg', 'tiles/2/1/1.jfif'])
def test_a_whole_block_is_sent_as_it_is(path: str, image: Any, get: Any) -> None:
    response = get(path, image)
    assert response.content == block(image, 1, 1)
    assert response['Content-Type'] == 'image/jpeg'
    assert int(response['Content-Length']) == len(response.content)


def test_the_older_paths_send_blocks_too(image: Any, get: Any) -> None:
    expected = block(image, 0, 1)
    assert get('tiles/zxy/2/0/1', image, fmt='jpeg').content == expected
    assert get('tiles/fzxy/0/2/0/1', image, fmt='jpeg').content == expected
    assert get('tiles/2/0/1.jpg', image, base='/api/ready').content == expected


def test_conditional_requests_are_those_of_every_tile(image: Any, get: Any, client: Client) -> None:
    sent, made = get('tiles/2/0/0.jpg', image), get('tiles/2/2/2.jpg', image)
    assert sent['Cache-Control'] == made['Cache-Control']
    assert sent['ETag'] != made['ETag']
    again = client.get(
        f'/api/left/{image.pk}/tiles/2/0/0.jpg', headers={'If-None-Match': sent['ETag']}
    )
    assert again.status_code == 304
    assert get('tiles/2/0/0.jpg', image).content == sent.content


@pytest.mark.parametrize(
    'asked',
    [{'quality': 31}, {'band': 1}, {'style': '{"icc": false}'}, {'min': 0, 'max': 255, 'band': 2}],
)
def test_what_is_asked_for_is_made(asked: dict[str, Any], image: Any, get: Any) -> None:
    response = get('tiles/2/0/0.jpg', image, **asked)
    assert pixels(response).shape[:2] == (256, 256)
    assert response.content != block(image, 0, 0)


def test_a_made_tile_shows_the_same(image: Any, get: Any) -> None:
    sent = pixels(get('tiles/2/0/0.jpg', image)).astype(int)
    np.testing.assert_array_equal(sent, pixels(get('tiles/2/0/0.png', image)))
    made = pixels(get('tiles/2/0/0.jpg', image, quality=95)).astype(int)
    assert np.abs(sent - made).mean() < 2


def test_beyond_the_edge_is_the_background_of_every_jpeg(image: Any, get: Any) -> None:
    tile = pixels(get('tiles/2/2/2.jpg', image))
    assert tile.shape == (256, 256, 3)
    # The padding of the block would show the last row again.
    assert (tile[100:, 200:] > 250).all()


def test_a_map_sends_blocks_on_its_grid(image_file: Any, get: Any) -> None:
    side = 2 * 20037508.342789244 / 2**10
    bounds = (4 * side, -2 * side, 6 * side, 0)
    image = image_file(gradient(512, 512), epsg=3857, bounds=bounds, options=OPTIONS)
    response = get('tiles/10/517/513.jpg', image, projection='EPSG:3857')
    assert response.content == block(image, 1, 1)


def test_another_frame_is_refused_as_ever(image: Any, get: Any) -> None:
    assert 'frame 7' in detail(get('tiles/2/0/0.jpg', image, frame=7), 400)
    assert detail(get('tiles/2/9/0.jpg', image), 404)


def test_a_truncated_file_is_no_picture(image: Any, get: Any) -> None:
    assert get('tiles/2/0/0.jpg', image).status_code == 200
    path = Path(image.file.path)
    whole = path.read_bytes()
    os.truncate(path, len(whole) // 2)
    assert detail(get('tiles/2/1/1.jpg', image), 422)
    path.write_bytes(whole)
    content = get('tiles/2/1/1.jpg', image).content
    assert content == block(image, 1, 1)
    assert Image.open(io.BytesIO(content)).size == (256, 256)
