"""The files beside an image that GDAL reads along with it: it is told of harmless ones only.

GDAL opens overviews and masks in files of their own (`x.tif.ovr`, `x.tif.msk`) with whatever driver
reads them, past the whitelist of the image itself: a VRT there would name any file or host.
"""

from __future__ import annotations

import html
import logging
import os
import re
from contextlib import suppress
from stat import S_ISREG

from osgeo import gdal, osr

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
    """Whether a text is small, and no projection in it names files."""
    try:
        status = os.stat(path)
        if not S_ISREG(status.st_mode) or status.st_size > _MAX_TEXT_BYTES:
            return False
        with open(path, 'rb') as file:
            text = file.read(_MAX_TEXT_BYTES).decode('latin-1')
    except (OSError, ValueError):
        return False
    if _GRIDS_BESIDE.search(html.unescape(text)):
        logger.warning('%s has a projection that names files: ignored', path)
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
