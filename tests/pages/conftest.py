"""A headless Chromium whose pages are watched: every test ends with a look at its console."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests import factories

ROOT = Path(__file__).resolve().parents[2]
CESIUM = ROOT / 'node_modules' / 'cesium' / 'Build' / 'Cesium'
FLAGS = (
    '--no-sandbox --disable-background-networking --disable-component-update --disable-sync '
    '--no-first-run'
).split()
# The globe needs WebGL, which software draws here: of any other page it would only take time.
WEBGL = '--use-angle=swiftshader --enable-unsafe-swiftshader --ignore-gpu-blocklist'.split()
PATIENCE = 60_000  # milliseconds: the globe is drawn by software here, beside other work

RED, GREEN, BLUE, YELLOW = (200, 40, 40), (40, 160, 60), (40, 70, 200), (230, 210, 40)


@pytest.fixture(scope='session')
def chromium() -> Iterator[Callable[..., Any]]:
    """Debian's Chromium, with and without WebGL: `chromium()`, `chromium(webgl=True)`; nothing is
    downloaded.
    """
    api = pytest.importorskip('playwright.sync_api', reason='The package playwright is missing.')
    path = shutil.which('chromium') or shutil.which('chromium-browser')
    if path is None:
        pytest.skip('There is no chromium on the PATH (apt-get install chromium).')
    launched: dict[bool, Any] = {}

    def launch(*, webgl: bool = False) -> Any:
        if webgl not in launched:
            flags = [*FLAGS, *(WEBGL if webgl else ['--disable-gpu'])]
            launched[webgl] = playwright.chromium.launch(executable_path=path, args=flags)
        return launched[webgl]

    # Playwright's own event loop in this thread would make Django refuse the database.
    previous = os.environ.get('DJANGO_ALLOW_ASYNC_UNSAFE')
    os.environ['DJANGO_ALLOW_ASYNC_UNSAFE'] = '1'
    with api.sync_playwright() as playwright:
        yield launch
        for browser in launched.values():
            browser.close()
    if previous is None:
        del os.environ['DJANGO_ALLOW_ASYNC_UNSAFE']


class Visit:
    """One page of the live server, and what its console and its network say."""

    def __init__(self, context: Any, base: str) -> None:
        self.base = base
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.errors: list[str] = []
        self.strangers: list[str] = []
        self.page.on('console', self._console)
        self.page.on('pageerror', lambda error: self.errors.append(str(error)))
        self.page.on('request', self._request)

    def _console(self, message: Any) -> None:
        # Chromium reports every 4xx answer of fetch(); tests of errors expect those.
        if message.type == 'error' and not message.text.startswith('Failed to load resource'):
            self.errors.append(message.text)

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.base, 'data:', 'blob:')):
            self.strangers.append(request.url)

    def open(self, path: str) -> Any:
        """Go to a page and wait until its first viewer is ready or says why not."""
        self.page.goto(self.base + path)
        self.page.wait_for_selector('[data-large-image]:is([data-state=ready], [data-state=error])')
        return self.page

    def state(self, index: int = 0) -> str:
        return self.page.locator('[data-large-image]').nth(index).get_attribute('data-state')

    def notice(self) -> str:
        return self.page.locator('.li-viewer .li-notice:not([hidden])').first.inner_text()

    def settle(self, index: int = 0) -> None:
        """Wait until all tiles of a map are there and no style is on its way, for some frames."""
        self.page.evaluate('window.calm = 0')
        self.page.wait_for_function(
            """index => {
                const section = document.querySelectorAll('[data-large-image]')[index];
                const { viewer, controls, image } = section.largeImage;
                const url = image.tileUrl(controls.style);
                const settled = viewer.url === url && !viewer.layer.isLoading();
                const tiles = section.querySelectorAll('.leaflet-tile');
                const clear = [...tiles].every((tile) => tile.style.opacity === '1');
                const layers = section.querySelectorAll('.leaflet-tile-pane > .leaflet-layer');
                const calm = settled && clear && tiles.length && layers.length === 1;
                // What is drawn lags behind what the page says.
                window.calm = calm ? window.calm + 1 : 0;
                return window.calm > 15;
            }""",
            arg=index,
        )

    def look_at(self, x: float, y: float, zoom: int) -> None:
        """Bring a place to the middle of the first map at once."""
        self.page.evaluate(
            """([x, y, zoom]) => {
                const { map } = document.querySelector('.li-viewer').largeImage.viewer;
                map.setView([y, x], zoom, { animate: false });
            }""",
            [x, y, zoom],
        )

    def pixels(self) -> Any:
        """What the window shows, as (row, column, RGB)."""
        return np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert('RGB'))

    def at(self, *places: tuple[float, float], index: int = 0) -> list[tuple[int, ...]]:
        """The colours of a map at places (x, y) of its coordinates: degrees or pixels."""
        points = self.page.evaluate(
            """([index, places]) => {
                const section = document.querySelectorAll('[data-large-image]')[index];
                const { map } = section.largeImage.viewer;
                const box = map.getContainer().getBoundingClientRect();
                return places.map(([x, y]) => {
                    const point = map.latLngToContainerPoint([y, x]);
                    return [box.left + point.x, box.top + point.y];
                });
            }""",
            [index, [list(place) for place in places]],
        )
        shown = self.pixels()
        return [tuple(int(value) for value in shown[round(y), round(x)]) for x, y in points]


@pytest.fixture
def visit(request: Any, chromium: Any, live_server: Any) -> Iterator[Callable[..., Visit]]:
    """Open windows: `visit()`, `visit(width=390, height=780, scheme='dark')`.

    At the end nothing may stand in the console and no other host may have been asked.
    """
    opened: list[tuple[Any, Visit]] = []

    def open_window(width: int = 1000, height: int = 700, scheme: str = 'light') -> Visit:
        browser = chromium(webgl='cesium' in request.fixturenames)
        context = browser.new_context(
            viewport={'width': width, 'height': height}, color_scheme=scheme
        )
        found = Visit(context, live_server.url)
        opened.append((context, found))
        return found

    yield open_window
    for context, _ in opened:
        context.close()
    for _, found in opened:
        assert found.errors == []
        assert found.strangers == []


@pytest.fixture
def quarters(image_file: Callable[..., Any]) -> Callable[..., Any]:
    """Store an image of four colours: red, green above blue, yellow."""

    def store(size: int = 256, **options: Any) -> Any:
        data = np.zeros((3, size, size), 'uint8')
        half = size // 2
        for (row, column), color in zip(
            [(0, 0), (0, half), (half, 0), (half, half)], [RED, GREEN, BLUE, YELLOW], strict=True
        ):
            data[:, row : row + half, column : column + half] = np.reshape(color, (3, 1, 1))
        return image_file(data, **options)

    return store


@pytest.fixture
def cesium(settings: Any) -> Path:
    """CesiumJS from npm, served at /static/cesium/."""
    if not CESIUM.is_dir():
        pytest.skip('CesiumJS is missing (npm install).')
    settings.STATICFILES_DIRS = [('cesium', CESIUM)]
    settings.LARGE_IMAGE = {'CESIUM_URL': '/static/cesium/'}
    return CESIUM


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    """A file that is no image, whatever its name says."""
    path = tmp_path / 'text.tif'
    path.write_text('This is not an image.')
    return path


@pytest.fixture
def broken_file(tmp_path: Path) -> Path:
    """An image whose upload broke off."""
    whole = factories.raster(tmp_path / 'whole.tif', factories.gradient(512, 512))
    return factories.truncated(tmp_path / 'broken.tif', whole, keep=0.3)
