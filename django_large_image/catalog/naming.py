"""Names of files in, keys out, where nobody says which: what changes from name to name is a key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from django_large_image.catalog import keys
from django_large_image.exceptions import ParameterError

SUFFIXES = frozenset(('.tif', '.tiff', '.vrt', '.jp2', '.img', '.nc'))
_PART = re.compile(r'[^_/]+')
_NAMES = {'text': 'part', 'number': 'number', 'date': 'date'}


@dataclass(frozen=True)
class Naming:
    """The keys of files, as `name:kind`, and the values of each file in their order."""

    keys: tuple[str, ...]
    values: dict[str, tuple[str, ...]]


def name(paths: Iterable[str]) -> Naming:
    """Return the keys that tell files apart by their relative paths.

    Names whose parts, between underscores and slashes, are as many as each other's have a key for
    each part that changes; others, and those of too many parts, have one key: the whole path.
    """
    parts = {path: _PART.findall(str(PurePath(path).with_suffix(''))) for path in paths}
    if not parts:
        return Naming(('name:text',), {})
    columns = list(zip(*parts.values(), strict=False))
    regular = len({len(found) for found in parts.values()}) == 1
    changing = [index for index, column in enumerate(columns) if len(set(column)) > 1]
    values = {path: tuple(found[index] for index in changing) for path, found in parts.items()}
    if not regular or not 0 < len(changing) < keys.MAX_KEYS or len({*values.values()}) < len(parts):
        return Naming(('name:text',), {path: (path,) for path in parts})
    return Naming(tuple(_described(columns[index] for index in changing)), values)


def _described(columns: Iterable[Sequence[str]]) -> list[str]:
    """Return a name and a kind for each column; a name that is needed again has a number."""
    found: list[str] = []
    for column in columns:
        kind = next((kind for kind in ('date', 'number') if _fits(kind, column)), 'text')
        same = sum(key.endswith(f':{kind}') for key in found)
        found.append(f'{_NAMES[kind]}{same + 1 if same else ""}:{kind}')
    return found


def _fits(kind: str, column: Iterable[str]) -> bool:
    """Whether all of a column are values of a kind, and different ones stay different."""
    distinct = set(column)
    try:
        return len({keys.encode(kind, value) for value in distinct}) == len(distinct)
    except ParameterError:
        return False
