"""Levels: which window is part of one, and that parts are those of the whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from django_large_image.exceptions import BudgetError, StyleError
from django_large_image.pixels.raster import Raster
from django_large_image.sources.levels import find_level, level_size, read_level, stored_factor
from django_large_image.sources.opening import open_source, reader_of
from django_large_image.sources.reference import ImageReference
from tests import factories

from .references import source

FULL = (1001, 777)


@pytest.mark.parametrize(
    ('window', 'size', 'found'),
    [
        ((0, 0, 1001, 777), (1001, 777), ((0, 0, 1001, 777), 1)),
        ((5, 7, 105, 8), (100, 1), ((5, 7, 105, 8), 1)),
        ((0, 0, 1001, 777), (501, 389), ((0, 0, 501, 389), 2)),
        ((512, 512, 1001, 777), (123, 67), ((128, 128, 251, 195), 4)),
        ((0, 0, 1001, 777), (1, 1), ((0, 0, 1, 1), 1024)),
        # Beside the grid, beyond it, of two scales, larger, and of a factor between.
        ((1, 0, 257, 256), (128, 128), None),
        ((0, 0, 255, 256), (128, 128), None),
        ((0, 0, 256, 256), (128, 64), None),
        ((0, 0, 256, 256), (512, 512), None),
        ((0, 0, 300, 300), (100, 100), None),
        ((0, 0, 1001, 777), (500, 389), None),
    ],
)
def test_windows_that_are_parts_of_levels(window: Any, size: Any, found: Any) -> None:
    assert find_level(window, size, FULL) == found


@pytest.mark.parametrize('full', [(1, 1), (1, 9), (7, 5), (16, 16)])
def test_every_part_of_every_level_is_found(full: tuple[int, int]) -> None:
    for factor in (1, 2, 4, 8, 16):
        width, height = level_size(full, factor)
        for right in range(1, width + 1):
            for bottom in range(1, height + 1):
                part = (right // 2, bottom // 2, right, bottom)
                window = [min(edge * factor, full[index % 2]) for index, edge in enumerate(part)]
                size = (part[2] - part[0], part[3] - part[1])
                found = find_level(tuple(window), size, full)
                # A smaller factor may show the same, at the edge.
                assert found is not None
                assert found == (part, factor) or found[1] < factor


def test_the_largest_divisor_that_is_stored() -> None:
    sizes = [FULL, (501, 389), (126, 98)]
    assert [stored_factor(sizes, factor) for factor in (1, 2, 4, 8, 16)] == [1, 2, 2, 8, 8]


SAMPLES = np.random.default_rng(4).integers(0, 200, (4, 101, 157), 'uint8')
SEEN = SAMPLES[3] > 99
PACKED = {'TILED': 'YES', 'COMPRESS': 'DEFLATE'}
CASES: dict[str, dict[str, Any]] = {
    'grey': {'data': SAMPLES[0], 'options': {}},
    'nodata': {'data': SAMPLES[:3] // 100, 'nodata': 0},
    'alpha': {'data': np.vstack((SAMPLES[:3], SEEN[np.newaxis] * np.uint8(255))), 'alpha': True},
    'mask': {'data': SAMPLES[:3], 'mask': SEEN},
    'float': {'data': SAMPLES[0].astype('float32') / 8},
    'palette': {'data': SAMPLES[0], 'color_table': [(n, 0, 255 - n) for n in range(200)]},
    'signed': {'data': SAMPLES[0], 'options': {**PACKED, 'PIXELTYPE': 'SIGNEDBYTE'}},
}


def check_parts(path: Path, frame: int | None = None) -> None:
    """Compare parts of each level with the whole of it, and the image with itself."""
    reader = source(path)
    for factor in (1, 2, 4, 8):
        width, height = level_size((157, 101), factor)
        whole = read_level(reader, (0, 0, width, height), factor, frame=frame)
        assert whole.data.shape[:2] == (height, width)
        for left, top in [(0, 0), (width // 3, height // 2), (width - 1, height - 1)]:
            part = read_level(reader, (left, top, width, height), factor, frame=frame)
            # GDAL adds floats in an order of its own.
            np.testing.assert_allclose(part.data, whole.data[top:, left:], rtol=1e-6)
            np.testing.assert_array_equal(mask_of(part), mask_of(whole)[top:, left:])
    exact = reader.read_window((0, 0, 157, 101), (157, 101), frame=frame)
    found = read_level(reader, (0, 0, 157, 101), 1, frame=frame)
    np.testing.assert_array_equal(found.data, exact.data)
    np.testing.assert_array_equal(mask_of(found), mask_of(exact))


def mask_of(raster: Raster) -> np.ndarray:
    full = np.full(raster.data.shape[:2], 255, 'uint8')
    return full if raster.mask is None else raster.mask


@pytest.mark.parametrize('case', CASES)
@pytest.mark.parametrize('overviews', [(), (2,)])
def test_parts_are_those_of_the_whole(case: str, overviews: Any, make_raster: Any) -> None:
    check_parts(make_raster(overviews=overviews, **{'options': PACKED, **CASES[case]}))


def test_frames_have_levels(tmp_path: Path) -> None:
    path = factories.multiframe(tmp_path / 'frames.tif', [SAMPLES[:3], SAMPLES[1:]])
    check_parts(path, frame=1)
    first = read_level(source(path), (0, 0, 20, 13), 8, frame=0).data
    assert (first != read_level(source(path), (0, 0, 20, 13), 8, frame=1).data).any()


def test_nodata_is_no_part_of_a_mean(make_raster: Any) -> None:
    data = np.full((64, 64), 90, 'uint8')
    data[::2] = 0
    data[:8] = 0
    reader = source(make_raster(data, nodata=0))
    found = read_level(reader, (0, 0, 16, 16), 4).data[:, :, 0]
    assert set(np.unique(found[2:])) == {90}
    assert not found[:2].any()


def test_bands_are_those_asked_for(make_raster: Any) -> None:
    data = np.random.default_rng(1).integers(0, 255, (5, 40, 50), 'uint8')
    reader = source(make_raster(data))
    for factor in (1, 2):
        part = (0, 0, *level_size((50, 40), factor))
        every = read_level(reader, part, factor, bands=(1, 2, 3, 4, 5)).data
        found = read_level(reader, part, factor, bands=(4, 2))
        np.testing.assert_array_equal(found.data, every[:, :, [3, 1]])
        assert found.numbers == (4, 2)
    with pytest.raises(StyleError):
        read_level(reader, (0, 0, 5, 5), 1, bands=(6,))


def test_the_resampling_asked_for_is_taken(make_raster: Any) -> None:
    data = np.random.default_rng(1).integers(0, 255, (64, 64), 'uint8')
    reader = source(make_raster(data))
    found = read_level(reader, (0, 0, 16, 16), 4, resampling='nearest').data[:, :, 0]
    np.testing.assert_array_equal(found, data[2::4, 2::4])


def test_the_budget_counts_what_is_decoded(make_raster: Any, settings: Any) -> None:
    settings.LARGE_IMAGE = {'MAX_READ_PIXELS': 256 * 256}
    options = {'TILED': 'YES', 'BLOCKXSIZE': 128, 'BLOCKYSIZE': 128}
    plain = source(make_raster(np.zeros((512, 512), 'uint8'), options=options))
    with pytest.raises(BudgetError):
        read_level(plain, (0, 0, 128, 128), 4)
    assert read_level(plain, (0, 0, 64, 64), 4).width == 64
    path = make_raster(np.zeros((512, 512), 'uint8'), name='o.tif', options=options, overviews=[4])
    assert read_level(source(path), (0, 0, 128, 128), 4).width == 128


def test_large_boxes_are_read_from_the_file(make_raster: Any, monkeypatch: Any) -> None:
    data = np.random.default_rng(1).integers(0, 255, (3, 101, 157), 'uint8')
    reader = source(make_raster(data, options={'COMPRESS': 'DEFLATE', 'TILED': 'YES'}))
    part = (0, 0, 40, 26)
    held = read_level(reader, part, 4).data
    monkeypatch.setattr('django_large_image.sources.levels._MAX_HELD', 0)
    np.testing.assert_array_equal(read_level(reader, part, 4).data, held)


@pytest.mark.filterwarnings('ignore::ResourceWarning')
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
def test_sources_of_other_libraries_scale_as_they_do(make_raster: Any) -> None:
    data = factories.gradient(101, 157)
    path = make_raster(data, driver='PNG', name='image.png')
    reader = reader_of(open_source(ImageReference(str(path)), source='pil'))
    exact = read_level(reader, (10, 20, 157, 101), 1).data
    np.testing.assert_array_equal(exact, data.transpose(1, 2, 0)[20:, 10:])
    half = read_level(reader, (0, 0, 79, 51), 2).data
    assert half.shape == (51, 79, 3)
    every_other = data[:, :100:2, :156:2].transpose(1, 2, 0).astype(int)
    assert np.abs(half[:50, :78] - every_other).max() < 9
