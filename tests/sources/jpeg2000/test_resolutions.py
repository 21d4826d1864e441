"""Reduced images: their pixels are those of the file, and only their packets are asked for."""

from __future__ import annotations

import gc
import struct
import threading
import weakref
from contextlib import suppress

import numpy as np
import pytest
from osgeo import gdal

from django_large_image.exceptions import BusyError
from django_large_image.sources import decoded, virtual
from django_large_image.sources.jpeg2000 import resolutions
from django_large_image.sources.opening import close_sources, open_source, reader_of
from django_large_image.storage.paths import path_reference
from django_large_image.storage.urls import url_reference
from tests.servers import http as web_server
from tests.sources.jpeg2000.images import Counted, opened, picture, read, read_local, write

TILES = {'BLOCKXSIZE': 256, 'BLOCKYSIZE': 256}
LARGE_TILES = {'BLOCKXSIZE': 512, 'BLOCKYSIZE': 512}
LAYERS = {'QUALITY': '5,10,30'}
PRECINCTS = {'PRECINCTS': '{128,128},{64,64}'}
MARKERS = {'SOP': 'YES', 'EPH': 'YES'}
# How a file may be written, and whether the packets of a resolution can be told in it.
WAYS: dict[str, tuple[dict[str, object], bool]] = {
    'plain': ({}, True),
    'lengths': ({'PLT': 'YES'}, True),
    'lossless': ({'QUALITY': 100, 'REVERSIBLE': 'YES'}, True),
    'markers': (MARKERS, True),
    'markers and lengths': ({**MARKERS, **LAYERS, 'PLT': 'YES'}, True),
    'layers': (LAYERS, False),
    'layers and lengths': ({**LAYERS, 'PLT': 'YES'}, True),
    'RLCP': ({**LAYERS, 'PROGRESSION': 'RLCP', **MARKERS}, True),
    'RPCL': ({'PROGRESSION': 'RPCL', **LAYERS, **PRECINCTS}, True),
    'PCRL': ({'PROGRESSION': 'PCRL', **PRECINCTS, 'PLT': 'YES'}, True),
    'CPRL': ({'PROGRESSION': 'CPRL', **PRECINCTS, **LAYERS, 'PLT': 'YES'}, True),
    'tile-parts': ({'PROGRESSION': 'RPCL', 'TILEPARTS': 'RESOLUTIONS', 'PLT': 'YES'}, True),
    'tile-parts without lengths': ({'PROGRESSION': 'RPCL', 'TILEPARTS': 'RESOLUTIONS'}, True),
    'bypass': ({'CODEBLOCK_STYLE': 'BYPASS', **LAYERS, 'PROGRESSION': 'RLCP'}, True),
    'terminated': ({'CODEBLOCK_STYLE': 'TERMALL', 'CODEBLOCK_HEIGHT': 16}, True),
    'tiles': (LARGE_TILES, True),
    'tiles and table': ({**LARGE_TILES, 'TLM': 'YES', 'PLT': 'YES', **LAYERS}, True),
    'subsampled': ({'YCBCR420': 'YES', 'PROGRESSION': 'RPCL', **PRECINCTS}, True),
    'codestream only': ({'CODEC': 'J2K', 'TLM': 'YES'}, True),
}


@pytest.mark.parametrize('way', WAYS)
def test_a_reduced_image_is_that_of_the_file_and_less_of_it_is_read(tmp_path, way):
    options, told = WAYS[way]
    path = write(tmp_path / 'image.jp2', **options)
    file = Counted(path.read_bytes())
    with opened(file) as dataset:
        count = dataset.GetRasterBand(1).GetOverviewCount()
        read_bytes = {}
        # The coarsest first, and back and forth.
        for level in (count, 1, *range(count, 0, -1)):
            file.forget()
            assert np.array_equal(read(dataset, level), read_local(path, level)), level
            read_bytes.setdefault(level, file.bytes)
            dataset.FlushCache()
        assert np.array_equal(read(dataset, 0), read_local(path, 0))
    if told:
        assert read_bytes[1] < 0.9 * file.size
        assert max(read_bytes[count], 16384) < 0.5 * file.size or 'tiles' in way


def plt_lengths(content: bytes) -> tuple[int, list[int]]:
    """Return where the packets of the only tile-part begin, and their lengths."""
    position = content.index(b'\xff\x90\0\x0a') + 12
    lengths, number = [], 0
    while content[position : position + 2] != b'\xff\x93':
        kind, size = struct.unpack('>HH', content[position : position + 4])
        if kind == 0xFF58:
            for byte in content[position + 5 : position + 2 + size]:
                number = number << 7 | byte & 127
                if byte < 128:
                    lengths.append(number)
                    number = 0
        position += 2 + size
    return position + 2, lengths


def needed(content: bytes, level: int) -> int:
    """Return how many bytes of the image `large` a level needs, its header included."""
    begin, lengths = plt_lengths(content)
    assert len(lengths) == 3 * 6
    return begin + sum(lengths[: 3 * (6 - level)])


@pytest.fixture(scope='module')
def large(tmp_path_factory):
    """An image of one tile with a table of packets, of six resolutions and one layer."""
    path = tmp_path_factory.mktemp('large') / 'image.jp2'
    whole = '{4096,4096},{2048,2048},{1024,1024},{512,512},{256,256},{128,128}'
    return write(path, picture(2200, 1800), PLT='YES', RESOLUTIONS=6, PRECINCTS=whole)


@pytest.mark.parametrize('level', [4, 3, 2, 1])
def test_no_more_is_asked_for_than_the_header_and_the_packets(large, level):
    file = Counted(large.read_bytes())
    with opened(file) as dataset:
        assert np.array_equal(read(dataset, level), read_local(large, level))
    # The end of the codestream is looked at.
    assert file.bytes <= max(needed(file.content, level), 16384) + 64
    assert file.requests <= 6


@pytest.fixture
def web(settings):
    """A web server that may be asked."""
    with web_server.running() as server:
        settings.LARGE_IMAGE = {'URL_PREFIXES': [server.url], 'VERSION_MAX_AGE': 3600}
        yield server
    close_sources()


def fetched(web) -> list[int]:
    """Return the bytes of each GET since the last time."""
    found = []
    for method, _, given in web.asked:
        if method == 'GET':
            start, end = given.removeprefix('bytes=').split('-')
            found.append(int(end) + 1 - int(start))
    web.asked.clear()
    return found


def test_a_thumbnail_over_http(web, large):
    content = large.read_bytes()
    web.files['large.jp2'] = content
    reader = reader_of(open_source(url_reference(web.url + 'large.jp2')))
    thumbnail = reader.read_window((0, 0, 2200, 1800), (220, 180)).data
    gets = fetched(web)
    local = reader_of(open_source(path_reference(str(large))))
    assert np.array_equal(thumbnail, local.read_window((0, 0, 2200, 1800), (220, 180)).data)
    assert sum(gets) <= 1.3 * needed(content, 3)
    assert len(gets) <= 4
    # A finer view takes what is missing only.
    finer = reader.read_window((0, 0, 2200, 1800), (550, 450)).data
    assert np.array_equal(finer, local.read_window((0, 0, 2200, 1800), (550, 450)).data)
    assert sum(fetched(web)) <= 1.1 * (needed(content, 2) - needed(content, 3))


@pytest.mark.parametrize('table', ['YES', 'NO'])
def test_a_tile_over_http(web, tmp_path, table):
    path = write(tmp_path / 'tiles.jp2', picture(2048, 1536), **TILES, TLM=table)
    web.files['tiles.jp2'] = path.read_bytes()
    reader = reader_of(open_source(url_reference(web.url + 'tiles.jp2')))
    fetched(web)
    window = (1024, 768, 1280, 1024)
    data = reader.read_window(window, (256, 256)).data
    gets = fetched(web)
    assert np.array_equal(
        data, reader_of(open_source(path_reference(str(path)))).read_window(window, (256, 256)).data
    )
    (length,) = part_lengths(path.read_bytes())[28:29]
    # Without a table each tile-part tells where the next one is.
    walk = 0 if table == 'YES' else 48
    assert length <= sum(gets) <= length + 1024 * (walk + 1)
    assert len(gets) <= walk + 2
    # Views of several tiles are read in the thread that knows where the file is.
    both = reader.read_window((700, 700, 1300, 1300), (600, 600)).data
    assert np.array_equal(both[68:324, 324:580], data)


def part_lengths(content: bytes) -> list[int]:
    """Return the lengths of the tile-parts."""
    position, found = content.index(b'\xff\x90\0\x0a'), []
    while content[position : position + 4] == b'\xff\x90\0\x0a':
        found.append(struct.unpack('>I', content[position + 6 : position + 10])[0])
        position += found[-1]
    return found


def test_only_the_tiles_that_are_touched_are_read(tmp_path):
    path = write(tmp_path / 'tiles.jp2', **TILES, TLM='YES')
    file = Counted(path.read_bytes())
    start = file.content.index(b'\xff\x90\0\x0a')
    with opened(file) as dataset:
        file.forget()
        read(dataset, 0, (300, 300, 100, 100))
        for number, length in enumerate(part_lengths(file.content)):
            assert file.asked(start, start + length) == (length if number == 4 else 0)
            start += length


def test_who_reads_without_telling_a_level_reads_the_file(large):
    file = Counted(large.read_bytes())
    with opened(file) as dataset:
        overview = dataset.GetRasterBand(1).GetOverview(2).ReadAsArray()
        assert np.array_equal(overview, read_local(large, 3)[0])
        assert file.bytes == file.size


def test_other_drivers_are_told_nothing(tmp_path):
    dataset = gdal.GetDriverByName('MEM').Create('', 8, 8)
    with resolutions.reading(dataset, 3):
        assert resolutions._reading.level is None


def test_the_level_is_that_of_the_innermost_block(large):
    dataset = gdal.Open(str(large))
    with resolutions.reading(dataset, 3):
        with resolutions.reading(dataset, 1):
            assert resolutions._reading.level == 1
        assert resolutions._reading.level == 3
    assert resolutions._reading.level is None


def test_threads_read_different_levels_of_one_file(large):
    file = Counted(large.read_bytes())
    wanted = {level: read_local(large, level) for level in (4, 3, 2)}
    wrong, barrier = [], threading.Barrier(6)
    with opened(file):

        def work(level: int) -> None:
            gdal.SetThreadLocalConfigOption('GDAL_NUM_THREADS', '1')
            dataset = gdal.Open(virtual.PREFIX + 'image.jp2')
            barrier.wait()
            if not np.array_equal(read(dataset, level), wanted[level]):
                wrong.append(level)

        threads = [threading.Thread(target=work, args=(level,)) for level in (4, 3, 2) * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_what_is_known_of_a_file_goes_with_it(large):
    file = Counted(large.read_bytes())
    with opened(file) as dataset:
        read(dataset, 4)
    assert resolutions._images[file] is not None
    gone = weakref.ref(file)
    del dataset, file
    gc.collect()
    assert gone() is None


# Files that lie.


def outcome(read_pixels) -> np.ndarray | None:
    try:
        return read_pixels()
    except RuntimeError:
        return None


def assert_like_the_file(content: bytes, tmp_path, level: int = 2) -> None:
    """Where GDAL reads the local file, the pixels have to be the same."""
    path = tmp_path / 'changed.jp2'
    path.write_bytes(content)
    expected = outcome(lambda: read_local(path, level))
    file = Counted(content)
    found = None
    # Once more where a table is not believed any longer.
    for _ in range(2):
        if found is None:
            with suppress(RuntimeError), opened(file) as dataset:
                found = read(dataset, level)
    if expected is not None:
        assert found is not None
        assert np.array_equal(found, expected)
    assert file.requests < 400


def test_a_table_of_packets_that_lies(tmp_path):
    content = bytearray(write(tmp_path / 'image.jp2', PLT='YES', **LAYERS).read_bytes())
    table = content.index(b'\xff\x58')
    # Another packet is one longer, the next one shorter: their sum is right.
    for at in range(table + 5, table + 30):
        changed = bytearray(content)
        if 0 < changed[at] & 127 < 126 and changed[at + 2] & 127:
            changed[at] += 1
            changed[at + 2] -= 1
            assert_like_the_file(bytes(changed), tmp_path)


def test_a_table_of_tile_parts_that_lies_is_used_once(tmp_path):
    path = write(tmp_path / 'image.jp2', **TILES, TLM='YES')
    content = bytearray(path.read_bytes())
    table = content.index(b'\xff\x55') + 6
    size = 5 if content[table - 1] >> 4 & 3 == 1 else 6
    # The first and the second one are exchanged.
    first, second = (bytes(content[table + size * i : table + size * (i + 1)]) for i in (0, 1))
    content[table : table + 2 * size] = second + first
    with opened(Counted(bytes(content))) as dataset:
        assert outcome(lambda: read(dataset, 0, (0, 0, 100, 100))) is None
        assert isinstance(virtual.failure(), BusyError)
        again = gdal.Open(virtual.PREFIX + 'image.jp2')
        assert np.array_equal(
            read(again, 0, (0, 0, 100, 100)), read_local(path, 0, (0, 0, 100, 100))
        )


@pytest.mark.parametrize(
    'options', [{'PLT': 'YES'}, WAYS['tile-parts'][0], {**LARGE_TILES, 'TLM': 'YES', 'PLT': 'YES'}]
)
def test_damaged_headers(tmp_path, options):
    content = write(tmp_path / 'image.jp2', **options).read_bytes()
    start, first = content.index(b'\xff\x4f\xff\x51'), content.index(b'\xff\x90\0\x0a')
    rng = np.random.default_rng(0)
    for at in rng.choice(np.arange(start, first + 60), 60, replace=False):
        for value in (0, 255):
            changed = bytearray(content)
            changed[at] = value
            assert_like_the_file(bytes(changed), tmp_path)


def test_a_file_that_was_cut(tmp_path):
    content = write(tmp_path / 'image.jp2', **WAYS['tile-parts'][0]).read_bytes()
    for share in range(1, 20):
        assert_like_the_file(content[: len(content) * share // 20], tmp_path)


def test_very_many_tile_parts(tmp_path):
    content = write(tmp_path / 'image.j2k', CODEC='J2K').read_bytes()
    first = content.index(b'\xff\x90\0\x0a')
    # Each of another tile that there is not, or of the first without anything in it.
    for tile in (0, 7):
        parts = b''.join(
            struct.pack('>HHHIBBH', 0xFF90, 10, tile, 14, number % 255, 0, 0xFF93)
            for number in range(20_000)
        )
        assert_like_the_file(content[:first] + parts + content[first:], tmp_path)


def test_blocks_of_each_level_are_kept_apart(web, large):
    """What is decoded of a reduced image is never taken for another level."""
    web.files['large.jp2'] = large.read_bytes()
    remote = reader_of(open_source(url_reference(web.url + 'large.jp2')))
    local = reader_of(open_source(path_reference(str(large))))
    for size in (137, 1100, 275, 2200, 550):
        window = (0, 0, 2200, 1800)
        shape = (size, size * 18 // 22)
        decoded._kept.reset()
        expected = local.read_window(window, shape).data
        assert np.array_equal(remote.read_window(window, shape).data, expected)
