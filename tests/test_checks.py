"""The system checks: each mistake is found and its remedy named."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import pytest
from rest_framework import viewsets

from django_large_image import checks
from django_large_image.rest import (
    LargeImageFileDetailMixin,
    LargeImageMixin,
    LargeImageVSIFileDetailMixin,
)
from tests.testapp.models import ImageFile


def of(viewset: type[Any]) -> list[Any]:
    return [message for message in checks.check_viewsets(None) if message.obj is viewset]


def test_a_sound_installation_is_silent() -> None:
    gc.collect()
    assert checks.check_gdal(None) == []
    assert checks.check_settings(None) == []


def test_a_viewset_without_field_name() -> None:
    class Forgetful(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()

    (message,) = of(Forgetful)
    assert message.id == 'large_image.E006'
    assert 'Forgetful has no FILE_FIELD_NAME' in message.msg
    assert 'file' in message.hint
    Forgetful.queryset = None


def test_a_field_that_does_not_exist() -> None:
    class Wrong(viewsets.GenericViewSet, LargeImageVSIFileDetailMixin):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'picture'

    (message,) = of(Wrong)
    assert (message.id, message.hint.count('file')) == ('large_image.E007', 2)
    Wrong.queryset = None


def test_a_field_that_is_no_file() -> None:
    class Named(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()
        FILE_FIELD_NAME = 'name'

    (message,) = of(Named)
    assert message.id == 'large_image.W001'
    Named.queryset = None


def test_overridden_hooks_need_no_field_name() -> None:
    class Own(LargeImageFileDetailMixin, viewsets.GenericViewSet):
        queryset = ImageFile.objects.all()

        def get_field_file(self) -> Any:
            return None

    assert of(Own) == []


@pytest.mark.parametrize(
    ('given', 'code'),
    [({'QUALTY': 1}, 'large_image.E004'), ({'CACHE_NAME': 'nowhere'}, 'large_image.E005')],
)
def test_settings(given: dict[str, Any], code: str, settings: Any) -> None:
    settings.LARGE_IMAGE = given
    (message,) = checks.check_settings(None)
    assert message.id == code
    assert message.hint


def test_a_folder_for_copies_that_cannot_be_used(settings: Any, tmp_path: Path) -> None:
    assert checks.check_copies(None) == []
    settings.LARGE_IMAGE = {'COPIES_DIR': str(tmp_path / 'copies')}
    assert checks.check_copies(None) == []
    (tmp_path / 'copies').chmod(0o777)
    (message,) = checks.check_copies(None)
    assert message.id == 'large_image.E033'
    assert 'COPIES_DIR' in message.hint
    settings.LARGE_IMAGE = {'COPIES': ''}
    assert checks.check_copies(None) == []


def test_a_missing_binding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'osgeo', None)
    (message,) = checks.check_gdal(None)
    assert message.id == 'large_image.E001'
    assert 'libgdal-dev' in message.hint


def test_an_old_gdal(monkeypatch: pytest.MonkeyPatch) -> None:
    from osgeo import gdal

    monkeypatch.setattr(gdal, '__version__', '2.4.0')
    (message,) = checks.check_gdal(None)
    assert message.id == 'large_image.E002'


def test_a_binding_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'osgeo.gdal_array', None)
    monkeypatch.delattr('osgeo.gdal_array', raising=False)
    (message,) = checks.check_gdal(None)
    assert message.id == 'large_image.E003'


@pytest.mark.parametrize(
    ('given', 'code'),
    [
        ({'RESAMPLING': 'foo'}, 'large_image.E008'),
        ({'IIIF_SWITCHED_OFF': ['mirroring', 'mirrors']}, 'large_image.E012'),
        ({'DEPTH_INTERPOLATION': 'cubic'}, 'large_image.E013'),
        ({'DRIVERS': ['GTiff', 'GTif']}, 'large_image.W002'),
        ({'SOURCES': ['raster', 'rastr']}, 'large_image.W003'),
    ],
)
def test_names_that_nothing_goes_by(given: dict[str, Any], code: str, settings: Any) -> None:
    settings.LARGE_IMAGE = given
    (message,) = checks.check_settings(None)
    assert message.id == code
    assert message.hint


@pytest.mark.parametrize(
    'given',
    [
        {'DRIVERS': ['GTiff', 'VRT']},
        {'SOURCES': ['raster', 'pil']},
        {'IIIF_SWITCHED_OFF': ['mirroring', 'bitonal', 'webp']},
    ],
)
def test_names_that_are_known(given: dict[str, Any], settings: Any) -> None:
    settings.LARGE_IMAGE = given
    assert checks.check_settings(None) == []


def test_a_viewset_that_does_not_say_where_its_images_lie() -> None:
    class Bare(LargeImageMixin, viewsets.ViewSet):
        pass

    (message,) = of(Bare)
    assert message.id == 'large_image.E009'
    assert 'get_path' in message.hint
    Bare.get_path = lambda self, request, pk=None: ''  # type: ignore[method-assign]
    assert of(Bare) == []


def test_a_viewset_without_objects_for_a_file_field() -> None:
    class Plain(LargeImageFileDetailMixin, viewsets.ViewSet):
        FILE_FIELD_NAME = 'file'

    (message,) = of(Plain)
    assert message.id == 'large_image.E010'
    assert 'GenericViewSet' in message.hint
    Plain.get_path = lambda self, request, pk=None: ''  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ('prefix', 'found'),
    [
        ('https://example.org/scans/', None),
        ('s3://bucket/', None),
        ('example.org', 'large_image.E011'),
        ('https://user:word@example.org/', 'large_image.E011'),
        ('https://', 'large_image.W004'),
    ],
)
def test_prefixes_of_urls(settings: Any, prefix: str, found: str | None) -> None:
    settings.LARGE_IMAGE = {'URL_PREFIXES': [prefix]}
    messages = checks.check_settings(None)
    assert [message.id for message in messages] == ([found] if found else [])
    assert all('word' not in f'{message.msg}{message.hint}' for message in messages)
