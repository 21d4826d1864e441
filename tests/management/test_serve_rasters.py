"""The command as somebody starts it: a process of its own, asked over HTTP."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from tests import factories

ROOT = Path(__file__).resolve().parents[2]
PLACE = {'epsg': 4326, 'bounds': (10, 40, 14, 44)}


@pytest.fixture
def start(tmp_path):
    """Start the command with arguments; its temporary files are in `tmp_path / 'scratch'`."""
    (tmp_path / 'scratch').mkdir()
    started = []

    def run(*arguments, **environment):
        process = subprocess.Popen(
            [sys.executable, '-m', 'django', 'serve_rasters', *map(str, arguments)],
            env={
                **os.environ,
                'DJANGO_SETTINGS_MODULE': 'tests.settings',
                'TMPDIR': str(tmp_path / 'scratch'),
                **environment,
            },
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def fetch(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read()


def test_a_folder_is_served_and_nothing_is_left(start, tmp_path):
    folder = tmp_path / 'scenes'
    folder.mkdir()
    for band, value in (('B04', 10), ('B08', 200)):
        path = folder / f'S2_20240501_{band}.tif'
        factories.raster(path, np.full((64, 64), value, 'uint8'), **PLACE)
    (folder / 'S2_20240501_B09.tif').write_text('This is no raster.')
    process = start(folder, '--no-browser', '--workers', '1')
    said = process.stdout.readline()
    url = re.search(r'http://127\.0\.0\.1:\d+/rasters/', said).group()
    assert said.startswith('2 datasets')
    assert b'data-large-image-catalog' in fetch(url)
    found = json.loads(fetch(f'{url}datasets'))['datasets']
    assert found == [{'part': 'B04'}, {'part': 'B08'}]
    assert json.loads(fetch(f'{url}metadata/B08'))['range'] == [200, 200]
    assert fetch(f'{url}singleband/B08/5/17/11.png').startswith(b'\x89PNG')
    script = '/static/django_large_image/js/catalog.js'
    assert b'CatalogApi' in fetch(url.replace('/rasters/', script))
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert 'S2_20240501_B09.tif: ' in errors
    assert list((tmp_path / 'scratch').iterdir()) == []


def test_all_datasets_of_names_that_follow_no_rule_have_a_path(start, tmp_path):
    folder = tmp_path / 'scenes'
    (folder / 'sub').mkdir(parents=True)
    for name, value in (('c.tif', 10), ('sub/a_b.tif', 200)):
        factories.raster(folder / name, np.full((64, 64), value, 'uint8'), **PLACE)
    process = start(folder, '--no-browser', '--workers', '1')
    url = re.search(r'http://\S+/rasters/', process.stdout.readline()).group()
    names = [found['name'] for found in json.loads(fetch(f'{url}datasets'))['datasets']]
    assert names == ['c.tif', 'sub/a_b.tif']
    assert json.loads(fetch(f'{url}metadata/sub%252Fa_b.tif'))['range'] == [200, 200]
    picture = fetch(f'{url}singleband/sub%252Fa_b.tif/preview.png')
    assert picture.startswith(b'\x89PNG')
    assert fetch(f'{url}metadata/sub/a_b.tif') == fetch(f'{url}metadata/sub%252Fa_b.tif')
    # What `terracotta connect` asks for, below the same address.
    assert json.loads(fetch(f'{url}keys'))['keys'][0]['key'] == 'name'
    assert json.loads(fetch(f'{url}swagger.json'))['info']['version'].startswith('0.10')


def test_pages_of_this_machine_may_read_what_is_served(start, tmp_path):
    factories.raster(tmp_path / 'a.tif', np.full((64, 64), 7, 'uint8'), **PLACE)
    process = start(tmp_path, '--no-browser', '--workers', '1')
    url = re.search(r'http://\S+/rasters/', process.stdout.readline()).group()

    def allowed(origin):
        request = urllib.request.Request(f'{url}keys', headers={'Origin': origin})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert 'Origin' in answer.headers['Vary']
            return answer.headers['Access-Control-Allow-Origin']

    for origin in ('http://127.0.0.1:5100', 'http://localhost:3000', 'http://[::1]:80'):
        assert allowed(origin) == origin
    for origin in ('https://example.org', 'http://localhost.example.org', 'null', 'http://[x'):
        assert allowed(origin) is None


def test_the_page_is_opened_in_the_browser(start, tmp_path):
    factories.raster(tmp_path / 'a.tif', np.full((64, 64), 7, 'uint8'), **PLACE)
    browser = tmp_path / 'browser'
    # It returns when it has seen the page, says so, and ends the command.
    browser.write_text(
        f'#!{sys.executable}\n'
        'import os, signal, sys, urllib.request\n'
        'try:\n'
        '    page = urllib.request.urlopen(sys.argv[1], timeout=10).read()\n'
        'except OSError:\n'
        "    page = b''\n"
        "print(sys.argv[1], b'data-large-image-catalog' in page, flush=True)\n"
        'os.kill(os.getppid(), signal.SIGTERM)\n'
    )
    browser.chmod(0o700)
    process = start(tmp_path, '--workers', '1', BROWSER=str(browser))
    said, _ = process.communicate(timeout=60)
    first, opened = said.splitlines()
    url = re.search(r'http://\S+', first).group()
    assert opened == f'{url} True'


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ([], 'There is no raster to show.'),
        (['--pattern', 'nothing.tif'], 'The pattern names no key'),
    ],
)
def test_nothing_to_show_is_an_exit_code(start, tmp_path, arguments, message):
    (tmp_path / 'empty').mkdir()
    process = start(tmp_path / 'empty', '--no-browser', *arguments)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert message in errors
    assert list((tmp_path / 'scratch').iterdir()) == []


def test_no_such_folder_is_an_exit_code(start, tmp_path):
    process = start(tmp_path / 'nowhere')
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert 'There is no folder' in errors
