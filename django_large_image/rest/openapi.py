"""OpenAPI of the endpoints, made from the serializers that validate them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_yasg import openapi
from drf_yasg.utils import swagger_auto_schema
from rest_framework import serializers

from django_large_image.rest.parameters import Parameters

_TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], str], ...] = (
    (serializers.BooleanField, openapi.TYPE_BOOLEAN),
    (serializers.IntegerField, openapi.TYPE_INTEGER),
    (serializers.FloatField, openapi.TYPE_NUMBER),
)
_ERROR = openapi.Schema(
    type=openapi.TYPE_OBJECT,
    properties={'detail': openapi.Schema(type=openapi.TYPE_STRING, description='What is wrong.')},
)
_ERRORS = {
    400: 'A parameter is malformed or makes no sense for this image.',
    403: 'The permissions of the viewset refuse the image.',
    404: 'There is no such image, tile or part.',
    413: 'More pixels than the settings allow.',
    422: 'The stored file is missing, damaged, or no raster of an allowed kind.',
    503: 'A remote store did not answer in time; Retry-After says when to try again.',
}
F = TypeVar('F', bound=Callable[..., Any])
PNG_MEDIA = 'image/png'
_PICTURES = (PNG_MEDIA, 'image/jpeg', 'image/webp', 'image/tiff')


def documented(
    function: Callable[..., Any],
    table: type[Parameters],
    path: str,
    *,
    summary: str,
    answer: openapi.Schema | None,
    media_type: str | None,
    methods: tuple[str, ...],
) -> Callable[..., Any]:
    """Attach the operation of an endpoint to its view function; no `answer` means a picture, or
    a file of `media_type`.
    """
    parameters = parameters_of(table, path)
    binary = answer is None
    responses: dict[int, Any] = {
        200: openapi.Response(
            'The picture.' if binary and media_type is None else summary,
            openapi.Schema(type=openapi.TYPE_FILE) if binary else answer,
        ),
        304: 'Not changed since the ETag in If-None-Match.',
    }
    responses.update({code: openapi.Response(text, _ERROR) for code, text in _ERRORS.items()})
    common: dict[str, Any] = {
        'operation_summary': summary,
        'operation_description': function.__doc__ or summary,
        'manual_parameters': parameters,
        'responses': responses,
        # A list action would otherwise be given filters and pages.
        'filter_inspectors': [],
        'paginator_inspectors': [],
    }
    if binary:
        common['produces'] = [*([media_type] if media_type else _PICTURES), 'application/json']
    for method in methods:
        extra: dict[str, Any] = {}
        if method == 'post':
            extra['request_body'] = openapi.Schema(
                type=openapi.TYPE_OBJECT,
                description='A style of large-image, instead of the parameter `style`.',
                example={'bands': [{'band': 1, 'palette': ['#000', '#f00']}]},
            )
            extra['consumes'] = ['application/json']
        function = swagger_auto_schema(method=method, **common, **extra)(function)
    return function


def operation(**described: Any) -> Callable[[F], F]:
    """Attach an operation to a method of a view, as drf-yasg describes it."""
    decorate: Callable[[F], F] = swagger_auto_schema(**described)
    return decorate


def parameters_of(table: type[Parameters], path: str = '') -> list[openapi.Parameter]:
    """Return the parameters of a table as OpenAPI has them."""
    return [
        _parameter(name, field, in_path=f'(?P<{name}>' in path)
        for name, field in table._declared_fields.items()
    ]


def _parameter(
    name: str, field: serializers.Field[Any, Any, Any, Any], *, in_path: bool
) -> openapi.Parameter:
    kind = next((name for cls, name in _TYPES if isinstance(field, cls)), openapi.TYPE_STRING)
    extra: dict[str, Any] = {}
    for source, target in (('min_value', 'minimum'), ('max_value', 'maximum')):
        value = getattr(field, source, None)
        if value is not None and abs(value) <= 2**31:
            extra[target] = value
    hints = dict(field.style)
    choices = list(getattr(field, 'choices', None) or hints.get('enum', ()))
    default = field.default if field.default is not serializers.empty else None
    text = str(field.help_text or '')
    if 'example' in hints:
        if in_path or field.required:
            extra['x_example'] = hints['example']
        else:
            # Swagger UI would fill in the example of what had better be left out.
            text = f'{text} Example: `{hints["example"]}`'
    return openapi.Parameter(
        name,
        openapi.IN_PATH if in_path else openapi.IN_QUERY,
        description=text,
        required=in_path or field.required,
        type=kind,
        enum=choices or None,
        default=None if in_path else default,
        **extra,
    )


def described(summary: str, answer: openapi.Schema) -> Callable[[F], F]:
    """Document a method of a plain view."""
    return operation(operation_summary=summary, responses={200: answer})


def json_object(**properties: str) -> openapi.Schema:
    """Return the schema of a JSON object with properties of these types (`number`, `string`,
    `object`, ...).
    """
    return openapi.Schema(
        type=openapi.TYPE_OBJECT,
        properties={
            name: openapi.Schema(
                type=kind,
                **(
                    {'items': openapi.Schema(type=openapi.TYPE_OBJECT)}
                    if kind == openapi.TYPE_ARRAY
                    else {}
                ),
            )
            for name, kind in properties.items()
        },
    )


def json_array(**properties: str) -> openapi.Schema:
    """Return the schema of a list of such objects."""
    return openapi.Schema(type=openapi.TYPE_ARRAY, items=json_object(**properties))
