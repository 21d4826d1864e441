"""What opens a file, what refuses to, and the sources that stay open."""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifftools

from django_large_image import metrics
from django_large_image.exceptions import (
    BudgetError,
    LargeImageError,
    ParameterError,
    ProjectionError,
    UnreadableError,
)
from django_large_image.sources import opening
from django_large_image.sources.foreign import ForeignReader
from django_large_image.sources.opening import (
    SourceCache,
    available_sources,
    close_sources,
    open_source,
    reader_of,
)
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.reference import ImageReference
from tests import factories

from . import hostile

# Pillow leaves files to the garbage collector when it fails on them.
pytestmark = [
    pytest.mark.filterwarnings('ignore::ResourceWarning'),
    pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning'),
]


@pytest.fixture(autouse=True)
def closed():
    close_sources()
    yield
    close_sources()


def reference(path, version='1'):
    return ImageReference(str(path), version)


def opened(path, **options):
    return reader_of(open_source(reference(path), **options))


def values(reader):
    """Return all that a reader shows of its first band, at every size it may be read in."""
    seen = set()
    for side in (128, 64, 32, 5):
        window = (0, 0, reader.sourceSizeX, reader.sourceSizeY)
        seen |= set(np.unique(reader.read_window(window, (side, side), bands=(1,)).data))
    return seen


def limited_memory(extra=1 << 30):
    """Bound what a process may take beyond what it has; returns what to set back."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    with open('/proc/self/statm', encoding='ascii') as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + extra, before[1]))
    return before


# Files that are no images.


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'hello, this is no image',
        b'II*\0',
        b'II*\0' + b'\xff' * 64,
        b'MM\0*' + b'\0' * 64,
        b'\x89PNG\r\n\x1a\n',
        b'\x89PNG\r\n\x1a\n' + b'\0' * 100,
        b'\xff\xd8\xff\xe0' + b'\0' * 100,
        b'GIF89a' + b'\0' * 20,
        b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n',
        b'\xc5\xd0\xd3\xc6' + b'\0' * 40,
        b'%PDF-1.7\n',
        b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>',
        b'\xef\xbb\xbf  <?xml version="1.0"?><svg width="9" height="9"/>',
        b'<GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1/</ServerUrl></Service></GDAL_WMS>',
        b'{"type": "FeatureCollection", "features": []}',
        b'BM' + b'\0' * 10,
        os.urandom(500),
    ],
)
@pytest.mark.parametrize('name', ['image.tif', 'image.png', 'image', 'image.eps', 'image.svg'])
def test_what_is_no_image_is_unreadable(content, name, tmp_path, capfd):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableError) as caught:
        open_source(reference(path))
    assert str(tmp_path) not in caught.value.detail
    assert capfd.readouterr().err == ''


@pytest.mark.parametrize('source', ['pil', 'tiff', 'raster', 'gdal', None])
def test_a_missing_file_is_unreadable(source, tmp_path):
    for path in (tmp_path / 'none.tif', tmp_path, 'a\0b', ''):
        with pytest.raises(UnreadableError):
            open_source(reference(path), source=source)


@pytest.mark.parametrize('keep', [0.001, 0.01, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize('options', [{}, {'COMPRESS': 'DEFLATE', 'TILED': 'YES'}])
def test_a_truncated_file_fails_cleanly(keep, options, make_raster, tmp_path, capfd):
    data = np.random.default_rng(0).integers(0, 255, (3, 500, 500), dtype='uint8')
    path = factories.truncated(tmp_path / 'cut.tif', make_raster(data, options=options), keep=keep)
    with pytest.raises(UnreadableError):
        opened(path).read_window((0, 0, 500, 500), (500, 500))
    assert capfd.readouterr().err == ''


def test_a_vrt_under_another_name_is_refused(tmp_path):
    path = hostile.vrt(tmp_path / 'image.tif', hostile.secret(tmp_path))
    for source in (None, 'raster', 'gdal', 'pil', 'tiff'):
        with pytest.raises(UnreadableError):
            open_source(reference(path), source=source)


@pytest.mark.parametrize('source', [None, 'pil'])
def test_vector_and_postscript_are_not_handed_to_other_libraries(source, tmp_path, monkeypatch):
    path = tmp_path / 'image.png'
    path.write_bytes(b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n')
    from PIL import EpsImagePlugin

    def ghostscript(*args, **kwargs):
        raise AssertionError('An interpreter was started.')

    monkeypatch.setattr(EpsImagePlugin, 'Ghostscript', ghostscript)
    with pytest.raises(UnreadableError):
        open_source(reference(path), source=source)


# Files that name other files.


def test_overviews_in_the_metadata_are_refused(tmp_path):
    target = hostile.secret(tmp_path)
    path = hostile.with_metadata(tmp_path / 'a.tif', 'OVERVIEWS', OVERVIEW_FILE=target)
    with pytest.raises(UnreadableError, match='another file'):
        open_source(reference(path), source='raster')


@pytest.mark.parametrize('description', [True, False])
def test_subdatasets_in_the_metadata_lead_nowhere(description, tmp_path):
    target = hostile.secret(tmp_path)
    items = {}
    for number, name in enumerate([target, target, f'GTIFF_DIR:1:{target}', f'"{target}"'], 1):
        items[f'SUBDATASET_{number}_NAME'] = name
        if description:
            items[f'SUBDATASET_{number}_DESC'] = 'Page 1 (128P x 128L x 1B)'
    reader = opened(hostile.with_metadata(tmp_path / 'a.tif', 'SUBDATASETS', **items))
    assert reader.frame_count == 1
    assert values(reader) == {hostile.OWN}


def test_geolocation_arrays_in_the_metadata_are_not_opened(tmp_path):
    missing = tmp_path / 'not-there.tif'
    path = hostile.with_metadata(
        tmp_path / 'a.tif', 'GEOLOCATION', X_DATASET=missing, Y_DATASET=missing, X_BAND=1, Y_BAND=1
    )
    from osgeo import gdal, osr

    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.SetGeoTransform((0, 1, 0, 0, 0, 1))
    system = osr.SpatialReference()
    system.ImportFromEPSG(4326)
    dataset.SetProjection(system.ExportToWkt())
    dataset = None
    reader = opened(path, projection='EPSG:4326')
    assert not reader.read_tile(0, 0, 0).empty


@pytest.mark.parametrize('suffix', ['.ovr', '.OVR', '.msk', '.MSK', '.ovr.ovr', '.ovr.msk', '.aux'])
@pytest.mark.parametrize('name', ['a.tif', 'a.png', 'a.jpg'])
def test_sidecars_that_are_no_plain_tiffs_are_ignored(suffix, name, make_raster, tmp_path):
    driver = {'tif': 'GTiff', 'png': 'PNG', 'jpg': 'JPEG'}[name[-3:]]
    path = make_raster(np.full((128, 128), hostile.OWN, 'uint8'), name=name, driver=driver)
    hostile.vrt(tmp_path / f'{name}{suffix}', hostile.secret(tmp_path))
    reader = opened(path)
    assert values(reader) == {hostile.OWN}
    assert reader.description.overviews == 0
    assert reader.read_window((0, 0, 9, 9), (9, 9)).opaque


def test_a_sidecar_that_leads_on_is_ignored(make_raster, tmp_path):
    path = make_raster(np.full((128, 128), hostile.OWN, 'uint8'), name='a.tif')
    hostile.with_metadata(
        tmp_path / 'a.tif.ovr', 'OVERVIEWS', OVERVIEW_FILE=hostile.secret(tmp_path)
    )
    assert opened(path).description.overviews == 0


@pytest.mark.parametrize(
    ('domain', 'key'),
    [('OVERVIEWS', 'OVERVIEW_FILE'), ('SUBDATASETS', 'SUBDATASET_1_NAME')],
)
def test_an_auxiliary_file_leads_nowhere(domain, key, make_raster, tmp_path):
    path = make_raster(np.full((128, 128), hostile.OWN, 'uint8'), name='a.tif')
    (tmp_path / 'a.tif.aux.xml').write_text(
        f'<PAMDataset><Metadata domain="{domain}"><MDI key="{key}">{hostile.secret(tmp_path)}</MDI>'
        '</Metadata></PAMDataset>'
    )
    reader = opened(path)
    assert values(reader) == {hostile.OWN}
    assert reader.description.overviews == 0


def test_honest_sidecars_are_used(tmp_path, make_raster):
    from osgeo import gdal

    path = make_raster(factories.gradient(512, 512), name='a.tif')
    dataset = gdal.Open(str(path))
    dataset.BuildOverviews('NEAREST', [2, 4])
    dataset = None
    assert (tmp_path / 'a.tif.ovr').exists()
    assert opened(path).description.overviews == 2
    picture = make_raster(np.zeros((3, 9, 9), 'uint8'), name='b.png', driver='PNG')
    assert not opened(picture).geospatial
    (tmp_path / 'b.pgw').write_text('1\n0\n0\n-1\n10\n50\n')
    assert reader_of(open_source(reference(picture, '2'))).geospatial


# Files that claim too much.

BOMBS = {
    'huge': lambda path: hostile.sparse_tiff(path, 2**31 - 1, 2**31 - 1, 256),
    'huge blocks': lambda path: hostile.sparse_tiff(path, 2**17, 2**17, 2**17),
    'small with huge blocks': lambda path: hostile.sparse_tiff(path, 10, 10, 2**17),
    'many bands': lambda path: hostile.sparse_tiff(path, 100, 100, 16, 65535),
    'many bands in huge blocks': lambda path: hostile.sparse_tiff(path, 100, 100, 2**14, 4000),
    'png': lambda path: hostile.png_bomb(path, 60_000),
    'large png': lambda path: hostile.png_bomb(path, 2**31 - 1),
}


def look(path, source):
    reader = opened(path, source=source)
    reader.read_tile(0, 0, 0)
    reader.read_window((0, 0, reader.sourceSizeX, reader.sourceSizeY), (8, 8))


@pytest.mark.parametrize('bomb', BOMBS)
@pytest.mark.parametrize('source', [None, 'pil', 'tiff'])
def test_a_bomb_fails_cleanly_quickly_and_in_bounded_memory(bomb, source, tmp_path):
    path = BOMBS[bomb](tmp_path / 'image.tif')
    started = time.monotonic()
    before = limited_memory()
    try:
        with pytest.raises(LargeImageError) as caught:
            look(path, source)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert isinstance(caught.value, BudgetError | UnreadableError)
    assert time.monotonic() - started < 5


# Names of sources and projections.


def test_sources_are_found_by_name(make_raster):
    path = make_raster(np.zeros((3, 20, 30), 'uint8'))
    assert isinstance(opened(path), RasterTileSource)
    assert isinstance(opened(path, source='gdal'), RasterTileSource)
    assert isinstance(opened(path, source='pil'), ForeignReader)
    with pytest.raises(ParameterError, match='raster'):
        open_source(reference(path), source='nothing')


def test_sources_that_the_settings_leave_out_are_unknown(make_raster, settings):
    settings.LARGE_IMAGE = {'SOURCES': ['raster']}
    assert set(available_sources()) == {'raster'}
    with pytest.raises(ParameterError):
        open_source(reference(make_raster()), source='pil')


def test_drivers_that_the_settings_leave_out_do_not_read(make_raster, settings):
    path = make_raster(np.zeros((3, 9, 9), 'uint8'), name='a.png', driver='PNG')
    assert opened(path).bands
    settings.LARGE_IMAGE = {'DRIVERS': ['GTiff']}
    with pytest.raises(UnreadableError):
        open_source(reference(path, '2'))


@pytest.mark.parametrize('source', [None, 'raster', 'gdal', 'pil'])
def test_a_projection_for_a_picture_is_the_clients_mistake(source, make_raster):
    path = make_raster(np.zeros((3, 9, 9), 'uint8'), name='a.png', driver='PNG')
    with pytest.raises(ParameterError):
        open_source(reference(path), projection='EPSG:3857', source=source)


def test_a_projection_for_what_only_others_read_is_the_clients_mistake(tmp_path):
    from PIL import Image

    path = tmp_path / 'a.pcx'
    Image.fromarray(np.zeros((9, 9), 'uint8')).save(path)
    assert isinstance(opened(path), ForeignReader)
    with pytest.raises(ProjectionError):
        open_source(reference(path), projection='EPSG:3857')


@pytest.mark.parametrize('code', ['EPSG:999999', '+proj=merc', 'nonsense', 'EPSG:', 'EPSG:5703'])
def test_unknown_projections_are_refused(code, make_raster):
    path = make_raster(epsg=4326, bounds=(0, 0, 1, 1))
    with pytest.raises(ProjectionError):
        open_source(reference(path), projection=code)


def test_spellings_of_a_projection_share_a_source(make_raster):
    path = make_raster(epsg=4326, bounds=(0, 0, 1, 1))
    first = open_source(reference(path), projection='EPSG:3857')
    assert open_source(reference(path), projection='epsg:3857') is first
    assert open_source(reference(path), projection='3857') is first


# The sources that stay open.


@pytest.fixture
def count(monkeypatch):
    """Count what is opened."""
    paths = []
    real = opening._open

    def counting(reference, *args, **kwargs):
        paths.append((os.path.basename(reference.path), reference.version))
        time.sleep(0.01)
        return real(reference, *args, **kwargs)

    monkeypatch.setattr(opening, '_open', counting)
    return paths


def test_a_source_is_opened_once_per_version(make_raster, count):
    cache = SourceCache()
    path = make_raster(np.zeros((4, 4), 'uint8'))
    first = cache.get(reference(path, '1'), None, None)
    assert cache.get(reference(path, '1'), None, None) is first
    second = cache.get(reference(path, '2'), None, None)
    assert second is not first
    # The older version is gone at once.
    assert len(cache._entries) == 1
    assert count == [('image.tif', '1'), ('image.tif', '2')]


def test_threads_that_ask_at_once_share_one_opening(make_raster, count):
    cache = SourceCache()
    path = make_raster(np.zeros((4, 4), 'uint8'))
    barrier = threading.Barrier(16)

    def ask(_):
        barrier.wait()
        return cache.get(reference(path), None, None)

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(ask, range(16)))
    assert len(count) == 1
    assert len(set(map(id, found))) == 1


def test_a_failure_is_not_kept(tmp_path, make_raster, count):
    cache = SourceCache()
    path = tmp_path / 'later.tif'
    for _ in range(2):
        with pytest.raises(UnreadableError):
            cache.get(reference(path), None, None)
    path.write_bytes(make_raster(np.zeros((4, 4), 'uint8')).read_bytes())
    assert cache.get(reference(path), None, None).sizeX == 4
    assert len(count) == 3


def test_the_least_recently_used_source_goes_first(make_raster, settings, count):
    settings.LARGE_IMAGE = {'SOURCE_CACHE_SIZE': 2}
    cache = SourceCache()
    a, b, c = (make_raster(np.zeros((4, 4), 'uint8'), name=f'{n}.tif') for n in 'abc')
    for path in (a, b, a, c, a, b):
        cache.get(reference(path), None, None)
    assert [name for name, _ in count] == ['a.tif', 'b.tif', 'c.tif', 'b.tif']


def test_a_replaced_file_is_served_fresh(make_raster, tmp_path):
    path = make_raster(np.full((40, 40), 1, 'uint8'))
    assert values(opened(path)) == {1}
    other = make_raster(np.full((40, 40), 2, 'uint8'), name='other.tif')
    os.replace(other, path)
    assert values(reader_of(open_source(reference(path, '2')))) == {2}


def test_the_tags_of_a_replaced_file_are_its_own(make_raster, tmp_path):
    page = str(make_raster(np.ones((300, 300), 'uint8'), options={'TILED': 'YES'}))
    path = tmp_path / 'pages.tif'
    for count in (2, 3):
        tifftools.tiff_concat([page] * count, str(path), overwrite=True)
        source = open_source(reference(path, str(count)), source='tiff')
        assert reader_of(source).frame_count == count


def test_a_file_cut_while_it_is_open_fails_and_recovers(make_raster):
    data = np.random.default_rng(0).integers(0, 255, (3, 600, 600), dtype='uint8')
    path = make_raster(data, options={'TILED': 'YES'})
    whole = path.read_bytes()
    reader = opened(path)
    os.truncate(path, 2000)
    with pytest.raises(UnreadableError):
        reader.read_window((0, 0, 600, 600), (600, 600))
    path.write_bytes(whole)
    raster = reader.read_window((0, 0, 600, 600), (600, 600))
    np.testing.assert_array_equal(np.moveaxis(raster.data, -1, 0), data)


def test_file_descriptors_and_sources_do_not_grow(make_raster, settings):
    settings.LARGE_IMAGE = {'SOURCE_CACHE_SIZE': 10}
    paths = [make_raster(np.full((64, 64), n, 'uint8'), name=f'{n}.tif') for n in range(50)]

    def look(number):
        path = paths[number % 50]
        raster = opened(path).read_tile(0, 0, 0)
        assert raster.data[0, 0, 0] == number % 50
        return len(os.listdir('/proc/self/fd'))

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(look, range(2000)))
    gc.collect()
    assert max(counts[1000:]) <= max(counts[:500]) + 10
    assert max(counts) - counts[0] < 10 * settings.LARGE_IMAGE['SOURCE_CACHE_SIZE']


def test_threads_see_what_one_thread_sees(data_dir):
    from django_large_image.pixels.style import Style
    from django_large_image.sources.rendering import render

    styles = [
        Style.parse(None),
        Style.parse({'band': 1, 'palette': 'viridis', 'min': 'min', 'max': 'max'}),
    ]
    jobs = [
        (path, projection, style, z)
        for path in sorted((data_dir / 'geo').glob('*.tif'))
        if path.stem != 'float_nan'
        for projection in (None, 'EPSG:3857')
        for style in styles
        for z in (0, 1)
    ]

    def tile(job):
        path, projection, style, z = job
        reader = opened(path, projection=projection)
        picture = render(
            reader,
            reference(path),
            style,
            None,
            lambda frame, bands: reader.read_tile(z, 0, 0, frame=frame, bands=bands),
        )
        return picture.to_uint8().to_rgba().data.tobytes()

    alone = [tile(job) for job in jobs]
    close_sources()
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(tile, jobs * 3))
    assert together == alone * 3


# Python warns of threads at a fork, also of those that libraries keep.
@pytest.mark.filterwarnings('ignore::DeprecationWarning')
def test_a_child_process_opens_its_own_handles(make_raster):
    path = make_raster(np.full((8, 8), 3, 'uint8'))
    open_source(reference(path))
    child = os.fork()
    if not child:
        os._exit(len(opening._sources._entries))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(opening._sources._entries) == 1


@pytest.mark.parametrize(
    ('name', 'first'),
    [('a.tif', 'raster'), ('a.png', 'raster'), ('a', 'raster'), ('a.svs', 'tiff')],
)
def test_the_likeliest_source_is_tried_first(name, first):
    pytest.importorskip('large_image_source_tiff')
    candidates = [source.name for source in opening._candidates(name)]
    assert candidates[0] == first
    assert len(candidates) == len(set(candidates))
    assert 'raster' in candidates


def test_other_sources_are_loaded_only_when_they_are_needed(tmp_path):
    path = factories.raster(tmp_path / 'a.tif', factories.gradient(9, 9))
    code = (
        'import sys;'
        'from django_large_image.sources.opening import open_source;'
        'from django_large_image.storage.paths import local_reference;'
        'open_source(local_reference(sys.argv[1]));'
        'print("large_image_source_tiff" in sys.modules)'
    )
    command = [sys.executable, '-c', code, str(path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == 'False'


def test_what_is_open_can_be_watched(tmp_path):
    gc.collect()
    idle = metrics.counters()['large_image_idle_handles'][()]
    kept = [opened(factories.raster(tmp_path / f'{number}.tif')) for number in range(3)]
    found = metrics.counters()
    assert found['large_image_open_sources'] == {(): len(kept)}
    assert found['large_image_idle_handles'] == {(): idle + len(kept)}
    close_sources()
    del kept
    gc.collect()
    found = metrics.counters()
    assert found['large_image_open_sources'] == {(): 0}
    assert found['large_image_idle_handles'] == {(): idle}
