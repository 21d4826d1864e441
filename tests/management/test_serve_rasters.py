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

    def run(*arguments):
        process = subprocess.Popen(
            [sys.executable, '-m', 'django', 'serve_rasters', *map(str, arguments)],
            env={
                **os.environ,
                'DJANGO_SETTINGS_MODULE': 'tests.settings',
                'TMPDIR': str(tmp_path / 'scratch'),
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
