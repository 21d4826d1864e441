"""Rasters in, Cloud Optimized GeoTIFFs out: what tiles are read from fastest, here and elsewhere.

GDAL's COG driver writes them: all bands, with nodata or as an internal mask what there was of
either, and overviews.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osgeo import gdal

from django_large_image.exceptions import ParameterError, UnreadableError
from django_large_image.sources.bands import describe_bands
from django_large_image.sources.handles import open_dataset, quiet
from django_large_image.sources.layout import check_cog
from django_large_image.sources.reading import RESAMPLINGS, alpha_number, choose_resampling

# Levels: the usual one and the highest. With predictors more takes several times as long and saves
# some hundredths.
_LEVELS = {'deflate': (1, 9), 'zstd': (3, 22)}
_LOSSY = {'jpeg', 'webp'}
COMPRESSIONS = ('deflate', 'zstd', 'lzw', 'jpeg', 'webp')
# How many colour bands these hold.
_COLORS = {'jpeg': (1, 3), 'webp': (3,)}
_COMPLEX = {gdal.GDT_CInt16, gdal.GDT_CInt32, gdal.GDT_CFloat32, gdal.GDT_CFloat64}
_MAP = ['TILING_SCHEME=GoogleMapsCompatible']
# What is read again at once, and then removed.
_PASSING = ['COMPRESS=LZW', 'OVERVIEWS=NONE', 'BIGTIFF=IF_SAFER']
# Blocks that GDAL holds meanwhile; by default they are a twentieth of all memory.
_HELD_BYTES = 128 * 1024 * 1024

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class CogOptions:
    """How a raster is written; raises `ParameterError` for what is unknown, or not built into GDAL.

    `level` (deflate and zstd) and `quality` (1-100; jpeg and webp) are GDAL's by those names.
    `resampling` is one of `RESAMPLINGS`, by default average for overviews and bilinear for maps;
    colours of a palette are never mixed. `web_mercator` projects onto the tiles of web maps.
    `threads` compress.
    """

    compression: str = 'deflate'
    level: int | None = None
    quality: int | None = None
    resampling: str | None = None
    web_mercator: bool = False
    threads: int = 1

    def __post_init__(self) -> None:
        if self.compression not in COMPRESSIONS:
            raise ParameterError(f'Unknown compression: use one of {", ".join(COMPRESSIONS)}.')
        if self.resampling is not None and self.resampling not in RESAMPLINGS:
            raise ParameterError(f'Unknown resampling: use one of {", ".join(RESAMPLINGS)}.')
        highest = _LEVELS.get(self.compression, (0, 0))[1]
        if self.level is not None and not 1 <= self.level <= highest:
            raise ParameterError(
                f'{self.compression} has levels of 1 to {highest}.'
                if highest
                else f'{self.compression} has no levels.'
            )
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise ParameterError('The quality is a number of 1 to 100.')
        driver = gdal.GetDriverByName('COG')
        offered = driver.GetMetadataItem('DMD_CREATIONOPTIONLIST') if driver else ''
        if f'<Value>{self.compression.upper()}</Value>' not in offered:
            raise ParameterError(f'GDAL was built without {self.compression} here.')


def write_cog(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    options: CogOptions,
    progress: Progress | None = None,
    *,
    mark: str = '',
) -> None:
    """Write a raster as a Cloud Optimized GeoTIFF: complete and validated, or not at all.

    A `target` that exists is replaced in the end. `progress` is told the share (0-1) that is done.
    Memory is bounded, however large the raster. What a process leaves that is killed has a `mark`:
    see `remove_unfinished`. Raises `ParameterError` where the compression cannot hold the raster or
    it has no place on the map, `UnreadableError` where GDAL fails, and `OSError` where there is no
    place for the target.
    """
    target = Path(target)
    dataset = open_dataset(str(source))
    _check(dataset, options)
    # On the same disk, along with all that GDAL writes beside it.
    with tempfile.TemporaryDirectory(prefix=_prefix(mark), dir=target.parent) as name:
        folder = Path(name)
        written = folder / 'image.tif'
        with _failing_clearly(folder), quiet(), _bounded_memory():
            _copy(
                _prepared(dataset, folder, options), written, _choices(dataset, options), progress
            )
        errors = check_cog(str(written))['errors']
        if errors:
            raise UnreadableError(f'What GDAL wrote is not valid: {" ".join(errors)}')
        os.replace(written, target)


def remove_unfinished(target: Path, mark: str) -> None:
    """Remove what processes that are no more have left beside a target, with their mark."""
    for folder in target.parent.glob(f'{_prefix(mark)}*'):
        shutil.rmtree(folder, ignore_errors=True)


def _prefix(mark: str) -> str:
    return f'.optimize-{mark}-'


def _check(dataset: gdal.Dataset, options: CogOptions) -> None:
    """Raise `ParameterError` for a raster that cannot be written as asked for."""
    bands = describe_bands(dataset)
    if not bands:
        raise UnreadableError('It has no raster bands of its own.')
    # A name and a text of each.
    if len(dataset.GetMetadata('SUBDATASETS') or ()) > 2:
        raise ParameterError('It has several pages, of which only one would be kept.')
    georeferenced = dataset.GetProjection() or dataset.GetGCPProjection()
    if options.web_mercator and not georeferenced:
        raise ParameterError('It has no projection, so it has no place on the map.')
    if options.compression not in _LOSSY:
        return
    colors = _COLORS[options.compression]
    count = sum(band.interpretation != 'alpha' for band in bands)
    plain = all(band.dtype == 'uint8' and band.colors is None for band in bands)
    if not plain or count not in colors:
        raise ParameterError(
            f'{options.compression} holds {" or ".join(map(str, colors))} bands of 8 bits without '
            f'a palette: use deflate, zstd or lzw.'
        )
    if any(band.nodata is not None for band in bands):
        raise ParameterError(
            f'{options.compression} would change pixels next to the nodata value into others: use '
            'deflate, zstd or lzw, or a mask in place of nodata.'
        )


def _prepared(dataset: gdal.Dataset, folder: Path, options: CogOptions) -> gdal.Dataset:
    """Return what is to be copied.

    On a map there are places that the raster does not reach. GDAL adds an alpha band for them,
    unless they can be nodata; it is made a mask, as all bands but those of the raster are.
    """
    nodata = dataset.GetRasterBand(1).GetNoDataValue()
    if not options.web_mercator or nodata is not None or alpha_number(dataset):
        return dataset
    path = folder / 'map.tif'
    _copy(dataset, path, [*_PASSING, *_on_map(dataset, options)])
    alpha = dataset.RasterCount + 1
    return gdal.Translate(
        '', str(path), format='VRT', bandList=list(range(1, alpha)), maskBand=alpha
    )


def _choices(dataset: gdal.Dataset, options: CogOptions) -> list[str]:
    """Return the creation options of GDAL's COG driver."""
    bands = describe_bands(dataset)
    name = options.compression
    level = options.level or _LEVELS.get(name, (None,))[0]
    chosen = [
        f'COMPRESS={name.upper()}',
        f'OVERVIEW_RESAMPLING={choose_resampling(options.resampling or "average", bands)}',
        'OVERVIEWS=IGNORE_EXISTING',
        f'NUM_THREADS={options.threads}',
        # Nobody knows how large it becomes.
        'BIGTIFF=IF_SAFER',
    ]
    if name not in _LOSSY and _is_predictable(dataset.GetRasterBand(1)):
        chosen.append('PREDICTOR=YES')
    if level is not None:
        chosen.append(f'LEVEL={level}')
    if options.quality is not None and name in _LOSSY:
        chosen += [f'QUALITY={options.quality}', f'OVERVIEW_QUALITY={options.quality}']
    return chosen + (_on_map(dataset, options) if options.web_mercator else [])


def _is_predictable(band: gdal.Band) -> bool:
    """Whether predictors can work on the samples of a band: real numbers of whole bytes."""
    return band.DataType not in _COMPLEX and not band.GetMetadataItem('NBITS', 'IMAGE_STRUCTURE')


def _on_map(dataset: gdal.Dataset, options: CogOptions) -> list[str]:
    """Return the creation options that project a raster; one that lies there already stays."""
    how = choose_resampling(options.resampling or 'bilinear', describe_bands(dataset))
    return [*_MAP, f'WARP_RESAMPLING={how}', f'NUM_THREADS={options.threads}']


def _copy(
    dataset: gdal.Dataset, path: Path, options: list[str], progress: Progress | None = None
) -> None:
    def tell(share: float, message: str, data: Any) -> int:
        if progress is not None:
            progress(share)
        return 1

    driver = gdal.GetDriverByName('COG')
    written = driver.CreateCopy(str(path), dataset, options=options, callback=tell)
    # Its last bytes are written when it is closed.
    del written


@contextmanager
def _failing_clearly(folder: Path) -> Iterator[None]:
    """Turn GDAL's errors into `UnreadableError`, without the folder that is gone by then."""
    try:
        yield
    except RuntimeError as error:
        text = str(error).replace(f'{folder}{os.sep}', '')
        raise UnreadableError(f'GDAL failed: {text}') from None


@contextmanager
def _bounded_memory() -> Iterator[None]:
    before = gdal.GetCacheMax()
    gdal.SetCacheMax(min(before, _HELD_BYTES))
    try:
        yield
    finally:
        gdal.SetCacheMax(before)
