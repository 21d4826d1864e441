"""The files beside an image that GDAL reads along with it: it is told of harmless ones only.

GDAL opens overviews and masks in files of their own (`x.tif.ovr`, `x.tif.msk`) with whatever driver
reads them, past the whitelist of the image itself: a VRT there would name any file or host.
"""

from __future__ import annotations

import logging
import os

from osgeo import gdal

logger = logging.getLogger(__name__)

_TIFF_MAGIC = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
_RASTERS = ('.ovr', '.OVR', '.msk', '.MSK')
_TEXTS = ('.aux.xml',)
# Metadata by which a raster may name another file that GDAL opens as its overviews.
_REDIRECTIONS = (('OVERVIEW_FILE', 'OVERVIEWS'), ('FILENAME', 'ProxyOverviewRequest'))


def siblings(path: str) -> list[str]:
    """Return the names in an image's folder that GDAL may look at: its own and harmless sidecars.

    Nothing is looked for beside files that are not local. The list is never empty: GDAL would take
    an empty one for an unknown one.
    """
    found = [os.path.basename(path)]
    if not os.path.isfile(path):
        return found
    for suffix in _RASTERS:
        if os.path.isfile(path + suffix):
            if _is_plain_tiff(path + suffix):
                found.append(os.path.basename(path + suffix))
            else:
                logger.warning('%s%s is not a TIFF of its own: ignored', path, suffix)
    found += [os.path.basename(path) + suffix for suffix in _TEXTS if os.path.isfile(path + suffix)]
    found += [os.path.basename(name) for name in _world_files(path) if os.path.isfile(name)]
    return found


def refused(path: str) -> bool:
    """Whether there is a sidecar that must not be opened, for libraries that open all of them."""
    known = siblings(path)
    return any(
        os.path.lexists(path + suffix) and os.path.basename(path + suffix) not in known
        for suffix in _RASTERS
    )


def is_redirected(dataset: gdal.Dataset) -> bool:
    """Whether a dataset names another file as its overviews; raises `RuntimeError` when damaged."""
    return any(dataset.GetMetadataItem(*redirection) for redirection in _REDIRECTIONS)


def _is_plain_tiff(path: str) -> bool:
    try:
        with open(path, 'rb') as file:
            if file.read(4) not in _TIFF_MAGIC:
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
