"""Ingestions by processes of their own: two at once, and one that is killed."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from django_large_image.catalog import standalone
from tests import factories

COUNT = 400


class Project:
    """A project of its own: a folder, a database and commands."""

    def __init__(self, home: Path) -> None:
        self.folder = home / 'rasters'
        self.folder.mkdir()
        self.database = home / 'db.sqlite3'
        first = factories.raster(
            self.folder / 'a_0.tif',
            np.arange(1, 101).reshape(10, 10),
            epsg=4326,
            bounds=(0, 0, 1, 1),
        )
        for number in range(1, COUNT):
            os.link(first, self.folder / f'a_{number}.tif')

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Run a command."""
        asked = {'folder': str(self.folder), 'database': str(self.database)}
        return subprocess.Popen(
            [sys.executable, '-m', 'django', *arguments],
            env={
                **os.environ,
                'DJANGO_SETTINGS_MODULE': standalone.__name__,
                standalone.VARIABLE: json.dumps(asked),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ingest(self, *options: str) -> subprocess.Popen[str]:
        """Ingest all files."""
        pattern = f'{self.folder}/{{name}}_{{number:number}}.tif'
        return self.start('ingest_rasters', 'scenes', pattern, '--workers=1', *options)

    def stored(self) -> list[Any]:
        """What was measured of each dataset."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(
                'SELECT minimum, maximum, mean, east, cell IS NULL, measuring_since '
                'FROM large_image_catalog_dataset'
            ).fetchall()


def finished(process: subprocess.Popen[str]) -> str:
    """What a command said when it was through."""
    said, problems = process.communicate(timeout=120)
    assert process.returncode == 0, problems
    return said


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with an empty database."""
    made = Project(tmp_path)
    finished(made.start('migrate', '--verbosity=0'))
    return made


COMPLETE = (1.0, 100.0, 50.5, 1.0, 0, None)


def test_two_at_once_and_nothing_is_lost(project: Project) -> None:
    processes = [project.ingest(), project.ingest()]
    for process in processes:
        assert f'{COUNT} datasets stored' in finished(process)
    assert project.stored() == [COMPLETE] * COUNT


def test_what_a_killed_one_leaves_is_complete_and_the_next_goes_on(project: Project) -> None:
    process = project.ingest()
    said = ''
    # The bar moves once datasets are stored.
    while not re.search(r'\d{3}/', said):
        said += process.stderr.read(1)  # type: ignore[union-attr]
    process.kill()
    process.communicate()
    # All that was stored is seen, and nothing else.
    left = project.stored()
    assert 0 < len(left) < COUNT
    assert left == [COMPLETE] * len(left)
    said = finished(project.ingest('--skip-existing'))
    assert f'{COUNT - len(left)} datasets stored, {len(left)} were there' in said
    assert project.stored() == [COMPLETE] * COUNT
