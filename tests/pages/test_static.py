"""The static files as a deployment treats them: hashed names, no reference into the void."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

import django_large_image

STATIC = Path(django_large_image.__file__).parent / 'static'
FILES = sorted(path.relative_to(STATIC) for path in STATIC.rglob('*') if path.is_file())
MODULES = [path for path in FILES if path.suffix == '.js' and 'vendor' not in path.parts]


def test_hashed_names_find_every_reference(tmp_path):
    storage = ManifestStaticFilesStorage(location=str(tmp_path), base_url='/static/')
    for path in FILES:
        with (STATIC / path).open('rb') as content:
            storage.save(str(path), content)
    results = list(storage.post_process({str(path): (storage, str(path)) for path in FILES}))
    assert len(results) >= len(FILES)
    assert [name for name, _, processed in results if isinstance(processed, Exception)] == []


@pytest.mark.parametrize('path', MODULES, ids=str)
def test_modules_import_what_is_there(path):
    source = (STATIC / path).read_text()
    for name in re.findall(r"from '(\./[^']+)'", source):
        assert (STATIC / path).parent.joinpath(name).is_file()
    assert source.count('\n') < 400
    # What a strict content policy refuses, or what would ask another host.
    assert not re.search(r'innerHTML|new Function|setAttribute\(.style|document\.write', source)
    assert re.findall(r'https?://(?!leafletjs\.com|cesium\.com/)', source) == []


def test_templates_have_nothing_inline():
    templates = Path(django_large_image.__file__).parent / 'templates'
    for path in templates.rglob('*.html'):
        source = path.read_text()
        assert not re.search(r'<style|\sstyle="|\son\w+="|javascript:', source), path
        assert '//' not in re.sub(r'\{#.*?#\}', '', source, flags=re.DOTALL), path
        for script in re.findall(r'<script[^>]*>', source):
            assert 'src=' in script, path


def test_libraries_ship_with_their_licence():
    vendor = STATIC / 'django_large_image' / 'vendor'
    for folder in (path for path in vendor.iterdir() if path.is_dir()):
        assert (folder / 'LICENSE').is_file()
        assert folder.name in (vendor / 'README.md').read_text()


def test_the_land_is_closed_rings_of_degrees():
    land = json.loads((STATIC / 'django_large_image/data/land.json').read_text())
    rings = [ring for polygon in land['rings'] for ring in polygon]
    assert len(rings) > 100
    for ring in rings:
        assert ring[0] == ring[-1]
        assert all(-540 <= x <= 540 and -90 <= y <= 90 for x, y in ring)
        # No edge runs round the Earth, but for the one along the pole: rings count on beyond 180.
        leaps = [y for (a, _), (b, y) in pairwise(ring) if abs(a - b) > 180 and y > -90]
        assert leaps == []


def test_the_swatches_have_nine_colours_each():
    palettes = json.loads((STATIC / 'django_large_image/data/palettes.json').read_text())
    assert palettes['viridis'].startswith('440154')
    assert palettes['viridis'].endswith('fde725')
    for digits in palettes.values():
        assert len(digits) % 6 == 0
        assert re.fullmatch(r'[0-9a-f]+', digits)
