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
from math import prod
from operator import or_
from typing import Any

from django.db.models import (
    BigIntegerField,
    BooleanField,
    ExpressionWrapper,
    F,
    Func,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)

from django_large_image.catalog import boxes, estimates, statements, stretches
from django_large_image.catalog.keys import Value
from django_large_image.catalog.models import Dataset
from django_large_image.catalog.schema import Schema, schema_of, tried
from django_large_image.catalog.stretches import Page
from django_large_image.catalog.terms import Between, Condition, Term, used
from django_large_image.exceptions import MissingError, ParameterError

MAX_LIMIT = 10_000
# Of datasets that are found together by their keys.
MAX_TOGETHER = 100
# Datasets of a term that are rather sorted than looked for along the order.
_MANY = 16_000
# The share of all datasets whose rows are rather read than the index of places of all.
_RARE = 0.005
NONE_FOUND = 'There is no such dataset.'


class _Unindexed(Func):
    """A column that is compared, but not looked up: SQLite has no statistics to choose by, and
    PostgreSQL would make a bitmap of each range of cells.
    """

    template = '%(expressions)s'
    arity = 1

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template='+%(expressions)s', **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        if isinstance(self.output_field, BigIntegerField):
            context['template'] = '(%(expressions)s + 0)'
        return self.as_sql(compiler, connection, **context)


def _of_row(exact: Q) -> Subquery:
    """Return a condition that is looked up in the row of a dataset, after all others: PostgreSQL
    reads no row, then, which the others rule out.
    """
    row = Dataset.objects.filter(pk=OuterRef('pk'))
    return Subquery(row.values_list(ExpressionWrapper(exact, BooleanField())))


@dataclass(frozen=True, slots=True)
class Search:
    """Datasets of a catalogue that meet all terms, in the order of a key if one is given."""

    schema: Schema
    terms: tuple[Term, ...] = ()
    order: tuple[str, ...] = ()
    ascending: bool = True

    @classmethod
    def of(cls, schema: Schema, conditions: Mapping[str, Condition]) -> Search:
        """Return the search for datasets that meet conditions on keys of these names; raises
        `ParameterError` for those that cannot be.
        """
        return cls(schema, tuple(Term.of(schema, name, each) for name, each in conditions.items()))

    def ordered(self, *names: str, ascending: bool = True) -> Search:
        """Return the same search in the order of keys; raises `ParameterError` for an unknown
        one.
        """
        columns = tuple(dict.fromkeys(self.schema.key(name).column for name in names))
        return replace(self, order=columns, ascending=ascending)

    def narrowed(self, *terms: Term) -> Search:
        """Return the search for those that meet more terms."""
        return replace(self, terms=(*self.terms, *terms))

    def select(self) -> QuerySet[Dataset]:
        """Return all datasets as a query set."""
        found = Dataset.objects.filter(catalog_id=self.schema.catalog)
        for term in self.terms:
            found = found.filter(term.lookup())
        return found.order_by(*self._sorted(self.order))

    def total(self) -> int:
        """Return how many there are, which takes the longer the more there are."""
        return self.select().count()

    def bounds(self) -> tuple[float, float, float, float] | None:
        """Return west, south, east and north round all of them, which takes the longer the more
        datasets the catalogue has; None where no place is known.
        """
        chosen, share = self._fewest()
        found = self._others(chosen if share < _RARE else None)
        if chosen is not None and share < _RARE:
            found = found.filter(chosen.lookup())
        else:
            found = found.filter(used('cell'))
        ends = found.aggregate(Min('west'), Min('south'), Max('east'), Max('north'))
        west, south, east, north = ends.values()
        return None if west is None else (west, south, east, north)

    def page(self, number: int = 0, limit: int = 100) -> Page:
        """Return the statement of a page: the columns of the keys of its datasets."""
        limit = min(limit, MAX_LIMIT)
        place = slice(number * limit, (number + 1) * limit)
        chosen, order = self._plan(place.stop)
        found = self._others(chosen)
        return stretches.page(
            found if chosen else found.filter(*map(used, order[:1])),
            chosen,
            list(dict.fromkeys((*order, *self.schema.columns))),
            self._sorted(order),
            place,
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

    def _plan(self, stop: int) -> tuple[Term | None, tuple[str, ...]]:
        """Return the term whose index is read for the first datasets up to `stop`, and the columns
        that order them.
        """
        if len(self.terms) + bool(self.order) < 2:
            columns = tuple(term.column for term in self.terms)
            return next(iter(self.terms), None), self.order or columns
        chosen, share = self._fewest()
        if not self.order:
            return chosen, (chosen.column,) if chosen else ()
        sample, catalog = estimates.sample(), self.schema.catalog
        read = share * sample.between(catalog)
        along = [term for term in self.terms if term.column == self.order[0]]
        others = [term for term in self.terms if term not in along]
        dense = prod(term.share(catalog, sample) for term in others)
        if read >= _MANY and stop / dense < read:
            # Better along the order until the page is full.
            chosen = next(iter(along), None)
        return chosen, self.order

    def _fewest(self) -> tuple[Term | None, float]:
        """Return the term whose index leaves the fewest datasets, and about which share of all."""
        if not self.terms:
            return None, 1.0
        sample, catalog = estimates.sample(), self.schema.catalog
        # Among equals, by place: bounds stand in that index only.
        terms = sorted(self.terms, key=lambda term: (term.column != 'cell', not term.equal))
        shares = [
            prod(each.share(catalog, sample) for each in (term, *self._beside(term)))
            for term in terms
        ]
        least = min(shares)
        return terms[shares.index(least)], least

    def _others(self, chosen: Term | None) -> QuerySet[Dataset]:
        """Return the datasets that meet all terms but the one whose index is read."""
        found = Dataset.objects.filter(catalog_id=self.schema.catalog)
        beside = self._beside(chosen)
        for term in self.terms:
            if term is chosen:
                continue
            if term in beside:
                found = found.filter(term.where(term.column))
            else:
                plain = f'plain_{term.column}'
                found = found.alias(**{plain: _Unindexed(F(term.column))}).filter(term.where(plain))
            if term.exact:
                found = found.filter(_of_row(term.exact))
        return found

    def _beside(self, chosen: Term | None) -> list[Term]:
        """Return the terms by which the index of a term is searched, too: those of the columns that
        follow in it, up to one which has not only one value.
        """
        beside: list[Term] = []
        if chosen is None or not chosen.equal:
            return beside
        for column in self.schema.columns:
            if column != chosen.column:
                here = [term for term in self.terms if term.column == column]
                beside += here
                if not any(term.equal for term in here):
                    break
        return beside


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
    found = Search.of(schema, conditions or {})
    if time is not None:
        dates = [key.name for key in schema.keys if key.kind == 'date']
        if not dates:
            raise ParameterError('This catalogue has no key of dates.')
        found = found.narrowed(Term.of(schema, dates[0], time))
    if bbox is not None:
        found = found.narrowed(boxes.term(bbox, boxes.ask_levels(schema)))
    return found


def find_within(
    schema: Schema, bbox: Sequence[float | str], pages: Callable[[Term], Sequence[Page]]
) -> list[list[Dataset]]:
    """Return the datasets of pages of searches in a box, by one statement.

    `pages` makes them of the term of the box. That is made for the levels of cells which are known;
    the same statement tells whether there are others, and is made again then.
    """
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
    return tried(slug, lambda schema: _find(schema, values))


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
