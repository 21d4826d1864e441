"""`load_catalogs` makes whole catalogues, keeps what is there, and repairs what broke off."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client
from osgeo import gdal

from core import samples, scenes
from core.management.commands import load_catalogs
from django_large_image.catalog import api, schema
from django_large_image.catalog.models import Catalog, Dataset
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.urls('example_project.urls')]


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Any:
    """Where the rasters are made."""
    settings.CATALOGS = tmp_path / 'catalogs'
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': [str(tmp_path / 'catalogs')]}
    schema.forget()
    yield settings.CATALOGS
    schema.forget()


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The only sample: three datasets, the last of which fails as long as it is told to."""
    state = {'fails': False, 'made': 0}

    def rows(folder: Path) -> Any:
        for number in range(3):
            if number == 2 and state['fails']:
                raise RuntimeError('broken off')
            path = folder / f'{number}.tif'
            data = np.full((8, 8), number + 1, 'uint8')
            factories.raster(path, data, epsg=4326, bounds=(0, 0, 1, 1))
            state['made'] += 1
            yield api.Row([str(number)], path)

    one = scenes.Sample('one', 'One', 'The only one.', ('name',), 'singleband/0/preview.png?', rows)
    monkeypatch.setattr(load_catalogs, 'SAMPLES', [one])
    monkeypatch.setattr('core.views.SAMPLES', [one])
    return state


def load(*options: str) -> None:
    call_command('load_catalogs', *options, verbosity=0)


def test_a_sample_becomes_a_catalogue_on_the_list(sample: Any, client: Client) -> None:
    load()
    assert Catalog.objects.get().title == 'One'
    assert sorted(Dataset.objects.values_list('key_0', 'maximum')) == [('0', 1), ('1', 2), ('2', 3)]
    page = client.get('/').content.decode()
    (picture,) = re.findall(r'<img src="(/api/catalogs/[^"]+)"', page)
    response = client.get(picture.replace('&amp;', '&'))
    assert response['Content-Type'] == 'image/png'
    (link,) = re.findall(r'<h2><a href="(/api/catalogs/[^"]+)">One</a>', page)
    assert client.get(link).status_code == 200


def test_what_is_there_is_kept(sample: Any, folder: Path) -> None:
    load()
    load()
    assert sample['made'] == 3
    (folder / 'one' / '1.tif').unlink()
    load()
    assert sample['made'] == 6
    load('--force')
    assert sample['made'] == 9
    assert Dataset.objects.count() == 3


def test_what_broke_off_leaves_nothing(sample: Any) -> None:
    sample['fails'] = True
    with pytest.raises(RuntimeError):
        load()
    assert not Catalog.objects.exists()
    sample['fails'] = False
    load()
    assert Dataset.objects.count() == 3


def test_a_package_that_is_missing_is_said(sample: Any, monkeypatch: Any, capsys: Any) -> None:
    def rows(folder: Path) -> Any:
        raise samples.MissingPackageError('nowhere is not installed')
        yield

    gone = scenes.Sample('gone', 'Gone', '', ('name',), '', rows)
    monkeypatch.setattr(load_catalogs, 'SAMPLES', [gone, *load_catalogs.SAMPLES])
    load()
    assert 'Gone: nowhere is not installed' in capsys.readouterr().err
    assert [catalog.slug for catalog in Catalog.objects.all()] == ['one']


def rows_of(make: Any, folder: Path) -> list[api.Row]:
    """The datasets of a real sample, in part."""
    folder.mkdir(parents=True)
    try:
        return list(make(folder))
    except samples.MissingPackageError as error:
        pytest.skip(str(error))


def test_bands_and_classes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {'san-francisco': scenes.PLACES['san-francisco']}
    monkeypatch.setattr(scenes, 'PLACES', few)
    *bands, cover = rows_of(scenes.scenes, folder)
    assert [(row.values['band'], row.band) for row in bands] == [
        ('nir', 1),
        ('red', 2),
        ('green', 3),
    ]
    raster = gdal.Open(str(cover.location))
    classes = raster.ReadAsArray()
    assert set(np.unique(classes)) == {1, 2, 3, 4}
    left, side, _, top, _, _ = raster.GetGeoTransform()

    def at(lon: float, lat: float) -> int:
        return int(classes[int((top - lat) / side), int((lon - left) / side)])

    # The Ionian Sea, the Sahara, the Ardennes.
    assert (at(18, 37), at(8, 30)) == (1, 2)
    assert at(6, 50) in (3, 4)
    assert {entry['value'] for entry in cover.fields['categories']} == {1, 2, 3, 4}


def test_plants_come_with_the_sun(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenes, 'TILES', [(0, 55)])
    rows = rows_of(scenes.seasons, folder)
    assert [row.values['month'] for row in rows] == scenes.MONTHS
    assert {row.values['tile'] for row in rows} == {'E000N55'}
    found = [gdal.Open(str(row.location)) for row in rows]
    year = np.array([raster.ReadAsArray() for raster in found])
    sea = year[0] == found[0].GetRasterBand(1).GetNoDataValue()
    assert 0.2 < sea.mean() < 0.6
    assert (year[6][~sea] > year[0][~sea]).all()
    assert found[0].GetGeoTransform()[::3] == (0, 55)
    # The North Sea, off the coast.
    assert sea[10, 40]
