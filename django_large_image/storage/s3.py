"""Objects in S3 and its likes in, image references out: GDAL streams them with the storage's own
access, which belongs to the reference and never to the process.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db.models.fields.files import FieldFile
from django.utils.functional import LazyObject

from django_large_image.exceptions import UnreadableError
from django_large_image.sources import remote
from django_large_image.sources.handles import configured
from django_large_image.sources.reference import ImageReference
from django_large_image.storage.bucket import Bucket
from django_large_image.storage.versions import remembered

# A header holds them as they are; commas separate headers in GDAL's option, quotes join them.
_PLAIN_ETAG = re.compile(r'[\w.:+=/-]+', re.ASCII)
_QUOTED = r'"If-Match: \"{}\""'


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

            return _reference(boto.bucket(storage), boto.key(storage, str(field_file.name)))
        if 'minio_storage.storage.MinioStorage' in kinds:
            from django_large_image.storage import minio

            return _reference(minio.bucket(storage), minio.key(storage, str(field_file.name)))
    except (SuspiciousOperation, ValueError):
        raise UnreadableError('The file of this image is missing.') from None
    return None


def _reference(bucket: Bucket, key: str) -> ImageReference:
    if '\0' in key or not {'', '.', '..'}.isdisjoint(key.split('/')):
        # What is sent over HTTP is another key then.
        raise ValueError('a key that cannot be asked for')
    path = f'/vsis3/{bucket.name}/{key}'
    options = (*remote.options(), *bucket.options)

    def forget() -> None:
        # GDAL finds what it keeps by the URL, which it makes of the options.
        with configured(options):
            remote.forget(path)

    # Who may read it is decided by the store, for each of those who ask.
    asker = blake2b(repr(bucket.options).encode(), digest_size=16).digest()
    version = remembered(('s3', path, asker), lambda: bucket.ask(key), forget)
    etag = version.rpartition('@')[0]
    if _PLAIN_ETAG.fullmatch(etag):
        # No byte of another version is ever read along with those of this one.
        options = (*options, ('GDAL_HTTP_HEADERS', _QUOTED.format(etag)))
    return ImageReference(path, version, key.rsplit('/', 1)[-1], bucket.scope, options)
