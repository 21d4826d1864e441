"""The requests that the web client of Terracotta sends, one after another, and what it takes from
the answers; then those of its documentation.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client

from django_large_image.catalog import api
from tests.catalog.scenes import NODATA, ROOT, TILE, make, picture, samples, steps

pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.catalog.scenes')]

DAY = '2024-05-31'
BANDS = {band: samples(number) for number, band in enumerate(('B02', 'B03', 'B04', 'B08'))}
# Of those that its client lists: of each library one, odd spellings, its own.
COLORMAPS = (
    'grays grey greys gray binary bone cloud blues viridis cividis wistia twilight_shifted ylgn '
    'rdylgn cmrmap gnuplot2 tab20c gist_yarg gist_yerg gist_grey nipy_spectral spectral turbo'
).split()


@pytest.fixture(autouse=True)
def catalog(settings: Any, tmp_path: Path) -> None:
    """Four bands of two days."""
    folder = tmp_path / 'rasters'
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': [str(folder)]}
    days = (DAY, '2024-06-30')
    make(folder, {('S2', day, band): data for day in days for band, data in BANDS.items()})


class Host:
    """Its `fetch`."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def json(self, path: str, status: int = 200) -> Any:
        response = self.client.get(f'{ROOT}{path}')
        assert response.status_code == status, response.content
        assert response['Content-Type'] == 'application/json'
        return response.json()

    def tile(self, path: str) -> np.ndarray:
        z, x, y = TILE.removesuffix('.png').split('/')
        return picture(self.client.get(ROOT + path.format(z=z, x=x, y=y)))


@pytest.fixture
def host(client: Client) -> Host:
    """Terracotta's host."""
    return Host(client)


def joined(keys: dict[str, str], *left_out: str) -> str:
    """The path of a dataset as the client builds it."""
    return ''.join(f'/{value}' for name, value in keys.items() if name not in left_out)


def test_a_walk_through_the_client(host: Host) -> None:
    names = [entry['key'] for entry in host.json('/keys')['keys']]
    assert names == ['sensor', 'date', 'band']
    page = host.json('/datasets?limit=15&page=0&sensor=S2&date=2024-05-31')
    assert (page['page'], page['limit'], len(page['datasets'])) == (0, 15, 4)
    assert all(list(dataset) == names for dataset in page['datasets'])
    metadata = [host.json(f'/metadata{joined(keys)}') for keys in page['datasets']]
    for dataset, data in zip(metadata, BANDS.values(), strict=True):
        assert len(dataset['percentiles']) == 99
        assert dataset['convex_hull']['type'] in ('Polygon', 'MultiPolygon')
        assert dataset['range'] == [data[data != NODATA].min(), data.max()]
        west, south, east, north = dataset['bounds']
        assert west < east
        assert south < north
    shown = metadata[2]
    thumbnail = host.tile(f'/singleband{joined(shown["keys"])}/preview.png?tile_size=[128,128]')
    assert thumbnail.shape == (128, 128, 4)
    assert thumbnail[..., 3].any()
    # JavaScript writes a list into a text without its brackets.
    ends = ','.join(map(str, shown['range']))
    layer = f'/singleband{joined(shown["keys"])}/{{z}}/{{x}}/{{y}}.png'
    for colormap in COLORMAPS:
        assert host.tile(f'{layer}?colormap={colormap}&stretch_range=[{ends}]').any()
    bands = host.json('/datasets?sensor=S2&date=2024-05-31&')['datasets']
    assert [dataset['band'] for dataset in bands] == list(BANDS)
    colors = 'r=B04&r_range=[100,30000]&g=B03&g_range=[0,60000]&b=B02&b_range=[5.5,6000]&'
    composite = host.tile(f'/rgb{joined(shown["keys"], "band")}/{{z}}/{{x}}/{{y}}.png?{colors}')
    valid = BANDS['B04'] != NODATA
    np.testing.assert_array_equal(composite[..., 0][valid], steps(BANDS['B04'], 100, 30_000)[valid])


def test_connect_finds_a_server_of_its_own_version(host: Host) -> None:
    # In this order, before it starts the client.
    assert host.json('/keys')['keys']
    specification = host.json('/swagger.json')
    # It goes on where the first two numbers are its own.
    assert specification['info']['version'].split('.')[:2] == ['0', '10']


def test_the_end_of_the_list_is_an_empty_page(host: Host) -> None:
    assert host.json('/datasets?limit=15&page=1') == {'page': 1, 'limit': 15, 'datasets': []}


def test_a_dataset_that_is_gone_is_a_message(host: Host) -> None:
    assert set(host.json(f'/metadata/S2/{DAY}/B99', 404)) == {'message'}


def test_what_its_documentation_asks_for(host: Host, client: Client) -> None:
    several = {'keys': [['S2', DAY, 'B04'], ['S2', '2024-06-30', 'B08']]}
    columns = json.dumps(['bounds', 'range', 'metadata'])
    response = client.post(f'{ROOT}/metadata?columns={columns}', several, 'application/json')
    assert [list(found) for found in response.json()] == [
        ['keys', 'bounds', 'range', 'metadata']
    ] * 2
    assert response.json()[1]['keys'] == {'sensor': 'S2', 'date': '2024-06-30', 'band': 'B08'}
    legend = host.json('/colormap?colormap=viridis&stretch_range=[0.0,1.0]&num_values=100')
    assert len(legend['colormap']) == 100
    assert all(set(entry) == {'value', 'rgba'} for entry in legend['colormap'])
    assert all(len(entry['rgba']) == 4 for entry in legend['colormap'])
    assert [legend['colormap'][end]['value'] for end in (0, -1)] == [0, 1]
    ndvi = host.tile(
        f'/compute/S2/{DAY}/{{z}}/{{x}}/{{y}}.png?expression=(v1-v2)/(v1%2Bv2)&v1=B08&v2=B04'
        '&stretch_range=[-1,1]&colormap=rdylgn'
    )
    np.testing.assert_array_equal(ndvi[..., 3] == 255, BANDS['B04'] != NODATA)
    masked = host.tile(
        f'/compute/S2/{DAY}/{{z}}/{{x}}/{{y}}.png?expression=where(v1 > 30000, v1, 0)&v1=B08'
        '&stretch_range=[0,60000]'
    )
    assert masked.any()
    explicit = host.tile(
        f'/singleband/S2/{DAY}/B04/{{z}}/{{x}}/{{y}}.png?colormap=explicit'
        '&explicit_color_map={{"0": [255, 255, 255], "5": "00ff00"}}'
    )
    assert explicit.shape == (256, 256, 4)
    listed = host.json('/datasets?band=[B04,B08]&date=2024-06-30')['datasets']
    assert [dataset['band'] for dataset in listed] == ['B04', 'B08']


def test_a_tile_far_away_is_a_picture_of_nothing(client: Client) -> None:
    response = client.get(f'{ROOT}/singleband/S2/{DAY}/B04/10/0/0.png?tile_size=[64,64]')
    assert picture(response).shape == (64, 64, 4)
    assert not picture(response).any()


def test_keys_with_a_space_and_umlauts(host: Host, settings: Any) -> None:
    api.insert('scenes', ['S 2', DAY, 'grün'], 'scenes-0.tif')
    (found,) = host.json('/datasets?band=grün')['datasets']
    assert found['sensor'] == 'S 2'
    assert host.json(f'/metadata{joined(found)}')['keys'] == found
