"""From what an endpoint computed to an HTTP response: conditional requests, caching, headers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, cast

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_large_image import __version__
from django_large_image.conf import settings


@dataclass(frozen=True, slots=True)
class Binary:
    """Encoded bytes, or an open file that is streamed and closed, with their media type."""

    body: bytes | IO[bytes]
    media_type: str
    filename: str = ''


def make_etag(*parts: object) -> str:
    """Return a strong ETag of what decides the bytes of an answer, this package's version
    included.
    """
    text = '\x1f'.join(map(str, (__version__, *parts)))
    digest = hashlib.blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=16)
    return f'"{digest.hexdigest()}"'


def not_modified(request: Request, etag: str | None) -> HttpResponseBase | None:
    """Return the 304 of a conditional request whose ETag still holds, else None."""
    if etag is None or 'HTTP_IF_NONE_MATCH' not in request._request.META:
        return None
    if request.method not in ('GET', 'HEAD'):
        return None
    response = get_conditional_response(request._request, etag=etag)
    return response if response is not None and response.status_code == 304 else None


def make_response(payload: Any) -> HttpResponseBase:
    """Return the response of a `Binary`, or of data that DRF renders."""
    if not isinstance(payload, Binary):
        return Response(payload)
    if isinstance(payload.body, bytes):
        return HttpResponse(payload.body, content_type=payload.media_type)
    return FileResponse(payload.body, content_type=payload.media_type, filename=payload.filename)


def finish(response: HttpResponseBase, view: Any, etag: str | None) -> HttpResponseBase:
    """Set ETag and Cache-Control where the answer can be asked for again, and let go of the view
    when it has been sent.
    """
    cast(Any, response)._resource_closers.append(partial(_let_go, view))
    if etag is not None:
        response['ETag'] = etag
    control = settings.CACHE_CONTROL
    if control is None:
        # Revalidating costs a 304; a replaced file is never shown stale.
        visibility = 'public' if is_public(view) else 'private'
        control = f'{visibility}, no-cache'
    if control and not response.has_header('Cache-Control'):
        response['Cache-Control'] = control
    return response


def _let_go(view: Any) -> None:
    """Free a view and all that it holds: its response with the picture, above all.

    Views of DRF, their actions and their requests hold each other. They would stay until the
    garbage collector comes by, a dozen pictures later.
    """
    context = getattr(view.request, 'parser_context', None)
    vars(view).clear()
    if context is not None:
        context.clear()


def is_public(view: APIView) -> bool:
    """Whether anybody may see what the view shows, so that shared caches may keep it."""
    if type(view).get_permissions is APIView.get_permissions:
        return all(permission is AllowAny for permission in view.permission_classes)
    return all(type(permission) is AllowAny for permission in view.get_permissions())
