"""Searches for datasets: by values, lists and ranges of keys, by place and by time.

A page of a search comes from one index, whichever other terms there are: that of the term which
leaves the fewest datasets, as far as a sample tells. All keys stand in every index, so that the
other terms are compared without reading rows. Datasets come in the order of that index: along the
searched key (or by place), then by their keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import count
from operator import or_
from typing import Any

from django.db.models import F, Func, Q, QuerySet

from django_large_image.catalog import estimates, footprints, keys, statements, stretches
from django_large_image.catalog.keys import Value
from django_large_image.catalog.models import Dataset
from django_large_image.catalog.schema import Schema, forget, schema_of
from django_large_image.catalog.stretches import Page
from django_large_image.exceptions import MissingError, ParameterError
from django_large_image.storage.statements import Slot

Bounds = tuple[float, float, float, float]

MAX_LIMIT = 10_000
MAX_VALUES = 100
# Of a list that are looked up one by one; the ORM takes its time for each.
_MAX_PARTS = 8
# Of datasets that are found together by their keys.
MAX_TOGETHER = 100
# Datasets of a term that are rather sorted than looked for along the order.
_MANY = 16_000
NONE_FOUND = 'There is no such dataset.'


@dataclass(frozen=True, slots=True)
class Between:
    """A range of values, its ends included unless they are said not to be; None is no end."""

    start: Value | None = None
    end: Value | None = None
    after: bool = False
    before: bool = False


Condition = Value | Sequence[Value] | Between


class _Unindexed(Func):
    """A column that is compared, but not looked up: SQLite has no statistics to choose by."""

    template = '%(expressions)s'
    arity = 1

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template='+%(expressions)s', **context)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: on the texts of a column, in alternatives that follow each other."""

    column: str
    parts: tuple[dict[str, Any], ...]
    exact: Q = field(default_factory=Q)
    equal: bool = False

    def where(self, name: str, parts: Iterable[dict[str, Any]] | None = None) -> Q:
        """Return the condition on a column, or on an expression of it."""
        parts = self.parts if parts is None else parts
        chosen = (Q(**{f'{name}__{how}': text for how, text in part.items()}) for part in parts)
        return reduce(or_, chosen, Q()) & self.exact

    def estimated(self, catalog: int, sample: estimates.Sample) -> float:
        """Return about how many datasets of a catalogue there are in the alternatives."""
        return sum(sample.between(catalog, self.column, *_ends(part)) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Search:
    """Datasets of a catalogue that meet all terms, in the order of a key if one is given."""

    schema: Schema
    terms: tuple[Term, ...] = ()
    order: tuple[str, ...] = ()
    ascending: bool = True

    def ordered(self, *names: str, ascending: bool = True) -> Search:
        """Return the same search in the order of keys; raises `ParameterError` for an unknown
        one.
        """
        columns = tuple(dict.fromkeys(self.schema.key(name).column for name in names))
        return replace(self, order=columns, ascending=ascending)

    def within(self, box: Term) -> Search:
        """Return the same search in a box that `box` made."""
        return replace(self, terms=(*self.terms, box))

    def select(self) -> QuerySet[Dataset]:
        """Return all datasets as a query set."""
        found = Dataset.objects.filter(catalog_id=self.schema.catalog)
        for term in self.terms:
            found = found.filter(_used(term.column), term.where(term.column))
        return found.order_by(*self._sorted(self.order))

    def total(self) -> int:
        """Return how many there are, which takes the longer the more there are."""
        return self.select().count()

    def page(self, number: int = 0, limit: int = 100) -> Page:
        """Return the statement of a page: the columns of the keys of its datasets."""
        limit = min(limit, MAX_LIMIT)
        chosen, order = self._plan()
        return stretches.page(
            self._part(chosen),
            [tuple(_flat(each)) for each in chosen.parts] if chosen else [()],
            list(dict.fromkeys((*order, *self.schema.columns))),
            self._sorted(order),
            slice(number * limit, (number + 1) * limit),
        )

    def rows(self, page: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """Return `pk` and the columns of the keys of the datasets of a page."""
        return self.page(page, limit).rows()

    def datasets(self, page: int = 0, limit: int = 100) -> list[Dataset]:
        """Return the datasets of a page."""
        (found,) = stretches.datasets([self.page(page, limit)])
        return found

    def _sorted(self, order: tuple[str, ...]) -> list[str]:
        columns = dict.fromkeys((*order, *self.schema.columns))
        return [column if self.ascending else f'-{column}' for column in columns]

    def _plan(self) -> tuple[Term | None, tuple[str, ...]]:
        """Return the term whose index is read, and the columns that order the datasets."""
        chosen, few = self._fewest()
        if not self.order:
            return chosen, (chosen.column,) if chosen else ()
        if few >= _MANY:
            # Better along the order until the page is full.
            chosen = next((term for term in self.terms if term.column == self.order[0]), None)
        return chosen, self.order

    def _fewest(self) -> tuple[Term | None, float]:
        """Return the term that leaves the fewest datasets, and about how many these are."""
        # Among equals, by place: bounds stand in that index only.
        terms = sorted(self.terms, key=lambda term: (term.column != 'cell', not term.equal))
        if len(terms) + bool(self.order) < 2:
            return (terms[0] if terms else None), 0
        if not terms:
            return None, _MANY
        sample = estimates.sample()
        found = [term.estimated(self.schema.catalog, sample) for term in terms]
        least = min(found)
        return terms[found.index(least)], least

    def _part(self, chosen: Term | None) -> QuerySet[Dataset]:
        """Return the datasets of a stretch of the index of a term, with slots for its ends, that
        meet all other terms.
        """
        found = Dataset.objects.filter(catalog_id=self.schema.catalog)
        prefix = self._prefix(chosen)
        for term in self.terms:
            if term is chosen:
                continue
            if term.column in prefix:
                found = found.filter(term.where(term.column))
            else:
                plain = f'plain_{term.column}'
                found = found.alias(**{plain: _Unindexed(F(term.column))}).filter(term.where(plain))
        if chosen is None:
            return found.filter(*map(_used, self.order[:1]))
        return found.filter(
            _used(chosen.column), chosen.where(chosen.column, [_slots(chosen.parts[0])])
        )

    def _prefix(self, chosen: Term | None) -> set[str]:
        """Return the columns with one value each that follow a column with one value in its
        index.
        """
        equal = {term.column for term in self.terms if term.equal}
        prefix: set[str] = set()
        if chosen is not None and chosen.equal:
            for column in self.schema.columns:
                if column not in equal:
                    break
                prefix.add(column)
        return prefix


def _used(column: str) -> Q:
    """Return what holds for all datasets in the partial index of a column."""
    if column == 'cell':
        return Q(cell__isnull=False)
    return Q(**{f'{column}__used': True}) if column != 'key_0' else Q()


def _ends(part: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the least and the greatest value of a part of a term; None is no end."""
    if 'range' in part:
        low, high = part['range']
        return low, high
    only = part.get('exact')
    return part.get('gte', part.get('gt', only)), part.get('lte', part.get('lt', only))


def _slots(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part of a term with slots for its values, in the order of `_flat`."""
    numbers = count()
    return {
        how: [Slot(next(numbers)) for _ in value]
        if isinstance(value, tuple | list)
        else Slot(next(numbers))
        for how, value in part.items()
    }


def _flat(part: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the values of a part of a term, those of lists one by one."""
    for value in part.values():
        yield from value if isinstance(value, tuple | list) else (value,)


def search(
    slug: str,
    conditions: Mapping[str, Condition] | None = None,
    *,
    bbox: Sequence[float | str] | None = None,
    time: Between | None = None,
) -> Search:
    """Return the search for datasets of a catalogue that meet all conditions.

    `conditions` are a value, a list of values (any of them) or a range for each name of a key.
    `bbox` is west, south, east and north in degrees; over the antimeridian, west is the greater.
    `time` is a range of the first key of dates.
    Raises `MissingError` for an unknown catalogue, `ParameterError` for anything else.
    """
    schema = schema_of(slug)
    terms = [_term(schema, name, condition) for name, condition in (conditions or {}).items()]
    if time is not None:
        dates = [key.name for key in schema.keys if key.kind == 'date']
        if not dates:
            raise ParameterError('This catalogue has no key of dates.')
        terms.append(_term(schema, dates[0], time))
    if bbox is not None:
        terms.append(_place(schema, bbox))
    return Search(schema, tuple(terms))


def box(slug: str, bbox: Sequence[float | str]) -> Term:
    """Return a box for several searches in a catalogue: to make it takes queries of its own."""
    return _place(schema_of(slug), bbox)


def find(slug: str, values: Sequence[Value | Sequence[Value]]) -> list[Dataset]:
    """Return the datasets of a value for each key, in one query.

    One of the keys may have a list of values: the datasets come in its order, repeated where it
    repeats itself.
    Raises `MissingError` where there is no such catalogue or one of the datasets is not there,
    `ParameterError` for values that cannot be.
    """
    try:
        return _find(schema_of(slug), values)
    except (MissingError, ParameterError):
        # Its keys may have been changed a moment ago, by another process.
        forget()
        return _find(schema_of(slug), values)


def find_together(slug: str, several: Sequence[Sequence[Value]]) -> list[Dataset]:
    """Return the datasets of several lists of values, in their order and in one query; raises what
    `find` does, `ParameterError` for too many of them too.
    """
    if len(several) > MAX_TOGETHER:
        raise ParameterError(f'No more than {MAX_TOGETHER} datasets at once.')
    schema = schema_of(slug)
    return _together(schema, [schema.encode(values) for values in several])


def _find(schema: Schema, values: Sequence[Value | Sequence[Value]]) -> list[Dataset]:
    schema.count(values)
    lists = [index for index, value in enumerate(values) if isinstance(value, list | tuple)]
    if not lists:
        return _together(schema, [schema.encode(values)])  # type: ignore[arg-type]
    if len(lists) > 1:
        raise ParameterError('Only one key may have several values.')
    index, single = lists[0], list(values)
    wanted = []
    for value in values[index]:  # type: ignore[union-attr]
        single[index] = value
        wanted.append(schema.encode(single))  # type: ignore[arg-type]
    return _together(schema, wanted)


def _together(schema: Schema, wanted: list[dict[str, str]]) -> list[Dataset]:
    if not wanted:
        return []
    columns = schema.columns
    distinct = {column: {texts[column] for texts in wanted} for column in columns}
    several = [column for column in columns if len(distinct[column]) > 1]
    found: Iterable[Dataset]
    if len(several) <= 1:
        found = statements.find(schema.catalog, columns, [sorted(distinct[c]) for c in columns])
    else:
        one_of = reduce(or_, (Q(**texts) for texts in wanted))
        found = Dataset.objects.filter(one_of, catalog_id=schema.catalog)
    known = {tuple(getattr(dataset, column) for column in columns): dataset for dataset in found}
    try:
        return [known[tuple(texts[column] for column in columns)] for texts in wanted]
    except KeyError:
        raise MissingError(NONE_FOUND) from None


def _term(schema: Schema, name: str, condition: Condition) -> Term:
    key = schema.key(name)
    if isinstance(condition, Between):
        return Term(key.column, (_between(key.kind, condition),))
    if isinstance(condition, list | tuple | set | frozenset):
        if not 0 < len(condition) <= MAX_VALUES:
            raise ParameterError(f'A list has 1 to {MAX_VALUES} values.')
        texts = sorted({keys.encode(key.kind, value) for value in condition})
        if len(texts) > _MAX_PARTS:
            between = {'gte': texts[0], 'lte': texts[-1]}
            return Term(key.column, ({'in': texts, **between},))
        if len(texts) > 1:
            return Term(key.column, tuple({'exact': text} for text in texts))
        return Term(key.column, ({'exact': texts[0]},), equal=True)
    text = keys.encode(key.kind, condition)  # type: ignore[arg-type]
    return Term(key.column, ({'exact': text},), equal=True)


def _between(kind: str, between: Between) -> dict[str, str]:
    part = {}
    if between.start is not None:
        start = keys.encode(kind, between.start)
        part['gt' if between.after else 'gte'] = keys.last(kind, start) if between.after else start
    if between.end is not None:
        end = keys.encode(kind, between.end)
        part['lt' if between.before else 'lte'] = end if between.before else keys.last(kind, end)
    return part or {'gt': ''}


def _place(schema: Schema, bbox: Sequence[float | str]) -> Term:
    west, south, east, north = _checked(bbox)
    exact = Q()
    for turn in footprints.TURNS:
        # No dataset lies beyond.
        if east + turn >= -180 and west + turn <= 540:
            exact |= Q(west__lte=east + turn, east__gte=west + turn)
    exact &= Q(south__lte=north, north__gte=south)
    parts = [
        {'range': span}
        for level in _levels(schema)
        for span in footprints.ranges(level, west, south, east, north)
    ]
    return Term('cell', tuple(parts) or ({'range': (-1, -1)},), exact)


def _checked(bbox: Sequence[float | str]) -> Bounds:
    try:
        west, south, east, north = map(float, bbox)
    except (TypeError, ValueError):
        raise ParameterError('A bounding box is four numbers: west,south,east,north.') from None
    if not (-360 <= west <= 360 and -360 <= east <= 540 and -90 <= south <= north <= 90):
        raise ParameterError('A bounding box is west,south,east,north in degrees.')
    if west > east:
        east += 360
    if west > east or east - west > 360:
        raise ParameterError('A bounding box is not wider than the earth.')
    return west, south, east, north


def _levels(schema: Schema) -> list[int]:
    """Return the levels of cells that there are: few, as the rasters of a catalogue are alike."""
    found: list[int] = []
    start = 0
    while True:
        cell = (
            Dataset.objects.filter(catalog_id=schema.catalog, cell__gte=start)
            .order_by('cell')
            .values_list('cell', flat=True)
            .first()
        )
        if cell is None:
            return found
        found.append(footprints.level_of(cell))
        start = footprints.first_of(found[-1] + 1)
