"""Objects of remote stores, each read by ranges of the one version that its reference names.

They are the files of `/vsiranges/`: what GDAL wants of them, their store is asked for here.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any, Protocol
from weakref import WeakValueDictionary

from osgeo import gdal

from django_large_image.conf import settings
from django_large_image.exceptions import LargeImageError, UnreadableError
from django_large_image.sources import remote, virtual
from django_large_image.sources.extents import Extents
from django_large_image.sources.reference import ImageReference
from django_large_image.storage import versions
from django_large_image.storage.answers import Answer, replaced

# GDAL's configuration by which a reference tells `_open` which object it is, and in which version.
# Never in a path: it may hold a password or a signature.
_OBJECT = 'LARGE_IMAGE_OBJECT'
# Those that are not in use are made anew by the next reference.
_MAX_STORES = 256


@dataclass(frozen=True, slots=True)
class Version:
    """What tells one version of an object from all others.

    `size` is in bytes, `modified` is empty where a strong `etag` says as much, `number` is that of
    a store that keeps versions, `look` is unique where nothing of these is known. `url` is where
    the object was found.
    """

    size: int
    etag: str
    modified: str
    number: str
    look: str
    url: str

    @classmethod
    def told_by(cls, answer: Answer) -> Version:
        """Return the version of which an answer tells; raises `UnreadableError` for one without a
        size.
        """
        size, headers = answer.size, answer.headers
        if size is None:
            raise UnreadableError('The store of this image does not tell its size.')
        etag, number = headers.get('etag', ''), headers.get('x-amz-version-id', '')
        number = '' if number == 'null' else number
        modified = '' if _is_strong(etag) else headers.get('last-modified', '')
        look = '' if etag or modified or number else uuid.uuid4().hex
        return cls(size, etag, modified, number, look, answer.url)

    @property
    def digest(self) -> str:
        """A short text that is another one for each version."""
        known = json.dumps([self.size, self.etag, self.modified, self.number, self.look])
        return hashlib.blake2b(known.encode(), digest_size=12).hexdigest()

    @property
    def conditions(self) -> dict[str, str]:
        """The headers by which a store refuses to send bytes of another version."""
        if _is_strong(self.etag):
            return {'If-Match': self.etag}
        return {'If-Unmodified-Since': self.modified} if self.modified else {}

    def check(self, answer: Answer) -> None:
        """Raise `BusyError` for an answer of another version: not all stores know conditions."""
        headers = answer.headers
        if (
            answer.size != self.size
            or headers.get('etag', self.etag) != self.etag
            or (self.modified and headers.get('last-modified', self.modified) != self.modified)
        ):
            raise replaced()


def _is_strong(etag: str) -> bool:
    return bool(etag) and not etag.startswith('W/')


class Store(Protocol):
    """Where objects lie, as one who may ask reaches it."""

    @property
    def label(self) -> str:
        """What tells it, and the one who asks, from all others; no secret."""

    def head(self, key: str) -> Answer:
        """Return the answer to a HEAD; raises `BusyError` and `UnreadableError`."""

    def get(self, key: str, version: Version, start: int, end: int) -> Answer:
        """Return the answer with the bytes from `start` up to `end`; raises as well."""


def object_reference(store: Store, key: str, place: str, name: str) -> ImageReference:
    """Return the reference of an object in the version that it has now, asked once in a while.

    `place` is its path, which names the store too; readers look at its suffix. Raises what the
    store does.
    """
    _objects.know(store)
    path = virtual.PREFIX + place
    told = versions.remembered(path, lambda: json.dumps(asdict(Version.told_by(store.head(key)))))
    known = json.loads(told)
    file = json.dumps({'path': path, 'store': store.label, 'key': key, 'version': known})
    options = (*remote.options(), (_OBJECT, file))
    return ImageReference(path, Version(**known).digest, name, options=options)


class _Object:
    """One version of an object, read by ranges; see `sources.virtual.Ranges`."""

    def __init__(self, store: Store, path: str, key: str, version: Version) -> None:
        self._store, self._path, self._key, self._version = store, path, key, version
        self._extents = Extents(version.size, self._fetch)

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self._version.size

    def read(self, spans: Sequence[virtual.Span]) -> list[bytes]:
        """Return the bytes of each span; raises `BusyError`, `UnreadableError`."""
        return self._extents.read(spans, 2.0 * settings.REMOTE_TIMEOUT)

    def _fetch(self, start: int, end: int) -> bytes:
        try:
            answer = self._store.get(self._key, self._version, start, end)
            self._version.check(answer)
        except LargeImageError:
            # It may have been replaced: the next request looks.
            versions.forget(self._path)
            raise
        return answer.body


class _Objects:
    """The stores that are known, and the objects that are open: handles of one version share its
    bytes.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew, as if nothing had ever been opened or locked."""
        self._guard = Lock()
        self._stores: OrderedDict[str, Store] = OrderedDict()
        self._open: WeakValueDictionary[str, _Object] = WeakValueDictionary()

    def know(self, store: Store) -> None:
        """Have objects of a store opened until too many others were known after it."""
        with self._guard:
            self._stores[store.label] = store
            self._stores.move_to_end(store.label)
            while len(self._stores) > _MAX_STORES:
                self._stores.popitem(last=False)

    def open(self, name: str) -> _Object:
        """Return the object of a path below `/vsiranges/`.

        Raises `FileNotFoundError` for a path of which no reference is in use, `UnreadableError` for
        a reference that another process made: this one may not know how its store is reached.
        """
        text = gdal.GetThreadLocalConfigOption(_OBJECT) or '{}'
        file: dict[str, Any] = json.loads(text)
        with self._guard:
            if file.get('path') != virtual.PREFIX + name:
                raise FileNotFoundError(name)
            store = self._stores.get(file['store'])
            if store is None:
                raise UnreadableError('Unreadable image: its store is not known in this process.')
            version = Version(**file['version'])
            return self._open.setdefault(text, _Object(store, file['path'], file['key'], version))


_objects = _Objects()
virtual.install(_objects.open)
os.register_at_fork(after_in_child=_objects.reset)
