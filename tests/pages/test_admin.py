"""The admin's pages by Django's test client: they work whatever has become of the file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django import forms
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from django_large_image.viewers import Lookup
from django_large_image.widgets import LargeImageWidget, ModuleScript
from tests.testapp.models import ImageFile, SlugImageFile, UUIDImageFile

pytestmark = [pytest.mark.django_db, pytest.mark.urls('tests.pages.urls')]


def change(client, instance):
    name = f'admin:testapp_{instance._meta.model_name}_change'
    response = client.get(reverse(name, args=[instance.pk]))
    assert response.status_code == 200
    return response.content.decode()


def test_the_form_shows_the_picture_and_the_way_to_the_viewer(admin_client, image_file):
    instance = image_file()
    html = change(admin_client, instance)
    base = f'/api/images/{instance.pk}'
    assert f'src="{base}/data/thumbnail.png?max_width=320&amp;max_height=320"' in html
    assert f'data-metadata="{base}/info/metadata' in html
    assert f'href="/admin/testapp/imagefile/{instance.pk}/large-image/"' in html
    assert 'data-large-image="map"' in html
    size = Path(instance.file.path).stat().st_size / 1024
    assert f'{size:.1f}\xa0KB' in html
    # Django's own parts are still there.
    assert 'type="file"' in html
    assert 'name="file-clear"' in html


def test_the_form_brings_its_styles_and_its_module(admin_client, image_file):
    html = change(admin_client, image_file())
    assert '/static/django_large_image/css/summary.css' in html
    assert '<script type="module" src="/static/django_large_image/js/summary.js"></script>' in html


def test_a_missing_file_is_named_and_the_form_works(admin_client, image_file):
    instance = image_file()
    Path(instance.file.path).unlink()
    html = change(admin_client, instance)
    assert 'The file is missing from the storage.' in html
    assert 'li-viewer' not in html.split('li-summary', 1)[1].split('</form>')[0]
    assert 'type="file"' in html


def test_an_empty_field_is_an_ordinary_one(admin_client, image_file):
    html = change(admin_client, image_file(empty=True))
    assert 'type="file"' in html
    assert 'data-large-image' not in html


def test_a_route_that_does_not_exist_is_named(admin_client, image_file):
    instance = image_file(model=SlugImageFile, fields={'slug': 'a'})
    html = change(admin_client, instance)
    assert 'no-such-route' in html
    assert 'large_image_basename' in html
    assert admin_client.get('/admin/testapp/slugimagefile/').status_code == 200


def test_the_add_form_is_an_ordinary_one(admin_client):
    response = admin_client.get('/admin/testapp/imagefile/add/')
    assert response.status_code == 200
    assert b'data-large-image' not in response.content


def test_saving_keeps_and_replaces_the_file(admin_client, image_file, make_raster):
    instance = image_file()
    url = reverse('admin:testapp_imagefile_change', args=[instance.pk])
    before = instance.file.name
    assert admin_client.post(url, {'name': 'renamed', 'file': ''}).status_code == 302
    instance.refresh_from_db()
    assert (instance.name, instance.file.name) == ('renamed', before)
    upload = SimpleUploadedFile('b.tif', make_raster(name='b.tif').read_bytes())
    assert admin_client.post(url, {'name': 'renamed', 'file': upload}).status_code == 302
    instance.refresh_from_db()
    assert instance.file.name != before


def test_the_list_has_a_picture_or_a_dash(admin_client, image_file):
    instance = image_file()
    image_file(empty=True)
    html = admin_client.get('/admin/testapp/imagefile/').content.decode()
    found = re.findall(r'field-large_image_thumbnail">(.*?)</td>', html)
    assert len(found) == 2
    assert '-' in found
    (picture,) = [cell for cell in found if '<img' in cell]
    assert f'/api/images/{instance.pk}/data/thumbnail.png?max_width=160' in picture
    assert 'loading="lazy"' in picture


def test_the_list_does_not_open_a_file(admin_client, image_file):
    instance = image_file()
    Path(instance.file.path).unlink()
    assert admin_client.get('/admin/testapp/imagefile/').status_code == 200


def test_the_viewer_page(admin_client, image_file):
    instance = image_file()
    url = reverse('admin:testapp_imagefile_large_image', args=[instance.pk])
    html = admin_client.get(url).content.decode()
    config = json.loads(
        re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)[1]
    )
    assert config['urls']['tile'] == f'/api/images/{instance.pk}/tiles/{{z}}/{{x}}/{{y}}.png'
    assert f'/admin/testapp/imagefile/{instance.pk}/change/' in html


def test_the_viewer_page_without_an_image_is_not_found(admin_client, image_file):
    empty = image_file(empty=True)
    for key in (empty.pk, 12345, 'nonsense'):
        url = reverse('admin:testapp_imagefile_large_image', args=[key])
        assert admin_client.get(url).status_code == 404


def test_the_viewer_page_asks_for_the_permission_to_view(client, image_file):
    url = reverse('admin:testapp_imagefile_large_image', args=[image_file().pk])
    assert client.get(url).status_code == 302
    user = User.objects.create_user('reader', is_staff=True)
    client.force_login(user)
    assert client.get(url).status_code == 403
    user.user_permissions.add(
        Permission.objects.get(codename='view_imagefile', content_type__app_label='testapp')
    )
    assert client.get(url).status_code == 200


def test_the_widget_in_a_form_of_ones_own(image_file):
    instance = image_file(model=UUIDImageFile)

    class ImageForm(forms.ModelForm):
        class Meta:
            model = UUIDImageFile
            fields = ['file']
            widgets = {
                'file': LargeImageWidget(lookup=Lookup('uuid'), inline_viewer=False),
            }

    form = ImageForm(instance=instance)
    html = str(form['file'])
    assert f'/api/uuid/{instance.pk}/data/thumbnail.png' in html
    assert 'data-large-image="map"' not in html
    assert 'summary.js' in str(form.media)
    assert 'data-large-image' not in str(ImageForm()['file'])


def test_a_failed_upload_shows_no_summary(image_file):
    widget = LargeImageWidget()
    html = widget.render('file', SimpleUploadedFile('x.tif', b'x'))
    assert 'li-summary' not in html


def test_modules_are_listed_once():
    media = forms.Media(js=[ModuleScript('a.js')]) + forms.Media(js=[ModuleScript('a.js')])
    assert str(media).count('a.js') == 1


def test_the_title_is_escaped(admin_client, image_file):
    instance = image_file(fields={'name': '<b>bold</b>'})
    assert '<b>bold</b>' not in change(admin_client, instance)
    assert ImageFile.objects.get().name == '<b>bold</b>'
