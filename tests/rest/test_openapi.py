"""The OpenAPI document: complete, and true of what the endpoints do."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from drf_yasg import openapi
from drf_yasg.generators import OpenAPISchemaGenerator

from tests.rest import conftest


@pytest.fixture(scope='module')
def document() -> Any:
    generator = OpenAPISchemaGenerator(
        openapi.Info('Test', 'v1'), patterns=conftest.urlpatterns[:1]
    )
    return generator.get_schema(None, public=True)


def operations(document: Any) -> dict[tuple[str, str], Any]:
    return {
        (path, method): operation
        for path, item in document.paths.items()
        for method, operation in item.operations
    }


def test_every_endpoint_is_described(document: Any) -> None:
    paths = {path for path, _ in operations(document) if '/left/{id}/' in path}
    assert {path.split('{id}', 1)[1] for path in paths} == {
        '/info/metadata',
        '/info/metadata_internal',
        '/info/bands',
        '/info/band',
        '/info/frames',
        '/info/tiffdump',
        '/info/cog',
        '/info/images',
        '/info/images/{associated}.{fmt}',
        '/tiles/metadata',
        '/tiles/{z}/{x}/{y}.{fmt}',
        '/tiles/zxy/{z}/{x}/{y}',
        '/tiles/fzxy/{frame}/{z}/{x}/{y}',
        '/tiles/{z}/{x}/{y}/corners',
        '/tiles/tilejson.json',
        '/image.dzi',
        '/image.xml',
        '/image_files/{z}/{x}_{y}.{fmt}',
        '/data/thumbnail.{fmt}',
        '/data/region.{fmt}',
        '/data/pixel',
        '/data/histogram',
    }


def test_every_parameter_has_type_and_explanation(document: Any) -> None:
    for (path, method), operation in operations(document).items():
        for parameter in operation.parameters:
            if parameter.in_ == 'body':
                assert parameter.schema is not None
                continue
            assert parameter.type, (path, method, parameter.name)
            if parameter.name not in ('id', 'slug', 'project'):
                assert parameter.description, (path, method, parameter.name)


def test_parameters_carry_range_default_and_example(document: Any) -> None:
    (thumbnail,) = (
        operation
        for (path, method), operation in operations(document).items()
        if path.endswith('/left/{id}/data/thumbnail.{fmt}') and method == 'get'
    )
    named = {parameter.name: parameter for parameter in thumbnail.parameters}
    assert (named['max_width'].default, named['max_width'].minimum) == (256, 1)
    assert named['palette'].description.endswith('Example: `viridis`')
    assert named['scheme'].enum == ['linear', 'discrete']
    assert (named['fmt'].in_, named['fmt'].required) == ('path', True)
    assert 'png' in named['fmt'].enum
    assert named['band'].type == 'integer'


def test_answers_have_schemas_or_media_types(document: Any) -> None:
    for (path, method), operation in operations(document).items():
        if '/ready' in path and not path.endswith(('}',)) and '{id}/' not in path:
            continue
        ok = operation.responses['200']
        assert 'schema' in ok, (path, method)
        if ok['schema'].get('type') == 'file':
            xml = path.endswith(('image.dzi', 'image.xml'))
            assert ('image/png' in operation.produces) is not xml
            assert ('application/xml' in operation.produces) is xml
    pictures = [
        path
        for (path, _), operation in operations(document).items()
        if operation.responses['200']['schema'].get('type') == 'file'
    ]
    assert any(path.endswith('tiles/{z}/{x}/{y}.{fmt}') for path in pictures)


def test_errors_are_described(document: Any) -> None:
    (tile,) = (
        operation
        for (path, method), operation in operations(document).items()
        if path.endswith('/left/{id}/tiles/{z}/{x}/{y}.{fmt}') and method == 'get'
    )
    assert {'304', '400', '403', '404', '413', '422', '503'} <= set(tile.responses)


def test_a_style_in_the_body_is_described(document: Any) -> None:
    (tile,) = (
        operation
        for (path, method), operation in operations(document).items()
        if path.endswith('/left/{id}/tiles/{z}/{x}/{y}.{fmt}') and method == 'post'
    )
    (body,) = (parameter for parameter in tile.parameters if parameter.in_ == 'body')
    assert body.schema.example['bands']


def test_package_level_views(client: Client, admin_client: Client) -> None:
    sources = client.get('/api/large-image/sources').json()
    assert {'raster', 'gdal'} <= set(sources)
    assert 'multi' not in sources
    palettes = client.get('/api/large-image/colormaps').json()
    assert 'viridis' in palettes['matplotlib']
    assert palettes['simple']
    formats = client.get('/api/large-image/formats').json()
    assert (formats['PNG'], formats['JPG']) == ('image/png', 'image/jpeg')
    assert client.get('/api/large-image/settings').status_code == 403
    known = admin_client.get('/api/large-image/settings').json()
    assert known['MAX_SMALL_IMAGE_SIZE'] == 8192
    assert known['AUTO_SET'] is True


def test_what_has_to_be_given_has_an_example_to_try(document: Any) -> None:
    for (path, method), operation in operations(document).items():
        for parameter in operation.parameters:
            if parameter.in_ == 'body' or not parameter.required:
                continue
            if parameter.name in ('id', 'slug', 'project', 'associated'):
                continue
            known = 'x-example' in parameter or 'enum' in parameter
            assert known, (path, method, parameter.name)
