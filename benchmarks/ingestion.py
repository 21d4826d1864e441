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
SCENES, LARGE, OUT = HOME / 'scenes', HOME / 'large', HOME / 'out'
PLAIN = HOME / 'plain'
THEIRS = HOME / 'terracotta.sqlite3'
PATTERN = '{sensor}_{date}_{band}.tif'
BANDS = ('B02', 'B04', 'B08')
DATES = ('20240531', '20240630')
# Of rasters without compression or overviews.
NAMES = ('a.tif', 'b.tif', 'c.tif', 'd.tif')
LARGE_SIZE = 30_000
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
    """Make what is missing: scenes with overviews, one without anything, and a large one."""
    rasters.build({band_file(band) for band in BANDS})
    for folder in (SCENES, LARGE, PLAIN, OUT):
        folder.mkdir(parents=True, exist_ok=True)
    for band in BANDS:
        for date in DATES:
            link = SCENES / f'S2_{date}_{band}.tif'
            if not link.exists():
                os.link(RASTERS / band_file(band), link)
    source = str(RASTERS / band_file('B04'))
    tiles = ['TILED=YES', 'BIGTIFF=IF_SAFER']
    first, *others = (PLAIN / name for name in NAMES)
    if not first.exists():
        gdal.Translate(str(first), source, creationOptions=tiles)
    for other in others:
        if not other.exists():
            os.link(first, other)
    large = LARGE / f'S2_{DATES[0]}_B04.tif'
    if not large.exists():
        size = {'width': LARGE_SIZE, 'height': LARGE_SIZE}
        options = [*tiles, 'COMPRESS=DEFLATE', 'ZLEVEL=1', rasters.THREADS]
        gdal.Translate(str(large), source, creationOptions=options, **size)


def tasks() -> list[Task]:
    """Return what is measured."""
    python, terracotta = Ours.python, Terracotta.tool
    Terracotta().install()
    many = len(BANDS) * len(DATES)
    scenes, large = f'{SCENES}/{PATTERN}', f'{LARGE}/{PATTERN}'
    manage = [python, '-m', 'django']
    ingest = [*manage, 'ingest_rasters', 'scenes']
    workers = ['--workers', str(WORKERS)]
    theirs = [terracotta, 'ingest', '--quiet', '--output-file', THEIRS]
    plain = [PLAIN / name for name in NAMES]
    translate = ['gdal_translate', '-q', '-of', 'COG', *(f'-co {option}' for option in COG)]
    each = '; '.join(f'{" ".join(translate)} {path} {OUT / path.name}' for path in plain)

    return [
        Task('ingest', 'terracotta', [*theirs, scenes], many, remove_database),
        Task('ingest', 'ours', [*ingest, scenes, *workers], many, empty_database),
        Task(
            'ingest, all pixels',
            'ours',
            [*ingest, scenes, *workers, '--exact'],
            many,
            empty_database,
        ),
        # Terracotta holds all of its pixels, several times.
        Task('ingest a large one', 'ours', [*ingest, large], 1, empty_database),
        Task(
            'ingest a large one, all pixels', 'ours', [*ingest, large, '--exact'], 1, empty_database
        ),
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
