"""The one table from errors to HTTP statuses."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.http import Http404
from large_image.exceptions import (
    TileGeneralError,
    TileSourceFileNotFoundError,
    TileSourceXYZRangeError,
)
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from django_large_image import exceptions

logger = logging.getLogger(__name__)
T = TypeVar('T')

STATUSES: dict[type[exceptions.LargeImageError], int] = {
    exceptions.ParameterError: status.HTTP_400_BAD_REQUEST,
    exceptions.OutsideError: status.HTTP_404_NOT_FOUND,
    exceptions.MissingError: status.HTTP_404_NOT_FOUND,
    exceptions.BudgetError: status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    exceptions.UnreadableError: status.HTTP_422_UNPROCESSABLE_ENTITY,
    exceptions.UnsupportedError: status.HTTP_501_NOT_IMPLEMENTED,
    exceptions.BusyError: status.HTTP_503_SERVICE_UNAVAILABLE,
}
RETRY_AFTER = 5
# Errors of large-image that a developer's own hooks may raise.
_FOREIGN: tuple[tuple[type[Exception], type[exceptions.LargeImageError]], ...] = (
    (TileSourceXYZRangeError, exceptions.OutsideError),
    (TileSourceFileNotFoundError, exceptions.UnreadableError),
    (TileGeneralError, exceptions.UnreadableError),
    (MemoryError, exceptions.BudgetError),
    # JSON of too many levels in the body.
    (RecursionError, exceptions.ParameterError),
)


class ImageAPIException(APIException):
    """An error of ours as DRF renders it: `{"detail": ...}` with the status of the table."""

    def __init__(self, error: exceptions.LargeImageError) -> None:
        super().__init__(
            detail=error.detail, code=type(error).__name__.removesuffix('Error').lower()
        )
        self.status_code = status_of(error)
        if self.status_code == status.HTTP_503_SERVICE_UNAVAILABLE:
            # DRF makes Retry-After of it.
            self.wait = RETRY_AFTER


def status_of(error: exceptions.LargeImageError) -> int:
    """Return the HTTP status of an error of ours."""
    return next(
        (code for kind, code in STATUSES.items() if isinstance(error, kind)),
        status.HTTP_500_INTERNAL_SERVER_ERROR,
    )


def translating(request: Request, serve: Callable[[], T]) -> T:
    """Return what `serve` does; errors of the floors below become DRF's, wherever the mixin stands
    in the MRO.

    Whatever the error, it is answered in JSON, to a browser too.
    """
    try:
        return serve()
    except (APIException, Http404, PermissionDenied):
        _answer_in_json(request)
        raise
    except exceptions.LargeImageError as error:
        _answer_in_json(request)
        raise ImageAPIException(error) from error
    except tuple(kind for kind, _ in _FOREIGN) as error:
        logger.info('An image could not be served: %s', error)
        _answer_in_json(request)
        ours = next(ours for kind, ours in _FOREIGN if isinstance(error, kind))
        raise ImageAPIException(ours()) from error


def _answer_in_json(request: Request) -> None:
    request.accepted_renderer = JSONRenderer()
    request.accepted_media_type = JSONRenderer.media_type
