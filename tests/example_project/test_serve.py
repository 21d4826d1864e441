"""`serve.py` loads an application once, forks it, and replaces a worker that dies."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from benchmarks import servers

pytest.importorskip('granian')
pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='workers are forked on Linux')

LAUNCHER = Path(__file__).resolve().parents[2] / 'example_project' / 'serve.py'
# It has queried its database before it is forked, and imports its views with the URLs.
APPLICATION = """
import os
from django.conf import settings
from django.core.wsgi import get_wsgi_application

settings.configure(
    ROOT_URLCONF='small_urls',
    ALLOWED_HOSTS=['127.0.0.1'],
    DATABASES={'default': {
        'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'small.sqlite3', 'CONN_MAX_AGE': None,
    }},
)
application = get_wsgi_application()

from django.db import connection
with connection.cursor() as cursor:
    cursor.execute('SELECT 1')
"""
URLS = """
import gc, os
from django.db import connection
from django.http import JsonResponse
from django.urls import path

LOADED_BY = os.getpid()

def tell(request):
    return JsonResponse({
        'worker': os.getpid(), 'loaded by': LOADED_BY, 'frozen': gc.get_freeze_count(),
        'connected': connection.connection is not None, 'GDAL': os.environ['GDAL_CACHEMAX'],
    })

urlpatterns = [path('', tell)]
"""


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setattr(servers, 'VAR', tmp_path)
    monkeypatch.delenv('GDAL_CACHEMAX', raising=False)
    (tmp_path / 'small.py').write_text(APPLICATION)
    (tmp_path / 'small_urls.py').write_text(URLS)
    port = servers.free_port()
    options = ['small:application', '--port', str(port), '--workers', '2', '--threads', '1']
    command = [sys.executable, str(LAUNCHER), *options]
    running = servers.Server('small', command, port, {}, tmp_path)
    yield running
    running.stop()


def ask(server):
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=30)
    try:
        connection.request('GET', '/')
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def answers_of(server, count, without=()):
    """Return an answer of each worker; a new connection may reach any of them."""
    found = {}
    until = time.monotonic() + 30
    while len(found) < count and time.monotonic() < until:
        try:
            answer = ask(server)
        except (OSError, http.client.HTTPException):
            # Asked of the worker that has just died.
            continue
        if answer['worker'] not in without:
            # The first answer of a worker tells what it began with.
            found.setdefault(answer['worker'], answer)
    return found


def test_workers_share_what_their_parent_has_loaded(server):
    answers = answers_of(server, 2)
    assert len(answers) == 2
    [parent] = {answer['loaded by'] for answer in answers.values()}
    assert parent not in answers
    assert set(answers) <= set(servers.descendants(parent))
    for answer in answers.values():
        assert answer['frozen'] > 10_000
        assert answer['connected'] is False
        assert answer['GDAL'] == '16'


def test_a_worker_that_dies_is_replaced_from_the_same_parent(server):
    first, second = answers_of(server, 2).values()
    os.kill(first['worker'], signal.SIGKILL)
    answers = answers_of(server, 1, without={first['worker'], second['worker']})
    [successor] = answers.values()
    assert successor['loaded by'] == first['loaded by']
    assert successor['connected'] is False


def test_memory_of_forked_workers_is_told_apart_from_their_parents(server):
    answers_of(server, 2)
    workers, parent = server.memory()
    # Each of them alone has some 30 MB of Django in memory.
    assert 5_000_000 < workers < 60_000_000
    assert 5_000_000 < parent < 60_000_000
