"""The globe in a real browser, drawn by software: colours where the image lies, nothing refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.pages.conftest import BLUE, GREEN, RED, YELLOW

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls('tests.pages.urls'),
]

POINT = """([x, y]) => {
    const { widget, Cesium } = document.querySelector('.li-viewer').largeImage.viewer;
    const place = Cesium.Cartesian3.fromDegrees(x, y);
    const point = Cesium.SceneTransforms.worldToWindowCoordinates(widget.scene, place);
    const box = widget.canvas.getBoundingClientRect();
    return [box.left + point.x, box.top + point.y];
}"""
LOADED = """() => {
    const { viewer, controls, image } = document.querySelector('.li-viewer').largeImage;
    viewer.scene.requestRender();
    // The base map and the present style: what was before is gone.
    const alone = viewer.scene.imageryLayers.length === viewer.layers.length + 1;
    return alone && viewer.url === image.tileUrl(controls.style) && viewer.scene.globe.tilesLoaded;
}"""


def colors(window, places):
    window.page.wait_for_function(LOADED, polling=200)
    points = [window.page.evaluate(POINT, list(place)) for place in places]
    shown = window.pixels()
    return [tuple(int(value) for value in shown[round(y), round(x)]) for x, y in points]


def near(found, expected, tolerance=12):
    assert np.abs(np.array(found, int) - np.array(expected, int)).max() <= tolerance, found


@pytest.mark.usefixtures('cesium')
@pytest.mark.parametrize('west', [10, 178])
def test_the_image_is_draped_over_the_globe(visit, quarters, west):
    window = visit(width=800, height=600)
    instance = quarters(epsg=4326, bounds=(west, 40, west + 4, 44))
    page = window.open(f'/images/{instance.pk}/globe/')
    assert window.state() == 'ready', window.notice()
    places = [(west + 1, 43), (west + 3, 43), (west + 1, 41), (west + 3, 41)]
    near(colors(window, places), [RED, GREEN, BLUE, YELLOW])
    page.locator('[data-li=palette]').select_option('red')
    found = colors(window, places)
    assert max(max(color[1:]) for color in found) < 12, found


@pytest.mark.usefixtures('cesium')
def test_values_are_read_from_the_globe_by_keyboard(visit, quarters):
    window = visit(width=800, height=600)
    page = window.open(f'/images/{quarters(epsg=4326, bounds=(10, 40, 14, 44)).pk}/globe/')
    page.locator('.cesium-widget canvas').focus()
    page.keyboard.press('Enter')
    readout = page.locator('[data-li=readout]')
    readout.filter(has_text='—').wait_for()
    assert '° N, ' in readout.inner_text()


@pytest.mark.usefixtures('cesium')
def test_an_image_without_a_place_says_so(visit, quarters):
    window = visit()
    window.open(f'/images/{quarters().pk}/globe/')
    assert 'no place on Earth' in window.notice()


def test_a_missing_cesium_says_what_to_do(visit, quarters, settings):
    settings.LARGE_IMAGE = {'CESIUM_URL': '/static/nowhere/'}
    window = visit()
    window.open(f'/images/{quarters(epsg=4326, bounds=(10, 40, 14, 44)).pk}/globe/')
    assert "LARGE_IMAGE['CESIUM_URL']" in window.notice()
    assert '/static/nowhere/' in window.notice()
