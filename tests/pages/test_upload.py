"""The example project with a bucket, as docker-compose.yml runs it: a browser uploads an image."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from django_large_image.sources.opening import close_sources, open_source
from django_large_image.storage.paths import local_reference
from tests import factories
from tests.servers.s3 import Key, S3Server

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
MANAGE = [sys.executable, str(ROOT / 'example_project' / 'manage.py')]
STARTS_IN = 60


def _environment(server: S3Server, folder: Path) -> dict[str, str]:
    """Return what docker-compose.yml says, with the store on this machine and SQLite."""
    compose = yaml.safe_load((ROOT / 'docker-compose.yml').read_text(encoding='utf-8'))
    said: dict[str, str] = compose['services']['web']['environment']
    chosen = {'SECRET_KEY': 'tests only', 'MEDIA_STORAGE': 'minio', 'DATA_DIR': str(folder)}
    addresses = {'S3_ENDPOINT_URL': server.url, 'S3_PUBLIC_URL': server.url, 'DEBUG': '0'}
    services = {'DATABASE_URL': '', 'REDIS_URL': ''}
    return {**os.environ, **said, **chosen, **addresses, **services}


def _free_port() -> int:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope='module')
def site(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the example project, whose images are in a bucket."""
    environment = _environment(s3_server, tmp_path_factory.mktemp('data'))
    environment.pop('DJANGO_SETTINGS_MODULE', None)
    access = environment['AWS_ACCESS_KEY_ID']
    s3_server.keys[access] = Key(environment['AWS_SECRET_ACCESS_KEY'])
    s3_server.client().create_bucket(Bucket=environment['S3_BUCKET'])
    for command in (['migrate', '--verbosity', '0'], ['create_demo_user']):
        subprocess.run([*MANAGE, *command], env=environment, check=True, stdout=subprocess.DEVNULL)
    port = _free_port()
    command = ['runserver', '--noreload', f'127.0.0.1:{port}']
    process = subprocess.Popen([*MANAGE, *command], env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + STARTS_IN
        while time.monotonic() < deadline and process.poll() is None:
            try:
                socket.create_connection(('127.0.0.1', port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f'http://127.0.0.1:{port}'
    finally:
        process.terminate()
        process.wait()
        del s3_server.keys[access]


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A window in whose console nothing may stand at the end."""
    context = chromium().new_context(viewport={'width': 1100, 'height': 900})
    page = context.new_page()
    page.set_default_timeout(15_000)
    said: list[str] = []
    page.on('console', lambda message: said.append(message.text) if message.type == 'error' else 0)
    page.on('pageerror', lambda error: said.append(str(error)))
    yield page
    context.close()
    assert said == []


def test_an_image_is_uploaded_to_the_bucket_and_shown(
    site: str, page: Any, s3_server: S3Server, tmp_path: Path
) -> None:
    data = np.random.default_rng(7).integers(0, 255, (3, 600, 700), 'uint8')
    path = factories.raster(tmp_path / 'from a browser.tif', data)
    page.goto(f'{site}/admin/login/?next=/admin/core/imagefile/add/')
    page.fill('input[name=username]', 'admin')
    page.fill('input[name=password]', 'admin')
    page.click('input[type=submit]')
    page.fill('input[name=name]', 'From a browser')
    with s3_server.counting() as asked:
        page.set_input_files('input[data-s3fileinput]', str(path))
        page.wait_for_selector('.s3fileinput-set:not(.s3fileinput-error)')
    assert [one.path.rsplit('/', 1)[-1] for one in asked if one.method == 'PUT'] == [
        'from_a_browser.tif'
    ]
    if folder := os.environ.get('SHOTS'):
        page.screenshot(path=f'{folder}/widget.png')
    page.click('input[name=_save]')
    page.wait_for_url('**/admin/core/imagefile/')
    page.wait_for_function("() => document.querySelector('.li-thumbnail')?.naturalWidth > 0")
    image = page.request.get(f'{site}/api/images/').json()['results'][0]
    body = page.request.get(f'{site}/api/images/{image["id"]}/tiles/1/0/0.png').body()
    shown = np.asarray(Image.open(io.BytesIO(body)))
    expected = open_source(local_reference(path)).read_tile(1, 0, 0).data
    close_sources()
    np.testing.assert_array_equal(shown[..., :3], expected[..., :3])
    page.goto(f'{site}/images/{image["id"]}/')
    page.wait_for_selector('[data-large-image][data-state=ready]')
    if folder:
        page.screenshot(path=f'{folder}/viewer.png')
