"""Takes the screenshots of these pages from the example project, served for the purpose.

    .venv/bin/python docs/screenshots.py

The samples have to be there: `make demo` makes them. Look at the pictures before you commit them.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROJECT = HERE.parent / 'example_project'
IMAGES = HERE / 'images'
FLAGS = (
    '--headless=new --no-sandbox --use-angle=swiftshader --enable-unsafe-swiftshader '
    '--ignore-gpu-blocklist --disable-background-networking --disable-component-update '
    '--disable-sync --no-first-run'
).split()
SETTLED = """() => {
    const tiles = [...document.querySelectorAll('.leaflet-tile')];
    return tiles.length && tiles.every((tile) => getComputedStyle(tile).opacity === '1');
}"""
ZOOMED = """() => document.querySelector('[data-state=ready]')
    ?.largeImage.viewer.layer?.getFullyLoaded()"""
SIZE = {'width': 1200, 'height': 750}
PHONE = {'width': 390, 'height': 780}


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Serve the example project on a free port."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    command = [sys.executable, '-m', 'gunicorn', 'example_project.wsgi', '--chdir', str(PROJECT)]
    command += [
        '--bind',
        f'127.0.0.1:{port}',
        '--worker-class',
        'gthread',
        '--threads',
        '4',
        '--no-control-socket',
    ]
    process = subprocess.Popen(command, env={**os.environ, 'DEBUG': '0'})
    try:
        address = f'http://127.0.0.1:{port}'
        for _ in range(100):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(address, timeout=5).close()
                break
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait()


def catalog(page: Any, address: str) -> None:
    """Take those of the page of a catalogue: a formula, a picture of three bands, a mosaic with a
    chart, and the same on a phone.
    """
    scenes, seasons = f'{address}/api/catalogs/scenes/', f'{address}/api/catalogs/seasons/'
    page.goto(f'{scenes}#great-salt-lake/red', wait_until='networkidle')
    page.click('[data-li=mode-compute]')
    page.select_option('[data-li=palette]', 'RdYlGn')
    enter(page, {'min': '-0.4', 'max': '0.6'})
    settled(page)
    keep('catalog', page)
    page.click('[data-li=mode-rgb]')
    settled(page)
    keep('catalog-rgb', page, suffix='jpg')
    page.goto(f'{seasons}#E000N55/2024-05-15', wait_until='networkidle')
    page.check('[data-li=open] input[value=tile]')
    page.select_option('[data-li=palette]', 'RdYlGn')
    enter(page, {'min': '-0.1', 'max': '0.5'})
    settled(page)
    page.mouse.click(620, 330)
    page.click('[data-li=along]')
    settled(page)
    keep('catalog-mosaic', page)
    page.set_viewport_size(PHONE)
    page.goto(f'{scenes}#great-salt-lake/nir', wait_until='networkidle')
    page.reload(wait_until='networkidle')
    page.select_option('[data-li=palette]', 'viridis', force=True)
    settled(page)
    page.click('[data-li=toggle]')
    settled(page)
    keep('catalog-phone', page)
    page.set_viewport_size(SIZE)


def depth(page: Any, address: str) -> None:
    """Take that of the page of a depth image: some metres of the sample, in its own colours."""
    page.goto(f'{address}/#logs')
    page.locator('#logs ~ .cards .picture').first.click()
    page.wait_for_selector('[data-state=ready]')
    page.select_option('[data-li=palette]', 'core')
    page.click('[data-li=range-percentile]')
    enter(page, {'depth-min': '2185', 'depth-max': '2200'})
    page.wait_for_timeout(1000)
    page.wait_for_load_state('networkidle')
    page.mouse.click(610, 330)
    page.wait_for_selector('[data-li=cursor][data-value]')
    keep('depth', page, suffix='jpg')


def enter(page: Any, numbers: dict[str, str]) -> None:
    """Type numbers into fields of the panel, by their names."""
    for name, number in numbers.items():
        page.fill(f'[data-li={name}]', number)
        page.press(f'[data-li={name}]', 'Enter')


def settled(page: Any) -> None:
    """Wait until the map shows what was chosen a moment ago."""
    page.wait_for_timeout(1000)
    page.wait_for_load_state('networkidle')
    page.wait_for_function(SETTLED)


def find(address: str, name: str) -> int:
    """Return the key of a sample."""
    import json

    with urllib.request.urlopen(f'{address}/api/images/?format=json') as answer:
        images = json.load(answer)['results']
    return next(image['id'] for image in images if image['name'] == name)


def keep(name: str, page: Any, suffix: str = 'png') -> None:
    """Store what the page shows in few bytes: 256 colours, or a JPEG of a photograph."""
    from PIL import Image

    IMAGES.mkdir(exist_ok=True)
    picture = Image.open(io.BytesIO(page.screenshot())).convert('RGB')
    if suffix == 'png':
        picture = picture.quantize(256, dither=Image.Dither.NONE)
    picture.save(IMAGES / f'{name}.{suffix}', optimize=True, quality=88)


def main() -> None:
    """Take them all."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which('chromium') or shutil.which('google-chrome')
    with server() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport=SIZE)
        page.on('console', lambda message: sys.stderr.write(f'{message.type}: {message.text}\n'))
        lake, marble = find(address, 'Great Salt Lake'), find(address, 'Blue Marble')

        page.goto(f'{address}/images/{lake}/', wait_until='networkidle')
        page.select_option('[data-li=mode]', 'composite')
        for color, band in {'red': '5', 'green': '4', 'blue': '3'}.items():
            page.select_option(f'[data-li={color}]', band)
        page.click('[data-li=range-percentile]')
        page.wait_for_load_state('networkidle')
        # Every tile is there and has faded in.
        page.wait_for_function(SETTLED)
        keep('viewer', page)

        page.goto(f'{address}/images/{lake}/zoom/')
        page.wait_for_function(ZOOMED)
        keep('zoom', page, suffix='jpg')

        page.goto(f'{address}/images/{marble}/globe/', wait_until='load')
        page.wait_for_timeout(25000)
        keep('globe', page, suffix='jpg')

        page.goto(f'{address}/swagger/', wait_until='networkidle')
        tile = page.locator('.opblock-get', has_text='/tiles/{z}/{x}/{y}.{fmt}').first
        tile.locator('.opblock-summary').click()
        tile.locator('.try-out__btn').click()
        place = {'z': 2, 'x': 2, 'y': 1, 'id': marble, 'projection': 'EPSG:3857'}
        for row in tile.locator('tr[data-param-name]').all():
            # Swagger UI fills in examples and defaults.
            name = row.get_attribute('data-param-name')
            if row.locator('input').count():
                row.locator('input').fill(str(place.get(name, '')))
        tile.locator('.execute').click()
        picture = tile.locator('.response-col_description img').first
        picture.wait_for(timeout=20000)
        tile.locator('.request-url').scroll_into_view_if_needed()
        tile.locator('.request-url').evaluate('element => element.scrollIntoView(true)')
        page.wait_for_timeout(500)
        keep('swagger', page)

        page.goto(f'{address}/admin/login/?next=/admin/core/imagefile/{lake}/change/')
        page.fill('#id_username', 'admin')
        page.fill('#id_password', 'admin')
        page.click('[type=submit]')
        page.wait_for_load_state('networkidle')
        page.wait_for_timeout(2500)
        page.set_viewport_size({'width': 1200, 'height': 1000})
        page.wait_for_timeout(1500)
        keep('admin', page)

        page.set_viewport_size(SIZE)
        catalog(page, address)
        depth(page, address)
        browser.close()


if __name__ == '__main__':
    main()
