"""The files beside an image, and what names files in an image."""

from __future__ import annotations

import html
import os
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, osr

from django_large_image.sources.handles import configured, open_dataset
from django_large_image.sources.sidecars import siblings

from . import hostile


def beside(path: Path, definition: str) -> Path:
    """Write a projection beside an image."""
    path.with_name(f'{path.name}.aux.xml').write_text(
        f'<PAMDataset><SRS>{html.escape(definition)}</SRS>'
        '<GeoTransform>0,9,0,0,0,-9</GeoTransform></PAMDataset>'
    )
    return path


def definition(text: str) -> str:
    """The WKT 2 of a definition."""
    system = osr.SpatialReference()
    system.SetFromUserInput(text)
    return str(system.ExportToWkt(['FORMAT=WKT2_2019']))


@pytest.fixture(autouse=True)
def auxiliary_files():
    """GeoDjango's rasters switch them off for the whole process."""
    with configured((('GDAL_PAM_ENABLED', 'YES'),)):
        yield


@pytest.fixture
def path(make_raster):
    return make_raster(np.full((8, 8), hostile.OWN, 'uint8'), name='a.tif')


def test_a_projection_that_names_grids_is_ignored_before_they_are_opened(path, tmp_path):
    grid = tmp_path / 'grid.gsb'
    lure = hostile.Lure(grid, grid, 'http://127.0.0.1:1')
    claims_a_code = f'{hostile.grids(lure)[:-1]},AUTHORITY["EPSG","3857"]]'
    texts = [
        hostile.grids(lure),
        claims_a_code,
        definition(f'+proj=utm +zone=3 +ellps=intl +nadgrids={grid}'),
        definition(f'+proj=utm +zone=3 +ellps=intl +nadgrids=@{grid},@null'),
        definition(f'+proj=utm +zone=3 +datum=WGS84 +geoidgrids={grid} +vunits=m'),
    ]
    # Whoever opens it waits for a writer. Only now: PROJ does when it makes a definition.
    os.mkfifo(grid)
    for text in texts:
        beside(path, text)
        assert siblings(str(path)) == ['a.tif']
        assert not open_dataset(str(path)).GetProjection()
    # Nobody has it open: else this would not fail.
    with pytest.raises(OSError, match='No such device'):
        os.open(grid, os.O_WRONLY | os.O_NONBLOCK)


@pytest.mark.parametrize(
    'text', ['EPSG:3857', 'EPSG:25832', 'EPSG:4326', 'EPSG:4326+3855', 'ESRI:102100', 'EPSG:31467']
)
def test_usual_projections_are_not(text, path):
    beside(path, definition(text))
    assert open_dataset(str(path)).GetSpatialRef() is not None


def test_the_map_of_the_web_with_its_usual_extension_is_not(path):
    system = osr.SpatialReference()
    system.ImportFromEPSG(3857)
    assert '@null' in system.ExportToWkt()
    beside(path, system.ExportToWkt())
    assert open_dataset(str(path)).GetProjection()


def test_large_texts_are_not_read(path, tmp_path):
    text = tmp_path / 'a.tif.aux.xml'
    text.write_bytes(b'<PAMDataset/>')
    assert siblings(str(path)) == ['a.tif', 'a.tif.aux.xml']
    os.truncate(text, 17 * 1024 * 1024)
    assert siblings(str(path)) == ['a.tif']
    assert gdal.Open(str(path)) is not None
