"""Rasters measured by several processes, one raster each at a time."""

from __future__ import annotations

import logging
import multiprocessing
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any

from django_large_image.exceptions import LargeImageError
from django_large_image.sources.reference import ImageReference

logger = logging.getLogger(__name__)

# Fields of a dataset, or why they are not known.
Outcome = dict[str, Any] | str
Ask = Callable[[], dict[str, Any]]

# Rasters that wait for each process.
_AHEAD = 4
_DIED = 'The process that read this raster died.'


@dataclass(frozen=True, slots=True)
class Task:
    """A band of a raster to be measured, and for what."""

    reference: ImageReference
    band: int
    subject: Any = None


def measured(
    tasks: Iterable[Task], workers: int = 1, *, exact: bool = False
) -> Iterator[tuple[Task, Outcome]]:
    """Yield each task with the measured fields of a dataset, or with the reason why there are none.

    Tasks are taken a few ahead; a process that dies is the reason of one task only.
    """
    measure = partial(_measurements, exact=exact)
    if workers <= 1:
        for task in tasks:
            yield task, _outcome(partial(measure, task))
        return
    waiting = iter(tasks)
    for first in waiting:
        lost = yield from _together(measure, chain([first], waiting), workers)
        # One of them ended its process, and with it all: each is read alone.
        for task in lost:
            with _pool(1) as pool:
                yield task, _outcome(_submitted(pool, measure, task))


Measure = Callable[[Task], dict[str, Any]]


def _together(
    measure: Measure, tasks: Iterator[Task], workers: int
) -> Generator[tuple[Task, Outcome], None, list[Task]]:
    """Yield outcomes until a process dies, and return the tasks that were under way then."""
    under_way: deque[tuple[Task, Ask]] = deque()
    with _pool(workers) as pool:
        while True:
            for task in islice(tasks, workers * _AHEAD - len(under_way)):
                under_way.append((task, _submitted(pool, measure, task)))
            if not under_way:
                return []
            task, ask = under_way.popleft()
            outcome = _outcome(ask)
            if outcome is _DIED:
                return [task, *(other for other, _ in under_way)]
            yield task, outcome


def _submitted(pool: ProcessPoolExecutor, measure: Measure, task: Task) -> Ask:
    """Return what waits for the measurements that a process makes."""
    try:
        return pool.submit(measure, task).result
    except BrokenProcessPool as error:
        return partial(_raise, error)


def _raise(error: Exception) -> dict[str, Any]:
    raise error


def _outcome(ask: Ask) -> Outcome:
    try:
        return ask()
    except BrokenProcessPool:
        return _DIED
    except LargeImageError as error:
        return error.detail
    except Exception as error:
        # One raster does not end the ingestion of all, whatever is wrong with it.
        logger.exception('A raster could not be measured.')
        return f'It could not be read ({type(error).__name__}).'


def _measurements(task: Task, *, exact: bool) -> dict[str, Any]:
    # In a process that only just begins, models are there after its set-up.
    from django_large_image.catalog.measuring import measurements

    return measurements(task.reference, task.band, exact=exact)


def _pool(workers: int) -> ProcessPoolExecutor:
    # Not copies of this process: neither GDAL's threads nor connections to databases survive that.
    context = multiprocessing.get_context('spawn')
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)


def _begin() -> None:
    import django

    django.setup()
