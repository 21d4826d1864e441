"""What info.json says over HTTP, and whether its word is kept: tiles, limits, types, conditions."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image

from tests import factories

pytestmark = [
    pytest.mark.urls('tests.iiif.services'),
    pytest.mark.django_db,
    pytest.mark.usefixtures('empty_cache'),
]

LINKED = {
    '2': 'application/ld+json',
    '3': 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"',
}
PLAIN = 'application/json'


def picture(client: Client, uri: str) -> np.ndarray:
    """Return the samples (rows, columns, 3) of a picture."""
    response = client.get(uri)
    assert response.status_code == 200, (uri, response.content)
    return np.asarray(Image.open(io.BytesIO(response.content)).convert('RGB'))


def put_together(client: Client, info: dict[str, Any], side: int, factor: int) -> np.ndarray:
    """Return the whole of a level, from tiles that are asked for as viewers ask."""
    uri, width, height = info.get('id') or info['@id'], info['width'], info['height']
    found = np.zeros((-(-height // factor), -(-width // factor), 3), int) - 1
    for top in range(0, height, side * factor):
        for left in range(0, width, side * factor):
            across, down = min(side * factor, width - left), min(side * factor, height - top)
            size = -(-across // factor), -(-down // factor)
            tile = picture(
                client, f'{uri}/{left},{top},{across},{down}/{size[0]},{size[1]}/0/default.png'
            )
            assert tile.shape[1::-1] == size
            x, y = left // factor, top // factor
            found[y : y + size[1], x : x + size[0]] = tile
    return found


@pytest.mark.parametrize('version', ['2', '3'])
@pytest.mark.parametrize(('width', 'height'), [(1, 1), (1, 900), (257, 129)])
def test_the_tiles_that_are_promised_are_the_image(
    client: Client, image_file: Callable[..., Any], settings: Any, version: str, width: int,
    height: int,
) -> None:  # fmt: skip
    settings.LARGE_IMAGE = {'TILE_SIZE': 64}
    data = np.random.default_rng(5).integers(0, 256, (3, height, width), 'uint8')
    instance = image_file(data, name='scan.png', driver='PNG')
    info = client.get(f'/iiif/{version}/{instance.pk}/info.json').json()
    assert (info['width'], info['height']) == (width, height)
    [tiles] = info['tiles']
    # Until all of it is one tile.
    assert tiles['scaleFactors'][-1] * tiles['width'] >= max(width, height)
    whole = Image.fromarray(np.moveaxis(data, 0, 2))
    for factor in tiles['scaleFactors']:
        found = put_together(client, info, tiles['width'], factor)
        # Pillow's own: blocks of factor x factor, at the edges what there is of them.
        expected = np.asarray(whole.reduce(factor)).astype(int)
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() <= (factor > 1)
    uri = info.get('id') or info['@id']
    for size in info['sizes']:
        named = f'{size["width"]},{size["height"]}'
        shown = picture(client, f'{uri}/full/{named}/0/default.png')
        assert shown.shape == (size['height'], size['width'], 3)


def test_tiles_that_lie_in_one_block_are_not_promised(
    client: Client, image_file: Callable[..., Any], settings: Any
) -> None:
    # A block that is all of the image: any part of it takes all of it.
    options = {'TILED': 'YES', 'BLOCKXSIZE': 512, 'BLOCKYSIZE': 512, 'INTERLEAVE': 'PIXEL'}
    instance = image_file(factories.gradient(100, 200), options=options)
    path, samples = f'/iiif/3/{instance.pk}', 3 * 512 * 512
    settings.LARGE_IMAGE = {'MAX_READ_PIXELS': samples}
    assert client.get(f'{path}/0,0,64,64/64,64/0/default.jpg').status_code == 200
    assert client.get(f'{path}/info.json').json()['tiles']
    settings.LARGE_IMAGE = {'MAX_READ_PIXELS': samples - 1}
    assert client.get(f'{path}/0,0,64,64/64,64/0/default.jpg').status_code == 400
    info = client.get(f'{path}/info.json').json()
    assert not {'tiles', 'sizes'} & set(info)


class TestLimits:
    @pytest.mark.parametrize(
        ('given', 'region', 'named', 'largest'),
        [
            # Nothing is named, and nothing enlarged to what is not.
            ({}, 'full', {}, (100, 150)),
            ({'IIIF_MAX_WIDTH': 200}, 'full', {'maxWidth': 200, 'maxHeight': 200}, (133, 200)),
            (
                {'IIIF_MAX_WIDTH': 2000},
                'full',
                {'maxWidth': 2000, 'maxHeight': 2000, 'maxArea': 60000},
                (200, 300),
            ),
            (
                {'IIIF_MAX_WIDTH': 2000},
                '0,0,20,20',
                {'maxWidth': 2000, 'maxHeight': 2000, 'maxArea': 60000},
                (244, 244),
            ),
            (
                {'IIIF_MAX_SCALE': 4},
                'full',
                {'maxWidth': 400, 'maxHeight': 600, 'maxArea': 60000},
                (200, 300),
            ),
            ({'IIIF_MAX_SCALE': 0.5}, 'full', {'maxWidth': 50, 'maxHeight': 75}, (50, 75)),
            ({'IIIF_MAX_AREA': 10**9}, 'full', {'maxArea': 60000}, (200, 300)),
        ],
    )
    def test_max_goes_as_far_as_is_named(
        self, client: Client, image_file: Callable[..., Any], settings: Any, given: dict[str, Any],
        region: str, named: dict[str, int], largest: tuple[int, int],
    ) -> None:  # fmt: skip
        settings.LARGE_IMAGE = {'MAX_OUTPUT_PIXELS': 60000, **given}
        start = f'/iiif/3/{image_file(factories.gradient(150, 100)).pk}'
        info = client.get(f'{start}/info.json').json()
        assert {name: info[name] for name in info if name.startswith('max')} == named
        shown = picture(client, f'{start}/{region}/^max/0/default.jpg')
        assert shown.shape[1::-1] == largest

    @pytest.mark.parametrize('path', ['2/{}/full/!9000,9000', '3/{}/full/^!9000,9000'])
    def test_what_is_confined_becomes_no_larger_than_the_settings_allow(
        self, client: Client, image_file: Callable[..., Any], settings: Any, path: str
    ) -> None:
        settings.LARGE_IMAGE = {'MAX_OUTPUT_PIXELS': 60000}
        instance = image_file(factories.gradient(150, 100))
        uri = f'/iiif/{path.format(instance.pk)}/0/default.png'
        assert picture(client, uri).shape == (300, 200, 3)
        named = client.get(uri)['Link'].split(',<')[-1].partition('>')[0]
        np.testing.assert_array_equal(picture(client, named), picture(client, uri))
        # Nothing of that is said: `^max` would have to be so large.
        assert b'maxArea' not in client.get(f'/iiif/3/{instance.pk}/info.json').content


@pytest.mark.parametrize(
    ('accept', 'classic', 'modern'),
    [
        ('', PLAIN, LINKED['3']),
        ('APPLICATION/LD+JSON', LINKED['2'], LINKED['3']),
        ('Application/Json', PLAIN, PLAIN),
        ('application/ld+json;q=0, application/json', PLAIN, PLAIN),
        ('application/json;q=0, */*', LINKED['2'], LINKED['3']),
        ('application/json;q=0', LINKED['2'], LINKED['3']),
        ('application/ld+json;q=0', PLAIN, PLAIN),
        ('application/json;q=0.9, application/ld+json;q=0.1', PLAIN, PLAIN),
        ('application/json;q=0.1, application/ld+json;q=0.9', LINKED['2'], LINKED['3']),
        ('application/json, text/plain, */*', PLAIN, PLAIN),
        ('application/*', PLAIN, LINKED['3']),
        ('application/ld+json;profile="http://www.w3.org/ns/json-ld#x"', LINKED['2'], LINKED['3']),
        ('application/ld+json;q=much', LINKED['2'], LINKED['3']),
        ('application/ld+json-x, garbage;;,', PLAIN, LINKED['3']),
        ('*/*;q=0', PLAIN, LINKED['3']),
    ],
)
def test_the_type_that_is_liked_best(
    client: Client, image_file: Callable[..., Any], accept: str, classic: str, modern: str
) -> None:
    key = image_file().pk
    for version, expected in (('2', classic), ('3', modern)):
        response = client.get(f'/iiif/{version}/{key}/info.json', HTTP_ACCEPT=accept)
        assert response['Content-Type'] == expected


@pytest.mark.parametrize(
    ('path', 'status'),
    [
        ('999,0,1,1/max/0/default.jpg', 400),
        ('full/99999,/0/default.jpg', 400),
        ('full/max/0/bitonal.jpg', 501),
        ('full/max/0/default.jpg', 200),
        ('info.json', 200),
    ],
)
def test_any_etag_is_none_before_it_is_known_whether_there_is_an_answer(
    client: Client, image_file: Callable[..., Any], settings: Any, path: str, status: int
) -> None:
    settings.LARGE_IMAGE = {'IIIF_SWITCHED_OFF': ['bitonal']}
    response = client.get(f'/iiif/3/{image_file().pk}/{path}', HTTP_IF_NONE_MATCH=' * ')
    assert response.status_code == status
