"""How an action that is written once becomes a DRF action."""

from __future__ import annotations

from typing import Any

from rest_framework import viewsets
from rest_framework.decorators import action

from django_large_image.rest import LargeImageDetailMixin, LargeImageMixin
from django_large_image.rest.base import ImageHooks
from django_large_image.rest.endpoints import endpoint, routed
from django_large_image.rest.negotiation import NamedByURL
from django_large_image.rest.openapi import json_object
from django_large_image.rest.parameters import BandParameters
from tests.factories import gradient, raster
from tests.rest.conftest import LeftViewSet, RightViewSet


def test_detail_is_decided_by_the_class() -> None:
    for mixin, detail in ((LargeImageMixin, False), (LargeImageDetailMixin, True)):
        assert mixin.tile.detail is detail
        assert mixin.tile.url_name == 'tile'
        assert set(mixin.tile.mapping) == {'get', 'post'}
        assert set(mixin.metadata.mapping) == {'get'}


def test_drf_finds_all_actions_on_both_sides() -> None:
    class Left(LargeImageDetailMixin, viewsets.ViewSet):
        pass

    class Right(viewsets.ViewSet, LargeImageDetailMixin):
        pass

    names = [{one.url_name for one in view.get_extra_actions()} for view in (Left, Right)]
    assert names[0] == names[1]
    assert len(names[0]) == 22


def test_tiles_are_tried_before_our_other_endpoints() -> None:
    """Django compares a URL with one pattern after the other."""
    names = [one.url_name for one in LeftViewSet.get_extra_actions()]
    assert names[0] == 'tile'
    assert sorted(names) == sorted(one.url_name for one in RightViewSet.get_extra_actions())

    class Own(LeftViewSet):
        @action(detail=True)
        def empty(self, request: Any, pk: str) -> Any:
            """Between those of Deep Zoom and `frames`, where it stays."""

    names = [one.url_name for one in Own.get_extra_actions()]
    zoom = ['deepzoom', 'deepzoom-tile', 'deepzoom-xml']
    assert names[:8] == ['band', 'bands', 'cog', *zoom, 'empty', 'tile']


def test_an_endpoint_of_ones_own(serve: Any, tmp_path: Any) -> None:
    @routed(detail=False)
    class Twice(ImageHooks):
        @endpoint(
            'twice', 'info/twice', BandParameters, 'Twice', answer=json_object(twice='integer')
        )
        def twice(self, image: Any, query: Any) -> Any:
            """Twice the number of the band."""
            return {'twice': 2 * query.band, 'width': image.reader.sourceSizeX}

    class Own(Twice, viewsets.ViewSet):
        def get_path(self, request: Any, pk: Any = None) -> Any:
            return raster(tmp_path / 'a.tif', gradient(10, 30))

    client = serve(Own)
    assert client.get('/own/info/twice', {'band': 4}).json() == {'twice': 8, 'width': 30}
    assert client.get('/own/info/twice', {'band': 'x'}).status_code == 400


def test_negotiation_takes_what_is_first() -> None:
    class Renderer:
        media_type = 'application/json'

    renderer, media_type = NamedByURL().select_renderer(None, [Renderer, object])  # type: ignore[arg-type, list-item]
    assert (renderer, media_type) == (Renderer, 'application/json')
