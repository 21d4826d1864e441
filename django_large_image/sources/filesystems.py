"""Where images may lie: regular files of this machine, and GDAL's file systems of one table.

GDAL takes some texts for archives, addresses or documents of their own. Whoever names a file or
stores a path has a say in that text; here it is settled what the text is, before GDAL sees it.
"""

from __future__ import annotations

import os
import re
from stat import S_ISREG
from urllib.parse import unquote_plus

from osgeo import gdal

from django_large_image.conf import settings
from django_large_image.exceptions import UnreadableError
from django_large_image.sources import memory, virtual

MISSING = 'The file of this image is missing.'
REFUSED = 'Unreadable image: it lies where images may not be read from.'
# GTIFF_DIR:2:PATH, GTIFF_DIR:off:8:PATH or HDF5:"PATH"://name
_SUBDATASET = re.compile(
    r'(?P<head>\w+:)(?:(?P<number>(?:off:)?\d+:)(?P<page>.+)|"(?P<container>[^"]+)"(?P<tail>:.*))',
    re.DOTALL,
)
# File systems whose bytes come over the network; what follows them names an object, not a path in
# which there are other file systems.
_REMOTE = (
    *('/vsicurl', '/vsis3', '/vsigs', '/vsiaz', '/vsiadls', '/vsioss', '/vsiswift'),
    virtual.PREFIX,
)
_NESTED = re.compile(r'/vsi\w*[/?\\]')
_CONTROL = re.compile(r'[\x00-\x1f\x7f]')
# Of what '/vsicurl?name=value&...' takes: others name files, hosts and credentials.
_CURL_OPTIONS = {'use_head', 'list_dir', 'empty_dir', 'max_retry', 'retry_delay'}


def file_of(path: str) -> str:
    """Return the file in which a subdataset lies; any other path as it is."""
    match = _SUBDATASET.fullmatch(path)
    return (match['page'] or match['container']) if match else path


def is_remote(path: str) -> bool:
    """Whether the bytes of a path come over the network."""
    return file_of(path).startswith(_REMOTE)


def is_asked_by_gdal(path: str) -> bool:
    """Whether a path is remote, and GDAL itself asks its store."""
    return is_remote(path) and not file_of(path).startswith(virtual.PREFIX)


def forget(path: str) -> None:
    """Drop what GDAL keeps of a remote path: its size and its bytes."""
    gdal.VSICurlPartialClearCache(file_of(path))


def allowed_path(path: str) -> str:
    """Return what GDAL is given to open a path: a local one in full, so that it is nothing else.

    Raises `UnreadableError` for a local file that is not there or not a regular one, for file
    systems that the settings do not allow (`VSI_PREFIXES`), nested ones included, and for addresses
    other than HTTP(S).
    """
    if path.startswith((memory.FOLDER, virtual.PREFIX)):
        return path
    if path.startswith('/vsi'):
        _check_virtual(path)
        return path
    if _is_file(path):
        return os.path.abspath(path)
    match = _SUBDATASET.fullmatch(path)
    if match is None:
        raise UnreadableError(MISSING)
    if match['page']:
        return f'{match["head"]}{match["number"]}{allowed_path(_inner(match["page"]))}'
    return f'{match["head"]}"{allowed_path(_inner(match["container"]))}"{match["tail"]}'


def local_path(path: str) -> str:
    """Return the full path of a local file; raises `UnreadableError` for all else."""
    if path.startswith('/vsi') or not _is_file(path):
        raise UnreadableError(MISSING)
    return os.path.abspath(path)


def _inner(path: str) -> str:
    """Return the path in a subdataset's name; raises `UnreadableError` for another such name."""
    if not path.startswith('/vsi') and not _is_file(path):
        raise UnreadableError(MISSING)
    return path


def _is_file(path: str) -> bool:
    try:
        return S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _check_virtual(path: str) -> None:
    # What GDAL understands as the same: '/vsicurl?use_head=no&url=...'.
    known = [*settings.VSI_PREFIXES, *('/vsicurl?',) * ('/vsicurl/' in settings.VSI_PREFIXES)]
    prefix = next((prefix for prefix in known if path.startswith(prefix)), None)
    if prefix is None or _CONTROL.search(path):
        raise UnreadableError(REFUSED)
    rest = path[len(prefix) :]
    if prefix.startswith('/vsicurl'):
        _check_address(prefix, rest)
    elif not prefix.startswith((*_REMOTE, '/vsimem/')):
        # An archive: what it lies in has to be allowed as well.
        for match in _NESTED.finditer(rest):
            _check_virtual(rest[match.start() :])


def _check_address(prefix: str, rest: str) -> None:
    """Raise `UnreadableError` unless the address is one of HTTP(S), with harmless options."""
    addresses = [rest]
    if prefix.endswith('?'):
        pairs = [unquote_plus(part).partition('=')[::2] for part in rest.split('&')]
        addresses = [value for name, value in pairs if name == 'url']
        if {name for name, _ in pairs} - {'url'} - _CURL_OPTIONS or len(addresses) != 1:
            raise UnreadableError(REFUSED)
    if not addresses[0].startswith(('http://', 'https://')):
        raise UnreadableError(REFUSED)
