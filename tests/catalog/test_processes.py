"""Rasters measured by several processes."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from django_large_image.catalog import processes
from django_large_image.catalog.processes import Task, measured
from django_large_image.storage.paths import local_reference
from tests import factories


def fatal(task: Task, *, exact: bool) -> dict[str, Any]:
    """Kill the process that measures the third raster."""
    if task.subject == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return {'maximum': task.subject}


@pytest.fixture
def tasks(tmp_path: Path) -> list[Task]:
    """Twenty rasters of one value each."""
    return [
        Task(
            local_reference(
                factories.raster(tmp_path / f'{number}.tif', np.full((9, 9), number, 'uint8'))
            ),
            1,
            number,
        )
        for number in range(20)
    ]


@pytest.mark.parametrize('workers', [1, 2])
def test_each_task_has_its_measurements(tasks: list[Task], workers: int) -> None:
    found = {task.subject: outcome for task, outcome in measured(tasks, workers)}
    assert {number: outcome['maximum'] for number, outcome in found.items()} == dict(  # type: ignore[index]
        zip(range(20), range(20), strict=True)
    )


@pytest.mark.parametrize('workers', [1, 2])
def test_what_is_wrong_is_said(tasks: list[Task], workers: int) -> None:
    Path(tasks[5].reference.path).write_bytes(b'no raster')
    found = {task.subject: outcome for task, outcome in measured(tasks, workers)}
    assert isinstance(found[5], str)
    assert str(Path(tasks[5].reference.path).parent) not in found[5]
    assert sum(isinstance(outcome, str) for outcome in found.values()) == 1


def test_a_process_that_dies_costs_one_raster(
    tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, '_measurements', fatal)
    found = {task.subject: outcome for task, outcome in measured(tasks[:10], 2)}
    assert found.pop(3) == 'The process that read this raster died.'
    assert found == {number: {'maximum': number} for number in range(10) if number != 3}


def test_tasks_are_taken_a_few_ahead(tasks: list[Task]) -> None:
    taken: list[int] = []

    def watched() -> Any:
        for task in tasks:
            taken.append(task.subject)
            yield task

    running = measured(watched(), 2)
    next(running)
    assert len(taken) <= 8
    running.close()


def test_an_error_that_nobody_expected_is_one_rasters(
    tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, '_measurements', partial(divmod, 1))
    ((_, outcome),) = measured(tasks[:1])
    assert outcome == 'It could not be read (TypeError).'
