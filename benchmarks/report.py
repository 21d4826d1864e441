"""Results as Markdown: the tables that the docs include."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from benchmarks import CONNECTIONS, WORKERS
from benchmarks.cases import CASES, Case
from benchmarks.results import Measurement, Results

OURS = 'ours'
EMPTY = 'empty action'
# What 304 and kept tiles should reach of the empty action, and what all workers may weigh.
KEPT_GOAL = 0.75
MEMORY_GOAL = 250
# A load above which figures suffer.
BUSY = 1.0


def markdown(results: Results) -> str:
    """Return all tables, each below a line that says what it shows."""
    measured = (
        f'Measured on {results.machine.date}: {results.machine}. {WORKERS} workers each, '
        f'{CONNECTIONS} connections, medians of {results.rounds} rounds.'
    )
    if results.machine.load > BUSY:
        measured += f' The machine was busy with other things (load {results.machine.load:.1f}).'
    parts = [
        measured,
        table(
            ('case', 'server', 'tiles/s', 'ours is', 'goal', 'p99 ms', 'CPU ms', 'kB/tile'),
            _loads(results),
        ),
    ]
    if results.memory:
        parts += [
            f'Memory of the workers after all of their cases (goal for ours: {MEMORY_GOAL} MB):',
            table(('server', 'version', 'MB', 'MB of their parent'), _memory(results)),
        ]
    if results.kept:
        parts += [
            "Without making a tile, and the same viewset's action that answers nothing:",
            table(('asked for', 'answers/s', 'of empty', 'goal'), _kept(results.kept)),
        ]
    if results.cold:
        names = list(next(iter(results.cold.values())))
        rows = [
            (peer, *(f'{times[name]:.0f}' for name in names))
            for peer, times in results.cold.items()
        ]
        parts += [
            "Cold, the file in the system's cache, in ms:",
            table(('server', *names), rows),
        ]
    if results.skipped:
        parts.append('Not measured: ' + '; '.join(f'{k} ({v})' for k, v in results.skipped.items()))
    return '\n\n'.join(parts) + '\n'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but those of names are aligned to the right."""
    lines = [list(head), *[list(row) for row in rows]]
    named = {'case', 'server', 'version', 'asked for', 'what', 'with'}
    rule = ['---' if name in named else '---:' for name in head]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in [lines[0], rule, *lines[1:]])


def rate(value: float) -> str:
    """Return answers/s with as many digits as mean something."""
    return f'{value:.1f}' if value < 10 else f'{value:,.0f}'.replace(',', ' ')


def ratio(ours: float, theirs: float) -> str:
    """Return how many times as fast ours is."""
    return f'{ours / theirs:.1f} x'


def _loads(results: Results) -> Iterable[tuple[str, ...]]:
    for case in CASES:
        found = results.cases.get(case.name, {})
        for index, (peer, measurement) in enumerate(found.items()):
            yield (case.title if index == 0 else '', *_load(case, peer, measurement, found))


def _load(
    case: Case, peer: str, measurement: Measurement, found: dict[str, Measurement]
) -> tuple[str, ...]:
    ours = found.get(OURS)
    compared = ratio(ours.rate, measurement.rate) if ours and peer != OURS else ''
    goal = f'{case.goals[peer]:g} x' if peer in case.goals else ''
    return (
        peer,
        rate(measurement.rate) + (f' ({measurement.failed} failed)' if measurement.failed else ''),
        compared,
        goal,
        f'{measurement.p99:.1f}',
        f'{measurement.cost:.2f}',
        f'{measurement.size / 1000:.1f}',
    )


def _memory(results: Results) -> Iterable[tuple[str, ...]]:
    for peer, sizes in results.memory.items():
        yield peer, results.versions.get(peer, ''), *(f'{size / 1e6:.0f}' for size in sizes)


def _kept(rates: dict[str, list[float]]) -> Iterable[tuple[str, ...]]:
    empty = median(rates[EMPTY])
    for name, values in rates.items():
        share = '' if name == EMPTY else f'{median(values) / empty:.2f}'
        yield name, rate(median(values)), share, '' if name == EMPTY else f'{KEPT_GOAL}'
