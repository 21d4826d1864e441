"""Buckets of django-storages' `S3Storage`, reached as boto3 does for it."""

from __future__ import annotations

import copy
import logging
import os
import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import botocore
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    MetadataRetrievalError,
)
from botocore.exceptions import ConnectionError as NetworkError
from botocore.utils import check_dns_name
from storages.utils import clean_name

from django_large_image.conf import settings
from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.sources.reference import Options
from django_large_image.storage.bucket import Bucket, Credentials, object_version

logger = logging.getLogger(__name__)

# What a storage's client is made of.
_INGREDIENTS = (
    *('access_key', 'secret_key', 'security_token', 'session_profile', 'endpoint_url'),
    *('region_name', 'use_ssl', 'verify', 'client_config'),
)
# Where credentials that run out cannot be had.
_LENDERS = (CredentialRetrievalError, MetadataRetrievalError)
# Wait: too many requests, or an answer that took too long.
_TRANSIENT = {408, 425, 429}
# A client that is refused is not made anew for every request.
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class _Client:
    """A client with our time limits, what it was made of and when."""

    client: Any
    made_of: tuple[Hashable, ...]
    made_at: float

    @property
    def credentials(self) -> Credentials | None:
        """What requests are signed with now; temporary ones are renewed in time.

        Raises `BusyError` where whoever lends them does not answer.
        """
        signer = self.client._request_signer
        if signer.signature_version is botocore.UNSIGNED:
            return None
        try:
            frozen = signer._credentials.get_frozen_credentials()
        except (HTTPClientError, NetworkError, *_LENDERS) as error:
            logger.warning('The credentials of a storage cannot be renewed: %s', type(error))
            raise BusyError from None
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token or '')


class _Clients:
    """The clients of this process's storages: boto3's own are safe to share between threads."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew, without the connections of a parent process."""
        self._guard = threading.Lock()
        self._made: WeakKeyDictionary[Any, _Client] = WeakKeyDictionary()

    def get(self, storage: Any) -> _Client:
        """Return the client of a storage, made anew when the storage's settings have changed."""
        made_of = (
            *(getattr(storage, name, None) for name in _INGREDIENTS),
            settings.REMOTE_TIMEOUT,
        )
        with self._guard:
            found = self._made.get(storage)
            if found is None or found.made_of != made_of:
                found = _Client(_make_client(storage), made_of, time.monotonic())
                self._made[storage] = found
        return found

    def refused(self, client: _Client) -> None:
        """Look for other credentials at the next request: their file may have been replaced."""
        if time.monotonic() - client.made_at < _PATIENCE:
            return
        with self._guard:
            for storage, made in list(self._made.items()):
                if made is client:
                    del self._made[storage]


_clients = _Clients()
os.register_at_fork(after_in_child=_clients.reset)


def bucket(storage: Any) -> Bucket:
    """Return the bucket of a storage as it is reached now; raises `BusyError`."""
    known = _clients.get(storage)
    client, name = known.client, str(storage.bucket_name)
    endpoint = urlsplit(client.meta.endpoint_url)
    region = client.meta.region_name

    def ask(key: str) -> str:
        try:
            return _version(client, name, key)
        except UnreadableError:
            _clients.refused(known)
            raise

    return Bucket(
        name=name,
        host=endpoint.netloc.rpartition('@')[2],
        secure=endpoint.scheme == 'https',
        virtual=_is_virtual(client, name, custom=bool(storage.endpoint_url)),
        region='us-east-1' if region in (None, 'aws-global') else region,
        credentials=known.credentials,
        tls=_tls(storage),
        ask=ask,
    )


def key(storage: Any, name: str) -> str:
    """Return the key of a name in a storage, its `location` included.

    Raises `SuspiciousOperation` for one that leads out of it.
    """
    # As the storage's own methods do.
    return str(storage._normalize_name(clean_name(name)))


def _make_client(storage: Any) -> Any:
    # A copy has no connection of its own yet, and makes it in the way of its class.
    own = copy.copy(storage)
    seconds = max(1, settings.REMOTE_TIMEOUT)
    limits = Config(
        connect_timeout=seconds,
        read_timeout=seconds,
        retries={'total_max_attempts': 1},
        max_pool_connections=32,
    )
    own.client_config = storage.client_config.merge(limits)
    client = own.connection.meta.client
    if client._request_signer._credentials is None:
        # Nobody to sign as: what is public can be read.
        client = own.unsigned_connection.meta.client
    return client


def _is_virtual(client: Any, name: str, *, custom: bool) -> bool:
    """Whether boto3 puts the name of a bucket before the host; `custom` is an endpoint of one's
    own.
    """
    style = (client.meta.config.s3 or {}).get('addressing_style')
    wanted = style == 'virtual' if custom else style != 'path'
    secure = client.meta.endpoint_url.startswith('https:')
    return wanted and check_dns_name(name) and not (secure and '.' in name)


def _tls(storage: Any) -> Options:
    options = []
    if storage.verify is False:
        options.append(('GDAL_HTTP_UNSAFESSL', 'YES'))
    elif isinstance(storage.verify, str):
        options.append(('CURL_CA_BUNDLE', storage.verify))
    proxies = storage.client_config.proxies or {}
    names = {'http': 'GDAL_HTTP_PROXY', 'https': 'GDAL_HTTPS_PROXY'}
    options += [(names[kind], proxies[kind]) for kind in names if proxies.get(kind)]
    return tuple(options)


def _version(client: Any, name: str, key: str) -> str:
    try:
        answer = client.head_object(Bucket=name, Key=key)
    except ClientError as error:
        status = error.response['ResponseMetadata']['HTTPStatusCode']
        logger.warning('S3 answers %s for %s in %s', status, key, name)
        if status >= 500 or status in _TRANSIENT:
            raise BusyError from None
        raise UnreadableError('The file of this image is missing.') from None
    except (HTTPClientError, NetworkError, *_LENDERS) as error:
        logger.warning('S3 does not answer for %s in %s: %s', key, name, type(error).__name__)
        raise BusyError from None
    except BotoCoreError as error:
        logger.warning('S3 cannot be asked for %s in %s: %s', key, name, type(error).__name__)
        raise UnreadableError('The file of this image is missing.') from None
    return object_version(answer.get('ETag', ''), answer.get('VersionId'))
