"""What an answer of a store means, and how long one is waited for."""

from __future__ import annotations

import io

import pytest

from django_large_image.exceptions import BusyError, UnreadableError
from django_large_image.storage import answers
from django_large_image.storage.answers import Answer, Deadline, read_body


@pytest.mark.parametrize(
    ('status', 'error'),
    [
        *((status, None) for status in (200, 206)),
        *((status, BusyError) for status in (408, 412, 425, 429, 500, 502, 503, 504)),
        *((status, UnreadableError) for status in (301, 400, 401, 403, 404, 410, 416)),
    ],
)
def test_statuses(status, error):
    answer = Answer(status, {})
    if error is None:
        answer.check()
        return
    for check in (answer.check, lambda: answer.check_part(0, 10)):
        with pytest.raises(error):
            check()


@pytest.mark.parametrize(
    ('status', 'headers', 'size'),
    [
        (200, {'content-length': '70'}, 70),
        (206, {'content-length': '1', 'content-range': 'bytes 0-0/70'}, 70),
        (206, {'content-length': '1', 'content-range': 'bytes 0-0/*'}, None),
        (206, {'content-length': '1'}, None),
        (200, {'content-length': 'many'}, None),
        (200, {}, None),
    ],
)
def test_the_size_of_the_whole(status, headers, size):
    assert Answer(status, headers).size == size


@pytest.mark.parametrize(
    ('status', 'headers', 'error'),
    [
        (206, {'content-range': 'bytes 10-19/70', 'content-length': '10'}, None),
        (206, {'content-range': 'bytes 10-19/70'}, None),
        (206, {'content-range': 'bytes 10-18/70', 'content-length': '9'}, BusyError),
        (206, {'content-range': 'bytes 10-19/70', 'content-length': '9'}, BusyError),
        (206, {'content-range': 'bytes 0-9/70'}, BusyError),
        (206, {}, BusyError),
        (200, {'content-length': '10'}, UnreadableError),
    ],
)
def test_a_part_is_that_which_was_asked_for(status, headers, error):
    answer = Answer(status, headers)
    if error is None:
        answer.check_part(10, 20)
    else:
        with pytest.raises(error):
            answer.check_part(10, 20)


@pytest.fixture
def clock(monkeypatch, settings):
    """The time in seconds, which the test moves; the limit is 10."""
    settings.LARGE_IMAGE = {'REMOTE_TIMEOUT': 10}
    now = [1000.0]
    monkeypatch.setattr(answers.time, 'monotonic', lambda: now[0])
    return now


def test_bytes_put_a_deadline_off_when_they_come_fast_enough(clock):
    deadline = Deadline()
    assert deadline.left() == 10
    deadline.came(64 * 1024 * 5)
    # No pause is longer than the limit.
    assert deadline.left() == 10
    clock[0] += 14
    assert deadline.left() == pytest.approx(1)
    deadline.came(10)
    clock[0] += 1.1
    with pytest.raises(TimeoutError):
        deadline.left()


class Body(io.BytesIO):
    """A body of which each read gives some bytes and takes some time."""

    def __init__(self, content, clock, bytes_each, seconds_each):
        super().__init__(content)
        self.clock, self.each, self.seconds = clock, bytes_each, seconds_each

    def read1(self, size=-1):
        self.clock[0] += self.seconds
        return super().read1(min(size, self.each))


def test_a_body_is_read_to_its_end_and_no_further(clock):
    body = Body(bytes(range(100)) * 3, clock, 70, 1)
    assert read_body(body, 300) == bytes(range(100)) * 3
    assert clock[0] == 1005


def test_a_trickle_is_given_up(clock):
    with pytest.raises(TimeoutError):
        read_body(Body(bytes(1000), clock, 1, 0.9), 1000)
    assert clock[0] < 1012


def test_a_body_that_ends_too_early(clock):
    with pytest.raises(BusyError, match='less'):
        read_body(Body(bytes(100), clock, 70, 0), 101)
