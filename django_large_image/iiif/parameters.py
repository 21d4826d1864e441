"""The query parameters of IIIF requests: those of our other endpoints."""

from __future__ import annotations

from django_large_image.rest.asked import Asked
from django_large_image.rest.parameters import FormatParameters, StyleParameters


class PictureParameters(StyleParameters, FormatParameters):
    """The look of a picture; its format stands in the path, and its grid is the image's own."""

    projection = None  # type: ignore[assignment]
    source = None  # type: ignore[assignment]


# A description has nothing to choose.
NOTHING = Asked(query=None, key='', opening={})
