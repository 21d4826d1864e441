"""Django's cache below tiles, statistics and large-image."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache as django_cache
from large_image.cache_util import cachefactory
from large_image.exceptions import TileCacheConfigurationError

from django_large_image import cache
from django_large_image.cache import DjangoCache, SingleFlight


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    django_cache.clear()
    cache.generations.forget()
    yield
    django_cache.clear()
    cache.generations.forget()


def test_keys_are_prefixed_bounded_and_tell_parts_apart() -> None:
    key = cache.make_key('tile', 'x' * 100_000)
    assert key.startswith('large-image:')
    assert len(key) < 100
    assert cache.make_key('a', 'bc') != cache.make_key('ab', 'c')
    assert cache.make_key('a', 1) == cache.make_key('a', 1)


def test_values_come_back() -> None:
    key = cache.make_key('one')
    assert cache.get(key) is None
    cache.put(key, b'tile')
    assert cache.get(key) == b'tile'


def test_too_many_bytes_are_not_stored(settings: Any) -> None:
    settings.LARGE_IMAGE = {'TILE_CACHE_MAX_BYTES': 10}
    cache.put(cache.make_key('small'), b'x' * 10)
    cache.put(cache.make_key('large'), b'x' * 11)
    assert cache.get(cache.make_key('small')) == b'x' * 10
    assert cache.get(cache.make_key('large')) is None


def test_clear_forgets_our_keys_only() -> None:
    django_cache.set('theirs', 1)
    cache.put(cache.make_key('ours'), b'1')
    cache.clear()
    assert cache.get(cache.make_key('ours')) is None
    assert django_cache.get('theirs') == 1
    cache.put(cache.make_key('ours'), b'2')
    assert cache.get(cache.make_key('ours')) == b'2'


def test_another_process_sees_a_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    other = cache.Generations()
    before = other.current('default')
    cache.clear()
    later = time.monotonic() + 5
    monkeypatch.setattr(time, 'monotonic', lambda: later)
    assert other.current('default') != before


def test_one_thread_makes_what_many_ask_for() -> None:
    made = []
    started = threading.Barrier(8)

    def make() -> bytes:
        made.append(1)
        # Long enough for the others to arrive.
        threading.Event().wait(0.05)
        return b'made'

    results = []

    def ask() -> None:
        started.wait()
        results.append(cache.get_or_make(cache.make_key('shared'), make))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [b'made'] * 8
    assert len(made) == 1


def test_a_failure_is_not_kept_and_not_shared() -> None:
    key = cache.make_key('failing')

    def fail() -> bytes:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        cache.get_or_make(key, fail)
    assert cache.get_or_make(key, lambda: b'fine') == b'fine'


def test_none_is_a_value() -> None:
    key = cache.make_key('none')
    assert cache.get_or_make(key, lambda: None) is None
    assert cache.get_or_make(key, lambda: b'again') is None


def test_different_keys_do_not_wait_for_each_other() -> None:
    flight = SingleFlight()
    with flight('a'), flight('b'):
        pass
    assert flight._flights == {}


class TestDjangoCache:
    """The cache that large-image itself works with."""

    def test_is_the_one_that_large_image_uses(self) -> None:
        found, lock = cachefactory.CacheFactory().getCache()
        assert isinstance(found, DjangoCache)
        # No lock of the process is held while a cache server is asked.
        assert lock is None

    def test_is_a_mapping_of_bytes(self) -> None:
        tiles, _ = DjangoCache.getCache()
        with pytest.raises(KeyError):
            tiles['a']
        tiles['a'] = b'tile'
        assert 'a' in tiles
        assert tiles['a'] == b'tile'
        del tiles['a']
        assert 'a' not in tiles

    def test_keeps_no_arrays(self) -> None:
        tiles, _ = DjangoCache.getCache()
        tiles['array'] = [[1, 2]]
        assert 'array' not in tiles

    def test_clear_leaves_others_alone(self) -> None:
        tiles, _ = DjangoCache.getCache()
        django_cache.set('theirs', 1)
        tiles['a'] = b'tile'
        tiles.clear()
        assert 'a' not in tiles
        assert django_cache.get('theirs') == 1

    def test_an_unknown_alias_is_a_configuration_error(self, settings: Any) -> None:
        settings.LARGE_IMAGE = {'CACHE_NAME': 'nowhere'}
        with pytest.raises(TileCacheConfigurationError):
            DjangoCache.getCache()

    def test_sizes_are_unknown(self) -> None:
        tiles, _ = DjangoCache.getCache()
        assert (len(tiles), list(tiles), tiles.currsize, tiles.maxsize, tiles.curritems) == (
            0,
            [],
            0,
            0,
            0,
        )
        assert repr(tiles) == "DjangoCache<'default'>"
