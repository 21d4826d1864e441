"""The terms of a search: conditions on the columns of datasets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import count
from operator import or_
from typing import Any

from django.db.models import Q

from django_large_image.catalog import estimates, keys
from django_large_image.catalog.keys import Value
from django_large_image.catalog.schema import Schema
from django_large_image.exceptions import ParameterError
from django_large_image.storage.statements import Slot

MAX_VALUES = 100
# Of a list that are looked up one by one; the ORM takes its time for each.
_MAX_PARTS = 8


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
    """One condition: on the texts of a column, in alternatives that follow each other."""

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
            if len(texts) > _MAX_PARTS:
                between = {'gte': texts[0], 'lte': texts[-1]}
                return cls(key.column, ({'in': texts, **between},))
            if len(texts) > 1:
                return cls(key.column, tuple({'exact': text} for text in texts))
            return cls(key.column, ({'exact': texts[0]},), equal=True)
        text = keys.encode(key.kind, condition)  # type: ignore[arg-type]
        return cls(key.column, ({'exact': text},), equal=True)

    def where(self, name: str, parts: Iterable[dict[str, Any]] | None = None) -> Q:
        """Return the condition on a column, or on an expression of it."""
        parts = self.parts if parts is None else parts
        chosen = (Q(**{f'{name}__{how}': text for how, text in part.items()}) for part in parts)
        return reduce(or_, chosen, Q()) & self.exact

    def estimated(self, catalog: int, sample: estimates.Sample) -> float:
        """Return about how many datasets of a catalogue there are in the alternatives."""
        return sum(sample.between(catalog, self.column, *_ends(part)) for part in self.parts)


def used(column: str) -> Q:
    """Return what holds for all datasets in the partial index of a column."""
    if column == 'cell':
        return Q(cell__isnull=False)
    return Q(**{f'{column}__used': True}) if column != 'key_0' else Q()


def slots(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part of a term with slots for its values, in the order of `flat`."""
    numbers = count()
    return {
        how: [Slot(next(numbers)) for _ in value]
        if isinstance(value, tuple | list)
        else Slot(next(numbers))
        for how, value in part.items()
    }


def flat(part: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the values of a part of a term, those of lists one by one."""
    for value in part.values():
        yield from value if isinstance(value, tuple | list) else (value,)


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
