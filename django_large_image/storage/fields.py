"""Model fields in, image references out."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import FileSystemStorage
from django.db.models.fields.files import FieldFile
from django.utils._os import safe_join

from django_large_image.exceptions import UnreadableError
from django_large_image.sources.reference import ImageReference
from django_large_image.storage.paths import local_reference


def field_file_reference(field_file: FieldFile) -> ImageReference:
    """Return the reference of the image that a model's file field holds.

    The storage has to be local (`FileSystemStorage`, or any other whose `path()` works).
    Raises `UnreadableError` when the field is empty, the file is gone or the storage is not local.
    """
    if not field_file or not field_file.name:
        raise UnreadableError('No file was stored for this image.')
    try:
        path = _local_path(field_file)
    except NotImplementedError:
        raise UnreadableError('The storage of this image cannot be read from here.') from None
    except (OSError, ValueError, SuspiciousOperation):
        raise UnreadableError('The file of this image is missing.') from None
    return local_reference(path, name=field_file.name.rsplit('/', 1)[-1])


def _local_path(field_file: FieldFile) -> str:
    """Return `field_file.path`; that of a plain storage is joined once, not for every tile."""
    storage: Any = field_file.storage
    joins = getattr(storage.__class__, 'path', None) is FileSystemStorage.path
    if joins and type(field_file).path is FieldFile.path:
        return _joined(storage.location, field_file.name)
    return field_file.path


# What `FileSystemStorage.path` does.
_joined = lru_cache(maxsize=4096)(safe_join)
