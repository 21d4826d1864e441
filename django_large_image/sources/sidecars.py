"""The files beside an image that GDAL reads along with it: it is told of harmless ones only.

GDAL opens overviews and masks in files of their own (`x.tif.ovr`, `x.tif.msk`) with whatever driver
reads them, past the whitelist of the image itself: a VRT there would name any file or host. Some
drivers look for them wherever they were told to look: those may not read an image beside which
there is anything of the kind.
"""

from __future__ import annotations

import html
import logging
import os
import re
from contextlib import suppress
from stat import S_ISREG

from osgeo import gdal, osr

from django_large_image.conf import settings
from django_large_image.sources import memory
from django_large_image.sources.claims import TIFF_MAGIC

logger = logging.getLogger(__name__)

_RASTERS = ('.ovr', '.OVR', '.msk', '.MSK')
_TEXTS = ('.aux.xml',)
# A larger one is no description of an image: parsed, it takes some ten times its size.
_MAX_TEXT_BYTES = 16 * 1024 * 1024
# The same in a text, of which GDAL makes a projection before anybody can look at it.
_GRIDS_BESIDE = re.compile(
    r'PARAMETERFILE|PROJ4_GRIDS|grids\s*=(?!\s*@null\b\s*[^,\w])|\+\s*(?:file|init|model)\s*=', re.I
)
# Definitions by which PROJ opens grids, and other files, wherever they are said to lie.
_GRIDS = re.compile(
    r'PARAMETERFILE|PROJ4_GRIDS|grids\s*=(?!\s*@null\b\s*[^,\w])|\b(?:file|init|model)\s*=', re.I
)
# What names other files beside an image: metadata that GDAL, or another library, follows.
_NAMES_BESIDE = re.compile(
    r'OVERVIEW_FILE|ProxyOverviewRequest|SUBDATASET_|[XY]_DATASET|RPC_DEM|Source(?:Filename|Dataset)'
    r'|<!(?:DOCTYPE|ENTITY)|>\s*/vsi',
    re.I,
)
# Drivers that look for files beside an image only where they are told that there are some.
_HEEDFUL = frozenset('GTiff COG PNG JPEG WEBP GIF BIGGIF DTED'.split())
# What the others look for: on the name of the image, or in place of its suffix.
_AUXILIARIES = ('.aux', '.AUX')
_PROJECTIONS = ('.prj', '.PRJ')
# Metadata by which a raster may name another file that GDAL opens as its overviews.
_REDIRECTIONS = (('OVERVIEW_FILE', 'OVERVIEWS'), ('FILENAME', 'ProxyOverviewRequest'))


def siblings(path: str) -> list[str]:
    """Return the names in an image's folder that GDAL may look at: its own and harmless sidecars.

    Nothing is looked for beside files that are not local, but for those that this package keeps in
    memory. The list is never empty: GDAL would take an empty one for an unknown one.
    """
    if path.startswith(memory.FOLDER):
        return memory.siblings(path)
    found = [os.path.basename(path)]
    if not os.path.isfile(path):
        return found
    for suffix in _RASTERS:
        if os.path.isfile(path + suffix):
            if _is_plain_tiff(path + suffix):
                found.append(os.path.basename(path + suffix))
            else:
                logger.warning('%s%s is not a TIFF of its own: ignored', path, suffix)
    texts = [*(path + suffix for suffix in _TEXTS), *_world_files(path)]
    return found + [os.path.basename(name) for name in texts if _is_harmless(name)]


def sidecar_names(path: str) -> list[str]:
    """Return the names that sidecars of an image may have, in an order of their kinds."""
    return [path + suffix for suffix in (*_RASTERS, *_TEXTS)] + _world_files(path)


def refused(path: str) -> bool:
    """Whether there is a sidecar that must not be opened, for libraries that open all of them."""
    known = siblings(path)
    return any(
        os.path.lexists(path + suffix) and os.path.basename(path + suffix) not in known
        for suffix in _RASTERS
    )


def heedful_drivers(path: str, known: list[str]) -> list[str]:
    """Return the drivers that may open an image, `known` being its `siblings`: of those that the
    settings allow none that would open harmful files beside it, or an archive, by itself.
    """
    allowed = list(settings.DRIVERS)
    if path.startswith('/vsi') or not (path.lower().endswith('.zip') or _is_beset(path, known)):
        return allowed
    return [driver for driver in allowed if driver in _HEEDFUL]


def _is_beset(path: str, known: list[str]) -> bool:
    """Whether there is a file beside an image that GDAL must not open, or beside such a file."""
    stem = os.path.splitext(path)[0]
    rasters = [path + suffix for suffix in _RASTERS if os.path.lexists(path + suffix)]
    texts = [path + suffix for suffix in _TEXTS] + [stem + suffix for suffix in _PROJECTIONS]
    auxiliaries = {name + suffix for name in (path, stem) for suffix in _AUXILIARIES} - {path}
    return (
        any(os.path.basename(name) not in known for name in rasters)
        or any(os.path.lexists(name) for name in auxiliaries)
        or any(os.path.lexists(name) and not _is_harmless(name) for name in texts)
        or any(_is_beset(name, siblings(name)) for name in rasters)
    )


def is_redirected(dataset: gdal.Dataset) -> bool:
    """Whether a dataset names another file, as its overviews or in its projection; raises
    `RuntimeError` when damaged.
    """
    return any(dataset.GetMetadataItem(*redirection) for redirection in _REDIRECTIONS) or any(
        _names_grids(system) for system in (dataset.GetSpatialRef(), dataset.GetGCPSpatialRef())
    )


def _names_grids(system: osr.SpatialReference | None) -> bool:
    # A file may claim a known code for a definition of its own.
    if system is None:
        return False
    for options in ([], ['FORMAT=WKT2_2019']):
        with suppress(RuntimeError):
            if _GRIDS.search(system.ExportToWkt(options) or ''):
                return True
    return False


def _is_harmless(path: str) -> bool:
    """Whether a text is small, and neither its metadata nor a projection in it names files."""
    try:
        status = os.stat(path)
        if not S_ISREG(status.st_mode) or status.st_size > _MAX_TEXT_BYTES:
            return False
        with open(path, 'rb') as file:
            text = file.read(_MAX_TEXT_BYTES).decode('latin-1')
    except (OSError, ValueError):
        return False
    text = html.unescape(text)
    if _GRIDS_BESIDE.search(text) or _NAMES_BESIDE.search(text):
        logger.warning('%s names other files: ignored', path)
        return False
    return True


def _is_plain_tiff(path: str) -> bool:
    try:
        with open(path, 'rb') as file:
            if file.read(4) not in TIFF_MAGIC:
                return False
        dataset = gdal.OpenEx(
            path,
            gdal.OF_RASTER | gdal.OF_READONLY,
            allowed_drivers=['GTiff'],
            sibling_files=[os.path.basename(path)],
        )
    except (OSError, RuntimeError, ValueError):
        return False
    return dataset is not None and not is_redirected(dataset)


def _world_files(path: str) -> list[str]:
    """Return the names under which GDAL looks for the place of an image that does not say it."""
    stem, suffix = os.path.splitext(path)
    if len(suffix) < 3:
        return [f'{stem}.wld', f'{stem}.prj']
    short = f'.{suffix[1]}{suffix[-1]}w'
    return [f'{stem}{short}', f'{stem}{suffix}w', f'{stem}.wld', f'{stem}.prj']
