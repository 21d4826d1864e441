"""The tile source of depth images against the rows that were stored."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from large_image.constants import TILE_FORMAT_NUMPY
from large_image.exceptions import TileSourceXYZRangeError

from django_large_image.depth.models import DepthImage
from django_large_image.depth.source import DepthTileSource, depth_reference, open_depth_image
from django_large_image.exceptions import (
    MissingError,
    OutsideError,
    ProjectionError,
    ReplacedError,
    StyleError,
)
from django_large_image.sources.opening import reader_of
from tests.depth.served import DEPTHS, samples, store

pytestmark = pytest.mark.django_db
VALUES = samples()


@pytest.fixture
def source() -> DepthTileSource:
    """A log of 600 rows of 20 columns."""
    return open_depth_image(depth_reference(store()))


def blocks(values: np.ndarray, size: int) -> np.ndarray:
    """Return the means of blocks of so many pixels each way; those at the edges are smaller."""
    height, width = values.shape
    rows = [values[y : y + size] for y in range(0, height, size)]
    return np.array(
        [[row[:, x : x + size].mean() for x in range(0, width, size)] for row in rows], 'f4'
    )


def test_what_large_image_knows(source: DepthTileSource) -> None:
    metadata = source.getMetadata()
    assert (metadata['sizeX'], metadata['sizeY'], metadata['levels']) == (20, 600, 3)
    assert (metadata['dtype'], metadata['bandCount']) == ('float32', 1)
    assert source.getInternalMetadata()['depth_max'] == DEPTHS[-1]


def test_it_is_its_own_reader(source: DepthTileSource) -> None:
    assert reader_of(source) is source.reader
    assert [band.dtype for band in source.reader.bands] == ['float32']


def test_tiles_of_the_full_resolution_are_the_values(source: DepthTileSource) -> None:
    for y, rows in enumerate((256, 256, 88)):
        raster = source.reader.read_tile(2, 0, y)
        assert raster.data.shape == (256, 256, 1)
        expected = VALUES[y * 256 : y * 256 + rows]
        assert (raster.data[:rows, :20, 0] == expected).all()
        assert raster.mask is not None
        assert raster.mask.sum() == 255 * 20 * rows


@pytest.mark.parametrize('level', [0, 1])
def test_tiles_of_lower_levels_are_means(source: DepthTileSource, level: int) -> None:
    expected = blocks(VALUES, 4 >> level)
    for y in range(-(-len(expected) // 256)):
        part = expected[y * 256 : (y + 1) * 256]
        data = source.reader.read_tile(level, 0, y).data[: len(part), : part.shape[1], 0]
        assert data == pytest.approx(part, rel=1e-4)


@pytest.mark.parametrize('place', [(3, 0, 0), (-1, 0, 0), (2, 1, 0), (2, 0, 3), (2, 0, -1)])
def test_outside(source: DepthTileSource, place: tuple[int, int, int]) -> None:
    with pytest.raises(OutsideError):
        source.reader.read_tile(*place)
    z, x, y = place
    with pytest.raises(TileSourceXYZRangeError):
        source.getTile(x, y, z)


def test_windows(source: DepthTileSource) -> None:
    read = source.reader.read_window
    exact = read((3, 100, 17, 350), (14, 250)).data[:, :, 0]
    assert (exact == VALUES[100:350, 3:17]).all()
    # No power of two, nor a multiple of one: exact where rows are few.
    fifths = read((0, 101, 20, 201), (4, 20)).data[:, :, 0]
    assert fifths == pytest.approx(blocks(VALUES[101:201], 5), rel=1e-4)
    nearest = read((0, 0, 20, 600), (5, 100), resampling='nearest').data
    assert np.isin(nearest, VALUES).all()
    larger = read((2, 7, 4, 9), (4, 4), resampling='nearest').data[:, :, 0]
    assert (larger == VALUES[7:9, 2:4].repeat(2, 0).repeat(2, 1)).all()


def test_the_depths_of_read_rows(source: DepthTileSource) -> None:
    rows = source.reader.read_rows(100, 200, 100, 'average')
    assert (rows.depths == DEPTHS[100:200]).all()
    assert (rows.values == VALUES[100:200]).all()
    tenth = source.reader.read_rows(101, 201, 10, 'average').depths
    assert tenth == pytest.approx(DEPTHS[101:201].reshape(10, 10).mean(axis=1))


def test_methods_of_large_image(source: DepthTileSource) -> None:
    region, _ = source.getRegion(
        region={'left': 2, 'top': 30, 'right': 12, 'bottom': 400}, format=TILE_FORMAT_NUMPY
    )
    assert (region[:, :, 0] == VALUES[30:400, 2:12]).all()
    tile = source.getTile(0, 2, 2, numpyAllowed='always')
    assert (tile[:88, :20, 0] == VALUES[512:]).all()
    assert isinstance(source.getTile(0, 0, 0), bytes)


def test_nothing_is_measured_there() -> None:
    values = VALUES.copy()
    values[100:300, 5] = np.nan
    source = open_depth_image(depth_reference(store(values=values)))
    read = source.reader.read_window((0, 0, 20, 600), (20, 600)).data[:, :, 0]
    assert np.array_equal(read, values, equal_nan=True)
    tile = source.reader.read_tile(1, 0, 0).data[:, :, 0]
    # Rows without a value there are nothing, and do not spoil their neighbours.
    assert np.isnan(tile[60, 2])
    assert tile[60, :2] == pytest.approx(blocks(values[120:122, :4], 2)[0], rel=1e-4)


def test_a_frame_that_there_is_not(source: DepthTileSource) -> None:
    with pytest.raises(StyleError):
        source.reader.read_tile(0, 0, 0, frame=1)


def test_opening() -> None:
    image = store()
    reference = depth_reference(image)
    assert reference.identity
    assert depth_reference(store()).identity != reference.identity
    with pytest.raises(ProjectionError):
        open_depth_image(reference, projection='EPSG:3857')
    DepthImage.objects.filter(pk=image.pk).update(version='another')
    with pytest.raises(ReplacedError):
        open_depth_image(reference)
    image.delete()
    with pytest.raises(MissingError):
        open_depth_image(reference)
    with pytest.raises(MissingError):
        DepthTileSource('depth://../1')


def test_a_long_log_is_read_by_its_levels() -> None:
    rows = 100_000
    depths = np.arange(rows) * 0.1
    values = np.column_stack([depths, -depths]).astype('f4')
    source = open_depth_image(depth_reference(store(depths, values)))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        tile = source.reader.read_tile(0, 0, 0).data
    assert len(queries) == 1
    assert tile[0, 0, 0] == pytest.approx(0, abs=0.01)
    assert len(np.unique(tile)) < 256
    for height in (10, 300, 999):
        read = source.reader.read_rows(0, rows, height, 'average')
        middles = (np.arange(height) + 0.5) * rows / height * 0.1 - 0.05
        assert read.depths == pytest.approx(middles, abs=rows * 0.1 / height / 8)
        assert read.values[:, 0] == pytest.approx(middles, abs=rows * 0.1 / height / 2)


@pytest.mark.parametrize('height', [1, 7, 256, 4096, 30_000])
def test_how_many_rows_are_read(height: int) -> None:
    """A few for each of the answer, whatever the log's length."""
    source = open_depth_image(depth_reference(store()))
    source.sizeY = source.reader.sizeY = 1_000_000
    for start, stop in [(0, 1_000_000), (1, 999_999), (123_457, 987_654)]:
        step = source.reader._step(start, stop, height, 'average')
        assert step & (step - 1) == 0
        # Four million samples, or eight times the answer.
        assert (stop - start) // step * 20 <= max(1 << 22, 8 * height * 20)
