"""The example project as its visitors meet it: pages, API, upload, documentation of the API."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from core.models import ImageFile
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.urls('example_project.urls')]

WORLD = {'epsg': 4326, 'bounds': (-180, -90, 180, 90)}


@pytest.fixture
def world(image_file):
    """An image of the whole world in the example project's own model."""
    data = factories.gradient(64, 128)
    return image_file(
        data, model=ImageFile, name='world.tif', fields={'name': 'The world'}, **WORLD
    )


@pytest.fixture
def plain(image_file):
    """An image without coordinates."""
    return image_file(factories.gradient(64, 64), model=ImageFile, fields={'name': 'Plain'})


def picture(response):
    """The decoded picture of an answer."""
    assert response.status_code == 200, response.content
    return Image.open(io.BytesIO(response.content))


def test_the_list_shows_thumbnails_that_exist(client, world, plain):
    page = client.get('/').content.decode()
    sources = re.findall(r'<img[^>]* src="(/api/[^"]+)"', page)
    assert len(sources) == 2
    thumbnail = picture(client.get(sources[0].replace('&amp;', '&')))
    assert thumbnail.width == 2 * thumbnail.height
    assert 'The world' in page
    assert world.get_absolute_url() in page


def test_an_empty_list_says_what_to_do(client):
    assert 'load_samples' in client.get('/').content.decode()


def test_only_images_with_coordinates_offer_the_globe(client, world, plain):
    def offers(image):
        return f'/images/{image.pk}/globe/' in client.get(image.get_absolute_url()).content.decode()

    assert offers(world)
    assert not offers(plain)


def test_every_image_can_be_zoomed(client, world, plain):
    for image in (world, plain):
        assert f'/images/{image.pk}/zoom/' in client.get(image.get_absolute_url()).content.decode()
        page = client.get(f'/images/{image.pk}/zoom/').content.decode()
        assert 'data-large-image="zoom"' in page
        assert f'/api/images/{image.pk}/image.dzi' in page
        assert 'info.json' not in page
        page = client.get(f'/images/{image.pk}/zoom/?iiif').content.decode()
        assert f'"/iiif/3/{image.pk}/info.json"' in page
        assert client.get(f'/iiif/3/{image.pk}/info.json').json()['width'] in (64, 128)


def test_tiles_come_out_of_the_file(client, world):
    tile = picture(client.get(f'/api/images/{world.pk}/tiles/0/0/0.png?projection=EPSG:3857'))
    assert tile.size == (256, 256)
    pixels = np.asarray(tile.convert('RGB')).astype(int)
    # Red grows to the east, green to the south, blue to the west.
    assert (pixels[128, 240] - pixels[128, 16])[0] > 150
    assert (pixels[240, 128] - pixels[16, 128])[1] > 150
    assert (pixels[128, 240] - pixels[128, 16])[2] < -150


def test_strangers_read_and_do_not_write(client, world):
    assert client.get(f'/api/images/{world.pk}/').json()['name'] == 'The world'
    assert client.post('/api/images/', {'name': 'x'}).status_code == 403
    assert client.delete(f'/api/images/{world.pk}/').status_code == 403
    assert ImageFile.objects.count() == 1


def test_an_upload_is_an_image_at_once(admin_client, make_raster):
    path = make_raster(factories.gradient(32, 32))
    upload = SimpleUploadedFile('new.tif', path.read_bytes(), 'image/tiff')
    answer = admin_client.post('/api/images/', {'name': 'New', 'file': upload})
    assert answer.status_code == 201, answer.content
    thumbnail = admin_client.get(f'/api/images/{answer.json()["id"]}/data/thumbnail.png')
    assert picture(thumbnail).size == (32, 32)


def test_the_schema_has_the_tiles(client):
    schema = client.get('/swagger.json').json()
    assert '/images/{id}/tiles/{z}/{x}/{y}.{fmt}' in schema['paths']
    assert schema['basePath'] == '/api'


@pytest.mark.parametrize('path', ['/swagger/', '/redoc/'])
def test_the_documentation_of_the_api_opens(client, path):
    assert client.get(path).status_code == 200


PAGES = [
    '/',
    '/images/{}/',
    '/images/{}/globe/',
    '/images/{}/zoom/',
    '/images/{}/zoom/?iiif',
    '/swagger/',
    '/redoc/',
    '/admin/',
]
PAGES += ['/admin/large_image_depth/depthimage/add/', '/admin/large_image_depth/colormap/add/']
PAGES += ['/admin/core/imagefile/', '/admin/core/imagefile/{}/change/']


@pytest.mark.parametrize('path', PAGES)
def test_pages_take_nothing_from_elsewhere_and_run_nothing_inline(admin_client, world, path):
    response = admin_client.get(path.format(world.pk))
    assert response.status_code == 200
    page = response.content.decode()
    fetched = re.findall(r'<(?:script|img|link|iframe)\b[^>]*?(?:src|href)="([^"]*)"', page)
    assert fetched
    assert [url for url in fetched if re.match(r'\w+:|//', url) and url[:5] != 'data:'] == []
    scripts = re.findall(r'<script\b([^>]*)>', page)
    assert [tag for tag in scripts if 'src=' not in tag and 'application/json' not in tag] == []
    assert '<style' not in page
    assert re.findall(r'<[^>]+ (?:style|on\w+)="[^"]*"', page) == []


def test_the_demo_login_works(client):
    from django.core.management import call_command

    call_command('create_demo_user')
    call_command('create_demo_user')
    assert client.login(username='admin', password='admin')
