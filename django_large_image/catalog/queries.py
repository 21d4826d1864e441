"""Searches for datasets: by values, lists and ranges of keys, by place and by time.

A page of a search comes from one index, whichever other terms there are: that of the term which
leaves the fewest datasets, as far as a sample tells. All keys stand in every index, so that the
other terms are compared without reading rows. Datasets come in the order of that index: along the
searched key (or by place), then by their keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, Func, Q, QuerySet

from django_large_image.catalog import boxes, estimates, statements, stretches
from django_large_image.catalog.keys import Value
from django_large_image.catalog.models import Dataset
from django_large_image.catalog.schema import Schema, forget, schema_of
from django_large_image.catalog.stretches import Page
from django_large_image.catalog.terms import Between, Condition, Term, flat, slots, used
from django_large_image.exceptions import MissingError, ParameterError

MAX_LIMIT = 10_000
# Of datasets that are found together by their keys.
MAX_TOGETHER = 100
# Datasets of a term that are rather sorted than looked for along the order.
_MANY = 16_000
NONE_FOUND = 'There is no such dataset.'


class _Unindexed(Func):
    """A column that is compared, but not looked up: SQLite has no statistics to choose by."""

    template = '%(expressions)s'
    arity = 1

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template='+%(expressions)s', **context)


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
        """Return the same search in a box."""
        return replace(self, terms=(*self.terms, box))

    def select(self) -> QuerySet[Dataset]:
        """Return all datasets as a query set."""
        found = Dataset.objects.filter(catalog_id=self.schema.catalog)
        for term in self.terms:
            found = found.filter(used(term.column), term.where(term.column))
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
            [tuple(flat(each)) for each in chosen.parts] if chosen else [()],
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
            return found.filter(*map(used, self.order[:1]))
        return found.filter(
            used(chosen.column), chosen.where(chosen.column, [slots(chosen.parts[0])])
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
    terms = [Term.of(schema, name, condition) for name, condition in (conditions or {}).items()]
    if time is not None:
        dates = [key.name for key in schema.keys if key.kind == 'date']
        if not dates:
            raise ParameterError('This catalogue has no key of dates.')
        terms.append(Term.of(schema, dates[0], time))
    if bbox is not None:
        terms.append(boxes.term(bbox, boxes.ask_levels(schema)))
    return Search(schema, tuple(terms))


def find_within(
    slug: str, bbox: Sequence[float | str], pages: Callable[[Term], Sequence[Page]]
) -> list[list[Dataset]]:
    """Return the datasets of pages of searches in a box, by one statement.

    `pages` makes them of the term of the box. That is made for the levels of cells which are known;
    the same statement tells whether there are others, and is made again then.
    """
    schema = schema_of(slug)
    levels = boxes.levels(schema)
    while True:
        found = stretches.datasets(
            [
                *pages(boxes.term(bbox, levels)),
                Search(schema, (boxes.others(levels),)).page(0, 1),
            ]
        )
        if not found.pop():
            return found
        levels = boxes.ask_levels(schema)


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
