"""Frames, uploads and colour maps over HTTP, and all other endpoints on a depth image."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_large_image.depth import colormaps, frames, loading
from django_large_image.depth.models import Chunk, Colormap, DepthImage
from django_large_image.pixels.colormap import colormap
from django_large_image.pixels.stretch import Stretch
from tests.depth.served import DEPTHS, array, picture, samples, store, upload

pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.depth.served')]
VALUES = samples()
RANGE = 'the depths of this image are 1000 to 1299.5'


@pytest.fixture
def image() -> DepthImage:
    """A log of 600 rows of 20 columns, from 1000 by 0.5."""
    return store(name='A log')


@pytest.fixture
def writer(admin_user: Any) -> Client:
    """A client of somebody who may do everything."""
    client = Client()
    client.force_login(admin_user)
    return client


def url(image: DepthImage, rest: str = '') -> str:
    return f'/depth/{image.pk}/{rest}'


def colored(values: np.ndarray, colors: np.ndarray, low: float, high: float) -> np.ndarray:
    return colors[Stretch(low, high).steps(values)]


def test_the_list_and_the_detail(client: Client, image: DepthImage) -> None:
    (listed,) = client.get('/depth/').json()
    assert listed == client.get(url(image)).json()
    known = {
        'id': image.pk,
        'name': 'A log',
        'rows': 600,
        'width': 20,
        'depth_min': 1000.0,
        'depth_max': 1299.5,
        'step': 0.5,
        'minimum': float(VALUES.min()),
        'maximum': float(VALUES.max()),
        'dropped': 0,
    }
    assert {name: listed[name] for name in known} == known
    assert listed['mean'] == pytest.approx(VALUES.mean(dtype='f8'))
    assert listed['stdev'] == pytest.approx(VALUES.std(dtype='f8'))


@pytest.mark.parametrize(
    ('query', 'rows'),
    [
        ('', slice(None)),
        ('?depth_min=1100&depth_max=1150', slice(200, 301)),
        ('?depth_min=1100.2&depth_max=1150.4', slice(201, 301)),
        ('?depth_min=1290', slice(580, None)),
        ('?depth_max=1000', slice(0, 1)),
        ('?depth_min=0&depth_max=5000', slice(None)),
        ('?depth_min=&depth_max=null', slice(None)),
    ],
)
def test_a_frame_is_the_rows_between_two_depths(
    client: Client, image: DepthImage, query: str, rows: slice
) -> None:
    expected = VALUES[rows]
    assert (array(client.get(url(image, f'frame.npy{query}'))) == expected).all()
    shown = picture(client.get(url(image, f'frame.png{query}')))
    gray = colored(expected, colormap(None), VALUES.min(), VALUES.max())
    assert (shown == gray).all()
    told = client.get(url(image, f'depths{query}')).json()
    assert told['depths'] == DEPTHS[rows].tolist()
    assert (told['start'], told['stop']) == rows.indices(600)[:2]


def test_a_png_is_the_colour_map_of_the_stored_frame(client: Client) -> None:
    values = np.random.default_rng(1).normal(50, 20, (600, 20)).astype('f4')
    values[100:110, 3:9] = np.nan
    image = store(values=values)
    stored = frames.read(image, 1040, 1060).values
    assert np.array_equal(stored, values[80:121], equal_nan=True)
    Colormap.objects.create(name='core', stops=[[0, '#102030'], [0.3, 'red'], [1, 'white']])
    stops = '[[0, "#000080"], [1, [255, 255, 0]]]'
    for name in ('viridis', 'RdYlGn_r', 'core', 'core_r', stops):
        query = {'depth_min': 1040, 'depth_max': 1060, 'colormap': name}
        colors = colormaps.find(name)
        shown = picture(client.get(url(image, 'frame.png'), query))
        assert (shown == colored(stored, colors, image.minimum, image.maximum)).all()
        assert (shown[20:30, 3:9, 3] == 0).all()
        shown = picture(client.get(url(image, 'frame.png'), {**query, 'min': 20, 'max': 60}))
        assert (shown == colored(stored, colors, 20, 60)).all()


def test_the_path_of_the_original_service(client: Client, image: DepthImage) -> None:
    answer = client.get(f'/depth/image/{image.pk}?depth_min=1100&depth_max=1150')
    assert answer['Content-Type'] == 'image/jpeg'
    assert picture(answer).shape == (101, 20, 4)
    assert (
        answer.content == client.get(url(image, 'frame.jpg?depth_min=1100&depth_max=1150')).content
    )
    # As an <img> asks.
    assert picture(client.get(f'/depth/image/{image.pk}/', HTTP_ACCEPT='image/*')).shape[0] == 600


def test_the_sample_of_the_original_service(client: Client, data_dir: Path) -> None:
    image = loading.load(data_dir / 'depth' / 'borehole.csv')
    assert (image.rows, image.width, image.source_width, image.dropped) == (5460, 150, 200, 1)
    frame = client.get(f'/depth/image/{image.pk}?depth_min=9000&depth_max=9500')
    assert frame['Content-Type'] == 'image/jpeg'
    assert picture(frame).shape == (5000, 150, 4)
    one = client.get(f'/depth/image/{image.pk}?depth_min=9500&depth_max=9500')
    assert picture(one).shape[:2] == (1, 150)
    assert picture(client.get(f'/depth/image/{image.pk}')).shape[:2] == (5460, 150)


@pytest.mark.parametrize('suffix', ['jpg', 'webp', 'avif', 'tif', 'gif'])
def test_other_formats_look_alike(client: Client, image: DepthImage, suffix: str) -> None:
    query = '?colormap=viridis&quality=95&depth_max=1030'
    exact = picture(client.get(url(image, f'frame.png{query}')))
    found = picture(client.get(url(image, f'frame.{suffix}{query}')))
    assert found.shape == exact.shape
    assert np.abs(found.astype(int) - exact).mean() < 4


def test_width_and_height(client: Client, image: DepthImage) -> None:
    narrow = array(client.get(url(image, 'frame.npy?width=10&interpolation=area')))
    assert narrow == pytest.approx(VALUES.reshape(600, 10, 2).mean(axis=2))
    wide = array(client.get(url(image, 'frame.npy?width=40&interpolation=nearest')))
    assert (wide == VALUES.repeat(2, axis=1)).all()
    low = array(client.get(url(image, 'frame.npy?height=60')))
    assert low == pytest.approx(VALUES.reshape(60, 10, 20).mean(axis=1), rel=1e-5)
    assert (array(client.get(url(image, 'frame.npy?height=9999'))) == VALUES).all()
    told = client.get(url(image, 'depths?height=60')).json()['depths']
    assert told == pytest.approx(DEPTHS.reshape(60, 10).mean(axis=1))


@pytest.mark.parametrize(
    ('query', 'says'),
    [
        ('depth_min=1200&depth_max=1100', f'reversed: .*{RANGE}'),
        ('depth_min=1300', f'outside: {RANGE}'),
        ('depth_max=999.9', f'outside: {RANGE}'),
        ('depth_min=2000&depth_max=3000', f'outside: {RANGE}'),
        ('depth_min=abc', f"`depth_min` is no number: 'abc'; {RANGE}"),
        ('depth_max=nan', f'is no number: .*{RANGE}'),
        ('depth_max=1e999', f'is no number: .*{RANGE}'),
        ('depth_min=1000.1&depth_max=1000.2', f'no row from 1000.1 to 1000.2: {RANGE}'),
        ('width=0', 'greater than or equal to 1'),
        ('width=-5', 'greater than or equal to 1'),
        ('width=99999999999', 'less than or equal to'),
        ('width=x', 'valid integer'),
        ('height=0', 'greater than or equal to 1'),
        ('interpolation=magic', 'not a valid choice'),
        ('colormap=magic', "no colour map 'magic'"),
        ('colormap=[[0,"red"]]', '2 to 256 stops'),
        ('colormap=[[', 'not valid JSON'),
        ('min=5&max=1', 'above `max`'),
        ('min=1e30', 'run backwards'),
        ('min=inf', 'valid number'),
        ('quality=0', 'greater than or equal to 1'),
    ],
)
def test_bad_input(client: Client, image: DepthImage, query: str, says: str) -> None:
    answer = client.get(url(image, f'frame.png?{query}'))
    assert answer.status_code == 400
    assert answer['Content-Type'] == 'application/json'
    text = ' '.join(str(value) for value in answer.json().values())
    assert re.search(says, text), text


def test_too_much(client: Client, image: DepthImage, settings: Any) -> None:
    assert client.get(url(image, 'frame.png?width=999999')).status_code == 413
    settings.LARGE_IMAGE = {'MAX_OUTPUT_PIXELS': 5000}
    for path in ('frame.png', 'frame.npy?width=1', 'depths'):
        assert client.get(url(image, path)).status_code == 413
    assert picture(client.get(url(image, 'frame.png?height=250'))).shape[:2] == (250, 20)


def test_what_is_not_there(client: Client, image: DepthImage) -> None:
    for name in (f'{image.pk + 1}', '9' * 40):
        for path in ('', 'frame.png', 'depths', 'tiles/0/0/0.png', 'info/metadata'):
            answer = client.get(f'/depth/{name}/{path}')
            assert (answer.status_code, 'detail' in answer.json()) == (404, True)
        assert client.get(f'/depth/image/{name}').status_code == 404
    answer = client.get(url(image, 'frame.doc'))
    assert (answer.status_code, 'Known formats' in answer.json()['detail']) == (400, True)


def test_it_is_not_sent_again_while_it_stays_the_same(client: Client, image: DepthImage) -> None:
    Colormap.objects.create(name='core', stops=[[0, 'black'], [1, 'red']])
    address = url(image, 'frame.png?colormap=core')
    first = client.get(address)
    assert client.get(address, HTTP_IF_NONE_MATCH=first['ETag']).status_code == 304
    other = client.get(f'{address}&depth_min=1100')
    assert other['ETag'] != first['ETag']
    Colormap.objects.update(stops=[[0, 'black'], [1, 'blue']])
    again = client.get(address, HTTP_IF_NONE_MATCH=first['ETag'])
    assert again.status_code == 200
    assert picture(again)[-1, -1].tolist() == [0, 0, 255, 255]
    DepthImage.objects.update(version='another')
    assert client.get(address, HTTP_IF_NONE_MATCH=again['ETag']).status_code == 200


def test_a_frame_reads_its_chunks_only(client: Client) -> None:
    rows = 10_000
    image = store(np.arange(rows) * 0.1, samples(rows, 20))
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        found = array(client.get(url(image, 'frame.npy?depth_min=500&depth_max=549.95')))
    assert found.shape == (500, 20)
    # The image twice, the two ends, and the rows.
    assert len(queries) == 5
    reading = queries[-1]['sql']
    first, last = 5000 // image.chunk_rows, 5499 // image.chunk_rows
    assert f'BETWEEN {first} AND {last}' in reading
    assert Chunk.objects.filter(image=image, level=0).count() > last - first + 1
    with CaptureQueriesContext(connection) as queries:
        client.get(url(image, 'frame.npy?depth_min=500&depth_max=549.95'))
    assert len(queries) == 1


def test_every_other_endpoint(client: Client, image: DepthImage) -> None:
    metadata = client.get(url(image, 'info/metadata')).json()
    assert (metadata['sizeX'], metadata['sizeY'], metadata['geospatial']) == (20, 600, False)
    assert metadata['bands']['1']['dtype'] == 'float32'
    assert client.get(url(image, 'info/metadata_internal')).json()['step'] == 0.5
    tile = picture(client.get(url(image, 'tiles/2/0/0.png')))
    assert tile.shape == (256, 256, 4)
    assert (tile[:, 20:, 3] == 0).all()
    assert (tile[:, :20, 3] == 255).all()
    assert (np.diff(tile[:, 0, 0].astype(int)) >= 0).all()
    assert picture(client.get(url(image, 'data/thumbnail.png'))).shape[0] == 256
    region = 'data/region.npy?left=2&right=10&top=100&bottom=150&units=pixels'
    assert (array(client.get(url(image, region)))[:, :, 0] == VALUES[100:150, 2:10]).all()
    pixel = client.get(url(image, 'data/pixel?left=3&top=77')).json()
    assert pixel['bands'] == {'1': float(VALUES[77, 3])}
    (histogram,) = client.get(url(image, 'data/histogram?bins=8&exact=true')).json()
    assert histogram['hist'] == [1500.0] * 8
    assert (histogram['min'], histogram['max']) == (VALUES.min(), VALUES.max())
    assert b'Width="20"' in client.get(url(image, 'image.dzi')).content
    assert picture(client.get(url(image, 'image_files/10/0_1.png'))).shape == (256, 20, 4)
    info = client.get(f'/depth/iiif/3/{image.pk}/info.json').json()
    assert (info['width'], info['height']) == (20, 600)
    part = client.get(f'/depth/iiif/3/{image.pk}/0,100,20,200/10,/0/default.png')
    assert picture(part).shape == (100, 10, 4)
    assert client.get(f'/depth/iiif/3/{image.pk}/manifest').json()['type'] == 'Manifest'


@pytest.mark.parametrize(
    'path',
    [
        'info/tiffdump',
        'info/cog',
        'tiles/tilejson.json',
        'tiles/0/0/0/corners',
        'tiles/0/0/0.png?projection=EPSG:3857',
        'tiles/0/0/0.png?source=raster',
        'tiles/0/0/0.png?palette=magic',
        'data/region.png?left=5&right=1&top=0&bottom=9&units=pixels',
    ],
)
def test_what_a_depth_image_has_not(client: Client, image: DepthImage, path: str) -> None:
    answer = client.get(url(image, path))
    assert (answer.status_code, 'detail' in answer.json()) == (400, True)


def test_stored_colour_maps_are_palettes_of_styles(client: Client, image: DepthImage) -> None:
    Colormap.objects.create(name='core', stops=[[0, 'black'], [1, 'red']])
    style = json.dumps({'bands': [{'band': 1, 'palette': 'core'}]})
    for query in ({'palette': 'core'}, {'style': style}):
        tile = picture(client.get(url(image, 'tiles/2/0/2.png'), query))
        assert tile[87, 19].tolist() == [255, 0, 0, 255]


def test_an_upload(writer: Client) -> None:
    answer = writer.post('/depth/', {'file': upload(), 'width': 10, 'interpolation': 'area'})
    assert answer.status_code == 201
    told = answer.json()
    assert (told['name'], told['rows'], told['width']) == ('log', 600, 10)
    found = array(writer.get(f'/depth/{told["id"]}/frame.npy'))
    assert found == pytest.approx(VALUES.reshape(600, 10, 2).mean(axis=2))
    assert writer.delete(f'/depth/{told["id"]}/').status_code == 204
    assert not Chunk.objects.exists()


@pytest.mark.parametrize(
    ('form', 'says'),
    [
        ({}, 'No file'),
        ({'file': 'text'}, 'not a file'),
        ({'file': ('a.csv', b'')}, 'empty'),
        ({'file': ('a.csv', b'depth,a\n')}, 'no record'),
        ({'file': ('a.csv', b'depth,a\n1,2\n2,x\n')}, 'Line 3, column 2'),
        ({'file': ('a.zip', b'PK\x03\x04')}, r'\.csv'),
        ({'file': ('a.csv', b'PK\x03\x04')}, 'ZIP'),
        ({'file': ('a.csv', b'1,2\n2,3\n'), 'width': 0}, 'greater than'),
        ({'file': ('a.csv', b'1,2\n2,3\n'), 'width': 10**9}, 'width'),
        ({'file': ('a.csv', b'1,2\n2,3\n'), 'interpolation': 'magic'}, 'valid choice'),
    ],
)
def test_uploads_that_are_refused(writer: Client, form: dict[str, Any], says: str) -> None:
    sent = {
        name: SimpleUploadedFile(*value) if isinstance(value, tuple) else value
        for name, value in form.items()
    }
    answer = writer.post('/depth/', sent)
    assert answer.status_code == 400
    assert re.search(says, str(answer.json())), answer.json()
    assert not DepthImage.objects.exists()


def test_a_body_that_is_no_form(writer: Client) -> None:
    assert writer.post('/depth/', b'1,2', content_type='text/csv').status_code == 415
    broken = writer.post('/depth/', b'--x', content_type='multipart/form-data')
    assert broken.status_code == 400


def test_an_upload_that_breaks_off(writer: Client) -> None:
    class Broken(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            raise OSError('The client has gone.')

    kind = 'multipart/form-data; boundary=x'
    answer = writer.post('/depth/', b'--x', kind, **{'wsgi.input': Broken()})
    assert (answer.status_code, answer.json()) == (400, {'detail': 'The upload broke off.'})
    assert not DepthImage.objects.exists()


def test_who_may_write(client: Client, image: DepthImage) -> None:
    reader = get_user_model().objects.create_user('reader')
    for log_in in (lambda: None, lambda: client.force_login(reader)):
        log_in()
        assert client.post('/depth/', {'file': upload()}).status_code == 403
        assert client.delete(url(image)).status_code == 403
        assert client.post('/depth/colormaps/', {}, 'application/json').status_code == 403
        # A style in the body changes nothing.
        body = json.dumps({'band': 1, 'palette': ['#000', '#f00']})
        tile = client.post(url(image, 'tiles/2/0/0.png'), body, 'application/json')
        assert tile.status_code == 200


def test_colour_maps(writer: Client, client: Client) -> None:
    said = {'name': 'my core', 'stops': [[0, '#000'], [1, [255, 0, 0]]]}
    assert writer.post('/depth/colormaps/', said, 'application/json').status_code == 201
    assert client.get('/depth/colormaps/').json() == [said]
    assert client.get('/depth/colormaps/my core/').json() == said
    for wrong in (
        {**said},
        {'name': 'a/b', 'stops': said['stops']},
        {'name': 'a\nb', 'stops': said['stops']},
        {'name': 'other', 'stops': [[0, '#000']]},
        {'name': 'other', 'stops': 'red'},
        {'stops': said['stops']},
    ):
        assert writer.post('/depth/colormaps/', wrong, 'application/json').status_code == 400
    changed = {'stops': [[0, 'white'], [1, 'black']]}
    answer = writer.patch('/depth/colormaps/my core/', changed, 'application/json')
    assert answer.json() == {**said, **changed}
    assert writer.delete('/depth/colormaps/my core/').status_code == 204
    assert client.get('/depth/colormaps/').json() == []


@pytest.mark.parametrize('method', ['post', 'patch'])
def test_a_name_that_another_takes_meanwhile(
    writer: Client, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    stops = [[0, '#000'], [1, '#fff']]
    Colormap.objects.create(name='mine', stops=stops)

    def overtaken(self: object, stops: object) -> object:
        Colormap.objects.create(name='core', stops=stops)
        return stops

    monkeypatch.setattr(
        'django_large_image.depth.views.ColormapSerializer.validate_stops', overtaken
    )
    address = '/depth/colormaps/' + ('mine/' if method == 'patch' else '')
    said = {'name': 'core', 'stops': stops}
    answer = getattr(writer, method)(address, said, 'application/json')
    assert (answer.status_code, list(answer.json())) == (400, ['name'])


def test_all_is_one_value(client: Client) -> None:
    """Nothing lies between the ends, or there is no value at all."""
    for value, alpha in ((5, 255), (np.nan, 0)):
        image = store(values=np.full((600, 20), value, 'f4'))
        shown = picture(client.get(url(image, 'frame.png?colormap=viridis')))
        assert (shown[:, :, 3] == alpha).all()
        for path in ('info/metadata', 'tiles/0/0/0.png', 'data/histogram', 'data/thumbnail.jpg'):
            assert client.get(url(image, path)).status_code == 200
