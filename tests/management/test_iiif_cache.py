"""`manage.py iiif_cache`."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_large_image import cache
from django_large_image.iiif import caches

pytestmark = pytest.mark.urls('tests.iiif.services')


@pytest.fixture(autouse=True)
def shared_cache(settings: Any, tmp_path: Path) -> None:
    """A cache of all processes."""
    caches.flush()
    settings.CACHES = {
        'default': {
            'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache',
            'LOCATION': str(tmp_path / 'cache'),
        }
    }
    cache.generations.forget()


def run(*arguments: str) -> tuple[str, str]:
    out, errors = io.StringIO(), io.StringIO()
    call_command('iiif_cache', *arguments, stdout=out, stderr=errors)
    return out.getvalue(), errors.getvalue()


def ask(identifier: str = '1', service: str = 'iiif') -> bytes:
    owner = caches.owner_name(service, identifier)
    return caches.get_or_make('info', owner, owner, lambda: b'new')


def test_the_numbers_are_those_of_the_service() -> None:
    for _ in range(3):
        ask()
    out, errors = run()
    assert errors == ''
    assert json.loads(out) == caches.statistics()
    assert json.loads(out)['info'] == {'gets': 3, 'hits': 2, 'stored': 1, 'stored_bytes': 3}


def test_purge() -> None:
    def hits() -> list[int]:
        found = []
        for identifier, service in (('1', 'iiif'), ('a/b', 'iiif'), ('1', 'names')):
            before = caches.statistics()['info']['hits']
            ask(identifier, service)
            found.append(caches.statistics()['info']['hits'] - before)
        return found

    assert hits() == [0, 0, 0]
    assert run('--purge', 'a/b')[0] == "Forgotten: whatever iiif kept of 'a/b'.\n"
    assert hits() == [1, 0, 1]
    run('--purge', '1', '--service', 'names')
    assert hits() == [1, 1, 0]
    assert run('--purge')[0] == 'Forgotten: what was kept of all images.\n'
    assert hits() == [0, 0, 0]


@pytest.mark.parametrize('arguments', [['--purge', '1'], ['--purge'], []])
def test_an_unknown_service(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=r"no IIIF service 'nosuch'.*: described, folder, iiif"):
        run(*arguments, '--service', 'nosuch')


def test_a_cache_of_this_process_only(settings: Any) -> None:
    settings.CACHES = {'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'}}
    assert "The cache 'default' is in the memory of each process" in run()[1]
