"""The functions of 0.10 under their old names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal
from PIL import Image

from django_large_image import tilesource, utilities
from django_large_image.exceptions import FormatError, ParameterError, RegionError, UnreadableError
from tests.factories import gradient, multiframe, raster

PLACE = {'epsg': 4326, 'bounds': (10.0, 10.0, 20.0, 20.0)}


@pytest.fixture
def source(tmp_path: Path) -> Any:
    return tilesource.get_tilesource_from_path(
        str(raster(tmp_path / 'a.tif', gradient(100, 100), **PLACE))
    )


def test_a_source_in_style_projection_and_encoding(tmp_path: Path) -> None:
    path = raster(tmp_path / 'a.tif', gradient(100, 100), **PLACE)
    styled = tilesource.get_tilesource_from_path(
        path,
        projection='EPSG:3857',
        style='{"band":1,"palette":["#0000ff","#0000ff"]}',
        encoding='JPEG',
    )
    data, media_type = styled.getThumbnail(encoding='PNG')
    assert media_type == 'image/png'
    assert data.startswith(b'\x89PNG')
    assert styled.projection == b'epsg:3857'
    with pytest.raises(ParameterError, match='no-such'):
        tilesource.get_tilesource_from_path(path, source='no-such')
    with pytest.raises(UnreadableError):
        tilesource.get_tilesource_from_path(tmp_path / 'b.tif')


def test_metadata(source: Any) -> None:
    assert tilesource.is_geospatial(source) is True
    bounds = tilesource.get_bounds(source)
    assert bounds is not None
    assert [bounds[key] for key in ('xmin', 'ymin', 'xmax', 'ymax')] == pytest.approx(
        [10, 10, 20, 20]
    )
    assert tilesource.get_metadata(source)['bands'][1]['max'] == 255
    assert tilesource.get_metadata_internal(source)['driverShortName'] == 'GTiff'
    assert len(tilesource.get_frames(source)['frames'][0]['bands']) == 3


def test_frames(tmp_path: Path) -> None:
    path = multiframe(tmp_path / 'f.tif', [np.full((1, 64, 64), n, 'uint8') for n in (1, 2)])
    frames = tilesource.get_frames(tilesource.get_tilesource_from_path(path))['frames']
    assert [frame['frame'] for frame in frames] == ['Frame 0', 'Frame 1']


def test_without_a_map_there_are_no_bounds(tmp_path: Path) -> None:
    plain = tilesource.get_tilesource_from_path(raster(tmp_path / 'a.tif', gradient(9, 9)))
    assert tilesource.is_geospatial(plain) is False
    assert tilesource.get_bounds(plain) is None


def test_a_region_is_a_geotiff_by_default_on_a_map(source: Any) -> None:
    path, media_type = tilesource.get_region(source, 12, 15, 16, 18)
    assert media_type == 'image/tiff'
    region = gdal.Open(str(path))
    np.testing.assert_array_equal(region.ReadAsArray(), gradient(100, 100)[:, 20:40, 20:50])
    path.unlink()


def test_a_region_is_a_jpeg_by_default_without_one(tmp_path: Path) -> None:
    plain = tilesource.get_tilesource_from_path(raster(tmp_path / 'a.tif', gradient(90, 90)))
    path, media_type = tilesource.get_region(plain, 10, 40, 30, 10)
    assert media_type == 'image/jpeg'
    with Image.open(path) as picture:
        assert picture.size == (30, 20)
    path.unlink()
    path, media_type = tilesource.get_region(plain, 10, 40, 30, 10, 'pixels', 'PNG')
    with Image.open(path) as picture:
        assert picture.getpixel((0, 0)) == tuple(gradient(90, 90)[:, 10, 10])
    path.unlink()


def test_an_empty_region_is_an_error(source: Any) -> None:
    with pytest.raises(RegionError):
        tilesource.get_region(source, 12, 12, 16, 18)


def test_formats() -> None:
    assert {'png', 'jpg', 'jpeg', 'tif', 'tiff'} <= set(tilesource.get_formats())
    assert tilesource.get_formats(return_dict=True)['TIF'] == 'image/tiff'
    assert tilesource.format_to_encoding('png') == 'PNG'
    assert tilesource.format_to_encoding('JPG') == 'JPEG'
    assert tilesource.format_to_encoding('tif') == 'TILED'
    assert tilesource.format_to_encoding('tif', pil_safe=True) == 'TIFF'
    assert tilesource.format_to_encoding(None) == 'PNG'
    assert tilesource.get_mime_type('jpg') == 'image/jpeg'
    for function in (tilesource.format_to_encoding, tilesource.get_mime_type):
        with pytest.raises(FormatError):
            function('xyz')


def test_utilities(image_file: Any) -> None:
    image = image_file(gradient(9, 9))
    assert utilities.field_file_to_local_path(image.file) == Path(image.file.path)
    assert utilities.make_vsi('s3://bucket/key.tif') == '/vsis3/bucket/key.tif'
    for text in ('', 'undefined', 'null', 'none', 'false', 'FALSE', None):
        assert utilities.param_nully(text)
    assert not utilities.param_nully('0')
