"""The template tags: URLs of every kind of lookup, and what the viewers are given."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from django.contrib.staticfiles import finders
from django.template import engines
from django.test import RequestFactory
from django.urls import NoReverseMatch, resolve, set_script_prefix

from django_large_image.viewers import Lookup
from tests.testapp.models import ImageFile, SlugImageFile, UUIDImageFile

pytestmark = pytest.mark.urls('tests.pages.urls')

KEY = uuid.UUID('4f7e4d1a-0000-4000-8000-00000000abcd')
NUMBERED = ImageFile(pk=7, name='Ship & sea')
LETTERED = UUIDImageFile(pk=KEY, name='U')
SLUGGED = SlugImageFile(pk=1, slug='old-map', name='S')
TAGS = ['large_image_viewer', 'large_image_zoom', 'large_image_globe']


def render(source, request=None, **context):
    template = engines['django'].from_string('{% load large_image %}' + source)
    return template.render(context, request)


def configs(html):
    found = re.findall(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    return [json.loads(text) for text in found]


def test_a_tile_url_keeps_its_placeholders():
    found = render("{% large_image_url object 'tile' %}", object=NUMBERED)
    assert found == '/api/images/7/tiles/{z}/{x}/{y}.png'


@pytest.mark.parametrize(
    ('arguments', 'instance', 'expected'),
    [
        ("'metadata'", NUMBERED, '/api/images/7/info/metadata/'),
        ("'thumbnail' fmt='webp'", NUMBERED, '/api/images/7/data/thumbnail.webp'),
        ("'region'", NUMBERED, '/api/images/7/data/region.tif'),
        ("'tile-corners'", NUMBERED, '/api/images/7/tiles/{z}/{x}/{y}/corners'),
        ("'pixel' 'uuid'", LETTERED, f'/api/uuid/{KEY}/data/pixel/'),
        ("'bands' 'nested' project=3", NUMBERED, '/api/projects/3/images/7/info/bands/'),
        ("'bands' 'space:image'", NUMBERED, '/spaced/images/7/info/bands'),
        ("'bands' lookup_value=9", NUMBERED, '/api/images/9/info/bands/'),
        ("'bands' 'one'", None, '/api/one/info/bands/'),
        (
            "'bands' basename='slug' lookup_field='slug' lookup_kwarg='key'",
            SLUGGED,
            '/api/slug/old-map/info/bands/',
        ),
    ],
)
def test_urls_of_every_lookup(arguments, instance, expected):
    found = render(f'{{% large_image_url object {arguments} %}}', object=instance)
    # Routers differ in their last slash.
    assert found.rstrip('/') == expected.rstrip('/')


def test_a_query_that_the_hooks_want_is_kept():
    source = "{% large_image_url object 'tile' query='map=relief' %}"
    assert render(source, object=NUMBERED).endswith('/tiles/{z}/{x}/{y}.png?map=relief')
    picture = render("{% large_image_thumbnail object query='map=relief' %}", object=NUMBERED)
    assert 'thumbnail.png?map=relief&amp;max_width=256&amp;max_height=256' in picture
    (config,) = configs(
        render("{% large_image_viewer object query='map=relief' %}", object=NUMBERED)
    )
    assert config['urls']['metadata'].endswith('/info/metadata?map=relief')


def test_an_unknown_route_says_which():
    with pytest.raises(NoReverseMatch, match='nothing-tile'):
        render("{% large_image_viewer object basename='nothing' %}", object=NUMBERED)


def test_the_namespace_of_the_request_is_kept():
    request = RequestFactory().get('/other/images/7/info/bands/')
    request.resolver_match = resolve('/other/images/7/info/bands/')
    found = render("{% large_image_url object 'bands' 'app:image' %}", request, object=NUMBERED)
    assert found == '/other/images/7/info/bands/'


def test_urls_follow_the_sub_path():
    set_script_prefix('/sub/')
    try:
        (config,) = configs(render('{% large_image_viewer object %}', object=NUMBERED))
    finally:
        set_script_prefix('/')
    assert config['urls']['tile'] == '/sub/api/images/7/tiles/{z}/{x}/{y}.png'
    assert config['urls']['colormaps'].startswith('/sub/')


@pytest.mark.parametrize('tag', TAGS)
def test_a_viewer_has_nothing_inline(tag):
    html = render(f'{{% {tag} object %}}', object=NUMBERED)
    assert 'Ship &amp; sea' in html
    assert not re.search(r'\son\w+=|\sstyle=|<style', html)
    scripts = re.findall(r'<script[^>]*>', html)
    assert all('src=' in script or 'application/json' in script for script in scripts)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', html)


@pytest.mark.parametrize('tag', TAGS)
def test_every_static_file_of_a_viewer_exists(tag, settings):
    html = render(f'{{% {tag} object %}}', object=NUMBERED)
    (config,) = configs(html)
    paths = re.findall(r'(?:src|href)="/static/([^"]+)"', html)
    paths += [
        config['assets'][name].removeprefix('/static/')
        for name in ('leaflet', 'openseadragon', 'land')
    ]
    assert len(paths) >= 4
    assert [path for path in paths if not finders.find(path)] == []


def test_the_configuration_of_a_viewer():
    (config,) = configs(
        render("{% large_image_viewer object height='20rem' title='T' %}", object=NUMBERED)
    )
    assert config['kind'] == 'map'
    assert (config['title'], config['height']) == ('T', '20rem')
    wanted = {'metadata', 'bands', 'frames', 'tiles-metadata', 'tile', 'pixel', 'histogram'}
    assert wanted <= set(config['urls'])


def test_the_zoom_viewer_shows_deep_zoom():
    (config,) = configs(render('{% large_image_zoom object %}', object=NUMBERED))
    assert config['kind'] == 'zoom'
    assert config['urls']['deepzoom'] == '/api/images/7/image.dzi'
    assert config['urls']['deepzoom-tile'] == '/api/images/7/image_files/{z}/{x}_{y}.png'
    assert 'iiif-info' not in config['urls']


@pytest.mark.parametrize(
    ('arguments', 'expected'),
    [
        ("iiif='iiif'", '/iiif/3/7/info.json'),
        ("iiif='iiif' lookup_value='b c'", '/iiif/3/b%20c/info.json'),
        ("iiif='iiif' identifier='scans/50%.tif'", '/iiif/3/scans%2F50%25.tif/info.json'),
    ],
)
def test_the_zoom_viewer_shows_an_iiif_service(arguments, expected):
    (config,) = configs(render(f'{{% large_image_zoom object {arguments} %}}', object=NUMBERED))
    assert config['urls']['iiif-info'] == expected


def test_an_unknown_iiif_service_says_which():
    with pytest.raises(NoReverseMatch, match='nothing-image'):
        render("{% large_image_zoom object iiif='nothing' %}", object=NUMBERED)


@pytest.mark.urls('tests.pages.bare_urls')
def test_a_project_without_the_package_level_routes_has_no_palettes():
    (config,) = configs(render('{% large_image_viewer object %}', object=NUMBERED))
    assert 'colormaps' not in config['urls']


def test_settings_reach_the_page(settings):
    settings.LARGE_IMAGE = {
        'CESIUM_URL': '/elsewhere/cesium',
        'BASEMAP_URL': '/base/{z}/{x}/{y}.png',
        'BASEMAP_ATTRIBUTION': 'Us',
    }
    (config,) = configs(render('{% large_image_globe object %}', object=NUMBERED))
    assert config['assets']['cesium'] == '/elsewhere/cesium/'
    assert config['basemap'] == {'url': '/base/{z}/{x}/{y}.png', 'attribution': 'Us'}


def test_controls_can_be_left_out():
    assert 'li-panel' in render('{% large_image_viewer object %}', object=NUMBERED)
    assert 'li-panel' not in render(
        '{% large_image_viewer object controls=False %}', object=NUMBERED
    )


def test_a_title_cannot_break_out_of_its_script():
    hostile = ImageFile(pk=1, name='</script><script>alert(1)</script>')
    html = render('{% large_image_viewer object %}', object=hostile)
    assert '<script>alert' not in html
    assert configs(html)[0]['title'] == hostile.name


def test_a_thumbnail():
    html = render('{% large_image_thumbnail object width=120 %}', object=NUMBERED)
    assert 'src="/api/images/7/data/thumbnail.png?max_width=120&amp;max_height=120"' in html
    assert 'alt="Ship &amp; sea"' in html
    assert 'loading="lazy"' in html


def test_parts_can_be_included_by_name():
    html = render(
        "{% include 'django_large_image/_include/viewer.html' with basename='uuid' %}",
        object=LETTERED,
    )
    assert configs(html)[0]['urls']['tile'] == f'/api/uuid/{KEY}/tiles/{{z}}/{{x}}/{{y}}.png'


def test_blocks_of_the_page_can_be_extended():
    html = render(
        "{% block x %}{% endblock %}{% include 'django_large_image/viewer.html' %}", object=NUMBERED
    )
    assert '<h1>Ship &amp; sea</h1>' in html
    child = engines['django'].from_string(
        "{% extends 'django_large_image/viewer.html' %}{% block heading %}Mine{% endblock %}"
    )
    assert '<h1>Mine</h1>' in child.render({'object': NUMBERED})


@pytest.mark.parametrize('name', ['geojsViewer.html', 'cesiumViewer.html'])
def test_pages_of_the_predecessor_name_their_image_themselves(name):
    html = render(f"{{% include 'django_large_image/{name}' %}}")
    (config,) = configs(html)
    assert config['legacy']
    assert config['kind'] == ('globe' if 'cesium' in name else 'map')
    assert 'js/legacy_globals.js' in html


def test_the_predecessors_part_for_change_forms():
    name = 'admin/django_large_image/_include/geojs.html'
    (config,) = configs(render(f"{{% include '{name}' %}}", original=LETTERED))
    assert config['imageId'] == str(KEY)
    assert configs(render(f"{{% include '{name}' %}}", original=ImageFile())) == []


def test_a_lookup_without_an_object_leaves_the_key_out():
    assert Lookup(extra={'project': 3}).kwargs(None) == {'project': 3}
    assert Lookup(field='slug', kwarg='name').kwargs(SLUGGED) == {'name': 'old-map'}
