"""The page of a catalogue in a real browser: searched, styled, read, by hand and by keyboard."""

from __future__ import annotations

import re

import numpy as np
import pytest

from django_large_image.catalog import api, schema
from tests import factories
from tests.pages.test_map import near

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls('tests.pages.catalog_urls'),
]

# Samples of the western and the eastern half of each raster.
SCENES = {
    ('S2', '2024-05-01', 'B03'): (600, 1000),
    ('S2', '2024-05-01', 'B04'): (1000, 3000),
    ('S2', '2024-05-01', 'B08'): (3000, 1000),
    ('S2', '2024-07-01', 'B04'): (100, 200),
}
BOXES = {'2024-05-01': (10, 40, 14, 44), '2024-07-01': (16, 40, 20, 44)}
COVER = ('LC', '2023-01-01', 'class')
CATEGORIES = [
    {'value': 1, 'name': 'Water', 'color': '#2040d0'},
    {'value': 2, 'name': 'Forest', 'color': '#108030'},
]
MAP = "document.querySelector('.li-catalog').largeImageCatalog"
SETTLED = """() => {
    const { map, controls, api } = document.querySelector('.li-catalog').largeImageCatalog;
    const tiles = [...document.querySelectorAll('.leaflet-tile')];
    const layers = document.querySelectorAll('.leaflet-tile-pane > .leaflet-layer');
    const calm = map.layer && !map.layer.isLoading() && tiles.length && layers.length === 1
        && tiles.every((tile) => tile.style.opacity === '1');
    window.calm = calm ? window.calm + 1 : 0;
    return window.calm > 15;
}"""


def halves(path, west, east, bounds, dtype='uint16'):
    data = np.full((64, 64), west, dtype)
    data[:, 32:] = east
    return factories.raster(path, data, epsg=4326, bounds=bounds, nodata=0)


@pytest.fixture
def scenes(settings, tmp_path):
    """A catalogue of scenes in two places, and one of land cover in a third."""
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': [str(tmp_path)]}
    schema.forget()
    api.create('scenes', ['sensor', 'date:date', 'band'], title='Scenes of Italy')
    for number, (values, (west, east)) in enumerate(SCENES.items()):
        halves(tmp_path / f'{number}.tif', west, east, BOXES[values[1]])
        api.insert('scenes', list(values), f'{number}.tif')
    halves(tmp_path / 'cover.tif', 1, 2, (10, 36, 14, 39), 'uint8')
    api.insert('scenes', list(COVER), 'cover.tif', categories=CATEGORIES)
    yield tmp_path
    schema.forget()


class Page:
    """The page of the catalogue in a window."""

    def __init__(self, window):
        self.window = window
        self.page = window.page

    def open(self, anchor='', slug='scenes'):
        self.page.goto(f'{self.window.base}/catalogs/{slug}/{anchor}')
        self.page.wait_for_selector('.li-catalog:is([data-state=ready], [data-state=error])')
        return self

    def part(self, name):
        return self.page.locator(f'[data-li={name}]')

    def rows(self):
        return [text.split('\n') for text in self.page.locator('.li-results li').all_inner_texts()]

    def count(self, text):
        self.part('count').filter(has_text=re.compile(rf'^{re.escape(text)}')).wait_for()

    def footprints(self, count):
        # A function: under the page's policy text cannot be evaluated.
        self.page.wait_for_function(
            "count => document.querySelectorAll('.li-footprint').length === count", arg=count
        )

    def choose(self, *values):
        row = self.page.locator('.li-results li button')
        for value in values:
            row = row.filter(has_text=value)
        row.click()
        self.part('shown').filter(has_text=values[-1]).wait_for()

    def settle(self):
        # What a style asks for is on its way a moment later.
        self.page.wait_for_timeout(400)
        self.page.evaluate('window.calm = 0')
        self.page.wait_for_function(SETTLED)

    def at(self, *places):
        points = self.page.evaluate(
            f"""places => {{
                const {{ map }} = {MAP}.map;
                const box = map.getContainer().getBoundingClientRect();
                return places.map(([x, y]) => {{
                    const point = map.latLngToContainerPoint([y, x]);
                    return [box.left + point.x, box.top + point.y];
                }});
            }}""",
            [list(place) for place in places],
        )
        return [(round(x), round(y)) for x, y in points]

    def colors(self, *places):
        shown = self.window.pixels()
        return [tuple(int(value) for value in shown[y, x]) for x, y in self.at(*places)]


@pytest.fixture
def catalog(visit, scenes):
    """Open windows with the page: `catalog(width=390)`."""
    return lambda **options: Page(visit(**options))


def test_the_list_and_the_footprints(catalog):
    page = catalog().open()
    assert page.page.title() == 'Scenes of Italy'
    page.count('5 datasets')
    assert ['S2', '2024-07-01', 'B04'] in page.rows()
    page.footprints(3)
    # All of them are in sight, beside the search.
    box = page.page.locator('.li-search').bounding_box()
    (left, _), (right, _) = page.at((10, 40), (20, 40))
    assert box['x'] + box['width'] < left < right < 1000


def test_a_row_under_the_hand_shows_its_footprint(catalog):
    page = catalog().open()
    page.footprints(3)
    place = (18, 42)
    (before,) = page.colors(place)
    page.page.locator('.li-results li button').filter(has_text='2024-07-01').hover()
    page.page.wait_for_selector('.li-footprint--here')
    (after,) = page.colors(place)
    assert after[0] < before[0] - 20
    page.page.mouse.move(600, 5)
    page.page.wait_for_selector('.li-footprint--here', state='detached')
    near(page.colors(place), [before], 2)


def test_the_search_by_text_date_and_place(catalog):
    page = catalog().open()
    page.page.locator('[name=band]').fill('B03, B08')
    page.count('2 datasets')
    assert sorted(row[2] for row in page.rows()) == ['B03', 'B08']
    page.page.get_by_role('button', name='Clear').click()
    page.count('5 datasets')
    page.page.locator('[name=date__gte]').fill('2024-06-01')
    page.count('1 dataset')
    assert page.rows() == [['S2', '2024-07-01', 'B04']]
    page.page.locator('[name=date__gte]').fill('')
    page.count('5 datasets')
    page.part('within').check()
    page.page.evaluate(f'{MAP}.map.map.setView([37.5, 12], 9, {{ animate: false }})')
    page.count('1 dataset')
    assert page.rows() == [list(COVER)]
    page.page.locator('[name=band]').fill('nothing')
    page.count('No dataset')


def test_values_of_any_characters(catalog, scenes):
    # They mean something in paths, in searches, or in lists.
    names = {'a,b': 10, '[q]': 40, '50%2F': 70, 'sub/a_b.tif': 100}
    api.create('odd', ['name', 'band'])
    for number, (name, value) in enumerate(names.items()):
        halves(scenes / f'odd{number}.tif', value, value + 1, (10, 40, 14, 44), 'uint8')
        api.insert('odd', [name, 'red'], f'odd{number}.tif')
    page = catalog().open(slug='odd')
    page.count('4 datasets')
    for text, found in (('a,b', ['a,b']), ('[q], 50%2F', ['50%2F', '[q]']), ('[q]', ['[q]'])):
        page.page.locator('[name=name]').fill(text)
        page.count(f'{len(found)} dataset')
        assert page.rows() == [[name, 'red'] for name in found]
    page.page.get_by_role('button', name='Clear').click()
    page.count('4 datasets')
    for name, value in names.items():
        page.choose(name)
        page.part('shown').filter(has_text=name).wait_for()
        # Its bands are found by its name.
        page.part('mode-rgb').click()
        page.part('red').select_option('red')
        page.part('mode-single').click()
        page.settle()
        page.page.mouse.click(*page.at((11, 42))[0])
        page.part('readout').filter(has_text=f'red: {value}').wait_for()
    again = catalog().open(page.page.evaluate('window.location.hash'), slug='odd')
    again.part('shown').filter(has_text='sub/a_b.tif').wait_for()


def test_numbers_have_a_range(catalog, tmp_path):
    api.create('runs', ['model', 'hour:number'])
    for hour in (2, 10, 24):
        halves(tmp_path / f'run{hour}.tif', hour, hour + 1, (0, 0, 4, 4))
        api.insert('runs', ['GFS', hour], f'run{hour}.tif')
    page = catalog().open(slug='runs')
    page.count('3 datasets')
    page.page.locator('[name=hour__gte]').fill('3')
    page.count('2 datasets')
    page.page.locator('[name=hour__lte]').fill('10.5')
    page.count('1 dataset')
    assert page.rows() == [['GFS', '10']]


def test_a_band_in_a_palette_and_a_range(catalog):
    page = catalog().open()
    page.choose('2024-05-01', 'B04')
    page.settle()
    west, east = (11, 42), (13, 42)
    near(page.colors(west, east), [(0, 0, 0), (255, 255, 255)], 8)
    assert page.part('scale-low').inner_text() == '1000'
    assert page.part('scale-high').inner_text() == '3000'
    page.part('min').fill('0')
    page.part('max').fill('4000')
    page.part('max').press('Enter')
    page.settle()
    near(page.colors(west, east), [(64, 64, 64), (191, 191, 191)], 6)
    page.part('palette').select_option('viridis')
    page.settle()
    low, high = page.colors(west, east)
    near([low], [(59, 82, 139)], 8)
    near([high], [(94, 201, 98)], 8)
    page.part('reverse').check()
    page.settle()
    near(page.colors(east, west), [low, high], 8)


def test_the_sliders_stand_under_a_histogram(catalog):
    page = catalog().open()
    page.choose('2024-05-01', 'B04')
    page.settle()
    drawn = page.part('histogram').evaluate(
        """canvas => {
            const { data } = canvas.getContext('2d').getImageData(0, 60, 512, 1);
            return [4, 256, 508].map((x) => data[4 * x + 3]);
        }"""
    )
    assert drawn[0] > 0
    assert drawn[1] == 0
    assert drawn[2] > 0
    page.part('high').focus()
    page.page.keyboard.press('PageDown')
    page.settle()
    assert 2000 < float(page.part('max').input_value()) < 3000
    page.part('range-full').click()
    page.settle()
    assert page.part('max').input_value() == ''


def test_three_bands_as_a_picture(catalog):
    page = catalog().open()
    page.choose('2024-05-01', 'B03')
    page.part('mode-rgb').click()
    for color, band in {'red': 'B08', 'green': 'B04', 'blue': 'B03'}.items():
        page.part(color).select_option(band)
    page.part('range-full').click()
    page.settle()
    near(page.colors((11, 42), (13, 42)), [(255, 1, 1), (1, 255, 255)], 8)


def test_a_formula(catalog):
    page = catalog().open()
    page.choose('2024-05-01', 'B03')
    page.part('mode-compute').click()
    # The likeliest bands are chosen: near infrared and red.
    assert page.page.locator('[data-li=variables] select').first.input_value() == 'B08'
    page.settle()
    # (3000 - 1000) / 4000 and its opposite, between -1 and 1.
    near(page.colors((11, 42), (13, 42)), [(191,) * 3, (64,) * 3], 8)
    page.part('expression').fill('B04 / 4000')
    page.part('expression').press('Enter')
    page.part('min').fill('0')
    page.part('max').fill('1')
    page.part('max').press('Enter')
    page.settle()
    near(page.colors((11, 42), (13, 42)), [(64,) * 3, (191,) * 3], 8)


def test_a_hostile_formula_is_a_message(catalog):
    page = catalog().open()
    page.choose('2024-05-01', 'B03')
    page.part('mode-compute').click()
    page.part('expression').fill('__import__("os").listdir()')
    page.part('expression').press('Enter')
    page.part('notice').filter(has_text='xpression').wait_for()
    page.part('expression').fill('B04')
    page.part('expression').press('Enter')
    page.settle()
    assert page.part('notice').is_hidden()


def test_categories_have_a_legend(catalog):
    page = catalog().open()
    page.choose('class')
    page.settle()
    water, forest = (0x20, 0x40, 0xD0), (0x10, 0x80, 0x30)
    near(page.colors((11, 37), (13, 37)), [water, forest], 3)
    legend = page.page.locator('[data-li=classes] li')
    assert legend.all_inner_texts() == ['Water', 'Forest']
    patch = legend.first.locator('.li-patch')
    assert patch.evaluate('patch => getComputedStyle(patch).backgroundColor') == 'rgb(32, 64, 208)'
    page.page.mouse.click(*page.at((13, 37))[0])
    page.part('readout').filter(has_text='2 (Forest)').wait_for()


def test_a_click_reads_values_or_chooses_a_footprint(catalog):
    page = catalog().open()
    page.footprints(3)
    page.page.mouse.click(*page.at((18, 42))[0])
    page.part('shown').filter(has_text='2024-07-01 · B04').wait_for()
    page.settle()
    page.page.mouse.click(*page.at((17, 42))[0])
    readout = page.part('readout')
    readout.filter(has_text=re.compile(r'^(42\.0|41\.9)\d+° N, (17\.0|16\.9)\d+° E — B04: 100$'))
    readout.filter(has_text='B04: 100').wait_for()
    page.choose('2024-05-01', 'B03')
    page.part('mode-rgb').click()
    page.settle()
    page.page.mouse.click(*page.at((13, 42))[0])
    readout.filter(has_text='B04: 3000').wait_for()
    assert 'B03: 1000' in readout.inner_text()


# Samples of three tiles side by side on three days; the last has one in the west only.
DAYS = {'2024-01-01': (10, 20, 30), '2024-02-01': (40, 50, 60), '2024-03-01': (70, None, None)}


@pytest.fixture
def tiles(scenes):
    """A catalogue of tiles and days."""
    api.create('tiles', ['tile', 'day:date'], title='Tiles')
    for day, samples in DAYS.items():
        for number, value in enumerate(samples):
            if value is not None:
                name = f'{number}-{day}.tif'
                west = 10 + 4 * number
                halves(scenes / name, value, value + 1, (west, 40, west + 4, 44), 'uint8')
                api.insert('tiles', [f't{number}', day], name)


def test_the_tiles_of_a_day_are_joined(catalog, tiles):
    page = catalog().open('#t0/2024-01-01', slug='tiles')
    page.settle()
    page.part('min').fill('0')
    page.part('max').fill('100')
    page.part('max').press('Enter')
    page.settle()
    # Not below the panels.
    places = (11.8, 42), (15, 42), (18.2, 42)
    page.page.evaluate(f'{MAP}.map.map.setView([42, 15], 6, {{ animate: false }})')
    page.settle()
    shown, empty, _ = page.colors(*places)
    near([shown], [(26,) * 3], 3)
    assert len(set(empty)) > 1
    page.part('open').get_by_label('tile').check()
    page.settle()
    near(page.colors(*places), [(26,) * 3, (52,) * 3, (77,) * 3], 3)
    page.page.mouse.click(*page.at((18.2, 42))[0])
    page.part('readout').filter(has_text=re.compile(r'2024-01-01: 30$')).wait_for()
    # Of several days the newest is on top, unless another one is chosen.
    page.part('open').get_by_label('day').check()
    page.settle()
    near(page.colors(*places), [(178,) * 3, (128,) * 3, (153,) * 3], 3)
    page.part('rule').select_option('last')
    page.settle()
    near(page.colors(*places), [(26,) * 3, (52,) * 3, (77,) * 3], 3)
    page.part('rule').select_option('mean')
    page.settle()
    near(page.colors(*places), [(102,) * 3, (90,) * 3, (115,) * 3], 3)
    page.page.mouse.click(*page.at((15, 42))[0])
    page.part('readout').filter(has_text=re.compile(r': 35$')).wait_for()
    page.part('open').get_by_label('tile').uncheck()
    page.part('open').get_by_label('day').uncheck()
    page.settle()
    near(page.colors((11.8, 42)), [shown], 3)


def test_three_days_as_a_picture_of_all_tiles(catalog, tiles):
    page = catalog().open('#t0/2024-01-01', slug='tiles')
    page.part('mode-rgb').click()
    assert page.part('key').input_value() == 'day'
    # The key that tells the colours apart is no longer one to be joined.
    assert page.part('open').get_by_label('day').is_hidden()
    for color, day in zip(('red', 'green', 'blue'), ('02', '01', '01'), strict=True):
        page.part(color).select_option(f'2024-{day}-01')
    page.part('min').fill('0')
    page.part('max').fill('100')
    page.part('max').press('Enter')
    page.part('open').get_by_label('tile').check()
    page.settle()
    page.page.evaluate(f'{MAP}.map.map.setView([42, 15], 6, {{ animate: false }})')
    page.settle()
    near(page.colors((11.8, 42), (15, 42)), [(102, 26, 26), (128, 51, 51)], 3)


def test_a_chart_of_the_values_at_a_place(catalog, tiles):
    page = catalog().open('#t0/2024-02-01', slug='tiles')
    page.settle()
    button = page.part('along')
    assert button.inner_text() == 'Chart over day'
    page.page.mouse.click(*page.at((11, 42))[0])
    page.part('readout').filter(has_text='40').wait_for()
    button.click()
    value = page.part('series-value')
    value.filter(has_text='2024-02-01 — 40').wait_for()
    assert page.part('series-title').inner_text().endswith('E')
    dots = page.part('chart').locator('.li-value')
    heights = [float(dot.get_attribute('cy')) for dot in dots.all()]
    widths = [float(dot.get_attribute('cx')) for dot in dots.all()]
    # Even steps of values upwards, at the distance of the days.
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.3)
    assert heights[0] > heights[1]
    assert (widths[1] - widths[0]) / (widths[2] - widths[1]) == pytest.approx(31 / 29, abs=0.01)
    # Another place, another series: there is none on the last day.
    page.part('open').get_by_label('tile').check()
    page.settle()
    page.page.evaluate(f'{MAP}.map.map.setView([42, 15], 6, {{ animate: false }})')
    page.page.mouse.click(*page.at((15, 42.5))[0])
    value.filter(has_text='2024-02-01 — 50').wait_for()
    assert dots.count() == 2
    # By the hand, and by the keyboard.
    box = page.part('chart').bounding_box()
    page.page.mouse.move(box['x'] + 60, box['y'] + 40)
    value.filter(has_text='2024-01-01 — 20').wait_for()
    page.part('chart').focus()
    page.page.keyboard.press('End')
    value.filter(has_text='2024-02-01 — 50').wait_for()
    page.page.keyboard.press('ArrowLeft')
    value.filter(has_text='2024-01-01 — 20').wait_for()
    page.page.keyboard.press('Enter')
    page.part('shown').filter(has_text='t0 · 2024-01-01').wait_for()
    page.page.keyboard.press('Escape')
    assert page.part('series').is_hidden()
    assert button.evaluate('part => part === document.activeElement')


def test_a_chart_where_there_is_nothing(catalog, tiles):
    page = catalog().open('#t0/2024-02-01', slug='tiles')
    page.settle()
    page.part('open').get_by_label('tile').check()
    page.settle()
    page.page.evaluate(f'{MAP}.map.map.setView([20, 12], 6, {{ animate: false }})')
    page.part('along').click()
    page.part('series-value').filter(has_text='no value here').wait_for()
    assert page.part('chart').locator('.li-value').count() == 0


def test_a_catalogue_without_days_has_no_chart(catalog, scenes):
    api.create('plain', ['name'])
    api.insert('plain', ['a'], '0.tif')
    page = catalog().open('#a', slug='plain')
    page.settle()
    assert page.part('along').is_hidden()


def test_gamma_contrast_and_saturation(catalog):
    page = catalog().open('#S2/2024-05-01/B04')
    page.part('min').fill('0')
    page.part('max').fill('4000')
    page.part('max').press('Enter')
    page.settle()
    west, east = (11, 42), (13, 42)
    near(page.colors(west, east), [(64,) * 3, (191,) * 3], 3)
    assert page.part('gamma').is_hidden()
    page.part('adjust').locator('summary').click()
    page.part('gamma').fill('2')
    page.settle()
    near(page.colors(west, east), [(128,) * 3, (221,) * 3], 3)
    assert page.part('saturation').is_hidden()
    page.part('mode-rgb').click()
    for color, band in {'red': 'B08', 'green': 'B04', 'blue': 'B04'}.items():
        page.part(color).select_option(band)
    page.part('saturation').fill('0')
    page.settle()
    gray, _ = page.colors(west, east)
    assert max(gray) - min(gray) <= 4
    page.part('unadjust').click()
    page.settle()
    red, _ = page.colors(west, east)
    assert red[0] > red[1] + 100


def test_all_by_keyboard(catalog):
    page = catalog().open()
    page.page.locator('[name=band]').focus()
    page.page.keyboard.type('B04')
    page.count('2 datasets')
    # Past the box, the button and into the list.
    for _ in range(3):
        page.page.keyboard.press('Tab')
    page.page.keyboard.press('ArrowDown')
    page.page.keyboard.press('ArrowUp')
    page.page.wait_for_selector('.li-footprint--here')
    page.page.keyboard.press('Enter')
    page.part('shown').filter(has_text='2024-05-01 · B04').wait_for()
    page.settle()
    page.page.locator('.leaflet-container').focus()
    page.page.keyboard.press('Enter')
    page.part('readout').filter(has_text='B04:').wait_for()


def test_the_tile_url_can_be_copied_and_the_address_shared(catalog):
    page = catalog().open()
    page.page.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    page.choose('2024-05-01', 'B04')
    page.settle()
    page.part('copy').click()
    page.part('readout').filter(has_text='Copied').wait_for()
    text = page.page.evaluate('navigator.clipboard.readText()')
    start = f'{page.window.base}/catalogs/scenes/singleband/S2/2024-05-01/B04/{{z}}/{{x}}/{{y}}.png'
    assert text == f'{start}?stretch_range=%5B%22p2%22%2C%22p98%22%5D'
    assert page.page.url.endswith('/catalogs/scenes/#S2/2024-05-01/B04')
    other = catalog().open('#S2/2024-07-01/B04')
    other.part('shown').filter(has_text='2024-07-01 · B04').wait_for()
    other.settle()
    near(other.colors((17, 42), (19, 42)), [(0, 0, 0), (255, 255, 255)], 8)
    # It is what the map shows, whenever the footprints come.
    other.footprints(4)
    (left, _), (right, _) = other.at((16, 42), (20, 42))
    assert right - left > 200


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_a_phone(catalog, scheme):
    page = catalog(width=390, height=780, scheme=scheme).open()
    assert page.part('search-body').is_visible()
    page.choose('2024-05-01', 'B04')
    page.settle()
    # The map is free, and the dataset on it.
    assert page.part('search-body').is_hidden()
    assert page.part('body').is_hidden()
    near(page.colors((11, 42), (13, 42)), [(0, 0, 0), (255, 255, 255)], 8)
    page.part('toggle').click()
    assert page.part('palette').is_visible()
    assert page.part('copy').evaluate('part => part.getBoundingClientRect().right') <= 390
    # The chart stands above what is folded.
    page.part('along').click()
    page.part('series-value').filter(has_text='2024-05-01').wait_for()
    assert page.part('palette').is_hidden()
    chart, foot = (page.part(name).bounding_box() for name in ('series', 'panel'))
    assert chart['x'] >= 0
    assert chart['x'] + chart['width'] <= 390
    assert chart['y'] + chart['height'] <= foot['y']
    page.part('series-close').click()
    page.part('toggle').click()
    page.part('search-toggle').click()
    assert page.part('palette').is_hidden()
    assert page.page.evaluate('document.documentElement.scrollWidth') <= 390


def test_a_raster_that_vanished_is_a_message(catalog, scenes):
    (scenes / '3.tif').unlink()
    page = catalog().open()
    page.count('5 datasets')
    page.page.locator('.li-results li button').filter(has_text='2024-07-01').click()
    said = page.part('notice')
    said.wait_for()
    assert 'no such' in said.inner_text().lower() or 'unreadable' in said.inner_text().lower()
    assert str(scenes) not in said.inner_text()


def test_a_page_that_cannot_start_says_so_and_tries_again(catalog):
    page = catalog()
    page.page.add_init_script(
        """for (const state of ['ready', 'error']) {
            document.addEventListener(`large-image:${state}`, ({ detail, target }) => {
                window.heard = [state, detail === target.largeImageCatalog, String(detail)];
            });
        }"""
    )
    page.page.route('**/vendor/leaflet/*.js', lambda route: route.abort())
    page.open()
    state, _, error = page.page.evaluate('window.heard')
    assert state == 'error'
    assert page.window.notice().startswith(error.removeprefix('Error: '))
    page.page.unroute('**/vendor/leaflet/*.js')
    page.part('retry').click()
    page.page.wait_for_selector('.li-catalog[data-state=ready]')
    assert page.page.evaluate('window.heard')[:2] == ['ready', True]
    page.footprints(3)


def test_no_such_catalogue_is_404(client, db):
    assert client.get('/catalogs/nothing/').status_code == 404
