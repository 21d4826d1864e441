"""The client: ranges of allowed hosts within the time limit, and faults told apart."""

from __future__ import annotations

import logging
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest

from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.storage import http
from tests.servers.http import running

CONTENT = bytes(range(256)) * 1024


@pytest.fixture
def site(web, settings):
    """A server that may be asked, with one file."""
    settings.LARGE_IMAGE = {'URL_PREFIXES': [web.url], 'REMOTE_TIMEOUT': 1}
    web.files['a.bin'] = CONTENT
    return web


def test_a_range_is_what_was_asked_for(site):
    answer = http.get(site.url + 'a.bin', 1000, 70000, {})
    assert answer.body == CONTENT[1000:70000]
    assert site.asked == [('GET', '/a.bin', 'bytes=1000-69999')]


def test_a_head_has_no_body(site):
    answer = http.head(site.url + 'a.bin')
    assert (answer.status, answer.headers['content-length'], answer.body) == (200, '262144', b'')


def test_a_server_that_ends_each_connection(site):
    site.closes = True
    for start in (0, 5000):
        assert http.get(site.url + 'a.bin', start, 70000, {}).body == CONTENT[start:70000]


@pytest.mark.parametrize('status', [403, 405, 501])
def test_a_server_without_heads_is_asked_for_a_byte(site, status):
    site.fault, site.faulty = f'status {status}', ('HEAD',)
    answer = http.head(site.url + 'a.bin')
    assert (answer.status, answer.body) == (206, b'\0')
    assert answer.headers['content-range'].endswith('/262144')


def test_a_connection_is_used_again(site, monkeypatch):
    dialled = []
    dial = http._dial
    monkeypatch.setattr(http, '_dial', lambda *args: dialled.append(args) or dial(*args))
    for start in range(5):
        http.get(site.url + 'a.bin', start, start + 10, {})
    assert len(dialled) == 1


def test_a_connection_that_was_closed_meanwhile_is_made_anew(site):
    http.head(site.url + 'a.bin')
    (idle,) = http._idle._idle.values()
    idle[0].sock._socket.shutdown(socket.SHUT_RDWR)
    assert http.head(site.url + 'a.bin').status == 200


@pytest.mark.parametrize(
    ('fault', 'error'),
    [
        *((f'status {status}', UnreadableError) for status in (400, 401, 403, 404, 410, 416)),
        *((f'status {status}', BusyError) for status in (408, 412, 429, 500, 502, 503, 504)),
        *((fault, BusyError) for fault in ('silent', 'drip', 'stall', 'short', 'drop')),
        ('unranged', UnreadableError),
    ],
)
def test_faults(site, fault, error):
    site.fault = fault
    began = time.monotonic()
    with pytest.raises(error) as raised:
        http.get(site.url + 'a.bin', 0, 5000, {})
    # The limit is 1 s.
    assert time.monotonic() - began < 8
    assert '127.0.0.1' not in raised.value.detail
    site.fault = ''
    assert http.get(site.url + 'a.bin', 0, 5000, {}).body == CONTENT[:5000]


def test_a_server_that_is_down(settings):
    with socket.socket() as closed:
        closed.bind(('127.0.0.1', 0))
        url = f'http://127.0.0.1:{closed.getsockname()[1]}/'
        settings.LARGE_IMAGE = {'URL_PREFIXES': [url], 'REMOTE_TIMEOUT': 1}
        with pytest.raises(BusyError):
            http.head(url + 'a.tif')


def test_redirects_are_followed_within_the_prefixes(site):
    site.redirects |= {'old.bin': '/older.bin', 'older.bin': site.url + 'a.bin?x=1'}
    assert http.head(site.url + 'old.bin').url == site.url + 'a.bin?x=1'


@pytest.mark.parametrize(
    'target',
    [
        'http://localhost:{port}/a.bin',
        'http://127.1:{port}/a.bin',
        'http://2130706433:{port}/a.bin',
        'http://[::ffff:127.0.0.1]:{port}/a.bin',
        'http://169.254.169.254/latest/meta-data/',
        'http://127.0.0.1:1/a.bin',
        'file:///etc/passwd',
        'https://example.org/a.bin',
        '//example.org/a.bin',
        's3://bucket/a.bin',
        '%2e%2e/a.bin',
    ],
)
def test_and_nowhere_else(site, target, monkeypatch):
    site.redirects['out.bin'] = target.format(port=site.port)
    dialled = []
    dial = http._dial
    monkeypatch.setattr(http, '_dial', lambda *args: dialled.append(args) or dial(*args))
    with pytest.raises(UnreadableError):
        http.head(site.url + 'out.bin')
    assert dialled == [('127.0.0.1', site.port)]


def test_a_ring_of_redirects_ends(site):
    site.redirects |= {'a': '/b', 'b': '/a'}
    with pytest.raises(UnreadableError, match='too often'):
        http.head(site.url + 'a')
    assert len(site.asked) == 6


def test_a_name_is_resolved_once_and_its_address_asked(settings, web, monkeypatch):
    """A second answer of the name server, to another address, changes nothing."""
    web.files['a.bin'] = CONTENT
    settings.LARGE_IMAGE = {
        'URL_PREFIXES': [f'http://host.example:{web.port}/'],
        'URL_PRIVATE_HOSTS': ['host.example'],
    }
    asked = []

    def lead(host, port, *args, **kwargs):
        asked.append(host)
        address = '127.0.0.1' if asked.count('host.example') == 1 else '169.254.169.254'
        return [
            (
                socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                '',
                ((host[:4] == 'host' and address) or host, port),
            )
        ]

    monkeypatch.setattr(socket, 'getaddrinfo', lead)
    assert http.head(f'http://host.example:{web.port}/a.bin').status == 200
    assert asked.count('host.example') == 1
    assert web.headers[0]['Host'] == f'host.example:{web.port}'


def test_passwords_go_to_their_own_host_and_into_no_log(site, settings, caplog):
    other = f'http://localhost:{site.port}/'
    settings.LARGE_IMAGE = {'URL_PREFIXES': [site.url, other], 'REMOTE_TIMEOUT': 1}
    caplog.set_level(logging.DEBUG)
    url = site.url.replace('//', '//user:w%40rd@')
    site.redirects |= {'same': '/a.bin?signature=secret', 'away': f'{other}a.bin'}
    http.head(url + 'same')
    http.head(url + 'away')
    sent = [headers.get('Authorization') for headers in site.headers]
    assert sent == ['Basic dXNlcjp3QHJk'] * 3 + [None]
    site.fault = 'status 500'
    for failing in (url + 'same', site.url + 'a.bin?signature=secret'):
        with pytest.raises(BusyError) as raised:
            http.head(failing)
        assert 'secret' not in raised.value.detail
    assert 'w%40rd' not in caplog.text
    assert 'secret' not in caplog.text


def test_threads_have_connections_of_their_own(site):
    wrong = []

    def ask(start):
        for step in range(20):
            first = start * 1000 + step
            if (
                http.get(site.url + 'a.bin', first, first + 5000, {}).body
                != CONTENT[first : first + 5000]
            ):
                wrong.append(first)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sum(map(len, http._idle._idle.values())) <= 8


@pytest.fixture
def certified(tmp_path, monkeypatch):
    """A server at `https://localhost` whose certificate this process trusts."""
    if shutil.which('openssl') is None:
        pytest.skip('openssl is not installed.')
    certificate, key = tmp_path / 'certificate', tmp_path / 'key'
    command = ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
    command += ['-nodes', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    command += ['-days', '1', '-keyout', str(key), '-out', str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv('SSL_CERT_FILE', str(certificate))
    http._tls.cache_clear()
    with running(context) as server:
        server.files['a.bin'] = CONTENT
        yield server
    http._idle.close()
    http._tls.cache_clear()


def test_https_checks_the_name(certified, settings):
    port = certified.port
    settings.LARGE_IMAGE = {
        'URL_PREFIXES': [f'https://localhost:{port}/', f'https://127.0.0.1:{port}/'],
        'REMOTE_TIMEOUT': 1,
    }
    for start in (0, 1000):
        answer = http.get(f'https://localhost:{port}/a.bin', start, start + 70_000, {})
        assert answer.body == CONTENT[start : start + 70_000]
    # Another name of the same server, which the certificate does not have.
    with pytest.raises(BusyError):
        http.head(f'https://127.0.0.1:{port}/a.bin')
    certified.fault = 'stall'
    with pytest.raises(BusyError):
        http.get(f'https://localhost:{port}/a.bin', 0, 70_000, {})
