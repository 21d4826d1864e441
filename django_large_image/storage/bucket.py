"""A bucket of an object store, as one storage reaches it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakKeyDictionary

from django_large_image.exceptions import UnreadableError
from django_large_image.storage.answers import Answer
from django_large_image.storage.objects import Version

C = TypeVar('C')
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


class Clients(Generic[C]):
    """The clients of this process's storages, each made anew when what it was made of has
    changed, and none shared with a parent process.
    """

    def __init__(self) -> None:
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._guard = threading.Lock()
        self._made: WeakKeyDictionary[Any, tuple[tuple[Hashable, ...], C]] = WeakKeyDictionary()

    def get(self, owner: Any, made_of: tuple[Hashable, ...], make: Callable[[], C]) -> C:
        """Return the client of an owner."""
        with self._guard:
            former, found = self._made.get(owner, (None, None))
            if found is None or former != made_of:
                found = make()
                self._made[owner] = made_of, found
        return found

    def drop(self, client: C) -> None:
        """Have a client made anew at the next request."""
        with self._guard:
            for owner, (_, made) in list(self._made.items()):
                if made is client:
                    del self._made[owner]


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
