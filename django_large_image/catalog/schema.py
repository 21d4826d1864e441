"""The keys of a catalogue in their order, asked of the database once in a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django_large_image.catalog import keys
from django_large_image.catalog.keys import Value
from django_large_image.catalog.models import COLUMNS, Catalog, Dataset
from django_large_image.exceptions import MissingError, ParameterError

T = TypeVar('T')

# In seconds. Another process may have changed a catalogue; this one learns of it at once.
_MAX_AGE = 2.0
# Where other keys than these are noticed at once: nothing is found by them.
_MAX_TRIED_AGE = 60.0
_MAX_KNOWN = 256


@dataclass(frozen=True, slots=True)
class SchemaKey:
    """A key, and the column with its values."""

    name: str
    kind: str
    column: str
    description: str = ''


@dataclass(frozen=True, slots=True)
class Schema:
    """What has to be known of a catalogue to find its datasets."""

    catalog: int
    slug: str
    keys: tuple[SchemaKey, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in the order of their keys."""
        return tuple(key.column for key in self.keys)

    def key(self, name: str) -> SchemaKey:
        """Return the key of a name; raises `ParameterError` for an unknown one."""
        for key in self.keys:
            if key.name == name:
                return key
        known = ', '.join(key.name for key in self.keys)
        raise ParameterError(f'{name[:63]!r} is no key of this catalogue: {known}.')

    def encode(self, values: Sequence[Value] | Mapping[str, Value]) -> dict[str, str]:
        """Return the texts of one value for each key, by their columns.

        Raises `ParameterError` where there are more or less values than keys, or one is none of its
        key's kind, or they are too long together.
        """
        if isinstance(values, Mapping):
            for name in values:
                self.key(name)
            values = [values[key.name] for key in self.keys if key.name in values]
        self.count(values)
        texts = {
            key.column: keys.encode(key.kind, value)
            for key, value in zip(self.keys, values, strict=True)
        }
        if sum(len(text.encode()) for text in texts.values()) > keys.MAX_BYTES:
            raise ParameterError('The values of the keys are too long together.')
        return texts

    def count(self, values: Sequence[object]) -> None:
        """Raise `ParameterError` unless there are as many values as keys."""
        if len(values) != len(self.keys):
            names = ', '.join(key.name for key in self.keys)
            raise ParameterError(
                f'This catalogue has {len(self.keys)} keys ({names}), not {len(values)}.'
            )

    def shown(self, dataset: Dataset | Mapping[str, str]) -> dict[str, str]:
        """Return the values of a dataset's keys as URLs and answers write them."""
        texts = dataset if isinstance(dataset, Mapping) else vars(dataset)
        return {key.name: str(keys.decode(key.kind, texts[key.column])) for key in self.keys}


_known: dict[tuple[str, str], tuple[float, Schema]] = {}


def schema_of(slug: str) -> Schema:
    """Return the schema of a catalogue; raises `MissingError` where there is none of this name."""
    return _learned(slug, _MAX_AGE)


def tried(slug: str, use: Callable[[Schema], T]) -> T:
    """Return what can be made of the schema of a catalogue as it was a while ago; where that fails,
    or comes to nothing, of what it is now. So a tile need not ask for the keys.

    Raises `MissingError` where there is no catalogue of this name, and what `use` does.
    """
    try:
        if made := use(_learned(slug, _MAX_TRIED_AGE)):
            return made
    except (MissingError, ParameterError):
        pass
    return use(_learned(slug, -1))


def _learned(slug: str, max_age: float) -> Schema:
    place = Catalog.objects.db, slug
    learned, schema = _known.get(place, (0.0, None))
    if schema is None or time.monotonic() - learned > max_age:
        schema = _asked(slug)
        if len(_known) >= _MAX_KNOWN:
            _known.clear()
        _known[place] = time.monotonic(), schema
    return schema


def forget(**kwargs: object) -> None:
    """Ask the database again."""
    _known.clear()


def _asked(slug: str) -> Schema:
    rows = list(
        Catalog.objects.filter(slug=slug)
        .order_by('keys__position')
        .values_list('pk', 'keys__position', 'keys__name', 'keys__kind', 'keys__description')
    )
    if not rows:
        raise MissingError('There is no such catalogue.')
    found = [
        SchemaKey(name, kind, COLUMNS[position], description)
        for _, position, name, kind, description in rows
        if name
    ]
    return Schema(rows[0][0], slug, tuple(found))
