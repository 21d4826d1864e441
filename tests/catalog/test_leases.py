"""Who measures a dataset."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_large_image.catalog import contention, leases
from django_large_image.catalog.leases import Lease
from django_large_image.catalog.models import Catalog, Dataset
from tests.catalog.committed import PATIENCE, Committed, together


def made() -> Any:
    """A query of a dataset."""
    catalog = Catalog.objects.create(slug='a')
    pk = Dataset.objects.create(catalog=catalog, key_0='a', location='a.tif').pk
    return Dataset.objects.filter(pk=pk)


@pytest.fixture
def row(committed: Committed) -> Any:
    """A query of a dataset in a database of all threads."""
    return made()


def since(row: Any) -> Any:
    return row.values_list('measuring_since', flat=True).get()


def until(true: Any) -> None:
    """Wait until something is so, but not for ever."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end


def test_one_has_it_until_it_ends(row: Any) -> None:
    first, second, third = Lease(row), Lease(row), Lease(row)
    assert first.take()
    with CaptureQueriesContext(connection) as asked:
        assert not second.take()
    # Who waits does not write.
    assert [query['sql'].split()[0] for query in asked] == ['SELECT']
    first.end()
    assert since(row) is None
    assert third.take()
    # Nobody ends what is another's.
    second.end()
    first.end()
    assert since(row) is not None
    third.end()


def test_of_many_at_once_one_has_it(row: Any) -> None:
    taken = [Lease(row) for _ in range(4)]
    assert sorted(together(*(lease.take for lease in taken))) == [False, False, False, True]
    for lease in taken:
        lease.end()


def test_it_lasts_for_as_long_as_it_is_needed(row: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, '_RENEWED', timedelta(milliseconds=1))
    lease = Lease(row)
    lease.take()
    begun = since(row)
    until(lambda: since(row) > begun)
    assert not Lease(row).take()
    lease.end()
    assert since(row) is None
    assert not lease._renewal.is_alive()


def test_who_has_died_does_not_keep_it(row: Any) -> None:
    row.update(measuring_since=timezone.now() - timedelta(seconds=25))
    assert not Lease(row).take()
    row.update(measuring_since=timezone.now() - timedelta(seconds=31))
    lease = Lease(row)
    assert lease.take()
    lease.end()


def test_it_is_renewed_once_the_database_is_no_longer_busy(
    in_file: Committed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leases, '_RENEWED', timedelta(milliseconds=1))
    row, attempts = made(), []
    real = leases.briefly

    def tried(using: str) -> Any:
        attempts.append(using)
        return real(using)

    monkeypatch.setattr(leases, 'briefly', tried)
    lease = Lease(row)
    lease.take()
    with in_file.written():
        begun, known = since(row), len(attempts)
        until(lambda: len(attempts) > known + 1)
        assert since(row) == begun
    until(lambda: since(row) > begun)
    lease.end()
    assert since(row) is None


def test_where_the_database_is_busy_nobody_knows(
    row: Any, committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contention, '_WAIT', '50ms')
    first, second = Lease(row), Lease(row)
    with committed.written():
        assert first.take() is None
    # That holds for a moment, but not for who has it.
    assert second.take() is None
    contention.forget()
    assert second.take()
    with committed.written():
        assert first.take() is False
        contention.attempt('default', row.delete)
    second.end()
    assert since(row) is None


def test_what_another_took_over_is_left_to_him(row: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, '_RENEWED', timedelta(milliseconds=1))
    lease = Lease(row)
    lease.take()
    theirs = timezone.now() + timedelta(hours=1)
    row.update(measuring_since=theirs)
    until(lambda: not lease._renewal.is_alive())
    lease.end()
    assert since(row) == theirs


def test_nothing_waits_for_itself_in_a_transaction(
    row: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, '_RENEWED', timedelta(milliseconds=1))
    with transaction.atomic():
        lease = Lease(row)
        assert lease.take()
        assert not lease._renewal.is_alive()
        lease.end()
    assert since(row) is None
