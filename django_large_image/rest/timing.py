"""What is told and counted of an answer: the header `Server-Timing`, the counters of `metrics`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.views import APIView

from django_large_image import metrics
from django_large_image.conf import settings
from django_large_image.metrics import Timings, timed
from django_large_image.rest.errors import translating


def observed(
    endpoint: str, view: APIView, request: Request, serve: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Return the answer of `serve`, timed and counted as the settings ask; errors become DRF's."""
    with timed() as timings:
        try:
            response = translating(request, serve)
        except Exception as error:
            timings.seconds['total'] = timings.total()
            if settings.METRICS:
                metrics.count(endpoint, 'json', _status(view, request, error), 0, timings)
            raise
    timings.seconds['total'] = timings.total()
    # A client would change the headers of what it keeps.
    if settings.SERVER_TIMING and response.status_code != status.HTTP_304_NOT_MODIFIED:
        response['Server-Timing'] = server_timing(timings)
    if settings.METRICS:
        _when_rendered(response, functools.partial(_count, endpoint, request, timings))
    return response


def _when_rendered(response: Any, call: Callable[[Any], None]) -> None:
    if getattr(response, 'is_rendered', True):
        call(response)
    else:
        response.add_post_render_callback(call)


def _count(endpoint: str, request: Request, timings: Timings, response: Any) -> None:
    size = 0 if request.method == 'HEAD' else _size(response)
    metrics.count(endpoint, _format(response), response.status_code, size, timings)


def server_timing(timings: Timings) -> str:
    """Return the stages in milliseconds, as https://www.w3.org/TR/server-timing/ has them."""
    entries = []
    for name, seconds in timings.seconds.items():
        how = timings.outcomes.get(name)
        described = f';desc="{how}"' if how else ''
        entries.append(f'{name}{described};dur={1000 * seconds:.3f}')
    return ', '.join(entries)


def _size(response: Any) -> int:
    if response.streaming:
        return int(response.get('Content-Length', 0))
    return len(response.content)


def _format(response: HttpResponseBase) -> str:
    """Return `png` for `image/png`."""
    return str(response.get('Content-Type', '')).partition(';')[0].rpartition('/')[2]


def _status(view: APIView, request: Request, error: Exception) -> int:
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        header = view.get_authenticate_header(request)
        return status.HTTP_401_UNAUTHORIZED if header else status.HTTP_403_FORBIDDEN
    if isinstance(error, Http404):
        return status.HTTP_404_NOT_FOUND
    if isinstance(error, PermissionDenied):
        return status.HTTP_403_FORBIDDEN
    return getattr(error, 'status_code', status.HTTP_500_INTERNAL_SERVER_ERROR)
