"""Files with a checksum: computed while they are stored, and the version of their image."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.db.models import CharField, FileField, Model, signals
from django.db.models.fields.files import FieldFile, FileDescriptor
from django.utils.translation import gettext_lazy as _

_CHUNK = 1024 * 1024
MISMATCH = _('The checksum of this file is %(found)s, not %(declared)s as declared.')

if TYPE_CHECKING:
    Base = FileField
    Wrapped = File[bytes]
else:
    Base, Wrapped = object, File


class HashingFile(Wrapped):
    """A file whose checksum is known when it has been read, in any manner, from the beginning to
    the end.
    """

    file: Any

    def __init__(self, content: Any, algorithm: str) -> None:
        super().__init__(content, getattr(content, 'name', None))
        self._hash = hashlib.new(algorithm)
        self._position = self._hashed = 0
        self._ended = False

    def __getattr__(self, name: str) -> Any:
        if name in ('temporary_file_path', 'file'):
            # A storage would move the file without reading it.
            raise AttributeError(name)
        return getattr(self.file, name)

    def checksum(self) -> str:
        """Return the hexadecimal digest; empty where part of the file was not read."""
        size = None
        with suppress(AttributeError, OSError, ValueError):
            size = self.file.size
        return self._hash.hexdigest() if self._ended or self._hashed == size else ''

    def read(self, size: int = -1) -> bytes:
        """Read as the file does."""
        data: bytes = self.file.read(size)
        self._feed(data)
        if not data and size != 0:
            self._ended = self._position == self._hashed
        return data

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Seek as the file does; what is read again is not hashed again."""
        self.file.seek(offset, whence)
        self._position = int(self.file.tell())
        return self._position

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Yield the whole file, as its own `chunks()` does."""
        self._position = 0
        for chunk in _chunks(self.file, chunk_size):
            self._feed(chunk)
            yield chunk
        self._ended = self._position == self._hashed

    def __iter__(self) -> Iterator[bytes]:
        for line in self.file:
            self._feed(line)
            yield line

    def _feed(self, data: Any) -> None:
        data = _bytes(data)
        # Nothing is left out: what a storage skips would make another checksum.
        if self._position <= self._hashed < self._position + len(data):
            self._hash.update(data[self._hashed - self._position :])
            self._hashed = self._position + len(data)
        self._position += len(data)


def checksum_of(content: Any, algorithm: str = 'sha256') -> str:
    """Return the hexadecimal digest of a file, read in one pass; seekable files are rewound."""
    digest = hashlib.new(algorithm)
    for chunk in _chunks(content):
        digest.update(_bytes(chunk))
    with suppress(AttributeError, OSError):
        content.seek(0)
    return digest.hexdigest()


def validate_checksum(content: Any, declared: str, algorithm: str = 'sha256') -> None:
    """Raise Django's `ValidationError` where a file has not the declared checksum; for forms and
    serializers.
    """
    _compare(checksum_of(content, algorithm), declared)


def _compare(found: str, declared: str) -> None:
    if not hmac.compare_digest(found, declared.strip().lower().encode('ascii', 'replace').decode()):
        values = {'found': found, 'declared': declared}
        raise ValidationError(MISMATCH, code='checksum', params=values)


def _bytes(data: Any) -> bytes:
    # Django stores text as well.
    return data.encode() if isinstance(data, str) else data


def _chunks(content: Any, size: int | None = None) -> Iterable[bytes]:
    if hasattr(content, 'chunks'):
        return content.chunks(size or _CHUNK)  # type: ignore[no-any-return]
    with suppress(AttributeError, OSError):
        content.seek(0)
    return iter(lambda: content.read(size or _CHUNK), b'')


class ChecksumFieldFile(FieldFile):
    """A stored file that knows its checksum."""

    field: ChecksumFieldMixin
    _committed: bool

    @property
    def algorithm(self) -> str:
        """The name of the checksum's algorithm, as `hashlib` knows it."""
        return self.field.algorithm

    @property
    def checksum(self) -> str:
        """The hexadecimal digest that was stored with the file; empty where there is none."""
        return getattr(self.instance, self.field.checksum_field, None) or '' if self else ''

    @checksum.setter
    def checksum(self, value: str) -> None:
        setattr(self.instance, self.field.checksum_field, value)
        self.field.know(self.instance, value)

    @property
    def version(self) -> str:
        """What tells the bytes of the file from all others, wherever they lie; empty where there is
        no checksum.
        """
        return f'{self.algorithm}:{self.checksum}' if self.checksum else ''

    @property
    def declared(self) -> str:
        """The checksum that was given for a file that is not stored yet."""
        return self.field.declared(self.instance)

    def save(self, name: str, content: Any, save: bool = True) -> None:
        """Store a file and its checksum, both in one pass.

        Raises `ValidationError` for a file that has not the checksum declared; it is not kept.
        """
        declared = self.declared
        # It moves a file that has a place on disk.
        moved = hasattr(content, 'temporary_file_path') and isinstance(
            self.storage, FileSystemStorage
        )
        hashing = content if moved else HashingFile(content, self.algorithm)
        found = checksum_of(content, self.algorithm) if moved else ''
        if found and declared:
            _compare(found, declared)
        super().save(name, hashing, save=False)
        found = found or hashing.checksum() or self.compute()
        if declared:
            try:
                _compare(found, declared)
            except ValidationError:
                self.delete(save=False)
                raise
        self.checksum = found
        if save:
            self.instance.save()

    save.alters_data = True  # type: ignore[attr-defined]

    def delete(self, save: bool = True) -> None:
        """Remove the file; it has no checksum then."""
        if self:
            self.checksum = ''
        super().delete(save)

    delete.alters_data = True  # type: ignore[attr-defined]

    def compute(self) -> str:
        """Return the checksum of the bytes that are stored now."""
        file = self.storage.open(str(self.name), 'rb')
        try:
            return checksum_of(file, self.algorithm)
        finally:
            file.close()

    def verify(self) -> bool:
        """Whether the bytes that are stored now have the checksum that was stored with them."""
        return hmac.compare_digest(self.compute(), self.checksum.lower())


class ChecksumDescriptor(FileDescriptor):
    """The attribute of the model: another file does not have the checksum of the former."""

    field: ChecksumFieldMixin

    def __set__(self, instance: Model, value: Any) -> None:
        former = instance.__dict__.get(self.field.attname)
        super().__set__(instance, value)
        if former is None:
            # The model is being made.
            return
        if isinstance(value, ChecksumFieldFile) and value.instance is not instance:
            other = value.instance.__dict__
            if value._committed and self.field.checksum_field in other:
                ChecksumFieldFile.checksum.fset(  # type: ignore[attr-defined]
                    getattr(instance, self.field.attname), other[self.field.checksum_field]
                )
        elif isinstance(value, File) or str(value or '') != str(former or ''):
            self.field.outdate(instance, value)


class ChecksumFieldMixin(Base):
    """Gives a file field a checksum, which it keeps in the field `checksum_field` of the same
    model: a `CharField`, defined after it.

    A checksum that is set along with a new file is declared: a file that does not have it is
    refused.
    """

    attr_class: Any = ChecksumFieldFile
    descriptor_class: Any = ChecksumDescriptor

    def __init__(
        self, *args: Any, checksum_field: str = '', algorithm: str = 'sha256', **kwargs: Any
    ) -> None:
        self.checksum_field, self.algorithm = checksum_field, algorithm
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Return what migrations need."""
        name, path, args, kwargs = super().deconstruct()
        kwargs['checksum_field'] = self.checksum_field
        if self.algorithm != 'sha256':
            kwargs['algorithm'] = self.algorithm
        return name, path.replace(__name__, 'django_large_image.fields'), args, kwargs

    def contribute_to_class(self, cls: type[Model], name: str, *args: Any, **kwargs: Any) -> None:
        """Follow the instances of the model."""
        super().contribute_to_class(cls, name, *args, **kwargs)
        if not cls._meta.abstract:
            signals.post_init.connect(self._made, sender=cls)
            signals.post_save.connect(self._saved, sender=cls)

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """Find a `checksum_field` that cannot hold the checksum, and an unknown algorithm."""
        return [*super().check(**kwargs), *self._check_checksum()]

    def validate(self, value: Any, model_instance: Any) -> None:
        """Raise `ValidationError` for a new file that has not the checksum declared for it."""
        super().validate(value, model_instance)
        declared = self.declared(model_instance)
        if not declared or not value or value._committed:
            return
        # What can be read but once is compared while it is stored.
        seekable = getattr(value.file, 'seekable', None)
        if seekable is not None and seekable():
            validate_checksum(value.file, declared, self.algorithm)

    def declared(self, instance: Any) -> str:
        """Return the checksum that was set for a file that is not stored yet, else nothing."""
        value, known = (
            instance.__dict__.get(self.checksum_field),
            instance.__dict__.get(self._known),
        )
        # One that was not loaded with the object is not declared by whoever loads it now.
        return '' if known is None or value == known else str(value or '')

    def know(self, instance: Any, value: str | None) -> None:
        """Remember that a checksum is that of the stored file, and not a declared one."""
        instance.__dict__[self._known] = value

    def outdate(self, instance: Any, value: Any) -> None:
        """Drop the checksum of the former file; one that was declared for the new file stays."""
        if not self.declared(instance):
            setattr(instance, self.checksum_field, '')

    @property
    def _known(self) -> str:
        return f'_{self.attname}_checksum'

    def _made(self, instance: Any, **kwargs: Any) -> None:
        # A file that is given to the model's class is new; a name is that of a stored one.
        name = instance.__dict__.get(self.attname)
        stored = bool(name) and not isinstance(name, File)
        self.know(instance, instance.__dict__.get(self.checksum_field) if stored else '')

    def _saved(
        self, sender: Any, instance: Any, using: str, update_fields: Any, **kwargs: Any
    ) -> None:
        value = instance.__dict__.get(self.checksum_field)
        if value is None:
            return
        # `save(update_fields=['file'])` stores the checksum as well.
        named = set(update_fields or ())
        if self.name in named and self.checksum_field not in named:
            rows = sender._base_manager.using(using).filter(pk=instance.pk)
            rows.update(**{self.checksum_field: value})
        self.know(instance, value)

    def _check_checksum(self) -> Iterator[CheckMessage]:
        try:
            length = hashlib.new(self.algorithm).digest_size * 2
        except ValueError:
            length = 0
        if not length:
            # Unknown, or of no length of its own.
            yield Error(
                f'There is no checksum {self.algorithm!r}.',
                hint=f'Use one of: {", ".join(sorted(hashlib.algorithms_guaranteed))}.',
                obj=self,
                id='large_image.E030',
            )
            return
        try:
            companion = self.model._meta.get_field(self.checksum_field)
        except FieldDoesNotExist:
            companion = None
        hint = f'Define it after {self.name}, as a CharField(max_length={length}, blank=True).'
        if not isinstance(companion, CharField) or (companion.max_length or length) < length:
            yield Error(
                f'checksum_field is {self.checksum_field!r}, which cannot hold a checksum.',
                hint=hint,
                obj=self,
                id='large_image.E031',
            )
            return
        order = [field.name for field in self.model._meta.concrete_fields]
        if order.index(companion.name) < order.index(self.name):
            yield Error(
                f'{self.checksum_field} is stored before the file that it is the checksum of.',
                hint=hint,
                obj=self,
                id='large_image.E032',
            )


class ChecksumFileField(ChecksumFieldMixin, FileField):
    """A file field that keeps the checksum of its file."""
