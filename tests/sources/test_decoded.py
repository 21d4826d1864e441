"""Blocks that are kept give the samples that GDAL gives, decoded once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
from osgeo import gdal

from django_large_image.exceptions import BudgetError, UnreadableError
from django_large_image.sources import decoded, reading
from django_large_image.sources.reading import RESAMPLINGS
from tests import factories

from .references import source, translated

RNG = np.random.default_rng(5)
LOSSLESS = {'REVERSIBLE': 'YES', 'QUALITY': 100, 'RESOLUTIONS': 4}


def noise(bands, height, width, dtype='uint8'):
    return RNG.integers(0, np.iinfo(dtype).max, (bands, height, width), dtype, endpoint=True)


def jpeg2000(side):
    return {
        'driver': 'JP2OpenJPEG',
        'options': {'BLOCKXSIZE': side, 'BLOCKYSIZE': side, **LOSSLESS},
    }


IMAGES = {
    'rgb.jp2': {'data': noise(3, 700, 900), **jpeg2000(256)},
    'odd.jp2': {'data': noise(3, 513, 1027), **jpeg2000(128)},
    'grey16.jp2': {'data': noise(1, 600, 401, 'uint16'), **jpeg2000(512)},
    'alpha.jp2': {'data': noise(4, 515, 601), 'alpha': True, **jpeg2000(256)},
    'bands.jp2': {'data': noise(7, 300, 400), **jpeg2000(128)},
    'one tile.jp2': {'data': noise(1, 1030, 1100), **jpeg2000(2048)},
    'rgb.png': {'data': noise(3, 601, 700), 'driver': 'PNG'},
    'alpha.png': {'data': noise(4, 300, 401), 'driver': 'PNG', 'alpha': True},
    'nodata.png': {'data': noise(1, 601, 300) // 64, 'driver': 'PNG', 'nodata': 0},
    'grey16.png': {'data': noise(1, 601, 700, 'uint16'), 'driver': 'PNG'},
    'rgb.jpg': {'data': noise(3, 1030, 1201), 'driver': 'JPEG'},
    'mask.jpg': {
        'data': noise(3, 600, 700),
        'driver': 'JPEG',
        'mask': RNG.random((600, 700)) < 0.5,
        'options': ['INTERNAL_MASK=YES'],
    },
    'rgb.webp': {'data': noise(3, 400, 300), 'driver': 'WEBP'},
    'grey.gif': {'data': noise(1, 300, 400), 'driver': 'GIF'},
}
# Where levels are halves of each other `gdal_translate` reads the same.
EVEN = ['rgb.jp2', 'grey16.jp2', 'rgb.png', 'nodata.png']


@pytest.fixture(autouse=True)
def _empty():
    decoded._kept.reset()


@pytest.fixture(scope='module')
def images(tmp_path_factory):
    """The files of `IMAGES`, written when they are asked for."""
    folder = tmp_path_factory.mktemp('images')

    def path(name):
        if not (folder / name).exists():
            options = dict(IMAGES[name])
            factories.raster(folder / name, options.pop('data'), **options)
        return folder / name

    return path


def kept() -> int:
    """Return how many blocks have been decoded and kept."""
    return len(decoded._kept.ring._order)


def tiles_of(reader):
    return [
        (z, x, y)
        for z in range(reader.levels)
        for x in range(-(-reader.sizeX // (reader.tileWidth << (reader.levels - 1 - z))))
        for y in range(-(-reader.sizeY // (reader.tileHeight << (reader.levels - 1 - z))))
    ]


@pytest.mark.parametrize('name', IMAGES)
def test_a_box_of_a_level_is_that_of_gdal(name, images):
    dataset = gdal.Open(str(images(name)))
    identity = decoded.identify(str(images(name)))
    band = dataset.GetRasterBand(1)
    levels = [band, *(band.GetOverview(index) for index in range(band.GetOverviewCount()))]
    for level, stored in enumerate(levels):
        width, height = stored.XSize, stored.YSize
        boxes = [
            (0, 0, width, height),
            (width - 1, height - 1, 1, 1),
            (width // 3, height // 4, width // 2, height // 2),
            (width // 2, 0, 1, height),
        ]
        for box in (*boxes, *boxes[::-1]):
            found = decoded.read(dataset, identity, level, box)
            for index in range(dataset.RasterCount):
                stored = dataset.GetRasterBand(1 + index)
                stored = stored.GetOverview(level - 1) if level else stored
                np.testing.assert_array_equal(found[:, :, index], stored.ReadAsArray(*box))
    assert kept()


def windows(width, height):
    """Return windows and the sizes that they are scaled to: of tiles, at the edges and between."""
    return (
        ((0, 0, width, height), (width // 7, height // 7)),
        ((0, 0, 256, 256), (128, 128)),
        ((37, 21, 293, 277), (256, 256)),
        ((width - 100, height - 90, width, height), (170, 170)),
        ((width - width % 256, 0, width, 256), (width % 256 // 2, 128)),
    )


def assert_alike(ours, theirs, resampling):
    # GDAL's averages round a half up or down, with the place of a window in its file.
    tolerance = 1 if resampling == 'average' else 0
    assert ours.dtype == theirs.dtype
    assert np.abs(ours.astype(int) - theirs).max() <= tolerance


@pytest.mark.parametrize('resampling', RESAMPLINGS)
@pytest.mark.parametrize('name', IMAGES)
def test_windows_are_those_that_gdal_reads(name, resampling, images):
    reader, dataset = source(images(name)), gdal.Open(str(images(name)))
    resampling = reading.choose_resampling(resampling, reader.bands)
    numbers = [band.number for band in reader.bands]
    for box, size in windows(reader.sourceSizeX, reader.sourceSizeY):
        ours = reader.read_window(box, size, bands=numbers, resampling=resampling)
        theirs = dataset.ReadAsArray(
            *(box[0], box[1], box[2] - box[0], box[3] - box[1]),
            buf_xsize=size[0],
            buf_ysize=size[1],
            resample_alg=RESAMPLINGS[resampling][0],
            interleave='pixel',
        )
        assert_alike(ours.data, np.atleast_3d(theirs), resampling)


@pytest.mark.parametrize('resampling', RESAMPLINGS)
@pytest.mark.parametrize('name', EVEN)
def test_windows_are_those_of_gdal_translate(name, resampling, images, tmp_path):
    reader = source(images(name))
    numbers = [band.number for band in reader.bands]
    for box, size in windows(reader.sourceSizeX, reader.sourceSizeY)[:3]:
        ours = reader.read_window(box, size, bands=numbers, resampling=resampling)
        theirs = translated(images(name), tmp_path, box, size, resampling)
        assert_alike(ours.data, theirs, resampling)


@pytest.mark.parametrize('name', ['rgb.jp2', 'bands.jp2', 'alpha.png', 'rgb.tif'])
def test_bands_are_read_in_any_order_from_any_image(name, images, make_raster):
    options = {'data': noise(3, 300, 400), 'overviews': (2,)}
    path = images(name) if name in IMAGES else make_raster(**options, name=name)
    dataset, identity = gdal.Open(str(path)), source(path).description.identity
    for level in range(1 + min(1, dataset.GetRasterBand(1).GetOverviewCount())):
        for numbers in ([1], [3, 1], [1, 2, 3]):
            found = decoded.read_bands(dataset, identity, level, (20, 30, 100, 90), numbers)
            assert found.flags.c_contiguous
            for index, number in enumerate(numbers):
                band = dataset.GetRasterBand(number)
                band = band.GetOverview(level - 1) if level else band
                expected = band.ReadAsArray(20, 30, 100, 90)
                np.testing.assert_array_equal(found[:, :, index], expected)
    assert bool(kept()) == (identity is not None)


@pytest.mark.parametrize('name', IMAGES)
def test_tiles_are_the_same_decoded_kept_and_without(name, images, settings):
    reader = source(images(name))
    first = [reader.read_tile(*tile) for tile in tiles_of(reader)]
    count = kept()
    again = [reader.read_tile(*tile) for tile in tiles_of(reader)]
    assert kept() == count
    settings.LARGE_IMAGE = {'DECODED_CACHE_BYTES': 0}
    for one, two, tile in zip(first, again, tiles_of(reader), strict=True):
        direct = reader.read_tile(*tile)
        assert np.abs(one.data.astype(int) - direct.data).max() <= 1
        np.testing.assert_array_equal(one.data, two.data)
        for raster in (one, two):
            assert (raster.mask is None) == (direct.mask is None)
            if direct.mask is not None:
                np.testing.assert_array_equal(raster.mask, direct.mask)
    assert kept() == count


def test_every_tile_of_a_jpeg2000_is_kept(images):
    reader = source(images('odd.jp2'))
    for tile in tiles_of(reader):
        reader.read_tile(*tile)
    blocks = set(decoded._kept.ring._entries)
    levels = {layout.name: layout.level for layout in decoded._kept.layouts.values()}
    found = [levels[name] for name, _ in blocks]
    assert set(found) == {0, 1, 2, 3}
    assert found.count(0) == 9 * 5


def test_gdal_does_not_keep_them_as_well(images):
    reader = source(images('rgb.jp2'))
    before = gdal.GetCacheUsed()
    for tile in tiles_of(reader):
        reader.read_tile(*tile)
    assert gdal.GetCacheUsed() <= before


def test_what_is_decoded_from_the_top_is_decoded_once(images):
    reader = source(images('rgb.png'))
    reader.read_tile(reader.levels - 1, 2, 2)
    assert kept() == 3
    reader.read_tile(reader.levels - 1, 0, 0)
    assert kept() == 3


@pytest.mark.parametrize('name', ['rgb.jp2', 'rgb.png'])
def test_threads_that_ask_at_once_decode_a_block_once(name, images):
    reader = source(images(name))
    expected = reader.read_window((200, 200, 600, 600), (400, 400))
    count = kept()
    decoded._kept.reset()
    found, barrier = [], threading.Barrier(8)

    def work():
        barrier.wait()
        found.append(reader.read_window((200, 200, 600, 600), (400, 400)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept() == count
    assert len(found) == 8
    for raster in found:
        np.testing.assert_array_equal(raster.data, expected.data)


def test_a_small_file_turns_over_under_many_threads(images, settings):
    settings.LARGE_IMAGE = {'DECODED_CACHE_BYTES': 0}
    reader = source(images('odd.jp2'))
    tiles = tiles_of(reader)
    expected = {tile: reader.read_tile(*tile).data for tile in tiles}
    # Five blocks of 128 x 128 x 3.
    settings.LARGE_IMAGE = {'DECODED_CACHE_BYTES': 250_000}
    wrong = []

    def work(seed):
        for index in np.random.default_rng(seed).permutation(len(tiles)):
            if not np.array_equal(reader.read_tile(*tiles[index]).data, expected[tiles[index]]):
                wrong.append(tiles[index])

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert 0 < kept() <= 250_000 // (128 * 128 * 3) * 50
    assert os.fstat(decoded._kept.ring._file.descriptor).st_size <= 250_000


def test_a_walk_through_more_than_fits_finds_some_again(images, settings, monkeypatch):
    reader = source(images('odd.jp2'))
    tiles = [tile for tile in tiles_of(reader) if tile[0] == reader.levels - 1]
    read, decoding = [], decoded._decode_block

    def counted(*args):
        read.append(args)
        return decoding(*args)

    monkeypatch.setattr(decoded, '_decode_block', counted)

    def walk() -> int:
        read.clear()
        for tile in tiles:
            reader.read_tile(*tile)
        return len(read)

    every = walk()
    decoded._kept.reset()
    # What is oldest would always be what comes next.
    settings.LARGE_IMAGE = {'DECODED_CACHE_BYTES': every * 128 * 128 * 3 * 7 // 10}
    walks = [walk() for _ in range(12)]
    assert walks[0] >= every
    assert np.mean(walks[2:]) < 0.8 * every


def test_a_replaced_file_is_never_served_from_the_old_one(images, tmp_path):
    path = tmp_path / 'image.jp2'
    shutil.copy(images('rgb.jp2'), path)
    before = source(path)
    old = before.read_window((0, 0, 300, 300), (300, 300)).data
    other = factories.raster(tmp_path / 'new.jp2', noise(3, 700, 900), **jpeg2000(256))
    os.replace(other, path)
    new = source(path).read_window((0, 0, 300, 300), (300, 300)).data
    np.testing.assert_array_equal(
        new, gdal.Open(str(path)).ReadAsArray(0, 0, 300, 300).transpose(1, 2, 0)
    )
    assert (new != old).mean() > 0.5
    # Who opened the old file is told so, and nothing of either is kept under the other's name.
    count = kept()
    with pytest.raises(UnreadableError):
        before.read_window((600, 600, 700, 700), (100, 100))
    assert kept() == count


def test_two_sources_of_a_file_share_its_blocks(images):
    source(images('rgb.jp2')).read_window((0, 0, 256, 256), (256, 256))
    assert kept() == 1
    source(images('rgb.jp2')).read_window((0, 0, 256, 256), (256, 256))
    assert kept() == 1


def test_what_has_no_stamp_is_nobody_elses():
    assert decoded.identify('/vsimem/none') != decoded.identify('/vsimem/none')


@pytest.mark.parametrize('name', ['rgb.jp2', 'rgb.png'])
def test_a_broken_file_is_unreadable_and_nothing_of_it_is_kept(name, images, tmp_path):
    path = factories.truncated(tmp_path / name, images(name), keep=0.05)
    reader = source(path)
    for _ in range(2):
        with pytest.raises(UnreadableError):
            reader.read_window((500, 400, 700, 600), (200, 200))
    assert all(block[1] + block[3] < 400 for _, block in decoded._kept.ring._entries)


def test_the_budget_is_checked_before_anything_is_decoded(images, settings):
    settings.LARGE_IMAGE = {'MAX_READ_PIXELS': 200_000}
    with pytest.raises(BudgetError):
        source(images('rgb.jp2')).read_window((0, 0, 600, 600), (600, 600))
    assert kept() == 0


def test_large_windows_are_left_to_gdal(make_raster):
    path = make_raster(
        np.zeros((3, 3400, 3400), 'uint8'),
        name='large.jp2',
        driver='JP2OpenJPEG',
        options={'RESOLUTIONS': 1},
    )
    reader = source(path)
    assert reader.read_window((0, 0, 3400, 3400), (10, 10)).data.shape == (10, 10, 3)
    assert kept() == 0


def test_cheap_formats_are_read_directly(make_raster):
    assert source(make_raster()).description.identity is None


FORKED = """
import os, sys
import numpy as np
from django_large_image.sources import decoded
from osgeo import gdal

def read(column):
    dataset = gdal.Open(sys.argv[1])
    return decoded.read(dataset, decoded.identify(sys.argv[1]), 0, (column, 0, 256, 256))

first = read(0)
child = os.fork()
if not child:
    kept = len(decoded._kept.ring._order)
    same = np.array_equal(read(0), first)
    read(256)
    os._exit(0 if same and kept == 0 and len(decoded._kept.ring._order) == 2 else 1)
print(os.waitpid(child, 0)[1], np.array_equal(read(0), first), len(decoded._kept.ring._order))
"""

FULL = """
import resource, sys
import numpy as np
from osgeo import gdal
from django_large_image.sources import decoded
gdal.UseExceptions()
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
dataset, identity = gdal.Open(sys.argv[1]), decoded.identify(sys.argv[1])
for column in (0, 256, 512):
    found = decoded.read(dataset, identity, 0, (column, 0, 256, 256))
    direct = dataset.ReadAsArray(column, 0, 256, 256).transpose(1, 2, 0)
    print(None if found is None else np.array_equal(found, direct), decoded._kept.ring.failed)
"""


def run(code, path):
    done = subprocess.run(
        [sys.executable, '-c', code, str(path)], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_a_forked_process_has_a_file_of_its_own(images):
    assert run(FORKED, images('rgb.jp2')) == ['0 True 1']


def test_a_full_disk_is_not_noticed_but_by_speed(images):
    assert run(FULL, images('rgb.jp2')) == ['True False', 'True True', 'None True']
