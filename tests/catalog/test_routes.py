"""The addresses of pictures: in any format, each with its own bytes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from django_large_image.pixels.formats import FORMATS
from tests.catalog.scenes import NODATA, ROOT, TILE, make, picture, samples, steps

pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.catalog.scenes')]

DAY = '2024-05-31'
DATA = samples(4)
LOOK = 'stretch_range=[0,60000]'
PICTURES = {
    'singleband': f'singleband/S2/{DAY}/B04/{{}}?{LOOK}',
    'rgb': f'rgb/S2/{DAY}/{{}}?r=B04&g=B04&b=B04&r_range=[0,60000]',
    'compute': f'compute/S2/{DAY}/{{}}?expression=B04&{LOOK}',
}


@pytest.fixture(autouse=True)
def scenes(settings: Any, tmp_path: Path) -> None:
    """One dataset."""
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': [str(tmp_path / 'rasters')]}
    make(tmp_path / 'rasters', {('S2', DAY, 'B04'): DATA})


@pytest.mark.parametrize('suffix', sorted(FORMATS))
@pytest.mark.parametrize('layer', sorted(PICTURES))
def test_pictures_come_in_all_formats(client, layer, suffix):
    for place in (TILE, '10/0/0.png', 'preview.png'):
        path = PICTURES[layer].format(place.replace('.png', f'.{suffix}'))
        response = client.get(f'{ROOT}/{path}')
        assert response.status_code == 200, response.content
        assert response['Content-Type'] == FORMATS[suffix].media_type
        assert response.content


@pytest.mark.parametrize('suffix', ['webp', 'jpeg', 'avif'])
@pytest.mark.parametrize('layer', sorted(PICTURES))
def test_formats_show_the_same(client, layer, suffix):
    if suffix not in FORMATS:
        pytest.skip('Pillow has no such codec here.')
    plain = client.get(f'{ROOT}/{PICTURES[layer].format(TILE)}')
    other = client.get(f'{ROOT}/{PICTURES[layer].format(TILE[:-3] + suffix)}')
    assert other['ETag'] != plain['ETag']
    shown = np.asarray(Image.open(io.BytesIO(other.content)).convert('RGBA')).astype(int)
    expected = picture(plain).astype(int)
    if suffix != 'jpeg':
        assert (abs(shown[..., 3] - expected[..., 3]) <= 2).mean() > 0.99
    valid = DATA != NODATA
    # Noise is not what these codecs were made for.
    assert abs(shown[..., :3][valid].mean(axis=0) - expected[..., :3][valid].mean(axis=0)).max() < 3


def test_a_cached_picture_is_of_its_own_format(client):
    for suffix, start in (('png', b'\x89PNG'), ('webp', b'RIFF'), ('png', b'\x89PNG')):
        response = client.get(f'{ROOT}/{PICTURES["singleband"].format(TILE[:-3] + suffix)}')
        assert response.content.startswith(start)


@pytest.mark.parametrize('place', ['10/1/1.exe', '10/1/1.tar.png', 'preview.html', 'preview.'])
def test_other_formats_are_refused(client, place):
    response = client.get(f'{ROOT}/{PICTURES["singleband"].format(place)}')
    assert response.status_code in (400, 404)
    if place != 'preview.':
        assert response.json()['message'].startswith('Unknown format.')


@pytest.mark.parametrize('layer', sorted(PICTURES))
@pytest.mark.parametrize(
    'place', ['-1/0/0.png', '1/-1/0.png', '1/0/-1.png', '1.5/1/1.png', '1/1/1.5.png']
)
def test_numbers_that_cannot_be_are_refused(client, layer, place):
    response = client.get(f'{ROOT}/{PICTURES[layer].format(place)}')
    assert response.status_code == 400
    assert response.json() == {'message': 'Levels, columns and rows are whole numbers from 0.'}


@pytest.mark.parametrize(
    'path',
    [
        'nothing',
        'keys/',
        'singleband',
        f'singleband/S2/{DAY}/B04',
        f'singleband/S2/{DAY}/B04/a/b/c.png',
        f'singleband/S2/{DAY}/B04/1/1/1',
        'metadata/',
        'metadata/a%0Ab',
        'a%0A/b',
        '/',
    ],
)
def test_other_paths_are_not_found(client, path):
    for ask in (client.get, client.post, client.delete):
        response = ask(f'{ROOT}/{path}')
        assert response.status_code == 404
        assert response.json() == {'message': 'A catalogue has no such path.'}
        elsewhere = ask(f'/catalog/nowhere/{path}')
        assert elsewhere.status_code == 404
        assert elsewhere.json() == {'message': 'There is no such catalogue.'}


def test_a_single_value_may_have_slashes_as_they_are(client, tmp_path):
    make(tmp_path / 'rasters', {('a/b_1', 'c/d'): DATA}, ('name', 'band'), 'two')
    make(tmp_path / 'rasters', {('a/b_1.tif',): DATA}, ('name',), 'one')
    assert client.get('/catalog/one/metadata/a/b_1.tif').json()['keys'] == {'name': 'a/b_1.tif'}
    one = picture(client.get(f'/catalog/one/singleband/a/b_1.tif/{TILE}?{LOOK}'))
    colors = {'r': 'c/d', 'g': 'c/d', 'b': 'c/d', **{f'{c}_range': '[0,60000]' for c in 'rgb'}}
    two = picture(client.get(f'/catalog/two/rgb/a/b_1/{TILE}', colors))
    np.testing.assert_array_equal(one, two)
    assert client.get('/catalog/two/metadata/a/b_1/c/d').status_code == 400
    asked = {'lon': 6.4, 'lat': 46.9}
    (point,) = client.get('/catalog/one/point/a/b_1.tif', asked).json()['values']
    assert point['keys'] == {'name': 'a/b_1.tif'}


def test_a_slash_in_a_value_is_escaped_twice(client, tmp_path):
    make(tmp_path / 'rasters', {('a/b',): DATA, ('a%2Fb',): samples(5)}, ('name',), 'odd')
    for value, escaped in (('a/b', 'a%252Fb'), ('a%2Fb', 'a%25252Fb')):
        answer = client.get(f'/catalog/odd/metadata/{escaped}').json()
        assert answer['keys'] == {'name': value}
        told = client.get(f'/catalog/odd/singleband/{escaped}/tilejson.json?{LOOK}').json()
        assert told['name'] == f'odd/{value}'
        assert f'/singleband/{escaped}/{{z}}' in told['tiles'][0]
        (z, x, y), expected = TILE[:-4].split('/'), DATA if value == 'a/b' else samples(5)
        shown = picture(client.get(told['tiles'][0].format(z=z, x=x, y=y)))
        valid = expected != NODATA
        np.testing.assert_array_equal(shown[..., 0][valid], steps(expected, 0, 60_000)[valid])
    query = {'r': 'a/b', 'g': 'a%2Fb', 'b': 'a/b'}
    assert picture(client.get(f'/catalog/odd/rgb/{TILE}', query)).any()
