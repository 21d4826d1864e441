"""Thumbnails, regions, pixels and histograms."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from osgeo import gdal

from tests.factories import gradient
from tests.rest.conftest import detail, pixels

PLACE = {'epsg': 4326, 'bounds': (10.0, 10.0, 20.0, 20.0)}


class TestThumbnail:
    def test_keeps_the_aspect(self, image_file: Any, get: Any) -> None:
        image = image_file(gradient(300, 600))
        assert pixels(get('data/thumbnail.png', image)).shape[:2] == (128, 256)
        small = get('data/thumbnail.png', image, max_width=100, max_height=20)
        assert pixels(small).shape[:2] == (20, 40)

    def test_is_never_enlarged(self, image_file: Any, get: Any) -> None:
        image = image_file(gradient(30, 60))
        assert pixels(get('data/thumbnail.png', image)).shape[:2] == (30, 60)

    def test_shows_the_whole_image(self, image_file: Any, get: Any) -> None:
        data = gradient(512, 512)
        thumbnail = pixels(get('data/thumbnail.png', image_file(data), resample='average'))
        expected = data.reshape(3, 256, 2, 256, 2).mean(axis=(2, 4))
        assert np.abs(thumbnail - np.moveaxis(expected, 0, 2)).max() <= 1

    def test_in_a_projection(self, image_file: Any, get: Any) -> None:
        image = image_file(gradient(200, 200), epsg=4326, bounds=(-10, 50, 10, 60))
        height, width = pixels(get('data/thumbnail.png', image, projection='EPSG:3857')).shape[:2]
        # From 50 to 60 degrees north a web map is as high as 17.55 degrees of longitude.
        assert (width, height) == (256, round(256 * 17.55 / 20))


class TestRegion:
    def test_of_pixels(self, image_file: Any, get: Any) -> None:
        data = gradient(100, 120)
        image = image_file(data)
        region = pixels(
            get('data/region.png', image, left=10, right=50, top=20, bottom=90, units='pixels')
        )
        np.testing.assert_array_equal(region, np.moveaxis(data[:, 20:90, 10:50], 0, 2))

    def test_is_in_pixels_by_default_without_a_map(self, image_file: Any, get: Any) -> None:
        image = image_file(gradient(100, 120))
        box = {'left': 0, 'right': 12, 'top': 0, 'bottom': 10}
        assert pixels(get('data/region.png', image, **box)).shape == (10, 12, 3)

    def test_is_in_degrees_by_default_with_a_map(self, image_file: Any, get: Any) -> None:
        data = gradient(100, 100)
        image = image_file(data, **PLACE)
        box = {'left': 12, 'right': 15, 'top': 18, 'bottom': 16}
        region = pixels(get('data/region.png', image, **box))
        np.testing.assert_array_equal(region, np.moveaxis(data[:, 20:40, 20:50], 0, 2))

    @pytest.mark.parametrize(
        ('units', 'box'),
        [
            ('fraction', (0.25, 0.5, 0.75, 1.0)),
            ('pixels', (25, 50, 75, 100)),
            ('EPSG:4326', (12.5, 15, 17.5, 10)),
            ('projection', (12.5, 15, 17.5, 10)),
            ('EPSG:3857', (1391493.63, 1689200.14, 1948091.09, 1118889.97)),
        ],
    )
    def test_units_name_the_same_place(
        self, units: str, box: tuple[float, ...], image_file: Any, get: Any
    ) -> None:
        data = gradient(100, 100)
        image = image_file(data, **PLACE)
        named = dict(zip(('left', 'top', 'right', 'bottom'), box, strict=True))
        region = pixels(get('data/region.png', image, units=units, **named))
        np.testing.assert_array_equal(region, np.moveaxis(data[:, 50:100, 25:75], 0, 2))

    def test_is_scaled_to_the_limits(self, image_file: Any, get: Any) -> None:
        image = image_file(gradient(100, 200))
        box = {'left': 0, 'right': 200, 'top': 0, 'bottom': 100, 'units': 'pixels'}
        assert pixels(get('data/region.png', image, width=50, **box)).shape[:2] == (25, 50)
        both = pixels(get('data/region.png', image, width=50, height=10, **box))
        assert both.shape[:2] == (10, 20)

    def test_is_clipped_to_the_image(self, image_file: Any, get: Any) -> None:
        image = image_file(gradient(100, 100))
        box = {'left': 90, 'right': 500, 'top': -50, 'bottom': 20, 'units': 'pixels'}
        assert pixels(get('data/region.png', image, **box)).shape[:2] == (20, 10)

    @pytest.mark.parametrize('suffix', ['tif', 'tiff'])
    def test_as_geotiff_keeps_samples_and_place(
        self, suffix: str, image_file: Any, get: Any, tmp_path: Path
    ) -> None:
        data = gradient(100, 100, 2, 'uint16')
        image = image_file(data, nodata=7, **PLACE)
        box = {'left': 12, 'right': 15, 'top': 18, 'bottom': 16}
        response = get(f'data/region.{suffix}', image, **box)
        assert response['Content-Type'] == 'image/tiff'
        path = tmp_path / 'region.tif'
        path.write_bytes(b''.join(response.streaming_content))
        region = gdal.Open(str(path))
        np.testing.assert_array_equal(region.ReadAsArray(), data[:, 20:40, 20:50])
        assert region.GetGeoTransform() == pytest.approx((12, 0.1, 0, 18, 0, -0.1))
        assert region.GetSpatialRef().GetAuthorityCode(None) == '4326'
        assert region.GetRasterBand(1).GetNoDataValue() == 7
        assert region.GetRasterBand(1).GetBlockSize() == [256, 256]

    def test_as_npy_is_the_samples_or_the_picture(self, image_file: Any, get: Any) -> None:
        data = gradient(100, 100, 6, 'uint16')
        image = image_file(data)
        box = {'left': 10, 'right': 50, 'top': 20, 'bottom': 90}
        samples = np.load(io.BytesIO(get('data/region.npy', image, **box).content))
        np.testing.assert_array_equal(samples, np.moveaxis(data[:, 20:90, 10:50], 0, 2))
        styled = get('data/region.npy', image, palette='#000,#f00', min=0, max=65535, **box)
        picture = np.load(io.BytesIO(styled.content))
        assert picture.dtype == np.uint8
        assert picture.shape[:2] == (70, 40)

    def test_as_geotiff_leaves_no_file_behind(
        self, image_file: Any, get: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv('TMPDIR', str(tmp_path))
        monkeypatch.setattr('tempfile.tempdir', None)
        image = image_file(gradient(100, 100))
        handles = len(os.listdir('/proc/self/fd'))
        before = set(os.listdir(tmp_path))
        response = get('data/region.tif', image, left=0, right=9, top=0, bottom=9)
        assert set(os.listdir(tmp_path)) == before
        response.close()
        assert len(os.listdir('/proc/self/fd')) <= handles + 2

    def test_as_geotiff_in_a_style_is_the_picture(
        self, image_file: Any, get: Any, tmp_path: Path
    ) -> None:
        image = image_file(gradient(100, 100, 1), **PLACE)
        box = {'left': 10, 'right': 20, 'top': 20, 'bottom': 10}
        response = get('data/region.tif', image, palette='viridis', min=0, max=255, **box)
        path = tmp_path / 'region.tif'
        path.write_bytes(b''.join(response.streaming_content))
        region = gdal.Open(str(path)).ReadAsArray()
        # The two ends of viridis.
        assert tuple(region[:3, 0, 0]) == (68, 1, 84)
        assert tuple(region[:3, 0, 99]) == (253, 231, 37)


class TestPixel:
    def test_gives_samples_and_colour(self, image_file: Any, get: Any) -> None:
        data = gradient(100, 100)
        known = get('data/pixel', image_file(data), left=30, top=40).json()
        red, green, blue = (int(value) for value in data[:, 40, 30])
        assert [known[key] for key in 'rgba'] == [red, green, blue, 255]
        assert known['bands'] == {'1': red, '2': green, '3': blue}
        assert 'l' not in known

    def test_of_a_grey_image_has_lightness(self, image_file: Any, get: Any) -> None:
        known = get('data/pixel', image_file(gradient(100, 100, 1)), left=99, top=0).json()
        assert (known['l'], known['r']) == (255, 255)

    def test_keeps_the_type_of_the_samples(self, image_file: Any, get: Any) -> None:
        data = np.array([[[1.25, np.nan], [-3e30, 7]]], 'float32')
        image = image_file(data)
        assert get('data/pixel', image, left=0, top=0).json()['bands'] == {'1': 1.25}
        nothing = get('data/pixel', image, left=1, top=0).json()
        assert nothing['bands'] == {'1': None}
        assert nothing['a'] == 0
        deep = np.array([[[65535, 40000]]], 'uint16')
        assert get('data/pixel', image_file(deep), left=1, top=0).json()['value'] == [40000]

    def test_at_a_place_on_the_map(self, image_file: Any, get: Any) -> None:
        data = gradient(100, 100)
        image = image_file(data, **PLACE)
        known = get('data/pixel', image, left=12.05, top=17.95, units='EPSG:4326').json()
        assert known['value'] == data[:, 20, 20].tolist()
        assert (known['x'], known['y']) == (20, 20)

    def test_in_a_style(self, image_file: Any, get: Any) -> None:
        data = gradient(100, 100, 1)
        image = image_file(data)
        known = get('data/pixel', image, left=99, top=0, palette='#000,#f80', min=0, max=255).json()
        assert [known[key] for key in 'rgba'] == [255, 136, 0, 255]
        assert known['value'] == [255]

    @pytest.mark.parametrize('place', [(-1, 0), (100, 0), (0, 100), (1e300, 0)])
    def test_outside_is_an_error(self, place: Any, image_file: Any, get: Any) -> None:
        image = image_file(gradient(100, 100))
        message = detail(get('data/pixel', image, left=place[0], top=place[1]), 400)
        assert 'outside' in message


class TestHistogram:
    def test_counts_every_sample(self, image_file: Any, get: Any) -> None:
        data = np.array([[[0, 0, 1], [2, 2, 2]]], 'uint8')
        (known,) = get('data/histogram', image_file(data), bins=3).json()
        assert known['hist'] == [2, 1, 3]
        assert known['bin_edges'] == [0, 1, 2, 3]
        assert (known['min'], known['max'], known['samples']) == (0, 2, 6)
        assert known['approximate'] is False

    def test_equals_numpys(self, image_file: Any, get: Any) -> None:
        data = np.random.default_rng(2).normal(100, 20, (2, 200, 300)).astype('float32')
        answer = get('data/histogram', image_file(data), bins=40, range='50,150').json()
        for band, known in zip(data, answer, strict=True):
            counts, edges = np.histogram(band, 40, (50, 150))
            assert known['hist'] == counts.tolist()
            assert known['bin_edges'] == pytest.approx(edges.tolist())
            assert known['mean'] == pytest.approx(float(band.mean()), rel=1e-5)
            assert known['stdev'] == pytest.approx(float(band.std()), rel=1e-4)

    def test_leaves_out_nodata(self, image_file: Any, get: Any) -> None:
        data = np.array([[[9, 9, 1], [2, 3, 9]]], 'uint8')
        (known,) = get('data/histogram', image_file(data, nodata=9)).json()
        assert (known['min'], known['max'], known['samples']) == (1, 3, 3)

    def test_of_a_large_image_says_that_it_is_approximate(self, image_file: Any, get: Any) -> None:
        data = np.zeros((1, 1100, 1100), 'uint8')
        data[0, 500] = 200
        image = image_file(data)
        (rough,) = get('data/histogram', image).json()
        assert rough['approximate'] is True
        (exact,) = get('data/histogram', image, exact='true').json()
        assert exact['approximate'] is False
        assert exact['samples'] == 1100 * 1100
        assert exact['hist'][int(200 / 201 * 256)] == 1100

    def test_extremes_only(self, image_file: Any, get: Any) -> None:
        image = image_file(gradient(50, 50))
        known = get('data/histogram', image, onlyMinMax='true').json()
        assert (known['min'], known['max']) == ([0, 0, 0], [255, 255, 255])
        means = gradient(50, 50).mean(axis=(1, 2))
        assert known['mean'] == pytest.approx(means.tolist())
        assert len(known['stdev']) == 3
        assert known['approximate'] is False

    def test_density_sums_to_one(self, image_file: Any, get: Any) -> None:
        image = image_file(gradient(50, 50))
        for known in get('data/histogram', image, density='true', bins=10).json():
            assert sum(known['hist']) == pytest.approx(1)

    def test_of_one_band(self, image_file: Any, get: Any) -> None:
        image = image_file(np.arange(3, dtype='uint8')[:, None, None] * np.ones((1, 4, 4), 'uint8'))
        (known,) = get('data/histogram', image, band=3).json()
        assert (known['band'], known['min']) == (3, 2)
        assert 'band 4' in detail(get('data/histogram', image, band=4), 400)


def test_a_long_style_may_be_posted_to_every_picture(image_file: Any, client: Client) -> None:
    image = image_file(gradient(64, 64, 3))
    style = {'bands': [{'band': 1, 'palette': ['#000', '#0f0'], 'min': 0, 'max': 255}]}
    box = 'left=0&right=64&top=0&bottom=64'
    for path in ('data/thumbnail.png', f'data/region.png?{box}', 'data/pixel?left=63&top=0'):
        url = f'/api/left/{image.pk}/{path}'
        posted = client.post(url, json.dumps(style), content_type='application/json')
        assert posted.status_code == 200
        if 'pixel' in path:
            assert [posted.json()[key] for key in 'rgba'] == [0, 255, 0, 255]
        else:
            assert tuple(pixels(posted)[0, 63, :3]) == (0, 255, 0)
