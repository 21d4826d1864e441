"""Bounding boxes as terms of a search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Q

from django_large_image.catalog import footprints
from django_large_image.catalog.models import Dataset
from django_large_image.catalog.schema import Schema
from django_large_image.catalog.terms import Term
from django_large_image.exceptions import ParameterError

Bounds = tuple[float, float, float, float]

_NOWHERE = {'range': (-1, -1)}
_MAX_KNOWN = 256
_known: dict[tuple[str, int], tuple[int, ...]] = {}


def term(bbox: Sequence[float | str], levels: Iterable[int]) -> Term:
    """Return the term of the datasets in a box whose cells have one of the levels.

    The box is west, south, east and north in degrees; over the antimeridian, west is the greater.
    Raises `ParameterError` for one that cannot be.
    """
    west, south, east, north = _checked(bbox)
    exact = Q()
    for turn in footprints.TURNS:
        # No dataset lies beyond.
        if east + turn >= -180 and west + turn <= 540:
            exact |= Q(west__lte=east + turn, east__gte=west + turn)
    exact &= Q(south__lte=north, north__gte=south)
    parts = [
        {'range': span}
        for level in levels
        for span in footprints.ranges(level, west, south, east, north)
    ]
    return Term('cell', tuple(parts) or (_NOWHERE,), exact)


def others(levels: Sequence[int]) -> Term:
    """Return the term of all datasets whose cells have none of the levels, which are in order."""
    starts = [0, *(footprints.first_of(level + 1) for level in levels)]
    ends = [*map(footprints.first_of, levels), footprints.first_of(footprints.MAX_LEVEL + 1)]
    spans = [(start, end - 1) for start, end in zip(starts, ends, strict=True) if start < end]
    return Term('cell', tuple({'range': span} for span in spans) or (_NOWHERE,))


def levels(schema: Schema) -> tuple[int, ...]:
    """Return the levels of cells that there were when somebody asked, in order."""
    known = _known.get(_place(schema))
    return ask_levels(schema) if known is None else known


def ask_levels(schema: Schema) -> tuple[int, ...]:
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
            break
        found.append(footprints.level_of(cell))
        start = footprints.first_of(found[-1] + 1)
    if len(_known) >= _MAX_KNOWN:
        _known.clear()
    _known[_place(schema)] = tuple(found)
    return tuple(found)


def forget() -> None:
    """Ask for the levels again."""
    _known.clear()


def _place(schema: Schema) -> tuple[str, int]:
    return Dataset.objects.db, schema.catalog


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
