"""What the pages say of the small project, tried on it."""

from __future__ import annotations

import hashlib
import json
import sys

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings
from django.urls import include, path
from rest_framework.routers import SimpleRouter
from rest_framework.test import APIRequestFactory

MODULE = sys.modules[__name__]
urlpatterns = []


@pytest.fixture
def registered(settings):
    """Register viewsets under their names for one test: `registered(maps=MapViewSet)`."""

    def register(**viewsets):
        router = SimpleRouter()
        for name, viewset in viewsets.items():
            router.register(name, viewset, basename=name)
        MODULE.urlpatterns = router.urls
        settings.ROOT_URLCONF = __name__

    yield register
    MODULE.urlpatterns = []


def test_the_checks_find_nothing():
    call_command('check', fail_level='WARNING')


@pytest.mark.parametrize(
    ('address', 'media_type'),
    [
        ('info/metadata/', 'application/json'),
        ('data/thumbnail.png/', 'image/png'),
        ('tiles/0/0/0.png/?projection=EPSG:3857', 'image/png'),
        ('data/pixel/?left=10&top=10', 'application/json'),
        ('data/thumbnail.png/?band=1&palette=viridis', 'image/png'),
        ('data/region.tif/?left=-112.15&right=-112.1&bottom=39.76&top=39.8', 'image/tiff'),
        ('data/histogram/', 'application/json'),
    ],
)
def test_getting_started_and_readme(images, client, address, media_type):
    response = client.get(f'/api/images/{images[0].pk}/{address}')
    assert response.status_code == 200
    assert response['Content-Type'] == media_type
    assert response.getvalue()


def test_ready_made(images, client, registered):
    from gallery.ready_made import ReadyMadeViewSet

    registered(ready=ReadyMadeViewSet)
    assert [entry['name'] for entry in client.get('/ready/').json()] == ['map.tif', 'plain.tif']
    assert client.get(f'/ready/{images[0].pk}/tiles/0/0/0.png/').status_code == 200


def test_a_viewset_without_a_model(folder, client, registered, monkeypatch):
    from gallery import hooks

    monkeypatch.setitem(hooks.MAPS, 'relief', folder / 'map.tif')
    registered(maps=hooks.MapViewSet)
    assert client.get('/maps/tiles/0/0/0.png/?map=relief').status_code == 200
    assert client.get('/maps/tiles/0/0/0.png/?map=other').status_code == 404


def test_files_beside_the_database(folder, images, client, registered, monkeypatch):
    from gallery.hooks import ScanViewSet

    (folder / 'map.tif').rename(folder / f'{images[0].pk}.tif')
    monkeypatch.setattr(ScanViewSet, 'folder', folder)
    registered(scans=ScanViewSet)
    assert client.get(f'/scans/{images[0].pk}/info/metadata/').json()['geospatial'] is True
    assert client.get(f'/scans/{images[1].pk}/info/metadata/').status_code == 422
    assert client.get('/scans/99/info/metadata/').status_code == 404


def test_a_style_of_its_own(images, client, registered):
    from gallery.hooks import ElevationViewSet

    registered(heights=ElevationViewSet)
    address = f'/heights/{images[0].pk}/data/pixel/?left=0&top=0'
    assert client.get(address).json()['b'] > 100  # the sea of the palette "terrain"
    assert client.get(f'{address}&band=1&palette=gray').json()['b'] == 0


def test_an_action_of_its_own(images, client, registered):
    from gallery.hooks import CentreViewSet

    registered(images=CentreViewSet)
    x, y = client.get(f'/images/{images[0].pk}/centre/').json()['centre']
    assert (x, y) == (pytest.approx(-112.08, abs=0.01), pytest.approx(39.8, abs=0.01))
    assert client.get(f'/images/{images[1].pk}/centre/').json() == {'centre': None}


def test_pixels_that_depend_on_the_user(images, client, admin_client, registered):
    from gallery.hooks import DraftViewSet

    registered(drafts=DraftViewSet)
    address = f'/drafts/{images[0].pk}/data/thumbnail.png/'
    seen = [one.get(address) for one in (client, admin_client, client)]
    assert seen[0].content == seen[2].content != seen[1].content
    assert seen[0]['ETag'] == seen[2]['ETag'] != seen[1]['ETag']


def test_the_admin(images, admin_client):
    page = admin_client.get('/admin/gallery/image/').content.decode()
    assert f'/api/images/{images[0].pk}/data/thumbnail.png' in page
    page = admin_client.get(f'/admin/gallery/image/{images[0].pk}/change/').content.decode()
    assert 'data-large-image="map"' in page
    assert f'/admin/gallery/image/{images[0].pk}/large-image/' in page
    assert admin_client.get(f'/admin/gallery/image/{images[0].pk}/large-image/').status_code == 200


def test_the_form(images):
    from gallery.forms import ImageForm

    page = str(ImageForm(instance=images[0]))
    assert f'/api/images/{images[0].pk}/info/metadata/' in page
    assert 'summary.css' in str(ImageForm().media)


def test_the_page(images):
    from gallery.views import ImagePage

    response = ImagePage.as_view()(RequestFactory().get('/'), pk=images[0].pk)
    page = response.render().content.decode()
    assert page.count('data-large-image="map"') == 1
    assert page.count('data-large-image="zoom"') == 1
    assert page.count('data-large-image="globe"') == 1
    assert 'max_width=320' in page
    assert f'<code>/api/images/{images[0].pk}/tiles/{{z}}/{{x}}/{{y}}.png/</code>' in page


def test_deep_zoom(images, client):
    descriptor = f'/api/images/{images[0].pk}/image.dzi/'
    assert b'Overlap="1" TileSize="254"' in client.get(descriptor).content
    given = {'tile_size': 510, 'overlap': 0, 'fmt': 'png'}
    assert b'Format="png" Overlap="0" TileSize="510"' in client.get(descriptor, given).content
    tile = f'/api/images/{images[0].pk}/image_files/0/0_0.png/'
    assert client.get(tile, given)['Content-Type'] == 'image/png'


def test_a_whole_page(images):
    page = render_to_string('gallery/page.html', {'object': images[0]})
    assert '<a href="/">All images</a>' in page
    assert 'data-large-image="map"' in page


def test_other_lookups(images, settings):
    from gallery.viewsets import ImageViewSet

    class ByName(ImageViewSet):
        lookup_field = 'slug'

    class OfPage(ImageViewSet):
        pass

    by_name, of_page = SimpleRouter(), SimpleRouter()
    by_name.register('images', ByName, basename='image')
    of_page.register('images', OfPage, basename='page-image')
    MODULE.urlpatterns = [
        path('reports/', include((by_name.urls, 'reports'))),
        path('pages/<int:page_pk>/', include(of_page.urls)),
    ]
    settings.ROOT_URLCONF = __name__
    images[0].slug = 'a-slug'
    page = render_to_string('gallery/reports.html', {'object': images[0]})
    assert '/reports/images/a-slug/tiles/{z}/{x}/{y}.png/' in page
    assert f'/pages/7/images/{images[0].pk}/tiles/{{z}}/{{x}}/{{y}}.png/' in page


def test_checksums():
    from gallery.scan_serializers import ScanSerializer
    from gallery.scans import Scan

    assert Scan.check() == []
    data = {'file': SimpleUploadedFile('a.tif', b'bytes'), 'sha256': 'f' * 64}
    serializer = ScanSerializer(data=data)
    assert not serializer.is_valid()
    assert 'as declared' in str(serializer.errors)
    digest = hashlib.sha256(b'bytes').hexdigest()
    assert ScanSerializer(data={**data, 'sha256': digest}).is_valid()


@override_settings(ROOT_URLCONF='swagger')
def test_swagger(client):
    assert client.get('/swagger/').status_code == 200
    assert client.get('/redoc/').status_code == 200
    assert client.get('/swagger.json').json()['swagger'] == '2.0'


def test_the_settings(client, db, admin_client):
    found = admin_client.get('/api/large-image/settings').json()
    assert (found['CACHE_NAME'], found['TILE_CACHE_TIMEOUT']) == ('tiles', 86400)
    assert client.get('/api/large-image/settings').status_code == 403


def test_the_styles(folder):
    """Each is accepted, and shows something; the samples themselves are not needed for that."""
    import styles
    from rest_framework.viewsets import ViewSet

    from django_large_image.rest import LargeImageMixin
    from tests import factories

    names = [
        'coastal',
        'blue',
        'green',
        'red',
        'near infrared',
        'short-wave infrared 1',
        'short-wave infrared 2',
    ]
    bands = factories.gradient(64, 64, 7)
    factories.raster(folder / 'bands.tif', bands, descriptions=names)
    factories.multiframe(folder / 'frames.tif', [factories.gradient(64, 64)] * 3)

    class Samples(LargeImageMixin, ViewSet):
        def get_path(self, request, pk=None):
            return folder / request.query_params['sample']

    view = Samples.as_view({'get': 'thumbnail'})
    for name, (_, given) in styles.STYLES.items():
        query = {key: json.dumps(v) if key == 'style' else v for key, v in given.items()}
        sample = 'frames.tif' if name == 'frame' else 'bands.tif'
        response = view(APIRequestFactory().get('/', {**query, 'sample': sample}), fmt='png')
        assert response.status_code == 200, (name, getattr(response, 'data', None))
