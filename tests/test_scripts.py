"""`scripts/system.sh` installs what is missing; without root it says what to run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BASICS = ['basename', 'bash', 'dirname', 'env', 'readlink']
NEEDED = ['chromium', 'g++', 'gdal-config', 'gdalwarp', 'nginx', 'npm']
PACKAGES = {
    'chromium': ['chromium', 'fonts-liberation'],
    'g++': ['g++'],
    'gdal-config': ['libgdal-dev'],
    'gdalwarp': ['gdal-bin'],
    'nginx': ['nginx-light'],
    'npm': ['nodejs', 'npm'],
}


@pytest.fixture
def machine(tmp_path):
    """Run the script on a PATH of its own, without some commands; return what apt-get was told."""
    (tmp_path / 'bin').mkdir()
    shutil.copytree(ROOT / 'scripts', tmp_path / 'scripts')
    told = tmp_path / 'told'

    def executable(name, text):
        path = tmp_path / 'bin' / name
        path.write_text(f'#!/bin/sh\n{text}\n')
        path.chmod(0o755)

    for name in BASICS:
        (tmp_path / 'bin' / name).symlink_to(shutil.which(name))
    executable('python3', f'exec {sys._base_executable} "$@"')
    executable('apt-get', f'echo "$@" >>{told}')

    def run(*missing, goal=()):
        for name in set(NEEDED) - set(missing):
            executable(name, '')
        result = subprocess.run(
            [str(tmp_path / 'scripts' / 'system.sh'), *goal],
            env={
                'POSTGRESQL': str(tmp_path / 'postgresql'),
                'PATH': str(tmp_path / 'bin'),
                'NGINX': str(tmp_path / 'bin' / 'nginx'),
                'LDCONFIG': str(tmp_path / 'bin' / 'ldconfig'),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return result, told.read_text().splitlines() if told.exists() else []

    return run


def test_nothing_is_installed_where_nothing_is_missing(machine):
    result, told = machine()
    assert (result.returncode, result.stdout, result.stderr, told) == (0, '', '', [])


@pytest.mark.parametrize('missing', NEEDED)
@pytest.mark.skipif(os.geteuid() != 0, reason='only root installs packages')
def test_root_installs_what_is_missing(machine, missing):
    result, told = machine(missing)
    assert result.returncode == 0, result.stderr
    assert told[0].startswith('update')
    assert told[1].split()[:3] == ['install', '-y', '--no-install-recommends']
    assert told[1].split()[3:] == PACKAGES[missing]


@pytest.mark.skipif(os.geteuid() == 0, reason='root installs packages itself')
def test_others_are_told_what_to_run(machine):
    result, told = machine('gdal-config', 'npm')
    assert (result.returncode, told) == (1, [])
    assert 'sudo apt-get install -y --no-install-recommends libgdal-dev nodejs npm' in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason='only root installs packages')
@pytest.mark.parametrize('found', [True, False])
def test_the_tests_have_packages_of_their_own(machine, tmp_path, found):
    if found:
        extensions = tmp_path / 'postgresql' / '15' / 'extension'
        extensions.mkdir(parents=True)
        (extensions / 'postgis_raster.control').touch()
    ldconfig = tmp_path / 'bin' / 'ldconfig'
    ldconfig.write_text(f'#!/bin/sh\necho {"libmagic.so.1" if found else "libm.so.6"}\n')
    ldconfig.chmod(0o755)
    assert machine()[1] == []
    result, told = machine(goal=['test'])
    assert result.returncode == 0, result.stderr
    packages = 'postgresql-postgis libmagic1'
    wanted = [] if found else [f'install -y --no-install-recommends {packages}']
    assert told[1:] == wanted
