"""URLs in, image references out.

Files on the web are read through this package's client (`storage.http`), objects in S3 by boto3's,
both by ranges of the one version that their reference names; all else by GDAL's own means.
"""

from __future__ import annotations

import hashlib
import json
import re
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from django.core.exceptions import ValidationError
from django.db import models

from django_large_image.exceptions import UnreadableError
from django_large_image.sources import remote
from django_large_image.sources.filesystems import forget
from django_large_image.sources.reference import ImageReference
from django_large_image.storage import http, versions
from django_large_image.storage.answers import Answer
from django_large_image.storage.objects import Version, object_reference
from django_large_image.storage.prefixes import CLOUDS, INVALID, Address, allowed
from django_large_image.storage.s3 import bucket_reference

# Commas separate headers in GDAL's option, quotes join them.
_PLAIN_ETAG = re.compile(r'"[\w.:+=/-]+"', re.ASCII)
_IF_MATCH = r'"If-Match: \"{}\""'
# What a store answered while an open file is read, GDAL says to those who debug it: see
# `sources.complaints`.
_AUDIBLE = ('CPL_DEBUG', 'GS,AZURE,S3')
_SCHEMES = ('http://', 'https://', *(f'{scheme}://' for scheme in CLOUDS))


def url_reference(url: str, name: str = '') -> ImageReference:
    """Return the reference of an image at a URL.

    Raises `UnreadableError` for one that `URL_PREFIXES` does not allow or where there is no file,
    `BusyError` where its server does not answer in time.
    """
    address = allowed(url)
    name = name or address.name
    if address.scheme == 's3' and find_spec('storages') and find_spec('boto3'):
        return _s3_reference(address, name)
    if address.scheme in CLOUDS:
        return _cloud_reference(address, name)
    place = f'{address.label}/{address.host}/{address.name}'
    return object_reference(_web, address.url, place, name)


def is_url(text: str) -> bool:
    """Whether a text is a URL of a kind that this package opens, or GDAL's path of one."""
    return _from_vsi(text).lower().startswith(_SCHEMES)


def vsi_reference(text: str) -> ImageReference:
    """Return the reference of a URL, or of GDAL's path of one; raises what `url_reference` does.

    GDAL reads its own paths of clouds, `/vsis3/` among them.
    """
    url = _from_vsi(text)
    if text.startswith(tuple(CLOUDS.values())):
        address = allowed(url)
        return _cloud_reference(address, address.name)
    return url_reference(url)


def _from_vsi(path: str) -> str:
    """Return the URL that a path of GDAL's means: `/vsicurl/https://...`, `/vsis3/bucket/key`."""
    if path.startswith('/vsicurl/'):
        return path.removeprefix('/vsicurl/')
    if path.startswith('/vsicurl?'):
        return parse_qs(path.partition('?')[2]).get('url', [''])[0]
    for scheme, prefix in CLOUDS.items():
        if path.startswith(prefix):
            # Their keys are as they are, those of URLs are encoded.
            return f'{scheme}://{quote(path.removeprefix(prefix))}'
    return path


class _Web:
    """The web, whose objects are known by their URL; see `objects.Store`."""

    label = 'web'

    def head(self, url: str) -> Answer:
        """Return the answer to a HEAD, after redirects."""
        return http.head(url)

    def get(self, url: str, version: Version, start: int, end: int) -> Answer:
        """Return the answer with the bytes from `start` up to `end`."""
        try:
            return http.get(version.url, start, end, version.conditions)
        except UnreadableError:
            if version.url == url:
                raise
        # Where a redirect led may be good for minutes only.
        return http.get(url, start, end, version.conditions)


_web = _Web()


def _s3_reference(address: Address, name: str) -> ImageReference:
    # What speaks to a store is imported only by those who have it.
    from django_large_image.storage import boto

    try:
        bucket = boto.environment_bucket(address.host)
        return bucket_reference(bucket, unquote(address.path).removeprefix('/'), name)
    except ValueError:
        raise UnreadableError(INVALID) from None


def _cloud_reference(address: Address, name: str) -> ImageReference:
    path = f'{CLOUDS[address.scheme]}{address.host}{unquote(address.path)}'

    def ask() -> str:
        headers = remote.headers(path)
        validators = [headers.get(key, '') for key in ('etag', 'last-modified', 'content-length')]
        digest = hashlib.blake2b(json.dumps(validators).encode(), digest_size=12).hexdigest()
        return f'{digest} {validators[0]}'

    told = versions.remembered(path, ask, lambda: forget(path))
    version, _, etag = told.partition(' ')
    options = (*remote.options(), _AUDIBLE)
    if _PLAIN_ETAG.fullmatch(etag):
        # No byte of another version is ever read along with those of this one.
        options = (*options, ('GDAL_HTTP_HEADERS', _IF_MATCH.format(etag.strip('"'))))
    return ImageReference(path, version, name, options=options)


def validate_image_url(value: str) -> None:
    """Raise `ValidationError` for a URL at which no image may lie."""
    try:
        allowed(value)
    except UnreadableError as error:
        raise ValidationError(error.detail, code='invalid') from None


class ImageURLField(models.CharField):  # type: ignore[type-arg]
    """The URL of an image, of those that `URL_PREFIXES` allows."""

    default_validators = [validate_image_url]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault('max_length', 2000)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Return what migrations need."""
        name, path, args, kwargs = super().deconstruct()
        return name, path.replace(__name__, 'django_large_image.fields'), args, kwargs
