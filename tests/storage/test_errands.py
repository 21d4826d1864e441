"""Work for a store in threads of its own."""

from __future__ import annotations

import os
import threading
from contextvars import ContextVar
from typing import Any

import pytest

from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.storage import errands
from django_large_image.storage.errands import Errand, in_time

TENANT: ContextVar[str] = ContextVar('tenant', default='nobody')


def test_the_result_and_the_context() -> None:
    token = TENANT.set('somebody')
    assert in_time(
        lambda: (TENANT.get(), threading.current_thread() is threading.main_thread())
    ) == (
        'somebody',
        False,
    )
    TENANT.reset(token)
    assert errands._under_way == set()


def test_errors_reach_all_who_wait() -> None:
    def fail(progress: Any) -> None:
        raise UnreadableError('Gone.')

    errand = Errand(fail)
    errand.send()
    raised = []
    for _ in range(2):
        with pytest.raises(UnreadableError, match='Gone') as caught:
            errand.wait()
        raised.append(caught.value)
    assert raised[0] is not raised[1]
    assert not errand.usable


def test_what_nobody_foresaw(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(BusyError) as caught:
        in_time(lambda: {}['secret'])
    assert 'secret' not in str(caught.value)
    assert 'KeyError' in caplog.text


def test_one_that_hangs_is_not_waited_for(settings: Any) -> None:
    settings.LARGE_IMAGE = {'REMOTE_TIMEOUT': 1}
    go = threading.Event()
    errand = Errand(lambda progress: go.wait(20))
    errand.send()
    assert errand.usable
    with pytest.raises(BusyError, match='on its way'):
        errand.wait()
    errand._seen -= 60
    assert not errand.usable
    errand.progress()
    assert errand.usable
    go.set()
    errand.join(20)
    assert errand.wait() is True


def test_a_child_process_starts_anew() -> None:
    go = threading.Event()
    errand = Errand(lambda progress: go.wait(20))
    errand.send()
    child = os.fork()
    if not child:
        os._exit(0 if not errands._under_way and in_time(lambda: 1) == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert errand in errands._under_way
    go.set()
    errand.join(20)
