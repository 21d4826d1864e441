"""Bytes of remote files: fetched once, in few requests, and held within a bound."""

from __future__ import annotations

import gc
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_large_image.exceptions import BusyError
from django_large_image.sources import extents
from django_large_image.sources.extents import Extents

SIZE = 3_000_000
CONTENT = np.random.default_rng(0).integers(0, 255, SIZE, 'uint8').tobytes()
FAR = 1_000_000


@pytest.fixture
def asked():
    return []


@pytest.fixture
def file(asked):
    def fetch(start, end):
        asked.append((start, end))
        return CONTENT[start:end]

    return Extents(SIZE, fetch)


def test_the_header_comes_at_once(file, asked):
    for start, end in [(0, 8), (8, 200), (5000, 5100), (0, 16384)]:
        assert file.read([(start, end)], 1) == [CONTENT[start:end]]
    assert asked == [(0, 16384)]


@pytest.mark.parametrize(
    ('size', 'header'),
    [(100, 100), (10**7, 16384), (10**8, 10**8 >> 12), (10**9, 10**9 >> 12), (10**12, 262144)],
)
def test_a_larger_file_has_a_larger_header(size, header):
    asked = []
    file = Extents(size, lambda start, end: asked.append((start, end)) or bytes(end - start))
    file.read([(0, 4)], 1)
    file.read([(0, min(size, 16384))], 1)
    assert asked == [(0, header)]


def test_small_steps_are_taken_by_ever_larger_requests(file, asked):
    for start in range(FAR, FAR + 400_000, 1000):
        assert file.read([(start, start + 1000)], 1) == [CONTENT[start : start + 1000]]
    assert len(asked) == 5, asked
    assert all(one[1] == other[0] for one, other in itertools.pairwise(asked))
    file.read([(2 * FAR, 2 * FAR + 10)], 1)
    assert asked[-1] == (2 * FAR, 2 * FAR + 16384)


def test_blocks_are_fetched_as_they_are_neighbours_together(file, asked):
    row = [(FAR, FAR + 5000), (FAR + 5000, FAR + 9000), (FAR + 40_000, FAR + 50_000)]
    assert file.read(row, 1) == [CONTENT[start:end] for start, end in row]
    assert sorted(asked) == [(FAR, FAR + 9000), (FAR + 40_000, FAR + 50_000)]
    asked.clear()
    assert file.read([(FAR + 2000, FAR + 60_000)], 1) == [CONTENT[FAR + 2000 : FAR + 60_000]]
    assert sorted(asked) == [(FAR + 9000, FAR + 40_000), (FAR + 50_000, FAR + 60_000)]


# Threads take as long as the machine lets them.
@settings(deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(0, 5000), st.integers(1, 900)).map(
                lambda span: (span[0] * 100, span[0] * 100 + span[1] * 100)
            ),
            min_size=1,
            max_size=4,
        ),
        max_size=12,
    )
)
def test_any_reads_give_the_bytes_and_no_byte_comes_twice(reads):
    asked = []
    file = Extents(SIZE, lambda start, end: asked.append((start, end)) or CONTENT[start:end])
    for spans in reads:
        assert file.read(spans, 1) == [CONTENT[start:end] for start, end in spans]
    # But for what lies between blocks that are fetched together.
    twice = (
        sum(end - start for start, end in asked)
        - len({byte for start, end in asked for byte in range(start, end, 100)}) * 100
    )
    assert twice <= 4096 * len(asked)


def test_rows_that_lie_apart_are_fetched_at_once():
    together = threading.Barrier(3, timeout=10)

    def fetch(start, end):
        together.wait()
        return CONTENT[start:end]

    spans = [(start, start + 20_000) for start in (FAR, FAR + 100_000, FAR + 200_000)]
    found = Extents(SIZE, fetch).read(spans, 1)
    assert found == [CONTENT[start:end] for start, end in spans]


def test_of_several_requests_only_those_that_failed_are_forgotten(asked):
    down = True

    def fetch(start, end):
        asked.append(start)
        if down and start == FAR:
            raise BusyError
        return CONTENT[start:end]

    file = Extents(SIZE, fetch)
    spans = [(start, start + 20_000) for start in (FAR, FAR + 100_000)]
    with pytest.raises(BusyError):
        file.read(spans, 1)
    down = False
    assert file.read(spans, 1) == [CONTENT[start:end] for start, end in spans]
    assert sorted(asked) == [FAR, FAR, FAR + 100_000]


def test_a_failure_is_everybodys_and_forgotten(asked):
    broken = [True]

    def fetch(start, end):
        asked.append((start, end))
        if broken[0]:
            raise BusyError('down')
        return CONTENT[start:end]

    file = Extents(SIZE, fetch)
    for _ in range(2):
        with pytest.raises(BusyError, match='down'):
            file.read([(FAR, FAR + 20_000)], 1)
    broken[0] = False
    assert file.read([(FAR, FAR + 20_000)], 1) == [CONTENT[FAR : FAR + 20_000]]
    assert len(asked) == 3


def test_threads_wait_for_what_is_on_its_way(asked):
    gate = threading.Barrier(2)

    def fetch(start, end):
        asked.append((start, end))
        gate.wait(10)
        return CONTENT[start:end]

    file = Extents(SIZE, fetch)
    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(file.read, [(FAR, FAR + 20_000)], 10) for _ in range(3)]
        gate.wait(10)
        for reader in readers:
            assert reader.result(10) == [CONTENT[FAR : FAR + 20_000]]
    assert asked == [(FAR, FAR + 20_000)]


def test_but_not_for_ever():
    started, gate = threading.Event(), threading.Event()

    def fetch(start, end):
        started.set()
        gate.wait(10)
        return CONTENT[start:end]

    file = Extents(SIZE, fetch)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(file.read, [(FAR, FAR + 20_000)], 10)
        started.wait(10)
        with pytest.raises(BusyError):
            file.read([(FAR, FAR + 20_000)], 0.01)
        gate.set()
        first.result(10)


def test_memory_is_bounded_and_the_header_stays(file, asked, monkeypatch):
    monkeypatch.setattr(extents, '_KEPT_BYTES', 100_000)
    monkeypatch.setattr(extents, '_kept', extents._Kept())
    file.read([(0, 10)], 1)
    for start in range(100_000, SIZE - 30_000, 30_000):
        file.read([(start, start + 30_000)], 1)
    assert extents._kept._bytes <= 100_000
    assert sum(extent.end - extent.start for extent in file._extents) <= 116_384
    asked.clear()
    assert file.read([(0, 10), (100_000, 100_010)], 1) == [CONTENT[:10], CONTENT[100_000:100_010]]
    assert asked == [(100_000, 100_010)]


def test_a_file_that_is_closed_leaves_its_bytes_to_the_bound(asked, monkeypatch):
    monkeypatch.setattr(extents, '_kept', extents._Kept())
    monkeypatch.setattr(extents, '_KEPT_BYTES', 100_000)
    for _ in range(10):
        file = Extents(SIZE, lambda start, end: CONTENT[start:end])
        file.read([(FAR, FAR + 30_000)], 1)
        del file
    gc.collect()
    assert extents._kept._bytes <= 100_000
