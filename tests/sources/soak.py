"""`python -m tests.sources.soak FOLDER TILES`: what a process holds while it renders many tiles.

Writes a JSON list: file descriptors, and kilobytes of memory, each at 50 moments.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import django
from django.conf import settings

MOMENTS = 50
THREADS = 4


def main(folder: str, tiles: int) -> None:
    """Render the tiles of a folder over and over, with far fewer sources open than files."""
    settings.LARGE_IMAGE = {'SOURCE_CACHE_SIZE': 8, 'HANDLES_PER_SOURCE': 2}
    django.setup()
    from . import collection

    jobs = list(collection.jobs(sorted(Path(folder).iterdir(), key=_number), 20))
    handles, kilobytes = [], []
    with ThreadPoolExecutor(THREADS) as pool:
        for moment in range(MOMENTS):
            start = moment * tiles // MOMENTS
            stop = (moment + 1) * tiles // MOMENTS
            batch = [jobs[number % len(jobs)] for number in range(start, stop)]
            list(pool.map(collection.Job.run, batch))
            gc.collect()
            handles.append(len(os.listdir('/proc/self/fd')))
            kilobytes.append(_memory())
    sys.stdout.write(json.dumps([handles, kilobytes]))


def _number(path: Path) -> int:
    return int(path.stem)


def _memory() -> int:
    """Return the memory that no file stands for, in kilobytes.

    Libraries count as this process's own or not as others happen to load them.
    """
    rollup = Path('/proc/self/smaps_rollup').read_text(encoding='ascii')
    return next(
        int(line.split()[1]) for line in rollup.splitlines() if line.startswith('Anonymous:')
    )


if __name__ == '__main__':
    main(sys.argv[1], int(sys.argv[2]))
