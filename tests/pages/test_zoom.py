"""The zoom viewer in a real browser, over Deep Zoom and over IIIF."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests import factories
from tests.pages.conftest import BLUE, GREEN, RED, YELLOW

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls('tests.pages.urls'),
]

PATHS = ['/images/{}/zoom/', '/images/{}/zoom/iiif/']
# The one layer has all its tiles, and nothing moves.
SETTLED = """() => {
    const { viewer: zoom, controls } = document.querySelector('.li-viewer').largeImage;
    const { world, viewport } = zoom.viewer;
    const calm = world.getItemCount() === 1 && zoom.layer?.getFullyLoaded()
        && Math.abs(viewport.getZoom(true) - viewport.getZoom()) < 1e-6;
    window.calm = calm ? (window.calm ?? 0) + 1 : 0;
    return window.calm > 20;
}"""
POINTS = """places => {
    const { layer, viewer } = document.querySelector('.li-viewer').largeImage.viewer;
    const box = viewer.element.getBoundingClientRect();
    return places.map(([x, y]) => {
        const place = new window.OpenSeadragon.Point(x, y);
        const found = layer.imageToViewerElementCoordinates(place);
        return [box.left + found.x, box.top + found.y];
    });
}"""


def settle(window):
    # What a style asked for is on its way a moment later.
    window.page.wait_for_timeout(300)
    window.page.evaluate('window.calm = 0')
    window.page.wait_for_function(SETTLED)


def colors(window, *places):
    points = window.page.evaluate(POINTS, [list(place) for place in places])
    shown = window.pixels()
    return [tuple(int(value) for value in shown[round(y), round(x)]) for x, y in points]


def near(found, expected, tolerance=8):
    difference = np.abs(np.array(found, int) - np.array(expected, int)).max()
    assert difference <= tolerance, f'{found} is not {expected}'


def opened(visit, image, path=PATHS[0], **options):
    window = visit(**options)
    window.open(path.format(image.pk))
    assert window.state() == 'ready', window.notice()
    settle(window)
    return window


@pytest.mark.parametrize('path', PATHS)
@pytest.mark.parametrize('size', [700, 2050])
def test_an_image_is_shown_in_its_pixels(visit, quarters, path, size):
    window = opened(visit, quarters(size=size), path)
    quarter, rest = size / 4, 3 * size / 4
    places = [(quarter, quarter), (rest, quarter), (quarter, rest), (rest, rest)]
    near(colors(window, *places), [RED, GREEN, BLUE, YELLOW])
    # Up to its last row and column, and nothing beyond.
    near(colors(window, (size - 4, size - 4)), [YELLOW])
    (beyond,) = colors(window, (size * 1.02, quarter))
    assert max(beyond) - min(beyond) < 40


@pytest.mark.parametrize('path', PATHS)
def test_a_band_and_a_palette(visit, quarters, path):
    image = quarters(size=700)
    window = opened(visit, image, path)
    page = window.page
    page.locator('[data-li=mode]').select_option('2')
    page.locator('[data-li=min]').fill('0')
    page.locator('[data-li=max]').fill('200')
    page.locator('[data-li=max]').press('Enter')
    page.locator('[data-li=palette]').select_option('green')
    settle(window)
    places = [(175, 175), (525, 175), (175, 525), (525, 525)]
    expected = [
        (0, min(round(color[1] / 200 * 128), 128), 0) for color in (RED, GREEN, BLUE, YELLOW)
    ]
    near(colors(window, *places), expected)
    page.locator('[data-li=opacity]').fill('0')
    window.page.wait_for_timeout(600)
    assert min(colors(window, places[0])[0]) > 150
    page.locator('[data-li=reset]').click()
    settle(window)
    near(colors(window, *places), [RED, GREEN, BLUE, YELLOW])


@pytest.mark.parametrize('path', PATHS)
def test_frames_have_a_slider(visit, image_file, tmp_path, path):
    frames = [np.full((3, 128, 128), value, 'uint8') for value in (60, 220)]
    window = opened(visit, image_file(factories.multiframe(tmp_path / 'f.tif', frames)), path)
    near(colors(window, (64, 64)), [(60, 60, 60)])
    window.page.locator('[data-li=frame]').fill('1')
    settle(window)
    near(colors(window, (64, 64)), [(220, 220, 220)])


def test_an_image_of_a_map_is_shown_in_its_pixels_too(visit, quarters):
    image = quarters(size=700, epsg=4326, bounds=(10, 40, 14, 44))
    window = opened(visit, image)
    near(colors(window, (175, 175), (525, 525)), [RED, YELLOW])


def test_what_is_transparent_lets_the_page_through(visit, image_file):
    data = np.full((3, 300, 300), 90, 'uint8')
    data[:, :, 150:] = 7
    window = opened(visit, image_file(data, nodata=7))
    near(colors(window, (75, 150)), [(90, 90, 90)])
    assert min(colors(window, (225, 150))[0]) > 200


@pytest.mark.parametrize('path', PATHS)
@pytest.mark.parametrize('alpha', [False, True])
def test_there_are_no_seams_between_tiles(visit, image_file, path, alpha):
    data = np.full((4 if alpha else 3, 1111, 1111), 90, 'uint8')
    data[3:] = 255
    window = opened(visit, image_file(data, alpha=alpha), path, height=613)
    window.page.locator('[data-li=zoom-in]').click()
    settle(window)
    # The image reaches beyond the window; beside the tools, the little map and the panel.
    part = window.pixels()[200:450, 200:700]
    assert (np.abs(part.astype(int) - 90) <= 2).all(), np.unique(part)


def test_pixels_are_sharp_when_they_are_large(visit, image_file):
    data = np.zeros((3, 2, 3), 'uint8')
    data[0, 0], data[2, 1] = 255, 255
    window = opened(visit, image_file(data))
    near(colors(window, (0.5, 0.9), (2.5, 0.9), (1.5, 1.1)), [(255, 0, 0)] * 2 + [(0, 0, 255)])


def test_everything_can_be_done_by_keyboard(visit, quarters):
    window = opened(visit, quarters(size=1000))
    page = window.page
    zoom = "document.querySelector('.li-viewer').largeImage.viewer.viewer.viewport"
    page.locator('.openseadragon-canvas').first.focus()
    before = page.evaluate(f'{zoom}.getZoom()')
    page.keyboard.press('+')
    page.keyboard.press('+')
    settle(window)
    assert page.evaluate(f'{zoom}.getZoom()') > before * 1.1
    page.keyboard.press('r')
    settle(window)
    assert page.evaluate(f'{zoom}.getRotation()') == 90
    page.locator('[data-li=zoom-home]').press('Enter')
    settle(window)
    assert page.evaluate(f'{zoom}.getRotation()') % 360 == 0
    assert page.evaluate(f'{zoom}.getZoom()') == pytest.approx(before)
    # The pixel in the middle of the window.
    page.evaluate(
        """() => {
            const { layer, viewer } = document.querySelector('.li-viewer').largeImage.viewer;
            const place = new window.OpenSeadragon.Point(750.5, 250.5);
            viewer.viewport.zoomTo(4, null, true);
            const target = layer.imageToViewportCoordinates(place);
            const { x, y } = viewer.viewport.getContainerSize();
            const middle = new window.OpenSeadragon.Point(x / 2, y / 2);
            viewer.viewport.panBy(target.minus(viewer.viewport.pointFromPixel(middle)), true);
        }"""
    )
    settle(window)
    page.locator('.openseadragon-canvas').first.focus()
    page.keyboard.press('Enter')
    readout = page.locator('[data-li=readout]')
    readout.filter(has_text='x 750, y 250 —').wait_for()
    for value in GREEN:
        assert str(value) in readout.inner_text()


def test_a_click_reads_the_values(visit, quarters):
    window = opened(visit, quarters(size=1000))
    ((x, y),) = window.page.evaluate(POINTS, [[250.5, 750.5]])
    window.page.mouse.click(x, y)
    readout = window.page.locator('[data-li=readout]')
    readout.filter(has_text='—').wait_for()
    for value in BLUE:
        assert str(value) in readout.inner_text()


@pytest.mark.parametrize('path', PATHS)
@pytest.mark.parametrize('orientation', [1, 5, 6, 7, 8])
def test_a_click_reads_the_pixel_that_is_shown(visit, image_file, tmp_path, path, orientation):
    file, exif = tmp_path / 'turned.jpg', Image.Exif()
    exif[274] = orientation
    # Wider than high, so that a place of the upright picture may be none of the stored one.
    data = np.zeros((400, 900, 3), 'uint8')
    data[:200, :450], data[:200, 450:], data[200:, :450], data[200:, 450:] = (
        *(RED, GREEN),
        *(BLUE, YELLOW),
    )
    Image.fromarray(data).save(file, quality=95, exif=exif)
    with Image.open(file) as stored:
        shown = ImageOps.exif_transpose(stored)
    window = opened(visit, image_file(file), path)
    readout = window.page.locator('[data-li=readout]')
    places = [
        (x * shown.width + 0.5, y * shown.height + 0.5) for x in (0.2, 0.7) for y in (0.1, 0.6)
    ]
    near(colors(window, *places), [shown.getpixel((int(x), int(y))) for x, y in places])
    for place in places:
        ((x, y),) = window.page.evaluate(POINTS, [list(place)])
        before = readout.inner_text()
        window.page.mouse.click(x, y)
        window.page.wait_for_function(
            """([readout, before]) => readout.innerText !== before
                && readout.innerText.includes('—')""",
            arg=[readout.element_handle(), before],
        )
        values = [int(value) for value in re.findall(r': (\d+)', readout.inner_text())]
        near([values], [shown.getpixel((int(place[0]), int(place[1])))], 3)
        window.page.wait_for_timeout(400)


def test_the_tools_zoom_and_turn(visit, quarters):
    window = opened(visit, quarters(size=1000))
    page = window.page
    page.locator('[data-li=zoom-turn]').click()
    settle(window)
    # Turned clockwise, what was at the lower left is at the upper left now.
    ((_, y),) = page.evaluate(POINTS, [[250, 750]])
    ((_, below),) = page.evaluate(POINTS, [[750, 750]])
    assert y < below
    near(colors(window, (250, 750), (750, 750)), [BLUE, YELLOW])
    page.locator('[data-li=zoom-in]').click()
    page.locator('[data-li=zoom-out]').click()
    page.locator('[data-li=zoom-home]').click()
    settle(window)
    near(colors(window, (250, 250), (750, 750)), [RED, YELLOW])


def test_a_refused_style_is_a_message(visit, quarters):
    window = opened(visit, quarters())
    window.page.locator('[data-li=palette]').evaluate(
        """select => {
            select.append(new Option('nonsense', 'no-such-palette'));
            select.value = 'no-such-palette';
            select.dispatchEvent(new Event('change'));
        }"""
    )
    window.page.locator('.li-notice:not([hidden])').wait_for()
    assert 'no-such-palette' in window.notice()
    # OpenSeadragon tells the console of each tile.
    assert all(line.startswith('Tile %s failed') for line in window.errors)
    window.errors.clear()


def test_an_unreadable_image_is_a_message(visit, image_file, text_file):
    window = visit()
    window.open(f'/images/{image_file(text_file).pk}/zoom/')
    assert 'unreadable' in window.notice().lower()


def test_a_phone_shows_the_image_first(visit, quarters):
    window = opened(visit, quarters(size=700), width=390, height=780)
    page = window.page
    near(colors(window, (175, 175), (525, 525)), [RED, YELLOW])
    assert page.locator('[data-li=toggle]').get_attribute('aria-expanded') == 'false'
    assert page.evaluate('document.documentElement.scrollWidth') <= 390
    assert page.locator('.navigator').count() == 0


@pytest.mark.parametrize(
    'path',
    [
        '/api/images/{}/image.dzi',
        '/api/images/{}/image.xml?tile_size=100&overlap=3&fmt=png',
        '/iiif/3/{}/info.json',
        '/iiif/2/{}/info.json',
    ],
)
def test_openseadragon_opens_the_addresses_by_itself(visit, quarters, path):
    """As pages of other people do: no code of ours between."""
    image = quarters(size=1001)
    window = opened(visit, image)
    asked: list[str] = []
    window.page.on('request', lambda request: asked.append(request.url))
    window.page.evaluate(
        """url => {
            document.querySelector('.li-viewer').largeImage.viewer.destroy();
            document.body.replaceChildren();
            const element = document.body.appendChild(document.createElement('div'));
            Object.assign(element.style, { width: '600px', height: '600px' });
            window.plain = new window.OpenSeadragon.Viewer({
                element, tileSources: url, showNavigationControl: false, drawer: 'canvas',
            });
        }""",
        path.format(image.pk),
    )
    window.page.wait_for_function('() => window.plain.world.getItemAt(0)?.getFullyLoaded()')
    window.page.wait_for_timeout(500)
    shown = window.pixels()
    found = [tuple(shown[y, x]) for x, y in [(150, 150), (450, 150), (150, 450), (450, 450)]]
    near(found, [RED, GREEN, BLUE, YELLOW])
    tiles = [url for url in asked if '_files/' in url or '/0/default.' in url]
    assert tiles
    if '?' in path:
        assert {url.partition('?')[2] for url in tiles} == {'tile_size=100&overlap=3&fmt=png'}
        assert all('.png?' in url for url in tiles)
