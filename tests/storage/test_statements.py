"""What a statement that is made once finds is what the ORM finds."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, QuerySet
from django.test.utils import CaptureQueriesContext

from django_large_image.storage import statements
from django_large_image.storage.statements import KEPT, Slot, Statement, keep
from tests.testapp.models import ImageFile, UUIDImageFile

pytestmark = pytest.mark.django_db


def here() -> BaseDatabaseWrapper:
    """Return the connection of the test; others may have put another in its place since."""
    return connections['default']


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    vars(here()).pop(KEPT, None)


def statement_of(queryset: QuerySet[Any]) -> Statement:
    """Return the statement of a query of whole objects."""
    statement = Statement.of(queryset.query, here())
    assert statement is not None
    return statement


def images(*names: str) -> list[ImageFile]:
    """Make images of these names."""
    return [ImageFile.objects.create(name=name) for name in names]


def test_each_value_takes_the_place_of_its_slot_and_what_is_fixed_stays() -> None:
    a, b, c, d = images('a', 'b', 'c', 'd')
    # Slots out of order, one of them twice, beside values that look like those of slots.
    query = ImageFile.objects.filter(name__in=[Slot(2), Slot(0), 'd'], pk__gte=Slot(1)).exclude(
        name=Slot(3)
    )
    statement = statement_of(query.order_by('-name'))
    assert statement.find(here(), ['a', a.pk, 'b', '']) == [d, b, a]
    assert statement.find(here(), ['c', b.pk, 'a', 'd']) == [c]
    assert statement.find(here(), ['d', a.pk, 'd', "' OR ''='"]) == [d]
    assert statement.find(here(), ['b', a.pk, 'b', ''], 1) == [d]


def test_columns_are_converted_as_the_orm_does() -> None:
    made = UUIDImageFile.objects.create(name='a')
    (found,) = statement_of(UUIDImageFile.objects.filter(name=Slot(0))).find(here(), ['a'])
    assert isinstance(found.pk, uuid.UUID)
    assert vars(found).keys() == vars(made).keys() | vars(UUIDImageFile.objects.get()).keys()
    assert found == made
    assert not found._state.adding


@pytest.mark.parametrize(
    'queryset',
    [
        ImageFile.objects.annotate(again=F('name')),
        ImageFile.objects.extra(select={'again': 'name'}),
    ],
)
def test_what_selects_more_than_objects_has_no_statement(queryset: QuerySet[Any]) -> None:
    assert Statement.of(queryset.filter(name=Slot(0)).query, here()) is None


def test_a_query_that_finds_nothing_says_so() -> None:
    with pytest.raises(EmptyResultSet):
        Statement.of(ImageFile.objects.filter(name__in=[]).query, here())


def test_it_is_made_once_per_connection_and_key() -> None:
    made: list[str] = []

    def make() -> str:
        made.append('made')
        return made[-1]

    assert keep(here(), 'one', make) == keep(here(), 'one', make) == 'made'
    assert len(made) == 1
    keep(here(), ('one', 2), make)
    assert len(made) == 2


def test_what_is_none_is_not_made_again() -> None:
    assert keep(here(), 'none', lambda: None) is None
    assert keep(here(), 'none', lambda: 'made') is None  # type: ignore[arg-type, return-value]


def test_not_all_that_was_ever_made_is_kept() -> None:
    for number in range(3 * statements._MAX_KEPT):
        assert keep(here(), number, lambda number=number: number) == number  # type: ignore[misc]
    assert len(vars(here())[KEPT]) <= statements._MAX_KEPT


def test_finding_is_one_query() -> None:
    images('a', 'b')
    statement = statement_of(ImageFile.objects.filter(name=Slot(0)))
    with CaptureQueriesContext(here()) as queries:
        assert len(statement.find(here(), ['a'])) == 1
        assert statement.find(here(), ['c']) == []
    assert len(queries) == 2
