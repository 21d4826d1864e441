"""Depth images over HTTP: lists, uploads, frames, and every endpoint that images have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.http import UnreadablePostError
from drf_yasg import openapi
from large_image.tilesource import FileTileSource
from rest_framework import mixins, parsers, status, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission, DjangoModelPermissions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from django_large_image.depth import colormaps, loading
from django_large_image.depth.actions import DepthActions
from django_large_image.depth.models import Colormap, DepthImage
from django_large_image.depth.parameters import FrameParameters
from django_large_image.depth.serializers import (
    ColormapSerializer,
    DepthImageSerializer,
    UploadSerializer,
)
from django_large_image.depth.source import DepthTileSource, depth_reference, open_depth_image
from django_large_image.exceptions import ParameterError
from django_large_image.iiif import IIIFMixin
from django_large_image.rest.endpoints import routed
from django_large_image.rest.errors import translating
from django_large_image.rest.lookup import find_object
from django_large_image.rest.mixins import LargeImageDetailMixin
from django_large_image.rest.openapi import operation, parameters_of
from django_large_image.rest.parameters import is_absent
from django_large_image.sources.reference import ImageReference

# What changes the database.
_WRITING = {'create', 'update', 'partial_update', 'destroy'}


class WriterPermissions:
    """Beside what the project asks of everybody, who writes needs permission for the model."""

    def get_permissions(self) -> Sequence[Any]:
        """Return the permissions of the action that is asked for."""
        permissions: list[BasePermission] = super().get_permissions()  # type: ignore[misc]
        writes = getattr(self, 'action', None) in _WRITING
        return [*permissions, DjangoModelPermissions()] if writes else permissions


@routed(detail=True)
class DepthImageMixin(DepthActions, LargeImageDetailMixin):
    """All image endpoints of the depth image that the viewset's `get_object()` finds."""

    def get_path(self, request: Request, pk: Any = None) -> ImageReference:
        """Return the reference of the object."""
        image = find_object(self)
        assert isinstance(image, DepthImage)  # noqa: S101 - it is the model of the viewset
        return depth_reference(image)

    def open_tile_source(self, request: Request, path: Any, **kwargs: Any) -> FileTileSource:
        """Open the image; raises `ParameterError` for any other tile source."""
        source = self.get_query_param(request, 'source')
        if not is_absent(source) and source != DepthTileSource.name:
            raise ParameterError(f'Depth images are opened by the source {DepthTileSource.name!r}.')
        return open_depth_image(path, **kwargs)

    def get_style(self, request: Request) -> dict[str, Any] | None:
        """Return the style asked for, with colours in place of the names of stored colour maps."""
        style = super().get_style(request)
        return None if style is None else colormaps.resolve_palettes(style)

    def get_cache_vary(self, request: Request) -> Any:
        """Return the stops of the colour map that is asked for: they may change under its name."""
        name = self.get_query_param(request, 'colormap')
        stops = None if is_absent(name) else colormaps.stored_stops(name)
        return super().get_cache_vary(request), stops


class DepthImageViewSet(  # type: ignore[misc]  # the hooks of IIIF tell what DRF has
    IIIFMixin,
    DepthImageMixin,
    WriterPermissions,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[DepthImage],
):
    """Depth images: a list, uploads, frames, and every endpoint that images have."""

    queryset = DepthImage.objects.all()
    serializer_class = DepthImageSerializer
    parser_classes = [parsers.MultiPartParser]
    lookup_value_regex = '[0-9]+'

    @operation(
        operation_summary='Load a depth image',
        request_body=UploadSerializer,
        responses={201: DepthImageSerializer, 400: 'The file cannot be loaded: line and column.'},
    )
    def create(self, request: Request) -> Response:
        """Load a file: all of it, or where a record is wrong nothing."""
        image = translating(request, lambda: _load(request))
        answer = self.get_serializer(image)
        return Response(answer.data, status.HTTP_201_CREATED)

    @operation(
        operation_summary='A frame as JPEG (older path)',
        manual_parameters=[each for each in parameters_of(FrameParameters) if each.name != 'fmt'],
        responses={200: openapi.Response('The picture.', openapi.Schema(type=openapi.TYPE_FILE))},
        produces=['image/jpeg', 'application/json'],
    )
    def original(self, request: Request, pk: str) -> Any:
        """The same as `{id}/frame.jpg`."""
        # What `routed` made of it.
        frame: Any = self.frame
        return frame(request, pk=pk, fmt='jpg')


def _load(request: Request) -> DepthImage:
    """Return the image of an upload; raises what `loading.load` does."""
    try:
        given = request.data
    except UnreadablePostError:
        raise ParameterError('The upload broke off.') from None
    upload = UploadSerializer(data=given)
    upload.is_valid(raise_exception=True)
    found = dict(upload.validated_data)
    return loading.load(found.pop('file'), **found)


class ColormapViewSet(WriterPermissions, viewsets.ModelViewSet[Colormap]):
    """The colour maps that are stored here, by name."""

    queryset = Colormap.objects.all()
    serializer_class = ColormapSerializer
    parser_classes = [parsers.JSONParser]
    pagination_class = None
    lookup_field = 'name'
    lookup_value_regex = '[^/]+'

    def perform_create(self, serializer: BaseSerializer[Colormap]) -> None:
        """Store a new colour map; raises a validation error for a name that was taken meanwhile."""
        _save(serializer)

    def perform_update(self, serializer: BaseSerializer[Colormap]) -> None:
        """Store a changed colour map; raises what `perform_create` does."""
        _save(serializer)


def _save(serializer: BaseSerializer[Colormap]) -> None:
    try:
        with transaction.atomic():
            serializer.save()
    except IntegrityError:
        raise ValidationError({'name': ['There is a colour map of this name.']}) from None
