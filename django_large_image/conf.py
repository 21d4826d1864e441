"""The one table of settings: `LARGE_IMAGE = {...}` in a project's settings, defaults here.

>>> from django_large_image.conf import settings
>>> settings.TILE_CACHE_TIMEOUT
3600

An unknown or ill-typed key raises `ImproperlyConfigured` at first use and is reported by `manage.py
check`. Settings are read again after Django's `setting_changed` (`override_settings` in tests).
"""

from __future__ import annotations

import difflib
import hashlib
import math
import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields, replace
from typing import Any, get_type_hints

from django.conf import ENVIRONMENT_VARIABLE
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

# GDAL drivers that read the bytes of one raster and nothing else: none that can name another
# file, host or database (HDF5 and netCDF can, by external links).
RASTER_DRIVERS = (
    'GTiff COG PNG JPEG WEBP AVIF JPEGXL GIF BIGGIF BMP JP2OpenJPEG JP2KAK JP2ECW JP2MrSID '
    'JPEG2000 PNM AAIGrid SRTMHGT USGSDEM DTED GRIB'
).split()
# large-image sources that read the bytes of one file. Not `multi` and `tifffile`, which follow the
# names in it, `dicom`, which reads the files beside it, nor `vips` and `rasterio`, which bring
# libraries that do either.
TILE_SOURCES = 'raster gdal tiff pil openslide openjpeg ometiff nd2'.split()
# GDAL's file systems that reach a store. Not those that look into archives, or at a part of another
# file; what this package holds in memory needs no leave.
VSI_PREFIXES = '/vsicurl/ /vsis3/ /vsigs/ /vsiaz/ /vsiadls/'.split()

# The least and the greatest value of whole numbers; of others the least is 0.
_RANGES: dict[str, tuple[int, int | None]] = {
    'QUALITY': (1, 100),
    'TILE_SIZE': (16, 4096),
    'MAX_BANDS': (1, None),
    'MAX_BINS': (1, None),
    'MAX_OUTPUT_PIXELS': (1, None),
    'MAX_READ_PIXELS': (1, None),
    'SOURCE_CACHE_SIZE': (1, None),
    'MAX_HANDLES': (1, None),
    'REMOTE_TIMEOUT': (1, None),
    'DEPTH_WIDTH': (1, None),
}


@dataclass(frozen=True)
class Settings:
    """What is in force; each field is one key of `LARGE_IMAGE`.

    Sizes are in pixels or bytes as the name says, times in seconds.
    """

    # What may be opened.
    DRIVERS: tuple[str, ...] = tuple(RASTER_DRIVERS)
    SOURCES: tuple[str, ...] = tuple(TILE_SOURCES)
    VSI_PREFIXES: tuple[str, ...] = tuple(VSI_PREFIXES)
    STYLE_FUNCTIONS: tuple[str, ...] = ()
    MAX_SMALL_IMAGE_SIZE: int = 8192
    AUTO_SET: bool = True
    # What the URL of an image may begin with; none: URLs are refused.
    URL_PREFIXES: tuple[str, ...] = ()
    URL_PRIVATE_HOSTS: tuple[str, ...] = ()
    # The folders whose files datasets of catalogues may name; none: paths are refused.
    CATALOG_ROOTS: tuple[str, ...] = ()
    # Stores over the network.
    REMOTE_TIMEOUT: int = 10
    VERSION_MAX_AGE: int = 5
    # How much may be asked of one request.
    MAX_OUTPUT_PIXELS: int = 4096 * 4096
    MAX_READ_PIXELS: int = 512 * 1024 * 1024
    MAX_BANDS: int = 16
    MAX_BINS: int = 65536
    # Tiles and encoders.
    TILE_SIZE: int = 256
    RESAMPLING: str = 'bilinear'
    QUALITY: int = 85
    # Caches.
    CACHE_NAME: str = 'default'
    TILE_CACHE: bool = True
    TILE_CACHE_TIMEOUT: int = 3600
    TILE_CACHE_MAX_BYTES: int = 1024 * 1024
    SOURCE_CACHE_SIZE: int = 32
    HANDLES_PER_SOURCE: int = 8
    # Of all images of a process together; more only where more are read at once.
    MAX_HANDLES: int = 128
    # In memory, in each process: images that are no file. A larger one is refused.
    MEMORY_IMAGE_BYTES: int = 256 * 1024 * 1024
    # On disk, in each process; 0: none are kept.
    DECODED_CACHE_BYTES: int = 1024 * 1024 * 1024
    # On disk, shared by processes; '': a folder of the user's own among temporary ones.
    COPIES_DIR: str = ''
    COPIES_MAX_BYTES: int = 10 * 1024 * 1024 * 1024
    # IIIF: the largest pictures; 0 is no limit but MAX_OUTPUT_PIXELS. What is switched off.
    IIIF_MAX_WIDTH: int = 0
    IIIF_MAX_HEIGHT: int = 0
    IIIF_MAX_AREA: int = 0
    IIIF_MAX_SCALE: float = 0.0
    IIIF_SWITCHED_OFF: tuple[str, ...] = ()
    # What depth images are stored as.
    DEPTH_WIDTH: int = 150
    DEPTH_INTERPOLATION: str = 'area'
    # `None`: private with permissions on the viewset, public without.
    CACHE_CONTROL: str | None = None
    # What is told of requests.
    METRICS: bool = False
    SERVER_TIMING: bool = False
    # Pages.
    CESIUM_URL: str = ''
    BASEMAP_URL: str = ''
    BASEMAP_ATTRIBUTION: str = ''


def read_settings() -> Settings:
    """Return the settings of the project.

    Raises `ImproperlyConfigured` for a key that is unknown (with the nearest known one) or of a
    wrong type.
    """
    if not (django_settings.configured or os.environ.get(ENVIRONMENT_VARIABLE)):
        # A script or notebook that opens images through large-image's plugin, without Django.
        return Settings()
    given = getattr(django_settings, 'LARGE_IMAGE', {})
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured('LARGE_IMAGE must be a dictionary of settings.')
    given = dict(given)
    # The name that django-large-image 0.10 used.
    legacy = getattr(django_settings, 'LARGE_IMAGE_CACHE_NAME', None)
    if legacy is not None:
        given.setdefault('CACHE_NAME', legacy)
    hints = get_type_hints(Settings)
    known: dict[str, Field[Any]] = {field.name: field for field in fields(Settings)}
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f' Did you mean {near[0]!r}?' if near else f' Known keys: {", ".join(known)}.'
            raise ImproperlyConfigured(f'LARGE_IMAGE has an unknown key {key!r}.{hint}')
        value = _plain(value)
        if not _fits(value, hints[key]):
            raise ImproperlyConfigured(
                f'LARGE_IMAGE[{key!r}] must be {_name(hints[key])}, not {value!r}.'
            )
        low, high = _RANGES.get(key, (0, None))
        if isinstance(value, int) and (value < low or (high is not None and value > high)):
            limits = f'{low} to {high}' if high is not None else f'{low} or more'
            raise ImproperlyConfigured(f'LARGE_IMAGE[{key!r}] must be {limits}, not {value!r}.')
        values[key] = value
    return Settings(**values)


def _plain(value: object) -> object:
    """Return lists as tuples, and paths as text."""
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _fits(value: object, hint: Any) -> bool:
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if hint is float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and 0 <= value < math.inf  # type: ignore[operator]
    if hint == tuple[str, ...]:
        return isinstance(value, tuple) and all(isinstance(item, str) for item in value)
    return isinstance(value, hint)


def _name(hint: Any) -> str:
    names = {
        int: 'a whole number, 0 or more',
        float: 'a number, 0 or more',
        bool: 'True or False',
        str: 'a string',
    }
    if hint == tuple[str, ...]:
        return 'a list of strings'
    return names.get(hint, str(hint))


# What changes no answer: being watched, and what is kept of files.
_UNSEEN: dict[str, Any] = {
    'METRICS': False,
    'SERVER_TIMING': False,
    'REMOTE_TIMEOUT': 1,
    'VERSION_MAX_AGE': 0,
    'DECODED_CACHE_BYTES': 0,
    'COPIES_DIR': '',
    'COPIES_MAX_BYTES': 0,
}


class _LazySettings:
    """Reads the table at first use and forgets it when a setting changes."""

    _current: Settings | None = None
    _fingerprint = ''

    def __getattr__(self, name: str) -> Any:
        # Only until the table is read: then its values are attributes, as a tile asks for a dozen.
        return getattr(self.current(), name)

    def current(self) -> Settings:
        """Return the settings in force as one frozen value."""
        if self._current is None:
            current = read_settings()
            told = repr(replace(current, **_UNSEEN))
            self._fingerprint = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
            self.__dict__.update(vars(current))
            self._current = current
        return self._current

    def fingerprint(self) -> str:
        """Return a short text that changes with any setting of what is answered, for cache keys and
        ETags.
        """
        self.current()
        return self._fingerprint

    def reload(self, *, setting: str = 'LARGE_IMAGE', **kwargs: object) -> None:
        """Forget what was read when `setting` is one of ours."""
        if setting in ('LARGE_IMAGE', 'LARGE_IMAGE_CACHE_NAME'):
            self.__dict__.clear()


settings = _LazySettings()
setting_changed.connect(settings.reload)
