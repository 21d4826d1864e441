"""`manage.py ingest_rasters`."""

from __future__ import annotations

import io
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from django_large_image.catalog import api, contention, ingestion, schema
from django_large_image.catalog.models import Dataset
from tests import factories
from tests.catalog.committed import sqlite_file

pytestmark = pytest.mark.django_db


def ingest(*arguments: str) -> tuple[str, str, int]:
    """Return what it prints, what it says beside, and its exit code."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command('ingest_rasters', *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), err.getvalue() + str(error), error.returncode
    return out.getvalue(), err.getvalue(), 0


@pytest.fixture
def pattern(settings: Any, tmp_path: Path) -> str:
    """The pattern of three rasters."""
    schema.forget()
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': [str(tmp_path)]}
    for band in (4, 5, 6):
        data = np.full((10, 10), band, 'uint8')
        factories.raster(tmp_path / f'B{band}_2024.05.31.tif', data, epsg=4326, bounds=(0, 0, 1, 1))
    return f'{tmp_path}/{{band}}_{{day}}.tif'


def test_a_catalogue_is_made_and_filled(pattern: str) -> None:
    out, err, code = ingest('scenes', pattern, '--workers', '2')
    assert (out, code) == ('3 datasets stored, 0 were there.\n', 0)
    assert '3/3' in err
    assert [key.name for key in schema.schema_of('scenes').keys] == ['band', 'day']
    assert [row.maximum for row in api.search('scenes').datasets()] == [4, 5, 6]
    assert ingest('scenes', pattern, '-v0', '--workers', '1') == ('', '', 0)


def test_the_key_of_colours_is_the_last_one(pattern: str) -> None:
    assert ingest('scenes', pattern, '--rgb-key', 'band', '--skip-metadata')[2] == 0
    assert [key.name for key in schema.schema_of('scenes').keys] == ['day', 'band']
    assert api.find('scenes', ['2024.05.31', 'B5'])[0].measured_version == ''
    # It stands in the catalogue; the pattern need not say it again.
    out, _, _ = ingest('scenes', pattern, '--skip-existing')
    assert out == '0 datasets stored, 3 were there.\n'


def test_what_goes_wrong_is_named(pattern: str, tmp_path: Path) -> None:
    (tmp_path / 'B4_2024.05.31.tif').write_bytes(b'no raster')
    (tmp_path / 'strange.tif').touch()
    _, err, code = ingest('scenes', pattern, '--workers', '1')
    assert code == 1
    assert f'{tmp_path}/B4_2024.05.31.tif: ' in err
    assert f'{tmp_path}/strange.tif: ' in err
    assert '2 datasets stored, 0 were there, 1 files failed.' in err
    assert Dataset.objects.count() == 2


def test_a_database_that_stays_busy(
    pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contention, '_PATIENCE', 0)
    monkeypatch.setattr(ingestion, '_BATCH', 2)
    arguments = ('scenes', pattern, '--skip-existing', '--workers', '1')
    with sqlite_file(tmp_path) as database, ExitStack() as others:
        with database.written():
            out, err, code = ingest(*arguments)
        assert (out, code) == ('', 1)
        assert 'The database has been busy for too long.' in err
        assert not api.Catalog.objects.exists()
        # Or it becomes so once some of them are stored.
        real = api.store

        def store(datasets: Any) -> None:
            if Dataset.objects.exists():
                others.enter_context(database.written())
            real(datasets)

        monkeypatch.setattr(api, 'store', store)
        out, err, code = ingest(*arguments)
        others.close()
        assert (out, code) == ('', 1)
        assert '2 datasets stored, 0 were there, 0 files failed. The database has been' in err
        assert 'Traceback' not in err
        monkeypatch.undo()
        out, _, code = ingest(*arguments)
        assert (out, code) == ('1 datasets stored, 2 were there.\n', 0)


@pytest.mark.parametrize(
    ('change', 'says'),
    [
        (lambda text: text.replace('.tif', '.jp2'), 'No file matches'),
        (lambda text: text.replace('{band}_{day}', 'x'), 'names no key'),
        (lambda text: text.replace('{day}', '{time}'), 'parameter of queries'),
        (lambda text: text.replace('{day}', '{days}'), 'keys of the catalogue'),
        (lambda text: text.replace('{band}', '{band:number}'), 'No file matches'),
    ],
)
def test_patterns_that_do_not_fit(pattern: str, change: Any, says: str) -> None:
    api.create('scenes', ['band', 'day'])
    _, err, code = ingest('scenes', change(pattern))
    assert says in err
    assert code == 2
    assert not Dataset.objects.exists()


def test_options_that_make_no_sense(pattern: str) -> None:
    assert ingest('scenes', pattern, '--rgb-key', 'colour')[2] == 2
    assert ingest('scenes', pattern, '--workers', '0')[2] != 0
    assert not api.Catalog.objects.exists()
