"""What a GDAL dataset says of its bands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from osgeo import gdal

from django_large_image.pixels.raster import Band
from django_large_image.pixels.statistics import BandStatistics
from django_large_image.sources.reading import stored_type

# GDAL's names of colour interpretations to large-image's.
_INTERPRETATIONS = {
    'Gray': 'gray',
    'Palette': 'palette',
    'Red': 'red',
    'Green': 'green',
    'Blue': 'blue',
    'Alpha': 'alpha',
    'Hue': 'hue',
    'Saturation': 'saturation',
    'Lightness': 'lightness',
    'Cyan': 'cyan',
    'Magenta': 'magenta',
    'Yellow': 'yellow',
    'Black': 'black',
    'YCbCr_Y': 'Y',
    'YCbCr_Cb': 'Cb',
    'YCbCr_Cr': 'Cr',
}


def describe_bands(dataset: gdal.Dataset) -> tuple[Band, ...]:
    """Return the bands of a dataset in order, the alpha band included, without reading a pixel."""
    # Of a TIFF in grey, whose further bands are no colours.
    inverted = dataset.GetMetadataItem('MINISWHITE', 'IMAGE_STRUCTURE') == 'YES'
    return tuple(
        _describe(dataset.GetRasterBand(number), number, inverted=inverted and number == 1)
        for number in range(1, dataset.RasterCount + 1)
    )


def _describe(band: gdal.Band, number: int, *, inverted: bool) -> Band:
    table = band.GetColorTable()
    name = gdal.GetColorInterpretationName(band.GetColorInterpretation())
    return Band(
        number=number,
        interpretation=_INTERPRETATIONS.get(name, 'undefined'),
        dtype=sample_type(band).name,
        nodata=band.GetNoDataValue(),
        colors=tuple(tuple(table.GetColorEntry(index)) for index in range(table.GetCount()))
        if table is not None
        else None,
        name=band.GetDescription() or '',
        bits=_bits(band),
        inverted=inverted,
    )


def _bits(band: gdal.Band) -> int | None:
    """Return the bits of a sample where its type has more, None where it uses them all."""
    text = band.GetMetadataItem('NBITS', 'IMAGE_STRUCTURE') or ''
    bits = int(text) if text.isdecimal() else 0
    return bits if 0 < bits < 8 * sample_type(band).itemsize else None


def sample_type(band: gdal.Band) -> np.dtype[Any]:
    """Return numpy's type of the samples of a band as they are read: complex ones as magnitudes."""
    # GDAL before 3.7 has signed bytes as a hint in the metadata only.
    if band.GetMetadataItem('PIXELTYPE', 'IMAGE_STRUCTURE') == 'SIGNEDBYTE':
        return np.dtype(np.int8)
    dtype = stored_type(band)
    return np.dtype(f'f{dtype.itemsize // 2}') if dtype.kind == 'c' else dtype


def band_record(band: Band, measured: BandStatistics | None) -> dict[str, Any]:
    """Return what is known of a band under large-image's names; without NaN."""
    record: dict[str, Any] = {'interpretation': band.interpretation, 'dtype': band.dtype}
    if band.name:
        record['name'] = band.name
    if band.nodata is not None and not math.isnan(band.nodata):
        record['nodata'] = band.nodata
    if band.colors is not None:
        record['colortable'] = [list(color) for color in band.colors]
    if measured is not None:
        record.update(
            min=measured.minimum,
            max=measured.maximum,
            mean=measured.mean,
            stdev=measured.stdev,
            approximate=measured.approximate,
        )
    return record
