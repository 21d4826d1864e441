"""Depth images and colour maps in the admin."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import include, path

from django_large_image.depth.models import Colormap, DepthImage
from tests.depth.served import store, upload

urlpatterns = [
    path('admin/', admin.site.urls),
    path('depth/', include('django_large_image.depth.urls')),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.depth.test_admin')]

IMAGES, COLORMAPS = (f'/admin/large_image_depth/{name}/' for name in ('depthimage', 'colormap'))


def form(**values: Any) -> dict[str, Any]:
    """The fields of an upload as a browser sends them."""
    return {'name': '', 'width': '', 'interpolation': '', **values}


def test_an_upload_becomes_an_image(admin_client: Client) -> None:
    page = admin_client.get(f'{IMAGES}add/').content.decode()
    assert 'type="file"' in page
    assert 'multipart/form-data' in page
    sent = form(file=upload(), width=10, interpolation='nearest', name='My log')
    assert admin_client.post(f'{IMAGES}add/', sent).status_code == 302
    image = DepthImage.objects.get()
    assert (image.name, image.width, image.interpolation, image.rows) == (
        *('My log', 10, 'nearest'),
        600,
    )


def test_what_is_left_out_is_that_of_the_settings(admin_client: Client) -> None:
    assert admin_client.post(f'{IMAGES}add/', form(file=upload())).status_code == 302
    image = DepthImage.objects.get()
    assert (image.name, image.width, image.interpolation) == ('log', 150, 'area')


@pytest.mark.parametrize(
    ('values', 'says'),
    [
        ({}, 'This field is required'),
        ({'content': b'depth,a\n1,2\n2,x\n'}, 'Line 3, column 2'),
        ({'content': b'1,2\n', 'width': '0'}, 'greater than or equal to 1'),
        ({'content': b'1,2\n', 'width': '100000'}, 'width has to be'),
        ({'content': b'1,2\n', 'interpolation': 'magic'}, 'valid choice'),
    ],
)
def test_a_wrong_file_is_told(admin_client: Client, values: dict[str, Any], says: str) -> None:
    sent = form(**values)
    if content := sent.pop('content', None):
        sent['file'] = SimpleUploadedFile('log.csv', content)
    page = admin_client.post(f'{IMAGES}add/', sent)
    assert page.status_code == 200
    assert says in page.content.decode()
    assert not DepthImage.objects.exists()


def test_the_list_and_the_form_show_the_image(admin_client: Client) -> None:
    image = store(name='A log')
    assert f'/depth/{image.pk}/data/thumbnail.png' in admin_client.get(IMAGES).content.decode()
    page = admin_client.get(f'{IMAGES}{image.pk}/change/').content.decode()
    assert f'/depth/{image.pk}/page/' in page
    assert '1299.5' in page
    assert 'type="file"' not in page
    assert admin_client.post(f'{IMAGES}{image.pk}/change/', {'name': 'Other'}).status_code == 302
    image.refresh_from_db()
    assert (image.name, image.rows) == ('Other', 600)
    viewer = admin_client.get(f'{IMAGES}{image.pk}/large-image/').content.decode()
    assert f'/depth/{image.pk}/tiles/' in viewer
    assert admin_client.post(f'{IMAGES}{image.pk}/delete/', {'post': 'yes'}).status_code == 302
    assert not DepthImage.objects.exists()


@pytest.mark.urls('tests.urls')
def test_a_project_without_the_addresses(admin_client: Client) -> None:
    image = store()
    assert admin_client.get(IMAGES).status_code == 200
    assert admin_client.get(f'{IMAGES}{image.pk}/change/').status_code == 200


def test_colour_maps(admin_client: Client) -> None:
    sent = {'name': 'core', 'stops': json.dumps([[0, 'black'], [1, '#ff0000']])}
    assert admin_client.post(f'{COLORMAPS}add/', sent).status_code == 302
    assert Colormap.objects.get().stops == [[0, 'black'], [1, '#ff0000']]
    page = admin_client.post(f'{COLORMAPS}add/', {'name': 'other', 'stops': '[[0, "black"]]'})
    assert '2 to 256 stops' in page.content.decode()
    assert Colormap.objects.count() == 1
