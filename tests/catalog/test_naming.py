"""Keys from names of files, where nobody says which."""

from __future__ import annotations

import pytest

from django_large_image.catalog import naming
from django_large_image.catalog.keys import MAX_KEYS


def test_what_changes_is_a_key_of_the_kind_that_fits():
    named = naming.name(
        ['S2_20240501_B04_010.tif', 'S2_20240501_B08_010.tif', 'S2_20240601_B04_020.tif']
    )
    assert named.keys == ('date:date', 'part:text', 'number:number')
    assert named.values == {
        'S2_20240501_B04_010.tif': ('20240501', 'B04', '010'),
        'S2_20240501_B08_010.tif': ('20240501', 'B08', '010'),
        'S2_20240601_B04_020.tif': ('20240601', 'B04', '020'),
    }


def test_folders_are_parts_of_names():
    named = naming.name(['north/dem_a.tif', 'south/dem_a.tif', 'south/dem_b.tif'])
    assert named.keys == ('part:text', 'part2:text')
    assert named.values['south/dem_b.tif'] == ('south', 'b')


@pytest.mark.parametrize(
    'paths',
    [
        pytest.param(['a.tif', 'b_c.tif'], id='different numbers of parts'),
        pytest.param(['alone.tif'], id='nothing changes'),
        pytest.param(['a.tif', 'a.vrt'], id='the same but for the suffix'),
        pytest.param(['_'.join(letter * (MAX_KEYS + 1)) + '.tif' for letter in 'ab'], id='many'),
    ],
)
def test_other_names_are_the_key(paths):
    named = naming.name(paths)
    assert named.keys == ('name:text',)
    assert named.values == {path: (path,) for path in paths}


def test_numbers_that_would_be_the_same_are_texts():
    named = naming.name(['a_1.tif', 'a_01.tif'])
    assert named.keys == ('part:text',)


def test_parts_that_no_key_takes_are_texts_all_the_same():
    named = naming.name(['a_*.tif', 'a_b.tif'])
    assert named.keys == ('part:text',)
    assert named.values == {'a_*.tif': ('*',), 'a_b.tif': ('b',)}


def test_nothing_has_no_values():
    assert naming.name([]).values == {}
