"""`manage.py optimize_rasters`: makes Cloud Optimized GeoTIFFs of rasters."""

from __future__ import annotations

import argparse
import multiprocessing
import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator, MutableSequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError
from osgeo import gdal
from tqdm import tqdm

from django_large_image.conf import settings
from django_large_image.exceptions import LargeImageError, ParameterError
from django_large_image.management.printing import printable
from django_large_image.sources.cog import COMPRESSIONS, CogOptions, remove_unfinished, write_cog
from django_large_image.sources.reading import RESAMPLINGS

# Exit codes: some rasters failed and the rest is done; nothing was begun.
FAILED, REFUSED = 1, 2
# Source and target.
Job = tuple[Path, Path]

_BAR = '{l_bar}{bar}| {n:.2f}/{total_fmt} [{elapsed}<{remaining}]'
# How often the bar moves, in seconds.
_GLANCE = 0.2


class Command(BaseCommand):
    # Only settings of the project are used, and checks take longer than a small raster.
    requires_system_checks: list[str] = []
    help = (
        'Make Cloud Optimized GeoTIFFs of rasters, or of all rasters in folders: all bands, nodata '
        'or mask, with overviews. Each is complete and validated, or not there. Exit code 1: some '
        'failed, the rest is done; 2: nothing was begun.'
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take files and folders, where they go, and how they are written."""
        parser.add_argument('inputs', nargs='+', type=Path, metavar='FILE_OR_FOLDER')
        parser.add_argument(
            *('-o', '--output'),
            type=Path,
            required=True,
            metavar='FOLDER',
            help='where the results go; folders below those that were named are kept',
        )
        present = parser.add_mutually_exclusive_group()
        present.add_argument(
            '--skip-existing', action='store_true', help='leave results alone that are there'
        )
        present.add_argument(
            '--overwrite', action='store_true', help='replace results that are there'
        )
        parser.add_argument(
            '--compression', choices=COMPRESSIONS, default='deflate', help='default: deflate'
        )
        parser.add_argument(
            '--level', type=int, help='of deflate (1-9; default: 1) and zstd (1-22; default: 3)'
        )
        parser.add_argument('--quality', type=int, help='of jpeg and webp (1-100; default: 75)')
        parser.add_argument(
            '--reproject', action='store_true', help='onto the tiles of web maps (EPSG:3857)'
        )
        parser.add_argument(
            '--resampling',
            choices=RESAMPLINGS,
            help='of overviews and of --reproject (default: average and bilinear); nearest or mode '
            'for categories without a palette',
        )
        parser.add_argument(
            '--workers', type=int, metavar='N', help='processes (default: one per core)'
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write what is to be written; raises `CommandError` with the exit code if not all is."""
        jobs = find_jobs(options['inputs'], options['output'])
        there = {job for job in jobs if job[1].exists()}
        if there and not (options['skip_existing'] or options['overwrite']):
            raise CommandError(
                f'{len(there)} results are there already, {sorted(there)[0][1]} for one: use '
                '--skip-existing or --overwrite.',
                returncode=REFUSED,
            )
        todo = [job for job in jobs if not options['skip_existing'] or job not in there]
        failed = self._run(todo, options)
        said = f'{len(todo) - failed} rasters optimized, {len(jobs) - len(todo)} skipped'
        if failed:
            raise CommandError(f'{said}, {failed} failed.', returncode=FAILED)
        if options['verbosity']:
            self.stdout.write(f'{said}.')

    def _run(self, jobs: list[Job], options: dict[str, Any]) -> int:
        """Write rasters and name those that fail; return how many these are."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
        workers = max(1, min(options['workers'] or cores or 1, len(jobs)))
        how = _cog_options(options, threads=max(1, (cores or 1) // workers))
        failed = 0
        with tqdm(
            total=len(jobs), bar_format=_BAR, file=self.stderr, disable=not options['verbosity']
        ) as bar:
            write = _in_processes if workers > 1 else _one_by_one
            for (source, _), error in write(jobs, how, bar, workers):
                if error:
                    failed += 1
                    with bar.external_write_mode(file=self.stderr):
                        self.stderr.write(f'failed: {printable(str(source))}: {error}')
        return failed


def find_jobs(inputs: Iterable[Path], output: Path) -> list[Job]:
    """Return which file becomes which: `name.tif`, below the folder that it was found in.

    Raises `CommandError` for what is not there, for two files that would become one, and for one
    that would become itself.
    """
    jobs: dict[Path, Path] = {}
    sources: set[Path] = set()
    for given in inputs:
        if not given.exists():
            raise CommandError(f'There is no file or folder {given}.', returncode=REFUSED)
        found = list(_rasters(given, output)) if given.is_dir() else [given]
        if not found:
            raise CommandError(f'There are no rasters in {given}.', returncode=REFUSED)
        for source in found:
            if source.resolve() in sources:
                continue
            sources.add(source.resolve())
            name = source.relative_to(given) if given.is_dir() else Path(source.name)
            target = output / name.with_suffix('.tif')
            if target in jobs:
                raise CommandError(
                    f'{jobs[target]} and {source} would both become {target}.', returncode=REFUSED
                )
            jobs[target] = source
    for target, source in jobs.items():
        if target.resolve() in sources:
            raise CommandError(f'{source} would replace {target}, an input.', returncode=REFUSED)
    return [(source, target) for target, source in jobs.items()]


def _rasters(folder: Path, output: Path) -> Iterator[Path]:
    """Yield the files in a folder, and in those below, that one of the allowed drivers may read by
    their suffix; not those in the output folder.
    """
    drivers = filter(None, map(gdal.GetDriverByName, settings.DRIVERS))
    suffixes = {
        f'.{suffix}'
        for driver in drivers
        for suffix in (driver.GetMetadataItem('DMD_EXTENSIONS') or '').split()
    }
    for path in sorted(folder.rglob('*')):
        hidden = any(part.startswith('.') for part in path.relative_to(folder).parts)
        if hidden or path.suffix.lower() not in suffixes or not path.is_file():
            continue
        if output.resolve() not in path.resolve().parents or output.resolve() == folder.resolve():
            yield path


def _cog_options(options: dict[str, Any], threads: int) -> CogOptions:
    """Return how rasters are written; raises `CommandError` where GDAL cannot."""
    try:
        return CogOptions(
            compression=options['compression'],
            level=options['level'],
            quality=options['quality'],
            resampling=options['resampling'],
            web_mercator=options['reproject'],
            threads=threads,
        )
    except ParameterError as error:
        raise CommandError(error.detail, returncode=REFUSED) from None


def _one_by_one(
    jobs: list[Job], options: CogOptions, bar: Any, workers: int
) -> Iterator[tuple[Job, str]]:
    """Yield each raster when it is written, with what went wrong."""
    shares = [0.0] * len(jobs)
    for index, job in enumerate(jobs):

        def tell(share: float, index: int = index) -> None:
            shares[index] = share
            bar.update(sum(shares) - bar.n)

        yield job, _write(job, options, tell)
        tell(1.0)


def _in_processes(
    jobs: list[Job], options: CogOptions, bar: Any, workers: int
) -> Iterator[tuple[Job, str]]:
    """Yield each raster when a process has written it, with what went wrong.

    A process that dies takes along what the others are at: each of these rasters is written alone.
    """
    processes, waiting = _Processes(jobs, options, bar), deque(range(len(jobs)))
    while waiting:
        lost = yield from processes.write(waiting, workers)
        for index in lost:
            if (yield from processes.write(deque([index]), 1)):
                processes.shares[index] = 1.0
                yield jobs[index], 'the process died'


class _Processes:
    """Processes that write one raster each at a time."""

    def __init__(self, jobs: list[Job], options: CogOptions, bar: Any) -> None:
        self.jobs, self.options, self.bar = jobs, options, bar
        # Not forked: threads of GDAL's and of others would not be there.
        self.context = multiprocessing.get_context('spawn')
        self.shares = self.context.Array('d', len(jobs), lock=False)
        self.mark = uuid4().hex

    def write(
        self, waiting: deque[int], workers: int
    ) -> Generator[tuple[Job, str], None, list[int]]:
        """Yield rasters, of those whose numbers are waiting, until a process dies; return the
        numbers of those that were under way then.
        """
        under_way: dict[Future[str], int] = {}
        lost: list[int] = []
        with ProcessPoolExecutor(workers, self.context, _begin, (self.shares,)) as pool:
            try:
                while under_way or (waiting and not lost):
                    # No more than there are processes for: what waits is not lost.
                    while waiting and not lost and len(under_way) < workers:
                        index = waiting.popleft()
                        under_way[self._submitted(pool, index)] = index
                    done, _ = wait(under_way, _GLANCE, 'FIRST_COMPLETED')
                    self.bar.update(sum(self.shares) - self.bar.n)
                    for future in done:
                        index, error = under_way.pop(future), future.exception()
                        if isinstance(error, BrokenProcessPool):
                            lost.append(index)
                        else:
                            yield self.jobs[index], repr(error) if error else future.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        for index in lost:
            remove_unfinished(self.jobs[index][1], self.mark)
        return lost

    def _submitted(self, pool: ProcessPoolExecutor, index: int) -> Future[str]:
        try:
            return pool.submit(_write_shared, index, self.jobs[index], self.options, self.mark)
        except BrokenProcessPool as error:
            # A process died before it had anything to do.
            future: Future[str] = Future()
            future.set_exception(error)
            return future


_shares: MutableSequence[float] = []


def _begin(shares: MutableSequence[float]) -> None:
    """Remember, in a new process, where to tell how far it is."""
    global _shares
    _shares = shares


def _write_shared(index: int, job: Job, options: CogOptions, mark: str) -> str:
    def tell(share: float) -> None:
        _shares[index] = share

    error = _write(job, options, tell, mark)
    tell(1.0)
    return error


def _write(job: Job, options: CogOptions, progress: Any, mark: str = '') -> str:
    """Write one raster; return what went wrong, or nothing."""
    source, target = job
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_cog(source, target, options, progress, mark=mark)
    except LargeImageError as error:
        return error.detail
    except OSError as error:
        return str(error)
    return ''
