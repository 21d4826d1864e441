"""Viewsets of the files of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from rest_framework.routers import SimpleRouter
from rest_framework.test import APIRequestFactory
from rest_framework.viewsets import ViewSet

from django_large_image.rest import LargeImageFolderDetailMixin
from tests import factories


class Scans(LargeImageFolderDetailMixin, ViewSet):
    pass


def metadata(viewset: type[Any], name: str) -> Any:
    return viewset.as_view({'get': 'metadata'})(APIRequestFactory().get('/'), pk=name)


def test_a_file_by_its_name(tmp_path: Path) -> None:
    class Here(Scans):
        FOLDER = tmp_path / 'scans'

    (tmp_path / 'scans' / 'maps').mkdir(parents=True)
    factories.raster(tmp_path / 'scans' / 'maps' / '1.tif', factories.gradient(30, 40))
    factories.raster(tmp_path / 'secret.tif')
    found = metadata(Here, 'maps/1.tif')
    assert found.status_code == 200
    assert (found.data['sizeX'], found.data['sizeY']) == (40, 30)
    for name in (
        '1.tif',
        '../secret.tif',
        'maps',
        str(tmp_path / 'secret.tif'),
        'maps//1.tif',
        './maps/1.tif',
        str(tmp_path / 'scans' / 'maps' / '1.tif'),
    ):
        refused = metadata(Here, name)
        assert refused.status_code == 404
        assert refused.data['detail'] == 'There is no such image.'


def test_a_router_takes_names_with_slashes() -> None:
    class Named(Scans):
        lookup_value_regex = '.+'

    router = SimpleRouter()
    router.register('scans', Named, basename='scans')
    matches = [url.resolve('scans/maps/1.tif/info/metadata/') for url in router.urls]
    [match] = filter(None, matches)
    assert match.kwargs == {'pk': 'maps/1.tif'}


def test_a_folder_of_the_viewsets_own(tmp_path: Path) -> None:
    class Computed(Scans):
        def get_folder(self) -> Path:
            return tmp_path

    factories.raster(tmp_path / '1.tif')
    assert metadata(Computed, '1.tif').status_code == 200


def test_without_a_folder() -> None:
    with pytest.raises(ImproperlyConfigured, match=r'Scans\.FOLDER is empty'):
        metadata(Scans, '1.tif')
