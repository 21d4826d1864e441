"""The terms of a search: conditions on the columns of datasets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from django_large_image.catalog import estimates, keys
from django_large_image.catalog.keys import Value
from django_large_image.catalog.schema import Schema
from django_large_image.exceptions import ParameterError

MAX_VALUES = 100


@dataclass(frozen=True, slots=True)
class Between:
    """A range of values, its ends included unless they are said not to be; None is no end."""

    start: Value | None = None
    end: Value | None = None
    after: bool = False
    before: bool = False


Condition = Value | Sequence[Value] | Between


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: on the values of a column, in alternatives that follow each other.

    `exact` is what else has to hold, of columns that stand in the index of this one only. `equal`
    is whether there is only one value.
    """

    column: str
    parts: tuple[dict[str, Any], ...]
    exact: Q = field(default_factory=Q)
    equal: bool = False

    @classmethod
    def of(cls, schema: Schema, name: str, condition: Condition) -> Term:
        """Return the term of a condition on the key of a name; raises `ParameterError`."""
        key = schema.key(name)
        if isinstance(condition, Between):
            return cls(key.column, (_between(key.kind, condition),))
        if isinstance(condition, list | tuple | set | frozenset):
            if not 0 < len(condition) <= MAX_VALUES:
                raise ParameterError(f'A list has 1 to {MAX_VALUES} values.')
            texts = sorted({keys.encode(key.kind, value) for value in condition})
            if len(texts) > 1:
                return cls(key.column, ({'in': texts},))
            return cls(key.column, ({'exact': texts[0]},), equal=True)
        text = keys.encode(key.kind, condition)  # type: ignore[arg-type]
        return cls(key.column, ({'exact': text},), equal=True)

    @property
    def stretches(self) -> tuple[dict[str, Any], ...]:
        """The parts, and in place of a list its values one by one: each is one stretch of the
        index of the column.
        """
        if 'in' in self.parts[0]:
            return tuple({'exact': text} for text in self.parts[0]['in'])
        return self.parts

    def where(self, name: str, parts: Iterable[dict[str, Any]] | None = None) -> Q:
        """Return the condition on a column, or on an expression of it, but for what is `exact`."""
        parts = self.parts if parts is None else parts
        chosen = (Q(**{f'{name}__{how}': text for how, text in part.items()}) for part in parts)
        return reduce(or_, chosen, Q())

    def lookup(self, parts: Iterable[dict[str, Any]] | None = None) -> Q:
        """Return all that has to hold for the index of the column to be read."""
        return used(self.column) & self.where(self.column, parts) & self.exact

    def share(self, catalog: int, sample: estimates.Sample) -> float:
        """Return about which share of the datasets of a catalogue is in the alternatives; not 0, as
        none in a sample may be some.
        """
        found = (sample.between(catalog, self.column, *_ends(part)) for part in self.stretches)
        least = sample.weight / 2
        return max(sum(found), least) / max(sample.between(catalog), 2 * least)


def used(column: str) -> Q:
    """Return what holds for all datasets in the partial index of a column."""
    if column == 'cell':
        return Q(cell__isnull=False)
    return Q(**{f'{column}__used': True}) if column != 'key_0' else Q()


def _between(kind: str, between: Between) -> dict[str, str]:
    part = {}
    if between.start is not None:
        start = keys.encode(kind, between.start)
        part['gt' if between.after else 'gte'] = keys.last(kind, start) if between.after else start
    if between.end is not None:
        end = keys.encode(kind, between.end)
        part['lt' if between.before else 'lte'] = end if between.before else keys.last(kind, end)
    return part or {'gt': ''}


def _ends(part: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the least and the greatest value of a part of a term; None is no end."""
    if 'range' in part:
        low, high = part['range']
        return low, high
    only = part.get('exact')
    return part.get('gte', part.get('gt', only)), part.get('lte', part.get('lt', only))
