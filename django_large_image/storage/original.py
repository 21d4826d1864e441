"""A file in a storage of which nothing is known but Django's interface: its version and bytes."""

from __future__ import annotations

import logging
import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import Storage
from django.db.models.fields.files import FieldFile

from django_large_image.exceptions import BusyError, LargeImageError, UnreadableError
from django_large_image.sources.filesystems import MISSING
from django_large_image.sources.sidecars import sidecar_names

logger = logging.getLogger(__name__)

_CHUNK = 1024 * 1024
_ADDRESS = re.compile(r' at 0x[0-9a-f]+')
_UNSAFE = re.compile(r'[^A-Za-z0-9._-]')
# Statuses by which a store says that there is no such file, or none for us.
_REFUSALS = {401, 403, 404, 410}


@dataclass(frozen=True)
class Original:
    """A stored file. Its methods raise `UnreadableError` for a file that is missing or refused, and
    `BusyError` where the store fails otherwise.

    `label` tells storages apart in which the same name is another file.
    """

    storage: Storage = field(compare=False, repr=False)
    name: str
    label: str

    @classmethod
    def of(cls, field_file: FieldFile) -> Original:
        """Return the file that a field holds."""
        storage: Any = field_file.storage
        kind = storage.__class__
        # What Django's decorator `deconstructible` keeps, also of those that `STORAGES` configures;
        # without it, fields may share a class whose objects are configured otherwise.
        configuration = repr(getattr(storage, '_constructor_args', None) or str(field_file.field))
        told = (
            f'{kind.__module__}.{kind.__qualname__}',
            # Some have one folder per tenant.
            str(getattr(storage, 'location', '')),
            _ADDRESS.sub('', configuration),
        )
        # It may hold credentials: only a digest of it is ever seen.
        label = blake2b('\x1f'.join(told).encode('utf-8', 'surrogatepass'), digest_size=16)
        return cls(storage, str(field_file.name), label.hexdigest())

    @property
    def basename(self) -> str:
        """The name without folders, as a stranger may see it."""
        return posixpath.basename(self.name)

    @property
    def local_name(self) -> str:
        """The name that its copy gets: harmless, and of the same suffixes."""
        return _UNSAFE.sub('_', self.basename)[-100:].lstrip('.') or 'image'

    def version(self) -> str:
        """Return the time of modification and the size, as far as the storage knows them.

        The time comes first, and where it is unknown the version begins with a dash.
        """
        with _answering(self):
            modified = _known(lambda: self.storage.get_modified_time(self.name).timestamp())
        size = self.size()
        told = ('' if modified is None else f'{modified:.6f}', '' if size is None else str(size))
        return '-'.join(told)

    def size(self) -> int | None:
        """Return the size in bytes, None where the storage does not know it."""
        with _answering(self):
            size = _known(lambda: self.storage.size(self.name))
        return size if isinstance(size, int) else None

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in one pass from the beginning; the file need not be seekable."""
        with _answering(self):
            file = self.storage.open(self.name, 'rb')
            try:
                yield from file.chunks(_CHUNK)
            finally:
                with suppress(AttributeError):
                    file.close()

    def sidecars(self) -> dict[str, Original]:
        """Return the sidecars that the storage lists, by the names that their copies get."""
        folder = posixpath.dirname(self.name)
        with _answering(self):
            try:
                listed = set(self.storage.listdir(folder)[1])
            except (NotImplementedError, AttributeError, FileNotFoundError):
                return {}
        pairs = zip(sidecar_names(self.basename), sidecar_names(self.local_name), strict=True)
        return {
            local: Original(self.storage, posixpath.join(folder, name), self.label)
            for name, local in pairs
            if name in listed
        }


def _known(ask: Any) -> Any:
    """Return what a storage answers; None where it cannot tell."""
    try:
        return ask()
    except (NotImplementedError, AttributeError):
        return None


@contextmanager
def _answering(original: Original) -> Iterator[None]:
    """Make errors of ours of what storages raise: any library's."""
    try:
        yield
    except LargeImageError:
        raise
    except (FileNotFoundError, IsADirectoryError, SuspiciousOperation, ValueError):
        raise UnreadableError(MISSING) from None
    except (NotImplementedError, AttributeError, TypeError) as error:
        logger.warning('The storage of %s cannot open it: %r', original.name, error)
        raise UnreadableError('The storage of this image cannot be read from here.') from None
    except Exception as error:  # noqa: BLE001 - each storage has errors of its own
        if isinstance(error, PermissionError) or _status(error) in _REFUSALS:
            logger.warning('The storage of %s refuses it: %r', original.name, error)
            raise UnreadableError(MISSING) from None
        logger.warning('The storage of %s failed: %r', original.name, error)
        raise BusyError from None


def _status(error: Any) -> object:
    """Return the HTTP status that a library's error carries, under the names that are usual."""
    for carrier in (error, getattr(error, 'response', None)):
        if isinstance(carrier, dict):
            return carrier.get('ResponseMetadata', {}).get('HTTPStatusCode')
        for name in ('status_code', 'code', 'status'):
            if isinstance(status := getattr(carrier, name, None), int):
                return int(status)
    return None
