"""A project that was written for django-large-image 0.10 runs unchanged.

`project/` holds the examples of its README; `recorded.json` is what 0.10.5 answered to `probe.py`.
What differs on purpose stands in the tables below and on the page "Coming from 0.10".
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
RECORDED: dict[str, Any] = json.loads((HERE / 'recorded.json').read_text())

# Reads that are kinder to nodata: 0.10 shows it opaque as long as no projection is asked for.
SEE_THROUGH = {
    'api/image-file/2/data/thumbnail.png',
    'api/image-file/2/data/thumbnail.jpg?max_width=64&max_height=64',
    'api/image-file/2/tiles/0/0/0.png',
    'api/image-file/2/tiles/1/0/0.jpg',
    'api/url-image/2/data/thumbnail.png',
    # Beyond the edge of the image a tile is transparent, not black.
    'api/image-file/3/tiles/0/0/0.png',
    'api/image-file/3/tiles/1/0/0.jpg',
}
TOLERANCE = 2.5  # of 255: 0.10 takes the nearest sample, we interpolate


@pytest.fixture(scope='session')
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the project answers today, in a process and with settings of its own."""
    environment = {**os.environ, 'TMPDIR': str(tmp_path_factory.mktemp('downstream'))}
    environment.pop('DJANGO_SETTINGS_MODULE', None)
    result = subprocess.run(
        [sys.executable, str(HERE / 'probe.py')],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def missing(old: Any, new: Any, path: str = '') -> list[str]:
    """Return the keys of `old` that `new` lacks, or has with another kind of value."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            place
            for key in old
            for place in (
                missing(old[key], new[key], f'{path}/{key}') if key in new else [f'{path}/{key}']
            )
        ]
    if isinstance(old, list) and isinstance(new, list):
        return missing(old[0], new[0], f'{path}[]') if old and new else []
    return [] if old == new or 'nothing' in (old, new) else [path]


def test_the_same_addresses_answer(answers):
    assert set(answers) == set(RECORDED)


@pytest.mark.parametrize('path', [path for path in RECORDED if path != 'cache'])
def test_it_answers_like_0_10(answers, path):
    old, new = RECORDED[path], answers[path]
    if old['status'] >= 500:
        assert new['status'] == 200  # what 0.10 failed at
        return
    assert (new['status'], new['type']) == (old['status'], old['type'])
    assert missing(old.get('shape'), new.get('shape')) == []
    for said in ('X-Trace', 'X-Overridden', 'json', 'tiff', 'says'):
        assert new.get(said) == old.get(said)


@pytest.mark.parametrize('path', [path for path in RECORDED if 'picture' in RECORDED[path]])
def test_it_looks_like_0_10(answers, path):
    old, new = RECORDED[path]['picture'], answers[path]['picture']
    assert new['size'] == old['size']
    if path not in SEE_THROUGH:
        assert new['mean'] == pytest.approx(old['mean'], abs=TOLERANCE)


def test_every_hook_is_called(answers):
    trace = answers['api/hooked/1/tiles/0/0/0.png']['X-Trace'].split()
    assert trace == [
        'get_field_file',
        'get_path',
        'get_query_param',
        'get_style',
        'get_tile_source',
        'open_image',
        'open_tile_source',
    ]


def test_the_old_name_of_the_cache_setting_counts(answers):
    assert answers['cache'] == {'used': True}


def test_a_local_file_is_read_where_0_10_wanted_an_address(answers):
    """`USE_VSI` on a storage of local files: 0.10 made a URL of the file's path and failed."""
    assert answers['api/vsi-file/1/info/metadata']['status'] == 200
    assert answers['api/vsi-file/1/data/thumbnail.png']['picture']['size'] == [256, 192]


def test_names_of_0_10_are_importable():
    from django_large_image.rest import LargeImageFileDetailMixin, LargeImageView
    from django_large_image.utilities import field_file_to_local_path, make_vsi

    assert LargeImageView is LargeImageFileDetailMixin
    assert make_vsi('s3://bucket/key.tif') == '/vsis3/bucket/key.tif'
    assert callable(field_file_to_local_path)


@pytest.mark.parametrize(
    'name',
    'metadata metadata-internal bands band frames tiffdump tiles-metadata tile tile-corners'
    ' thumbnail region pixel histogram'.split(),
)
def test_url_names_are_kept(name):
    from django_large_image.rest import LargeImageDetailMixin

    actions = [
        getattr(LargeImageDetailMixin, attribute) for attribute in dir(LargeImageDetailMixin)
    ]
    assert name in {getattr(action, 'url_name', None) for action in actions}


def test_the_form_of_0_10_carries_a_viewer(answers):
    assert answers['admin/gallery/imagefile/1/change/']['says'] == {
        'baseEndpoint': True,
        'imageId': True,
        'django_large_image/': True,
    }
