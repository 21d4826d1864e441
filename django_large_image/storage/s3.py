"""Objects in S3 and its likes in, image references out: they are read by ranges with the storage's
own client, which belongs to the storage and never to the process.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db.models.fields.files import FieldFile
from django.utils.functional import LazyObject

from django_large_image.exceptions import UnreadableError
from django_large_image.sources.filesystems import MISSING
from django_large_image.sources.reference import ImageReference
from django_large_image.storage.bucket import Bucket
from django_large_image.storage.objects import object_reference


def s3_reference(field_file: FieldFile) -> ImageReference | None:
    """Return the reference of a file whose storage keeps it in S3; None for any other storage.

    The storage is asked for the object's version, once in `VERSION_MAX_AGE` seconds. Raises
    `UnreadableError` where there is no such object, or the storage may not read it, and `BusyError`
    where the store does not answer in time.
    """
    storage: Any = field_file.storage
    if isinstance(storage, LazyObject):
        # Its class is asked for, and so made.
        storage = storage.__class__ and storage._wrapped
    kinds = {f'{kind.__module__}.{kind.__qualname__}' for kind in type(storage).__mro__}
    try:
        if 'storages.backends.s3.S3Storage' in kinds:
            # What speaks to a store is imported only by those who have it.
            from django_large_image.storage import boto

            return bucket_reference(boto.bucket(storage), boto.key(storage, str(field_file.name)))
        if 'minio_storage.storage.MinioStorage' in kinds:
            from django_large_image.storage import minio

            return bucket_reference(minio.bucket(storage), minio.key(storage, str(field_file.name)))
    except (SuspiciousOperation, ValueError):
        raise UnreadableError(MISSING) from None
    return None


def bucket_reference(bucket: Bucket, key: str, name: str = '') -> ImageReference:
    """Return the reference of an object of a bucket; raises as `s3_reference` does, and
    `ValueError` for a key that is another one when it is sent over HTTP.
    """
    if '\0' in key or not {'', '.', '..'}.isdisjoint(key.split('/')):
        raise ValueError('a key that cannot be asked for')
    place = f'{bucket.label}/{bucket.name}/{key}'
    return object_reference(bucket, key, place, name or key.rsplit('/', 1)[-1])
