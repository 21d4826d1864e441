"""Load: `wrk` walks a list of addresses from several connections."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import CONNECTIONS, HERE, VAR
from benchmarks.environments import UnavailableError, program, run

LONGEST = 600


@dataclass(frozen=True)
class Load:
    """What one run of the generator found: rate in answers/s, times in ms, size in bytes.

    `asked` counts all requests, those after the last whole round included.
    """

    rate: float
    p50: float
    p99: float
    size: float
    asked: int
    failed: int


def write_list(name: str, lines: Iterable[str]) -> Path:
    """Write a list of addresses; return its file."""
    folder = VAR / 'lists'
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f'{name}.txt'
    path.write_text(''.join(f'{line}\n' for line in lines))
    return path


def send(url: str, addresses: Path, seconds: float) -> Load:
    """Ask for whole rounds of a list for at least `seconds`.

    Raises `UnavailableError` when no round was completed.
    """
    output = run(
        program('wrk', 'wrk'),
        '--threads=1',
        f'--connections={CONNECTIONS}',
        f'--duration={LONGEST}',
        '--timeout=60',
        f'--script={HERE / "walk.lua"}',
        url,
        '--',
        addresses,
        str(CONNECTIONS),
        str(seconds),
    )
    return parse(output)


def parse(output: str) -> Load:
    """Return what the script printed among wrk's own lines."""
    for line in output.splitlines():
        if line.startswith('RESULT '):
            found = json.loads(line.removeprefix('RESULT '))
            if found['seconds'] > 0:
                rate = found['served'] / found['seconds']
                return Load(
                    rate,
                    *(found[name] for name in ('p50', 'p99', 'bytes', 'asked', 'failed')),
                )
    raise UnavailableError('the load generator completed no round')
