"""Tiles, their corners, and descriptions of the pyramid."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.test.utils import override_script_prefix

from tests.factories import gradient, multiframe
from tests.rest.conftest import detail, pixels

WORLD = (-180.0, -90.0, 180.0, 90.0)


def test_a_tile_of_the_pixel_grid_is_the_image_itself(image_file: Any, get: Any) -> None:
    data = gradient(300, 400)
    image = image_file(data)
    tile = pixels(get('tiles/1/0/0.png', image))
    assert tile.shape == (256, 256, 3)
    np.testing.assert_array_equal(tile, np.moveaxis(data[:, :256, :256], 0, 2))


def test_a_tile_at_the_edge_is_padded_with_transparency(image_file: Any, get: Any) -> None:
    data = gradient(300, 400)
    image = image_file(data)
    tile = pixels(get('tiles/1/1/1.png', image))
    assert tile.shape == (256, 256, 4)
    np.testing.assert_array_equal(tile[:44, :144, :3], np.moveaxis(data[:, 256:, 256:], 0, 2))
    assert (tile[:44, :144, 3] == 255).all()
    assert (tile[44:, :, 3] == 0).all()
    assert (tile[:, 144:, 3] == 0).all()


def test_a_map_tile_shows_the_image_where_it_lies(image_file: Any, get: Any) -> None:
    # Red west of Greenwich, blue east of it.
    data = np.zeros((3, 180, 360), 'uint8')
    data[0, :, :180] = 200
    data[2, :, 180:] = 100
    image = image_file(data, epsg=4326, bounds=WORLD)
    tile = pixels(get('tiles/0/0/0.png', image, projection='EPSG:3857'))
    assert tuple(tile[128, 60, :3]) == (200, 0, 0)
    assert tuple(tile[128, 200, :3]) == (0, 0, 100)


@pytest.mark.parametrize('suffix', ['jpg', 'jpeg', 'webp', 'tif', 'tiff'])
def test_every_format_shows_the_same_picture(suffix: str, image_file: Any, get: Any) -> None:
    data = gradient(256, 256)
    image = image_file(data)
    response = get(f'tiles/0/0/0.{suffix}', image)
    media = {'jpg': 'jpeg', 'tif': 'tiff'}.get(suffix, suffix)
    assert response['Content-Type'] == f'image/{media}'
    difference = pixels(response)[:, :, :3].astype(int) - np.moveaxis(data, 0, 2)
    assert np.abs(difference).mean() < 4


def test_quality_makes_smaller_files(image_file: Any, get: Any) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (3, 256, 256), 'uint8')
    image = image_file(noise)
    low, high = (get('tiles/0/0/0.jpg', image, quality=q).content for q in (20, 95))
    assert len(low) < len(high) / 2


def test_a_palette_colours_one_band(image_file: Any, get: Any) -> None:
    data = np.zeros((3, 256, 256), 'uint8')
    data[1, :, 128:] = 255
    image = image_file(data)
    tile = pixels(get('tiles/0/0/0.png', image, band=2, palette='#102030,#f0e0d0', min=0, max=255))
    assert tuple(tile[0, 0, :3]) == (0x10, 0x20, 0x30)
    assert tuple(tile[0, 255, :3]) == (0xF0, 0xE0, 0xD0)


def test_cmap_is_another_name_of_palette(image_file: Any, get: Any) -> None:
    image = image_file(gradient(64, 64, 1))
    one = get('tiles/0/0/0.png', image, palette='viridis').content
    assert get('tiles/0/0/0.png', image, cmap='viridis').content == one
    assert get('tiles/0/0/0.png', image).content != one


def test_the_style_wins_over_single_parameters(image_file: Any, get: Any) -> None:
    image = image_file(gradient(64, 64, 3))
    style = json.dumps({'band': 1, 'palette': ['#000', '#f00'], 'min': 0, 'max': 255})
    alone = get('tiles/0/0/0.png', image, style=style).content
    assert get('tiles/0/0/0.png', image, style=style, band=2, palette='plasma').content == alone


def test_a_style_may_come_as_the_body_of_a_post(image_file: Any, client: Client) -> None:
    image = image_file(gradient(64, 64, 3))
    style = {'bands': [{'band': 1, 'palette': ['#000', '#0f0'], 'min': 0, 'max': 255}]}
    url = f'/api/left/{image.pk}/tiles/0/0/0.png'
    posted = client.post(url, json.dumps(style), content_type='application/json')
    assert posted.content == client.get(url, {'style': json.dumps(style)}).content
    assert pixels(posted)[0, 63, 1] == 255


@pytest.mark.parametrize('absent', ['', 'undefined', 'null', 'none', 'NONE'])
def test_what_javascript_calls_undefined_is_absent(absent: str, image_file: Any, get: Any) -> None:
    image = image_file(gradient(64, 64))
    plain = get('tiles/0/0/0.png', image).content
    names = 'band palette min max nodata scheme frame style projection source quality resample'
    assert get('tiles/0/0/0.png', image, **dict.fromkeys(names.split(), absent)).content == plain


def test_older_paths_give_the_same_tile(image_file: Any, get: Any) -> None:
    image = image_file(gradient(300, 400))
    tile = get('tiles/1/1/0.png', image).content
    assert get('tiles/zxy/1/1/0', image).content == tile
    assert get('tiles/fzxy/0/1/1/0', image).content == tile
    assert get('tiles/zxy/1/1/0', image, fmt='jpg')['Content-Type'] == 'image/jpeg'


def test_frames_are_chosen_by_number(image_file: Any, get: Any, tmp_path: Any) -> None:
    frames = [np.full((1, 64, 64), value, 'uint8') for value in (10, 20, 30)]
    image = image_file(multiframe(tmp_path / 'frames.tif', frames))
    for number, value in enumerate((10, 20, 30)):
        tile = pixels(get('tiles/0/0/0.png', image, frame=number))
        assert tile.reshape(256, 256, -1)[0, 0, 0] == value
        path = f'tiles/fzxy/{number}/0/0/0'
        assert pixels(get(path, image)).reshape(256, 256, -1)[0, 0, 0] == value
    assert 'frame 3' in detail(get('tiles/0/0/0.png', image, frame=3), 400)


def test_resampling_is_the_clients_choice(image_file: Any, get: Any) -> None:
    data = np.zeros((1, 512, 512), 'uint8')
    data[0, ::2] = 255
    image = image_file(data)
    nearest = np.unique(pixels(get('tiles/0/0/0.png', image, resample='nearest')))
    average = np.unique(pixels(get('tiles/0/0/0.png', image, resample='average')))
    assert set(nearest) <= {0, 255}
    assert set(average) <= {127, 128}


def test_a_tile_outside_is_404_and_an_empty_one_transparent(image_file: Any, get: Any) -> None:
    image = image_file(gradient(64, 64), epsg=4326, bounds=(10, 10, 20, 20))
    for tile in ('2/4/0', '2/0/4', '0/1/0', '31/0/0', '-1/0/0', '1/-1/0'):
        detail(get(f'tiles/{tile}.png', image, projection='EPSG:3857'), 404)
    empty = pixels(get('tiles/2/0/0.png', image, projection='EPSG:3857'))
    assert empty.shape[:2] == (256, 256)
    assert (empty[..., -1] == 0).all()
    for tile in ('0/1/0', '1/0/0', '9/0/0', '0/0/99999999999'):
        detail(get(f'tiles/{tile}.png', image), 404)


def test_corners_are_those_of_the_tile_matrix(image_file: Any, get: Any) -> None:
    image = image_file(gradient(64, 64), epsg=4326, bounds=(10, 10, 20, 20))
    half = 20037508.342789244
    corners = get('tiles/1/1/0/corners', image, projection='EPSG:3857').json()
    expected = {'xmin': 0, 'xmax': half, 'ymin': 0, 'ymax': half}
    assert corners == pytest.approx(expected, abs=1e-6)
    detail(get('tiles/1/2/0/corners', image, projection='EPSG:3857'), 404)
    detail(get('tiles/5/0/0/corners', image), 404)


def test_corners_need_a_map(image_file: Any, get: Any) -> None:
    assert 'no place on the map' in detail(
        get('tiles/0/0/0/corners', image_file(gradient(64, 64))), 400
    )


def test_tiles_metadata_names_the_pyramid(image_file: Any, get: Any) -> None:
    known = get('tiles/metadata', image_file(gradient(300, 1000))).json()
    assert (known['levels'], known['size_x'], known['size_y']) == (3, 1000, 300)
    assert known['tile_size'] == 256
    assert known['geospatial'] is False
    assert known['additional_metadata']['sizeX'] == 1000


class TestTileJSON:
    def test_names_tiles_that_exist(self, image_file: Any, client: Client) -> None:
        image = image_file(gradient(64, 64), epsg=4326, bounds=(10, 10, 20, 20))
        for base in ('/api/left', '/slash/left', '/default/right', '/api/projects/7/images'):
            slash = '/' if base.startswith(('/slash', '/default')) else ''
            url = f'{base}/{image.pk}/tiles/tilejson.json{slash}'
            known = client.get(url, {'palette': 'viridis', 'band': 2}).json()
            assert known['tilejson'] == '3.0.0'
            assert known['bounds'] == pytest.approx([10, 10, 20, 20])
            assert known['center'][:2] == pytest.approx([15, 15])
            (template,) = known['tiles']
            tile = client.get(template.format(z=0, x=0, y=0))
            assert tile['Content-Type'] == 'image/png'
            assert template.startswith('http://testserver/')
            assert 'palette=viridis' in template

    def test_keeps_what_the_hooks_look_at(self, image_file: Any, get: Any) -> None:
        image = image_file(gradient(64, 64), epsg=4326, bounds=(10, 10, 20, 20))
        asked = {
            'map': 'relief',
            'version': '2',
            'cmap': 'viridis',
            'band': 'undefined',
            'fmt': 'jpg',
        }
        (template,) = get('tiles/tilejson.json', image, **asked).json()['tiles']
        path, query = template.split('?')
        assert path.endswith('.jpg')
        assert query == 'map=relief&version=2&cmap=viridis&projection=EPSG%3A3857'

    def test_works_below_a_sub_path(self, image_file: Any, client: Client) -> None:
        image = image_file(gradient(64, 64), epsg=4326, bounds=(10, 10, 20, 20))
        url = f'/api/left/{image.pk}/tiles/tilejson.json'
        with override_script_prefix('/maps/'):
            known = client.get(url).json()
        start = f'http://testserver/maps/api/left/{image.pk}/tiles/{{z}}/'
        assert known['tiles'][0].startswith(start)

    def test_bounds_do_not_wrap_round_the_dateline(self, image_file: Any, get: Any) -> None:
        image = image_file(gradient(64, 64), epsg=4326, bounds=(170, -20, 190, -10))
        known = get('tiles/tilejson.json', image).json()
        assert known['bounds'] == pytest.approx([-180, -20, 180, -10])
        assert abs(known['center'][0]) == pytest.approx(180)

    def test_needs_a_map(self, image_file: Any, get: Any) -> None:
        detail(get('tiles/tilejson.json', image_file(gradient(64, 64))), 400)
