"""Pictures of datasets: every pixel against numpy on the whole raster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from drf_yasg import openapi
from drf_yasg.generators import OpenAPISchemaGenerator
from osgeo import gdal
from rest_framework import permissions
from rest_framework.test import APIRequestFactory

from django_large_image.catalog import api
from django_large_image.catalog.models import Dataset
from django_large_image.catalog.places import Tile
from django_large_image.catalog.urls import patterns
from tests.catalog.scenes import (
    NODATA,
    ROOT,
    SIZE,
    TILE,
    X,
    Y,
    Z,
    make,
    picture,
    samples,
    steps,
    write,
)

pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.catalog.scenes')]

DAY = '2024-05-31'
B4, B8, B2 = samples(4), samples(8), samples(2)
BANDS = {'B04': B4, 'B08': B8, 'B02': B2}


@pytest.fixture
def root(settings: Any, tmp_path: Path) -> Path:
    """The folder of rasters."""
    folder = tmp_path / 'rasters'
    folder.mkdir()
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': [str(folder)]}
    return folder


@pytest.fixture
def scenes(root: Path) -> None:
    """Three bands of a day."""
    make(root, {('S2', DAY, band): data for band, data in BANDS.items()})


def singleband(client: Client, band: str = 'B04', place: str = TILE, **query: Any) -> Any:
    """Return the answer of a picture of one dataset."""
    given = {name: v if isinstance(v, str) else json.dumps(v) for name, v in query.items()}
    return client.get(f'{ROOT}/singleband/S2/{DAY}/{band}/{place}', given)


def rgb(client: Client, place: str = TILE, **query: Any) -> Any:
    """Return the answer of a picture of three datasets."""
    given = {name: v if isinstance(v, str) else json.dumps(v) for name, v in query.items()}
    return client.get(f'{ROOT}/rgb/S2/{DAY}/{place}', {'r': 'B04', 'g': 'B08', 'b': 'B02', **given})


def compute(client: Client, expression: str, place: str = TILE, **query: Any) -> Any:
    """Return the answer of a picture of a formula."""
    given = {name: v if isinstance(v, str) else json.dumps(v) for name, v in query.items()}
    return client.get(
        f'{ROOT}/compute/S2/{DAY}/{place}',
        {'expression': expression, 'stretch_range': '[-1,1]', **given},
    )


@pytest.mark.usefixtures('scenes')
class TestSingleband:
    def test_values_are_on_their_steps_and_nodata_is_transparent(self, client):
        shown = picture(singleband(client, stretch_range=[1000, 50_000]))
        valid = B4 != NODATA
        np.testing.assert_array_equal(shown[..., 3], np.where(valid, 255, 0))
        np.testing.assert_array_equal(shown[..., 0][valid], steps(B4, 1000, 50_000)[valid])
        np.testing.assert_array_equal(shown[..., 0], shown[..., 1])

    def test_without_ends_the_stretch_is_from_the_least_to_the_greatest(self, client):
        valid = B4[B4 != NODATA]
        for query in ({}, {'stretch_range': [None, None]}, {'stretch_range': ['p0', 'p100']}):
            shown = picture(singleband(client, **query))
            expected = steps(B4, valid.min(), valid.max())
            np.testing.assert_array_equal(shown[..., 0][B4 != NODATA], expected[B4 != NODATA])

    @pytest.mark.parametrize('percents', [(2, 98), (1, 99), (50, 75)])
    def test_a_percentile_is_the_one_that_it_is_called(self, client, percents):
        api.compute_metadata('scenes', ['S2', DAY, 'B04'], exact=True)
        low, high = np.percentile(B4[B4 != NODATA], percents)
        shown = picture(singleband(client, stretch_range=[f'p{p}' for p in percents]))
        expected = steps(B4, low, high)
        np.testing.assert_array_equal(shown[..., 0][B4 != NODATA], expected[B4 != NODATA])
        percentiles = Dataset.objects.get(key_2='B04').percentiles
        assert [percentiles[p - 1] for p in percents] == [low, high]

    def test_ends_may_be_of_different_kinds(self, client):
        shown = picture(singleband(client, stretch_range=[100, None]))
        expected = steps(B4, 100, B4.max())
        np.testing.assert_array_equal(shown[..., 0][B4 != NODATA], expected[B4 != NODATA])

    def test_colors_are_those_of_the_colormap(self, client):
        shown = picture(singleband(client, stretch_range=[0, 60_000], colormap='rdbu'))
        colors = (mpl.colormaps['RdBu'](np.linspace(0, 1, 255)) * 255).astype(np.uint8)
        expected = colors[steps(B4, 0, 60_000).astype(int) - 1]
        expected[B4 == NODATA] = 0
        np.testing.assert_array_equal(shown, expected)

    def test_gamma_bends_the_stretch(self, client):
        shown = picture(
            singleband(client, stretch_range=[0, 60_000], color_transform='gamma 1 1.5')
        )
        expected = np.rint(1 + 254 * np.clip(B4 / 60_000, 0, 1) ** (1 / 1.5))
        np.testing.assert_array_equal(shown[..., 0][B4 != NODATA], expected[B4 != NODATA])

    def test_tiles_of_another_size_show_the_same_place(self, client):
        shown = picture(singleband(client, stretch_range=[0, 60_000], tile_size=[128, 64]))
        assert shown.shape == (64, 128, 4)
        large = picture(
            singleband(
                client, stretch_range=[0, 60_000], tile_size=[512, 512], resampling='nearest'
            )
        )
        plain = picture(singleband(client, stretch_range=[0, 60_000]))
        np.testing.assert_array_equal(large, plain.repeat(2, axis=0).repeat(2, axis=1))

    @pytest.mark.parametrize('place', ['10/0/0.png', '10/1024/5.png', '0/9/9.png', '30/1/1.png'])
    def test_a_tile_elsewhere_is_transparent_and_of_the_asked_size(self, client, place):
        shown = picture(singleband(client, place=place, tile_size=[100, 50]))
        assert shown.shape == (50, 100, 4)
        assert not shown.any()

    def test_a_preview_is_all_of_the_raster(self, client):
        shown = picture(singleband(client, place='preview.png', stretch_range=[0, 60_000]))
        expected = steps(B4, 0, 60_000)
        valid = B4 != NODATA
        assert shown.shape == (SIZE, SIZE, 4)
        np.testing.assert_array_equal(shown[..., 3], np.where(valid, 255, 0))
        # The grid of degrees is not quite that of the map.
        assert np.abs(shown[..., 0][valid].astype(int) - expected[valid]).max() <= 2
        wide = picture(singleband(client, place='preview.png', tile_size=[200, 100]))
        columns = np.flatnonzero(wide[..., 3].any(axis=0))
        assert (columns.min(), columns.max()) == (50, 149)

    def test_its_answers_are_kept_and_have_an_etag(self, client, root):
        first = singleband(client, colormap='viridis')
        again = client.get(
            first.wsgi_request.get_full_path(), headers={'If-None-Match': first['ETag']}
        )
        assert again.status_code == 304
        assert again['ETag'] == first['ETag']
        assert singleband(client, colormap='magma')['ETag'] != first['ETag']
        assert singleband(client, 'B08', colormap='viridis')['ETag'] != first['ETag']
        write(root / 'scenes-0.tif', B8 // 2)
        changed = singleband(client, colormap='viridis')
        assert changed['ETag'] != first['ETag']
        assert changed.content != first.content

    def test_one_query_is_all_it_takes(self, client):
        for answer in (
            lambda: singleband(client, place='10/1/1.png'),
            lambda: singleband(client, stretch_range=['p2', 'p98']),
            lambda: rgb(client, r_range=['p2', None]),
            lambda: compute(client, '(B08 - B04) / (B08 + B04 + B02)'),
        ):
            picture(answer())
            with CaptureQueriesContext(
                connection,
            ) as queries:
                picture(answer())
            assert len(queries) == 1


@pytest.mark.usefixtures('scenes')
class TestRGB:
    def test_each_band_has_its_own_stretch(self, client):
        ranges = {'r_range': [100, 30_000], 'g_range': [0, 60_000], 'b_range': [5000, 6000]}
        shown = picture(rgb(client, **ranges))
        valid = B4 != NODATA
        for channel, (data, ends) in enumerate(zip((B4, B8, B2), ranges.values(), strict=True)):
            np.testing.assert_array_equal(shown[..., channel][valid], steps(data, *ends)[valid])
        np.testing.assert_array_equal(shown[..., 3], np.where(valid, 255, 0))
        assert not shown[~valid].any()

    def test_open_ends_are_those_of_each_dataset(self, client):
        shown = picture(rgb(client, r_range=[None, 100]))
        valid = B8 != NODATA
        expected = steps(B8, B8[valid].min(), B8.max())
        np.testing.assert_array_equal(shown[..., 1][valid], expected[valid])

    def test_the_same_dataset_may_be_two_bands(self, client):
        shown = picture(rgb(client, g='B04', b='B04', **{f'{c}_range': [0, 60_000] for c in 'rgb'}))
        np.testing.assert_array_equal(shown[..., 0], shown[..., 2])

    def test_another_key_may_differ(self, client, root):
        api.create('days', ['date:date', 'band'])
        for number, day in enumerate(('2024-01-01', '2024-02-01', '2024-03-01')):
            write(root / f'day{number}.tif', samples(number))
            api.insert('days', [day, 'VV'], f'day{number}.tif')
        query = {'r': '20240101', 'g': '2024-02-01', 'b': '2024-03-01', 'key': 'date'}
        ranges = {f'{c}_range': '[0,60000]' for c in 'rgb'}
        shown = picture(client.get(f'/catalog/days/rgb/VV/{TILE}', {**query, **ranges}))
        valid = samples(0) != NODATA
        for number in range(3):
            expected = steps(samples(number), 0, 60_000)
            np.testing.assert_array_equal(shown[..., number][valid], expected[valid])

    def test_a_catalogue_may_have_one_key(self, client, root):
        make(root, {(band,): data for band, data in BANDS.items()}, ('band',), 'one')
        query = {'r': 'B04', 'g': 'B08', 'b': 'B02'}
        shown = picture(client.get(f'/catalog/one/rgb/{TILE}', query))
        np.testing.assert_array_equal(shown, picture(rgb(client)))
        assert client.get('/catalog/one/rgb/preview.png', query).status_code == 200

    def test_saturation_needs_all_three(self, client):
        ranges = {f'{c}_range': [0, 60_000] for c in 'rgb'}
        gray = picture(rgb(client, color_transform='saturation 0', **ranges))
        assert np.ptp(gray[..., :3].astype(int), axis=-1).max() <= 1
        assert (gray[..., 3] == np.where(B4 != NODATA, 255, 0)).all()


@pytest.mark.usefixtures('scenes')
class TestCompute:
    def test_ndvi_of_unsigned_samples(self, client):
        shown = picture(compute(client, '(v1 - v2) / (v1 + v2)', v1='B08', v2='B04'))
        valid = (B4 != NODATA) & (B8 != NODATA)
        near, red = B8.astype(float), B4.astype(float)
        with np.errstate(invalid='ignore'):
            ndvi = (near - red) / (near + red)
        np.testing.assert_array_equal(shown[..., 3], np.where(valid, 255, 0))
        np.testing.assert_array_equal(shown[..., 0][valid], steps(ndvi[valid], -1, 1))

    def test_names_are_values_of_the_key_or_parameters(self, client):
        plain = picture(compute(client, '(v1 - v2) / (v1 + v2)', v1='B08', v2='B04'))
        np.testing.assert_array_equal(picture(compute(client, '(B08 - B04) / (B08 + B04)')), plain)
        named = compute(client, '(nir - red) / (nir + red)', nir='B08', red='B04')
        np.testing.assert_array_equal(picture(named), plain)

    def test_what_has_no_value_is_transparent(self, client):
        shown = picture(compute(client, 'where(B04 > 30000, 1, nan) / (B08 - B08 + 1)'))
        np.testing.assert_array_equal(shown[..., 3] > 0, (B4 > 30_000) & (B8 != NODATA))
        divided = picture(compute(client, 'B04 / (B08 - B08)'))
        assert not divided.any()

    def test_results_may_be_classes(self, client):
        shown = picture(
            compute(
                client,
                'B04 > B08',
                colormap='explicit',
                explicit_color_map={'1': 'ff0000', '0': '0000ff'},
            )
        )
        valid = B4 != NODATA
        np.testing.assert_array_equal(shown[..., 0][valid] == 255, (B4 > B8)[valid])
        np.testing.assert_array_equal(shown[..., 2][valid] == 255, (B4 <= B8)[valid])

    def test_previews(self, client):
        shown = picture(compute(client, 'B04 - B08', 'preview.png', colormap='viridis'))
        assert shown.shape == (SIZE, SIZE, 4)
        assert shown[SIZE // 2, SIZE // 2, 3] == 255
        assert shown[5, 5, 3] == 0


class TestCategories:
    DATA = np.kron(np.array([[0, 1, 2, 3]] * 4, np.uint8), np.ones((64, 64), np.uint8))

    @pytest.fixture(autouse=True)
    def cover(self, root):
        make(root, {('S2', DAY, 'B04'): self.DATA})

    def test_values_have_their_colors_and_are_never_mixed(self, client):
        colors = {'1': 'ff0000', '3': [0, 255, 0], '2': '#0000ff80'}
        shown = picture(
            singleband(
                client,
                colormap='explicit',
                explicit_color_map=colors,
                tile_size=[100, 100],
                resampling='bilinear',
            )
        )
        found = {tuple(color) for color in shown.reshape(-1, 4).tolist()}
        assert found == {(0, 0, 0, 0), (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 128)}

    def test_ranges_of_values(self, client):
        shown = picture(
            singleband(client, colormap='explicit', explicit_color_map=[[[2, None], 'red']])
        )
        np.testing.assert_array_equal(shown[..., 3] == 255, self.DATA >= 2)

    def test_a_dataset_has_categories_of_its_own(self, client):
        Dataset.objects.update(
            categories=[
                {'value': 1, 'name': 'water', 'color': '#0000ff'},
                {'value': 3, 'name': 'forest', 'color': '#00ff00'},
            ]
        )
        for query in ({}, {'colormap': 'explicit'}):
            shown = picture(singleband(client, **query))
            np.testing.assert_array_equal(shown[..., 2] == 255, self.DATA == 1)
            np.testing.assert_array_equal(shown[..., 1] == 255, self.DATA == 3)
        stretched = picture(singleband(client, colormap='viridis', stretch_range=[0, 3]))
        assert (stretched[..., 3][self.DATA == 2] == 255).all()
        url = f'{ROOT}/legend/S2/{DAY}/B04'
        assert client.get(url).json() == {
            'colormap': [
                {'value': 1, 'rgba': [0, 0, 255, 255], 'name': 'water'},
                {'value': 3, 'rgba': [0, 255, 0, 255], 'name': 'forest'},
            ]
        }


class TestAlpha:
    """What has no sample is transparent, whatever its neighbours in other bands and days have."""

    LATER = '2024-06-30'
    HOLES = {'B04': np.s_[50:90, :], 'B08': np.s_[:, 120:160], 'B02': np.s_[200:, 200:]}

    @pytest.fixture(autouse=True)
    def bands(self, root):
        """Bands with holes of their own; those of the later day are on the left only."""
        self.data = {}
        for band, hole in self.HOLES.items():
            self.data[band, DAY] = samples(len(self.data))
            self.data[band, DAY][hole] = NODATA
            self.data[band, self.LATER] = self.data[band, DAY][::-1].copy()
            self.data[band, self.LATER][:, 100:] = NODATA
        make(root, {('S2', day, band): data for (band, day), data in self.data.items()})

    def valid(self, band, *days):
        return np.any([self.data[band, day] != NODATA for day in days], axis=0)

    @pytest.mark.parametrize('place', [TILE, 'preview.png'])
    def test_of_three_bands(self, client, place):
        alpha = picture(rgb(client, place))[..., 3]
        valid = np.all([self.valid(band, DAY) for band in self.HOLES], axis=0)
        np.testing.assert_array_equal(alpha, np.where(valid, 255, 0))

    @pytest.mark.parametrize('place', [TILE, 'preview.png'])
    @pytest.mark.parametrize('rule', ['first', 'mean'])
    def test_of_formulas_over_mosaics(self, client, place, rule):
        query = {'expression': '(B08 - B04) / (B08 + B04)', 'stretch_range': '[-1,1]', 'rule': rule}
        shown = picture(client.get(f'{ROOT}/compute/S2/*/{place}', query))
        valid = np.all([self.valid(band, DAY, self.LATER) for band in ('B04', 'B08')], axis=0)
        assert not valid.all()
        assert (valid != self.valid('B04', DAY)).any()
        np.testing.assert_array_equal(shown[..., 3], np.where(valid, 255, 0))

    @pytest.mark.parametrize('place', [TILE, 'preview.png'])
    def test_of_ranges_that_hold_the_value_of_nodata(self, client, place):
        colors = {'colormap': 'explicit', 'explicit_color_map': [[[NODATA - 5, 70_000], 'red']]}
        for query in (colors, {'stretch_range': [NODATA - 5, 70_000]}):
            alpha = picture(singleband(client, place=place, **query))[..., 3]
            np.testing.assert_array_equal(alpha, np.where(self.valid('B04', DAY), 255, 0))


def test_a_dataset_may_be_one_band_of_a_file(client, root):
    write(root / 'three.tif', np.stack([B4, B8, B2]))
    api.create('scenes', ['sensor', 'date:date', 'band'])
    for number, name in enumerate(BANDS, 1):
        api.insert('scenes', ['S2', DAY, name], 'three.tif', band=number)
    for name, data in BANDS.items():
        shown = picture(singleband(client, name, stretch_range=[0, 60_000]))
        valid = data != NODATA
        np.testing.assert_array_equal(shown[..., 0][valid], steps(data, 0, 60_000)[valid])


def test_floats_and_what_is_no_number(client, root):
    data = samples(5).astype('float32') / 1000 - 30
    data[100:120] = np.nan
    data[130] = np.inf
    make(root, {('S2', DAY, 'B04'): data})
    shown = picture(singleband(client, stretch_range=[-30, 30], resampling='nearest'))
    valid = np.isfinite(data) & (data != NODATA)
    np.testing.assert_array_equal(shown[..., 3] > 0, valid)
    np.testing.assert_array_equal(shown[..., 0][valid], steps(data[valid], -30, 30))


def test_a_raster_without_any_sample_is_shown_as_nothing(client, root):
    make(root, {('S2', DAY, 'B04'): np.zeros((SIZE, SIZE), np.uint16)})
    for query in ({}, {'stretch_range': ['p2', 'p98']}, {'stretch_range': [1, 2]}):
        assert not picture(singleband(client, **query)).any()


def test_a_raster_across_the_antimeridian(client, root, data_dir):
    (root / 'dateline.tif').write_bytes((data_dir / 'geo' / 'cog_dateline.tif').read_bytes())
    api.create('scenes', ['sensor', 'date:date', 'band'])
    dataset = api.insert('scenes', ['S2', DAY, 'B04'], 'dateline.tif')
    assert dataset.east is not None
    assert dataset.east > 180
    shown = picture(singleband(client, place='preview.png'))
    assert (shown[..., 3] > 0).mean() > 0.2
    half = shown.shape[1] // 2
    assert (shown[:, :half, 3] > 0).any()
    assert (shown[:, half:, 3] > 0).any()


def test_tilejson_names_tiles_in_the_same_look(client, scenes):
    look = 'colormap=viridis&stretch_range=%5B0%2C1%5D'
    url = f'{ROOT}/singleband/S2/{DAY}/B04/tilejson.json?{look}'
    told = client.get(url).json()
    assert told['tilejson'] == '3.0.0'
    assert told['tiles'] == [
        f'http://testserver{ROOT}/singleband/S2/{DAY}/B04/{{z}}/{{x}}/{{y}}.png?{look}'
    ]
    west, south, east, north = told['bounds']
    assert (west, east) == pytest.approx((X / 1024 * 360 - 180, (X + 1) / 1024 * 360 - 180))
    assert west < told['center'][0] < east
    assert south < told['center'][1] < north
    # A pixel of the map is smaller on the ground than at the equator.
    assert told['maxzoom'] == Z + 1
    address = told['tiles'][0].format(z=Z, x=X, y=Y)
    assert picture(client.get(address)).any()
    formula = {'expression': '(B08-B04)/(B08+B04)', 'stretch_range': '[-1,1]'}
    told = client.get(f'{ROOT}/compute/S2/{DAY}/tilejson.json', formula).json()
    assert picture(client.get(told['tiles'][0].format(z=Z, x=X, y=Y))).any()


PICTURES = [TILE, 'preview.png', 'tilejson.json']
BAD_LOOKS: list[tuple[str, dict[str, str]]] = [
    ('singleband', {'stretch_range': '[10,5]'}),
    ('singleband', {'stretch_range': '["p98","p2"]'}),
    ('singleband', {'stretch_range': '[70000,null]'}),
    ('singleband', {'stretch_range': '[1]'}),
    ('singleband', {'stretch_range': '[1,2,3]'}),
    ('singleband', {'stretch_range': '1,2'}),
    ('singleband', {'stretch_range': '["a","b"]'}),
    ('singleband', {'stretch_range': '["p101","p2"]'}),
    ('singleband', {'stretch_range': '["p-1","p2"]'}),
    ('singleband', {'stretch_range': '["p1.5",2]'}),
    ('singleband', {'stretch_range': '["p\u00b2",2]'}),
    ('singleband', {'stretch_range': '[NaN,1]'}),
    ('singleband', {'stretch_range': '[1,Infinity]'}),
    ('singleband', {'stretch_range': '[1,1e999]'}),
    ('singleband', {'stretch_range': f'[1,{"9" * 100}'}),
    ('singleband', {'stretch_range': '[true,false]'}),
    ('singleband', {'stretch_range': '[' * 200}),
    ('singleband', {'colormap': 'nosuch'}),
    ('singleband', {'colormap': '../../etc/passwd'}),
    ('singleband', {'colormap': 'explicit'}),
    ('singleband', {'explicit_color_map': '{"1": "ff0000"}'}),
    ('singleband', {'colormap': 'explicit', 'explicit_color_map': '{'}),
    ('singleband', {'colormap': 'explicit', 'explicit_color_map': '{"a": "red"}'}),
    ('singleband', {'color_transform': 'nosuch 1 2'}),
    ('singleband', {'color_transform': 'gamma 2 1.5'}),
    ('singleband', {'color_transform': 'saturation 1.5'}),
    ('singleband', {'tile_size': '[0,256]'}),
    ('singleband', {'tile_size': '[-1,256]'}),
    ('singleband', {'tile_size': '[1000000,1000000]'}),
    ('singleband', {'tile_size': '[256]'}),
    ('singleband', {'tile_size': '[25.5,256]'}),
    ('singleband', {'tile_size': '256'}),
    ('singleband', {'tile_size': '[true,true]'}),
    ('singleband', {'resampling': 'magic'}),
    ('singleband', {'rule': 'magic'}),
    ('rgb', {'r': 'B04', 'g': 'B08'}),
    ('rgb', {'r': 'B04', 'g': 'B08', 'b': 'B02', 'r_range': '[5,1]'}),
    ('rgb', {'r': 'B04', 'g': 'B08', 'b': 'B02', 'key': 'nosuch'}),
    ('rgb', {'r': 'B04', 'g': 'B08', 'b': 'x' * 500}),
    ('rgb', {'r': 'B04', 'g': 'B08', 'b': 'B02', 'color_transform': 'gamma rgb'}),
    ('compute', {'stretch_range': '[0,1]'}),
    ('compute', {'expression': 'B04'}),
    ('compute', {'expression': 'B04', 'stretch_range': '[1,1]'}),
    ('compute', {'expression': 'B04', 'stretch_range': '[1,0]'}),
    ('compute', {'expression': 'B04', 'stretch_range': '["p2","p98"]'}),
    ('compute', {'expression': 'v1 + v2', 'v1': 'B04', 'stretch_range': '[0,1]'}),
    ('compute', {'expression': 'B04.shape', 'stretch_range': '[0,1]'}),
    ('compute', {'expression': '__import__("os")', 'stretch_range': '[0,1]'}),
    ('compute', {'expression': '9**9**9*B04', 'stretch_range': '[0,1]'}),
    ('compute', {'expression': '+'.join(['B04'] * 10_000), 'stretch_range': '[0,1]'}),
    ('compute', {'expression': '+'.join(f'n{n}' for n in range(30)), 'stretch_range': '[0,1]'}),
    ('compute', {'expression': 'B04', 'stretch_range': '[0,1]', 'colormap': 'explicit'}),
    (
        'compute',
        {
            'expression': '+'.join(['B04*2'] * 40),
            'stretch_range': '[0,1]',
            'tile_size': '[2048,2048]',
        },
    ),
]


@pytest.mark.parametrize('place', PICTURES)
@pytest.mark.parametrize(('layer', 'query'), BAD_LOOKS, ids=range(len(BAD_LOOKS)))
def test_what_makes_no_sense_is_refused(client, scenes, layer, query, place):
    keys = f'S2/{DAY}/B04' if layer == 'singleband' else f'S2/{DAY}'
    response = client.get(f'{ROOT}/{layer}/{keys}/{place}', query)
    assert response.status_code == 400, response.content[:200]
    assert set(response.json()) == {'message'}
    assert 0 < len(response.json()['message']) < 800


@pytest.mark.parametrize(
    ('path', 'status'),
    [
        (f'scenes/singleband/S2/{DAY}/B99/{TILE}', 404),
        (f'scenes/singleband/S2/{DAY}/{TILE}', 400),
        (f'scenes/singleband/S2/{DAY}/B04/x/{TILE}', 400),
        (f'scenes/singleband/S2/yesterday/B04/{TILE}', 400),
        (f'nosuch/singleband/S2/{DAY}/B04/{TILE}', 404),
        (f'scenes/rgb/S2/{DAY}/{TILE}?r=B04&g=B08&b=B99', 404),
        (f'scenes/rgb/S2/{DAY}/B04/{TILE}?r=B04&g=B08&b=B02', 400),
        (f'scenes/compute/S2/{DAY}/{TILE}?expression=B99&stretch_range=[0,1]', 404),
        (f'scenes/singleband/S2/{DAY}/B04/31/1/1.png', 400),
        (f'scenes/singleband/S2/{DAY}/B04/1000000/1/1.png', 400),
        ('scenes/singleband/S2/*/nosuch/preview.png', 404),
        (f'scenes/singleband/S2/*/nosuch/{TILE}', 404),
    ],
)
def test_what_is_not_there(client, scenes, path, status):
    response = client.get(f'/catalog/{path}')
    assert response.status_code == status
    assert set(response.json()) == {'message'}


def test_a_file_that_vanished_is_not_there(client, scenes, root):
    (root / 'scenes-0.tif').unlink()
    for answer in (
        singleband(client),
        rgb(client),
        compute(client, 'B04'),
        singleband(client, place='preview.png'),
    ):
        assert answer.status_code == 404
        assert str(root) not in answer.content.decode()
        assert set(answer.json()) == {'message'}


def test_a_band_that_is_not_there_is_said(client, scenes):
    Dataset.objects.update(band=7)
    response = singleband(client, stretch_range=[0, 1])
    assert response.status_code == 400
    assert 'no band 7' in response.json()['message']


def test_damage_is_no_error_of_the_server(client, scenes, root):
    (root / 'scenes-0.tif').write_bytes(b'II*\0garbage')
    assert singleband(client, stretch_range=[0, 1]).status_code == 404


def test_permissions_are_those_of_the_project(client, scenes, settings):
    class Nobody(permissions.BasePermission):
        def has_permission(self, request: Any, view: Any) -> bool:
            return False

    refused = patterns(permission_classes=[Nobody])
    for route in refused:
        assert route.callback.view_initkwargs['permission_classes'] == [Nobody]
    view = next(route for route in refused if route.name == 'large-image-catalog-singleband-tile')
    request = APIRequestFactory().get('/')
    place = {'z': Z, 'x': X, 'y': Y, 'fmt': 'png'}
    response = view.callback(request, catalog='scenes', keys=f'S2/{DAY}/B04', **place)
    assert response.status_code == 403
    assert set(response.data) == {'message'}


def test_pictures_are_in_openapi():
    generator = OpenAPISchemaGenerator(openapi.Info('Catalogues', '1'))
    paths = generator.get_schema(None, public=True)['paths']
    tile = next(path for path in paths if path.endswith('/singleband/{keys}/{z}/{x}/{y}.{fmt}'))
    operation = paths[tile]['get']
    names = {parameter['name'] for parameter in operation['parameters']}
    assert {'stretch_range', 'colormap', 'explicit_color_map', 'color_transform'} <= names
    assert {'image/png', 'image/webp'} <= set(operation['produces'])
    assert 'message' in operation['responses']['400']['schema']['properties']
    compute = next(path for path in paths if path.endswith('/compute/{keys}/preview.{fmt}'))
    names = {parameter['name'] for parameter in paths[compute]['get']['parameters']}
    assert {'expression', 'v1', 'v5', 'tile_size'} <= names
    for end in ('/rgb/{z}/{x}/{y}.{fmt}', '/legend', '/point/{keys}', '/rgb/{keys}/tilejson.json'):
        assert any(path.endswith(end) for path in paths), end


@pytest.mark.parametrize('name', ['cog_utm.tif', 'landsat_rgb_utm18.tif', 'global_dem.tif'])
def test_real_rasters_are_where_gdal_puts_them(client, root, data_dir, name):
    (root / name).write_bytes((data_dir / 'geo' / name).read_bytes())
    api.create('scenes', ['sensor', 'date:date', 'band'])
    dataset = api.insert('scenes', ['S2', DAY, 'B04'], name, exact=True)
    west, south, east, north = dataset.bounds or (0, 0, 0, 0)
    z = 8
    x = int(((west + east) / 2 + 180) / 360 * (1 << z))
    y = next(row for row in range(1 << z) if Tile(z, x, row).degrees[1] <= (south + north) / 2)
    ends = [dataset.minimum, dataset.maximum]
    shown = picture(
        singleband(client, place=f'{z}/{x}/{y}.png', stretch_range=ends, resampling='nearest')
    )
    warped = gdal.Warp(
        '',
        str(root / name),
        format='MEM',
        dstSRS='EPSG:3857',
        outputBounds=Tile(z, x, y).window,
        width=SIZE,
        height=SIZE,
        dstAlpha=True,
    )
    values, seen = warped.GetRasterBand(1).ReadAsArray(), warped.GetRasterBand(warped.RasterCount)
    valid = (seen.ReadAsArray() > 0) & np.isfinite(values)
    assert valid.mean() > 0.02
    assert ((shown[..., 3] > 0) == valid).mean() > 0.99
    both = valid & (shown[..., 3] > 0)
    off = shown[..., 0][both].astype(int) - steps(values[both], *ends)
    # GDAL places pixels to an eighth of one, and takes another where two are as near.
    assert (off == 0).mean() > 0.97
