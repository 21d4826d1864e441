"""Which URLs the settings allow."""

from __future__ import annotations

import pytest

from django_large_image.exceptions import UnreadableError
from django_large_image.storage.prefixes import Address, allowed, prefixes

PREFIXES = [
    'https://data.example.org/scans/',
    'https://example.org/one.tif',
    'http://127.0.0.1:9000/',
    'http://[::1]:8080/x',
    'https://bücher.example/',
    's3://bucket/images/',
    'gs://open',
]
INSIDE = [
    'https://data.example.org/scans/a.tif',
    'HTTPS://DATA.Example.ORG/scans/a.tif',
    'https://data.example.org:443/scans/a.tif',
    'https://data.example.org./scans/a.tif',
    'https://user:word@data.example.org/scans/a.tif',
    'https://data.example.org/scans/deep/er/a%20b.tif?token=1#part',
    'https://data.example.org/scans/a..b.tif',
    'https://data.example.org/scans/Grün.tif',
    'https://example.org/one.tif?v=2',
    'http://127.0.0.1:9000/x.tif',
    'http://[::1]:8080/x/y.tif',
    'http://[0:0:0:0:0:0:0:1]:8080/x/y.tif',
    'https://bücher.example/a.tif',
    'https://xn--bcher-kva.example/a.tif',
    's3://bucket/images/a.tif',
    'gs://open/a.tif',
]
OUTSIDE = [
    'http://data.example.org/scans/a.tif',
    'https://data.example.org:8443/scans/a.tif',
    'https://data.example.org.evil.example/scans/a.tif',
    'https://data.example.org@evil.example/scans/a.tif',
    'https://data.example.org%2fscans@evil.example/a.tif',
    'https://evil.example/https://data.example.org/scans/a.tif',
    'https://evildata.example.org/scans/a.tif',
    'https://data.example.org/scans-private/a.tif',
    'https://data.example.org/SCANS/a.tif',
    'https://data.example.org/a.tif',
    'https://example.org/one.tif.bak',
    'http://127.0.0.1/x.tif',
    'http://2130706433:9000/x.tif',
    'http://0x7f.1:9000/x.tif',
    'http://0177.0.0.1:9000/x.tif',
    'http://[::ffff:127.0.0.1]:9000/x.tif',
    's3://bucket-of-others/images/a.tif',
    's3://bucket/other.tif',
    'az://container/a.tif',
]
NO_URLS = [
    '',
    'a.tif',
    '//data.example.org/scans/a.tif',
    'file:///etc/passwd',
    'ftp://data.example.org/scans/a.tif',
    'gopher://data.example.org/scans/a.tif',
    'https:///scans/a.tif',
    'https://data.example.org/scans/../a.tif',
    'https://data.example.org/scans/%2e%2e/a.tif',
    'https://data.example.org/scans/%2e%2e%2fa.tif',
    'https://data.example.org/scans/%252e%252e/a.tif',
    'https://data.example.org/scans/%25252525252e%25252525252e/a.tif',
    'https://data.example.org/scans/..\\a.tif',
    'https://data.example.org/scans/..%5ca.tif',
    'https://data.example.org\\@evil.example/scans/a.tif',
    'https://data.example.org/scans/a.tif\n',
    'https://data.example.org/scans/a.tif HTTP/1.1',
    'https://data.example.org/scans/a%00.tif',
    'https://data.example.org/scans/a%0d%0aHost:x.tif',
    'https://data.example.org:port/scans/a.tif',
    'http://127.0.0.1:90001/x.tif',
    'https://[::1/scans/a.tif',
    'https://da ta.example.org/scans/a.tif',
]


@pytest.fixture(autouse=True)
def allow(settings):
    settings.LARGE_IMAGE = {'URL_PREFIXES': PREFIXES}


@pytest.mark.parametrize('url', INSIDE)
def test_what_lies_below_a_prefix_is_allowed(url):
    assert Address.parse(allowed(url).url) == allowed(url)


@pytest.mark.parametrize('url', OUTSIDE)
def test_all_else_is_not(url):
    with pytest.raises(UnreadableError, match='Images at this address are not allowed'):
        allowed(url)


@pytest.mark.parametrize('url', NO_URLS)
def test_what_is_no_plain_url_is_refused(url):
    with pytest.raises(UnreadableError, match=r'not (valid|allowed)'):
        allowed(url)


@pytest.mark.parametrize('url', INSIDE)
def test_by_default_nothing_is_allowed(settings, url):
    settings.LARGE_IMAGE = {}
    with pytest.raises(UnreadableError, match='not allowed'):
        allowed(url)


def test_a_prefix_without_a_host_allows_all_of_its_scheme(settings):
    settings.LARGE_IMAGE = {'URL_PREFIXES': ['https://']}
    assert allowed('https://any.example/a.tif').host == 'any.example'
    with pytest.raises(UnreadableError):
        allowed('http://any.example/a.tif')


@pytest.mark.parametrize('text', ['https://u:p@example.org/', 'https://a/?x', 'example.org', '/a'])
def test_a_prefix_is_a_plain_url(text):
    with pytest.raises(ValueError, match=r'.'):
        prefixes((text,))


def test_a_log_sees_no_secret():
    address = Address.parse('https://user:word@example.org:8443/a.tif?signature=secret')
    assert str(address) == 'https://example.org:8443/a.tif'
    assert (address.user, address.target) == ('user:word', '/a.tif?signature=secret')


def test_what_stands_for_a_url_is_of_this_project_alone(settings):
    address = Address.parse('https://user:word@example.org/a.tif')
    other = Address.parse('https://user:words@example.org/a.tif')
    labels = {address.label, other.label}
    settings.SECRET_KEY = 'another one'
    labels |= {address.label, other.label}
    assert len(labels) == 4
