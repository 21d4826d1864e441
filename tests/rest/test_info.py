"""Endpoints that tell about an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal

from tests.factories import gradient, multiframe, raster
from tests.rest.conftest import detail, pixels

PLACE = {'epsg': 4326, 'bounds': (10.0, 10.0, 20.0, 20.0)}


def test_metadata_of_an_image_on_the_map(image_file: Any, get: Any) -> None:
    known = get('info/metadata', image_file(gradient(300, 400, 3, 'uint16'), **PLACE)).json()
    assert (known['sizeX'], known['sizeY'], known['levels']) == (400, 300, 2)
    assert (known['dtype'], known['bandCount']) == ('uint16', 3)
    assert known['geospatial'] is True
    assert known['frames'] is False
    bounds = [known['bounds'][key] for key in ('xmin', 'ymin', 'xmax', 'ymax')]
    assert bounds == pytest.approx([10, 10, 20, 20])
    assert known['bands']['1']['interpretation'] == 'red'


def test_metadata_in_a_projection(image_file: Any, get: Any) -> None:
    image = image_file(gradient(300, 400), **PLACE)
    known = get('info/metadata', image, projection='EPSG:3857').json()
    assert known['projection'] == 'epsg:3857'
    # A pixel is about 2.8 km wide; level 0 has 156.5 km per pixel.
    assert known['levels'] == 7
    assert known['sizeX'] == 256 * 2**6
    assert known['sourceSizeX'] == 400
    assert known['bounds']['xmax'] == pytest.approx(20)


def test_bounds_go_on_over_the_dateline(image_file: Any, get: Any) -> None:
    image = image_file(gradient(64, 64), epsg=32660, bounds=(700000, 5600000, 800000, 5700000))
    bounds = get('info/metadata', image).json()['bounds']
    assert 179 < bounds['xmin'] < 180 < bounds['xmax'] < 182


def test_metadata_without_a_map(image_file: Any, get: Any) -> None:
    known = get('info/metadata', image_file(gradient(30, 40, 1))).json()
    assert known['geospatial'] is False
    assert known['levels'] == 1


def test_internal_metadata_names_no_folder(image_file: Any, get: Any, settings: Any) -> None:
    image = image_file(gradient(30, 40), **PLACE)
    response = get('info/metadata_internal', image)
    known = response.json()
    assert known['driverShortName'] == 'GTiff'
    assert known['fileList'] == ['image.tif']
    assert str(settings.MEDIA_ROOT).encode() not in response.content


def test_no_endpoint_names_a_folder(
    image_file: Any, get: Any, settings: Any, tmp_path: Any
) -> None:
    frames = [np.full((1, 64, 64), value, 'uint8') for value in (10, 20, 30)]
    image = image_file(multiframe(tmp_path / 'frames.tif', frames))
    for path in (
        'info/metadata',
        'info/metadata_internal',
        'info/tiffdump',
        'info/cog',
        'info/frames',
        'tiles/metadata',
    ):
        response = get(path, image)
        assert response.status_code == 200
        assert str(settings.MEDIA_ROOT).encode() not in response.content


def test_bands_have_statistics(image_file: Any, get: Any) -> None:
    data = np.random.default_rng(3).integers(0, 4000, (2, 50, 60), 'uint16')
    known = get('info/bands', image_file(data, nodata=0)).json()
    for number, plane in enumerate(data, 1):
        valid = plane[plane != 0]
        assert known[str(number)]['min'] == valid.min()
        assert known[str(number)]['max'] == valid.max()
        assert known[str(number)]['mean'] == pytest.approx(valid.mean())
        assert known[str(number)]['stdev'] == pytest.approx(valid.std())
        assert known[str(number)]['nodata'] == 0
        assert known[str(number)]['approximate'] is False


def test_one_band(image_file: Any, get: Any) -> None:
    image = image_file(gradient(50, 60, 3))
    bands = get('info/bands', image).json()
    assert get('info/band', image).json() == bands['1']
    assert get('info/band', image, band=3).json() == bands['3']
    assert 'band 4' in detail(get('info/band', image, band=4), 400)
    assert get('info/band', image, band=0).status_code == 400


def test_a_band_without_a_valid_pixel_has_no_statistics(image_file: Any, get: Any) -> None:
    image = image_file(np.full((1, 9, 9), 5, 'uint8'), nodata=5)
    known = get('info/band', image).json()
    assert known == {'interpretation': 'gray', 'dtype': 'uint8', 'nodata': 5}


def test_frames(image_file: Any, get: Any, tmp_path: Any) -> None:
    single = get('info/frames', image_file(gradient(9, 9))).json()
    assert [band['name'] for band in single['frames'][0]['bands']] == ['red', 'green', 'blue']
    frames = [np.full((1, 64, 64), value, 'uint8') for value in (10, 20, 30)]
    image = image_file(multiframe(tmp_path / 'frames.tif', frames))
    names = [frame['frame'] for frame in get('info/frames', image).json()['frames']]
    assert names == ['Frame 0', 'Frame 1', 'Frame 2']
    assert len(get('info/metadata', image).json()['frames']) == 3


def test_tiffdump_lists_tags(image_file: Any, get: Any) -> None:
    known = get('info/tiffdump', image_file(gradient(30, 40))).json()
    assert known['ifds'][0]['tags']['256']['data'] == [40]
    assert known['ifds'][0]['tags']['257']['data'] == [30]


def test_tiffdump_of_a_png_is_a_clear_error(image_file: Any, get: Any) -> None:
    image = image_file(gradient(30, 40), name='a.png', driver='PNG')
    assert 'not a TIFF' in detail(get('info/tiffdump', image), 400)
    assert 'not a TIFF' in detail(get('info/cog', image), 400)


def test_cog_tells_a_good_file_from_a_bad_one(image_file: Any, get: Any) -> None:
    good = image_file(gradient(1200, 1200), driver='COG', **PLACE)
    known = get('info/cog', good).json()
    assert (known['valid'], known['errors']) == (True, [])
    assert [level['width'] for level in known['ifds']] == [1200, 600, 300]
    bad = get('info/cog', image_file(gradient(1200, 1200), name='bad.tif')).json()
    assert bad['valid'] is False
    assert bad['errors']


def test_strict_counts_warnings(image_file: Any, get: Any) -> None:
    # Tiled, but without overviews: a warning only.
    image = image_file(
        gradient(1200, 1200), driver='COG', options={'OVERVIEWS': 'NONE', 'COMPRESS': 'NONE'}
    )
    assert get('info/cog', image).json()['valid'] is True
    strict = get('info/cog', image, strict='true').json()
    assert strict['valid'] is False
    assert any('overviews' in text for text in strict['errors'])


class TestAssociatedImages:
    @pytest.fixture
    def slide(self, image_file: Any, tmp_path: Path) -> Any:
        """A tiled TIFF with a second page that calls itself a label, as slide scanners write it."""
        path = tmp_path / 'slide.tif'
        options = ['TILED=YES', 'COMPRESS=JPEG', 'PHOTOMETRIC=YCBCR', 'BLOCKXSIZE=256']
        raster(path, gradient(768, 1024), options=[*options, 'BLOCKYSIZE=256'])
        label = gdal.GetDriverByName('MEM').Create('', 80, 60, 3)
        label.WriteArray(np.full((3, 60, 80), 200, 'uint8'))
        label.SetMetadataItem('TIFFTAG_IMAGEDESCRIPTION', 'Aperio Image Library\nlabel 80x60')
        gdal.GetDriverByName('GTiff').CreateCopy(
            str(path), label, options=['APPEND_SUBDATASET=YES']
        )
        return image_file(path)

    def test_are_listed_and_served(self, slide: Any, get: Any) -> None:
        pytest.importorskip('large_image_source_tiff')
        assert get('info/images', slide, source='tiff').json() == ['label']
        label = pixels(get('info/images/label.png', slide, source='tiff'))
        assert label.shape[:2] == (60, 80)
        assert (label[..., :3] == 200).all()
        small = get('info/images/label.jpg', slide, source='tiff', max_width=40)
        assert small['Content-Type'] == 'image/jpeg'
        assert pixels(small).shape[:2] == (30, 40)

    def test_another_name_is_404(self, slide: Any, get: Any) -> None:
        detail(get('info/images/macro.png', slide, source='tiff'), 404)

    def test_a_plain_image_has_none(self, image_file: Any, get: Any) -> None:
        image = image_file(gradient(30, 40))
        assert get('info/images', image).json() == []
        detail(get('info/images/label.png', image), 404)
