"""What a raster file is, read once when it is opened: size, bands, place on the map, frames."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from osgeo import gdal, osr

from django_large_image.exceptions import BudgetError, UnreadableError
from django_large_image.pixels.raster import Band, Size
from django_large_image.sources.bands import describe_bands
from django_large_image.sources.claims import MAX_DIRECTORIES
from django_large_image.sources.decoded import Identity, identify, is_costly
from django_large_image.sources.filesystems import allowed_path, file_of, is_remote
from django_large_image.sources.handles import (
    open_allowed,
    open_dataset,
    quiet,
    reaching,
)
from django_large_image.sources.reading import (
    alpha_number,
    block_samples,
    check_read,
    opaque_in,
    stored_type,
)
from django_large_image.sources.reference import Options
from django_large_image.sources.tile_matrix import METERS_PER_DEGREE

GeoTransform = tuple[float, float, float, float, float, float]

MAX_BANDS = 4096
MAX_FRAMES = MAX_DIRECTORIES
# The side of the sample by which alpha is judged.
_SAMPLE = 256
# What GDAL says of a page of a TIFF: 'Page 2 (512P x 256L x 3B)'.
_PAGE = re.compile(r'Page \d+ \((\d+)P x (\d+)L x (\d+)B\)')


@dataclass(frozen=True, slots=True)
class Description:
    """What does not change while the file does not.

    `path` is that of the first frame; `frames` are the paths of all, empty where there is one only.
    `levels` are the sizes (width, height) of the full resolution and of the overviews of all bands.
    `alpha` is the number of the alpha band, `masked` whether another mask counts for all bands.
    `transform` is GDAL's six numbers from pixels to `wkt`, None for an image without a place on the
    map. `opaque` is the alpha of what is seen in full. `wkt` is empty where the file names no
    projection; its coordinates are degrees then. `block` is how many samples are decoded at least.
    `identity` is that of a file of which decoded blocks are kept.
    """

    path: str
    driver: str
    width: int
    height: int
    bands: tuple[Band, ...]
    levels: tuple[Size, ...]
    alpha: int | None
    masked: bool
    wkt: str
    transform: GeoTransform | None
    warp_options: tuple[str, ...]
    opaque: int
    frames: tuple[str, ...]
    block: int
    identity: Identity | None

    @property
    def overviews(self) -> int:
        """How many overviews all bands have."""
        return len(self.levels) - 1


def describe(path: str, options: Options = ()) -> tuple[Description, gdal.Dataset]:
    """Return the description of a file and the open dataset of its first frame.

    `options` are those of its `ImageReference`.
    A container without bands of its own shows its first subdataset. Raises `UnreadableError`.
    """
    path = allowed_path(path)
    identity = identify(path, options)
    dataset = open_allowed(path, options)
    with reaching(path, options):
        return _describe_dataset(path, dataset, identity, options)


def _describe_dataset(
    path: str, dataset: gdal.Dataset, identity: Identity, options: Options
) -> tuple[Description, gdal.Dataset]:
    pages = _subdatasets(dataset, path)
    if not dataset.RasterCount and pages:
        path = pages[0][0]
        dataset = open_dataset(path, options)
    size = (dataset.RasterXSize, dataset.RasterYSize, dataset.RasterCount)
    if not all(size):
        raise UnreadableError('Unreadable image: it has no raster bands.')
    if dataset.RasterCount > MAX_BANDS:
        raise UnreadableError(f'Unreadable image: it has more than {MAX_BANDS} bands.')
    frames = [name for name, text in pages[:MAX_FRAMES] if _size(name, text, options) == size]
    with quiet():
        wkt, transform, warp_options = _place(dataset)
    description = Description(
        path=path,
        driver=dataset.GetDriver().ShortName,
        width=dataset.RasterXSize,
        height=dataset.RasterYSize,
        bands=describe_bands(dataset),
        levels=_levels(dataset),
        alpha=alpha_number(dataset),
        masked=bool(dataset.GetRasterBand(1).GetMaskFlags() & gdal.GMF_PER_DATASET),
        wkt=wkt,
        transform=transform,
        warp_options=warp_options,
        opaque=_opaque(dataset),
        frames=tuple(frames) if len(frames) > 1 else (),
        block=block_samples(dataset),
        identity=identity if is_costly(dataset, far=is_remote(path)) else None,
    )
    return description, dataset


def native_pixel_size(description: Description) -> float:
    """Return the side of a pixel in metres, as its own projection measures it; 0 unknown."""
    transform = description.transform
    if transform is None:
        return 0.0
    side = abs(transform[1] * transform[5] - transform[2] * transform[4]) ** 0.5
    system = osr.SpatialReference()
    with quiet():
        if description.wkt:
            system.ImportFromWkt(description.wkt)
        unit = system.GetLinearUnits() if system.IsProjected() else METERS_PER_DEGREE
    return float(side * unit)


def _subdatasets(dataset: gdal.Dataset, path: str) -> list[tuple[str, str]]:
    """Return the names and texts of the subdatasets that lie in the file itself.

    They are metadata, which anybody can write: one that names another file is left out.
    """
    metadata: dict[str, str] = dataset.GetMetadata('SUBDATASETS') or {}
    found = []
    for index in range(1, len(metadata) + 1):
        name = metadata.get(f'SUBDATASET_{index}_NAME', '')
        if name != path and file_of(name) == path:
            found.append((name, metadata.get(f'SUBDATASET_{index}_DESC', '')))
    return found


def _levels(dataset: gdal.Dataset) -> tuple[Size, ...]:
    bands = [dataset.GetRasterBand(number) for number in range(1, dataset.RasterCount + 1)]
    count = min(band.GetOverviewCount() for band in bands)
    overviews = [bands[0].GetOverview(index) for index in range(count)]
    return tuple((level.XSize, level.YSize) for level in (bands[0], *overviews))


def _size(name: str, text: str, options: Options) -> tuple[int, int, int]:
    """Return width, height and bands of a subdataset, from its text where that tells them."""
    match = _PAGE.fullmatch(text)
    if match is not None:
        return int(match[1]), int(match[2]), int(match[3])
    try:
        dataset = open_dataset(name, options)
    except UnreadableError:
        return 0, 0, 0
    return dataset.RasterXSize, dataset.RasterYSize, dataset.RasterCount


def _place(dataset: gdal.Dataset) -> tuple[str, GeoTransform | None, tuple[str, ...]]:
    """Return projection, transform, and which of the file's georeferences GDAL has to use.

    Without the last GDAL may follow the name of another file in the metadata.
    """
    gcps = dataset.GetGCPs()
    if gcps and dataset.GetGCPProjection():
        wkt, transform = dataset.GetGCPProjection(), gdal.GCPsToGeoTransform(gcps)
        options: tuple[str, ...] = ('SRC_METHOD=GCP_POLYNOMIAL',)
    else:
        wkt, transform = dataset.GetProjection(), dataset.GetGeoTransform(can_return_null=True)
        options = ('SRC_METHOD=GEOTRANSFORM',)
    usable = transform is not None and _is_invertible(transform)
    if not usable or not (_is_on_earth(wkt) if wkt else _may_be_degrees(dataset, transform)):
        return wkt, None, options
    return wkt, tuple(transform), options


def _opaque(dataset: gdal.Dataset) -> int:
    """Return the alpha of what is seen in full: some files of 16 bits hold alpha of 8 in them."""
    number = alpha_number(dataset)
    band = dataset.GetRasterBand(number or 1)
    usual = opaque_in(stored_type(band))
    if number is None or usual < 256:
        return usual
    width, height = dataset.RasterXSize, dataset.RasterYSize
    columns, rows = min(width, _SAMPLE), min(height, _SAMPLE)
    window: tuple[int, ...] = (0, 0, width, height)
    try:
        check_read(dataset, width * height, max(width / columns, height / rows), 1)
    except BudgetError:
        window = ((width - columns) // 2, (height - rows) // 2, columns, rows)
    try:
        with quiet():
            sample = band.ReadAsArray(*window, columns, rows)
    except RuntimeError:
        return usual
    return 255 if sample is not None and 1 < sample.max() < 256 else usual


def _is_invertible(transform: GeoTransform) -> bool:
    determinant = transform[1] * transform[5] - transform[2] * transform[4]
    return all(map(math.isfinite, transform)) and determinant != 0


def _is_on_earth(wkt: str) -> bool:
    """Whether a projection is one of maps, not that of a microscope's stage."""
    system = osr.SpatialReference()
    try:
        system.ImportFromWkt(wkt)
    except RuntimeError:
        return False
    return bool(system.IsProjected() or system.IsGeographic())


def _may_be_degrees(dataset: gdal.Dataset, transform: GeoTransform) -> bool:
    """Whether coordinates without a projection can be latitudes, as large-image decides."""
    width, height = dataset.RasterXSize, dataset.RasterYSize
    _, _, _, top, dx, dy = transform
    corners = [top + x * dx + y * dy for x in (0, width) for y in (0, height)]
    return min(corners) >= -90 and max(corners) <= 90
