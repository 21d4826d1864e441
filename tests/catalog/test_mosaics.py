"""Mosaics: what lies over what, and how much of it is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_large_image.catalog import api, keys, mosaics, schema
from django_large_image.catalog.models import Dataset, Key
from django_large_image.catalog.tiles import NOTICE
from django_large_image.sources.tile_matrix import get_tile_matrix
from tests.catalog.scenes import ROOT, SIZE, TILE, X, Y, Z, make, picture, steps, write

pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.catalog.scenes')]

OLD, MIDDLE, NEW = '2024-01-31', '2024-02-28', '2024-03-31'
RANGE = {'stretch_range': '[0,254]'}


def half(value: int, columns: slice) -> np.ndarray:
    """Return a tile with one value in some columns, nodata elsewhere."""
    data = np.zeros((SIZE, SIZE), np.uint8)
    data[:, columns] = value
    return data


SCENES = {
    OLD: half(10, slice(0, 256)),
    NEW: half(30, slice(0, 100)),
    MIDDLE: half(20, slice(50, 200)),
}


@pytest.fixture
def root(settings: Any, tmp_path: Path) -> Path:
    """The folder of rasters."""
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': [str(tmp_path / 'rasters')], 'TILE_CACHE': False}
    return tmp_path / 'rasters'


@pytest.fixture
def scenes(root: Path) -> None:
    """Three days of the same place, and one of the place beside it."""
    make(root, {('S2', day, 'B04'): data for day, data in SCENES.items()})
    write(root / 'beside.tif', half(90, slice(0, 256)), X + 1)
    api.insert('scenes', ['S2', '2024-12-31', 'B04'], 'beside.tif')


def shown(client: Client, path: str = f'singleband/S2/*/B04/{TILE}', **query: str) -> np.ndarray:
    """Return the values of the columns, 0 where nothing is shown."""
    pixels = picture(client.get(f'{ROOT}/{path}', {**RANGE, **query}))
    values = np.where(pixels[..., 3] > 0, pixels[..., 0].astype(int) - 1, 0)
    assert (values == values[0]).all()
    return values[0]


def columns(value: Callable[[int], float]) -> list[float]:
    """Return the expected value of each column."""
    return [value(column) for column in range(SIZE)]


def there(column: int) -> list[int]:
    """Return the values of a column, the newest first."""
    return [int(SCENES[day][0, column]) for day in (NEW, MIDDLE, OLD) if SCENES[day][0, column]]


@pytest.mark.usefixtures('scenes')
@pytest.mark.parametrize(
    ('rule', 'value'),
    [
        ('first', lambda found: found[0]),
        ('last', lambda found: found[-1]),
        ('min', min),
        ('max', max),
        ('mean', lambda found: np.rint(np.mean(found) + 1) - 1),
    ],
)
def test_the_rule_says_what_is_seen(client, rule, value):
    np.testing.assert_array_equal(
        shown(client, rule=rule), columns(lambda column: value(there(column)))
    )


@pytest.mark.usefixtures('scenes')
class TestMosaics:
    def test_the_newest_is_seen_first_where_nothing_is_said(self, client):
        np.testing.assert_array_equal(shown(client), columns(lambda column: there(column)[0]))

    def test_only_what_lies_in_the_tile_is_read(self, client):
        beside = shown(client, f'singleband/S2/*/B04/{Z}/{X + 1}/{Y}.png')
        np.testing.assert_array_equal(beside, [90] * SIZE)
        assert not shown(client, f'singleband/S2/*/B04/{Z}/{X + 9}/{Y}.png').any()

    def test_a_level_above_shows_both(self, client):
        pixels = picture(
            client.get(
                f'{ROOT}/singleband/S2/*/B04/{Z - 1}/{X // 2}/{Y // 2}.png',
                {**RANGE, 'resampling': 'nearest', 'rule': 'max'},
            )
        )
        left, right = (
            pixels[:128, half, 0].astype(int) for half in (slice(0, 128), slice(128, 256))
        )
        assert set(left.ravel().tolist()) == {11, 21, 31}
        assert set(right.ravel().tolist()) == {91}

    def test_several_keys_may_be_open(self, client):
        np.testing.assert_array_equal(shown(client, f'singleband/*/*/*/{TILE}'), shown(client))

    def test_open_ends_are_those_of_the_newest_everywhere(self, client):
        api.compute_metadata('scenes', ['S2', '2024-12-31', 'B04'], exact=True)
        Dataset.objects.filter(key_1='2024-12-31').update(minimum=0, maximum=127)
        url = f'{ROOT}/singleband/S2/*/B04/{TILE}'
        pixels = picture(client.get(url))
        expected = steps(np.array(columns(lambda column: there(column)[0])), 0, 127)
        np.testing.assert_array_equal(pixels[0, :, 0], expected)

    def test_a_file_that_vanished_leaves_a_gap_only(self, client, root, caplog):
        (root / 'scenes-1.tif').unlink()
        expected = columns(lambda column: next(v for v in there(column) if v != 30))
        np.testing.assert_array_equal(shown(client), expected)
        assert 'missing in a mosaic' in caplog.text
        (root / 'scenes-2.tif').write_bytes(b'II*\0garbage')
        np.testing.assert_array_equal(shown(client), [10] * SIZE)

    def test_a_new_dataset_changes_the_etag(self, client, root):
        url = f'{ROOT}/singleband/S2/*/B04/{TILE}?stretch_range=[0,254]'
        first = client.get(url)
        unchanged = client.get(url, headers={'If-None-Match': first['ETag']})
        assert unchanged.status_code == 304
        write(root / 'newest.tif', half(50, slice(0, 256)))
        api.insert('scenes', ['S2', '2024-06-30', 'B04'], 'newest.tif')
        changed = client.get(url, headers={'If-None-Match': first['ETag']})
        assert changed.status_code == 200
        assert (picture(changed)[..., 0] == 51).all()

    def test_no_more_than_so_many_are_read_and_that_is_said(self, client, monkeypatch):
        response = client.get(f'{ROOT}/singleband/S2/*/B04/{TILE}', RANGE)
        assert NOTICE not in response
        monkeypatch.setattr(mosaics, 'MAX_DATASETS', 2)
        response = client.get(f'{ROOT}/singleband/S2/*/B04/{TILE}', RANGE)
        assert 'deeper level' in response[NOTICE]
        expected = columns(lambda column: next((v for v in there(column) if v != 10), -1))
        np.testing.assert_array_equal(picture(response)[0, :, 0].astype(int) - 1, expected)

    def test_tilejson_and_preview_reach_round_all(self, client, monkeypatch):
        monkeypatch.setattr(mosaics, 'MAX_DATASETS', 1)
        told = client.get(f'{ROOT}/singleband/S2/*/B04/tilejson.json').json()
        side = 360 / (1 << Z)
        assert told['bounds'][2] - told['bounds'][0] == pytest.approx(2 * side)
        assert told['tiles'] == [
            f'http://testserver{ROOT}/singleband/S2/*/B04/{{z}}/{{x}}/{{y}}.png'
        ]
        pixels = picture(client.get(f'{ROOT}/singleband/S2/*/B04/preview.png', RANGE))
        seen = np.flatnonzero(pixels[..., 3].any(axis=0))
        # The newest alone, in the right half.
        assert (seen.min(), seen.max()) == (128, 255)

    @pytest.mark.parametrize('rule', ['median', '*'])
    def test_other_rules_are_refused(self, client, rule):
        response = client.get(f'{ROOT}/singleband/S2/*/B04/{TILE}', {'rule': rule})
        assert response.status_code == 400


def test_it_takes_one_query_whatever_the_bands(client, root, monkeypatch):
    make(root, {('S2', day, band): data for day, data in SCENES.items() for band in ('B04', 'B08')})
    colors = {'r': 'B04', 'g': 'B08', 'b': 'B04'}
    # The keys are not asked for by a tile, whether or not they are known anew.
    monkeypatch.setattr(schema, '_MAX_AGE', -1)
    for path, query in (
        (f'singleband/S2/{OLD}/B04/{TILE}', RANGE),
        (f'singleband/S2/*/B04/{TILE}', {}),
        (f'singleband/S2/*/B04/{TILE}', RANGE),
        (f'rgb/S2/*/{TILE}', {**colors, 'g_range': '["p2","p98"]'}),
        (f'compute/S2/*/{TILE}', {'expression': 'B04 + B08', **RANGE}),
    ):
        first = client.get(f'{ROOT}/{path}', query)
        with CaptureQueriesContext(connection) as asked:
            again = client.get(f'{ROOT}/{path}', query)
        assert len(asked) == 1
        assert picture(again).any()
        assert again.content == first.content


def test_how_far_all_bands_reach_is_one_query_a_minute(client, root, monkeypatch):
    monkeypatch.setattr(mosaics.time, 'time', lambda: 60_000_000.0)
    make(root, {('S2', day, band): data for day, data in SCENES.items() for band in ('B04', 'B08')})
    url = f'{ROOT}/rgb/S2/*/tilejson.json?r=B04&g=B08&b=B04'

    def told() -> tuple[list[float], int]:
        with CaptureQueriesContext(connection) as asked:
            west, _, east, _ = client.get(url).json()['bounds']
        return round((east - west) * (1 << Z) / 360), sum('MIN(' in one['sql'] for one in asked)

    assert told() == (1, 1)
    assert told() == (1, 0)
    write(root / 'newest.tif', half(50, slice(0, 256)), X + 1)
    api.insert('scenes', ['S2', '2024-06-30', 'B08'], 'newest.tif')
    # What is seen first is seen at once.
    assert told() == (2, 1)
    Dataset.objects.filter(location='newest.tif').update(east=0, west=0)
    assert told() == (2, 0)
    monkeypatch.setattr(mosaics.time, 'time', lambda: 60_000_060.0)
    assert told()[1] == 1


def test_keys_that_another_process_has_changed(client, scenes):
    assert shown(client).any()
    # The band was a text; without a signal, as if elsewhere.
    Key.objects.filter(name='band').update(kind='number')
    Dataset.objects.update(key_2=keys.encode('number', 4))
    assert shown(client, f'singleband/S2/*/4/{TILE}').any()
    Key.objects.filter(name='band').update(kind='text')
    Dataset.objects.update(key_2='B04')
    assert shown(client).any()


def test_a_raster_of_another_size_is_seen_at_once(client, scenes, root):
    assert shown(client)[255] == 10
    # Eight times as large, in a level of the index where there was none.
    bounds = get_tile_matrix('EPSG:3857').bounds(Z - 3, X >> 3, Y >> 3)
    write(root / 'large.tif', np.full((SIZE, SIZE), 77, np.uint8), bounds=bounds)
    api.insert('scenes', ['S2', '2025-01-01', 'B04'], 'large.tif')
    assert (shown(client) == 77).all()
    with CaptureQueriesContext(connection) as asked:
        assert (shown(client) == 77).all()
    assert len(asked) == 1
    Dataset.objects.filter(location='large.tif').delete()
    assert shown(client)[255] == 10


def test_bands_of_colors_and_formulas_are_mosaics_of_their_own(client, root):
    scenes = {}
    for number, band in enumerate(('B04', 'B08'), 1):
        for day, data in SCENES.items():
            scenes['S2', day, band] = (data * number).astype(np.uint8)
    make(root, scenes)
    pixels = picture(
        client.get(
            f'{ROOT}/rgb/S2/*/{TILE}',
            {
                **dict(zip('rgb', ('B04', 'B08', 'B04'), strict=True)),
                **{f'{c}_range': '[0,254]' for c in 'rgb'},
            },
        )
    )
    newest = np.array(columns(lambda column: there(column)[0]))
    np.testing.assert_array_equal(pixels[0, :, 0], newest + 1)
    np.testing.assert_array_equal(pixels[0, :, 1], 2 * newest + 1)
    computed = shown(client, f'compute/S2/*/{TILE}', expression='B08 - B04 / 2', rule='max')
    most = np.array(columns(lambda column: max(there(column))))
    np.testing.assert_array_equal(computed, 1.5 * most)


def test_without_dates_the_last_values_are_seen_first(client, root):
    make(
        root,
        {(name,): half(v, slice(0, 256)) for name, v in (('a', 1), ('c', 3), ('b', 2))},
        ('n',),
    )
    assert shown(client, f'singleband/*/{TILE}')[0] == 3
    assert shown(client, f'singleband/*/{TILE}', rule='last')[0] == 1
