"""The official validator (`iiif-validator` on PyPI), run against the example project."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.files import File
from osgeo import gdal

pytest.importorskip('iiif_validator', exc_type=ImportError)
pytestmark = [pytest.mark.urls('example_project.urls'), pytest.mark.django_db(transaction=True)]

SCRIPT = Path(sys.executable).parent / 'iiif-validate.py'
NAME = '67352ccc-d1b0-11e1-89ae-279075081939'
# It calls functions that Python 3 does not have.
FAULTS = {'format_jp2', 'format_pdf', 'format_webp'}
COUNTS = {('2.0', 2): 30, ('3.0', 2): 33}
TILED = ['TILED=YES', 'BLOCKXSIZE=256', 'BLOCKYSIZE=256']
COPIES: dict[str, tuple[str, list[str]]] = {
    'plain.tif': ('GTiff', []),
    'pyramid.tif': ('GTiff', [*TILED, 'COMPRESS=JPEG', 'PHOTOMETRIC=YCBCR', 'JPEG_QUALITY=90']),
    'copy.jpg': ('JPEG', ['QUALITY=95']),
    f'{NAME}.png': ('PNG', []),
}
NAMES = [*COPIES, f'{NAME}.jp2']


@pytest.fixture
def identifier(request: pytest.FixtureRequest, db: None, data_dir: Path, tmp_path: Path) -> str:
    """The reference image in a kind of file, stored in the example project."""
    from core.models import ImageFile

    name = request.param
    path = tmp_path / name
    if name.endswith('.jp2'):
        path = data_dir / 'iiif' / name
    else:
        driver, options = COPIES[name]
        source = str(data_dir / 'iiif' / f'{NAME}.png')
        gdal.Translate(str(path), source, format=driver, creationOptions=options)
        if name.startswith('pyramid'):
            gdal.Open(str(path), gdal.GA_Update).BuildOverviews('AVERAGE', [2, 4])
    instance = ImageFile(name=name)
    with path.open('rb') as content:
        instance.file.save(name, File(content))
    return str(instance.file.name).replace('/', '%2F')


def validate(server: Any, identifier: str, version: str, level: int) -> tuple[int, int, set[str]]:
    """Return the validator's exit code, how many tests it ran, and the names of those that
    failed.
    """
    host = server.url.removeprefix('http://')
    options = ['-s', host, '-p', f'iiif/{version[0]}', '-i', identifier, '--scheme', 'http']
    command = [sys.executable, str(SCRIPT), *options, '--version', version, '--level', str(level)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    failed = set(re.findall(r'test (\w+) FAIL', result.stderr))
    done = re.search(r'Done \((\d+) tests', result.stderr)
    assert done, result.stderr
    assert failed <= FAULTS, result.stderr
    return result.returncode, int(done[1]), failed


@pytest.mark.parametrize('version', ['2.0', '3.0'])
@pytest.mark.parametrize('identifier', ['pyramid.tif'], indirect=True)
def test_level_2_in_full(live_server: Any, identifier: str, version: str) -> None:
    assert validate(live_server, identifier, version, 2) == (0, COUNTS[version, 2], set())


@pytest.mark.parametrize('version', ['2.0', '3.0'])
@pytest.mark.parametrize('identifier', NAMES, indirect=True)
def test_all_that_is_optional(live_server: Any, identifier: str, version: str) -> None:
    """What level 2 takes is among it, and none of that is in `FAULTS`."""
    code, count, failed = validate(live_server, identifier, version, 3)
    assert failed == FAULTS
    assert code == len(FAULTS)
    assert count == {'2.0': 42, '3.0': 45}[version]
