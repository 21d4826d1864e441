"""The tables: medians, ratios, and what is said of those that are missing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from benchmarks import report
from benchmarks.load import Load
from benchmarks.results import Machine, Measurement, Results

MACHINE = Machine('2030-01-02', 2, 'some processor', 24 << 30, '3.11.7', 'Debian', 0.1)


def measurement(*rates, size=50_000.0, failed=0):
    loads = [Load(rate, 1.0, 1000 / rate, size, 400, failed) for rate in rates]
    return Measurement(loads, [2.0, 1.0, 3.0][: len(rates)], size)


@pytest.fixture
def results():
    found = Results(MACHINE, 3)
    found.cases['utm-rgb-png'] = {
        'ours': measurement(900, 1000, 1100),
        'titiler': measurement(50, 39, 40),
    }
    return found


def row(text, name):
    [line] = [line for line in text.splitlines() if f'| {name} |' in line]
    return [cell.strip() for cell in line.strip('|').split('|')]


def test_median_is_what_counts(results):
    found = results.cases['utm-rgb-png']['titiler']
    assert (found.rate, found.p99, found.cost) == (40, 25, 2.0)


def test_ratio_is_that_of_the_medians(results):
    assert row(report.markdown(results), 'titiler')[2:6] == ['40', '25.0 x', '10 x', '25.0']


def test_ours_is_compared_with_nobody(results):
    text = report.markdown(results)
    assert row(text, 'ours') == [
        'UTM RGB deflate COG → PNG',
        'ours',
        '1 000',
        '',
        '',
        '1.0',
        '2.00',
        '50.0',
    ]


def test_failed_answers_are_shown(results):
    results.cases['utm-rgb-png']['titiler'] = measurement(40, failed=3)
    assert row(report.markdown(results), 'titiler')[2] == '40 (3 failed)'


def test_without_ours_there_is_no_ratio(results):
    del results.cases['utm-rgb-png']['ours']
    assert row(report.markdown(results), 'titiler')[3] == ''


def test_kept_tiles_are_shares_of_the_empty_action(results):
    results.kept = {'empty action': [4000, 5000, 4500], '304 of a PNG tile': [3600, 3700, 100]}
    text = report.markdown(results)
    assert row(text, '304 of a PNG tile') == ['304 of a PNG tile', '3 600', '0.80', '0.75']
    assert row(text, 'empty action') == ['empty action', '4 500', '', '']


def test_memory_cold_and_skipped_are_told(results):
    results.memory = {'titiler': (490_000_000, 20_000_000)}
    results.versions = {'titiler': '2.4.0'}
    results.cold = {'ours': {'first tile of a server': 20.4, 'first tile of a file': 6.0}}
    results.skipped = {'iipsrv': 'lighttpd is missing'}
    text = report.markdown(results)
    assert '| titiler | 2.4.0 | 490 | 20 |' in text
    assert '| ours | 20 | 6 |' in text
    assert text.endswith('Not measured: iipsrv (lighttpd is missing)\n')
    assert '2030-01-02' in text
    assert '2 cores (some processor), 24 GB' in text


def test_busy_machine_is_told(results):
    assert 'busy' not in report.markdown(results)
    results.machine = replace(MACHINE, load=3.14)
    assert 'busy with other things (load 3.1)' in report.markdown(results)


def test_table_aligns_figures_to_the_right():
    assert report.table(('case', 'MB'), [('a', '1')]) == '| case | MB |\n| --- | ---: |\n| a | 1 |'


@pytest.mark.parametrize(('value', 'text'), [(3.14, '3.1'), (42.4, '42'), (12345.0, '12 345')])
def test_rate_shows_the_digits_that_mean_something(value, text):
    assert report.rate(value) == text


def test_results_are_kept_as_json(results, tmp_path, monkeypatch):
    monkeypatch.setattr('benchmarks.results.RESULTS', tmp_path / 'results')
    kept = json.loads(results.save('latest').read_text())
    assert kept['machine']['cores'] == 2
    assert kept['cases']['utm-rgb-png']['titiler']['loads'][1]['rate'] == 39
