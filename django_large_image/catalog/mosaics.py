"""The datasets that make the bands of a picture: one for each, or, as keys are left open, all that
lie where the picture does.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django_large_image import cache
from django_large_image.catalog import measuring, queries, stretches
from django_large_image.catalog.models import Dataset
from django_large_image.catalog.schema import Schema, schema_of, tried
from django_large_image.catalog.stretches import Page
from django_large_image.catalog.terms import Condition, Term
from django_large_image.exceptions import MissingError, UnreadableError
from django_large_image.pixels.raster import Size
from django_large_image.pixels.samples import Mosaic, Rule, Samples
from django_large_image.sources.boxes import Window
from django_large_image.sources.opening import open_source, reader_of
from django_large_image.sources.reference import ImageReference

logger = logging.getLogger(__name__)

# The value of a key that is left open.
OPEN = '*'
# Datasets of one band of a picture: as many files are opened and read, at worst.
MAX_DATASETS = 32
MERCATOR = 'EPSG:3857'
# In seconds: all datasets of a mosaic are looked at to know how far it reaches.
_EXTENT_AGE = 60
_NOWHERE = 'There is no such dataset on the map.'
# Of the side of a picture: less than a hundredth of a pixel.
_MARGIN = 1e-5

Value = str | tuple[str, ...]
Degrees = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """The datasets of one band with their references, what is to be seen first before the others.

    `single` is whether it is one dataset whatever its place; `more` is whether there are others,
    which are left out. `first` is the first of all, wherever it lies, of a mosaic that has any.
    """

    datasets: tuple[tuple[Dataset, ImageReference], ...]
    single: bool = True
    more: bool = False
    first: Dataset | None = None

    @property
    def identity(self) -> tuple[object, ...] | None:
        """Which samples they are; None where nobody knows."""
        found = [(reference.identity, dataset.band) for dataset, reference in self.datasets]
        return tuple(found) if all(identity for identity, _ in found) else None

    def read(self, window: Window, size: Size, rule: Rule, resampling: str | None) -> Samples:
        """Return the samples of a window (xmin, ymin, xmax, ymax) of the web map."""
        mosaic = Mosaic(rule)
        for dataset, reference in self.datasets:
            try:
                reader = reader_of(open_source(reference, projection=MERCATOR))
                raster = reader.read_map(
                    MERCATOR, window, size, bands=[dataset.band], resampling=resampling
                )
            except UnreadableError:
                if self.single:
                    raise
                logger.warning('Dataset %s is missing in a mosaic: unreadable.', dataset.pk)
                continue
            if self.single:
                return Samples.of(raster)
            mosaic.add(Samples.of(raster))
            if mosaic.settled:
                break
        return mosaic.result() or Samples.nothing(size)


@dataclass(frozen=True, slots=True)
class Selection:
    """The datasets of a catalogue with a value for each key.

    One value may be a tuple: of the values of bands, one after another. Any may be `OPEN`.
    `ascending` is whether the oldest come first.
    """

    slug: str
    values: tuple[Value, ...]
    ascending: bool = False

    @property
    def open(self) -> bool:
        """Whether any number of datasets may belong to it."""
        return OPEN in self.values

    def bands(self, bounds: Degrees | None = None) -> list[Band]:
        """Return the bands, of a mosaic those parts within bounds: west, south, east, north.

        Raises `MissingError` where there is no such catalogue or one of the datasets is not there.
        """
        if self.open:
            return self._mosaics(bounds)
        return [
            Band(((dataset, dataset.reference()),))
            for dataset in queries.find(self.slug, self.values)
        ]

    def at(self, lon: float, lat: float, page: int, limit: int) -> list[Dataset]:
        """Return a page of the datasets that may have a value at a point, in degrees."""
        if not self.open:
            return queries.find(self.slug, self.values) if not page else []
        schema = schema_of(self.slug)
        (found,) = queries.find_within(
            schema, (lon, lat, lon, lat), lambda box: [self._search(schema, box).page(page, limit)]
        )
        return found

    def measured(self, bands: Sequence[Band], index: int) -> Dataset:
        """Return the dataset whose statistics are those of a band: of a mosaic the first of all,
        wherever it lies, so that its tiles go together.

        Raises what `measuring.ensure` does.
        """
        band = bands[index]
        if band.single:
            dataset, reference = band.datasets[0]
        elif band.first is not None:
            dataset, reference = band.first, band.first.reference()
        else:
            raise MissingError(queries.NONE_FOUND)
        if dataset.measured_version != measuring.version_of(reference):
            measuring.ensure(dataset)
        return dataset

    def bounds(self, bands: Sequence[Band]) -> Degrees:
        """Return the bounds of all datasets of the bands, of a mosaic also those that no picture
        shows at once, as they were a minute ago at most; `east` may be over 180.

        Raises `MissingError` where there is none.
        """
        if self.open:
            schema = schema_of(self.slug)
            shown = [band.first.pk if band.first else None for band in bands]
            minute = int(time.time() / _EXTENT_AGE)
            known = (Dataset.objects.db, schema.catalog, self.values, shown, minute)
            return cache.get_or_make(
                cache.make_key('catalog-extent', *known), lambda: self._extent(schema)
            )
        found = [
            band.datasets[0][0].bounds or self.measured(bands, index).bounds
            for index, band in enumerate(bands)
        ]
        sides = [bounds for bounds in found if bounds is not None]
        if not sides:
            raise MissingError(_NOWHERE)
        west, south, east, north = zip(*sides, strict=True)
        return min(west), min(south), max(east), max(north)

    def _extent(self, schema: Schema) -> Degrees:
        """Return the bounds of all datasets of all bands of a mosaic, by one query."""
        bounds = queries.Search.of(schema, self._conditions(schema)).bounds()
        if bounds is None:
            raise MissingError(_NOWHERE)
        return bounds

    def _mosaics(self, bounds: Degrees | None) -> list[Band]:
        values = next((value for value in self.values if isinstance(value, tuple)), ('',))

        def found_by(schema: Schema) -> list[list[Dataset]]:
            def pages(box: Term | None, limit: int) -> list[Page]:
                return [self._search(schema, box, value).page(0, limit) for value in values]

            if bounds is None:
                found = stretches.datasets(pages(None, MAX_DATASETS + 1))
            else:
                found = queries.find_within(
                    schema,
                    _within(bounds),
                    lambda box: pages(box, MAX_DATASETS + 1) + pages(None, 1),
                )
            return found if any(found) else []

        found = tried(self.slug, found_by) or [[]] * len(values)
        # Without bounds the first of them is the first of all.
        return [
            Band(
                tuple(_readable(here[:MAX_DATASETS])),
                single=False,
                more=len(here) > MAX_DATASETS,
                first=next(iter(first), None),
            )
            for here, first in zip(found[: len(values)], found[-len(values) :], strict=True)
        ]

    def _search(self, schema: Schema, box: Term | None, band: str | None = None) -> queries.Search:
        """Return the search for the datasets of a band that may reach into a box."""
        conditions = self._conditions(schema, band)
        names = [key.name for key in schema.keys if key.name not in conditions]
        dates = [key.name for key in schema.keys if key.kind == 'date' and key.name in names]
        search = queries.Search.of(schema, conditions)
        if box is not None:
            search = search.narrowed(box)
        return search.ordered(*(dates or names), ascending=self.ascending)

    def _conditions(self, schema: Schema, band: str | None = None) -> dict[str, Condition]:
        """Return the values of keys that are not open; of all bands where none is given."""
        schema.count(self.values)
        return {
            key.name: value if band is None or isinstance(value, str) else band
            for key, value in zip(schema.keys, self.values, strict=True)
            if value != OPEN
        }


def _within(bounds: Degrees) -> Degrees:
    """Return bounds that leave out what only touches them: the neighbours of a tile."""
    west, south, east, north = bounds
    across, up = (east - west) * _MARGIN, (north - south) * _MARGIN
    return west + across, south + up, east - across, north - up


def _readable(datasets: Sequence[Dataset]) -> Iterator[tuple[Dataset, ImageReference]]:
    """Yield the datasets whose files are there, with their references."""
    for dataset in datasets:
        try:
            yield dataset, dataset.reference()
        except (UnreadableError, MissingError) as error:
            logger.warning('Dataset %s is missing in a mosaic: %s', dataset.pk, error)
