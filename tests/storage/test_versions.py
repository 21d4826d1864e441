"""Versions are asked once in a while, by one thread, and failures are not remembered."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from django_large_image.exceptions import BusyError
from django_large_image.storage import versions
from django_large_image.storage.versions import Versions, forget, remembered


@pytest.fixture
def clock(monkeypatch):
    """The time in seconds, which the test moves."""
    now = [1000.0]
    monkeypatch.setattr(versions.time, 'monotonic', lambda: now[0])
    return now


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    kept = Versions()
    monkeypatch.setattr(versions, '_versions', kept)
    monkeypatch.setattr(versions, 'forget', kept.forget)
    return kept


class Store:
    """A store that counts how often it is asked."""

    def __init__(self, version='1'):
        self.version, self.asked = version, 0

    def __call__(self):
        self.asked += 1
        if isinstance(self.version, Exception):
            raise self.version
        return self.version


def test_a_store_is_asked_again_after_a_while(settings, clock):
    settings.LARGE_IMAGE = {'VERSION_MAX_AGE': 5}
    store = Store()
    for clock[0], asked in [(1000, 1), (1004.9, 1), (1005, 2), (1009, 2), (1010.1, 3)]:
        assert remembered('key', store) == '1'
        assert store.asked == asked


def test_without_an_age_it_is_asked_each_time(settings):
    settings.LARGE_IMAGE = {'VERSION_MAX_AGE': 0}
    store = Store()
    assert [remembered('key', store) for _ in range(3)] == ['1'] * 3
    assert store.asked == 3


def test_a_change_is_told_once(settings, clock):
    settings.LARGE_IMAGE = {'VERSION_MAX_AGE': 5}
    store, changes = Store(), []
    for version in ('1', '1', '2', '2', '3'):
        store.version = version
        assert remembered('key', store, lambda: changes.append(store.version)) == version
        clock[0] += 6
    assert changes == ['1', '2', '3']


def test_a_change_is_told_of_a_key_that_was_forgotten_meanwhile(monkeypatch, settings):
    """What else is kept of it may be older."""
    settings.LARGE_IMAGE = {'VERSION_MAX_AGE': 3600}
    monkeypatch.setattr(versions, '_MAX_OBJECTS', 1)
    store, changes = Store(), []
    for version in ('1', '2'):
        store.version = version
        assert remembered('key', store, lambda: changes.append(store.version)) == version
        remembered('other', Store())
    assert changes == ['1', '2']


def test_failures_are_not_remembered(clock):
    store = Store(BusyError())
    for _ in range(2):
        with pytest.raises(BusyError):
            remembered('key', store)
    assert store.asked == 2
    store.version = '1'
    assert remembered('key', store) == '1'


def test_a_version_that_is_known_to_be_old_is_asked_for_anew(fresh, clock):
    store, changes = Store(), []
    remembered('key', store)
    fresh.forget('key')
    fresh.forget('unknown')
    store.version = '2'
    assert remembered('key', store, lambda: changes.append(1)) == '2'
    assert (store.asked, changes) == (2, [1])
    assert forget is not None


def test_threads_share_one_question():
    gate, waiting = threading.Event(), []

    class Slow(Store):
        def __call__(self):
            gate.wait(10)
            return super().__call__()

    store = Slow()

    def visit(number):
        waiting.append(number)
        if len(waiting) == 8:
            gate.set()
        return remembered('key', store)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(visit, range(8))) == ['1'] * 8
    assert store.asked == 1


def test_keys_are_apart_and_the_oldest_are_forgotten(monkeypatch):
    monkeypatch.setattr(versions, '_MAX_OBJECTS', 2)
    stores = {name: Store(name) for name in 'abc'}
    for name in 'abcb':
        assert remembered(name, stores[name]) == name
    remembered('a', stores['a'])
    assert [store.asked for store in stores.values()] == [2, 1, 1]
