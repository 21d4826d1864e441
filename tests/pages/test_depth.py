"""The page of a depth image in a real browser: its axis, its colours, by hand and by keyboard."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from django_large_image.depth import loading
from django_large_image.depth.models import Colormap, DepthImage
from tests.depth.served import upload
from tests.pages.test_map import near

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls('tests.pages.depth_urls'),
]

# A band of 100 depths for each value.
DEPTHS = 2000 + np.arange(4000) * 0.1
BANDS = (10, 60, 30, 90)
PAGE = "document.querySelector('.li-depth').largeImageDepth"


@pytest.fixture
def log():
    """Four bands from 2000 to 2400; the left half of each is darker by 5."""
    values = np.repeat(np.array(BANDS, 'f4'), 1000)[:, np.newaxis].repeat(40, axis=1)
    values[:, :20] -= 5
    return loading.load(upload(DEPTHS, values), 'The log', width=40)


class Page:
    """The page of the log in a window."""

    def __init__(self, window):
        self.window = window
        self.page = window.page

    def open(self, image):
        pk = getattr(image, 'pk', image)
        self.page.goto(f'{self.window.base}/depth/{pk}/page/')
        self.page.wait_for_selector('.li-depth:is([data-state=ready], [data-state=error])')
        return self

    def part(self, name):
        return self.page.locator(f'[data-li={name}]')

    def settle(self):
        """Wait until nothing is on its way, and what is there has been drawn."""
        self.page.evaluate('window.calm = 0')
        self.page.wait_for_function(
            """() => {
                const busy = document.querySelector('.li-depth').dataset.busy;
                window.calm = busy ? 0 : window.calm + 1;
                return window.calm > 20;
            }"""
        )

    def depths(self):
        return [float(self.part(f'depth-{end}').input_value()) for end in ('min', 'max')]

    def ticks(self):
        """The numbers on the axis, and where they are on the page."""
        texts = self.page.locator('.li-axis g:first-child text')
        boxes = [texts.nth(index).bounding_box() for index in range(texts.count())]
        return {
            float(text): box['y'] + box['height'] / 2
            for text, box in zip(texts.all_text_contents(), boxes, strict=True)
        }

    def color(self, depth, across=0.75):
        """The colour of a depth, by where the axis has it."""
        ticks = self.ticks()
        (first, top), *_, (last, bottom) = sorted(ticks.items())
        y = top + (depth - first) / (last - first) * (bottom - top)
        box = self.part('frame').bounding_box()
        return tuple(
            map(int, self.window.pixels()[round(y), round(box['x'] + across * box['width'])])
        )

    def swatch(self, *columns):
        """The colours of the sample beside the choice of a colour map, 256 columns wide."""
        return self.part('swatch').evaluate(
            """(canvas, columns) => columns.map((column) =>
                [...canvas.getContext('2d').getImageData(column, 0, 1, 1).data.slice(0, 3)])""",
            columns,
        )

    def type(self, name, text):
        self.part(name).fill(text)
        self.part(name).press('Enter')


@pytest.fixture
def depth(visit):
    """Open windows with the page: `depth(width=390)`."""
    return lambda **options: Page(visit(**options))


def gray(value):
    """The grey of a value between 5 and 90."""
    return (round(1 + (value - 5) / 85 * 254),) * 3


def test_the_log_stands_beside_its_depths(depth, log):
    page = depth().open(log)
    page.settle()
    assert page.page.title() == 'The log'
    assert page.depths() == [2000, 2399.9]
    ticks = page.ticks()
    assert list(ticks) == sorted(ticks)
    assert 2000 < min(ticks) < 2100 < 2300 < max(ticks) < 2400
    steps = np.diff([ticks[key] for key in sorted(ticks)])
    assert steps.max() - steps.min() < 2
    for depth_, value in zip((2050, 2150, 2250, 2350), BANDS, strict=True):
        near(page.color(depth_), gray(value))
        near(page.color(depth_, across=0.25), gray(value - 5))


def test_numbers_choose_depths(depth, log):
    page = depth().open(log)
    page.type('depth-min', '2095')
    page.type('depth-max', '2105')
    page.settle()
    assert page.depths() == [2095, 2105]
    near(page.color(2097), gray(10))
    near(page.color(2099.5), gray(10))
    near(page.color(2100.5), gray(60))
    # Beyond the log is its end.
    page.type('depth-max', '9999')
    page.settle()
    assert page.depths() == [2095, 2399.9]
    page.type('depth-max', '2000')
    assert 'less than' in page.window.notice()
    assert page.depths() == [2095, 2399.9]


def test_sliders_choose_depths(depth, log):
    page = depth().open(log)
    page.part('depth-low').focus()
    for _ in range(3):
        page.page.keyboard.press('PageUp')
    page.settle()
    low, high = page.depths()
    assert 2050 < low < 2200
    assert high == 2399.9
    page.page.keyboard.press('Home')
    page.settle()
    assert page.depths() == [2000, 2399.9]


def test_colour_maps(depth, log):
    Colormap.objects.create(name='core', stops=[[0, '#000'], [1, [255, 0, 0]]])
    page = depth().open(log)
    groups = page.page.locator('[data-li=palette] optgroup').evaluate_all(
        'groups => groups.map((group) => group.label)'
    )
    assert groups[:2] == ['own', 'favourites']
    page.part('palette').select_option('core')
    page.page.wait_for_timeout(400)
    page.settle()
    near(page.color(2350), (255, 0, 0))
    page.part('reverse').check()
    page.page.wait_for_timeout(400)
    page.settle()
    near(page.color(2350), (0, 0, 0))
    page.part('reverse').uncheck()
    page.type('max', '180')
    page.page.wait_for_timeout(400)
    page.settle()
    near(page.color(2350), ((90 - 5) / (180 - 5) * 255, 0, 0))
    page.part('range-full').click()
    page.page.wait_for_timeout(400)
    page.settle()
    near(page.color(2350), (255, 0, 0))


def test_the_swatch_is_the_colour_map(depth, log):
    stops = [[0, '0000ff'], [0.5, '#00f'], [0.5, [255, 0, 0]], [1, [0, 255, 0]]]
    Colormap.objects.create(name='edge', stops=stops)
    page = depth().open(log)
    page.part('palette').select_option('edge')
    assert page.swatch(2, 120, 140, 253) == [
        pytest.approx(color, abs=24)
        for color in ([0, 0, 255], [0, 0, 255], [235, 20, 0], [0, 255, 0])
    ]
    page.part('reverse').check()
    assert page.swatch(2, 115, 135, 253) == [
        pytest.approx(color, abs=24)
        for color in ([0, 255, 0], [235, 20, 0], [0, 0, 255], [0, 0, 255])
    ]


def test_a_click_reads_the_value(depth, log):
    page = depth().open(log)
    page.settle()
    box = page.part('frame').bounding_box()
    y = page.ticks()[2150]
    page.page.mouse.click(box['x'] + box['width'] * 0.75, y)
    said = page.part('readout').filter(has_text=re.compile(': 60$'))
    said.wait_for()
    where, column = re.findall(r'Depth ([\d.]+), column (\d+)', said.inner_text())[0]
    assert float(where) == pytest.approx(2150, abs=1)
    assert int(column) in (30, 31)
    assert page.part('cursor').get_attribute('data-value') == '60'


def test_wheel_drag_and_strip(depth, log):
    page = depth().open(log)
    page.settle()
    box = page.part('frame').bounding_box()
    middle = box['x'] + box['width'] / 2, box['y'] + box['height'] / 2
    page.page.mouse.move(*middle)
    page.page.mouse.wheel(0, -600)
    page.settle()
    low, high = page.depths()
    assert 100 < high - low < 130
    assert (low + high) / 2 == pytest.approx(2200, abs=2)
    page.page.mouse.down()
    page.page.mouse.move(middle[0], middle[1] - box['height'] / 4, steps=4)
    page.page.mouse.up()
    page.settle()
    moved = page.depths()
    assert moved[0] - low == pytest.approx((high - low) / 4, rel=0.05)
    assert moved[1] - moved[0] == pytest.approx(high - low, rel=1e-3)
    # What is loaded lies where the axis says.
    near(page.color(2250), gray(30))
    strip = page.part('strip').bounding_box()
    page.page.mouse.click(strip['x'] + 5, strip['y'] + 5)
    page.settle()
    assert page.depths()[0] == 2000
    near(page.color(2050), gray(10))


def test_the_keyboard_does_it_all(depth, log):
    page = depth().open(log)
    page.part('frame').focus()
    for key in ('+', '+', 'Home'):
        page.page.keyboard.press(key)
    low, high = page.depths()
    assert low == 2000
    assert high - low == pytest.approx(399.9 / 2.25, rel=0.01)
    page.page.keyboard.press('ArrowDown')
    assert page.depths()[0] == pytest.approx(2000 + (high - low) / 10, abs=0.1)
    page.page.keyboard.press('End')
    assert page.depths()[1] == 2399.9
    page.settle()
    page.page.keyboard.press('Enter')
    page.part('readout').filter(has_text=re.compile(r'Depth 23\d\d.*: 90$')).wait_for()
    page.page.keyboard.press('0')
    assert page.depths() == [2000, 2399.9]


def test_on_a_phone(depth, log):
    page = depth(width=390, height=780, scheme='dark').open(log)
    page.settle()
    assert page.part('toggle').get_attribute('aria-expanded') == 'false'
    frame, toggle = (page.part(name).bounding_box() for name in ('frame', 'toggle'))
    assert frame['width'] > 250
    assert frame['y'] + frame['height'] <= toggle['y']
    assert page.page.evaluate('document.documentElement.scrollWidth') == 390
    page.part('toggle').click()
    page.type('depth-min', '2300')
    page.part('toggle').click()
    page.settle()
    near(page.color(2350), gray(90))


def test_a_log_of_irregular_depths(depth):
    depths = np.concatenate([np.arange(100), 1000 + np.arange(100)]).astype(float)
    image = loading.load(upload(depths, np.ones((200, 3), 'f4')), 'Gap', width=3)
    page = depth().open(image)
    page.settle()
    middle = page.part('frame').bounding_box()
    half = middle['y'] + middle['height'] / 2
    # Half of the rows lie on each side of the gap, which is a row wide.
    row = middle['height'] / 200
    for number, y in page.ticks().items():
        if 99 < number < 1000:
            assert y == pytest.approx(half, abs=row)
        else:
            assert (y < half) == (number < 99)


def test_one_row_and_nothing_but_nothing(depth):
    single = loading.load(upload(np.array([5.0]), np.array([[1, 2, 3]], 'f4')), 'One', width=3)
    page = depth().open(single)
    page.settle()
    assert page.depths() == [5, 5]
    nothing = loading.load(upload(DEPTHS[:50], np.full((50, 3), np.nan, 'f4')), 'None', width=3)
    page.open(nothing)
    page.settle()
    box = page.part('frame').bounding_box()
    page.page.mouse.click(box['x'] + 20, box['y'] + 50)
    page.part('readout').filter(has_text='no value here').wait_for()


def test_what_is_wrong_is_said(depth, log):
    page = depth().open(log)
    page.settle()
    DepthImage.objects.all().delete()
    page.part('frame').focus()
    page.page.keyboard.press('+')
    page.page.wait_for_selector('[data-li=notice]:not([hidden])')
    assert 'No DepthImage' in page.window.notice()


def test_the_picture_is_the_frame(depth, log):
    """What the page shows is what its copied URL answers."""
    page = depth().open(log)
    page.page.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    page.type('depth-min', '2390')
    page.settle()
    page.part('copy').click()
    page.part('readout').filter(has_text='Copied').wait_for()
    text = page.page.evaluate('navigator.clipboard.readText()')
    for source in (page.part('picture').get_attribute('src'), text):
        answer = page.page.request.get(source)
        with Image.open(io.BytesIO(answer.body())) as picture:
            assert picture.size == (40, 100)
    # Without HTTPS there is no clipboard.
    page.page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.part('copy').click()
    page.part('readout').filter(has_text=text).wait_for()
