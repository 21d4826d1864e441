"""The 2D viewer in a real browser: what it shows is compared with what the image holds."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests import factories
from tests.pages.conftest import BLUE, GREEN, RED, YELLOW
from tests.testapp.models import UUIDImageFile

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls('tests.pages.urls'),
]

ITALY = {'epsg': 4326, 'bounds': (10, 40, 14, 44)}
PLACES = [(11, 43), (13, 43), (11, 41), (13, 41)]


def near(found, expected, tolerance=6):
    difference = np.abs(np.array(found, int) - np.array(expected, int)).max()
    assert difference <= tolerance, f'{found} is not {expected}'


def choose(page, part, value):
    page.locator(f'[data-li={part}]').select_option(value)


def test_a_geospatial_image_lies_where_it_belongs(visit, quarters):
    window = visit()
    window.open(f'/images/{quarters(**ITALY).pk}/')
    window.settle()
    near(window.at(*PLACES), [RED, GREEN, BLUE, YELLOW])
    # Beside it: the land and the sea of the base map, not the image.
    (outside,) = window.at((9.9, 42))
    assert max(outside) - min(outside) < 40
    assert min(outside) > 150


def test_an_image_in_utm_too(visit, quarters):
    window = visit()
    window.open(
        f'/images/{quarters(epsg=32633, bounds=(400_000, 5_000_000, 500_000, 5_100_000)).pk}/'
    )
    window.settle()
    # Quarters of 50 km; the central meridian of zone 33 is 15 degrees east.
    near(window.at((14.05, 45.85), (14.68, 45.85), (14.05, 45.38), (14.68, 45.38)),
         [RED, GREEN, BLUE, YELLOW])  # fmt: skip


@pytest.mark.parametrize('bounds', [(170, -10, 190, 10), (-190, -10, -170, 10)])
def test_an_image_across_the_antimeridian_is_whole(visit, quarters, bounds):
    window = visit()
    page = window.open(f'/images/{quarters(epsg=4326, bounds=bounds).pk}/')
    window.settle()
    west = page.evaluate("document.querySelector('.li-viewer').largeImage.image.bounds.west")
    near(
        window.at((west + 5, 5), (west + 15, 5), (west + 5, -5), (west + 15, -5)),
        [RED, GREEN, BLUE, YELLOW],
    )


def test_an_image_of_the_whole_world_has_no_edge(visit, quarters):
    window = visit(width=1400)
    window.open(f'/images/{quarters(epsg=4326, bounds=(-180, -90, 180, 90)).pk}/')
    window.settle()
    near(window.at((-90, 40), (90, 40), (-90, -40)), [RED, GREEN, BLUE])


def test_an_image_without_a_place_is_shown_in_its_pixels(visit, quarters):
    window = visit()
    page = window.open(f'/images/{quarters(size=700).pk}/')
    window.settle()
    near(
        window.at((175, 175), (525, 175), (175, 525), (525, 525)),
        [RED, GREEN, BLUE, YELLOW],
    )
    # Nothing of a tile shows beyond the last row and column.
    ground = window.pixels()[690, 500]
    near(window.at((705, 100), (100, 705), (-5, 100)), [ground] * 3, 3)
    assert page.locator('.leaflet-control-scale').count() == 0


def test_a_tiny_image_is_magnified_without_a_blur(visit, image_file):
    data = np.zeros((3, 2, 3), 'uint8')
    data[0, 0], data[2, 1] = 255, 255
    window = visit()
    window.open(f'/images/{image_file(data).pk}/')
    window.settle()
    near(window.at((0.5, 0.9), (2.5, 0.9), (1.5, 1.1)), [(255, 0, 0), (255, 0, 0), (0, 0, 255)], 8)


def test_a_band_and_a_palette(visit, quarters):
    window = visit()
    page = window.open(f'/images/{quarters(**ITALY).pk}/')
    choose(page, 'mode', '2')
    page.locator('[data-li=min]').fill('0')
    page.locator('[data-li=max]').fill('200')
    page.locator('[data-li=max]').press('Enter')
    choose(page, 'palette', 'green')
    window.settle()
    expected = [
        (0, min(round(color[1] / 200 * 128), 128), 0) for color in (RED, GREEN, BLUE, YELLOW)
    ]
    near(window.at(*PLACES), expected)
    page.locator('[data-li=reset]').click()
    window.settle()
    near(window.at(*PLACES), [RED, GREEN, BLUE, YELLOW])


def test_a_palette_alone_takes_the_first_band(visit, quarters):
    window = visit()
    page = window.open(f'/images/{quarters(**ITALY).pk}/')
    choose(page, 'palette', 'red')
    window.settle()
    assert page.locator('[data-li=mode]').input_value() == '1'
    found = window.at(*PLACES)
    assert [color[1:] for color in found] == [(0, 0)] * 4
    assert found[3][0] > found[0][0] > found[1][0]


def test_a_composite_swaps_bands(visit, quarters):
    window = visit()
    page = window.open(f'/images/{quarters(**ITALY).pk}/')
    choose(page, 'mode', 'composite')
    choose(page, 'red', '3')
    choose(page, 'blue', '1')
    page.locator('[data-li=min]').fill('0')
    page.locator('[data-li=max]').fill('255')
    page.locator('[data-li=max]').press('Enter')
    window.settle()
    near(window.at(*PLACES), [color[::-1] for color in (RED, GREEN, BLUE, YELLOW)])


def test_the_sliders_set_the_range(visit, quarters):
    window = visit()
    page = window.open(f'/images/{quarters(**ITALY).pk}/')
    choose(page, 'mode', '1')
    page.locator('[data-li=low]').focus()
    for _ in range(3):
        page.keyboard.press('PageUp')
    window.settle()
    low = float(page.locator('[data-li=min]').input_value())
    assert low > 40
    # Darker than the lower end is black, the highest value stays white.
    near(window.at(PLACES[1], PLACES[3]), [(0, 0, 0), (255, 255, 255)], 8)


def test_opacity_lets_the_base_map_through(visit, quarters):
    window = visit()
    page = window.open(f'/images/{quarters(**ITALY).pk}/')
    page.locator('[data-li=opacity]').fill('0')
    page.wait_for_function(
        "() => document.querySelector('.leaflet-tile-pane .leaflet-layer').style.opacity === '0'"
    )
    (shown,) = window.at(PLACES[0])
    assert min(shown) > 150


def test_frames_have_a_slider(visit, image_file, tmp_path):
    frames = [np.full((3, 128, 128), value, 'uint8') for value in (60, 220)]
    path = factories.multiframe(tmp_path / 'frames.tif', frames)
    window = visit()
    page = window.open(f'/images/{image_file(path).pk}/')
    window.settle()
    near(window.at((64, 64)), [(60, 60, 60)])
    page.locator('[data-li=frame]').fill('1')
    window.settle()
    near(window.at((64, 64)), [(220, 220, 220)])


def test_a_click_reads_the_values(visit, quarters):
    window = visit()
    page = window.open(f'/images/{quarters(size=400).pk}/')
    window.look_at(300, 100, zoom=1)
    stage = page.locator('.leaflet-container')
    stage.focus()
    page.keyboard.press('Enter')
    readout = page.locator('[data-li=readout]')
    readout.filter(has_text='x 300, y 100 —').wait_for()
    for value in GREEN:
        assert str(value) in readout.inner_text()
    # And by the mouse, at the place that stands there now.
    box = stage.bounding_box()
    page.mouse.click(box['x'] + box['width'] / 2 - 1, box['y'] + box['height'] / 2)
    readout.filter(has_text='—').wait_for()
    assert str(GREEN[1]) in readout.inner_text()


def test_a_click_on_a_map_reads_the_values_there(visit, quarters):
    window = visit()
    page = window.open(f'/images/{quarters(**ITALY).pk}/')
    window.look_at(13, 41, zoom=7)
    page.locator('.leaflet-container').focus()
    page.keyboard.press('Enter')
    readout = page.locator('[data-li=readout]')
    readout.filter(has_text=re.compile(r'^(41\.0|40\.9)\d+° N, (13\.0|12\.9)\d+° E —')).wait_for()
    for value in YELLOW:
        assert str(value) in readout.inner_text()


def test_the_tile_url_can_be_copied(visit, quarters):
    window = visit()
    instance = quarters(**ITALY)
    page = window.open(f'/images/{instance.pk}/')
    page.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    choose(page, 'mode', '2')
    page.locator('[data-li=copy]').click()
    page.locator('[data-li=readout]').filter(has_text='Copied').wait_for()
    text = page.evaluate('navigator.clipboard.readText()')
    start = f'{window.base}/api/images/{instance.pk}/tiles/{{z}}/{{x}}/{{y}}.png?'
    assert text == f'{start}projection=EPSG%3A3857&band=2'


@pytest.mark.parametrize('fixture', ['text_file', 'broken_file'])
def test_an_unreadable_image_is_a_message(visit, image_file, request, fixture):
    instance = image_file(request.getfixturevalue(fixture))
    window = visit()
    window.open(f'/images/{instance.pk}/')
    said = window.notice() if window.state() == 'error' else _tile_notice(window)
    assert 'unreadable' in said.lower()
    assert '/' not in said.split('\n')[0]


def _tile_notice(window):
    window.page.locator('.li-notice:not([hidden])').wait_for()
    return window.notice()


def test_trying_again_after_an_error(visit, quarters):
    window = visit()
    instance = quarters()
    page = window.page
    page.route(
        '**/info/metadata*', lambda route: route.fulfill(status=503, body='{"detail": "Busy."}')
    )
    window.open(f'/images/{instance.pk}/')
    assert window.notice().startswith('Busy.')
    page.unroute('**/info/metadata*')
    page.locator('[data-li=retry]').click()
    page.wait_for_selector('.li-viewer[data-state=ready]')
    window.settle()
    near(window.at((64, 64)), [RED])
    assert page.locator('[data-li=mode] option').count() == 5  # stored, composite, three bands


def test_a_refused_style_is_a_message(visit, quarters):
    window = visit()
    page = window.open(f'/images/{quarters().pk}/')
    window.settle()
    page.locator('[data-li=palette]').evaluate(
        """select => {
            select.append(new Option('nonsense', 'no-such-palette'));
            select.value = 'no-such-palette';
            select.dispatchEvent(new Event('change'));
        }"""
    )
    page.locator('.li-notice:not([hidden])').wait_for()
    assert 'no-such-palette' in window.notice()


def test_a_phone_shows_the_image_first(visit, quarters):
    window = visit(width=390, height=780)
    page = window.open(f'/images/{quarters(**ITALY).pk}/')
    window.settle()
    near(window.at(*PLACES), [RED, GREEN, BLUE, YELLOW])
    toggle = page.locator('[data-li=toggle]')
    assert toggle.get_attribute('aria-expanded') == 'false'
    assert not page.locator('[data-li=body]').is_visible()
    toggle.press('Enter')
    assert page.locator('[data-li=palette]').is_visible()
    assert page.evaluate('document.documentElement.scrollWidth') <= 390


def test_darkness_follows_the_system(visit, quarters):
    instance = quarters(**ITALY)
    shades = []
    for scheme in ('light', 'dark'):
        window = visit(scheme=scheme)
        window.open(f'/images/{instance.pk}/')
        window.settle()
        near(window.at(*PLACES), [RED, GREEN, BLUE, YELLOW])
        shades.append(max(window.at((9.5, 42))[0]))
    assert shades[0] > 180 > 100 > shades[1]


def test_several_viewers_on_a_page_are_independent(visit, quarters):
    first = quarters(**ITALY)
    quarters(size=300, model=UUIDImageFile)
    window = visit(height=1500)
    page = window.open(f'/several/{first.pk}/')
    page.wait_for_function("() => document.querySelectorAll('[data-state=ready]').length === 3")
    # Where there is little room the panels start folded.
    first_viewer = page.locator('.li-viewer').nth(0)
    first_viewer.locator('[data-li=toggle]').click()
    first_viewer.locator('[data-li=palette]').select_option('red')
    for index in range(3):
        window.settle(index)
    assert window.at(PLACES[1])[0][1:] == (0, 0)
    near(window.at((75, 75), (225, 225), index=1), [RED, YELLOW])
    near(window.at(*PLACES, index=2), [RED, GREEN, BLUE, YELLOW])
    assert page.locator('.li-viewer').nth(1).bounding_box()['height'] == 300


def test_a_page_of_the_predecessor(visit, quarters):
    window = visit()
    window.open(f'/legacy/{quarters(**ITALY).pk}/')
    window.settle()
    near(window.at(*PLACES), [RED, GREEN, BLUE, YELLOW])
