"""Values at a place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from django_large_image.catalog import api
from django_large_image.catalog.places import Tile
from tests.catalog.scenes import NODATA, ROOT, SIZE, X, Y, Z, make, samples, write

pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.catalog.scenes')]

DAYS = ['2024-01-31', '2024-02-28', '2024-03-31']
SCENES = {day: samples(number) for number, day in enumerate(DAYS)}


@pytest.fixture
def root(settings: Any, tmp_path: Path) -> Path:
    """The folder of a catalogue of three days, and of a place elsewhere."""
    folder = tmp_path / 'rasters'
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': [str(folder)]}
    make(folder, {('S2', day, 'B04'): data for day, data in SCENES.items()})
    write(folder / 'elsewhere.tif', samples(9), X + 5)
    api.insert('scenes', ['S2', '2024-06-30', 'B04'], 'elsewhere.tif')
    return folder


def place(column: int, row: int) -> dict[str, float]:
    """Return the place of the middle of a pixel."""
    west, _, east, north = Tile(Z, X, Y).degrees
    south = Tile(Z, X, Y).degrees[1]
    # Within a tile this deep degrees of latitude are even enough.
    return {
        'lon': west + (column + 0.5) / SIZE * (east - west),
        'lat': north + (row + 0.5) / SIZE * (south - north),
    }


def values(client: Any, keys: str, **query: Any) -> list[tuple[str, Any]]:
    """Return the date and the value of each answer."""
    response = client.get(f'{ROOT}/point/{keys}', query)
    assert response.status_code == 200, response.content
    return [(told['keys']['date'], told['value']) for told in response.json()['values']]


@pytest.mark.parametrize(('column', 'row'), [(100, 200), (255, 255), (0, 60)])
def test_a_key_that_is_open_makes_a_series(client, root, column, row):
    expected = [(day, int(data[row, column])) for day, data in SCENES.items()]
    assert values(client, 'S2/*/B04', **place(column, row)) == expected


def test_one_dataset(client, root):
    day = DAYS[1]
    assert values(client, f'S2/{day}/B04', **place(9, 77)) == [(day, int(SCENES[day][77, 9]))]
    elsewhere = {'lon': 0, 'lat': 0}
    assert values(client, f'S2/{day}/B04', **elsewhere) == [(day, None)]


def test_nodata_is_null(client, root):
    assert SCENES[DAYS[0]][3, 3] == NODATA
    assert values(client, 'S2/*/B04', **place(3, 3)) == [(day, None) for day in DAYS]


def test_pages(client, root):
    query = {**place(100, 100), 'limit': 2}
    first, second = (values(client, 'S2/*/B04', **query, page=page) for page in (0, 1))
    assert [day for day, _ in (*first, *second)] == DAYS
    assert len(first) == 2


def test_a_file_that_vanished_has_no_value(client, root):
    (root / 'scenes-1.tif').unlink()
    told = client.get(f'{ROOT}/point/S2/*/B04', place(100, 100)).json()['values']
    assert told[1]['value'] is None
    assert 'error' in told[1]
    assert str(root) not in told[1]['error']
    assert told[2]['value'] == int(SCENES[DAYS[2]][100, 100])


def test_a_point_off_the_antimeridian(client, root, data_dir):
    (root / 'dateline.tif').write_bytes((data_dir / 'geo' / 'cog_dateline.tif').read_bytes())
    api.create('line', ['name'])
    dataset = api.insert('line', ['a'], 'dateline.tif')
    assert dataset.east is not None
    assert dataset.south is not None
    middle = {'lat': (dataset.south + dataset.north) / 2}
    found = []
    for lon in (179.9, -179.9, 180.1):
        told = client.get('/catalog/line/point/*', {'lon': lon, **middle}).json()['values']
        assert len(told) == 1
        found.append(told[0]['value'])
    assert found[1] == found[2]
    assert not np.equal(found, None).all()


@pytest.mark.parametrize(
    'query',
    [
        {},
        {'lon': '5'},
        {'lon': 'x', 'lat': '1'},
        {'lon': 'nan', 'lat': '1'},
        {'lon': '1', 'lat': '91'},
        {'lon': '1000', 'lat': '1'},
        {'lon': '1', 'lat': '1', 'limit': '0'},
        {'lon': '1', 'lat': '1', 'limit': '1000000'},
        {'lon': '1', 'lat': '1', 'page': '-1'},
    ],
)
def test_what_makes_no_sense_is_refused(client, root, query):
    response = client.get(f'{ROOT}/point/S2/*/B04', query)
    assert response.status_code == 400
    assert set(response.json()) == {'message'}


def test_what_is_not_there(client, root):
    assert client.get(f'{ROOT}/point/S2/*', place(1, 1)).status_code == 400
    assert client.get(f'{ROOT}/point/S2/{DAYS[0]}/B99', place(1, 1)).status_code == 404
    assert client.get('/catalog/nosuch/point/S2/*/B04', place(1, 1)).status_code == 404
