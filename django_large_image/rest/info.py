"""Endpoints that tell about an image: `info/...`."""

from __future__ import annotations

from typing import Any

import numpy as np

from django_large_image.conf import settings
from django_large_image.exceptions import MissingError
from django_large_image.pixels.formats import EncodeOptions, get_format
from django_large_image.pixels.picture import Picture
from django_large_image.rest.base import ImageHooks
from django_large_image.rest.endpoints import endpoint
from django_large_image.rest.image import RequestedImage
from django_large_image.rest.openapi import json_array, json_object
from django_large_image.rest.parameters import (
    AssociatedParameters,
    BandParameters,
    COGParameters,
    SourceParameters,
)
from django_large_image.rest.responses import Binary
from django_large_image.sources import layout, metadata
from django_large_image.sources.regions import fit

_METADATA = json_object(
    geospatial='boolean',
    levels='integer',
    sizeX='integer',
    sizeY='integer',
    orientation='integer',
    tileWidth='integer',
    tileHeight='integer',
    dtype='string',
    bandCount='integer',
    bounds='object',
    bands='object',
    frames='array',
)
_BAND = {
    'min': 'number',
    'max': 'number',
    'mean': 'number',
    'stdev': 'number',
    'nodata': 'number',
    'interpretation': 'string',
    'approximate': 'boolean',
}


class InfoActions(ImageHooks):
    """Metadata, bands, frames, the layout of the file, and its associated images."""

    @endpoint(
        'metadata', 'info/metadata', SourceParameters, 'Metadata of the image', answer=_METADATA
    )
    def metadata(self, image: RequestedImage, query: Any) -> Any:
        """Size, levels, projection, bounds in EPSG:4326, bands with statistics, frames, and the
        orientation in which it is shown by EXIF's numbers: 1 to 8, 1 where there is none.
        """
        return metadata.image_metadata(image.source, image.reference)

    @endpoint(
        'metadata-internal',
        'info/metadata_internal',
        SourceParameters,
        'What the file itself says',
        answer=json_object(driverShortName='string', geospatial='boolean', bounds='object'),
    )
    def metadata_internal(self, image: RequestedImage, query: Any) -> Any:
        """The metadata that the file's format holds, as its reader gives them."""
        return metadata.internal_metadata(image.source, image.reference)

    @endpoint(
        'bands',
        'info/bands',
        SourceParameters,
        'Statistics of all bands',
        answer=json_object(**{'1': 'object'}),
    )
    def bands(self, image: RequestedImage, query: Any) -> Any:
        """Minimum, maximum, mean, standard deviation, nodata and meaning of each band, by
        number.
        """
        return metadata.bands_information(image.source, image.reference)

    @endpoint(
        'band', 'info/band', BandParameters, 'Statistics of one band', answer=json_object(**_BAND)
    )
    def band(self, image: RequestedImage, query: Any) -> Any:
        """Minimum, maximum, mean, standard deviation, nodata and meaning of a band."""
        return metadata.one_band(image.source, image.reference, query.band, query.frame)

    @endpoint(
        'frames', 'info/frames', SourceParameters, 'Frames', answer=json_object(frames='array')
    )
    def frames(self, image: RequestedImage, query: Any) -> Any:
        """The frames of the image, each with its bands."""
        return metadata.frames_information(image.source)

    @endpoint(
        'tiffdump', 'info/tiffdump', SourceParameters, 'TIFF tags', answer=json_object(ifds='array')
    )
    def tiffdump(self, image: RequestedImage, query: Any) -> Any:
        """All directories and tags of a TIFF; 400 for other files."""
        return metadata.plain(layout.tiff_tags(image.reference.path, image.reference.options))

    @endpoint(
        'cog',
        'info/cog',
        COGParameters,
        'Is it a Cloud Optimized GeoTIFF?',
        answer=json_object(valid='boolean', errors='array', warnings='array', ifds='array'),
    )
    def cog(self, image: RequestedImage, query: Any) -> Any:
        """Whether the file's layout lets tiles be read in few requests, and what stands in the
        way.
        """
        reference = image.reference
        return layout.check_cog(reference.path, strict=query.strict, options=reference.options)

    @endpoint(
        'images',
        'info/images',
        SourceParameters,
        'Associated images',
        answer=json_array(name='string'),
    )
    def images(self, image: RequestedImage, query: Any) -> Any:
        """The names of further images in the file: a slide's label, its macro."""
        return sorted(image.source.getAssociatedImagesList())

    @endpoint(
        'image',
        r'info/images/(?P<associated>[^/]+)\.(?P<fmt>\w+)',
        AssociatedParameters,
        'One associated image',
    )
    def image(self, image: RequestedImage, query: Any) -> Any:
        """One of the images that `info/images` names, at most `max_width` x `max_height` pixels."""
        output = get_format(query.fmt)
        if query.associated not in image.source.getAssociatedImagesList():
            raise MissingError('This image has no associated image of that name.')
        data, _ = image.source.getAssociatedImage(query.associated, format='numpy')
        picture = Picture.from_array(np.ascontiguousarray(data))
        picture = picture.resize(
            *fit(picture.width, picture.height, query.max_width, query.max_height)
        )
        options = EncodeOptions(quality=query.quality or settings.QUALITY)
        return Binary(output.encode(picture, options), output.media_type)
