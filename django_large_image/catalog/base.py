"""What views of catalogues have in common: JSON, and errors as clients of Terracotta read them:
`{"message": ...}`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DataError, OperationalError, connections, transaction
from django.http import Http404
from rest_framework import exceptions as drf
from rest_framework import status
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_large_image.catalog.contention import BUSY, is_busy
from django_large_image.exceptions import BusyError, ParameterError
from django_large_image.rest.errors import translating
from django_large_image.rest.negotiation import NamedByURL

# Clients of Terracotta know 400, 403 and 404; a store that does not answer is none of these.
_STATUSES = {
    status.HTTP_413_REQUEST_ENTITY_TOO_LARGE: status.HTTP_400_BAD_REQUEST,
    status.HTTP_422_UNPROCESSABLE_ENTITY: status.HTTP_404_NOT_FOUND,
    status.HTTP_501_NOT_IMPLEMENTED: status.HTTP_400_BAD_REQUEST,
}


class CatalogView(APIView):
    """A view below the name of a catalogue."""

    renderer_classes = [JSONRenderer]
    content_negotiation_class = NamedByURL

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view, without a transaction (`ATOMIC_REQUESTS`): others have to see who
        measures a raster, and may not wait for it.
        """
        view = super().as_view(**initkwargs)
        for alias in connections:
            view = transaction.non_atomic_requests(alias)(view)
        return view

    def get_exception_handler(self) -> Callable[..., Response | None]:
        """Return what answers errors."""
        return answer_error


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the answer to an error, None for one that nobody expected."""
    request: Request = context['request']
    try:
        translating(request, lambda: _raise(error))
    except drf.APIException as known:
        told = known
    except Http404 as missing:
        told = drf.NotFound(str(missing) or None)
    except PermissionDenied as refused:
        told = drf.PermissionDenied(str(refused) or None)
    except Exception:  # noqa: BLE001 - it is raised again by who asks
        return None
    headers = {}
    if challenge := getattr(told, 'auth_header', None):
        headers['WWW-Authenticate'] = challenge
    if wait := getattr(told, 'wait', None):
        headers['Retry-After'] = str(math.ceil(wait))
    code = _STATUSES.get(told.status_code, told.status_code)
    return Response({'message': _text(told.detail)}, status=code, headers=headers)


def _raise(error: Exception) -> None:
    if isinstance(error, DataError):
        # Bytes that no text of the database can hold.
        raise ParameterError from error
    if isinstance(error, OperationalError) and is_busy(error):
        raise BusyError(BUSY) from error
    raise error


def _text(detail: Any) -> str:
    """Return what DRF says of an error as one text."""
    if isinstance(detail, dict):
        return ' '.join(
            _text(said) if name == 'non_field_errors' else f'{name}: {_text(said)}'
            for name, said in detail.items()
        )
    if isinstance(detail, list):
        return ' '.join(map(_text, detail))
    return str(detail)
