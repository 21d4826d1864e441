"""Which addresses are asked; names are resolved by a table of the test's own."""

from __future__ import annotations

import socket

import pytest

from django_large_image.exceptions import UnreadableError
from django_large_image.storage import addresses

PUBLIC = ['93.184.215.14', '8.8.8.8', '2606:4700::6810:84e5', '64:ff9b::808:808']
PRIVATE = [
    *('127.0.0.1', '127.9.9.9', '10.0.0.1', '172.16.5.4', '192.168.1.1', '100.64.0.1'),
    *('::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::1', 'fd00::1'),
]
NEVER = [
    *('0.0.0.0', '169.254.169.254', '224.0.0.1', '240.0.0.1', '255.255.255.255'),
    *('::', 'fe80::1', 'ff02::1', '::ffff:169.254.169.254', '::169.254.169.254'),
    *('64:ff9b::a9fe:a9fe', '64:ff9b:1::1'),
]


@pytest.fixture
def names(monkeypatch):
    """Have `host.example` lead to addresses."""
    known: list[str] = []

    def lead(host, port, **kwargs):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, '', (address, port)) for address in known]

    monkeypatch.setattr(socket, 'getaddrinfo', lead)
    return known


def allow(settings, prefix='https://host.example/', private=()):
    settings.LARGE_IMAGE = {'URL_PREFIXES': [prefix], 'URL_PRIVATE_HOSTS': private}


@pytest.mark.parametrize('address', PUBLIC)
def test_public_addresses_are_asked(settings, names, address):
    allow(settings)
    names += [address]
    assert addresses.resolve('host.example', 443) == [address]


@pytest.mark.parametrize('address', [*PRIVATE, *NEVER])
def test_a_name_that_leads_elsewhere_is_refused(settings, names, address):
    allow(settings)
    # One bad address is enough: which one is asked may change.
    names += [PUBLIC[0], address]
    with pytest.raises(UnreadableError, match='not allowed') as refused:
        addresses.resolve('host.example', 443)
    assert address not in refused.value.detail


@pytest.mark.parametrize('address', PRIVATE)
def test_hosts_of_ones_own_may_be_private(settings, names, address):
    allow(settings, private=['host.example'])
    names += [address]
    assert addresses.resolve('host.example', 443) == [address]


@pytest.mark.parametrize('address', NEVER)
def test_but_nothing_else(settings, names, address):
    allow(settings, private=['host.example'])
    names += [address]
    with pytest.raises(UnreadableError):
        addresses.resolve('host.example', 443)


@pytest.mark.parametrize(
    ('prefix', 'host', 'may'),
    [
        ('http://127.0.0.1:9000/', '127.0.0.1', True),
        ('http://127.0.0.1:9000/', '127.0.0.2', False),
        ('http://localhost:9000/', 'localhost', True),
        ('http://', 'localhost', False),
        ('http://', '127.0.0.1', False),
        ('http://', '2130706433', False),
        ('http://', '0177.0.0.1', False),
        ('http://', '0x7f.1', False),
        ('http://', '::1', False),
        ('http://[::1]/', '::1', True),
    ],
)
def test_an_address_has_to_be_named_itself(settings, prefix, host, may):
    allow(settings, prefix)
    if may:
        assert addresses.resolve(host, 80)
    else:
        with pytest.raises((UnreadableError, OSError)):
            addresses.resolve(host, 80)
