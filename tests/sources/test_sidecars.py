"""The files beside an image, and what names files in an image."""

from __future__ import annotations

import html
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, osr

from django_large_image.exceptions import RefusedError, UnreadableError
from django_large_image.sources.handles import open_dataset
from django_large_image.sources.opening import close_sources, open_source, reader_of
from django_large_image.sources.raster_source import RasterTileSource
from django_large_image.sources.reference import ImageReference
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
    """Others switch them off for the whole process; ours are read all the same."""
    before = gdal.GetConfigOption('GDAL_PAM_ENABLED')
    gdal.SetConfigOption('GDAL_PAM_ENABLED', 'NO')
    yield
    gdal.SetConfigOption('GDAL_PAM_ENABLED', before)


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


ENTRY = '<PAMDataset><Metadata domain="{}"><MDI key="{}">{}</MDI></Metadata></PAMDataset>'
OVERVIEW = '&#79;VERVIEW&#x5f;FILE'


@pytest.mark.parametrize(
    'text',
    [
        ENTRY.format('OVERVIEWS', 'OVERVIEW_FILE', '{secret}'),
        ENTRY.format('OVERVIEWS', OVERVIEW, '{secret}'),
        ENTRY.format('overviews', 'overview_file', ':::BASE:::../secret.tif'),
        ENTRY.format('ProxyOverviewRequest', 'FILENAME', '{secret}'),
        ENTRY.format('SUBDATASETS', 'SUBDATASET_1_NAME', 'GTIFF_DIR:1:{secret}'),
        ENTRY.format('GEOLOCATION', 'X_DATASET', '/vsicurl/http://127.0.0.1:1/x.tif'),
        ENTRY.format('', 'NAME', ' /vsicurl/http://127.0.0.1:1/x.tif'),
        '<VRTDataset><SourceFilename>{secret}</SourceFilename></VRTDataset>',
        f'<!DOCTYPE a [<!ENTITY b "OVERVIEW">]>{ENTRY.format("OVERVIEWS", "&b;_FILE", "{secret}")}',
    ],
)
@pytest.mark.parametrize('name', ['a.tif', 'a.png', 'a.jpg'])
def test_an_image_is_read_without_a_text_that_names_files(text, name, make_raster, tmp_path):
    driver = {'tif': 'GTiff', 'png': 'PNG', 'jpg': 'JPEG'}[name[-3:]]
    path = make_raster(np.full((64, 64), hostile.OWN, 'uint8'), name=name, driver=driver)
    text = text.replace('{secret}', str(hostile.secret(tmp_path)))
    (tmp_path / f'{name}.aux.xml').write_text(text)
    assert siblings(str(path)) == [name]
    close_sources()
    reader = reader_of(open_source(ImageReference(str(path), '1')))
    assert isinstance(reader, RasterTileSource)
    assert reader.description.overviews == 0
    assert set(np.unique(reader.read_tile(0, 0, 0).data)) <= {0, hostile.OWN}


def test_metadata_of_other_kinds_are_read(path, tmp_path):
    text = ENTRY.format('', 'SOURCE', '/data/2024/scene.tif, see https://example.org/')
    (tmp_path / 'a.tif.aux.xml').write_text(text)
    assert open_dataset(str(path)).GetMetadataItem('SOURCE').startswith('/data/2024/')


def refused_by_all(path: Path) -> None:
    """No source opens an image, by whichever library."""
    close_sources()
    with pytest.raises(RefusedError) as caught:
        open_source(ImageReference(str(path), '1'))
    assert str(path.parent) not in caught.value.detail
    with pytest.raises(UnreadableError):
        open_dataset(str(path))


@pytest.mark.parametrize('suffix', ['.ovr', '.OVR', '.msk', '.MSK'])
@pytest.mark.parametrize('name', hostile.SEEKERS)
def test_drivers_that_look_for_themselves_do_not_look_where_there_is_a_vrt(name, suffix, tmp_path):
    path = hostile.sought(tmp_path, name)
    assert open_dataset(str(path)).GetDriver().ShortName == hostile.SEEKERS[name][0]
    hostile.vrt(tmp_path / f'{name}{suffix}', hostile.secret(tmp_path))
    refused_by_all(path)


def test_a_file_that_names_another_is_opened_by_no_library(tmp_path):
    secret = hostile.secret(tmp_path)
    path = hostile.with_metadata(tmp_path / 'b.tif', 'OVERVIEWS', OVERVIEW_FILE=secret)
    refused_by_all(path)


def test_without_our_list_they_do(tmp_path):
    path = hostile.sought(tmp_path, 'a.jp2')
    hostile.vrt(tmp_path / 'a.jp2.ovr', hostile.secret(tmp_path))
    dataset = gdal.OpenEx(str(path), allowed_drivers=['JP2OpenJPEG'], sibling_files=['a.jp2'])
    overview = dataset.GetRasterBand(1).GetOverview(0)
    assert overview.ReadAsArray(0, 0, 1, 1)[0, 0] == hostile.SECRET


@pytest.mark.parametrize(
    'beside', ['a.aux', 'a.jp2.aux', 'a.AUX', 'a.jp2.ovr.msk', 'a.jp2.ovr.ovr']
)
def test_nor_where_there_is_a_file_that_none_may_open(beside, tmp_path):
    path = hostile.sought(tmp_path, 'a.jp2')
    if beside.startswith('a.jp2.ovr'):
        small = np.full((64, 64), hostile.OWN, 'uint8')
        hostile.factories.raster(tmp_path / 'a.jp2.ovr', small)
        assert open_dataset(str(path)).GetRasterBand(1).GetOverviewCount() == 1
    hostile.vrt(tmp_path / beside, hostile.secret(tmp_path))
    refused_by_all(path)


@pytest.mark.parametrize('suffix', ['.prj', '.PRJ'])
def test_nor_where_there_is_a_projection_that_names_grids(suffix, tmp_path):
    path, grid = hostile.sought(tmp_path, 'a.asc'), tmp_path / 'grid.gsb'
    os.mkfifo(grid)
    path.with_suffix('.prj').unlink()
    lure = hostile.Lure(grid, grid, 'http://127.0.0.1:1')
    path.with_suffix(suffix).write_text(hostile.grids(lure))
    refused_by_all(path)
    with pytest.raises(OSError, match='No such device'):
        os.open(grid, os.O_WRONLY | os.O_NONBLOCK)


@pytest.mark.parametrize('name', ['a.jp2', 'a.bmp', 'a.asc'])
def test_honest_files_beside_them_are_read(name, tmp_path):
    path = hostile.sought(tmp_path, name)
    (tmp_path / f'{name}.aux.xml').write_text(ENTRY.format('', 'NAME', 'value'))
    hostile.factories.raster(tmp_path / f'{name}.ovr', np.full((601, 601), 6, 'uint8'))
    dataset = open_dataset(str(path))
    assert dataset.GetMetadataItem('NAME') == 'value'
    if name != 'a.asc':
        assert dataset.GetRasterBand(1).GetOverview(0).ReadAsArray()[0, 0] == 6
    if name == 'a.asc':
        assert 'WGS' in dataset.GetProjection()


@pytest.mark.parametrize('name', ['N00E000.hgt.zip', 'N00E000.SRTMSWBD.raw.zip', 'N00E000.HGT.ZIP'])
def test_no_driver_opens_an_archive_by_itself(name, tmp_path):
    raw = hostile.sought(tmp_path, 'N00E000.hgt')
    path = tmp_path / name
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.write(raw, name[:-4])
    refused_by_all(path)


def test_a_list_of_no_drivers_allows_none(path, settings):
    settings.LARGE_IMAGE = {'DRIVERS': []}
    with pytest.raises(UnreadableError):
        open_dataset(str(path))
