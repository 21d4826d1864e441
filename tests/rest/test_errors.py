"""Every row of the table of errors as a client meets it: JSON, clear, never a 500, no leak."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from rest_framework import status

from django_large_image import exceptions
from django_large_image.rest.errors import STATUSES, ImageAPIException, status_of
from tests.factories import gradient, truncated
from tests.rest.conftest import detail

PLACE = {'epsg': 4326, 'bounds': (10.0, 10.0, 20.0, 20.0)}
TILE = 'tiles/0/0/0.png'
REGION = 'data/region.png?left=0&right=9&top=0&bottom=9&units=pixels'

# path, what the message or the name of the field has to say
BAD_REQUESTS = [
    (f'{TILE}?style={{', 'JSON'),
    (f'{TILE}?style=[1]', 'object'),
    (f'{TILE}?style="text"', 'object'),
    (f'{TILE}?style={{"band":"nonsense"}}', 'nonsense'),
    (f'{TILE}?style={{"band":1,"min":NaN}}', 'NaN'),
    (f'{TILE}?style={{"bands":5}}', 'bands'),
    (f'{TILE}?style={{"band":1,"function":"os.system"}}', 'unction'),
    (f'{TILE}?style={"[" * 5000}', 'JSON'),
    (f'{TILE}?band=x', 'band'),
    (f'{TILE}?band=-1', 'band'),
    (f'{TILE}?band=99', '99'),
    (f'{TILE}?band=1e3', 'band'),
    (f'{TILE}?band=1&min=abc', 'min'),
    (f'{TILE}?band=1&min=nan', 'min'),
    (f'{TILE}?band=1&max=inf', 'max'),
    (f'{TILE}?band=1&min=-Infinity', 'min'),
    (f'{TILE}?band=1&palette=no-such-palette', 'alette'),
    (f'{TILE}?band=1&palette=%23zzzzzz', 'alette'),
    (f'{TILE}?band=1&palette=[1', 'alette'),
    (f'{TILE}?band=1&scheme=wild', 'scheme'),
    (f'{TILE}?band=1&nodata=abc', 'nodata'),
    (f'{TILE}?frame=7', 'frame'),
    (f'{TILE}?frame=-1', 'frame'),
    (f'{TILE}?source=no-such-source', 'source'),
    (f'{TILE}?source=multi', 'source'),
    (f'{TILE}?resample=magic', 'resample'),
    (f'{TILE}?quality=0', 'quality'),
    (f'{TILE}?quality=101', 'quality'),
    (f'{TILE}?quality=good', 'quality'),
    (f'{TILE}?projection=EPSG:99999', '99999'),
    (f'{TILE}?projection=nonsense', 'projection'),
    (f'{TILE}?projection=%2Bproj=merc%20%2Bnadgrids=/etc/passwd', 'projection'),
    (f'{TILE}?projection=EPSG:4978', 'EPSG:4978'),
    ('tiles/a/0/0.png', 'z'),
    ('tiles/0/0.5/0.png', 'x'),
    ('tiles/0/0/NaN.png', 'y'),
    ('tiles/0/0/1e400.png', 'y'),
    ('tiles/0/0/0.exe', 'ormat'),
    ('tiles/0/0/0.geojson', 'ormat'),
    ('tiles/x/0/0/corners', 'z'),
    ('tiles/zxy/a/0/0', 'z'),
    ('tiles/fzxy/a/0/0/0', 'frame'),
    ('tiles/tilejson.json?projection=EPSG:0', 'EPSG:0'),
    ('data/thumbnail.png?max_width=0', 'max_width'),
    ('data/thumbnail.png?max_height=-5', 'max_height'),
    ('data/thumbnail.png?max_width=wide', 'max_width'),
    ('data/thumbnail.xyz', 'ormat'),
    ('data/region.png', 'left'),
    ('data/region.png?left=0&right=9&top=0', 'bottom'),
    ('data/region.png?left=a&right=9&top=0&bottom=9', 'left'),
    ('data/region.png?left=nan&right=9&top=0&bottom=9', 'left'),
    ('data/region.png?left=0&right=inf&top=0&bottom=9', 'right'),
    ('data/region.png?left=9&right=0&top=0&bottom=9&units=pixels', 'inverted'),
    ('data/region.png?left=0&right=9&top=9&bottom=0&units=pixels', 'inverted'),
    ('data/region.png?left=5&right=5&top=0&bottom=9&units=pixels', 'empty'),
    ('data/region.png?left=900&right=999&top=0&bottom=9&units=pixels', 'outside'),
    ('data/region.png?left=-9&right=-1&top=0&bottom=9&units=pixels', 'outside'),
    ('data/region.png?left=1e300&right=1e308&top=0&bottom=9&units=fraction', 'outside'),
    ('data/region.png?left=11&right=12&top=12&bottom=13', 'inverted'),
    ('data/region.png?left=40&right=50&top=50&bottom=40', 'outside'),
    ('data/region.png?left=0&right=1&top=1&bottom=0&units=EPSG:99999', '99999'),
    ('data/region.png?left=0&right=1&top=1&bottom=0&units=parsec', 'PARSEC'),
    (f'{REGION}&width=0', 'width'),
    (f'{REGION}&height=x', 'height'),
    ('data/region.xyz?left=0&right=9&top=0&bottom=9&units=pixels', 'ormat'),
    ('data/pixel', 'left'),
    ('data/pixel?left=a&top=0', 'left'),
    ('data/pixel?left=nan&top=0', 'left'),
    ('data/pixel?left=0&top=inf', 'top'),
    ('data/pixel?left=0&top=5000', 'outside'),
    ('data/pixel?left=0&top=0&units=miles', 'MILES'),
    ('data/histogram?bins=0', 'bins'),
    ('data/histogram?bins=-3', 'bins'),
    ('data/histogram?bins=many', 'bins'),
    ('data/histogram?bins=99999999', 'bins'),
    ('data/histogram?range=5', 'range'),
    ('data/histogram?range=9,1', 'range'),
    ('data/histogram?range=nan,1', 'range'),
    ('data/histogram?band=77', '77'),
    ('data/histogram?frame=9', 'frame'),
    ('data/histogram?density=perhaps', 'density'),
    ('info/band?band=x', 'band'),
    ('info/band?band=12', '12'),
    ('info/metadata?projection=EPSG:x', 'EPSG:X'),
    ('info/metadata?source=../../etc/passwd', 'source'),
    ('info/cog?strict=7', 'strict'),
]


@pytest.mark.parametrize(('path', 'says'), BAD_REQUESTS)
@pytest.mark.parametrize('base', ['/api/left', '/api/right'])
def test_what_the_client_wrote_wrong_is_400(
    base: str, path: str, says: str, image_file: Any, client: Client, settings: Any
) -> None:
    image = image_file(gradient(64, 64), **PLACE)
    response = client.get(f'{base}/{image.pk}/{path}', HTTP_ACCEPT='image/*,*/*')
    assert response.status_code == 400, response.content
    assert response['Content-Type'] == 'application/json'
    assert says in response.content.decode(), response.content
    for secret in (str(settings.MEDIA_ROOT), 'Error', 'Traceback', 'GDAL', 'object at'):
        assert secret not in response.content.decode()


@pytest.mark.parametrize(
    'body',
    ['{', '[1]', '"x"', '{"band": 99}', '{"bands": [{"palette": "no-such"}]}', '{"min": {}}'],
)
def test_a_bad_style_in_a_body_is_400(body: str, image_file: Any, client: Client) -> None:
    image = image_file(gradient(64, 64))
    url = f'/api/left/{image.pk}/{TILE}'
    detail(client.post(url, body, content_type='application/json'), 400)


BROKEN = {
    'truncated.tif': lambda path: truncated(path, _source(path), keep=0.3),
    'text.tif': lambda path: path.write_text('This is no image.\n' * 99),
    'nothing.tif': lambda path: path.write_bytes(b''),
    'noise.png': lambda path: path.write_bytes(np.random.default_rng(1).bytes(4096)),
    'page.svg': lambda path: path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>'),
    'script.eps': lambda path: path.write_text('%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n'),
    'redirect.tif': lambda path: path.write_text(_VRT),
    'archive.zip': lambda path: path.write_bytes(b'PK\x03\x04' + bytes(99)),
    'table.csv': lambda path: path.write_text('x,y,z\n1,2,3\n4,5,6\n'),
    'vector.geojson': lambda path: path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},'
        '"geometry":{"type":"Point","coordinates":[1,2]}}]}'
    ),
    'remote.xml': lambda path: path.write_text(
        '<GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1:9/${z}</ServerUrl></Service>'
        '<DataWindow><UpperLeftX>0</UpperLeftX></DataWindow></GDAL_WMS>'
    ),
}
_VRT = (
    '<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="Byte" band="1">'
    '<SimpleSource><SourceFilename relativeToVRT="0">/etc/passwd</SourceFilename></SimpleSource>'
    '</VRTRasterBand></VRTDataset>'
)


def _source(path: Path) -> Path:
    from tests.factories import raster

    return raster(path.with_name('whole.tif'), gradient(400, 400), options={'COMPRESS': 'DEFLATE'})


@pytest.mark.parametrize('kind', BROKEN)
@pytest.mark.parametrize(
    'path', [TILE, 'data/thumbnail.jpg', 'info/metadata', 'info/bands', REGION, 'data/histogram']
)
def test_a_file_that_is_no_image_is_422(
    kind: str, path: str, image_file: Any, client: Client, tmp_path: Path, settings: Any
) -> None:
    BROKEN[kind](tmp_path / kind)
    image = image_file(tmp_path / kind)
    response = client.get(f'/api/left/{image.pk}/{path}')
    if kind == 'truncated.tif' and response.status_code == 200:
        # What stands before the cut can be read.
        return
    message = detail(response, 422)
    assert message.startswith('Unreadable image')
    assert str(settings.MEDIA_ROOT) not in message


def test_a_missing_file_is_422(image_file: Any, get: Any) -> None:
    image = image_file(gradient(64, 64))
    Path(image.file.path).unlink()
    for path in (
        TILE,
        'info/metadata',
        'data/thumbnail.png',
        'info/tiffdump',
        'data/pixel?left=0&top=0',
    ):
        assert 'missing' in detail(get(path, image), 422)


def test_an_empty_field_is_422(image_file: Any, get: Any) -> None:
    image = image_file(empty=True)
    for path in (TILE, 'info/metadata', REGION):
        assert 'No file' in detail(get(path, image), 422)


def test_a_name_that_leaves_the_storage_is_422(image_file: Any, get: Any) -> None:
    image = image_file(gradient(64, 64))
    type(image).objects.filter(pk=image.pk).update(file='../../../../etc/passwd')
    message = detail(get(TILE, image), 422)
    assert 'etc' not in message


def test_a_missing_object_is_404(client: Client, db: None) -> None:
    for base in ('left', 'right', 'ready', 'slug', 'uuid'):
        for path in (TILE, 'data/thumbnail.jpg'):
            detail(client.get(f'/api/{base}/12345/{path}', HTTP_ACCEPT='image/png'), 404)
        detail(client.get(f'/api/{base}/12345/info/metadata'), 404)


def test_a_projection_of_an_image_without_a_map_is_400(image_file: Any, get: Any) -> None:
    image = image_file(gradient(64, 64))
    for path in (TILE, 'info/metadata', 'data/thumbnail.png'):
        assert 'map' in detail(get(path, image, projection='EPSG:3857'), 400)
    box = {'left': 0, 'right': 1, 'top': 1, 'bottom': 0, 'units': 'EPSG:4326'}
    assert 'map' in detail(get('data/region.png', image, **box), 400)


class TestBudgets:
    @pytest.fixture(autouse=True)
    def small(self, settings: Any) -> None:
        settings.LARGE_IMAGE = {'MAX_OUTPUT_PIXELS': 10_000, 'MAX_READ_PIXELS': 200_000}

    def test_too_large_a_result_is_413(self, image_file: Any, get: Any) -> None:
        image = image_file(gradient(200, 200))
        box = {'left': 0, 'right': 200, 'top': 0, 'bottom': 200, 'units': 'pixels'}
        for suffix in ('png', 'jpg', 'tif', 'npy'):
            message = detail(get(f'data/region.{suffix}', image, **box), 413)
            assert '10000' in message
        assert get('data/region.png', image, width=90, **box).status_code == 200
        limits = {'max_width': 150, 'max_height': 150}
        detail(get('data/thumbnail.png', image, **limits), 413)

    def test_decoding_too_much_is_413(self, image_file: Any, get: Any) -> None:
        image = image_file(gradient(600, 600, 1))
        limits = {'max_width': 50, 'max_height': 50}
        assert 'overviews' in detail(get('data/thumbnail.png', image, **limits), 413)
        fine = image_file(gradient(600, 600, 1), name='fine.tif', overviews=(2, 4, 8))
        assert get('data/thumbnail.png', fine, **limits).status_code == 200

    def test_an_ordinary_image_without_a_pyramid(
        self, image_file: Any, get: Any, settings: Any
    ) -> None:
        settings.LARGE_IMAGE = {'MAX_SMALL_IMAGE_SIZE': 100}
        image = image_file(gradient(60, 120), name='wide.png', driver='PNG')
        assert '120 x 60' in detail(get(TILE, image), 413)
        assert (
            get(TILE, image_file(gradient(60, 100), name='a.png', driver='PNG')).status_code == 200
        )
        assert get(TILE, image_file(gradient(60, 120))).status_code == 200


def test_the_table_covers_the_family() -> None:
    for name in dir(exceptions):
        kind = getattr(exceptions, name)
        if isinstance(kind, type) and issubclass(kind, exceptions.LargeImageError):
            expected = 500 if kind is exceptions.LargeImageError else range(400, 504)
            assert status_of(kind()) == expected or status_of(kind()) in expected
            assert kind().detail


def test_busy_says_when_to_come_back() -> None:
    error = ImageAPIException(exceptions.BusyError())
    assert error.status_code == status.HTTP_503_SERVICE_UNAVAILABLE
    assert error.wait > 0
    assert STATUSES[exceptions.BusyError] == 503


def test_errors_of_hooks_are_translated(serve: Any) -> None:
    from large_image.exceptions import TileSourceError
    from rest_framework import viewsets

    from django_large_image.rest import LargeImageMixin

    raised: list[Exception] = []

    class Failing(viewsets.ViewSet, LargeImageMixin):
        def get_path(self, request: Any, pk: Any = None) -> Any:
            raise raised[-1]

    client = serve(Failing)
    for error, code in (
        (exceptions.BusyError('Later.'), 503),
        (TileSourceError('/secret/path'), 422),
        (MemoryError(), 413),
        (exceptions.OutsideError(), 404),
    ):
        raised.append(error)
        response = client.get('/own/tiles/0/0/0.png')
        assert 'secret' not in detail(response, code)
        assert response.has_header('Retry-After') == (code == 503)


def test_a_json_body_is_the_same_for_html_clients(image_file: Any, client: Client) -> None:
    image = image_file(gradient(64, 64))
    for path in (TILE, 'info/band', 'data/histogram'):
        response = client.get(f'/api/left/{image.pk}/{path}?band=x', HTTP_ACCEPT='text/html')
        assert json.loads(response.content) == {'band': ['A valid integer is required.']}
    detail(client.get('/api/left/999/info/metadata', HTTP_ACCEPT='text/html'), 404)


@pytest.mark.parametrize(
    ('body', 'kind'),
    [
        ('{"a":' * 5000, 'application/json'),
        ('[' * 100_000, 'application/json'),
        ('{"band": 1', 'application/json'),
        ('{"band": 1}', 'application/json; charset=nope'),
        ('band=1', 'application/x-www-form-urlencoded'),
        ('x', 'multipart/form-data'),
        ('x', 'multipart/form-data; boundary=x'),
        (b'\xff\xfe', 'application/json'),
    ],
)
def test_a_body_that_is_no_json(body: Any, kind: str, image_file: Any, client: Client) -> None:
    image = image_file(gradient(64, 64))
    response = client.generic('POST', f'/api/left/{image.pk}/{TILE}', body, content_type=kind)
    if kind.endswith('nope'):
        # Some of Python's versions decode it as UTF-8 all the same.
        assert response.status_code in (200, 400)
    else:
        detail(response, 400 if 'json' in kind else 415)


@pytest.mark.parametrize('body', ['[]', '0', '""', 'null', 'false'])
def test_a_body_that_is_no_object(body: str, image_file: Any, client: Client) -> None:
    image = image_file(gradient(64, 64))
    url = f'/api/left/{image.pk}/{TILE}'
    assert 'object' in detail(client.post(url, body, content_type='application/json'), 400)


def test_a_body_that_is_too_long(image_file: Any, client: Client) -> None:
    image = image_file(gradient(64, 64))
    body = '{"band": 1, "comment": "' + 'x' * 3_000_000 + '"}'
    url = f'/api/left/{image.pk}/{TILE}'
    assert 'too long' in detail(client.post(url, body, content_type='application/json'), 413)


def test_what_is_echoed_can_be_encoded(image_file: Any, get: Any) -> None:
    image = image_file(gradient(64, 64))
    for style in ('{"band":"\\ud800"}', '{"band":1,"palette":"\\ud800"}'):
        detail(get(TILE, image, style=style), 400)
