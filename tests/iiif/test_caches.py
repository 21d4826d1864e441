"""What an IIIF service keeps: made once, counted in all processes, forgotten on demand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache as django_cache

from django_large_image import cache
from django_large_image.iiif import caches
from django_large_image.iiif.caches import Tally, get_or_make, owner_name, purge, statistics

pytestmark = pytest.mark.usefixtures('empty_cache')

OWNER = owner_name('iiif', '1')
# Another process with the same cache: it asks three times, and tells what it knows.
OTHER = """
import json, sys
import django
from django.conf import settings
settings.configure(CACHES={'default': json.loads(sys.argv[1])})
django.setup()
from django_large_image.iiif import caches
found = [
    caches.get_or_make('info', 'iiif/1', 'one', lambda: b'other'),
    caches.get_or_make('info', 'iiif/1', 'two', lambda: b'other'),
    caches.get_or_make('info', 'iiif/1', 'two', lambda: b'third'),
]
print(json.dumps([[value.decode() for value in found], caches.statistics()]))
"""


def test_one_making_for_many_requests() -> None:
    made = []
    started = threading.Barrier(8)

    def make() -> bytes:
        made.append(1)
        threading.Event().wait(0.05)
        return b'picture'

    found = []

    def ask() -> None:
        started.wait()
        found.append(get_or_make('derivatives', OWNER, 'a', make))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [b'picture'] * 8
    assert len(made) == 1
    assert statistics()['derivatives'] == {
        'gets': 8,
        'hits': 7,
        'stored': 1,
        'stored_bytes': len(b'picture'),
    }


def test_kinds_and_parts_are_told_apart() -> None:
    assert get_or_make('info', OWNER, 'a', lambda: b'1') == b'1'
    assert get_or_make('derivatives', OWNER, 'a', lambda: b'2') == b'2'
    assert get_or_make('info', OWNER, 'b', lambda: b'3') == b'3'
    assert get_or_make('info', OWNER, 'a', lambda: b'4') == b'1'
    found = statistics()
    assert found['info'] == {'gets': 3, 'hits': 1, 'stored': 2, 'stored_bytes': 2}
    assert found['derivatives'] == {'gets': 1, 'hits': 0, 'stored': 1, 'stored_bytes': 1}


def test_what_is_too_large_is_not_kept(settings: Any) -> None:
    settings.LARGE_IMAGE = {'TILE_CACHE_MAX_BYTES': 10}
    for expected in (b'x' * 11, b'y' * 11):
        assert get_or_make('info', OWNER, 'a', lambda made=expected: made) == expected
    assert statistics()['info'] == {'gets': 2, 'hits': 0, 'stored': 0, 'stored_bytes': 0}


def test_a_failure_is_not_kept_nor_counted() -> None:
    with pytest.raises(ZeroDivisionError):
        get_or_make('info', OWNER, 'a', lambda: b'%d' % (1 // 0))
    assert get_or_make('info', OWNER, 'a', lambda: b'fine') == b'fine'
    assert statistics()['info'] == {'gets': 1, 'hits': 0, 'stored': 1, 'stored_bytes': 4}


class TestPurge:
    @pytest.fixture(autouse=True)
    def kept(self, empty_cache: None) -> None:
        for owner in ('iiif/1', 'iiif/2', 'other/1'):
            get_or_make('info', owner, owner, lambda: b'old')
            get_or_make('derivatives', owner, owner, lambda: b'old')

    def answers(self) -> list[bytes]:
        return [
            get_or_make(kind, owner, owner, lambda: b'new')
            for owner in ('iiif/1', 'iiif/2', 'other/1')
            for kind in caches.KINDS
        ]

    def test_nothing(self) -> None:
        assert self.answers() == [b'old'] * 6

    def test_one_image_of_one_service(self) -> None:
        purge('iiif/1')
        assert self.answers() == [b'new'] * 2 + [b'old'] * 4

    def test_all(self) -> None:
        django_cache.set('theirs', 1)
        tile = cache.make_key('tile')
        cache.put(tile, b'tile')
        purge()
        assert self.answers() == [b'new'] * 6
        # Neither other users of the cache nor XYZ tiles are concerned.
        assert django_cache.get('theirs') == 1
        assert cache.get(tile) == b'tile'

    def test_again(self) -> None:
        purge('iiif/1')
        self.answers()
        purge('iiif/1')
        found = get_or_make('info', 'iiif/1', 'iiif/1', lambda: b'third')
        assert found == b'third'

    def test_an_owner_of_any_name(self) -> None:
        purge('iiif/' + 'x' * 10_000 + ' \n\udc80ä')
        assert self.answers() == [b'old'] * 6

    def test_another_process_sees_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # Which has read the generations before, and reads them again after a second.
        other = cache.Generations()
        monkeypatch.setattr(cache, 'generations', other)
        assert self.answers() == [b'old'] * 6
        django_cache.set(other._key('iiif'), time.time_ns(), None)
        assert self.answers() == [b'old'] * 6
        later = time.monotonic() + 5
        monkeypatch.setattr(time, 'monotonic', lambda: later)
        assert self.answers() == [b'new'] * 6


class TestStatistics:
    def test_at_first(self) -> None:
        found = statistics()
        assert found['info'] == found['derivatives']
        assert set(found['info'].values()) == {0}
        assert found['cache'] == {
            'alias': 'default',
            'backend': 'LocMemCache',
            'bytes': None,
            'max_bytes': None,
        }

    def test_the_size_of_a_cache_that_can_tell(self, settings: Any) -> None:
        settings.CACHES = {
            'default': {
                'BACKEND': 'django_large_image.backends.BoundedLocMemCache',
                'LOCATION': 'sized',
                'OPTIONS': {'MAX_BYTES': 50_000},
            }
        }
        cache.generations.forget()
        for number in range(100):
            get_or_make('derivatives', OWNER, f'{number}', lambda: os.urandom(1000))
        found = statistics()
        assert found['derivatives']['stored_bytes'] == 100_000
        assert found['cache']['max_bytes'] == 50_000
        assert 40_000 < found['cache']['bytes'] <= 50_000

    def test_a_cache_that_keeps_nothing(self, settings: Any) -> None:
        settings.CACHES = {'default': {'BACKEND': 'django.core.cache.backends.dummy.DummyCache'}}
        for expected in (b'1', b'2'):
            assert get_or_make('info', OWNER, 'a', lambda made=expected: made) == expected
        assert statistics()['info']['gets'] == 0

    def test_counters_are_told_in_time(self) -> None:
        tally = Tally()
        tally.add(info_gets=2)
        assert tally._timer is not None
        assert tally._timer.daemon
        tally._timer.join(30)
        # Without being asked.
        assert django_cache.get('large-image:iiif:info_gets') == 2
        assert tally._timer is None

    def test_a_forked_process_begins_at_zero(self) -> None:
        caches._tally.add(info_gets=1)
        child = os.fork()
        if not child:
            os._exit(len(caches._tally._pending) + bool(caches._tally._timer))
        assert os.waitpid(child, 0)[1] == 0
        assert statistics()['info']['gets'] == 1

    def test_a_cache_that_fails_takes_nothing_down(
        self, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        tally = Tally()
        settings.LARGE_IMAGE = {'CACHE_NAME': 'gone'}
        tally.add(info_gets=1)
        tally._flush_later()
        assert 'are lost' in caplog.text

    def test_processes_add_up_what_they_share(self, settings: Any, tmp_path: Path) -> None:
        backend = {
            'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache',
            'LOCATION': str(tmp_path / 'cache'),
        }
        settings.CACHES = {'default': backend}
        cache.generations.forget()
        assert get_or_make('info', 'iiif/1', 'one', lambda: b'ours') == b'ours'
        caches.flush()
        assert self.run_other(backend) == [['ours', 'other', 'other'], statistics()]
        assert statistics()['info'] == {
            'gets': 4,
            'hits': 2,
            'stored': 2,
            'stored_bytes': len('ours') + len('other'),
        }
        # Its picture is ours.
        assert get_or_make('info', 'iiif/1', 'two', lambda: b'ours') == b'other'

    @staticmethod
    def run_other(backend: dict[str, str]) -> Any:
        environment = {k: v for k, v in os.environ.items() if k != 'DJANGO_SETTINGS_MODULE'}
        result = subprocess.run(
            [sys.executable, '-c', OTHER, json.dumps(backend)],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd=Path(__file__).parents[2],
            timeout=60,
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)
