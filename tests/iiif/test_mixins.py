"""An image viewset as an IIIF service: answers, errors, permissions, hooks, caches."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404
from django.test import Client, RequestFactory
from PIL import Image

from django_large_image import metrics
from django_large_image.exceptions import BusyError
from django_large_image.iiif import caches
from tests import factories
from tests.iiif import services
from tests.testapp.models import SlugImageFile, UUIDImageFile

pytestmark = [
    pytest.mark.urls('tests.iiif.services'),
    pytest.mark.django_db,
    pytest.mark.usefixtures('empty_cache'),
]

LINKED_3 = 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"'


@pytest.fixture
def stored(image_file: Callable[..., Any]) -> Any:
    """An image of 200 x 100 pixels."""
    return image_file(factories.gradient(100, 200, 3), name='scan.png', driver='PNG')


def size_of(response: Any) -> tuple[int, int]:
    assert response.status_code == 200, response.content
    return Image.open(io.BytesIO(response.content)).size


def pixels(response: Any) -> np.ndarray:
    assert response.status_code == 200, response.content
    return np.asarray(Image.open(io.BytesIO(response.content)).convert('RGB'))


class TestRedirect:
    @pytest.mark.parametrize('version', ['2', '3'])
    def test_base_uri(self, stored: Any, client: Client, version: str) -> None:
        response = client.get(f'/iiif/{version}/{stored.pk}')
        assert response.status_code == 303
        assert response['Location'] == f'http://testserver/iiif/{version}/{stored.pk}/info.json'
        assert response['Access-Control-Allow-Origin'] == '*'

    def test_a_name_in_folders_looks_like_a_picture(
        self, client: Client, image_file: Callable[..., Any]
    ) -> None:
        instance = image_file(name='e.jpg', driver='JPEG')
        path = Path(instance.file.path)
        name = 'images/b/c/d/e.jpg'
        target = Path(str(path).replace('images/e.jpg', name))
        target.parent.mkdir(parents=True)
        path.rename(target)
        instance.file.name = name
        instance.save()
        response = client.get('/names/3/images%2Fb%2Fc%2Fd%2Fe.jpg')
        assert response.status_code == 303
        assert response['Location'].endswith('/names/3/images%2Fb%2Fc%2Fd%2Fe.jpg/info.json')

    def test_nobody_learns_what_is_not_there_for_him(self, client: Client) -> None:
        assert client.get('/iiif/3/1').status_code == 404


class TestInfo:
    def test_version_3(self, stored: Any, client: Client) -> None:
        response = client.get(f'/iiif/3/{stored.pk}/info.json')
        info = json.loads(response.content)
        assert info['@context'] == 'http://iiif.io/api/image/3/context.json'
        assert info['id'] == f'http://testserver/iiif/3/{stored.pk}'
        assert (info['type'], info['profile']) == ('ImageService3', 'level2')
        assert (info['width'], info['height']) == (200, 100)
        assert 'maxArea' not in info

    def test_version_2(self, stored: Any, client: Client) -> None:
        info = json.loads(client.get(f'/iiif/2/{stored.pk}/info.json').content)
        assert info['@id'] == f'http://testserver/iiif/2/{stored.pk}'
        assert info['profile'][0] == 'http://iiif.io/api/image/2/level2.json'

    @pytest.mark.parametrize(
        ('version', 'accept', 'expected'),
        [
            ('2', None, 'application/json'),
            ('2', '*/*', 'application/json'),
            ('2', 'application/ld+json', 'application/ld+json'),
            ('2', 'text/html,application/ld+json;q=0.5', 'application/ld+json'),
            ('3', None, LINKED_3),
            ('3', 'text/html,*/*', LINKED_3),
            ('3', 'application/ld+json', LINKED_3),
            ('3', 'application/json', 'application/json'),
            ('3', 'image/png', LINKED_3),
        ],
    )
    def test_media_types(
        self, stored: Any, client: Client, version: str, accept: str | None, expected: str
    ) -> None:
        headers = {} if accept is None else {'HTTP_ACCEPT': accept}
        response = client.get(f'/iiif/{version}/{stored.pk}/info.json', **headers)
        assert response.status_code == 200
        assert response['Content-Type'] == expected
        assert 'Accept' in response['Vary']
        # Plain JSON names the context that makes linked data of it.
        context = f'<http://iiif.io/api/image/{version}/context.json>'
        link = f'{context};rel="http://www.w3.org/ns/json-ld#context";type="application/ld+json"'
        assert response.get('Link') == (link if expected == 'application/json' else None)

    def test_from_the_cache_nothing_is_opened(
        self, stored: Any, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = client.get(f'/iiif/3/{stored.pk}/info.json')
        monkeypatch.setattr('django_large_image.rest.image.open_source', refuse)
        assert client.get(f'/iiif/3/{stored.pk}/info.json').content == first.content
        found = caches.statistics()['info']
        assert (found['gets'], found['hits']) == (2, 1)

    def test_hosts_and_services_are_told_apart_in_the_cache(
        self, stored: Any, client: Client
    ) -> None:
        addresses = set()
        for host in ('one.example', 'two.example'):
            for service in ('iiif', 'in/there/iiif'):
                path = f'/{service}/3/{stored.pk}'
                info = client.get(f'{path}/info.json', HTTP_HOST=host).json()
                assert info['id'] == f'http://{host}{path}'
                addresses.add(info['id'])
        assert len(addresses) == 4


class TestPicture:
    @pytest.mark.parametrize(
        ('path', 'size'),
        [
            ('3/{}/full/max/0/default.jpg', (200, 100)),
            ('3/{}/full/50,/0/default.png', (50, 25)),
            ('3/{}/0,0,50,50/max/90/color.webp', (50, 50)),
            ('3/{}/square/,20/0/gray.gif', (20, 20)),
            ('3/{}/full/max/90/bitonal.tif', (100, 200)),
            ('3/{}/full/^400,/0/default.jpg', (400, 200)),
            ('2/{}/full/full/!0/default.jpg', (200, 100)),
            ('2/{}/full/400,/0/default.jpg', (400, 200)),
        ],
    )
    def test_sizes(self, stored: Any, client: Client, path: str, size: tuple[int, int]) -> None:
        assert size_of(client.get(f'/iiif/{path.format(stored.pk)}')) == size

    def test_pixels(self, stored: Any, client: Client) -> None:
        whole = np.asarray(Image.open(stored.file.path))
        found = pixels(client.get(f'/iiif/3/{stored.pk}/10,20,30,40/max/0/default.png'))
        np.testing.assert_array_equal(found, whole[20:60, 10:40])
        mirrored = pixels(client.get(f'/iiif/3/{stored.pk}/full/max/!0/default.png'))
        np.testing.assert_array_equal(mirrored, whole[:, ::-1])

    @pytest.mark.parametrize('version', ['2', '3'])
    def test_headers(self, stored: Any, client: Client, version: str) -> None:
        uri = f'http://testserver/iiif/{version}/{stored.pk}'
        response = client.get(f'/iiif/{version}/{stored.pk}/0,0,200,100/pct:50/0/default.jpg')
        size = {'2': '100,', '3': '100,50'}[version]
        assert response['Link'] == (
            f'<http://iiif.io/api/image/{version}/level2.json>;rel="profile",'
            f'<{uri}/full/{size}/0/default.jpg>;rel="canonical"'
        )
        assert response['Content-Type'] == 'image/jpeg'
        assert response['Access-Control-Allow-Origin'] == '*'
        assert response['Cache-Control'] == 'public, no-cache'
        assert 'Content-Disposition' not in response

    @pytest.mark.parametrize(
        ('query', 'named'),
        [
            ('download', True),
            ('download=true', True),
            ('style=&download=1', True),
            ('%64ownload', True),
            ('download=0', False),
            ('download=False', False),
            ('downloads=1', False),
        ],
    )
    def test_download(self, client: Client, stored: Any, query: str, named: bool) -> None:
        name = stored.file.name.replace('/', '%2F')
        response = client.get(f'/names/3/{name}/full/50,/0/default.png?{query}')
        expected = 'attachment; filename="scan.png"' if named else None
        assert response.get('Content-Disposition') == expected

    def test_a_name_of_any_letters_is_fit_for_a_header(
        self, client: Client, media_root: Path
    ) -> None:
        (media_root / 'scans').mkdir(parents=True)
        factories.raster(media_root / 'scans' / 'x.tif')
        (media_root / 'scans' / 'x.tif').rename(
            media_root / 'scans' / 'ä"\n;/?.tif'.replace('/', '')
        )
        response = client.get('/folder/3/%C3%A4%22%0A%3B%3F.tif/full/50,/0/default.jpg?download')
        assert response.status_code == 200
        assert response['Content-Disposition'] == "attachment; filename*=utf-8''%C3%A4_.jpg"

    def test_the_parameters_of_other_endpoints(self, stored: Any, client: Client) -> None:
        path = f'/iiif/3/{stored.pk}/full/max/0/default.png'
        whole = np.asarray(Image.open(stored.file.path))
        found = pixels(client.get(f'{path}?band=2&palette=%23000,%23f00&min=0&max=255'))
        expected = whole[..., 1]
        assert np.abs(found[..., 0].astype(int) - expected).max() <= 1
        assert found[..., 1:].max() == 0
        assert client.get(f'{path}?band=9').status_code == 400
        assert client.get(f'{path}?style=[').status_code == 400
        small, large = (
            len(client.get(f'{path[:-3]}jpg?quality={quality}').content) for quality in (10, 95)
        )
        assert small < large

    def test_a_projection_is_no_parameter_here(
        self, client: Client, image_file: Callable[..., Any]
    ) -> None:
        instance = image_file(factories.gradient(64, 64), epsg=4326, bounds=(0, 0, 1, 1))
        path = f'/iiif/3/{instance.pk}/full/max/0/default.png'
        plain = client.get(path)
        assert client.get(f'{path}?projection=EPSG:3857').content == plain.content

    def test_the_canonical_uri_keeps_the_look(self, stored: Any, client: Client) -> None:
        path = f'/iiif/3/{stored.pk}/full/100,/0/default.png'
        look = '?palette=%23000&other=1&band=2&download=1&frame=&max=9&min=0'
        link = client.get(f'{path}{look}')['Link']
        named = link.split(',<')[-1].partition('>')[0]
        assert named.endswith('/full/100,50/0/default.png?band=2&max=9&min=0&palette=%23000')
        assert client.get(named).content == client.get(f'{path}{look}').content

    def test_a_format_that_cannot_hold_the_size_is_refused_before_reading(
        self, stored: Any, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr('django_large_image.iiif.answers.render', refuse)
        refused = client.get(f'/iiif/3/{stored.pk}/full/^16384,9/0/default.webp')
        assert refused.status_code == 400
        assert '16383' in refused.json()['detail']

    def test_head(self, stored: Any, client: Client) -> None:
        path = f'/iiif/3/{stored.pk}/full/max/0/default.jpg'
        response, got = client.head(path), client.get(path)
        assert response.content == b''
        for header in ('Content-Type', 'ETag', 'Link', 'Access-Control-Allow-Origin'):
            assert response[header] == got[header]


def refuse(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError('Something is opened.')


class TestConditional:
    @pytest.mark.parametrize('path', ['info.json', 'full/max/0/default.jpg'])
    def test_304_before_anything_is_opened(
        self, stored: Any, client: Client, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = f'/iiif/3/{stored.pk}/{path}'
        etag = client.get(path)['ETag']
        monkeypatch.setattr('django_large_image.rest.image.open_source', refuse)
        caches.purge()
        response = client.get(path, HTTP_IF_NONE_MATCH=etag)
        assert response.status_code == 304
        assert response['ETag'] == etag
        assert response['Access-Control-Allow-Origin'] == '*'
        assert response.content == b''

    def test_etags_tell_requests_apart(self, stored: Any, client: Client, settings: Any) -> None:
        start = f'/iiif/3/{stored.pk}'
        paths = [
            'info.json', 'full/max/0/default.jpg', 'full/max/0/default.png', 'full/max/90/gray.jpg',
            'full/50,/0/default.jpg', '0,0,9,9/max/0/default.jpg', 'full/max/0/default.jpg?band=1',
            'full/max/0/default.jpg?quality=5',
        ]  # fmt: skip
        etags = [client.get(f'{start}/{path}')['ETag'] for path in paths]
        etags.append(client.get(f'/iiif/2/{stored.pk}/full/max/0/default.jpg')['ETag'])
        etags.append(client.get(f'{start}/info.json', HTTP_ACCEPT='application/json')['ETag'])
        assert len(set(etags)) == len(etags)
        settings.LARGE_IMAGE = {'IIIF_SWITCHED_OFF': ['gif']}
        assert client.get(f'{start}/info.json')['ETag'] != etags[0]

    def test_a_replaced_file_is_fresh_at_once(
        self, stored: Any, client: Client, tmp_path: Path
    ) -> None:
        paths = [f'/iiif/3/{stored.pk}/{p}' for p in ('info.json', 'full/max/0/default.png')]
        before = [client.get(path) for path in paths]
        other = factories.raster(
            tmp_path / 'other.png', factories.gradient(30, 40, 3), driver='PNG'
        )
        os.replace(other, stored.file.path)
        info, picture = (
            client.get(path, HTTP_IF_NONE_MATCH=old['ETag'])
            for path, old in zip(paths, before, strict=True)
        )
        assert (info.json()['width'], info.json()['height']) == (40, 30)
        assert size_of(picture) == (40, 30)


class TestErrors:
    @pytest.mark.parametrize(
        ('path', 'says'),
        [
            ('nowhere/max/0/default.jpg', 'region'),
            ('full/full/0/default.jpg', 'size'),
            ('full/max/1e2/default.jpg', 'rotation'),
            ('full/max/0/native.jpg', 'quality'),
            ('full/max/0/default.xyz', 'format'),
            ('200,0,10,10/max/0/default.jpg', 'region'),
            ('full/201,/0/default.jpg', 'larger'),
            ('full/^60000,/0/default.jpg', '16777216'),
        ],
    )
    def test_syntax_is_400_with_the_reason(
        self, stored: Any, client: Client, path: str, says: str
    ) -> None:
        response = client.get(f'/iiif/3/{stored.pk}/{path}', HTTP_ACCEPT='text/html')
        assert response.status_code == 400
        assert response['Content-Type'] == 'application/json'
        assert response['Access-Control-Allow-Origin'] == '*'
        assert says in response.json()['detail']

    @pytest.mark.parametrize('service', ['iiif', 'names', 'folder', 'slugs'])
    @pytest.mark.parametrize('tail', ['', '/info.json', '/full/max/0/default.jpg'])
    def test_an_unknown_identifier_is_404(self, client: Client, service: str, tail: str) -> None:
        response = client.get(f'/{service}/2/99{tail}', HTTP_ACCEPT='text/html')
        assert response.status_code == 404
        assert response['Content-Type'] == 'application/json'
        assert response['Access-Control-Allow-Origin'] == '*'
        assert response.json()['detail']

    def test_other_methods_are_405(self, stored: Any, client: Client) -> None:
        for send in (client.post, client.put, client.delete):
            response = send(f'/iiif/3/{stored.pk}/info.json')
            assert response.status_code == 405
            assert response['Content-Type'] == 'application/json'

    def test_a_store_that_is_busy_is_503(
        self, stored: Any, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def busy(*args: Any) -> Any:
            raise BusyError

        monkeypatch.setattr(services.Images, 'get_reference', busy)
        response = client.get(f'/iiif/3/{stored.pk}/info.json')
        assert response.status_code == 503
        assert int(response['Retry-After']) > 0

    def test_what_is_switched_off_is_501(self, stored: Any, client: Client) -> None:
        start = f'/plain/3/{stored.pk}'
        for path in ('', '/full/max/!0/default.jpg', '/full/max/0/default.png'):
            response = client.get(f'{start}{path}')
            assert response.status_code == 501, path
            assert 'switched off' in response.json()['detail']
        info = client.get(f'{start}/info.json', HTTP_ACCEPT='application/ld+json')
        assert info['Content-Type'] == 'application/json'
        assert 'Access-Control-Allow-Origin' not in info
        assert info.json()['profile'] == 'level0'
        assert 'png' not in info.json()['extraFormats']
        assert 'mirroring' not in info.json()['extraFeatures']
        picture = client.get(f'{start}/full/max/0/default.jpg')
        assert picture.status_code == 200
        assert 'Link' not in picture

    def test_switched_off_by_the_settings(self, stored: Any, client: Client, settings: Any) -> None:
        path = f'/iiif/3/{stored.pk}/full/max/0/bitonal.jpg'
        assert client.get(path).status_code == 200
        settings.LARGE_IMAGE = {'IIIF_SWITCHED_OFF': ['bitonal']}
        assert client.get(path).status_code == 501
        qualities = client.get(f'/iiif/3/{stored.pk}/info.json').json()['extraQualities']
        assert qualities == ['color', 'gray']


class TestLimits:
    @pytest.mark.parametrize(
        ('given', 'path', 'status'),
        [
            ({'IIIF_MAX_WIDTH': 99}, 'full/100,/0/default.jpg', 400),
            ({'IIIF_MAX_WIDTH': 100}, 'full/100,/0/default.jpg', 200),
            ({'IIIF_MAX_HEIGHT': 49}, 'full/,50/0/default.jpg', 400),
            ({'IIIF_MAX_AREA': 4999}, 'full/100,50/0/default.jpg', 400),
            ({'IIIF_MAX_SCALE': 1.5}, 'full/^pct:160/0/default.jpg', 400),
            ({'IIIF_MAX_SCALE': 2}, 'full/^pct:160/0/default.jpg', 200),
            ({'MAX_OUTPUT_PIXELS': 4999}, 'full/100,50/0/default.jpg', 400),
        ],
    )
    def test_over_them_is_400(
        self,
        stored: Any,
        client: Client,
        settings: Any,
        given: dict[str, Any],
        path: str,
        status: int,
    ) -> None:
        settings.LARGE_IMAGE = given
        response = client.get(f'/iiif/3/{stored.pk}/{path}')
        assert response.status_code == status
        assert status == 200 or 'limit here' in response.json()['detail']

    def test_max_scales_down_to_them(self, stored: Any, client: Client, settings: Any) -> None:
        settings.LARGE_IMAGE = {'IIIF_MAX_WIDTH': 60}
        assert size_of(client.get(f'/iiif/3/{stored.pk}/full/max/0/default.jpg')) == (60, 30)
        info = client.get(f'/iiif/3/{stored.pk}/info.json').json()
        assert info['maxWidth'] == 60

    def test_an_image_over_the_budget_says_so(
        self, stored: Any, client: Client, settings: Any
    ) -> None:
        settings.LARGE_IMAGE = {'MAX_OUTPUT_PIXELS': 5000}
        info = client.get(f'/iiif/3/{stored.pk}/info.json').json()
        assert info['maxArea'] == 5000
        assert size_of(client.get(f'/iiif/3/{stored.pk}/full/max/0/default.jpg')) == (100, 50)

    def test_refused_before_anything_is_read(
        self, stored: Any, client: Client, settings: Any
    ) -> None:
        settings.LARGE_IMAGE = {'METRICS': True}
        metrics.reset()
        for size in ('^99999,', '^99999,99999', '^pct:99999', '^999999999999999999,'):
            response = client.get(f'/iiif/3/{stored.pk}/full/{size}/0/default.jpg')
            assert response.status_code == 400
            assert response.json()['detail']
        # Long strips: turned, they make a large square.
        response = client.get(f'/iiif/3/{stored.pk}/full/^16000,1/45/default.png')
        assert response.status_code == 400
        counted = metrics.counters()
        stages = {name for (name,) in counted[metrics.SECONDS]}
        assert 'lookup' in stages
        assert not {'read', 'style', 'encode'} & stages
        assert counted[metrics.REQUESTS] == {('iiif-image', 'json', '400'): 5}


class TestPermissions:
    @pytest.fixture
    def secret(self, image_file: Callable[..., Any]) -> Any:
        return image_file(fields={'name': 'secret'})

    @pytest.fixture
    def user(self) -> dict[str, str]:
        User.objects.create_user('user', password='user')
        return {'HTTP_AUTHORIZATION': f'Basic {base64.b64encode(b"user:user").decode()}'}

    @pytest.mark.parametrize('tail', ['', '/info.json', '/full/max/0/default.jpg', '/manifest'])
    def test_they_are_the_viewsets(
        self, stored: Any, secret: Any, user: dict[str, str], client: Client, tail: str
    ) -> None:
        for key, headers, status in (
            (stored.pk, {}, 401),
            (secret.pk, user, 403),
            (stored.pk, user, 303 if not tail else 200),
            (99, user, 404),
        ):
            response = client.get(f'/private/3/{key}{tail}', **headers)
            assert response.status_code == status
            assert response['Access-Control-Allow-Origin'] == '*'
            if status > 400:
                assert response.json()['detail']

    def test_304_and_caches_come_after_them(
        self, secret: Any, user: dict[str, str], client: Client
    ) -> None:
        path = f'/3/{secret.pk}/full/max/0/default.jpg'
        etag = client.get(f'/iiif{path}')['ETag']
        for headers in ({}, {'HTTP_IF_NONE_MATCH': etag}):
            assert client.get(f'/private{path}', **user, **headers).status_code == 403

    def test_answers_are_private(self, stored: Any, user: dict[str, str], client: Client) -> None:
        response = client.get(f'/private/3/{stored.pk}/info.json', **user)
        assert response['Cache-Control'] == 'private, no-cache'


class TestIdentifiers:
    def test_by_slug_in_one_version(self, client: Client, image_file: Callable[..., Any]) -> None:
        image_file(model=SlugImageFile, fields={'slug': 'a-map'})
        info = client.get('/slugs/2/a-map/info.json').json()
        assert info['@id'] == 'http://testserver/slugs/2/a-map'
        assert client.get('/slugs/3/a-map/info.json').status_code == 404

    @pytest.mark.parametrize('name', ['a.tif', 'a b.tif', 'ä%ö.tif', 'a+b&c=d.tif', "it's.tif"])
    @pytest.mark.parametrize('service', ['names', 'folder'])
    def test_by_file_name(
        self, client: Client, image_file: Callable[..., Any], media_root: Path, name: str,
        service: str,
    ) -> None:  # fmt: skip
        from urllib.parse import quote

        instance = image_file()
        path = Path(instance.file.path)
        folder = media_root / 'scans' / 'maps'
        folder.mkdir(parents=True)
        path.rename(folder / name)
        instance.file.name = f'scans/maps/{name}'
        instance.save()
        identifier = f'scans/maps/{name}' if service == 'names' else f'maps/{name}'
        base = f'/{service}/3/{quote(identifier, safe="")}'
        assert client.get(f'{base}/info.json').json()['id'] == f'http://testserver{base}'
        assert size_of(client.get(f'{base}/full/50,/0/default.jpg')) == (50, 50)
        assert client.get(base)['Location'] == f'http://testserver{base}/info.json'

    @pytest.mark.parametrize('tail', ['', '/info.json', '/full/max/0/default.jpg', '/manifest'])
    def test_a_number_has_one_spelling(self, client: Client, stored: Any, tail: str) -> None:
        for written in ('0{}', '%2B{}', '%20{}', '{}%20', '{}.0', '-{}'):
            path = f'/iiif/3/{written.format(stored.pk)}{tail}'
            assert client.get(path).status_code == 404, path
        arabic = ''.join(chr(0x660 + int(digit)) for digit in str(stored.pk))
        assert client.get(f'/iiif/3/{arabic}{tail}').status_code == 404
        assert client.get(f'/iiif/3/{stored.pk}{tail}').status_code in (200, 303)

    def test_an_uuid_has_one_spelling(self) -> None:
        view = services.Images()
        view.queryset = UUIDImageFile.objects.all()
        known = 'c0ffee00-0000-4000-8000-00000000000a'
        assert view.get_iiif_lookup(known) == {'pk': known}
        for other in (known.upper(), known.replace('-', ''), f'{{{known}}}', 'none', ''):
            with pytest.raises(Http404):
                view.get_iiif_lookup(other)

    @pytest.mark.parametrize('field', ['name', 'name__contains', 'nothing'])
    def test_other_fields_judge_by_themselves(self, field: str) -> None:
        view = services.Images()
        view.iiif_lookup_field = field
        assert view.get_iiif_lookup('01') == {field: '01'}

    def test_a_hook_may_know_other_spellings(self, client: Client, stored: Any) -> None:
        class Padded(services.Images):
            def get_iiif_lookup(self, identifier: str) -> dict[str, Any]:
                return {'pk': int(identifier)}

        view = Padded.as_view({'get': 'iiif_image'}, basename='padded')
        path = f'000{stored.pk}/info.json'
        request = RequestFactory().get(f'/padded/3/{path}')
        assert view(request, version='3', path=path).status_code == 200

    @pytest.mark.parametrize('service', ['iiif', 'names', 'folder', 'slugs'])
    def test_what_is_too_long_for_a_name_is_looked_up_nowhere(
        self, client: Client, service: str, django_assert_num_queries: Any
    ) -> None:
        for tail in ('', '/info.json', '/full/max/0/default.jpg'):
            with django_assert_num_queries(0):
                response = client.get(f'/{service}/2/{"1" * 4097}{tail}')
            assert response.status_code == 404

    def test_a_hook_of_more_than_one_lookup(self) -> None:
        class Two(services.Images):
            def get_iiif_lookup(self, identifier: str) -> dict[str, Any]:
                return {'pk': 1, 'name': identifier}

        view = Two.as_view({'get': 'iiif_image'}, basename='two')
        with pytest.raises(ImproperlyConfigured, match='one lookup, not 2'):
            view(RequestFactory().get('/two/3/1/info.json'), version='3', path='1/info.json')


class TestHooks:
    def test_each_image_has_its_own(self, client: Client, image_file: Callable[..., Any]) -> None:
        small = image_file(factories.gradient(100, 200), fields={'name': 'small'})
        large = image_file(factories.gradient(100, 200), fields={'name': 'large'})
        for instance, width in ((small, 50), (large, 200)):
            start = f'/described/3/{instance.pk}'
            info = client.get(f'{start}/info.json').json()
            assert info['rights'] == f'https://example.org/{instance.name}'
            # It has no place in 3.0.
            assert 'attribution' not in info
            assert info.get('maxWidth') == (50 if width == 50 else None)
            assert size_of(client.get(f'{start}/full/max/0/default.jpg'))[0] == width
            older = client.get(f'/described/2/{instance.pk}/info.json').json()
            assert (older['license'], older['attribution']) == (info['rights'], 'Us')

    def test_what_is_said_may_change_while_the_file_does_not(
        self, client: Client, stored: Any, django_assert_num_queries: Any
    ) -> None:
        path = f'/described/3/{stored.pk}/info.json'
        before = client.get(path)
        stored.name = 'renamed'
        stored.save()
        with django_assert_num_queries(1):
            after = client.get(path, HTTP_IF_NONE_MATCH=before['ETag'])
        assert after.json()['rights'] == 'https://example.org/renamed'
        unchanged = client.get(path, HTTP_IF_NONE_MATCH=after['ETag'])
        assert unchanged.status_code == 304


class TestCaches:
    def test_pictures_are_kept(
        self, stored: Any, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = f'/iiif/3/{stored.pk}/full/max/0/default.jpg'
        first = client.get(path)
        monkeypatch.setattr('django_large_image.rest.image.open_source', refuse)
        second = client.get(path)
        assert second.content == first.content
        assert second.headers.items() == first.headers.items()
        found = caches.statistics()['derivatives']
        assert (found['gets'], found['hits'], found['stored']) == (2, 1, 1)
        assert found['stored_bytes'] > len(first.content)

    def test_not_where_they_are_switched_off(
        self, stored: Any, client: Client, settings: Any
    ) -> None:
        settings.LARGE_IMAGE = {'TILE_CACHE': False}
        for path in ('info.json', 'full/max/0/default.jpg'):
            assert client.get(f'/iiif/3/{stored.pk}/{path}').status_code == 200
        found = caches.statistics()
        assert found['info']['gets'] == found['derivatives']['gets'] == 0

    def test_timings(self, stored: Any, client: Client, settings: Any) -> None:
        settings.LARGE_IMAGE = {'SERVER_TIMING': True}
        path = f'/iiif/3/{stored.pk}/full/50,/0/default.jpg'
        assert 'cache;desc="miss"' in client.get(path)['Server-Timing']
        assert 'cache;desc="hit"' in client.get(path)['Server-Timing']


def test_16_bits_are_stretched_unless_a_style_says_otherwise(
    client: Client, image_file: Callable[..., Any]
) -> None:
    row = np.linspace(10_000, 20_000, 64).astype('uint16')
    data = np.broadcast_to(row[:, None], (3, 64, 64)).copy()
    path = f'/iiif/3/{image_file(data).pk}/full/max/0/default.jpg'
    assert np.ptp(pixels(client.get(path))) > 200
    bands = [
        {'band': number, 'palette': ['#000', color], 'min': 0, 'max': 65535}
        for number, color in enumerate(('#f00', '#0f0', '#00f'), 1)
    ]
    shown = pixels(client.get(path, {'style': json.dumps({'bands': bands})}))
    assert np.abs(shown[-1, -1].astype(int) - 20_000 / 257).max() <= 3
    grey = pixels(client.get(path, {'band': 1, 'min': 0, 'max': 65535}))
    assert np.abs(grey[-1, -1].astype(int) - 20_000 / 257).max() <= 3
