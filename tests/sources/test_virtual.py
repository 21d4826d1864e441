"""The file system `/vsiranges/`: what GDAL reads of it is what its files give."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.sources import virtual
from django_large_image.sources.handles import HandlePool, open_dataset
from tests import factories

DATA = np.random.default_rng(0).integers(0, 255, (3, 512, 512), 'uint8')


class Local:
    """A file on disk, by ranges."""

    def __init__(self, path):
        self.path, self.asked, self.error = Path(path), [], None
        self.size = self.path.stat().st_size

    def read(self, spans):
        self.asked.append(spans)
        if self.error is not None:
            raise self.error
        content = self.path.read_bytes()
        return [content[start:end] for start, end in spans]


@pytest.fixture
def files():
    """What is below `/vsiranges/`, by name."""
    known = {}

    def find(name):
        if name not in known:
            raise FileNotFoundError(name)
        if isinstance(known[name], Exception):
            raise known[name]
        return known[name]

    installed = virtual._open
    virtual.failure()
    virtual.install(find)
    yield known
    virtual._open = installed
    virtual.failure()


@pytest.fixture
def image(files, tmp_path):
    options = {'TILED': 'YES', 'BLOCKXSIZE': 128, 'BLOCKYSIZE': 128, 'COMPRESS': 'LZW'}
    file = Local(factories.raster(tmp_path / 'image.tif', DATA, options=options))
    files['image.tif'] = file
    return file


def path(name='image.tif'):
    return virtual.PREFIX + name


def test_an_image_is_that_of_the_file(image):
    assert np.array_equal(gdal.Open(path()).ReadAsArray(), DATA)


def test_all_blocks_of_a_box_are_asked_for_together(image):
    dataset = gdal.Open(path())
    image.asked.clear()
    dataset.GetRasterBand(1).ReadAsArray(100, 100, 200, 100)
    assert [len(spans) for spans in image.asked if len(spans) > 1] == [2]


@pytest.mark.parametrize('driver', ['PNG', 'JP2OpenJPEG', 'JPEG', 'WEBP', 'GIF'])
def test_other_formats_seek_and_end_as_they_do_on_disk(files, tmp_path, driver):
    if gdal.GetDriverByName(driver) is None:
        pytest.skip(f'This GDAL has no driver {driver}.')
    data = DATA[:1] if driver == 'GIF' else DATA
    file = factories.raster(tmp_path / 'image', data, driver=driver)
    files['other'] = Local(file)
    assert np.array_equal(
        gdal.Open(path('other')).ReadAsArray(), gdal.Open(str(file)).ReadAsArray()
    )


def test_a_file_as_gdal_sees_it(image):
    content = image.path.read_bytes()
    file = gdal.VSIFOpenL(path(), 'rb')
    try:
        gdal.VSIFSeekL(file, -10, 2)
        assert gdal.VSIFTellL(file) == len(content) - 10
        assert (bytes(gdal.VSIFReadL(1, 100, file)), gdal.VSIFEofL(file)) == (content[-10:], 1)
        gdal.VSIFSeekL(file, 5, 0)
        assert (bytes(gdal.VSIFReadL(4, 2, file)), gdal.VSIFEofL(file)) == (content[5:13], 0)
        gdal.VSIFSeekL(file, -3, 1)
        assert bytes(gdal.VSIFReadL(1, 3, file)) == content[10:13]
        gdal.VSIFSeekL(file, len(content) + 5, 0)
        assert not gdal.VSIFReadL(1, 3, file)
    finally:
        gdal.VSIFCloseL(file)


@pytest.mark.parametrize('mode', ['wb', 'r+b', 'ab'])
def test_nothing_can_be_written(image, mode):
    assert not gdal.VSIFOpenL(path(), mode)
    assert virtual.failure() is None


@pytest.mark.parametrize('missing', ['the table of blocks', 'blocks'])
def test_an_error_is_raised_whatever_gdal_makes_of_it(image, missing):
    """Without a table of blocks GDAL takes all of them for empty."""
    pool = HandlePool(path())
    with pool.borrow() as dataset:
        if missing == 'blocks':
            dataset.ReadAsArray(0, 0, 1, 1)
    image.error = BusyError('down')
    image.asked.clear()
    with pytest.raises(BusyError, match='down'), pool.borrow() as dataset:
        dataset.ReadAsArray()
    # It is not asked on and on.
    assert len(image.asked) == 1
    assert virtual.failure() is None
    image.error = None
    with pool.borrow() as dataset:
        assert np.array_equal(dataset.ReadAsArray(), DATA)


def test_an_error_is_that_of_one_thread_once(image):
    image.error = BusyError('down')
    with pytest.raises(RuntimeError):
        gdal.Open(path())
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(virtual.failure).result() is None
    assert virtual.failure() is image.error
    assert not virtual.has_failed()
    assert virtual.failure() is None


def test_an_error_of_ours_is_no_crash(image, caplog):
    image.error = ZeroDivisionError()
    with pytest.raises(UnreadableError):
        open_dataset(path())
    assert 'ZeroDivisionError' in caplog.text


def test_a_file_that_is_not_there(files):
    files['no.tif'] = UnreadableError('no')
    for name in ('no.tif', 'nothing.tif'):
        with pytest.raises(RuntimeError):
            gdal.Open(path(name))
    assert str(virtual.failure()) == 'no'
    with pytest.raises(RuntimeError):
        gdal.Open(path('nothing.tif'))
    assert virtual.failure() is None


def test_a_file_that_is_shorter_than_it_says(image):
    pool = HandlePool(path())
    with pool.borrow() as dataset:
        dataset.ReadAsArray(0, 0, 1, 1)
    image.size = 5000
    with pytest.raises(UnreadableError), pool.borrow() as dataset:
        dataset.ReadAsArray()


def test_files_are_let_go(image):
    gc.collect()
    before = len(virtual._files)
    for _ in range(20):
        gdal.Open(path()).ReadAsArray(0, 0, 10, 10)
    gc.collect()
    assert len(virtual._files) == before


def test_threads_read_at_once(image):
    barrier, wrong = threading.Barrier(8), []

    def visit(number):
        dataset = gdal.Open(path())
        barrier.wait()
        for step in range(10):
            x = 16 * (number + step)
            if not np.array_equal(
                dataset.ReadAsArray(x, x, 200, 200), DATA[:, x : x + 200, x : x + 200]
            ):
                wrong.append((number, step))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(visit, range(8)))
    assert wrong == []


_LEFT_OPEN = """
import sys
from osgeo import gdal
gdal.UseExceptions()
from django_large_image.sources import virtual
from django_large_image.sources.handles import HandlePool, open_dataset
class File:
    content = open(sys.argv[1], 'rb').read()
    size = len(content)
    def read(self, spans):
        return [self.content[start:end] for start, end in spans]
virtual.install(lambda name: File())
kept = gdal.Open('/vsiranges/image.tif')
print(kept.GetRasterBand(1).Checksum())
sys.kept = [gdal.Open('/vsiranges/image.tif')]
"""


def test_a_process_ends_well_with_images_open(image):
    done = subprocess.run(
        [sys.executable, '-c', _LEFT_OPEN, str(image.path)], capture_output=True, text=True
    )
    dataset = gdal.Open(str(image.path))
    checksum = dataset.GetRasterBand(1).Checksum()
    assert (done.returncode, done.stdout, done.stderr) == (0, f'{checksum}\n', '')


_DAEMONS = """
import sys, threading
from django.conf import settings
settings.configure()
from django_large_image.exceptions import LargeImageError
from django_large_image.sources import virtual
from django_large_image.sources.handles import HandlePool
started = threading.Semaphore(0)
class File:
    content = open(sys.argv[1], 'rb').read()
    size = len(content)
    def read(self, spans):
        if threading.current_thread().daemon:
            started.release()
            threading.Event().wait(0.002)
        return [self.content[start:end] for start, end in spans]
virtual.install(lambda name: File())
pool = HandlePool('/vsiranges/image.tif')
def read():
    while True:
        try:
            with pool.borrow() as dataset:
                dataset.GetRasterBand(1).FlushCache()
                dataset.GetRasterBand(1).Checksum()
        except LargeImageError:
            pass
for _ in range(3):
    threading.Thread(target=read, daemon=True).start()
for _ in range(9):
    started.acquire()
print('end')
"""


def test_a_process_ends_well_while_daemons_read(image):
    """Python unwinds their stacks, and GDAL's frames with them, when they come back to it."""
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, '-c', _DAEMONS, str(image.path)], capture_output=True, text=True
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, 'end\n', '')


def test_nothing_is_read_after_the_end(image, monkeypatch):
    readers = virtual._Readers()
    monkeypatch.setattr(virtual, 'reading', readers)
    pool = HandlePool(path())
    with pool.borrow() as dataset:
        dataset.ReadAsArray(0, 0, 1, 1)
    inside, go = threading.Event(), threading.Event()
    content = image.path.read_bytes()

    def read(spans):
        inside.set()
        go.wait(20)
        return [content[start:end] for start, end in spans]

    def read_all():
        with pool.borrow() as dataset:
            return [dataset.ReadAsArray(x, 0, 8, 8) for x in (130, 260)]

    image.read = read
    with ThreadPoolExecutor(2) as threads:
        visitor = threads.submit(read_all)
        inside.wait(20)
        ending = threads.submit(readers.end)
        while not readers.ended:
            pass
        assert not ending.done()
        go.set()
        ending.result(20)
        # What came first has come, what was to follow has not.
        with pytest.raises(UnreadableError):
            visitor.result(20)
    with pytest.raises(BusyError):
        open_dataset(path())
