"""Where the time of requests goes, and counters of this process; knows neither HTTP nor Django.

    with stage('read'):
        raster = reader.read_tile(...)

Any floor may say so: where no request is timed, it costs 0.2 microseconds.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from itertools import accumulate
from typing import NamedTuple

_clock = time.perf_counter


class Timings:
    """The seconds that each stage of one request took, and how stages ended.

    A stage within another one is not counted twice: `seconds` of all stages add up to no more than
    `total()`.
    """

    __slots__ = ('began', 'inner', 'outcomes', 'seconds')

    def __init__(self) -> None:
        self.began = _clock()
        self.seconds: dict[str, float] = {}
        self.outcomes: dict[str, str] = {}
        self.inner = 0.0  # seconds of the stages that ended within the one under way

    def total(self) -> float:
        """Return the seconds since the beginning."""
        return _clock() - self.began


_current: ContextVar[Timings | None] = ContextVar('large_image_timings', default=None)


class timed:  # noqa: N801 - reads as the statement that it is
    """Record the stages of the block, in the `Timings` that it gives."""

    __slots__ = ('_token',)

    def __enter__(self) -> Timings:
        timings = Timings()
        self._token = _current.set(timings)
        return timings

    def __exit__(self, *error: object) -> None:
        _current.reset(self._token)


class stage:  # noqa: N801 - reads as the statement that it is
    """A stage of the work, for the request that is being timed, if any."""

    __slots__ = ('_began', '_name', '_outer', '_timings')

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._timings = timings = _current.get()
        if timings is not None:
            self._outer, timings.inner = timings.inner, 0.0
            self._began = _clock()

    def __exit__(self, *error: object) -> None:
        timings = self._timings
        if timings is not None:
            took = _clock() - self._began
            own = took - timings.inner
            timings.seconds[self._name] = timings.seconds.get(self._name, 0.0) + own
            timings.inner = self._outer + took


def outcome(name: str, how: str) -> None:
    """Say how a stage of the timed request ended: `outcome('cache', 'hit')`.

    Both are labels of a counter: words of the code, never of a request.
    """
    timings = _current.get()
    if timings is not None:
        timings.outcomes[name] = how


class Family(NamedTuple):
    """What a counter means: its type and labels as Prometheus has them."""

    kind: str
    help: str
    labels: tuple[str, ...]


class Histogram(NamedTuple):
    """Observations: how many were up to each bound, from the least to `+Inf`, and their sum."""

    buckets: tuple[tuple[str, int], ...]
    sum: float


Value = float | Histogram
Snapshot = dict[str, dict[tuple[str, ...], Value]]

REQUESTS = 'large_image_requests_total'
BYTES = 'large_image_response_bytes_total'
OUTCOMES = 'large_image_outcomes_total'
SECONDS = 'large_image_stage_seconds'
FAMILIES: dict[str, Family] = {
    REQUESTS: Family('counter', 'Answers of image endpoints.', ('endpoint', 'format', 'status')),
    BYTES: Family('counter', 'Bytes of the bodies of these answers.', ('endpoint', 'format')),
    OUTCOMES: Family('counter', 'How stages of requests ended.', ('stage', 'outcome')),
    SECONDS: Family('histogram', 'Seconds of the stages of requests.', ('stage',)),
}
MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
# Seconds.
_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_LABELS = (*map(str, _BOUNDS), '+Inf')


class Counters:
    """The counters of a process; any thread may add to them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin at zero, in a forked process for one, whatever thread held the lock."""
        self._guard = threading.Lock()
        self._sums: dict[str, Counter[tuple[str, ...]]] = {
            REQUESTS: Counter(),
            BYTES: Counter(),
            OUTCOMES: Counter(),
        }
        self._counts: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def add(
        self, endpoint: str, media: str, status: int, size: int, timings: Timings | None = None
    ) -> None:
        """Count one answer of an endpoint: its format, HTTP status, bytes and stages."""
        with self._guard:
            self._sums[REQUESTS][endpoint, media, str(status)] += 1
            if size:
                self._sums[BYTES][endpoint, media] += size
            if timings is not None:
                for ended in timings.outcomes.items():
                    self._sums[OUTCOMES][ended] += 1
                for name, seconds in timings.seconds.items():
                    self._observe(name, seconds)

    def _observe(self, name: str, seconds: float) -> None:
        if name not in self._counts:
            self._counts[name], self._seconds[name] = [0] * len(_LABELS), 0.0
        self._counts[name][bisect_left(_BOUNDS, seconds)] += 1
        self._seconds[name] += seconds

    def snapshot(self) -> Snapshot:
        """Return a copy of all counters: by name, by the values of the labels."""
        with self._guard:
            found: Snapshot = {name: dict(sums) for name, sums in self._sums.items()}
            found[SECONDS] = {
                (name,): Histogram(
                    tuple(zip(_LABELS, accumulate(counts), strict=True)), self._seconds[name]
                )
                for name, counts in self._counts.items()
            }
        return found


_counters = Counters()
os.register_at_fork(after_in_child=_counters.reset)
count = _counters.add
reset = _counters.reset
_gauges: dict[str, Callable[[], float]] = {}


def gauge(name: str, text: str, read: Callable[[], float]) -> None:
    """Add a number that is read whenever it is asked for: open files, say."""
    FAMILIES[name] = Family('gauge', text, ())
    _gauges[name] = read


def counters() -> Snapshot:
    """Return what this process has counted: `{name: {values of the labels: number}}`.

    `FAMILIES` says what each name means. Seconds are `Histogram`s.
    """
    return {**_counters.snapshot(), **{name: {(): read()} for name, read in _gauges.items()}}


def exposition(extra: Mapping[str, str] | None = None) -> str:
    """Return the counters in the text format of Prometheus (0.0.4), with `extra` labels on each."""
    extra = dict(extra or {})
    lines = []
    for name, samples in counters().items():
        family = FAMILIES[name]
        lines += [f'# HELP {name} {family.help}', f'# TYPE {name} {family.kind}']
        for values, value in samples.items():
            labels = {**extra, **dict(zip(family.labels, values, strict=True))}
            lines += _lines(name, labels, value)
    return '\n'.join([*lines, ''])


def _lines(name: str, labels: Mapping[str, str], value: Value) -> Iterator[str]:
    if not isinstance(value, Histogram):
        yield f'{name}{_braces(labels)} {value}'
        return
    for bound, number in value.buckets:
        yield f'{name}_bucket{_braces({**labels, "le": bound})} {number}'
    yield f'{name}_sum{_braces(labels)} {value.sum}'
    yield f'{name}_count{_braces(labels)} {value.buckets[-1][1]}'


def _braces(labels: Mapping[str, str]) -> str:
    said = (
        '{}="{}"'.format(key, text.replace('\\', r'\\').replace('"', r'\"').replace('\n', r'\n'))
        for key, text in labels.items()
    )
    return f'{{{",".join(said)}}}' if labels else ''
