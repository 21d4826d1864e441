"""Datasets are measured when it is asked for, by one process, and again when the file changes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_large_image.catalog import contention, measuring
from django_large_image.catalog.models import Catalog, Dataset
from django_large_image.exceptions import BusyError, MissingError, StyleError, UnreadableError
from django_large_image.sources import sampling
from django_large_image.storage.paths import local_reference
from tests import factories
from tests.catalog.committed import Committed, together

DATA = np.arange(6000, dtype='uint16').reshape(2, 50, 60)
PLACE = {'epsg': 4326, 'bounds': (10, 40, 22, 50)}


def write(path: Path, data: np.ndarray = DATA, **options: Any) -> Path:
    return factories.raster(path, data, **{**PLACE, **options})


@pytest.fixture
def dataset(database: str, roots: Path) -> Dataset:
    """A dataset of the second band of a raster that is not measured yet."""
    write(roots / 'a.tif')
    catalog = Catalog.objects.create(slug='rasters')
    return Dataset.objects.create(catalog=catalog, key_0='a', location='a.tif', band=2)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bands of all surveys that are made."""
    bands: list[int] = []
    real = measuring.survey

    def survey(reader: Any, band: int, **kwargs: Any) -> Any:
        bands.append(band)
        return real(reader, band, **kwargs)

    monkeypatch.setattr(measuring, 'survey', survey)
    return bands


def stored(dataset: Dataset) -> Dataset:
    return Dataset.objects.get(pk=dataset.pk)


def test_all_of_it_is_stored(dataset: Dataset) -> None:
    measuring.measure(dataset)
    for found in (dataset, stored(dataset)):
        assert (found.minimum, found.maximum) == (3000, 5999)
        assert found.mean == pytest.approx(DATA[1].mean())
        assert found.stdev == pytest.approx(DATA[1].std())
        np.testing.assert_allclose(found.percentiles, np.percentile(DATA[1], np.arange(1, 100)))
        assert found.valid_percentage == 100
        assert found.bounds == pytest.approx((10, 40, 22, 50))
        assert sorted(found.hull['coordinates'][0][:4]) == [[10, 40], [10, 50], [22, 40], [22, 50]]
        assert found.approximate is False
        assert found.measured_version == dataset.reference().version
        assert found.cell is not None


def test_a_raster_of_nothing_and_without_a_place(dataset: Dataset, roots: Path) -> None:
    factories.raster(roots / 'a.tif', np.zeros((2, 9, 9), 'u1'), nodata=0)
    measuring.measure(dataset)
    found = stored(dataset)
    assert (found.minimum, found.mean, found.percentiles, found.hull) == (None,) * 4
    assert (found.bounds, found.cell, found.valid_percentage) == (None, None, 0)


def test_exact_measurements(dataset: Dataset, roots: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, 'SAMPLE_SIZE', 16)
    measuring.measure(dataset)
    assert stored(dataset).approximate is True
    measuring.measure(dataset, exact=True)
    assert stored(dataset).approximate is False
    assert stored(dataset).maximum == 5999


def test_it_is_measured_once(dataset: Dataset, counted: list[int]) -> None:
    measuring.ensure(dataset)
    measuring.ensure(dataset)
    measuring.ensure(stored(dataset))
    assert counted == [2]
    assert stored(dataset).measuring_since is None
    with CaptureQueriesContext(connection) as queries:
        measuring.ensure(dataset)
    assert len(queries) == 0


def test_what_another_measured_meanwhile_is_taken(dataset: Dataset, counted: list[int]) -> None:
    measuring.ensure(stored(dataset))
    measuring.ensure(dataset)
    assert counted == [2]
    assert dataset.maximum == 5999


def test_a_file_that_changed_is_measured_again(
    dataset: Dataset, roots: Path, counted: list[int]
) -> None:
    measuring.ensure(dataset)
    os.replace(write(roots / 'b.tif', DATA + 1), roots / 'a.tif')
    measuring.ensure(dataset)
    assert counted == [2, 2]
    assert stored(dataset).maximum == 6000


def test_the_band_or_the_file_may_change_as_well(dataset: Dataset, roots: Path) -> None:
    measuring.ensure(dataset)
    content = write(roots / 'b.tif', DATA[:1] + 7).read_bytes()
    dataset.location, dataset.band = '', 1
    dataset.file.save('b.tif', ContentFile(content))
    dataset.save()
    measuring.ensure(dataset)
    assert stored(dataset).maximum == 3006


def test_while_another_measures_one_waits_for_a_while(
    dataset: Dataset, roots: Path, settings: Any, counted: list[int]
) -> None:
    settings.LARGE_IMAGE = {'CATALOG_ROOTS': [str(roots)], 'REMOTE_TIMEOUT': 1}
    begun = timezone.now()
    Dataset.objects.update(measuring_since=begun)
    with pytest.raises(BusyError, match='being measured'):
        measuring.ensure(dataset)
    assert counted == []
    assert stored(dataset).measuring_since == begun
    # Whoever began and was not heard of since has died.
    Dataset.objects.update(measuring_since=begun - timedelta(seconds=31))
    measuring.ensure(dataset)
    assert counted == [2]


@pytest.fixture
def elsewhere(committed: Committed, roots: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The same dataset in a database that others write to."""
    monkeypatch.setattr(contention, '_WAIT', '50ms')
    write(roots / 'a.tif')
    catalog = Catalog.objects.create(slug='rasters')
    return Dataset.objects.create(catalog=catalog, key_0='a', location='a.tif', band=2)


def test_while_others_write_it_is_measured_but_not_stored(
    elsewhere: Dataset, committed: Committed, counted: list[int]
) -> None:
    with committed.written():
        measuring.ensure(elsewhere)
    assert (elsewhere.maximum, elsewhere.cell is None) == (5999, False)
    assert counted == [2]
    left = stored(elsewhere)
    assert (left.maximum, left.measured_version, left.measuring_since) == (None, '', None)
    contention.forget()
    measuring.ensure(left)
    assert counted == [2, 2]
    assert stored(elsewhere).maximum == 5999


def test_others_may_begin_to_write_while_it_is_measured(
    elsewhere: Dataset, committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = measuring.survey
    with ExitStack() as others:

        def survey(*args: Any, **kwargs: Any) -> Any:
            others.enter_context(committed.written())
            return real(*args, **kwargs)

        monkeypatch.setattr(measuring, 'survey', survey)
        measuring.ensure(elsewhere)
    assert elsewhere.maximum == 5999
    assert stored(elsewhere).maximum is None


def test_while_others_write_what_was_measured_elsewhere_is_trusted(
    elsewhere: Dataset, committed: Committed, counted: list[int]
) -> None:
    Dataset.objects.update(measured_version=measuring.ELSEWHERE, maximum=3)
    found = stored(elsewhere)
    with committed.written():
        measuring.ensure(found)
    assert (found.maximum, counted) == (3, [])
    assert stored(found).measured_version == measuring.ELSEWHERE
    contention.forget()
    measuring.ensure(stored(found))
    assert stored(found).measured_version == found.reference().version


def test_of_many_threads_one_measures(elsewhere: Dataset, counted: list[int]) -> None:
    def ask() -> float | None:
        found = stored(elsewhere)
        measuring.ensure(found)
        return found.maximum

    assert together(*[ask] * 4) == [5999] * 4
    assert counted == [2]
    assert stored(elsewhere).measuring_since is None


def test_failures_leave_it_to_the_next(dataset: Dataset, roots: Path) -> None:
    whole = (roots / 'a.tif').read_bytes()
    (roots / 'a.tif').write_bytes(b'II*\0 damaged')
    for _ in range(2):
        with pytest.raises(UnreadableError):
            measuring.ensure(dataset)
    assert stored(dataset).measuring_since is None
    (roots / 'a.tif').write_bytes(whole)
    measuring.ensure(dataset)
    assert stored(dataset).maximum == 5999
    dataset.band = 3
    with pytest.raises(StyleError):
        measuring.measure(dataset)
    (roots / 'a.tif').unlink()
    with pytest.raises(MissingError):
        measuring.ensure(dataset)


def test_datasets_that_are_deleted_meanwhile(dataset: Dataset) -> None:
    Dataset.objects.all().delete()
    for measure in (measuring.ensure, measuring.measure):
        with pytest.raises(MissingError, match='any more'):
            measure(dataset)


def test_a_local_file_stands_in_for_one_elsewhere(
    dataset: Dataset, roots: Path, tmp_path_factory: pytest.TempPathFactory, counted: list[int]
) -> None:
    local = write(tmp_path_factory.mktemp('here') / 'local.tif', DATA + 3)
    dataset.location = 'later.tif'
    dataset.save()
    measuring.measure(dataset, reference=local_reference(local))
    assert stored(dataset).maximum == 6002
    assert stored(dataset).location == 'later.tif'
    # It is trusted when it comes, until it changes.
    write(roots / 'later.tif', DATA + 3)
    measuring.ensure(dataset)
    assert counted == [2]
    assert stored(dataset).measured_version == dataset.reference().version
    os.replace(write(roots / 'b.tif', DATA + 9), roots / 'later.tif')
    measuring.ensure(dataset)
    assert stored(dataset).maximum == 6008


def test_of_two_processes_one_measures(tmp_path: Path) -> None:
    write(tmp_path / 'a.tif')
    database = str(tmp_path / 'db.sqlite3')
    prepare = (
        'import sys; from tests.catalog.measurer import configure; configure(*sys.argv[1:3]);'
        'from django.core.management import call_command as call;'
        'call("migrate", "large_image_catalog", verbosity=0);'
        'from django_large_image.catalog.models import *;'
        'catalog = Catalog.objects.create(slug="a");'
        'Dataset.objects.create(catalog=catalog, key_0="a", location="a.tif", band=2)'
    )
    subprocess.run([sys.executable, '-c', prepare, database, str(tmp_path)], check=True)
    command = [sys.executable, '-m', 'tests.catalog.measurer', database, str(tmp_path)]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120) for process in both]
    assert [output.strip() for output, _ in said] == [str(DATA[1].mean())] * 2, said
    assert (tmp_path / 'measured').read_text() == 'once\n'
    with sqlite3.connect(database) as opened:
        rows = opened.execute('SELECT measuring_since FROM large_image_catalog_dataset').fetchall()
    opened.close()
    assert rows == [(None,)]
