"""Buckets of django-storages' `S3Storage`, and of the environment, reached by boto3's clients."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

import boto3
import botocore
import urllib3
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    CredentialRetrievalError,
    HTTPClientError,
    MetadataRetrievalError,
)
from botocore.exceptions import ConnectionError as NetworkError
from osgeo import gdal
from storages.utils import clean_name

from django_large_image.conf import settings
from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.storage.answers import Answer, read_body
from django_large_image.storage.bucket import Bucket, Clients, again, lower, plain
from django_large_image.storage.labels import label
from django_large_image.storage.objects import Version

logger = logging.getLogger(__name__)

# What a storage's client is made of.
_INGREDIENTS = (
    *('access_key', 'secret_key', 'security_token', 'session_profile', 'endpoint_url'),
    *('region_name', 'use_ssl', 'verify', 'client_config'),
)
# By which GDAL's readers of S3 are told the same, in its configuration or the environment.
_VARIABLES = (
    *('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_NO_SIGN_REQUEST'),
    *('AWS_S3_ENDPOINT', 'AWS_HTTPS', 'AWS_VIRTUAL_HOSTING', 'AWS_REGION'),
)
# Conditions of a request as boto3 names them.
_CONDITIONS = {'If-Match': 'IfMatch', 'If-Unmodified-Since': 'IfUnmodifiedSince'}
# No answer, or none of whoever lends credentials that run out.
_TROUBLE = (
    *(HTTPClientError, NetworkError, CredentialRetrievalError, MetadataRetrievalError),
    *(urllib3.exceptions.HTTPError, OSError),
)
# A client that is refused is not made anew for every request.
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class _Client:
    """A client with our time limits, and when it was made; `asker` tells who asks."""

    client: Any
    asker: tuple[object, ...]
    made_at: float

    def head(self, bucket: str, key: str) -> Answer:
        """See `bucket.Client`."""
        return _answered(
            bucket, key, lambda: _answer(self.client.head_object(Bucket=bucket, Key=key))
        )

    def get(self, bucket: str, key: str, version: Version, start: int, end: int) -> Answer:
        """See `bucket.Client`."""
        asked = {'Bucket': bucket, 'Key': key, 'Range': f'bytes={start}-{end - 1}'}
        asked |= {_CONDITIONS[header]: value for header, value in version.conditions.items()}
        if version.number:
            asked['VersionId'] = version.number
        return _answered(bucket, key, lambda: self._part(asked, start, end))

    def refused(self) -> None:
        """See `bucket.Client`: the file of its credentials may have been replaced."""
        if time.monotonic() - self.made_at >= _PATIENCE:
            _clients.drop(self)

    def _part(self, asked: dict[str, str], start: int, end: int) -> Answer:
        found = self.client.get_object(**asked)
        # What boto3 puts around it checks sums of whole objects, and has no time limit of its own.
        body = getattr(found['Body'], '_raw_stream', found['Body'])
        answer = _answer(found)
        try:
            answer.check_part(start, end)
            return replace(answer, body=read_body(body, end - start))
        except BaseException:
            body.close()
            raise


class _Environment:
    """Owner of the client that belongs to no storage."""


_environment = _Environment()
# boto3's own are safe to share between threads.
_clients: Clients[_Client] = Clients()


def bucket(storage: Any) -> Bucket:
    """Return the bucket of a storage as it is reached now."""
    made_of = tuple(getattr(storage, name, None) for name in _INGREDIENTS)
    return _bucket(str(storage.bucket_name), storage, made_of, lambda: _storage_client(storage))


def environment_bucket(name: str) -> Bucket:
    """Return a bucket as the environment of the process, or GDAL's configuration, says."""
    told = tuple(gdal.GetConfigOption(variable) for variable in _VARIABLES)
    return _bucket(name, _environment, told, lambda: _environment_client(*told))


def key(storage: Any, name: str) -> str:
    """Return the key of a name in a storage, its `location` included.

    Raises `SuspiciousOperation` for one that leads out of it.
    """
    # As the storage's own methods do.
    return str(storage._normalize_name(clean_name(name)))


def _bucket(
    name: str, owner: Any, made_of: tuple[Hashable, ...], make: Callable[[], Any]
) -> Bucket:
    def limited() -> _Client:
        client = make()
        return _Client(client, _asker(owner, client), time.monotonic())

    known = _clients.get(owner, (*made_of, settings.REMOTE_TIMEOUT), limited)
    return Bucket(name, label(known.client.meta.endpoint_url, name, known.asker), known)


def _storage_client(storage: Any) -> Any:
    # A copy has no connection of its own yet, and makes it in the way of its class.
    own = copy.copy(storage)
    own.client_config = storage.client_config.merge(_limits())
    client = own.connection.meta.client
    if client._request_signer._credentials is None:
        # Nobody to sign as: what is public can be read.
        client = own.unsigned_connection.meta.client
    return client


def _environment_client(
    access: str | None,
    secret: str | None,
    token: str | None,
    unsigned: str | None,
    endpoint: str | None,
    secure: str | None,
    virtual: str | None,
    region: str | None,
) -> Any:
    style = 'auto' if virtual is None else 'virtual' if _is_on(virtual) else 'path'
    config = _limits().merge(Config(s3={'addressing_style': style}))
    session = boto3.session.Session()
    if access and secret:
        session = boto3.session.Session(access, secret, token)
    if _is_on(unsigned) or session.get_credentials() is None:
        config = config.merge(Config(signature_version=botocore.UNSIGNED))
    if endpoint and '://' not in endpoint:
        endpoint = f'{"https" if secure is None or _is_on(secure) else "http"}://{endpoint}'
    # Without a region boto3 finds that of a bucket by itself.
    region = region or session.region_name or 'us-east-1'
    return session.client('s3', region_name=region, endpoint_url=endpoint, config=config)


def _is_on(value: str | None) -> bool:
    return (value or '').upper() in ('YES', 'TRUE', 'ON', '1')


def _limits() -> Config:
    seconds = max(1, settings.REMOTE_TIMEOUT)
    return Config(
        connect_timeout=seconds,
        read_timeout=seconds,
        retries={'total_max_attempts': 1},
        max_pool_connections=32,
    )


def _asker(owner: Any, client: Any) -> tuple[object, ...]:
    """Return what tells who asks; lent credentials change while he stays the same."""
    signer = client._request_signer
    credentials = signer._credentials
    if signer.signature_version is botocore.UNSIGNED or credentials is None:
        return ()
    if isinstance(credentials, RefreshableCredentials):
        return (credentials.method, *plain(owner))
    return credentials.access_key, credentials.secret_key, credentials.token


def _answered(bucket: str, key: str, ask: Callable[[], Answer]) -> Answer:
    """Return an answer, whatever its status."""
    try:
        return again(ask, ConnectionClosedError)
    except ClientError as error:
        return _answer(error.response)
    except _TROUBLE as error:
        logger.warning('S3 does not answer for %s in %s: %s', key, bucket, type(error).__name__)
        raise BusyError from None
    except BotoCoreError as error:
        logger.warning('S3 cannot be asked for %s in %s: %s', key, bucket, type(error).__name__)
        raise UnreadableError('The store of this image cannot be asked.') from None


def _answer(found: Any) -> Answer:
    told = found['ResponseMetadata']
    return Answer(told['HTTPStatusCode'], lower(told['HTTPHeaders'].items()))
