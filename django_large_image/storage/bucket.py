"""A bucket of an object store, as one storage reaches it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from django.utils.crypto import salted_hmac

from django_large_image.exceptions import UnreadableError
from django_large_image.storage.answers import Answer
from django_large_image.storage.objects import Version

T = TypeVar('T')

logger = logging.getLogger(__name__)


class Client(Protocol):
    """A storage's own client: it signs each request at its moment.

    Answers are returned whatever their status; `BusyError` is raised where none comes,
    `UnreadableError` where nothing can be asked.
    """

    def head(self, bucket: str, key: str) -> Answer:
        """Ask what there is of an object."""

    def get(self, bucket: str, key: str, version: Version, start: int, end: int) -> Answer:
        """Ask for the bytes from `start` up to `end`; raises as well what such an answer does."""

    def refused(self) -> None:
        """Be told that the store did not give something out."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket as its storage reaches it; see `objects.Store`."""

    name: str
    label: str
    client: Client

    def head(self, key: str) -> Answer:
        """Return the answer to a HEAD; raises `BusyError` and `UnreadableError`."""
        return self._checked(key, self.client.head(self.name, key))

    def get(self, key: str, version: Version, start: int, end: int) -> Answer:
        """Return the answer with the bytes from `start` up to `end`; raises as well."""
        return self._checked(key, self.client.get(self.name, key, version, start, end))

    def _checked(self, key: str, answer: Answer) -> Answer:
        if answer.status >= 400:
            logger.warning('S3 answers %s for %s in %s', answer.status, key, self.name)
        try:
            answer.check()
        except UnreadableError:
            self.client.refused()
            raise
        return answer


def label(*parts: object) -> str:
    """Return a short text that tells stores, and those who ask, apart; nobody finds the secrets
    that it is made of by trying.
    """
    found = salted_hmac('django_large_image.storage', repr(parts), algorithm='sha256')
    return found.hexdigest()[:24]


def plain(thing: object) -> tuple[Any, ...]:
    """Return what tells a thing that lends credentials from others: its class, and its texts."""
    texts = ((name, value) for name, value in vars(thing).items() if isinstance(value, str | bytes))
    return type(thing).__module__, type(thing).__qualname__, *sorted(texts)


def again(ask: Callable[[], T], closed: type[Exception]) -> T:
    """Return what `ask` does, asked twice where the store had closed the connection meanwhile."""
    try:
        return ask()
    except closed:
        return ask()


def lower(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by their names in lower case."""
    return {name.lower(): value for name, value in headers}
