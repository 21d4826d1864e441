"""Swagger's page in a real browser: “Try it out” shows the picture of a tile, and JSON."""

from __future__ import annotations

import json

import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls('tests.pages.urls'),
]


@pytest.fixture
def try_out(visit, quarters):
    """Open one operation, fill in its parameters and execute it: the block of the operation."""
    instance = quarters(epsg=4326, bounds=(10, 40, 14, 44))
    window = visit(height=1200)
    page = window.page
    page.goto(f'{window.base}/swagger/')

    def run(path: str, **values: object):
        block = page.locator('.opblock').filter(
            has=page.locator(f'.opblock-summary-path[data-path="{path}"]')
        )
        block.locator('.opblock-summary').first.click()
        block.locator('.try-out__btn').click()
        for name, value in {'id': instance.pk, **values}.items():
            row = block.locator(f'tr[data-param-name="{name}"]')
            if row.locator('select').count():
                row.locator('select').select_option(str(value))
            else:
                row.locator('input').fill(str(value))
        block.locator('.execute').click()
        block.locator('.live-responses-table .response-col_status').first.wait_for()
        return block

    return run


def test_a_tile_is_shown_as_a_picture(try_out):
    block = try_out(
        '/images/{id}/tiles/{z}/{x}/{y}.{fmt}', z=5, x=17, y=11, fmt='png', projection='EPSG:3857'
    )
    assert block.locator('.live-responses-table .response-col_status').nth(1).inner_text() == '200'
    picture = block.locator('.live-responses-table img')
    picture.wait_for()
    assert picture.evaluate('image => image.decode().then(() => image.naturalWidth)') == 256


def test_metadata_is_shown_as_json(try_out):
    block = try_out('/images/{id}/info/metadata')
    text = block.locator('.live-responses-table .microlight, .live-responses-table pre code').first
    body = json.loads(text.inner_text())
    assert (body['bandCount'], body['sourceSizeX'], body['geospatial']) == (3, 256, True)
