"""The paths of depth images: with rules of a project's own, and as OpenAPI lists them."""

from __future__ import annotations

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from tests.depth.served import picture, store

pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.depth.served')]


@pytest.mark.parametrize('slash', ['', '/'])
def test_a_slash_at_the_end_is_taken_or_left(client: Client, slash: str) -> None:
    image = store()
    for path in (f'{image.pk}', 'health', 'colormaps', f'{image.pk}/info/metadata'):
        assert client.get(f'/depth/{path}{slash}').status_code == 200
    assert picture(client.get(f'/depth/{image.pk}/frame.png{slash}')).shape[0] == 600
    assert picture(client.get(f'/depth/image/{image.pk}{slash}')).shape[0] == 600


def test_names() -> None:
    assert reverse('large-image-depth-list') == '/depth/'
    assert reverse('large-image-depth-detail', args=[3]) == '/depth/3'
    assert reverse('large-image-depth-page', args=[3]) == '/depth/3/page/'
    assert reverse('large-image-depth-frame', args=[3, 'png']) == '/depth/3/frame.png'
    assert reverse('large-image-depth-original', args=[3]) == '/depth/image/3'
    assert reverse('large-image-depth-health') == '/depth/health'


def test_rules_of_a_project_are_those_of_all_views(client: Client, admin_client: Client) -> None:
    image = store()
    for path in ('', f'{image.pk}/', f'{image.pk}/frame.png', f'image/{image.pk}', 'colormaps/'):
        assert client.get(f'/own/{path}').status_code == 403
        assert admin_client.get(f'/own/{path}').status_code == 200
    for path in (f'{image.pk}/page/', f'iiif/3/{image.pk}/info.json'):
        assert client.get(f'/own/{path}').status_code == 403
        assert admin_client.get(f'/own/{path}').status_code == 200
    private = admin_client.get(f'/own/{image.pk}/frame.png')
    assert private['Cache-Control'] == 'private, no-cache'
    assert client.get(f'/depth/{image.pk}/frame.png')['Cache-Control'] == 'public, no-cache'
    # Who is asked for health has no account.
    assert client.get('/own/health/').status_code == 200


def test_health(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    well = {'status': 'ok', 'cache': 'ok', 'database': 'ok'}
    answer = client.get('/depth/health/')
    assert (answer.status_code, answer.json()) == (200, well)

    def fail() -> None:
        raise OSError('gone')

    monkeypatch.setattr(connections['default'], 'cursor', fail)
    answer = client.get('/depth/health/')
    assert (answer.status_code, answer.json()['database']) == (503, 'failing')


def test_openapi(client: Client) -> None:
    paths = client.get('/swagger.json').json()['paths']
    frame = paths['/depth/{id}/frame.{fmt}']['get']
    named = {each['name']: each for each in frame['parameters']}
    assert {'depth_min', 'depth_max', 'colormap', 'width', 'interpolation'} <= named.keys()
    assert named['depth_min']['type'] == 'number'
    assert named['fmt']['in'] == 'path'
    original = paths['/depth/image/{id}']['get']
    assert 'fmt' not in {each['name'] for each in original['parameters']}
    upload = paths['/depth']['post']
    assert {each['name']: each['type'] for each in upload['parameters']}['file'] == 'file'
    assert {'/depth/{id}/tiles/{z}/{x}/{y}.{fmt}', '/depth/colormaps/{name}'} <= paths.keys()
