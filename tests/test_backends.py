"""The cache that is bounded in bytes."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import pytest

from django_large_image import backends
from django_large_image.backends import BoundedLocMemCache


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Any:
    """A new cache of some bytes: `make(10_000)`."""

    def make(size: int | None = None, **options: Any) -> BoundedLocMemCache:
        if size is not None:
            options['MAX_BYTES'] = size
        cache = BoundedLocMemCache(request.node.nodeid, {'OPTIONS': options})
        cache.clear()
        return cache

    return make


def weight(cache: BoundedLocMemCache, key: str, value: object) -> int:
    """Return what an entry is counted as."""
    return len(cache.make_key(key)) + len(pickle.dumps(value, pickle.HIGHEST_PROTOCOL)) + 400


def test_values_come_back_and_are_counted(make: Any) -> None:
    cache = make(100_000)
    cache.set('a', b'x' * 1000)
    assert cache.get('a') == b'x' * 1000
    assert cache.held_bytes == weight(cache, 'a', b'x' * 1000)
    cache.set('a', b'y')
    assert cache.held_bytes == weight(cache, 'a', b'y')
    assert cache.delete('a')
    assert not cache.delete('a')
    assert cache.held_bytes == 0
    assert cache.get('a') is None


def test_what_was_used_last_stays(make: Any) -> None:
    cache = make(5000)
    for name in 'abc':
        cache.set(name, b'x' * 1000)
    assert cache.get('a')
    cache.set('d', b'x' * 1000)
    assert [name for name in 'abcd' if cache.get(name)] == ['a', 'c', 'd']
    assert cache.held_bytes <= cache.max_bytes == 5000


def test_a_large_value_takes_the_place_of_many(make: Any) -> None:
    cache = make(5000)
    for name in 'abc':
        cache.set(name, b'x' * 1000)
    cache.set('large', b'x' * 4000)
    assert [name for name in ('a', 'b', 'c', 'large') if cache.get(name)] == ['large']


def test_what_is_larger_than_all_of_it_is_not_kept(make: Any) -> None:
    cache = make(5000)
    cache.set('a', b'small')
    cache.set('b', b'small')
    cache.set('b', b'x' * 6000)
    assert cache.get('a') == b'small'
    # Nor is what it was to replace.
    assert cache.get('b') is None
    assert cache.held_bytes == weight(cache, 'a', b'small')


def test_what_has_expired_is_counted_no_more(make: Any) -> None:
    cache = make(5000)
    cache.set('a', b'x', timeout=-1)
    assert cache.get('a') is None
    assert cache.held_bytes == 0
    cache.set('b', b'x', timeout=None)
    assert cache.touch('b', -1)
    assert not cache.has_key('b')
    assert cache.held_bytes == 0


def test_many_small_entries_are_no_bound_unless_one_is_set(make: Any) -> None:
    cache = make()
    for number in range(1000):
        cache.set(f'{number}', number)
    assert all(cache.get(f'{number}') == number for number in range(1000))
    assert cache.max_bytes == 256 * 1024 * 1024


@pytest.mark.parametrize(('frequency', 'left'), [(3, 8), (0, 1)])
def test_entries_may_be_bounded_too(make: Any, frequency: int, left: int) -> None:
    cache = make(MAX_ENTRIES=10, CULL_FREQUENCY=frequency)
    for number in range(11):
        cache.set(f'{number}', b'x')
    assert len([number for number in range(11) if cache.get(f'{number}')]) == left
    assert cache.get('10') == b'x'
    assert cache.held_bytes == sum(cache._ledger.sizes.values())
    assert len(cache._ledger.sizes) == left


def test_instances_of_one_name_share_what_they_hold(make: Any) -> None:
    one = make(5000)
    two = make(5000)
    one.set('a', b'x')
    assert two.get('a') == b'x'
    assert two.held_bytes == one.held_bytes > 0
    two.clear()
    assert one.held_bytes == 0
    assert one.get('a') is None


def test_counters_work(make: Any) -> None:
    cache = make(5000)
    assert cache.add('a', 1)
    assert not cache.add('a', 5)
    assert cache.incr('a', 300) == 301


def test_threads_keep_the_sum_right(make: Any) -> None:
    cache = make(20_000)

    def work(name: str) -> None:
        for number in range(300):
            cache.set(f'{name}{number % 50}', b'x' * number)
            cache.delete(f'{name}{(number * 7) % 50}')

    threads = [threading.Thread(target=work, args=(name,)) for name in 'abcd']
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < cache.held_bytes <= 20_000
    held = {key: len(key) + len(value) + 400 for key, value in cache._cache.items()}
    assert held == cache._ledger.sizes
    assert cache.held_bytes == sum(held.values())
    assert backends._ledgers
