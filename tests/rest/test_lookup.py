"""Objects are found as DRF finds them, and faster: every way of its own that a view has is kept."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import F, QuerySet
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from rest_framework import filters, permissions, viewsets
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from django_large_image.rest.lookup import find_object
from django_large_image.storage.statements import KEPT
from tests.testapp.models import ChecksumImage, ImageFile, SlugImageFile, UUIDImageFile

pytestmark = pytest.mark.django_db


class Images(viewsets.GenericViewSet[Any]):
    queryset = ImageFile.objects.all()


class Others(Images):
    queryset = ImageFile.objects.exclude(name='hidden')


class Slugs(viewsets.GenericViewSet[Any]):
    queryset = SlugImageFile.objects.all()
    lookup_field = 'slug'
    lookup_url_kwarg = 'word'


class UUIDs(viewsets.GenericViewSet[Any]):
    queryset = UUIDImageFile.objects.order_by('name')


class Names(viewsets.GenericViewSet[Any]):
    queryset = ImageFile.objects.all()
    lookup_field = 'name'


def view_of(cls: type[Any], **kwargs: str) -> Any:
    view = cls(kwargs=kwargs, format_kwarg=None)
    view.request = Request(APIRequestFactory().get('/'))
    return view


def kept() -> dict[Any, Any]:
    """Return the statements that this connection keeps."""
    return dict(vars(connections['default']).get(KEPT, {}))


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    vars(connections['default']).pop(KEPT, None)


def test_an_object_equals_that_of_drf_in_every_field_and_costs_one_query() -> None:
    ImageFile.objects.create(name='other')
    wanted = ImageFile.objects.create(name='ÿ wanted', file='images/a.tif')
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = find_object(view_of(Images, pk=str(wanted.pk)))
        assert len(queries) == 1
        ours = queries[0]['sql']
        expected = view_of(Images, pk=str(wanted.pk)).get_object()
        assert found == expected
        assert vars(found).keys() == vars(expected).keys()
        assert (found.name, found.file.name) == ('ÿ wanted', 'images/a.tif')
        assert found._state.db == 'default'
        assert not found._state.adding
    assert 'WHERE' in ours
    assert list(kept().values()) != [None]


def test_the_statement_is_made_once_and_its_value_is_not_kept() -> None:
    first, second = (ImageFile.objects.create(name=name) for name in 'ab')
    assert find_object(view_of(Images, pk=str(first.pk))) == first
    (statement,) = kept().values()
    assert find_object(view_of(Images, pk=str(second.pk))) == second
    assert list(kept().values()) == [statement]


def test_what_the_queryset_of_the_class_leaves_out_is_not_found() -> None:
    hidden = ImageFile.objects.create(name='hidden')
    shown = ImageFile.objects.create(name='shown')
    assert find_object(view_of(Others, pk=str(shown.pk))) == shown
    with pytest.raises(Http404):
        find_object(view_of(Others, pk=str(hidden.pk)))


def test_slugs_and_uuids_are_keys_too() -> None:
    by_slug = SlugImageFile.objects.create(slug='a-b', name='slug')
    by_uuid = UUIDImageFile.objects.create(name='uuid')
    assert find_object(view_of(Slugs, word='a-b')) == by_slug
    assert find_object(view_of(UUIDs, pk=str(by_uuid.pk))) == by_uuid
    assert find_object(view_of(UUIDs, pk=by_uuid.pk.hex.upper())) == by_uuid
    assert len(kept()) == 2
    assert None not in kept().values()


@pytest.mark.parametrize(
    'said', ['0', '99', '-1', '1.0', 'x', '', ' x', '9' * 18, '9' * 30, '1\0', '%00', '1e0']
)
def test_keys_that_are_none_are_404_as_in_drf(said: str) -> None:
    ImageFile.objects.create(pk=1, name='a')
    with pytest.raises(Http404):
        view_of(Images, pk=said).get_object()
    with pytest.raises(Http404):
        find_object(view_of(Images, pk=said))


@pytest.mark.parametrize('said', ['01', ' 1', '+1', '\u0661'])
def test_keys_are_read_as_drf_reads_them(said: str) -> None:
    one = ImageFile.objects.create(pk=1, name='a')
    assert find_object(view_of(Images, pk=said)) == one == view_of(Images, pk=said).get_object()


@pytest.mark.parametrize('said', ['', 'no-such', str(uuid.UUID(int=7)), 'a\0', "a' OR '1'='1"])
@pytest.mark.parametrize(('cls', 'name'), [(Slugs, 'word'), (UUIDs, 'pk')])
def test_unknown_words_are_404(cls: type[Any], name: str, said: str) -> None:
    SlugImageFile.objects.create(slug='a', name='a')
    UUIDImageFile.objects.create(name='a')
    with pytest.raises(Http404):
        find_object(view_of(cls, **{name: said}))


def test_more_than_one_object_is_the_error_that_it_is_in_drf() -> None:
    for _ in range(2):
        ImageFile.objects.create(name='twin')
    with pytest.raises(ImageFile.MultipleObjectsReturned):
        find_object(view_of(Names, name='twin'))


def test_the_permissions_of_the_object_are_asked() -> None:
    class Nobody(permissions.BasePermission):
        def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
            return obj.name != 'secret'

    class Guarded(Images):
        permission_classes = (Nobody,)
        authentication_classes = ()

    free, secret = (ImageFile.objects.create(name=name) for name in ('free', 'secret'))
    assert find_object(view_of(Guarded, pk=str(free.pk))) == free
    with pytest.raises(PermissionDenied):
        find_object(view_of(Guarded, pk=str(secret.pk)))


def test_a_view_s_own_way_is_taken() -> None:
    mine, other = (ImageFile.objects.create(name=name) for name in ('mine', 'other'))

    class OwnObject(Images):
        def get_object(self) -> Any:
            return mine

    class OwnQueryset(Images):
        def get_queryset(self) -> QuerySet[Any]:
            return ImageFile.objects.filter(name='mine')

    class OwnFilter(Images):
        def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(name='mine')

    class Backend(filters.BaseFilterBackend):
        def filter_queryset(
            self, request: Request, queryset: QuerySet[Any], view: Any
        ) -> QuerySet[Any]:
            return queryset.filter(name='mine')

    class Filtered(Images):
        filter_backends = (Backend,)

    assert find_object(view_of(OwnObject, pk=str(other.pk))) == mine
    for cls in (OwnQueryset, OwnFilter, Filtered):
        assert find_object(view_of(cls, pk=str(mine.pk))) == mine
        with pytest.raises(Http404):
            find_object(view_of(cls, pk=str(other.pk)))
    # Of one view, not of its class.
    single = view_of(Images, pk=str(other.pk))
    single.queryset = ImageFile.objects.filter(name='mine')
    with pytest.raises(Http404):
        find_object(single)
    assert kept() == {}


@pytest.mark.parametrize(
    'queryset',
    [
        ImageFile.objects.annotate(again=F('name')),
        ImageFile.objects.extra(select={'again': 'name'}),
        ImageFile.objects.select_for_update(),
        ImageFile.objects.none(),
        ImageFile.objects.filter(name='a').union(ImageFile.objects.filter(name='b')),
        ImageFile.objects.values(),
        ImageFile.objects.prefetch_related(),
    ],
)
def test_a_queryset_that_does_more_is_left_to_the_orm(queryset: QuerySet[Any]) -> None:
    image = ImageFile.objects.create(name='a')
    cls = type('Special', (Images,), {'queryset': queryset})

    def outcome(find: Any) -> Any:
        try:
            found = find(view_of(cls, pk=str(image.pk)))
        except Exception as error:  # noqa: BLE001 - whatever it is, it has to be the same
            return type(error)
        return vars(found).keys() if hasattr(found, '_state') else found

    assert outcome(find_object) == outcome(lambda view: view.get_object())


def test_fields_that_are_not_read_are_read_when_they_are_wanted() -> None:
    image = ChecksumImage.objects.create(name='a', sha256='ab')
    cls = type('Few', (Images,), {'queryset': ChecksumImage.objects.only('file')})
    found = find_object(view_of(cls, pk=str(image.pk)))
    assert found.get_deferred_fields() == {'name', 'sha256'}
    assert found.sha256 == 'ab'
    assert None not in kept().values()
