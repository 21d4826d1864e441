"""The addresses of pictures: in any format, each with its own bytes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from django_large_image.pixels.formats import FORMATS
from tests.catalog.scenes import NODATA, ROOT, TILE, make, picture, samples

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
