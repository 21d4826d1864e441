"""GeoDjango's rasters in, references out; what is kept of them, and for how long."""

from __future__ import annotations

import gc
import os
import pickle
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.gis.db.backends.postgis.pgraster import from_pgraster, to_pgraster
from django.contrib.gis.gdal import GDALRaster
from osgeo import gdal

from django_large_image.exceptions import BudgetError, UnreadableError
from django_large_image.sources import memory
from django_large_image.sources.opening import close_sources, open_source, reader_of
from django_large_image.storage.gdalraster import gdalraster_reference, stored_reference
from django_large_image.storage.paths import local_reference, path_reference
from tests import factories

DATATYPES = {'uint8': 1, 'uint16': 2, 'int16': 3, 'int32': 5, 'float32': 6, 'float64': 7}
BOUNDS = (10.0, 40.0, 12.0, 42.0)


def names() -> list[str]:
    """The names of the files in memory."""
    return gdal.ReadDir(memory.FOLDER) or []


@pytest.fixture(autouse=True)
def nothing_is_kept() -> Iterator[None]:
    """No file in memory before a test, none after it once its sources are closed."""
    close_sources()
    yield
    close_sources()
    if memory.used():
        gc.collect()
    assert (names(), memory.used()) == ([], 0)


def parts(data: np.ndarray, *, srid: int = 4326, nodata: Any = None) -> dict[str, Any]:
    """What `GDALRaster` is made of: `data` (bands, rows, columns) over `BOUNDS`; `nodata` is one
    value, or one for each band.
    """
    count, height, width = data.shape
    values = nodata if isinstance(nodata, list) else [nodata] * count
    left, bottom, right, top = BOUNDS
    return {
        'srid': srid,
        'width': width,
        'height': height,
        'datatype': DATATYPES[data.dtype.name],
        'origin': (left, top),
        'scale': ((right - left) / width, (bottom - top) / height),
        'skew': (0.0, 0.0),
        'bands': [
            {'data': plane.tobytes(), **({} if value is None else {'nodata_value': value})}
            for plane, value in zip(data, values, strict=True)
        ],
    }


def samples(reference: Any) -> np.ndarray:
    """The samples of all bands (rows, columns, bands) as the package reads them."""
    reader = reader_of(open_source(reference))
    numbers = [band.number for band in reader.bands]
    window = (0, 0, reader.sizeX, reader.sizeY)
    return reader.read_window(window, (reader.sizeX, reader.sizeY), bands=numbers).data


def facts(reference: Any) -> tuple[Any, ...]:
    """What else decides the picture."""
    source = open_source(reference)
    bands = [(band.dtype, band.nodata, band.interpretation) for band in source.bands]
    return bands, source.getBounds('EPSG:4326'), source.levels


@pytest.mark.parametrize('dtype', DATATYPES)
@pytest.mark.parametrize(('count', 'nodata'), [(1, None), (1, 7), (3, None), (5, 7)])
@pytest.mark.parametrize('form', ['stored', 'memory'])
def test_samples_are_those_of_the_same_raster_as_a_file(make_raster, dtype, count, nodata, form):
    data = factories.gradient(60, 80, count, dtype)
    whole = parts(data, nodata=nodata)
    file = local_reference(make_raster(data, epsg=4326, bounds=BOUNDS, nodata=nodata))
    if form == 'stored':
        reference = stored_reference(whole)
    else:
        reference = gdalraster_reference(GDALRaster(whole))
    np.testing.assert_array_equal(samples(reference), np.moveaxis(data, 0, -1))
    assert facts(reference)[1:] == facts(file)[1:]
    assert [band[:2] for band in facts(reference)[0]] == [band[:2] for band in facts(file)[0]]


def test_a_raster_of_a_file_is_that_file(make_raster):
    path = make_raster()
    raster = GDALRaster(str(path))
    assert gdalraster_reference(raster) == path_reference(raster) == local_reference(path)


@pytest.mark.parametrize('form', ['stored', 'memory'])
def test_each_band_keeps_its_own_nodata(form):
    data = factories.gradient(20, 30, 3, 'float32')
    whole = parts(data, nodata=[0.5, None, -9999.0])
    raster = GDALRaster(whole) if form == 'memory' else whole
    assert [band[1] for band in facts(stored_reference(raster))[0]] == [0.5, None, -9999.0]


def test_three_bands_of_bytes_are_a_picture():
    reference = stored_reference(parts(factories.gradient(20, 30, 3)))
    assert [band[2] for band in facts(reference)[0]] == ['red', 'green', 'blue']


def test_bytes_are_read_as_the_file_they_are(make_raster):
    data = np.arange(64 * 64, dtype='uint8').reshape(64, 64) % 3
    path = make_raster(data, color_table=[(255, 0, 0), (0, 255, 0), (0, 0, 255)], epsg=4326)
    raster = GDALRaster(path.read_bytes())
    reference = gdalraster_reference(raster)
    del raster
    np.testing.assert_array_equal(samples(reference)[..., 0], data)
    assert facts(reference) == facts(local_reference(path))
    assert open_source(reference).bands[0].colors[1] == (0, 255, 0, 255)


def test_a_png_in_memory(make_raster):
    data = factories.gradient(40, 30, 3)
    content = make_raster(data, name='a.png', driver='PNG').read_bytes()
    # GeoDjango opens bytes for writing, which a PNG does not allow.
    gdal.FileFromMemBuffer('/vsimem/given.png', content)
    raster = GDALRaster('/vsimem/given.png')
    reference = path_reference(raster)
    del raster
    assert reference.path.endswith('.png')
    np.testing.assert_array_equal(samples(reference), np.moveaxis(data, 0, -1))


@pytest.mark.parametrize('srid', [0, -1, 999999])
def test_without_a_known_srid_it_is_what_a_file_without_a_projection_is(make_raster, srid):
    data = factories.gradient(20, 30, 1)
    path = make_raster(data, bounds=BOUNDS)
    reference = stored_reference(parts(data, srid=srid))
    assert facts(reference) == facts(local_reference(path))
    np.testing.assert_array_equal(samples(reference)[..., 0], data[0])


def test_equal_rasters_share_one_file_that_is_written_once():
    data = factories.gradient(20, 30, 1)
    first, second = stored_reference(parts(data)), stored_reference(parts(data))
    assert first == second
    assert first.content is second.content
    assert len(names()) == 1


def test_the_version_changes_with_whatever_changes_the_picture():
    data = factories.gradient(20, 30, 1)
    other = data.copy()
    other[0, 0, 0] += 1
    whole = parts(data)
    changed = [
        whole,
        parts(other),
        parts(data, nodata=0),
        parts(data, nodata=1),
        parts(data, srid=3857),
        parts(data.view('int8').view('uint8').reshape(1, 30, 20)),
        {**whole, 'origin': (1.0, 2.0)},
        {**whole, 'scale': (1.0, -1.0)},
        {**whole, 'skew': (0.1, 0.0)},
    ]
    references = [stored_reference(value) for value in changed]
    assert len({reference.version for reference in references}) == len(changed)
    for value in (changed[0], changed[2]):
        again = [gdalraster_reference(GDALRaster(value)).version for _ in range(2)]
        assert again[0] == again[1]


def test_a_raster_that_is_written_to_is_another_version():
    raster = GDALRaster(parts(factories.gradient(20, 30, 1)))
    before = gdalraster_reference(raster)
    raster.bands[0].data(bytes(600))
    after = gdalraster_reference(raster)
    assert before.version != after.version
    assert (samples(before).max(), samples(after).max()) == (255, 0)


def test_a_file_in_memory_lives_as_long_as_a_source_is_open_on_it():
    reference = stored_reference(parts(factories.gradient(20, 30, 1)))
    path, source = reference.path, open_source(reference)
    del reference
    assert memory.find(path) is not None
    close_sources()
    assert reader_of(source).read_tile(0, 0, 0).data.max() == 255
    del source
    assert (memory.find(path), gdal.VSIStatL(path)) == (None, None)


def test_many_rasters_leave_nothing_behind(settings):
    settings.LARGE_IMAGE = {'MEMORY_IMAGE_BYTES': 4 * 512 * 1024}
    data = factories.gradient(512, 512, 1, 'uint16')

    def serve(first: int, last: int) -> None:
        for value in range(first, last):
            data[0, 0, 0] = value
            assert samples(stored_reference(parts(data)))[0, 0, 0] == value
            assert len(names()) <= 5

    serve(0, 50)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    serve(50, 500)
    # In kB; the rasters are 225 MB together.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_a_raster_over_the_budget_is_refused_before_it_is_copied(settings, make_raster):
    data = factories.gradient(100, 100, 1)
    content = make_raster(data).read_bytes()
    settings.LARGE_IMAGE = {'MEMORY_IMAGE_BYTES': 9_999}
    for give in (
        lambda: stored_reference(parts(data)),
        lambda: gdalraster_reference(GDALRaster(parts(data))),
        lambda: gdalraster_reference(GDALRaster(content)),
    ):
        with pytest.raises(BudgetError, match='at most 9999'):
            give()
    assert names() == []


def test_a_pickled_reference_is_the_same_while_the_file_is_there():
    reference = stored_reference(parts(factories.gradient(20, 30, 1)), 'dem-1.tif')
    pickled = pickle.dumps(reference)
    assert len(pickled) < 1000
    again = pickle.loads(pickled)
    assert (again, hash(again), again.name) == (reference, hash(reference), 'dem-1.tif')
    assert again.content is reference.content
    del reference, again
    late = pickle.loads(pickled)
    assert late.content is None
    with pytest.raises(UnreadableError):
        open_source(late)


# Python warns of threads at a fork, also of those that libraries keep.
@pytest.mark.filterwarnings('ignore::DeprecationWarning')
def test_a_forked_process_has_files_of_its_own():
    data = factories.gradient(20, 30, 1)
    reference = stored_reference(parts(data))
    child = os.fork()
    if not child:
        status = 1
        try:
            right = (samples(reference)[..., 0] == data[0]).all()
            path = reference.path
            close_sources()
            del reference
            status = 0 if right and gdal.VSIStatL(path) is None else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    np.testing.assert_array_equal(samples(reference)[..., 0], data[0])


# What is not served.


@pytest.mark.parametrize(
    'value',
    [
        None,
        'text',
        {},
        {**parts(np.zeros((1, 2, 2), 'uint8')), 'bands': []},
        {**parts(np.zeros((1, 2, 2), 'uint8')), 'width': 0, 'bands': [{'data': b''}]},
        {**parts(np.zeros((1, 2, 2), 'uint8')), 'bands': [{'data': b'\0/srv/dem.tif\0'}]},
        {**parts(np.zeros((1, 2, 2), 'uint8')), 'datatype': None},
        {**parts(np.zeros((1, 2, 2), 'uint8')), 'datatype': 99},
        {**parts(np.zeros((1, 2, 2), 'uint8')), 'srid': 'EPSG'},
        {**parts(np.zeros((1, 2, 2), 'uint8')), 'origin': ()},
    ],
    ids='null text empty bandless pixelless outside untyped unknown srid place'.split(),
)
def test_a_broken_row_is_unreadable(value):
    with pytest.raises(UnreadableError):
        stored_reference(value)
    assert names() == []


def test_coordinates_that_are_no_numbers_are_no_place(make_raster):
    value = {**parts(factories.gradient(20, 30, 1)), 'origin': (float('nan'), 0.0)}
    assert open_source(stored_reference(value)).geospatial is False


def test_a_raster_without_bands_is_unreadable():
    value = {'srid': 4326, 'width': 2, 'height': 2, 'bands': []}
    with pytest.raises(UnreadableError):
        gdalraster_reference(GDALRaster(value))


def test_every_cut_of_a_row_is_unreadable_or_refused_by_geodjango():
    row = to_pgraster(GDALRaster(parts(factories.gradient(4, 4, 2, 'int16')))).hex()
    assert samples(stored_reference(from_pgraster(row))).shape == (4, 4, 2)
    served = 0
    for length in range(0, len(row), 2):
        try:
            value = from_pgraster(row[:length])
        except Exception:  # noqa: BLE001 - GeoDjango's own; answered by the mixin
            continue
        try:
            stored_reference(value)
            served += 1
        except UnreadableError:
            pass
    # One that ends after its first band is whole.
    assert served <= 1


@pytest.fixture
def vrt(make_raster) -> bytes:
    """A VRT of a raster that lies elsewhere."""
    dataset = gdal.GetDriverByName('VRT').CreateCopy('', gdal.Open(str(make_raster())))
    return dataset.GetMetadata('xml:VRT')[0].encode()


def test_a_raster_that_names_other_files_is_refused(vrt, tmp_path):
    (tmp_path / 'a.vrt').write_bytes(vrt)
    (tmp_path / 'a.tif').write_bytes(vrt)
    for raster in (GDALRaster(str(tmp_path / 'a.vrt')), GDALRaster(vrt)):
        assert raster.bands[0].data().max() == 255
        with pytest.raises(UnreadableError, match='not allowed'):
            gdalraster_reference(raster)
    with pytest.raises(UnreadableError):
        open_source(gdalraster_reference(GDALRaster(str(tmp_path / 'a.tif'))))


def test_the_name_of_a_raster_in_memory_is_no_path(make_raster):
    secret = make_raster(np.full((1, 2, 2), 77, 'uint8'))
    raster = GDALRaster({**parts(np.full((1, 2, 2), 5, 'uint8')), 'name': str(secret)})
    assert raster.name == str(secret)
    assert samples(gdalraster_reference(raster)).max() == 5


def test_a_file_that_is_gone_is_unreadable(make_raster):
    path = make_raster()
    raster = GDALRaster(str(path))
    path.unlink()
    with pytest.raises(UnreadableError, match='missing') as caught:
        gdalraster_reference(raster)
    assert str(path.parent) not in caught.value.detail


def test_complex_samples_are_refused():
    value = {'srid': 4326, 'width': 2, 'height': 2, 'nr_of_bands': 1, 'datatype': 10}
    with pytest.raises(UnreadableError):
        gdalraster_reference(GDALRaster(value))


# Threads.


def test_one_raster_in_many_threads():
    data = factories.gradient(300, 300, 3, 'uint16')
    raster = GDALRaster(parts(data))
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: gdalraster_reference(raster), range(64)))
    assert len({id(reference.content) for reference in found}) == 1
    np.testing.assert_array_equal(samples(found[0]), np.moveaxis(data, 0, -1))


def test_threads_that_hold_and_let_go_of_equal_rasters_never_miss_one(settings):
    values = [parts(np.full((1, 16, 16), value, 'uint8')) for value in range(4)]
    # One of them fits.
    settings.LARGE_IMAGE = {'MEMORY_IMAGE_BYTES': 1000}

    def serve(turn: int) -> bool:
        value = turn % len(values)
        if turn % 7 == 0:
            close_sources()
        return bool((samples(stored_reference(values[value])) == value).all())

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(serve, range(800)))


def test_paths_of_files_in_memory_say_nothing_of_the_raster(tmp_path: Path):
    reference = stored_reference(parts(np.zeros((1, 2, 2), 'uint8')), 'secret.tif')
    assert reference.path == f'{memory.FOLDER}{reference.version}.tif'
