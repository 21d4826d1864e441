"""A folder as a catalogue."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.catalog import api
from django_large_image.catalog.folders import fill
from django_large_image.exceptions import ParameterError
from tests import factories

pytestmark = pytest.mark.django_db

PLACE = {'epsg': 4326, 'bounds': (10, 40, 14, 44)}


@pytest.fixture
def complaints():
    return {}


def filled(folder, complaints, **options):
    count = fill('rasters', folder, complaints.__setitem__, **options)
    return count, {tuple(api.search('rasters').schema.shown(dataset).values()): dataset
                   for dataset in api.search('rasters').datasets()}  # fmt: skip


def test_a_dataset_for_each_file_and_the_others_named(roots, complaints):
    (roots / 'sub').mkdir()
    factories.raster(roots / 'sub' / 'dem_1.tif', np.full((8, 8), 7, 'uint8'), **PLACE)
    factories.raster(roots / 'sub' / 'dem_2.TIF', np.full((8, 8), 9, 'uint8'), **PLACE)
    (roots / 'sub' / 'dem_3.tif').write_text('This is no raster.')
    (roots / 'notes.txt').write_text('These are notes.')
    count, found = filled(roots, complaints)
    assert count == 2
    assert {values: dataset.maximum for values, dataset in found.items()} == {
        ('1',): 7,
        ('2',): 9,
    }
    assert found['1',].bounds == pytest.approx((10, 40, 14, 44))
    assert list(complaints) == ['sub/dem_3.tif']


def test_bands_are_a_key_where_there_are_several(roots, complaints):
    data = np.stack([np.full((8, 8), value, 'uint8') for value in (10, 20, 30)])
    factories.raster(roots / 'a.tif', data, **PLACE)
    factories.raster(roots / 'b.tif', data[:1], **PLACE)
    count, found = filled(roots, complaints)
    assert count == 4
    assert {values: (dataset.band, dataset.mean) for values, dataset in found.items()} == {
        ('a', '1'): (1, 10),
        ('a', '2'): (2, 20),
        ('a', '3'): (3, 30),
        ('b', '1'): (1, 10),
    }


def test_a_pattern_names_the_keys(roots, complaints):
    (roots / '2024-05-01').mkdir()
    factories.raster(roots / '2024-05-01' / 'x.tif', np.ones((8, 8), 'uint8'), **PLACE)
    factories.raster(roots / 'other.tif', np.ones((8, 8), 'uint8'), **PLACE)
    count, found = filled(roots, complaints, pattern='{day:date}/{kind}.tif')
    assert count == 1
    assert list(found) == [('2024-05-01', 'x')]
    assert [key.name for key in api.search('rasters').schema.keys] == ['day', 'kind']
    assert list(complaints) == ['other.tif']


def test_a_malformed_pattern(roots, complaints):
    with pytest.raises(ParameterError):
        fill('rasters', roots, complaints.__setitem__, pattern='nothing.tif')


def test_an_empty_folder_has_no_datasets(roots, complaints):
    assert filled(roots, complaints) == (0, {})


def test_a_name_that_cannot_be_a_value_is_told_and_the_rest_is_there(roots, complaints):
    long = f'dem_{"x" * 129}.tif'
    for name in ('dem_a.tif', 'dem_*.tif', long):
        factories.raster(roots / name, np.ones((8, 8), 'uint8'), **PLACE)
    count, found = filled(roots, complaints)
    assert (count, list(found)) == (1, [('a',)])
    assert set(complaints) == {'dem_*.tif', long}
    assert complaints['dem_*.tif'].startswith("'*' cannot be")
