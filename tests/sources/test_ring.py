"""A ring file gives back what was put into it or nothing, whoever writes at the same time."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from django_large_image.sources.ring import RingFile


def value(number: int, size: int = 100) -> np.ndarray:
    return np.full(size, number % 256, 'uint8')


def descriptors() -> int:
    gc.collect()
    return len(os.listdir('/proc/self/fd'))


def test_parts_of_values_are_read():
    ring = RingFile()
    assert ring.write('a', [value(1, 10), np.arange(4, dtype='uint16').reshape(2, 2)], 1000)
    assert ring.write('b', [value(2, 5)], 1000)
    assert 'a' in ring
    assert 'c' not in ring
    assert ring.read('a', [(9, 3), (12, 2)]) == [b'\1\0\0', b'\1\0']
    assert ring.read('b', [(0, 5)]) == [b'\2' * 5]
    assert ring.read('c', [(0, 1)]) is None


def test_it_is_full_when_something_has_been_overwritten():
    ring = RingFile()
    assert not ring.full
    for number in range(4):
        ring.write(number, [value(number, 30)], 100)
        assert ring.full == (0 not in ring)


def test_the_oldest_go_first():
    ring = RingFile()
    for number in range(25):
        assert ring.write(number, [value(number, 30)], 100)
        kept = [key for key in range(25) if key in ring]
        assert kept == list(range(max(0, number - 2), number + 1))
        for key in kept:
            assert ring.read(key, [(0, 30)]) == [bytes([key]) * 30]


def test_values_of_any_size_never_overlap():
    ring = RingFile()
    sizes = np.random.default_rng(0).integers(1, 101, 500)
    for number, size in enumerate(sizes):
        assert ring.write(number, [value(number, size)], 100)
        assert number in ring
        for key in range(number + 1):
            found = ring.read(key, [(0, int(sizes[key]))])
            assert found in (None, [bytes([key % 256]) * sizes[key]])
    assert os.fstat(ring._file.descriptor).st_size <= 100


def test_a_value_may_be_written_again():
    ring = RingFile()
    for number in range(50):
        assert ring.write('same', [value(number)], 250)
        assert ring.read('same', [(0, 100)]) == [bytes([number]) * 100]


def test_what_is_larger_than_the_file_is_not_kept():
    ring = RingFile()
    assert not ring.write('a', [value(1, 101)], 100)
    assert not ring.write('a', [value(1)], 0)
    assert 'a' not in ring
    assert not ring.failed


def test_another_limit_starts_anew():
    ring = RingFile()
    ring.write('a', [value(1)], 1000)
    ring.write('b', [value(2)], 500)
    assert ring.read('a', [(0, 100)]) is None
    assert ring.read('b', [(0, 100)]) == [bytes([2]) * 100]


class Slow:
    """A value during whose writing something happens."""

    nbytes = 60

    def __init__(self, happen) -> None:
        self.happen = happen

    @property
    def data(self) -> memoryview:
        self.happen()
        return value(1, 60).data


def test_what_is_being_written_is_neither_read_nor_overwritten():
    ring = RingFile()
    seen = []

    def happen():
        seen.append((ring.read('slow', [(0, 60)]), ring.write('other', [value(2, 60)], 100)))

    assert ring.write('slow', [Slow(happen)], 100)
    assert seen == [(None, False)]
    assert ring.read('slow', [(0, 60)]) == [bytes([1]) * 60]
    assert ring.write('other', [value(2, 60)], 100)


def test_what_is_written_while_the_limit_changes_is_not_kept():
    ring = RingFile()
    assert not ring.write('slow', [Slow(lambda: ring.write('other', [value(2)], 200))], 100)
    assert ring.read('slow', [(0, 60)]) is None
    assert ring.read('other', [(0, 100)]) == [bytes([2]) * 100]


class Contended:
    """A lock that another gets first, once, when it is asked for after `times` times."""

    def __init__(self, times, other):
        self.lock, self.times, self.other = threading.Lock(), times, other

    def __enter__(self):
        self.times -= 1
        if self.times == -1:
            self.other()
        return self.lock.__enter__()

    def __exit__(self, *raised):
        return self.lock.__exit__(*raised)


@pytest.mark.parametrize('times', range(4))
def test_a_place_is_not_given_away_before_its_value_can_be_found(times):
    ring = RingFile()
    ring._guard = Contended(times, lambda: ring.write('other', [value(2, 60)], 100))
    ring.write('own', [value(1, 60)], 100)
    for key, number in (('own', 1), ('other', 2)):
        assert ring.read(key, [(0, 60)]) in (None, [bytes([number]) * 60])
    assert 'own' in ring or 'other' in ring


def test_many_threads_never_see_a_torn_value():
    ring, size = RingFile(), 40_000
    stop, wrong, read = threading.Event(), [], []

    def write(first):
        for number in range(first, first + 1500):
            ring.write(number % 40, [value(number % 40, size // 2)] * 2, size * 5)

    def look():
        while not stop.is_set():
            for key in range(40):
                found = ring.read(key, [(0, size)])
                (read if found in (None, [bytes([key]) * size]) else wrong).append(found is None)

    readers = [threading.Thread(target=look) for _ in range(4)]
    writers = [threading.Thread(target=write, args=(first,)) for first in (0, 7, 19)]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in readers:
        thread.join()
    assert not all(read)
    assert not wrong


def test_the_file_is_closed_with_its_ring():
    before = descriptors()
    for _ in range(20):
        ring = RingFile()
        ring.write('a', [value(1)], 1000)
        ring.write('a', [value(1)], 2000)
    del ring
    assert descriptors() == before


LIMITED = """
import os, resource, numpy as np
from django_large_image.sources.ring import RingFile
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
before = len(os.listdir('/proc/self/fd'))
ring = RingFile()
print([ring.write(n, [np.full(400, n, 'uint8')], 10_000) for n in range(4)], ring.failed)
print(ring.read(0, [(0, 1)]), len(os.listdir('/proc/self/fd')) - before)
"""


@pytest.mark.parametrize('limit', [1000, 800])
def test_a_full_disk_ends_it_quietly(limit):
    printed = subprocess.run(
        [sys.executable, '-c', LIMITED.format(limit=limit)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert printed == ['[True, True, False, False] True', 'None 0']


def test_without_a_temporary_folder_nothing_is_kept(monkeypatch, tmp_path):
    monkeypatch.setenv('TMPDIR', str(tmp_path / 'missing'))
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path / 'missing'))
    ring = RingFile()
    assert not ring.write('a', [value(1)], 1000)
    assert ring.failed
