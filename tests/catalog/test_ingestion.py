"""Files into a catalogue."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from django_large_image.catalog import api, contention, ingestion
from django_large_image.catalog.ingestion import candidates, ingest
from django_large_image.catalog.models import Dataset
from django_large_image.catalog.patterns import Pattern
from django_large_image.catalog.schema import schema_of
from tests import factories
from tests.catalog.committed import Committed

pytestmark = pytest.mark.django_db
VALUES = [(sensor, band) for sensor in ('S 1', 'S2') for band in (1, 2, 3)]


@pytest.fixture
def files(roots: Path) -> Any:
    """The files of six datasets, each of one value."""
    return make_files(roots)


def make_files(roots: Path) -> Any:
    """Make them and their catalogue."""
    api.create('scenes', ['sensor', 'band:number'])
    for sensor, band in VALUES:
        (roots / sensor).mkdir(exist_ok=True)
        data = np.full((20, 20), band * len(sensor), 'uint8')
        factories.raster(roots / sensor / f'{band}.tif', data, epsg=4326, bounds=(0, 0, band, 1))
    found, others = candidates(Pattern.parse(f'{roots}/{{sensor}}/{{band:number}}.tif'))
    assert others == []
    return found


def stored() -> dict[str, Any]:
    """Maximum and eastern bound of each dataset by its path of values."""
    schema = schema_of('scenes')
    return {
        '/'.join(schema.shown(dataset).values()): (dataset.maximum, dataset.east)
        for dataset in Dataset.objects.all()
    }


WHOLE = {f'{sensor}/{band}': (band * len(sensor), pytest.approx(band)) for sensor, band in VALUES}


@pytest.mark.parametrize('workers', [1, 2])
def test_all_are_measured_and_stored(files: Any, workers: int) -> None:
    done = list(ingest(schema_of('scenes'), files, workers=workers))
    assert [one.problem for one in done] == [''] * 6
    assert {one.path for one in done} == {file.path for file in files}
    assert stored() == WHOLE
    assert len(api.search('scenes', bbox=(2.5, 0.5, 2.6, 0.6)).rows()) == 2


@pytest.mark.parametrize('workers', [1, 2])
def test_a_file_that_cannot_be_read_is_named_and_the_rest_goes_on(files: Any, workers: int) -> None:
    files[1].path.write_bytes(b'no raster')
    files[4].path.unlink()
    done = {one.path: one for one in ingest(schema_of('scenes'), files, workers=workers)}
    problems = {path.name for path, one in done.items() if one.problem}
    assert problems == {'2.tif'}
    assert len(done) == 6
    assert len(stored()) == 4


def test_what_is_there_may_be_left(files: Any) -> None:
    schema = schema_of('scenes')
    assert len(list(ingest(schema, files[:2]))) == 2
    Dataset.objects.update(maximum=99)
    done = list(ingest(schema, files, skip_existing=True))
    assert sorted(one.path for one in done if one.existed) == [one.path for one in files[:2]]
    assert [maximum for maximum, _ in stored().values()].count(99) == 2
    # Or it is replaced.
    list(ingest(schema, files))
    assert stored() == WHOLE


def test_measuring_may_wait(files: Any) -> None:
    list(ingest(schema_of('scenes'), files, skip_metadata=True))
    assert set(stored().values()) == {(None, None)}
    assert api.find('scenes', ['S2', 3])[0].reference().path.endswith('S2/3.tif')


def test_an_ingestion_that_is_broken_off_goes_on(
    files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingestion, '_BATCH', 2)
    schema = schema_of('scenes')
    running = ingest(schema, files)
    for _ in range(3):
        next(running)
    running.close()
    # Whole datasets only, in whole batches.
    assert all(WHOLE[path] == found for path, found in stored().items())
    assert len(stored()) == 4
    done = list(ingest(schema, files, skip_existing=True))
    assert sum(one.existed for one in done) == 4
    assert stored() == WHOLE


def test_two_ingestions_at_once(files: Any) -> None:
    schema = schema_of('scenes')
    first, second = ingest(schema, files), ingest(schema, files[::-1])
    for one, other in zip(first, second, strict=True):
        assert (one.problem, other.problem) == ('', '')
    assert stored() == WHOLE


def test_a_busy_database_is_waited_for(
    in_file: Committed, roots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = make_files(roots)
    schema = schema_of('scenes')
    with ExitStack() as others:
        others.enter_context(in_file.written('EXCLUSIVE'))
        monkeypatch.setattr(contention.time, 'sleep', lambda _: others.close())
        done = list(ingest(schema, found, skip_existing=True))
    assert [one.problem for one in done] == [''] * 6
    assert stored() == WHOLE


def test_files_outside_the_roots_are_refused(files: Any, settings: Any) -> None:
    settings.LARGE_IMAGE = {}
    done = list(ingest(schema_of('scenes'), files))
    assert {one.problem for one in done} == {'There is no such image.'}
    assert stored() == {}


def test_names_that_do_not_match(roots: Path) -> None:
    for name in ('a_1.tif', 'a_01.tif', 'b_x.tif', 'c.tif', 'd_2.tif'):
        (roots / name).touch()
    found, others = candidates(Pattern.parse(f'{roots}/{{name}}_{{band:number}}.tif'))
    assert [file.path.name for file in found] == ['a_01.tif', 'd_2.tif']
    told = ' '.join(others)
    assert len(others) == 3
    assert all(name in told for name in ('a_1.tif', 'b_x.tif', 'c.tif'))
