"""What is done while others write to the database."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from django_large_image.catalog import contention
from django_large_image.catalog.contention import attempt, briefly, is_busy, patiently
from django_large_image.catalog.models import Catalog, Dataset
from django_large_image.exceptions import BusyError
from tests.catalog.committed import Committed


def ask_for_nothing() -> None:
    """Ask for a table that there is not."""
    with connection.cursor() as cursor:
        cursor.execute('SELECT * FROM nowhere')


@pytest.fixture
def datasets(committed: Committed, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The datasets of a catalogue: one."""
    monkeypatch.setattr(contention, '_WAIT', '100ms')
    catalog = Catalog.objects.create(slug='a')
    Dataset.objects.create(catalog=catalog, key_0='a', location='a.tif')
    return Dataset.objects.all()


def test_a_block_does_not_wait_for_long(committed: Committed, datasets: Any) -> None:
    with (
        committed.written(),
        pytest.raises(OperationalError) as raised,
        briefly('default'),
    ):
        datasets.update(name='b')
    assert is_busy(raised.value)
    with briefly('default'):
        datasets.update(name='c')
    assert datasets.get().name == 'c'


def test_what_is_refused_is_left(committed: Committed, datasets: Any) -> None:
    with committed.written():
        assert attempt('default', partial(datasets.update, name='b')) is None
        with CaptureQueriesContext(connection) as asked:
            assert attempt('default', partial(datasets.update, name='b')) is None
    assert datasets.get().name == ''
    # Once is enough for a while.
    assert len(asked) == 0
    contention.forget()
    assert attempt('default', partial(datasets.update, name='c')) == 1
    assert datasets.get().name == 'c'


def test_a_transaction_goes_on_after_it(committed: Committed, datasets: Any) -> None:
    if committed.vendor == 'postgresql':
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
    with committed.written(), transaction.atomic():
        assert attempt('default', partial(datasets.update, name='b')) is None
        assert datasets.get().name == ''


def test_other_errors_are_not_hidden(datasets: Any) -> None:
    for run in (partial(attempt, 'default'), patiently):
        with pytest.raises(DatabaseError, match='nowhere') as raised:
            run(ask_for_nothing)
        assert not is_busy(raised.value)


def test_an_error_of_nobody_is_no_sign_of_a_busy_database() -> None:
    assert not is_busy(OperationalError('database is locked'))


def test_a_job_goes_on_once_it_can(
    in_file: Committed,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    waited: list[float] = []
    with ExitStack() as others:
        others.enter_context(in_file.written())

        def slept(seconds: float) -> None:
            waited.append(seconds)
            if len(waited) == 2:
                others.close()

        monkeypatch.setattr(contention.time, 'sleep', slept)
        assert patiently(partial(Catalog.objects.create, slug='a')).pk
    assert len(waited) == 2
    assert Catalog.objects.count() == 1
    # Once, however often it has to wait.
    assert caplog.messages == ['The database is busy: waiting for it.']


def test_a_job_does_not_wait_for_ever(
    in_file: Committed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(contention, '_PATIENCE', 0)
    with in_file.written(), pytest.raises(BusyError, match='for too long') as raised:
        patiently(partial(Catalog.objects.create, slug='a'))
    cause = raised.value.__cause__
    assert isinstance(cause, OperationalError)
    assert isinstance(cause.__cause__, sqlite3.OperationalError)
