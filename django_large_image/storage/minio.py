"""Buckets of django-minio-storage's `MinioStorage`, reached by its client."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import urllib3
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import ProtocolError

from django_large_image.conf import settings
from django_large_image.exceptions import BusyError
from django_large_image.storage.answers import Answer, read_body
from django_large_image.storage.bucket import Bucket, Clients, again, lower, plain
from django_large_image.storage.labels import label
from django_large_image.storage.objects import Version

logger = logging.getLogger(__name__)

# No answer, or none of whoever lends credentials.
_TROUBLE = (MinioException, urllib3.exceptions.HTTPError, OSError)


@dataclass(frozen=True, slots=True)
class _Client:
    """A client with our time limits."""

    client: Any

    def head(self, bucket: str, key: str) -> Answer:
        """See `bucket.Client`."""
        return _answered(bucket, key, lambda: self._told(bucket, key))

    def get(self, bucket: str, key: str, version: Version, start: int, end: int) -> Answer:
        """See `bucket.Client`."""
        asked: dict[str, Any] = {'bucket_name': bucket, 'object_name': key}
        asked |= {'offset': start, 'length': end - start, 'request_headers': version.conditions}
        asked |= {'version_id': version.number or None}
        return _answered(bucket, key, lambda: self._part(asked, start, end))

    def refused(self) -> None:
        """See `bucket.Client`: it asks for its credentials each time."""

    def _told(self, bucket: str, key: str) -> Answer:
        found = self.client.stat_object(bucket_name=bucket, object_name=key)
        return Answer(200, lower(found.metadata.items()))

    def _part(self, asked: dict[str, Any], start: int, end: int) -> Answer:
        response = self.client.get_object(**asked)
        answer = Answer(response.status, lower(response.headers.items()))
        try:
            answer.check_part(start, end)
            return replace(answer, body=read_body(response, end - start))
        except BaseException:
            response.close()
            raise
        finally:
            response.release_conn()


_clients: Clients[Any] = Clients()


def bucket(storage: Any) -> Bucket:
    """Return the bucket of a storage as it is reached now; raises `BusyError`."""
    original, name = storage.client, str(storage.bucket_name)
    seconds = max(1, settings.REMOTE_TIMEOUT)
    client = _clients.get(original, (seconds,), lambda: _limited(original, seconds))
    endpoint = client._base_url
    who = label(endpoint.host, endpoint.is_https, name, _asker(client))
    return Bucket(name, who, _Client(client))


def key(storage: Any, name: str) -> str:
    """Return the key of a name in a storage."""
    return str(storage._sanitize_path(name))


def _limited(original: Any, seconds: int) -> Any:
    """Return a client that is like the original but for its patience."""
    found = copy.copy(original)
    certificates = original._http.connection_pool_kw
    found._http = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=seconds, read=seconds),
        maxsize=10,
        cert_reqs=certificates.get('cert_reqs'),
        ca_certs=certificates.get('ca_certs'),
        retries=False,
    )
    return found


def _asker(client: Any) -> tuple[object, ...]:
    """Return what tells who asks; lent credentials change while he stays the same."""
    provider = client._provider
    if provider is None:
        return ()
    try:
        known = provider.retrieve()
    except _TROUBLE as error:
        logger.warning('The credentials of a storage cannot be had: %s', type(error).__name__)
        raise BusyError from None
    if known.expiration is not None:
        return plain(provider)
    return known.access_key, known.secret_key, known.session_token


def _answered(bucket: str, key: str, ask: Callable[[], Answer]) -> Answer:
    """Return an answer, whatever its status."""
    try:
        return again(ask, ProtocolError)
    except S3Error as error:
        return Answer(error.response.status, {})
    except ServerError as error:
        return Answer(error.status_code, {})
    except InvalidResponseError as error:
        return Answer(error._code, {})
    except _TROUBLE as error:
        logger.warning('MinIO does not answer for %s in %s: %s', key, bucket, type(error).__name__)
        raise BusyError from None
