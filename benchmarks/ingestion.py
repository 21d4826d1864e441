"""Rasters taken in: `python -m benchmarks.ingestion` beside Terracotta, and GDAL's own COG writer.

Seconds are those of a command from its start to its end, and of the processor in all of its
processes, divided by the rasters it was given; memory is what the processes weigh together at the
most. Statistics are those of each
command's default, then of all pixels; pictures of all three writers are of the same compression.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from osgeo import gdal

from benchmarks import HERE, RASTERS, VAR, WORKERS, rasters, report
from benchmarks.cases import band_file
from benchmarks.environments import UnavailableError, run
from benchmarks.peers import QUIET, Ours, Terracotta
from benchmarks.servers import descendants, proportional_size

HOME = VAR / 'ingestion'
SCENES, OUT = HOME / 'scenes', HOME / 'out'
MIDDLE, LARGE, PLAIN = HOME / 'middle', HOME / 'large', HOME / 'plain'
THEIRS = HOME / 'terracotta.sqlite3'
PATTERN = '{sensor}_{date}_{band}.tif'
BANDS = ('B02', 'B04', 'B08')
DATES = ('20240531', '20240630')
# Of rasters without compression or overviews.
NAMES = ('a.tif', 'b.tif', 'c.tif', 'd.tif')
# Of rasters without overviews. Statistics need all blocks of the smaller ones, and of the larger
# those of some windows, unless all pixels are asked for.
MIDDLE_SIZE, LARGE_SIZE = 22_000, 30_000
# Between looks at what processes weigh, in seconds.
GLANCE = 0.05
# Of all three: level 1, as ours and Terracotta's is anyway.
COG = [
    *('COMPRESS=DEFLATE', 'LEVEL=1', 'PREDICTOR=YES', 'OVERVIEW_RESAMPLING=AVERAGE'),
    rasters.THREADS,
]

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Task:
    """What somebody does to some rasters; `before` each round its results are removed."""

    what: str
    who: str
    command: Command
    count: int
    before: Callable[[], object]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog='python -m benchmarks.ingestion', description=__doc__)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--only', default='', help='tasks with this text in what they do')
    options = parser.parse_args()
    make_inputs()
    head = ('what', 'with', 's', 'CPU s', 'peak MB')
    rows = []
    for task in tasks():
        if options.only in task.what:
            spent = [measure(task) for _ in range(options.rounds)]
            seconds, processor, memory = (median(each) for each in zip(*spent, strict=True))
            times = [f'{each / task.count:.2f}' for each in (seconds, processor)]
            rows.append((task.what, task.who, *times, f'{memory / 1e6:.0f}'))
            sys.stderr.write(f'{" | ".join(rows[-1])}\n')
    empty_folder()
    sys.stdout.write(report.table(head, rows) + '\n')


def make_inputs() -> None:
    """Make what is missing: scenes with overviews, some without anything, and large ones."""
    rasters.build({band_file(band) for band in BANDS})
    for folder in (SCENES, MIDDLE, LARGE, PLAIN, OUT):
        folder.mkdir(parents=True, exist_ok=True)
    for band in BANDS:
        link(RASTERS / band_file(band), *(SCENES / f'S2_{date}_{band}.tif' for date in DATES))
    source = str(RASTERS / band_file('B04'))
    tiles = ['TILED=YES', 'BIGTIFF=IF_SAFER']
    first, *others = (PLAIN / name for name in NAMES)
    if not first.exists():
        gdal.Translate(str(first), source, creationOptions=tiles)
    link(first, *others)
    options = [*tiles, 'COMPRESS=DEFLATE', 'ZLEVEL=1', rasters.THREADS]
    for folder, side in ((MIDDLE, MIDDLE_SIZE), (LARGE, LARGE_SIZE)):
        first, second = (folder / f'S2_{date}_B04.tif' for date in DATES)
        if not first.exists():
            gdal.Translate(str(first), source, creationOptions=options, width=side, height=side)
        link(first, second)


def link(first: Path, *others: Path) -> None:
    """Give a file other names, too."""
    for other in others:
        if not other.exists():
            os.link(first, other)


def tasks() -> list[Task]:
    """Return what is measured."""
    python, terracotta = Ours.python, Terracotta.tool
    Terracotta().install()
    many = len(BANDS) * len(DATES)
    scenes, middle, large = (f'{folder}/{PATTERN}' for folder in (SCENES, MIDDLE, LARGE))
    # The keys of its name are a dataset's.
    one = large.replace('{date}', DATES[0])
    manage = [python, '-m', 'django']
    workers = ['--workers', str(WORKERS)]
    theirs = [terracotta, 'ingest', '--quiet', '--output-file', THEIRS]
    plain = [PLAIN / name for name in NAMES]
    translate = ['gdal_translate', '-q', '-of', 'COG', *(f'-co {option}' for option in COG)]
    each = '; '.join(f'{" ".join(translate)} {path} {OUT / path.name}' for path in plain)

    return [
        Task('ingest', 'terracotta', [*theirs, scenes], many, remove_database),
        ingest('ingest', scenes, many, *workers),
        ingest('ingest, all pixels', scenes, many, *workers, '--exact'),
        # Terracotta holds all of their pixels, several times.
        ingest('ingest two without overviews', middle, 2, *workers),
        ingest('ingest two without overviews, all pixels', middle, 2, *workers, '--exact'),
        ingest('ingest a large one', one, 1),
        ingest('ingest a large one, all pixels', one, 1, '--exact'),
        ingest('ingest two large ones', large, 2, *workers),
        ingest('ingest two large ones, all pixels', large, 2, *workers, '--exact'),
        Task(
            'optimize',
            'terracotta',
            [
                *(terracotta, 'optimize-rasters', *plain, '--output-folder', OUT, '--quiet'),
                *('--compression', 'deflate', '--nproc', '-1'),
            ],
            len(plain),
            empty_folder,
        ),
        Task('optimize', 'GDAL', ['sh', '-ec', each], len(plain), empty_folder),
        Task(
            'optimize',
            'ours',
            [*manage, 'optimize_rasters', *plain, '--output', OUT],
            len(plain),
            empty_folder,
        ),
    ]


def ingest(what: str, pattern: str, count: int, *options: str) -> Task:
    """Return what our command does, with GDAL as it is by default."""
    command = [Ours.python, '-m', 'django', 'ingest_rasters', 'scenes', pattern, *options]
    return Task(what, 'ours', command, count, empty_database)


def remove_database() -> None:
    """Remove Terracotta's."""
    THEIRS.unlink(missing_ok=True)


def empty_folder() -> None:
    """Remove what was written."""
    for path in OUT.iterdir():
        path.unlink()


def environment() -> dict[str, str]:
    """Return the environment of our commands: the project's, with a database of their own."""
    own = {'BENCH_DATABASE': str(HOME / 'ours.sqlite3'), 'BENCH_RASTERS': str(HOME)}
    return {**Ours().environment(), **own}


def empty_database() -> None:
    """Make the database of our commands anew."""
    Path(environment()['BENCH_DATABASE']).unlink(missing_ok=True)
    migrate = [Ours.python, '-m', 'django', 'migrate', '--verbosity', '0']
    run(*migrate, cwd=HERE, env={**os.environ, **environment()})


def measure(task: Task) -> tuple[float, float, int]:
    """Return the seconds that a task takes, those of the processor, and the most bytes that its
    processes weigh.

    Raises `UnavailableError` where it fails.
    """
    task.before()
    env = {**os.environ, **QUIET, **environment()}
    before, began, peak = processor_time(), time.perf_counter(), 0
    with subprocess.Popen(  # noqa: S603
        [str(part) for part in task.command],
        cwd=HERE,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            while process.poll() is None:
                pids = [process.pid, *descendants(process.pid)]
                peak = max(peak, sum(map(proportional_size, pids)))
                time.sleep(GLANCE)
        finally:
            # Where it was broken off.
            process.kill()
        seconds = time.perf_counter() - began
        said = process.stderr.read() if process.stderr else ''
    if process.returncode:
        raise UnavailableError(f'{task.who} failed: {said.strip().splitlines()[-1:]}')
    return seconds, processor_time() - before, peak


def processor_time() -> float:
    """Return the seconds of processor that all processes took which this one has waited for."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


if __name__ == '__main__':
    main()
