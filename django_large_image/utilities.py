"""Functions that django-large-image 0.10 had under these names."""

from __future__ import annotations

import pathlib

from django.db.models.fields.files import FieldFile
from large_image.tilesource.geo import make_vsi

from django_large_image.rest.parameters import is_absent
from django_large_image.storage.fields import field_file_reference

__all__ = ['field_file_to_local_path', 'make_vsi', 'param_nully']


def field_file_to_local_path(field_file: FieldFile) -> pathlib.Path:
    """Return the path of a field's file on this machine; raises `UnreadableError` where it has
    none.
    """
    return pathlib.Path(field_file_reference(field_file, stream=False).path)


def param_nully(value: object) -> bool:
    """Whether a query parameter counts as not given or as false."""
    return is_absent(value) or str(value).lower() == 'false'
