"""How commands are measured that take rasters in."""

from __future__ import annotations

import sys

import pytest

from benchmarks.environments import UnavailableError
from benchmarks.ingestion import Task, measure

# Long enough to be seen.
HOLD = 'held = bytes(b"x" * 200_000_000); [held.count(b"y") for _ in range(50)]'
PARENT = f'import subprocess, sys; subprocess.run([sys.executable, "-c", {HOLD!r}])'


def test_all_processes_of_a_command_count():
    prepared = []
    task = Task('hold', 'a child', [sys.executable, '-c', PARENT], 1, lambda: prepared.append(1))
    seconds, processor, memory = measure(task)
    assert prepared == [1]
    assert seconds > 0
    assert processor > 0
    assert memory > 200_000_000


def test_a_command_that_fails_is_told():
    task = Task('fail', 'nobody', ['sh', '-c', 'echo why >&2; exit 3'], 1, lambda: None)
    with pytest.raises(UnavailableError, match=r'nobody failed: .*why'):
        measure(task)
