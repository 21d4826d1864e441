"""System checks: what is missing or misspelt, and how to put it right."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.cache import caches
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from django_large_image.conf import RASTER_DRIVERS, TILE_SOURCES, Settings, read_settings

MINIMUM_GDAL = (3, 4)


@register('large_image')
def check_gdal(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Find a missing, old or incomplete GDAL binding."""
    try:
        from osgeo import gdal
    except ImportError as error:
        return [
            Error(
                f"GDAL's Python binding cannot be imported: {error}.",
                hint='Install the system package libgdal-dev, then '
                '`pip install --no-build-isolation "gdal==$(gdal-config --version)"` with numpy '
                'already installed.',
                id='large_image.E001',
            )
        ]
    messages: list[CheckMessage] = []
    version = tuple(map(int, gdal.__version__.split('.')[:2]))
    if version < MINIMUM_GDAL:
        messages.append(
            Error(
                f'GDAL {gdal.__version__} is too old.',
                hint=f'Install GDAL {".".join(map(str, MINIMUM_GDAL))} or newer.',
                id='large_image.E002',
            )
        )
    try:
        from osgeo import gdal_array  # noqa: F401
    except ImportError:
        messages.append(
            Error(
                "GDAL's Python binding was built without numpy.",
                hint='Install numpy, then reinstall it with `pip install --no-build-isolation '
                '--no-cache-dir --force-reinstall "gdal==$(gdal-config --version)"`.',
                id='large_image.E003',
            )
        )
    return messages


@register('large_image')
def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Find unknown keys and wrong types in `LARGE_IMAGE`."""
    try:
        current = read_settings()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint='See the page "Settings".', id='large_image.E004')]
    if current.CACHE_NAME not in caches:
        return [
            Error(
                f"LARGE_IMAGE['CACHE_NAME'] is {current.CACHE_NAME!r}, which is not in CACHES.",
                hint='Name one of the aliases in CACHES.',
                id='large_image.E005',
            )
        ]
    return list(_check_names(current))


def _check_names(current: Settings) -> Iterator[CheckMessage]:
    """Find names in the settings that nothing goes by."""
    from osgeo import gdal

    from django_large_image.sources.opening import available_sources
    from django_large_image.sources.reading import RESAMPLINGS

    if current.RESAMPLING not in RESAMPLINGS:
        yield Error(
            f"LARGE_IMAGE['RESAMPLING'] is {current.RESAMPLING!r}.",
            hint=f'Use one of: {", ".join(RESAMPLINGS)}.',
            id='large_image.E008',
        )
    yield from _check_features(current.IIIF_SWITCHED_OFF)
    yield from _check_interpolation(current.DEPTH_INTERPOLATION)
    if set(current.DRIVERS) - set(RASTER_DRIVERS):
        for name in current.DRIVERS:
            if gdal.GetDriverByName(name) is None and name not in RASTER_DRIVERS:
                yield CheckWarning(
                    f"LARGE_IMAGE['DRIVERS'] names {name!r}, which this GDAL does not have.",
                    hint='See the short names that `gdalinfo --formats` lists.',
                    id='large_image.W002',
                )
    yield from _check_prefixes(current.URL_PREFIXES)
    unknown = set(current.SOURCES) - set(TILE_SOURCES)
    # Installed sources are loaded only where somebody names one that we do not know.
    for name in sorted(unknown - set(available_sources()) if unknown else ()):
        yield CheckWarning(
            f"LARGE_IMAGE['SOURCES'] names {name!r}, which is not installed.",
            hint=f'Installed sources: {", ".join(available_sources())}.',
            id='large_image.W003',
        )


def _check_interpolation(name: str) -> Iterator[CheckMessage]:
    """Find a way to resize depth images that there is not."""
    from django_large_image.depth.interpolation import MODES

    if name not in MODES:
        yield Error(
            f"LARGE_IMAGE['DEPTH_INTERPOLATION'] is {name!r}.",
            hint=f'Use one of: {", ".join(MODES)}.',
            id='large_image.E013',
        )


def _check_features(names: Sequence[str]) -> Iterator[CheckMessage]:
    """Find features of IIIF to switch off that there are not, or that everything takes."""
    from django_large_image.iiif.features import NAMES

    for name in sorted(set(names) - NAMES):
        yield Error(
            f"LARGE_IMAGE['IIIF_SWITCHED_OFF'] names {name!r}, which IIIF does not know.",
            hint=f'Known names: {", ".join(sorted(NAMES))}.',
            id='large_image.E012',
        )


def _check_prefixes(texts: Sequence[str]) -> Iterator[CheckMessage]:
    """Find prefixes of URLs that no URL can have, or that allow any host."""
    from django_large_image.storage.prefixes import prefixes

    for number, text in enumerate(texts):
        # Not the text: it may hold a password.
        which = f"LARGE_IMAGE['URL_PREFIXES'][{number}]"
        try:
            (prefix,) = prefixes((text,))
        except ValueError:
            yield Error(
                f'{which} is no beginning of a URL.',
                hint='Write it as https://host/folder/, without a user, a query or `..`.',
                id='large_image.E011',
            )
            continue
        if not prefix.host:
            yield CheckWarning(
                f'{which} allows any host.',
                hint='Name the hosts where your images are.',
                id='large_image.W004',
            )


@register('large_image')
def check_copies(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Find a folder of local copies that cannot be used."""
    from django_large_image.storage.shelf import ShelfError, default_folder, open_shelf

    try:
        # Without a setting it is made when it is needed.
        if read_settings().COPIES_DIR or os.path.lexists(default_folder()):
            open_shelf()
    except ImproperlyConfigured:
        # `check_settings` says so.
        return []
    except (ShelfError, OSError) as error:
        return [
            Error(
                f'There can be no local copies of images: {error}',
                hint="Let LARGE_IMAGE['COPIES_DIR'] name a folder that belongs to the user who "
                'runs Django, and that nobody else may write into.',
                id='large_image.E033',
            )
        ]
    return []


@register('large_image')
def check_viewsets(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Find viewsets whose `FILE_FIELD_NAME` is missing or names no file field of their model."""
    from rest_framework.views import APIView

    from django_large_image.rest.base import ImageHooks
    from django_large_image.rest.mixins import (
        LargeImageFileDetailMixin,
        LargeImageViewSet,
        LargeImageVSIFileDetailMixin,
    )

    ours = LargeImageFileDetailMixin
    paths = (ours.get_path, LargeImageVSIFileDetailMixin.get_path)
    messages: list[CheckMessage] = []
    # Several paths lead from the hooks to a viewset.
    for viewset in dict.fromkeys(_subclasses(ImageHooks)):
        if not issubclass(viewset, APIView):
            continue
        messages.extend(_check_hooks(viewset))
    for viewset in _subclasses(ours):
        queryset = getattr(viewset, 'queryset', None)
        # Without a queryset the class is a base of others, or finds its objects itself.
        if viewset is LargeImageViewSet or queryset is None:
            continue
        if viewset.get_field_file is not ours.get_field_file or viewset.get_path not in paths:
            continue
        messages.extend(_check_field(viewset, queryset.model))
    return messages


def _check_hooks(viewset: type[Any]) -> Iterator[CheckMessage]:
    from django_large_image.rest.base import ImageHooks
    from django_large_image.rest.mixins import LargeImageFileDetailMixin

    label = f'{viewset.__module__}.{viewset.__qualname__}'
    if viewset.get_path is ImageHooks.get_path:
        yield Error(
            f'{label} does not say where its images lie.',
            hint='Define get_path(request, pk), or mix in LargeImageFileDetailMixin.',
            obj=viewset,
            id='large_image.E009',
        )
    elif viewset.get_path is LargeImageFileDetailMixin.get_path and not hasattr(
        viewset, 'get_object'
    ):
        yield Error(
            f'{label} has no get_object().',
            hint='Derive it from viewsets.GenericViewSet instead of viewsets.ViewSet.',
            obj=viewset,
            id='large_image.E010',
        )


def _check_field(viewset: type[Any], model: Any) -> Iterator[CheckMessage]:
    from django.db.models import FileField

    name = viewset.FILE_FIELD_NAME
    files = [field.name for field in model._meta.get_fields() if isinstance(field, FileField)]
    if name in files:
        return
    hint = (
        f'Set FILE_FIELD_NAME to one of: {", ".join(files)}; or override get_field_file().'
        if files
        else f'{model.__name__} has no file field: override get_path().'
    )
    label = f'{viewset.__module__}.{viewset.__qualname__}'
    if not name:
        yield Error(
            f'{label} has no FILE_FIELD_NAME.', hint=hint, obj=viewset, id='large_image.E006'
        )
    elif not hasattr(model, name):
        yield Error(
            f'{label}.FILE_FIELD_NAME is {name!r}, which {model.__name__} does not have.',
            hint=hint,
            obj=viewset,
            id='large_image.E007',
        )
    else:
        # A property may give a field file.
        yield CheckWarning(
            f'{label}.FILE_FIELD_NAME is {name!r}, which is no file field of {model.__name__}.',
            hint=hint,
            obj=viewset,
            id='large_image.W001',
        )


def _subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    for subclass in cls.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)
