"""URLs in, image references out: `https://`, and `s3://`, `gs://` and `az://` by GDAL's own means.

A file on the web is read through this package's client (`storage.http`), by ranges of the one
version that its reference names.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Sequence
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, quote, unquote
from weakref import WeakValueDictionary

from django.core.exceptions import ValidationError
from django.db import models
from osgeo import gdal

from django_large_image.conf import settings
from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.sources import remote, virtual
from django_large_image.sources.extents import Extents
from django_large_image.sources.reference import ImageReference
from django_large_image.storage import http, versions
from django_large_image.storage.prefixes import CLOUDS, Address, allowed

# GDAL's configuration by which a reference tells `_open` where its file is. Never in a path: it may
# hold a password or a signature.
_FILE = 'LARGE_IMAGE_FILE'
_SCHEMES = ('http://', 'https://', *(f'{scheme}://' for scheme in CLOUDS))


def url_reference(url: str, name: str = '') -> ImageReference:
    """Return the reference of an image at a URL.

    Raises `UnreadableError` for one that `URL_PREFIXES` does not allow or where there is no file,
    `BusyError` where its server does not answer in time.
    """
    address = allowed(url)
    name = name or address.name
    if address.scheme in CLOUDS:
        return _cloud_reference(address, name)
    # The name comes last: readers look at its suffix.
    path = f'{virtual.PREFIX}{address.digest}/{address.host}/{address.name}'
    told = versions.remembered(path, lambda: json.dumps(_ask(address)))
    facts = json.loads(told)
    version = hashlib.blake2b(json.dumps(facts['version']).encode(), digest_size=12).hexdigest()
    file = json.dumps({'path': path, 'url': address.url, **facts})
    return ImageReference(path, version, name, options=(*remote.options(), (_FILE, file)))


def is_url(text: str) -> bool:
    """Whether a text is a URL of a kind that this package opens, or GDAL's path of one."""
    return _from_vsi(text).lower().startswith(_SCHEMES)


def vsi_reference(text: str) -> ImageReference:
    """Return the reference of a URL, or of GDAL's path of one; raises what `url_reference` does."""
    return url_reference(_from_vsi(text))


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


def _ask(address: Address) -> dict[str, Any]:
    """Return where the file is, after redirects, its size and its version."""
    answer = http.head(address.url)
    size = _size(answer)
    etag, modified = answer.headers.get('etag', ''), answer.headers.get('last-modified', '')
    if size is None:
        raise UnreadableError('The store of this image does not tell its size.')
    # Without either, nothing tells one version from another: each look finds a new one.
    unknown = '' if etag or modified else uuid.uuid4().hex
    return {'target': answer.url, 'version': [size, etag, modified, unknown]}


def _size(answer: http.Answer) -> int | None:
    """Return the length of the whole file of which an answer told."""
    text = answer.headers.get('content-length', '')
    if answer.status == 206:
        text = answer.headers.get('content-range', '').rpartition('/')[2]
    return int(text) if text.isdecimal() else None


class _WebFile:
    """One version of a file on the web, read by ranges; see `sources.virtual.Ranges`."""

    def __init__(self, file: dict[str, Any]) -> None:
        self._path, self._url, self._target = file['path'], file['url'], file['target']
        self.size, self._etag, self._modified, _ = file['version']
        self._extents = Extents(self.size, self._fetch)

    def read(self, spans: Sequence[virtual.Span]) -> list[bytes]:
        """Return the bytes of each span; raises `BusyError`, `UnreadableError`."""
        return self._extents.read(spans, 2.0 * settings.REMOTE_TIMEOUT)

    def _fetch(self, start: int, end: int) -> bytes:
        try:
            answer = self._get(start, end)
        except BusyError:
            # It may have been replaced: the next request looks.
            versions.forget(self._path)
            raise
        headers = answer.headers
        if (
            _size(answer) != self.size
            or headers.get('etag', self._etag) != self._etag
            or (not self._etag and headers.get('last-modified', self._modified) != self._modified)
        ):
            versions.forget(self._path)
            raise BusyError('The image was replaced while it was read.')
        return answer.body

    def _get(self, start: int, end: int) -> http.Answer:
        condition = {}
        if self._etag and not self._etag.startswith('W/'):
            condition['If-Match'] = self._etag
        elif self._modified:
            condition['If-Unmodified-Since'] = self._modified
        try:
            return http.get(self._target, start, end, condition)
        except UnreadableError:
            if self._target == self._url:
                versions.forget(self._path)
                raise
        # Where a redirect led may be good for minutes only.
        return http.get(self._url, start, end, condition)


class _WebFiles:
    """The files that are open: handles of one version share its bytes."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew, as if nothing had ever been opened or locked."""
        self._guard = Lock()
        self._files: WeakValueDictionary[str, _WebFile] = WeakValueDictionary()

    def open(self, name: str) -> _WebFile:
        """Return the file of a path below `/vsiranges/`; raises `FileNotFoundError` for a path of
        which no reference is in use.
        """
        text = gdal.GetThreadLocalConfigOption(_FILE) or '{}'
        file = json.loads(text)
        if file.get('path') != virtual.PREFIX + name:
            raise FileNotFoundError(name)
        with self._guard:
            return self._files.setdefault(text, _WebFile(file))


_web_files = _WebFiles()
virtual.install(_web_files.open)
os.register_at_fork(after_in_child=_web_files.reset)


def _cloud_reference(address: Address, name: str) -> ImageReference:
    path = f'{CLOUDS[address.scheme]}{address.host}{unquote(address.path)}'

    def ask() -> str:
        headers = remote.headers(path)
        validators = [headers.get(key, '') for key in ('etag', 'last-modified', 'content-length')]
        return hashlib.blake2b(json.dumps(validators).encode(), digest_size=12).hexdigest()

    version = versions.remembered(path, ask, lambda: remote.forget(path))
    return ImageReference(path, version, name, options=remote.options())


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
