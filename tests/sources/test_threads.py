"""What threads share, under load: sources, handles, tables, statistics, decoded blocks."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from django_large_image.sources.opening import close_sources

from . import collection

THREADS = 16
# More tiles take longer, and find what grows more slowly.
SOAK_TILES = int(os.environ.get('LARGE_IMAGE_SOAK_TILES', '5000'))


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    """Nothing open, nothing measured, and room for fewer sources than there are files."""
    cache.clear()
    close_sources()
    yield
    close_sources()


def test_threads_render_the_same_bytes_as_one(tmp_path: Path, settings: Any) -> None:
    settings.LARGE_IMAGE = {'SOURCE_CACHE_SIZE': 12, 'HANDLES_PER_SOURCE': 2}
    jobs = list(dict.fromkeys(collection.jobs(collection.write(tmp_path), 16)))
    alone = {job: job.run() for job in jobs}
    assert len(jobs) > 600
    assert len(set(alone.values())) > len(jobs) / 2
    cache.clear()
    close_sources()
    shuffled = jobs * 2
    random.Random(3).shuffle(shuffled)
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(collection.Job.run, shuffled))
    different = {
        job for job, content in zip(shuffled, together, strict=True) if content != alone[job]
    }
    assert not different


@pytest.mark.skipif(not Path('/proc/self/fd').exists(), reason='Linux says what a process holds.')
def test_neither_handles_nor_memory_grow(tmp_path: Path) -> None:
    collection.write(tmp_path, 30, 300)
    command = [sys.executable, '-m', 'tests.sources.soak', str(tmp_path), str(SOAK_TILES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    handles, kilobytes = json.loads(done.stdout)
    # The first fifth fills the caches.
    settled = len(handles) // 5
    assert max(handles[settled:]) <= max(handles[:settled]) + 8, handles
    assert min(kilobytes[-3:]) <= max(kilobytes[:settled]) * 1.05 + 4096, kilobytes
