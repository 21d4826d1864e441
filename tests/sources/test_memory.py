"""Files in memory: written once, there while they are held, gone afterwards."""

from __future__ import annotations

import pickle
import threading

import pytest
from osgeo import gdal

from django_large_image.exceptions import UnreadableError
from django_large_image.sources import memory


def write(content: bytes):
    return lambda path: gdal.FileFromMemBuffer(path, content)


def test_a_file_is_there_while_it_is_held():
    file = memory.keep('a.bin', write(b'12345'))
    path = file.path
    assert (path, file.size, memory.used()) == (f'{memory.FOLDER}a.bin', 5, 5)
    assert memory.find(path) is file
    del file
    assert (memory.find(path), gdal.VSIStatL(path), memory.used()) == (None, None, 0)


def test_a_name_is_written_once():
    written = []
    file = memory.keep('a.bin', lambda path: (written.append(path), write(b'1')(path)))
    assert memory.keep('a.bin', written.append) is file
    assert written == [file.path]


def test_sidecars_go_along():
    file = memory.keep('a.tif', write(b'1'))
    assert memory.siblings(file.path) == ['a.tif']
    gdal.FileFromMemBuffer(f'{file.path}.aux.xml', b'<PAMDataset/>')
    assert memory.siblings(file.path) == ['a.tif', 'a.tif.aux.xml']
    del file
    assert not gdal.ReadDir(memory.FOLDER)


@pytest.mark.parametrize('write', [lambda path: None, lambda path: gdal.Open('/nowhere.tif')])
def test_what_cannot_be_written_is_not_kept(write):
    gdal.UseExceptions()
    with pytest.raises(UnreadableError):
        memory.keep('a.bin', write)
    assert (memory.find(f'{memory.FOLDER}a.bin'), memory.used()) == (None, 0)


def test_a_pickled_file_is_the_same_one_or_none():
    file = memory.keep('a.bin', write(b'1'))
    pickled = pickle.dumps(file)
    assert pickle.loads(pickled) is file
    del file
    assert pickle.loads(pickled) is None


def test_a_file_outlives_the_removal_of_an_earlier_one_of_its_name():
    """As if another thread had made it between the death of an object and what follows from it."""
    first = memory.keep('a.bin', write(b'1'))
    owner = memory._files._owners[first.path]
    memory._files._alive.clear()
    second = memory.keep('a.bin', write(b'22'))
    memory._files._remove(first.path, owner)
    del first
    assert gdal.VSIStatL(second.path).size == 2


def test_a_thread_that_writes_keeps_no_other_name_waiting():
    writing, done = threading.Event(), threading.Event()
    kept = []

    def slow(path: str) -> None:
        writing.set()
        assert done.wait(30)
        write(b'slow')(path)

    thread = threading.Thread(target=lambda: kept.append(memory.keep('slow.bin', slow)))
    thread.start()
    assert writing.wait(30)
    assert memory.keep('quick.bin', write(b'quick')).size == 5
    done.set()
    thread.join()
    assert kept[0].size == 4
