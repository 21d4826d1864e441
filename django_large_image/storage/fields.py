"""Model fields in, image references out."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import FileSystemStorage
from django.db.models.fields.files import FieldFile
from django.utils._os import safe_join

from django_large_image.exceptions import UnreadableError
from django_large_image.sources.filesystems import MISSING
from django_large_image.sources.reference import ImageReference
from django_large_image.storage.checksums import ChecksumFieldFile
from django_large_image.storage.copies import copied_reference
from django_large_image.storage.paths import local_reference
from django_large_image.storage.s3 import s3_reference


def field_file_reference(field_file: FieldFile, *, stream: bool = True) -> ImageReference:
    """Return the reference of the image that a model's file field holds.

    A file of this machine is read in place; one in S3 is streamed, unless `stream` is off; of any
    other storage a local copy is made when it is opened.
    Raises `UnreadableError` when the field is empty, the file is gone or its storage cannot be
    read, and `BusyError` when its storage does not answer in time.
    """
    if not field_file or not field_file.name:
        raise UnreadableError('No file was stored for this image.')
    reference = _reference(field_file, stream)
    if isinstance(field_file, ChecksumFieldFile) and field_file.version:
        return replace(reference, checksum=field_file.version)
    return reference


def _reference(field_file: FieldFile, stream: bool) -> ImageReference:
    try:
        path = _local_path(field_file)
    except NotImplementedError:
        return _remote_reference(field_file, stream)
    except (OSError, ValueError, SuspiciousOperation):
        raise UnreadableError(MISSING) from None
    return local_reference(path, name=str(field_file.name).rsplit('/', 1)[-1])


def _remote_reference(field_file: FieldFile, stream: bool) -> ImageReference:
    streamed = s3_reference(field_file) if stream else None
    return copied_reference(field_file) if streamed is None else streamed


def _local_path(field_file: FieldFile) -> str:
    """Return `field_file.path`; that of a plain storage is joined once, not for every tile."""
    storage: Any = field_file.storage
    joins = getattr(storage.__class__, 'path', None) is FileSystemStorage.path
    if joins and type(field_file).path is FieldFile.path:
        return _joined(storage.location, field_file.name)
    return field_file.path


# What `FileSystemStorage.path` does.
_joined = lru_cache(maxsize=4096)(safe_join)
