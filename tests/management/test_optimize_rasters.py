"""`manage.py optimize_rasters`."""

from __future__ import annotations

import io
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from osgeo import gdal

from django_large_image.management.commands import optimize_rasters
from django_large_image.management.commands.optimize_rasters import _write_shared as write_shared
from django_large_image.sources.cog import CogOptions, write_cog
from tests import factories

DATA = np.random.default_rng(5).integers(0, 255, (2, 300, 400), dtype='uint8')


def optimize(*arguments: Any, workers: int = 1) -> tuple[str, str, int]:
    """Return what it prints, what goes to standard error, and its exit code."""
    out, err = io.StringIO(), io.StringIO()
    given = [*map(str, arguments), '--workers', str(workers)]
    try:
        call_command('optimize_rasters', *given, stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), f'{err.getvalue()}{error}', error.returncode
    return out.getvalue(), err.getvalue(), 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of three rasters, one of them below it, and of what is none."""
    source = tmp_path / 'in'
    (source / 'deep').mkdir(parents=True)
    for name in ('a.tif', 'b.TIFF', 'deep/c.png'):
        driver = 'PNG' if name.endswith('png') else 'GTiff'
        factories.raster(source / name, DATA, driver=driver)
    (source / 'notes.txt').write_text('no raster')
    (source / '.hidden.tif').write_bytes(b'')
    return source


def written(output: Path) -> list[str]:
    return sorted(str(path.relative_to(output)) for path in output.rglob('*') if path.is_file())


@pytest.mark.parametrize('workers', [1, 2])
def test_a_folder(folder: Path, tmp_path: Path, workers: int) -> None:
    output = tmp_path / 'out'
    out, err, code = optimize(folder, '-o', output, '--compression', 'lzw', workers=workers)
    assert (out, code) == ('3 rasters optimized, 0 skipped.\n', 0)
    assert '3.00/3' in err
    assert written(output) == ['a.tif', 'b.tif', 'deep/c.tif']
    for name in written(output):
        dataset = gdal.Open(str(output / name))
        assert dataset.GetMetadataItem('LAYOUT', 'IMAGE_STRUCTURE') == 'COG'
        assert dataset.GetMetadataItem('COMPRESSION', 'IMAGE_STRUCTURE') == 'LZW'
        np.testing.assert_array_equal(dataset.ReadAsArray(), DATA)


@pytest.mark.parametrize('workers', [1, 2])
def test_failures_are_named_and_the_rest_is_done(
    folder: Path, tmp_path: Path, workers: int
) -> None:
    (folder / 'b.TIFF').write_bytes(b'II*\0 damaged')
    output = tmp_path / 'out'
    _, err, code = optimize(folder, '-o', output, workers=workers)
    assert f'failed: {folder / "b.TIFF"}: Unreadable image' in err
    assert err.endswith('2 rasters optimized, 0 skipped, 1 failed.')
    assert code == 1
    assert written(output) == ['a.tif', 'deep/c.tif']


def test_what_is_there_is_skipped_or_replaced_when_told(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / 'out'
    output.mkdir()
    (output / 'a.tif').write_bytes(b'before')
    _, err, code = optimize(folder, '-o', output)
    assert 'use --skip-existing or --overwrite' in err
    assert code == 2
    assert written(output) == ['a.tif']
    assert optimize(folder, '-o', output, '--skip-existing')[0] == (
        '2 rasters optimized, 1 skipped.\n'
    )
    assert (output / 'a.tif').read_bytes() == b'before'
    assert optimize(folder, '-o', output, '--overwrite')[2] == 0
    assert gdal.Open(str(output / 'a.tif')).RasterCount == 2


def test_never_two_inputs_to_one_output(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / 'out'
    factories.raster(folder / 'b.png', DATA, driver='PNG')
    _, err, code = optimize(folder, '-o', output)
    assert f'{folder / "b.TIFF"} and {folder / "b.png"} would both become' in err
    assert code == 2
    other = tmp_path / 'other'
    other.mkdir()
    factories.raster(other / 'a.tif', DATA)
    _, err, code = optimize(folder / 'a.tif', other / 'a.tif', '-o', output)
    assert 'would both become' in err
    assert code == 2
    assert not output.exists()
    # The same file twice is one.
    assert optimize(folder / 'a.tif', folder / 'a.tif', '-o', output)[2] == 0


def test_never_an_input_itself(folder: Path) -> None:
    before = (folder / 'a.tif').read_bytes()
    _, err, code = optimize(folder / 'a.tif', '-o', folder, '--overwrite')
    assert 'an input' in err
    assert code == 2
    assert (folder / 'a.tif').read_bytes() == before


def test_results_within_the_folder_are_no_inputs(folder: Path) -> None:
    output = folder / 'cogs'
    for _ in range(2):
        assert optimize(folder, '-o', output, '--skip-existing')[2] == 0
    assert written(output) == ['a.tif', 'b.tif', 'deep/c.tif']


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (['nowhere'], 'There is no file or folder nowhere'),
        (['.'], 'There are no rasters in .'),
        (['a.tif', '--compression', 'lzw', '--level', '3'], 'lzw has no levels'),
    ],
)
def test_nothing_to_do(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if 'a.tif' in arguments:
        factories.raster('a.tif', DATA)
    assert optimize(*arguments, '-o', 'out')[1:] == (f'{says}.', 2)


def fatal(index: int, job: Any, options: CogOptions, mark: str) -> str:
    """Kill the process that writes a certain raster, half-way."""

    def kill(share: float) -> None:
        if share:
            os.kill(os.getpid(), signal.SIGKILL)

    source, target = job
    if source.name == 'deadly.tif':
        write_cog(source, target, options, kill, mark=mark)
    return write_shared(index, job, options, mark)


def test_a_process_that_dies_costs_one_raster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimize_rasters, '_write_shared', fatal)
    source, output = tmp_path / 'in', tmp_path / 'out'
    source.mkdir()
    names = ['a.tif', 'b.tif', 'c.tif', 'deadly.tif', 'e.tif', 'f.tif', 'g.tif']
    for name in names:
        factories.raster(source / name, DATA)
    _, err, code = optimize(source, '-o', output, workers=2)
    assert f'failed: {source / "deadly.tif"}: the process died' in err
    assert err.endswith('6 rasters optimized, 0 skipped, 1 failed.')
    assert '7.00/7' in err
    assert code == 1
    assert sorted(path.name for path in output.iterdir()) == sorted({*names} - {'deadly.tif'})


def begin_and_die(shares: Any) -> None:
    """End a process before it has anything to do."""
    os._exit(1)


def test_processes_of_which_none_lives(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimize_rasters, '_begin', begin_and_die)
    given = folder / 'a.tif', folder / 'b.TIFF'
    _, err, code = optimize(*given, '-o', folder / 'out', workers=2)
    assert err.endswith('0 rasters optimized, 0 skipped, 2 failed.')
    assert code == 1


def test_an_output_that_is_a_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / 'out').write_text('a file')
    _, err, code = optimize(folder / 'a.tif', '-o', tmp_path / 'out')
    assert f'failed: {folder / "a.tif"}: ' in err
    assert code == 1
