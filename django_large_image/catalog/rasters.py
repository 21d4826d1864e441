"""Where the raster of a dataset lies: a file field or a location in, an image reference out."""

from __future__ import annotations

from django.db.models.fields.files import FieldFile

from django_large_image.conf import settings
from django_large_image.exceptions import MissingError, UnreadableError
from django_large_image.sources.reference import ImageReference
from django_large_image.storage.fields import field_file_reference
from django_large_image.storage.folder import folder_reference
from django_large_image.storage.prefixes import FORBIDDEN
from django_large_image.storage.urls import is_url, vsi_reference


def find(file: FieldFile, location: str = '') -> ImageReference:
    """Return the reference of a file, or of what lies at a location.

    Raises `UnreadableError` for a file or URL that is not there or not allowed, `MissingError` for
    a path that leads to no file below `CATALOG_ROOTS`, `BusyError` where a store does not answer.
    """
    return located(location) if location else field_file_reference(file)


def located(location: str) -> ImageReference:
    """Return the reference of what lies at a location; see `find`."""
    if is_url(location):
        return vsi_reference(location)
    if '://' in location or location.startswith('/vsi'):
        raise UnreadableError(FORBIDDEN)
    for root in settings.CATALOG_ROOTS:
        try:
            return folder_reference(root, location)
        except MissingError:
            continue
    raise MissingError('There is no such image.')
