"""How samples of datasets become a picture: the parameters of a request with all they leave to the
datasets filled in.

Equal looks make equal pictures of equal samples, and have equal `repr`s in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from django_large_image.catalog.models import Dataset
from django_large_image.catalog.parameters import EXPLICIT, WHOLE, End, Ends, Percentile
from django_large_image.exceptions import ParameterError
from django_large_image.pixels import stretch
from django_large_image.pixels.adjustment import UNCHANGED, ColorTransform
from django_large_image.pixels.categories import Categories
from django_large_image.pixels.colormap import Colors, colormap
from django_large_image.pixels.expression import Expression
from django_large_image.pixels.picture import Picture
from django_large_image.pixels.samples import Samples
from django_large_image.pixels.stretch import Stretch

# Which dataset, with its statistics, tells what is left open of a band (from 0).
Measured = Callable[[int], Dataset]


class Look(Protocol):
    """How samples become a picture."""

    @property
    def nearest(self) -> bool:
        """Whether samples must not be mixed."""

    def picture(self, bands: Sequence[Samples]) -> Picture:
        """Return the picture of samples of the same size."""


@dataclass(frozen=True, slots=True)
class Gray:
    """One band in the colours of a scale: those of a colour map, or its categories' own."""

    scale: Stretch | Categories
    colors: str | None = None

    @property
    def nearest(self) -> bool:
        """Whether samples must not be mixed."""
        return isinstance(self.scale, Categories)

    @property
    def shades(self) -> Colors:
        """The colours (256, 4) of the steps of the scale."""
        return self.scale.colors if isinstance(self.scale, Categories) else colormap(self.colors)

    def picture(self, bands: Sequence[Samples]) -> Picture:
        """Return the picture of the one band."""
        return stretch.gray(self.scale, bands[0], self.shades)


@dataclass(frozen=True, slots=True)
class RGB:
    """Three bands as red, green and blue."""

    stretches: tuple[Stretch, ...]
    transform: ColorTransform
    nearest = False

    def picture(self, bands: Sequence[Samples]) -> Picture:
        """Return the picture of three bands."""
        return stretch.rgb(self.stretches, bands, self.transform)


@dataclass(frozen=True, slots=True)
class Formula:
    """What an expression makes of bands, which are in the order of its names."""

    expression: Expression
    shown: Gray
    nearest = False

    def picture(self, bands: Sequence[Samples]) -> Picture:
        """Return the picture of the results."""
        names = zip(self.expression.names, bands, strict=True)
        values = self.expression.evaluate({name: band.floats() for name, band in names})
        return self.shown.picture([Samples(values, None)])


def singleband(query: Any, measured: Measured) -> Gray:
    """Return the look of one dataset; without any wish that of the dataset's own categories."""
    if query.explicit_color_map is not None:
        return Gray(query.explicit_color_map)
    plain = query.colormap is None and query.stretch_range is None and query.color_transform is None
    if plain or query.colormap == EXPLICIT:
        own = measured(0).categories
        if own:
            return Gray(Categories.described(own))
        if query.colormap == EXPLICIT:
            raise ParameterError('explicit_color_map is missing: the dataset has no categories.')
    ends = resolve(query.stretch_range or WHOLE, partial(measured, 0))
    return Gray(Stretch(*ends, query.color_transform or UNCHANGED), query.colormap)


def rgb(query: Any, measured: Measured) -> RGB:
    """Return the look of three datasets."""
    asked = (query.r_range, query.g_range, query.b_range)
    stretches = tuple(
        Stretch(*resolve(ends or WHOLE, partial(measured, band))) for band, ends in enumerate(asked)
    )
    return RGB(stretches, query.color_transform or UNCHANGED)


def compute(query: Any, measured: Measured) -> Formula:
    """Return the look of a formula."""
    if query.explicit_color_map is not None:
        return Formula(query.expression, Gray(query.explicit_color_map))
    return Formula(query.expression, Gray(Stretch(*query.stretch_range), query.colormap))


def resolve(ends: Ends, measured: Callable[[], Dataset]) -> tuple[float, float]:
    """Return both ends of a stretch as numbers; raises `ParameterError` for a reversed one.

    `measured` is asked only for ends that are not numbers. Where a dataset has no samples at all,
    an end is 0 or 1.
    """
    low = _number(ends[0], 0, measured)
    high = _number(ends[1], 100, measured)
    if low > high:
        raise ParameterError('The lower end of a stretch must not be above the upper one.')
    return low, high


def _number(end: End, whole: int, measured: Callable[[], Dataset]) -> float:
    if isinstance(end, float):
        return end
    dataset = measured()
    percent = end.percent if isinstance(end, Percentile) else whole
    if percent in (0, 100):
        found = dataset.maximum if percent else dataset.minimum
    else:
        # The first of the 99 is that of one percent.
        known = dataset.percentiles or []
        found = known[percent - 1] if len(known) >= percent else None
    return float(percent > 50) if found is None else float(found)
