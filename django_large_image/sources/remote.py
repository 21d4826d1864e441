"""What GDAL is told for images that are not on this machine: as few requests as will do."""

from __future__ import annotations

from osgeo import gdal

from django_large_image.conf import settings
from django_large_image.exceptions import BusyError
from django_large_image.sources.complaints import meaning, told_to
from django_large_image.sources.filesystems import is_remote
from django_large_image.sources.handles import configured
from django_large_image.sources.reference import ImageReference, Options

# For every remote path, whatever its store; `options` adds the time limits.
OPTIONS: Options = (
    ('CPL_VSIL_CURL_USE_HEAD', 'YES'),
    # The header of most images comes with the first request.
    ('GDAL_INGESTED_BYTES_AT_OPEN', '16384'),
    # One request for the blocks of a row, which lie beside each other in the file.
    ('GDAL_HTTP_MERGE_CONSECUTIVE_RANGES', 'YES'),
    ('GDAL_HTTP_MAX_RETRY', '0'),
    # Threads of GDAL's own, as for JPEG 2000, have none of a reference's options.
    ('GDAL_NUM_THREADS', '1'),
)
# GDAL's configuration that says to `sources.decoded` which version it is that is read.
IDENTITY = 'LARGE_IMAGE_IDENTITY'


def options() -> Options:
    """Return what a remote reference takes along: `OPTIONS` and the time limits of the settings."""
    seconds = str(max(1, settings.REMOTE_TIMEOUT))
    return (
        *OPTIONS,
        ('GDAL_HTTP_CONNECTTIMEOUT', seconds),
        ('GDAL_HTTP_TIMEOUT', seconds),
        ('GDAL_HTTP_LOW_SPEED_TIME', seconds),
        ('GDAL_HTTP_LOW_SPEED_LIMIT', '1'),
    )


def identified(reference: ImageReference) -> Options:
    """Return the options of a reference, and for a remote one which version it is: all handles of
    that share their decoded blocks.
    """
    if not reference.version or not is_remote(reference.path):
        return reference.options
    return (*reference.options, (IDENTITY, reference.version))


def headers(path: str) -> dict[str, str]:
    """Return what the store of a path of GDAL's says of an object, names in lower case.

    Raises `UnreadableError` where there is no such object for us, `BusyError` otherwise.
    """
    heard: list[str] = []

    def hear(level: int, number: int, text: str) -> None:
        heard.append(text)

    # Of an object that is not there GDAL says so to those who debug it, and to nobody else.
    with configured((*options(), ('CPL_DEBUG', 'ON'))), told_to(hear):
        try:
            found = gdal.GetFileMetadata(path, 'HEADERS')
        except RuntimeError as error:
            found = None
            heard.append(str(error))
    if not found:
        raise meaning(heard) or BusyError()
    return {name.lower(): value for name, value in found.items()}
