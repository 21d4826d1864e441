"""Handles are lent to one thread at a time, reused, and given up when reading fails."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from django_large_image.exceptions import StyleError, UnreadableError
from django_large_image.sources.handles import (
    FramePools,
    HandlePool,
    idle_handles,
    open_dataset,
    quiet,
)
from django_large_image.sources.opening import close_sources
from django_large_image.sources.sidecars import siblings


@pytest.fixture(autouse=True)
def alone():
    """No handle is left from another test."""
    close_sources()
    gc.collect()


@pytest.fixture
def path(make_raster):
    return str(make_raster(np.full((8, 8), 4, 'uint8')))


def test_a_handle_is_lent_again(path):
    pool = HandlePool(path)
    with pool.borrow() as first:
        pass
    with pool.borrow() as second:
        assert second is first


def test_two_borrowers_have_two_handles(path):
    pool = HandlePool(path)
    with pool.borrow() as first, pool.borrow() as second:
        assert first is not second
    assert len(pool._free) == 2


def test_no_more_handles_are_kept_than_the_settings_say(path, settings):
    settings.LARGE_IMAGE = {'HANDLES_PER_SOURCE': 1}
    pool = HandlePool(path)
    with pool.borrow(), pool.borrow(), pool.borrow():
        pass
    assert len(pool._free) == 1


def open_files() -> int:
    """How many rasters of this test's folder the process has open."""
    links = [os.path.realpath(link) for link in Path('/proc/self/fd').iterdir()]
    return sum(link.endswith('.tif') for link in links)


def test_all_pools_together_keep_no_more_than_the_settings_say(make_raster, settings):
    settings.LARGE_IMAGE = {'MAX_HANDLES': 5}
    before = idle_handles()
    pools = [HandlePool(str(make_raster(name=f'{number}.tif'))) for number in range(4)]
    assert before <= 5
    for pool in pools:
        with pool.borrow(), pool.borrow(), pool.borrow():
            pass
    # Three are lent while two wait; those of the pools used longest ago went first.
    assert [pool.idle for pool in pools] == [0, 0, 2, 3]
    assert idle_handles() == open_files() == 5
    with pools[2].borrow(), pools[0].borrow():
        assert open_files() == 5
    with pools[3].borrow(), pools[2].borrow(), pools[2].borrow(), pools[1].borrow():
        pass
    assert idle_handles() == open_files() <= 5


def test_a_first_handle_takes_the_place_of_others(make_raster, settings):
    settings.LARGE_IMAGE = {'MAX_HANDLES': 1}
    paths = [str(make_raster(name=f'{number}.tif')) for number in range(3)]
    pools = [HandlePool(path, open_dataset(path)) for path in paths]
    assert [pool.idle for pool in pools] == [0, 0, 1]
    assert open_files() == 1


def test_a_hundred_images_in_many_threads_stay_within_the_bound(make_raster, settings):
    settings.LARGE_IMAGE = {'MAX_HANDLES': 16}
    pools = [HandlePool(str(make_raster(name=f'{number}.tif'))) for number in range(40)]

    def work(number):
        with pools[number % 40].borrow() as dataset:
            return int(dataset.ReadAsArray(0, 0, 1, 1)[0, 0, 0])

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(work, range(400))) == {0}
    assert open_files() == idle_handles() <= 16


def test_a_handle_that_failed_is_not_lent_again(path):
    pool = HandlePool(path)
    with pytest.raises(UnreadableError), pool.borrow():
        raise RuntimeError('as GDAL does')
    assert not pool._free
    with pytest.raises(KeyError), pool.borrow():
        raise KeyError('not GDAL: the handle is closed all the same')
    assert not pool._free


def test_many_threads_never_share_a_handle(path):
    pool = HandlePool(path)
    lent, shared, guard = set(), [], threading.Lock()

    def work():
        for _ in range(200):
            with pool.borrow() as dataset:
                with guard:
                    shared.append(id(dataset) in lent)
                    lent.add(id(dataset))
                assert dataset.ReadAsArray(0, 0, 1, 1)[0, 0] == 4
                with guard:
                    lent.remove(id(dataset))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shared) == 1600
    assert not any(shared)


def test_frames_have_pools_of_their_own(path, settings):
    settings.LARGE_IMAGE = {'HANDLES_PER_SOURCE': 2}
    pools = FramePools([path, path, path], open_dataset(path))
    assert len(pools) == 3
    first = pools.get(None)
    assert pools.get(0) is first
    assert pools.get(1) is not first
    assert pools.get(2) is not None
    # Frame 0 was used longest ago.
    assert pools.get(0) is not first
    for frame in (3, -1):
        with pytest.raises(StyleError, match='frames 0 to 2'):
            pools.get(frame)


def test_threads_share_the_pool_of_a_frame(path):
    pools = FramePools([path] * 50, open_dataset(path))
    found, barrier = [], threading.Barrier(8)

    def work():
        barrier.wait()
        for frame in range(8):
            found.append((frame, pools.get(frame)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(frame, id(pool)) for frame, pool in found}) == 8


def test_gdal_is_quiet_in_the_block_and_raises_all_the_same(capfd):
    with quiet():
        gdal.Error(gdal.CE_Warning, 1, 'not to be seen')
        with pytest.raises(RuntimeError):
            gdal.OpenEx('/none/such', gdal.OF_RASTER)
    assert capfd.readouterr().err == ''


def test_projections_that_fail_write_nothing(data_dir, capfd):
    from .references import source

    reader = source(data_dir / 'geo' / 'cog_dateline.tif', 'EPSG:4326')
    assert not reader.read_tile(0, 0, 0).empty
    assert capfd.readouterr().err == ''


def test_only_harmless_names_are_told_to_gdal(path, tmp_path):
    for name in ('image.tif.ovr', 'image.tif.msk', 'image.tif.aux.xml', 'image.tfw', 'other.tif'):
        (tmp_path / name).write_text('<VRTDataset/>')
    assert siblings(path) == ['image.tif', 'image.tif.aux.xml', 'image.tfw']
    assert siblings('/vsicurl/http://host/b.tif') == ['b.tif']


def test_exceptions_that_others_asked_for_before():
    code = """
from osgeo import gdal, ogr
gdal.UseExceptions()
ogr.UseExceptions()
import django_large_image.sources.handles
assert gdal.GetUseExceptions()
"""
    environment = {**os.environ, 'DJANGO_SETTINGS_MODULE': 'tests.settings'}
    subprocess.run([sys.executable, '-c', code], env=environment, check=True)
