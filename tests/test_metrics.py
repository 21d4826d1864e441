"""Stages, and the counters of this process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading

import pytest

from django_large_image import metrics
from django_large_image.metrics import Histogram, Timings, outcome, stage, timed

pytestmark = pytest.mark.usefixtures('at_zero')


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that is one second later whenever it is looked at."""
    seconds = iter(range(1000))
    monkeypatch.setattr(metrics, '_clock', lambda: float(next(seconds)))


def test_stages_are_recorded_by_name(ticks: None) -> None:
    with timed() as timings:
        with stage('read'):
            pass
        with stage('encode'):
            pass
        with stage('read'):
            pass
    assert timings.seconds == {'read': 2.0, 'encode': 1.0}
    assert timings.total() == 7.0


def test_a_stage_within_a_stage_is_not_counted_twice(ticks: None) -> None:
    with timed() as timings, stage('cache'):
        with stage('read'), stage('open'):
            pass
        with stage('encode'):
            pass
    # The clock was looked at from 1 to 8: 7 seconds in all.
    assert timings.seconds == {'open': 1.0, 'read': 2.0, 'encode': 1.0, 'cache': 3.0}


def test_a_stage_that_fails_is_recorded(ticks: None) -> None:
    with timed() as timings:
        with pytest.raises(ValueError, match='broken'), stage('read'):
            raise ValueError('broken')
        with stage('style'):
            pass
    assert timings.seconds == {'read': 1.0, 'style': 1.0}


def test_nothing_is_recorded_where_nobody_times() -> None:
    with timed() as timings:
        pass
    with stage('read'):
        outcome('cache', 'hit')
    assert (timings.seconds, timings.outcomes) == ({}, {})


def test_each_thread_times_its_own_request() -> None:
    both_are_timing = threading.Barrier(2)
    found: dict[str, Timings] = {}

    def work(name: str) -> None:
        with timed() as timings:
            both_are_timing.wait()
            with stage(name):
                outcome('cache', name)
            both_are_timing.wait()
        found[name] = timings

    threads = [threading.Thread(target=work, args=[name]) for name in ('one', 'two')]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: list(timings.seconds) for name, timings in found.items()} == {
        'one': ['one'],
        'two': ['two'],
    }
    assert found['one'].outcomes == {'cache': 'one'}


def _timings(**seconds: float) -> Timings:
    timings = Timings()
    timings.seconds.update(seconds)
    timings.outcomes['cache'] = 'hit'
    return timings


def test_counters_add_up() -> None:
    metrics.count('tile', 'png', 200, 1000, _timings(read=0.0007, total=3.0))
    metrics.count('tile', 'png', 200, 500, _timings(read=0.002))
    metrics.count('tile', '', 304, 0)
    found = metrics.counters()
    assert found['large_image_requests_total'] == {
        ('tile', 'png', '200'): 2,
        ('tile', '', '304'): 1,
    }
    assert found['large_image_response_bytes_total'] == {('tile', 'png'): 1500}
    assert found['large_image_outcomes_total'] == {('cache', 'hit'): 2}
    seconds = found['large_image_stage_seconds']
    read, total = seconds[('read',)], seconds[('total',)]
    assert isinstance(read, Histogram)
    assert isinstance(total, Histogram)
    assert read.sum == pytest.approx(0.0027)
    assert read.buckets[:4] == (('0.0005', 0), ('0.001', 1), ('0.0025', 2), ('0.005', 2))
    assert read.buckets[-1] == ('+Inf', 2)
    assert total.buckets[-2:] == (('2.5', 0), ('+Inf', 1))


def test_a_snapshot_stays_as_it_was() -> None:
    metrics.count('tile', 'png', 200, 10)
    before = metrics.counters()
    metrics.count('tile', 'png', 200, 10)
    assert before['large_image_requests_total'] == {('tile', 'png', '200'): 1}


def test_threads_lose_no_increment() -> None:
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for _ in range(2000):
            metrics.count('tile', 'png', 200, 3, _timings(read=0.25))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = metrics.counters()
    assert found['large_image_requests_total'] == {('tile', 'png', '200'): 16_000}
    assert found['large_image_response_bytes_total'] == {('tile', 'png'): 48_000}
    read = found['large_image_stage_seconds'][('read',)]
    assert isinstance(read, Histogram)
    assert (read.sum, read.buckets[-1]) == (4000.0, ('+Inf', 16_000))


def test_gauges_are_read_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, '_gauges', {})
    monkeypatch.setattr(metrics, 'FAMILIES', dict(metrics.FAMILIES))
    handles = [1, 2]
    metrics.gauge('large_image_open_handles', 'Open handles.', lambda: len(handles))
    assert metrics.counters()['large_image_open_handles'] == {(): 2}
    handles.append(3)
    assert 'large_image_open_handles{pid="7"} 3\n' in metrics.exposition({'pid': '7'})
    assert '# TYPE large_image_open_handles gauge\n' in metrics.exposition()


def test_the_text_of_prometheus() -> None:
    metrics.count('tile', 'png', 200, 1000, _timings(read=0.25))
    text = metrics.exposition({'pid': '12', 'host': 'a"b\\c\nd'})
    extra = r'pid="12",host="a\"b\\c\nd"'
    assert (
        f'large_image_requests_total{{{extra},endpoint="tile",format="png",status="200"}} 1\n'
        in text
    )
    assert f'large_image_stage_seconds_bucket{{{extra},stage="read",le="0.1"}} 0\n' in text
    assert f'large_image_stage_seconds_bucket{{{extra},stage="read",le="+Inf"}} 1\n' in text
    assert f'large_image_stage_seconds_sum{{{extra},stage="read"}} 0.25\n' in text
    assert f'large_image_stage_seconds_count{{{extra},stage="read"}} 1\n' in text
    sample = re.compile(r'\w+\{(\w+="([^"\\]|\\.)*",?)*\} [\d.]+')
    assert all(line.startswith('# ') or sample.fullmatch(line) for line in text.splitlines())


def test_a_forked_process_begins_at_zero() -> None:
    code = (
        'import os, sys\n'
        'from django_large_image import metrics\n'
        "metrics.count('tile', 'png', 200, 1)\n"
        'child = os.fork()\n'
        'if child == 0:\n'
        "    empty = metrics.counters()['large_image_requests_total'] == {}\n"
        '    os._exit(0 if empty else 1)\n'
        'sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n'
    )
    # Without Django's settings: any floor may time its work.
    environment = {k: v for k, v in os.environ.items() if k != 'DJANGO_SETTINGS_MODULE'}
    assert (
        subprocess.run([sys.executable, '-c', code], env=environment, check=False).returncode == 0
    )
