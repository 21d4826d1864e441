"""Buckets of django-minio-storage's `MinioStorage`, reached as its client does."""

from __future__ import annotations

import copy
import logging
import os
import threading
from typing import Any
from weakref import WeakKeyDictionary

import urllib3
from minio.error import MinioException, S3Error

from django_large_image.conf import settings
from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.sources.reference import Options
from django_large_image.storage.bucket import Bucket, Credentials, object_version

logger = logging.getLogger(__name__)

# What a store says in place of an answer when it is asked for too much, or is not well.
_TRANSIENT = {'SlowDown', 'SlowDownRead', 'InternalError', 'RequestTimeout', 'ServiceUnavailable'}


class _Clients:
    """The clients of this process's storages, with our time limits."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew, without the connections of a parent process."""
        self._guard = threading.Lock()
        self._made: WeakKeyDictionary[Any, tuple[int, Any]] = WeakKeyDictionary()

    def get(self, original: Any) -> Any:
        """Return a client that is like the original but for its patience."""
        seconds = max(1, settings.REMOTE_TIMEOUT)
        with self._guard:
            limit, found = self._made.get(original, (0, None))
            if limit != seconds:
                found = copy.copy(original)
                certificates = original._http.connection_pool_kw
                found._http = urllib3.PoolManager(
                    timeout=urllib3.Timeout(connect=seconds, read=seconds),
                    maxsize=10,
                    cert_reqs=certificates.get('cert_reqs'),
                    ca_certs=certificates.get('ca_certs'),
                    retries=False,
                )
                self._made[original] = (seconds, found)
        return found


_clients = _Clients()
os.register_at_fork(after_in_child=_clients.reset)


def bucket(storage: Any) -> Bucket:
    """Return the bucket of a storage as it is reached now; raises `BusyError` and
    `UnreadableError`.
    """
    client, name = _clients.get(storage.client), str(storage.bucket_name)
    endpoint = client._base_url
    try:
        region = client._get_region(name)
        lent = client._provider.retrieve() if client._provider else None
    except (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise _translated(error, name) from None
    return Bucket(
        name=name,
        host=endpoint.host,
        secure=endpoint.is_https,
        virtual=bool(endpoint.virtual_style_flag),
        region=region,
        credentials=lent
        and Credentials(lent.access_key, lent.secret_key, lent.session_token or ''),
        tls=_tls(client),
        ask=lambda key: _version(client, name, key),
    )


def key(storage: Any, name: str) -> str:
    """Return the key of a name in a storage."""
    return str(storage._sanitize_path(name))


def _tls(client: Any) -> Options:
    certificates = client._http.connection_pool_kw
    if certificates.get('cert_reqs') == 'CERT_NONE':
        return (('GDAL_HTTP_UNSAFESSL', 'YES'),)
    path = certificates.get('ca_certs')
    return (('CURL_CA_BUNDLE', path),) if path else ()


def _version(client: Any, name: str, key: str) -> str:
    try:
        found = client.stat_object(bucket_name=name, object_name=key)
    except (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise _translated(error, name) from None
    return object_version(found.etag or '', found.version_id)


def _translated(error: Exception, name: str) -> BusyError | UnreadableError:
    """Return what an error of the client means to the one who asked."""
    known = error.code if isinstance(error, S3Error) else type(error).__name__
    logger.warning('MinIO does not answer for the bucket %s: %s', name, known)
    denied = isinstance(error, S3Error) and known not in _TRANSIENT
    if denied or isinstance(error, ValueError):
        return UnreadableError('The file of this image is missing.')
    return BusyError()
