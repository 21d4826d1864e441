"""What a file says of its bands."""

from __future__ import annotations

import numpy as np
import pytest

from django_large_image.sources.bands import band_record

from .references import source


@pytest.mark.parametrize(
    'dtype', ['uint8', 'uint16', 'int16', 'uint32', 'int32', 'float32', 'float64', 'int64']
)
def test_types_are_numpys(dtype, make_raster):
    (band,) = source(make_raster(np.zeros((3, 3), dtype))).bands
    assert band.dtype == dtype
    assert band.interpretation == 'gray'


def test_bands_keep_their_order_names_and_meaning(make_raster):
    data = np.zeros((4, 3, 3), 'uint8')
    path = make_raster(data, alpha=True, descriptions=['b4', 'b3', 'b2', ''])
    bands = source(path).bands
    assert [band.number for band in bands] == [1, 2, 3, 4]
    assert [band.interpretation for band in bands] == ['red', 'green', 'blue', 'alpha']
    assert [band.name for band in bands] == ['b4', 'b3', 'b2', '']


@pytest.mark.parametrize('nodata', [0, -9999, 1.5, None])
def test_nodata_is_told(nodata, make_raster):
    (band,) = source(make_raster(np.zeros((3, 3), 'float32'), nodata=nodata)).bands
    assert band.nodata == nodata


def test_a_record_has_no_nan(make_raster):
    (band,) = source(make_raster(np.zeros((3, 3), 'float32'), nodata=np.nan)).bands
    assert np.isnan(band.nodata)
    assert band_record(band, None) == {'interpretation': 'gray', 'dtype': 'float32'}


def test_alpha_of_eight_bits_in_sixteen_is_opaque(data_dir, make_raster):
    real = source(data_dir / 'geo' / 'rgba_uint16.tif')
    assert real.description.opaque == 255
    assert set(np.unique(real.read_window((0, 0, 634, 411), (634, 411)).mask)) <= {0, 255}
    data = np.full((2, 9, 9), 65535, 'uint16')
    assert source(make_raster(data, alpha=True)).description.opaque == 65535


@pytest.mark.parametrize(
    ('dtype', 'options', 'bits', 'inverted'),
    [
        ('uint8', {}, None, False),
        ('uint8', {'NBITS': 4}, 4, False),
        ('uint8', {'PHOTOMETRIC': 'MINISWHITE'}, None, True),
        ('uint16', {'NBITS': 12, 'PHOTOMETRIC': 'MINISWHITE'}, 12, True),
    ],
)
def test_bits_and_sense_of_samples(dtype, options, bits, inverted, make_raster):
    (band,) = source(make_raster(np.zeros((3, 3), dtype), options=options)).bands
    assert (band.bits, band.inverted) == (bits, inverted)
    data = np.zeros((2, 3, 3), dtype)
    first, second = source(make_raster(data, alpha=True, options=options, name='2.tif')).bands
    assert (first.inverted, second.inverted) == (inverted, False)
