"""What GDAL says, and what that means of a store: it takes bytes that do not come for zeros."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from osgeo import gdal

from django_large_image.conf import settings
from django_large_image.exceptions import BusyError, LargeImageError, UnreadableError
from django_large_image.sources import virtual
from django_large_image.sources.filesystems import file_of, forget, is_asked_by_gdal, is_remote

logger = logging.getLogger(__name__)

_CODE = re.compile(r'response_code=(\d+)|response code on .*: (\d+)|<Code>(\d+)</Code>')
# What GDAL says only by the way, or to those who debug it, of an answer without bytes.
_TROUBLE = re.compile(r'HTTP response code|Got response_code=(?!20[06]\b)')
# GDAL's first request is for so many bytes.
_HEADER = 16384
# Answers that will be the same tomorrow, and that there are no credentials.
_FINAL = {400, 401, 403, 404, 410}
_FINAL_NAMES = re.compile(
    r'NoSuch|AccessDenied|Forbidden|InvalidAccessKey|ExpiredToken|Signature'
    r'|NO_SIGN_REQUEST|InvalidCredentials'
)


class _Ear(threading.local):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def hear(self, level: int, number: int, text: str) -> None:
        if level >= gdal.CE_Failure or _TROUBLE.search(text):
            self.heard.append(text)


_ear = _Ear()


@contextmanager
def told_to(handler: str | Callable[[int, int, str], None]) -> Iterator[None]:
    """Have a handler, and nothing else, hear what GDAL says in this thread in the block."""
    # Twice: `gdal.Warp` of some versions hands what it collected to the handler before the last.
    gdal.PushErrorHandler(handler)
    gdal.PushErrorHandler(handler)
    try:
        yield
    finally:
        gdal.PopErrorHandler()
        gdal.PopErrorHandler()


@contextmanager
def listening(path: str) -> Iterator[None]:
    """Fail where GDAL complained in the block, of a path over the network, whether it went on or
    not; what it keeps of the path is dropped then.

    Raises `BusyError` where the store is down, slow or holds other bytes by now, `UnreadableError`
    where it gives nothing out or the file is damaged. A local path is of no interest here.
    """
    if not is_remote(path):
        yield
        return
    started, former = time.monotonic(), _ear.heard
    _ear.heard = []
    try:
        with virtual.reading(), told_to(_ear.hear):
            yield
            check()
    except RuntimeError as error:
        # The half of a range, or that there is no such file.
        forget(path)
        slow = time.monotonic() - started >= settings.REMOTE_TIMEOUT
        raise _failure(path, [*_ear.heard, str(error)], slow) from None
    except LargeImageError:
        forget(path)
        raise
    finally:
        _ear.heard = former


def check() -> None:
    """Raise `RuntimeError` where GDAL complained since this thread began to listen.

    To be asked before what was read is kept.
    """
    if _ear.heard:
        raise RuntimeError(_ear.heard[-1])
    if virtual.has_failed():
        raise RuntimeError('A range of bytes could not be read.')


def check_header(path: str) -> None:
    """Raise `RuntimeError` for a remote path of which less came than was asked for at first: GDAL
    would take it for the end of the file.
    """
    if not is_asked_by_gdal(path):
        return
    file = gdal.VSIFOpenL(file_of(path), 'rb')
    if file is None:
        raise RuntimeError('There is no such file.')
    try:
        gdal.VSIFSeekL(file, 0, os.SEEK_END)
        wanted = min(gdal.VSIFTellL(file), _HEADER)
        gdal.VSIFSeekL(file, 0, os.SEEK_SET)
        came = len(gdal.VSIFReadL(1, wanted, file) or b'') if wanted else 0
    finally:
        gdal.VSIFCloseL(file)
    if came < wanted:
        _ear.heard.append(f'response_code=206 with {came} of {wanted} bytes')
        raise RuntimeError(_ear.heard[-1])


def meaning(said: Iterable[str]) -> LargeImageError | None:
    """Return what texts of GDAL's tell of a store; None where they tell nothing of it."""
    text = '\n'.join(said)
    codes = {int(next(filter(None, found.groups()))) for found in _CODE.finditer(text)}
    if codes & _FINAL or _FINAL_NAMES.search(text):
        return UnreadableError('The store of this image does not give it out.')
    return BusyError() if codes or 'CURL error' in text else None


def _failure(path: str, said: list[str], slow: bool) -> LargeImageError:
    known = virtual.failure()
    if known is not None:
        return known
    found = meaning(said) or (BusyError() if slow else None)
    # Not the texts: a store may say there who asked.
    logger.info('%s could not be read: %s', path, type(found).__name__ if found else 'damaged')
    return found or UnreadableError('Unreadable image: its pixels could not be read.')
