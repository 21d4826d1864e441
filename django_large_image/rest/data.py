"""Endpoints of pixels: `data/...`."""

from __future__ import annotations

from typing import Any

from django_large_image.exceptions import ParameterError
from django_large_image.pixels.formats import get_format
from django_large_image.pixels.statistics import BandStatistics
from django_large_image.rest.base import ImageHooks
from django_large_image.rest.endpoints import endpoint
from django_large_image.rest.image import RequestedImage, check_size
from django_large_image.rest.openapi import json_array, json_object
from django_large_image.rest.parameters import (
    HistogramParameters,
    PixelParameters,
    RegionParameters,
    ThumbnailParameters,
)
from django_large_image.rest.responses import Binary
from django_large_image.sources import geotiff, pixel, regions
from django_large_image.sources.metadata import plain
from django_large_image.sources.statistics import histogram


class DataActions(ImageHooks):
    """Thumbnails, regions, single pixels and histograms."""

    @endpoint(
        'thumbnail',
        r'data/thumbnail\.(?P<fmt>\w+)',
        ThumbnailParameters,
        'A thumbnail of the whole image',
        cached=True,
        styled=True,
    )
    def thumbnail(self, image: RequestedImage, query: Any) -> Any:
        """The whole image within `max_width` x `max_height` pixels, its aspect kept, never
        enlarged.
        """
        return image.planned(regions.plan_image(image.reader, query.max_width, query.max_height))

    @endpoint(
        'region',
        r'data/region\.(?P<fmt>\w+)',
        RegionParameters,
        'A region of the image',
        styled=True,
    )
    def region(self, image: RequestedImage, query: Any) -> Any:
        """A rectangle of the image; as tif a tiled GeoTIFF, of the samples themselves where no
        style is asked for.
        """
        units = query.units or ('EPSG:4326' if image.reader.geospatial else 'pixels')
        box = regions.Region(query.left, query.top, query.right, query.bottom, units)
        plan = regions.plan_region(image.reader, box, query.width, query.height)
        if get_format(query.fmt).name == 'tiff':
            return _geotiff(image, plan)
        return image.planned(plan)

    @endpoint(
        'pixel',
        'data/pixel',
        PixelParameters,
        'The values of one pixel',
        styled=True,
        answer=json_object(
            r='integer', g='integer', b='integer', a='integer', value='array', bands='object'
        ),
    )
    def pixel(self, image: RequestedImage, query: Any) -> Any:
        """The samples of each band at a point, and the colour that the style gives them."""
        column, row = regions.pixel_of(image.reader, query.left, query.top, query.units)
        return plain(
            pixel.pixel_values(image.reader, image.reference, image.style, image.frame, column, row)
        )

    @endpoint(
        'histogram',
        'data/histogram',
        HistogramParameters,
        'Histograms of the bands',
        answer=json_array(
            band='integer',
            min='number',
            max='number',
            mean='number',
            stdev='number',
            samples='number',
            hist='array',
            bin_edges='array',
            approximate='boolean',
        ),
    )
    def histogram(self, image: RequestedImage, query: Any) -> Any:
        """Counts per bin for each band; from an overview unless `exact`, which each histogram
        says.
        """
        reader = image.reader
        chosen = [query.band] if query.band else [band.number for band in reader.bands]
        if query.band and query.band > len(reader.bands):
            raise ParameterError(
                f'There is no band {query.band}: this image has {len(reader.bands)}.'
            )
        measured = {
            number: histogram(
                reader,
                query.frame,
                number,
                bins=query.bins,
                limits=query.range if isinstance(query.range, tuple) else None,
                exact=query.exact,
            )
            for number in chosen
        }
        found = {number: entry for number, entry in measured.items() if entry is not None}
        if query.onlyMinMax:
            names = {'min': 'minimum', 'max': 'maximum', 'mean': 'mean', 'stdev': 'stdev'}
            return {
                **{
                    key: [getattr(entry, name) for entry in found.values()]
                    for key, name in names.items()
                },
                'approximate': any(entry.approximate for entry in found.values()),
            }
        return [_histogram(number, entry, query.density) for number, entry in found.items()]


def _histogram(number: int, entry: BandStatistics, density: bool) -> dict[str, Any]:
    samples = entry.samples
    counts = (
        [count / samples if samples else 0.0 for count in entry.counts] if density else entry.counts
    )
    return dict(
        plain(
            {
                'band': number,
                'min': entry.minimum,
                'max': entry.maximum,
                'mean': entry.mean,
                'stdev': entry.stdev,
                'range': list(entry.edges),
                'bins': len(entry.counts),
                'hist': [float(count) for count in counts],
                'bin_edges': entry.bin_edges,
                'density': density,
                'samples': float(samples),
                'approximate': entry.approximate,
            }
        )
    )


def _geotiff(image: RequestedImage, plan: regions.Plan) -> Binary:
    bands = len(image.reader.bands) if image.style.identity else 4
    check_size(plan.size, bands)
    file = geotiff.write_region(
        image.reader, image.reference, image.style, image.frame, plan, image.query.resample
    )
    name = image.reference.name.rsplit('.', 1)[0] or 'region'
    return Binary(file, 'image/tiff', filename=f'{name}-region.tif')
