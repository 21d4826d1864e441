"""Buckets: what tells those apart who ask, and what a refusal leads to."""

from __future__ import annotations

import os

import pytest

from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.storage.answers import Answer
from django_large_image.storage.bucket import Bucket, Clients, again, lower, plain
from django_large_image.storage.objects import Version


class Teller:
    """A client whose answers are of one status."""

    def __init__(self, status):
        self.status, self.refusals = status, 0

    def head(self, bucket, key):
        return Answer(self.status, {'content-length': '5'})

    def get(self, bucket, key, version, start, end):
        return Answer(self.status, {}, bytes(end - start))

    def refused(self):
        self.refusals += 1


@pytest.mark.parametrize(
    ('status', 'error', 'refusals'),
    [
        (403, UnreadableError, 2),
        (404, UnreadableError, 2),
        (412, BusyError, 0),
        (503, BusyError, 0),
    ],
)
def test_a_client_is_told_of_refusals(status, error, refusals):
    client = Teller(status)
    bucket = Bucket('images', 'label', client)
    version = Version(5, '"1"', '', '', '', '')
    for ask in (lambda: bucket.head('a.tif'), lambda: bucket.get('a.tif', version, 0, 5)):
        with pytest.raises(error) as raised:
            ask()
        assert 'images' not in raised.value.detail
    assert client.refusals == refusals


def test_clients_are_of_one_owner_and_of_what_they_were_made_of():
    class Owner:
        """A storage."""

    clients, owner, other = Clients(), Owner(), Owner()
    first = clients.get(owner, (1,), object)
    assert clients.get(owner, (1,), object) is first
    theirs = clients.get(other, (1,), object)
    second = clients.get(owner, (2,), object)
    assert len({id(first), id(theirs), id(second)}) == 3
    clients.drop(first)
    assert clients.get(owner, (2,), object) is second
    clients.drop(second)
    assert clients.get(owner, (2,), object) is not second
    assert clients.get(other, (1,), object) is theirs


def test_a_child_process_has_no_client_of_its_parent():
    clients = Clients()
    found = clients.get(clients, (), object)
    child = os.fork()
    if not child:
        os._exit(clients.get(clients, (), object) is found)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert clients.get(clients, (), object) is found


def test_what_tells_lenders_apart():
    class Lender:
        def __init__(self, role):
            self.role, self.borrowed = role, object()

    assert plain(Lender('a')) == plain(Lender('a'))
    assert plain(Lender('a')) != plain(Lender('b'))
    assert plain(Lender('a')) != plain(Teller('a'))


def test_a_closed_connection_is_made_anew_once():
    failures = [ConnectionResetError(), None]

    def ask():
        failure = failures.pop(0)
        if failure is not None:
            raise failure
        return 'answer'

    assert again(ask, ConnectionResetError) == 'answer'
    failures += [ConnectionResetError(), ConnectionResetError(), None]
    with pytest.raises(ConnectionResetError):
        again(ask, ConnectionResetError)
    assert failures == [None]


def test_headers_have_one_case():
    assert lower([('ETag', '"A"'), ('content-length', '5')]) == {
        'etag': '"A"',
        'content-length': '5',
    }
