"""Bounding boxes as terms: the levels of cells that are known, and those that are not."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from django_large_image.catalog import api, boxes, footprints
from django_large_image.catalog.models import BOUNDS, Dataset
from django_large_image.catalog.schema import schema_of
from django_large_image.exceptions import ParameterError
from tests.catalog import test_footprints

LEVELS = st.sets(st.integers(0, footprints.MAX_LEVEL)).map(sorted)


def add(name: str, *bounds: float) -> None:
    """Add a dataset with bounds, or with none."""
    fields = dict(zip(BOUNDS, bounds, strict=True)) if bounds else {}
    api.bulk_insert('scenes', [api.Row([name], '/a.tif', fields=fields)])


def spans(term: boxes.Term) -> list[tuple[int, int]]:
    """Return the ranges of cells of a term."""
    return [part['range'] for part in term.parts]


@given(test_footprints.boxes(), LEVELS)
def test_a_cell_is_of_a_known_level_or_of_another(bounds: Any, levels: list[int]) -> None:
    cell = footprints.cell(*bounds)
    other = any(start <= cell <= end for start, end in spans(boxes.others(levels)))
    assert other == (footprints.level_of(cell) not in levels)


@given(test_footprints.boxes(), LEVELS)
def test_a_box_has_cells_of_the_known_levels_only(bounds: Any, levels: list[int]) -> None:
    west, south, east, north = bounds
    for start, end in spans(boxes.term((west, south, min(east, west + 360), north), levels)):
        assert (start, end) == (-1, -1) or footprints.level_of(start) in levels
        assert footprints.level_of(start) == footprints.level_of(end)


@pytest.mark.parametrize(
    'bbox', ['abcd', (0, 0, 1), (0, 0, 1, 'x'), (0, 2, 1, 1), (0, 0, 1, 91), (-361, 0, 1, 1)]
)
def test_boxes_that_cannot_be(bbox: Any) -> None:
    with pytest.raises(ParameterError, match='west,south,east,north'):
        boxes.term(bbox, [3])


@pytest.mark.parametrize('bbox', [(10, 0, -371, 1), (0, 0, 361, 1)])
def test_boxes_wider_than_the_earth(bbox: Any) -> None:
    with pytest.raises(ParameterError):
        boxes.term(bbox, [3])


@pytest.mark.django_db
def test_levels_are_asked_for_once() -> None:
    api.create('scenes', ['n'])
    schema = schema_of('scenes')
    assert boxes.levels(schema) == ()
    add('a', 10, 10, 11, 11)
    add('b', 10, 10, 10.9, 10.9)
    add('c', -180, -90, 180, 90)
    add('d')
    # What is known may be old; to be told so is for those who use it.
    assert boxes.levels(schema) == ()
    found = boxes.ask_levels(schema)
    cells = [cell for cell in Dataset.objects.values_list('cell', flat=True) if cell is not None]
    assert list(found) == sorted(set(map(footprints.level_of, cells)))
    assert len(found) == 2
    with CaptureQueriesContext(connection) as asked:
        assert boxes.levels(schema) == found
    assert not asked.captured_queries
