"""OpenAPI of the views of catalogues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_yasg import openapi

from django_large_image.rest.openapi import json_object, operation

F = TypeVar('F', bound=Callable[..., Any])

_MESSAGE = json_object(message='string')
ERRORS = {
    '400': openapi.Response('The request makes no sense.', _MESSAGE),
    '403': openapi.Response('Permissions refuse it.', _MESSAGE),
    '404': openapi.Response('There is no such catalogue or dataset.', _MESSAGE),
    '503': openapi.Response('A store or the database is busy: ask again.', _MESSAGE),
}


def documented(
    summary: str, answer: openapi.Schema, *parameters: openapi.Parameter, **more: Any
) -> Callable[[F], F]:
    """Describe a method that answers JSON."""
    return operation(
        operation_summary=summary,
        manual_parameters=list(parameters),
        responses={'200': openapi.Response(summary, answer), **ERRORS},
        **more,
    )
