"""Views beside the images: what this installation can open and write, and how it is set up."""

from __future__ import annotations

import dataclasses
import os

from django.http import HttpResponse
from rest_framework.permissions import AllowAny, IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_large_image import metrics
from django_large_image.conf import settings
from django_large_image.pixels import palettes
from django_large_image.pixels.formats import FORMATS
from django_large_image.rest.negotiation import NamedByURL
from django_large_image.rest.openapi import described, json_object
from django_large_image.sources.opening import available_sources


class ListTileSourcesView(APIView):
    """The tile sources that `source=` may name."""

    permission_classes = (AllowAny,)

    @described('Tile sources', json_object(raster='string'))
    def get(self, request: Request) -> Response:
        """Return the name and a description of each source that is installed and allowed."""
        return Response(
            {
                name: (source.__doc__ or name).strip().splitlines()[0]
                for name, source in available_sources().items()
            }
        )


class ListColormapsView(APIView):
    """The palettes that `palette=` may name."""

    permission_classes = (AllowAny,)

    @described('Palettes', json_object(matplotlib='array', palettable='array', simple='array'))
    def get(self, request: Request) -> Response:
        """Return the names of all palettes by the library they come from."""
        return Response(palettes.names())


class ListAvailableFormatsView(APIView):
    """The formats that a URL may end in."""

    permission_classes = (AllowAny,)

    @described('Formats', json_object(PNG='string'))
    def get(self, request: Request) -> Response:
        """Return the media type of each suffix, the suffixes in upper case."""
        return Response({suffix.upper(): output.media_type for suffix, output in FORMATS.items()})


class SettingsView(APIView):
    """The settings in force, for staff."""

    permission_classes = (IsAdminUser,)

    @described('Settings in force', json_object(MAX_SMALL_IMAGE_SIZE='integer', AUTO_SET='boolean'))
    def get(self, request: Request) -> Response:
        """Return every setting of `LARGE_IMAGE`, defaults included; none of them is a secret."""
        return Response(dataclasses.asdict(settings.current()))


class MetricsView(APIView):
    """The counters of the process that answers, as Prometheus reads them; for staff.

    It is in no `urls.py` of ours: mount it where your monitoring may reach it.
    """

    permission_classes = (IsAdminUser,)
    # Prometheus accepts media types that no renderer has.
    content_negotiation_class = NamedByURL
    swagger_schema = None

    def get(self, request: Request) -> HttpResponse:
        """Return the text format 0.0.4; the label `pid` tells the workers of a server apart."""
        text = metrics.exposition({'pid': str(os.getpid())})
        if not settings.METRICS:
            text += '# Requests are not counted: the setting METRICS is off.\n'
        return HttpResponse(text, content_type=metrics.MEDIA_TYPE)
