"""The base URI of a service is what the client has asked for."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import resolve

from django_large_image.iiif.addresses import requested_uri, service_path

pytestmark = pytest.mark.urls('tests.iiif.services')


def uri(path: str, identifier: str, tail: int, **meta: Any) -> str:
    return requested_uri(RequestFactory().get(path, **meta), identifier, tail)


@pytest.mark.parametrize(
    ('path', 'identifier', 'tail', 'expected'),
    [
        ('/iiif/3/1', '1', 0, '/iiif/3/1'),
        ('/iiif/3/1/', '1', 0, '/iiif/3/1'),
        ('/iiif/3/1/info.json', '1', 1, '/iiif/3/1'),
        ('/iiif/3/1/full/max/0/default.jpg?x=/', '1', 4, '/iiif/3/1'),
        ('/iiif/3/a%2Fb.tif/info.json', 'a/b.tif', 1, '/iiif/3/a%2Fb.tif'),
        ('/iiif/3/a/b.tif/info.json', 'a/b.tif', 1, '/iiif/3/a%2Fb.tif'),
        ('/%C3%A4/iiif/3/%C3%B6%25/info.json', 'ö%', 1, '/%C3%A4/iiif/3/%C3%B6%25'),
        ('/iiif/3/ark:%2F1%2F2/info.json', 'ark:/1/2', 1, '/iiif/3/ark%3A%2F1%2F2'),
    ],
)
def test_encoded_again(path: str, identifier: str, tail: int, expected: str) -> None:
    """Where the server tells nothing but the decoded path."""
    assert uri(path, identifier, tail) == f'http://testserver{expected}'


@pytest.mark.parametrize('name', ['RAW_URI', 'REQUEST_URI'])
@pytest.mark.parametrize(
    ('sent', 'identifier', 'expected'),
    [
        ('/iiif/3/ark:%2f1%2F2/info.json?a=/b', 'ark:/1/2', 'ark:%2f1%2F2'),
        ('/iiif/3/a%2Db/info.json', 'a-b', 'a%2Db'),
        ('/iiif/3/a/b/info.json', 'a/b', 'a/b'),
        ('http://testserver/iiif/3/a,b/info.json', 'a,b', 'a%2Cb'),
        # What cannot be what the client has asked for.
        ('/other/3/elsewhere/info.json', 'a,b', 'a%2Cb'),
        ('/iiif/3/"<x>"/info.json', '"<x>"', '%22%3Cx%3E%22'),
        ('/iiif/3/ä/info.json', 'ä', '%C3%A4'),
        ('*', 'a', 'a'),
    ],
)
def test_as_the_client_has_encoded_it(name: str, sent: str, identifier: str, expected: str) -> None:
    from urllib.parse import quote

    path = f'/iiif/3/{quote(identifier)}/info.json'
    found = uri(path, identifier, 1, **{name: sent})
    assert found == f'http://testserver/iiif/3/{expected}'


def test_behind_a_proxy_that_takes_the_script_name_away() -> None:
    for sent in ('/app/iiif/3/a%2Db/info.json', '/iiif/3/a%2Db/info.json'):
        found = uri('/iiif/3/a-b/info.json', 'a-b', 1, SCRIPT_NAME='/app', RAW_URI=sent)
        assert found == 'http://testserver/app/iiif/3/a%2Db'
    found = uri('/iiif/3/a-b/info.json', 'a-b', 1, SCRIPT_NAME='/app')
    assert found == 'http://testserver/app/iiif/3/a-b'


def test_host_and_scheme_are_the_proxys_where_the_settings_trust_it(settings: Any) -> None:
    told = {'HTTP_X_FORWARDED_HOST': 'iiif.example:8443', 'HTTP_X_FORWARDED_PROTO': 'https'}
    assert uri('/iiif/3/1', '1', 0, **told) == 'http://testserver/iiif/3/1'
    settings.USE_X_FORWARDED_HOST = True
    settings.SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')
    assert uri('/iiif/3/1', '1', 0, **told) == 'https://iiif.example:8443/iiif/3/1'


@pytest.mark.parametrize(
    ('path', 'basename', 'expected'),
    [
        ('/iiif/3/1/manifest', 'iiif', '/iiif/2/a%2Fb%25'),
        ('/names/collection', 'names', '/names/2/a%2Fb%25'),
        ('/in/there/names/3/1/manifest', 'names', '/in/there/names/2/a%2Fb%25'),
    ],
)
def test_services_beside_a_request(path: str, basename: str, expected: str) -> None:
    assert service_path(resolve(path), basename, '2', 'a/b%') == expected
