"""From a file to what is stored, and that nothing is stored of a wrong one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db import connection

from django_large_image.depth import delimited, frames, storing
from django_large_image.depth.interpolation import MODES, resize
from django_large_image.depth.loading import load
from django_large_image.depth.models import Chunk, DepthImage
from django_large_image.exceptions import ParameterError
from tests.depth import factories

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few lines are read at once, and a few rows are a chunk."""
    monkeypatch.setattr(delimited, '_BLOCK', 200)
    monkeypatch.setattr(storing, 'MAX_ROWS', 8)


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The folder of temporary files, in which nothing may be left."""
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    yield tmp_path
    assert list(tmp_path.iterdir()) == []


def descriptors() -> int:
    return len(os.listdir('/proc/self/fd'))


@pytest.mark.parametrize('mode', MODES)
def test_the_real_log(mode: str, borehole: Path, measured: np.ndarray, database: str) -> None:
    image = load(borehole, interpolation=mode)
    expected = resize(measured, 150, mode)
    found = frames.read(DepthImage.objects.get())
    assert found.values.tobytes() == expected.tobytes()
    assert np.array_equal(found.depths, [float(f'{9000 + n / 10:.1f}') for n in range(1, 5461)])
    assert (image.name, image.rows, image.width, image.source_width) == ('borehole', 5460, 150, 200)
    assert (image.depth_min, image.depth_max, image.step) == (9000.1, 9546.0, 0.1)
    assert (image.dropped, image.interpolation) == (1, mode)
    np.testing.assert_allclose(
        [image.minimum, image.maximum, image.mean, image.stdev],
        [f(expected.astype('f8')) for f in (np.min, np.max, np.mean, np.std)],
    )


def test_the_settings_say_how_wide(settings: Any) -> None:
    file = factories.log([1, 2], factories.numbers(2, 200))
    image = load(file)
    assert (image.width, image.interpolation, image.name) == (150, 'area', 'log')
    settings.LARGE_IMAGE = {'DEPTH_WIDTH': 20, 'DEPTH_INTERPOLATION': 'nearest'}
    image = load(file, 'other')
    assert (image.width, image.interpolation, image.name) == (20, 'nearest', 'other')


@pytest.mark.usefixtures('small_blocks')
def test_records_are_sorted_by_depth() -> None:
    depths, values = np.arange(100) / 10 - 5, factories.numbers(100, 3)
    order = np.random.default_rng(1).permutation(100)
    shuffled = load(factories.log(depths[order], values[order]), width=3)
    found = frames.read(shuffled)
    assert np.array_equal(found.depths, depths)
    assert np.array_equal(found.values, values)
    assert shuffled.chunks.filter(level=0).count() == 13
    # The same rows are the same version; others, or fewer, are not.
    assert shuffled.version == load(factories.log(depths, values), width=3).version
    assert shuffled.version != load(factories.log(depths, values[order]), width=3).version
    assert shuffled.version != load(factories.log(depths[1:], values[1:]), width=3).version


@pytest.mark.usefixtures('small_blocks')
def test_records_without_a_depth_are_dropped_and_counted() -> None:
    blocks = ',1,2\n' * 70 + 'nan,1,2\n' + '3,5,\n,,\n2,7,8\n'
    image = load(factories.csv(f'depth,a,b\n{blocks}'), width=2)
    found = frames.read(image)
    assert (image.dropped, image.rows) == (72, 2)
    np.testing.assert_array_equal(found.values, [[7, 8], [5, np.nan]])
    assert (image.minimum, image.maximum, image.mean) == (5, 8, pytest.approx(20 / 3))


@pytest.mark.usefixtures('small_blocks')
@pytest.mark.parametrize('offset', [0, 1e7])
def test_statistics_are_those_of_all_that_is_there(offset: float) -> None:
    values = factories.numbers(1000, 7) + np.float32(offset)
    values[3:500:9] = np.nan
    image = load(factories.log(np.arange(1000.0), values), width=7)
    whole = values[~np.isnan(values)].astype('f8')
    assert (image.minimum, image.maximum) == (whole.min(), whole.max())
    assert image.mean == pytest.approx(whole.mean(), rel=1e-12)
    assert image.stdev == pytest.approx(whole.std(), rel=1e-9)


def test_a_row_and_nothing_but_missing_values() -> None:
    image = load(factories.csv('7,,\n'), width=4)
    assert (image.rows, image.depth_min, image.depth_max, image.step) == (1, 7, 7, 0)
    assert (image.minimum, image.maximum, image.mean, image.stdev) == (None,) * 4
    assert np.isnan(frames.read(image).values).all()


@pytest.mark.parametrize('kind', ['bytes', 'memory', 'disk'])
def test_uploads(kind: str) -> None:
    content = factories.text([1, 2], [[1, 2], [3, 4]]).encode()
    upload: Any = factories.Named(content, 'a.csv')
    if kind == 'memory':
        upload = SimpleUploadedFile('a.csv', content)
    elif kind == 'disk':
        upload = TemporaryUploadedFile('a.csv', 'text/csv', len(content), 'utf-8')
        upload.write(content)
    image = load(upload, width=2)
    assert frames.read(image).values.tolist() == [[1, 2], [3, 4]]
    assert image.name == 'a'
    assert not upload.closed
    upload.close()


@pytest.mark.parametrize(
    ('given', 'stored'),
    [('', 'log'), ('n' * 300, 'n' * 200), ('a\0b', 'ab'), ('\udc80', '?'), ('Bohrung 7 °', None)],
)
def test_names_are_such_as_databases_take(given: str, stored: str | None, database: str) -> None:
    image = load(factories.csv('1,2\n'), given)
    image.refresh_from_db()
    assert image.name == (stored or given)


@pytest.mark.parametrize(
    ('content', 'says'),
    [
        ('', 'Line 1, column 1: the file is empty.'),
        ('d,a,b\n', 'Line 1, column 1: no record of the file has a depth.'),
        ('d,a\n,1\n,2\n', 'Line 1, column 1: no record of the file has a depth; records without o'),
        ('d,a,b\n1,2,3\n2,5\n', 'Line 3, column 3: the line has 2 columns'),
        ('d,a,b\n1,2,x\n', "Line 2, column 3: 'x' is no number."),
        ('d,a,b\n1,2,3\n2,inf,3\n', 'Line 3, column 2: the number is infinite, or too large.'),
        ('d,a,b\n1,2,3\n2,3,1e39\n', 'Line 3, column 3: the number is infinite, or too large.'),
        ('d,a,b\n1,2,3\n2,3e38,3\n', 'Line 3, column 2: the number is infinite, or too large.'),
        ('d,a,b\n1,2,3\n-inf,3,4\n', 'Line 3, column 1: the number is infinite, or too large.'),
        ('d,a\n1,2\n3,4\n1.0,5\n3,6\n', 'Line 4, column 1: the depth 1.0 is that of line 2 too.'),
        ('d,a\n0,2\n\n-0,4\n', 'Line 4, column 1: the depth 0.0 is that of line 2 too.'),
        ('d\n1\n', 'Line 1, column 1: there is one column'),
        ('PK\x03\x04', 'Line 1, column 1: this is a ZIP archive'),
    ],
)
@pytest.mark.usefixtures('temporary')
def test_wrong_files_are_refused(content: str, says: str) -> None:
    with pytest.raises(ParameterError, match=f'^{re.escape(says)}'):
        load(factories.csv(content))
    assert not DepthImage.objects.exists()


@pytest.mark.parametrize(
    ('options', 'says'),
    [
        ({'width': 0}, 'The width has to be 1 to 16384 pixels, not 0.'),
        ({'width': -3}, 'The width has to be 1 to 16384 pixels, not -3.'),
        ({'width': 10**12}, 'The width has to be 1 to 16384 pixels'),
        ({'interpolation': 'best'}, "Unknown interpolation 'best'. Known: nearest,"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ParameterError, match=f'^{re.escape(says)}'):
        load(factories.csv('1,2\n'), **options)
    with pytest.raises(ParameterError, match=r'^Files \.txt are not read'):
        load(factories.csv('1,2\n', 'a.txt'))


@pytest.mark.usefixtures('temporary', 'small_blocks')
def test_a_file_that_is_cut_leaves_nothing() -> None:
    content = factories.text(np.arange(100), factories.numbers(100, 3))
    before = descriptors()
    half = content[: len(content) // 2].rsplit(',', 1)[0]
    line = half.count('\n') + 1
    with pytest.raises(ParameterError, match=f'^Line {line}, column '):
        load(factories.csv(half))
    assert not DepthImage.objects.exists()
    assert descriptors() == before


@pytest.mark.usefixtures('temporary', 'small_blocks')
def test_a_file_that_breaks_off_leaves_nothing() -> None:
    class Breaking(factories.Named):
        def read1(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError('the connection is gone')
            return super().read1(size)

    content = factories.text(np.arange(1000), factories.numbers(1000, 3))
    before = descriptors()
    with pytest.raises(OSError, match='gone'):
        load(Breaking(content.encode()))
    assert not DepthImage.objects.exists()
    assert descriptors() == before


@pytest.mark.usefixtures('temporary', 'small_blocks')
def test_a_database_that_breaks_off_leaves_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some chunks are written, the next is refused."""
    monkeypatch.setattr(storing, '_BATCH', 1)
    written = []

    def refuse(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if 'INSERT' in sql and Chunk._meta.db_table in sql:
            written.append(sql)
            if len(written) == 3:
                raise OSError('the disk is full')
        return execute(sql, parameters, many, context)

    file = factories.log(np.arange(100), factories.numbers(100, 3))
    with connection.execute_wrapper(refuse), pytest.raises(OSError, match='full'):
        load(file, width=3)
    assert len(written) == 3
    assert not DepthImage.objects.exists()
    assert not Chunk.objects.exists()


def test_progress_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, '_BLOCK', 1000)
    content = factories.text(np.arange(700), factories.numbers(700, 3)).encode()
    told: list[tuple[str, int, int]] = []
    load(factories.csv(content), width=3, progress=lambda *said: told.append(said))
    stages = [[said for said in told if said[0] == stage] for stage in ('read', 'store')]
    assert stages[0] + stages[1] == told
    for stage, total in zip(stages, (len(content), 700), strict=True):
        done = [said[1] for said in stage]
        assert done == sorted(done)
        assert {said[2] for said in stage} == {total}
        assert (len(done) > 2, done[-1]) == (True, total)


LOADER = """
import re, sys, django
from django.core.management import call_command
from django.conf import settings
settings.configure(
    DEBUG=sys.argv[1] == 'debug',
    INSTALLED_APPS=['django_large_image.depth'],
    DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3'}},
)
django.setup()
call_command('migrate', verbosity=0)
from django_large_image.depth.loading import load
load('small.csv', width=150)
# Not `ru_maxrss`, which begins with that of the parent.
peak = lambda: int(re.search(r'VmHWM:\\s*(\\d+) kB', open('/proc/self/status').read())[1])
before = peak()
load('large.csv', width=150)
print(peak() - before)
"""


@pytest.mark.parametrize('debug', ['debug', 'plain'])
def test_memory_does_not_grow_with_the_file(debug: str, tmp_path: Path) -> None:
    """Not even under DEBUG, where Django keeps what it said to the database."""
    lines = [','.join(map(str, row)) for row in np.arange(6000).reshape(100, 60).tolist()]
    for name, rows in (('small.csv', 10_000), ('large.csv', 100_000)):
        with (tmp_path / name).open('w') as file:
            # Backwards: the rows have to be sorted.
            file.writelines(f'{rows - row},{lines[row % 100]}\n' for row in range(rows))
    done = subprocess.run(
        [sys.executable, '-c', LOADER, debug],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'DJANGO_SETTINGS_MODULE': ''},
        capture_output=True,
        text=True,
        check=True,
    )
    # 60 MB are stored.
    assert int(done.stdout) < 20 * 1024


def test_a_path_that_leads_nowhere() -> None:
    with pytest.raises(FileNotFoundError):
        load('/nowhere/log.csv')
