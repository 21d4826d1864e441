"""Names of what an IIIF service can do, which of it is switched on, and how large results may be.

Names are those of version 3.0; `versions` knows what 2.1 calls them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django_large_image.exceptions import ParameterError, UnsupportedError

# `sizeByConfinedWh` is `!w,h`, `sizeByWh` is `w,h`.
FEATURES = (
    'baseUriRedirect canonicalLinkHeader cors jsonldMediaType mirroring profileLinkHeader '
    'regionByPct regionByPx regionSquare rotationArbitrary rotationBy90s sizeByConfinedWh sizeByH '
    'sizeByPct sizeByW sizeByWh sizeUpscaling'
).split()
QUALITIES = ('default', 'color', 'gray', 'bitonal')
FORMATS = ('jpg', 'png', 'webp', 'tif', 'gif', 'jp2', 'pdf')
# All that can be switched off.
NAMES = frozenset((*FEATURES, *QUALITIES[1:], *FORMATS))
# No side is longer, limits or not.
LONGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Features:
    """What is switched off, by names of `NAMES`: all else is on."""

    switched_off: frozenset[str] = frozenset()

    def allows(self, name: str) -> bool:
        """Whether a feature, quality or format is switched on."""
        return name not in self.switched_off

    def require(self, names: Iterable[str]) -> None:
        """Raise UnsupportedError where one of the names is switched off."""
        for name in names:
            if name in self.switched_off:
                raise UnsupportedError(f'{name} is switched off here.')


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest size of a result before it is turned: its width and height in pixels, their
    product, and how many times as large as its region it may be on each side.

    None is no limit; a width alone holds for the height too, a height alone for the width.
    `budget` is a limit of the product that nobody is told of: `max` does not go up to it.
    """

    width: int | None = None
    height: int | None = None
    area: int | None = None
    scale: float | None = None
    budget: int | None = None

    @property
    def told(self) -> bool:
        """Whether there is a limit that clients are told of."""
        return replace(self, budget=None) != UNLIMITED

    @property
    def largest_area(self) -> int | None:
        """The largest product of width and height, told of or not."""
        return min((area for area in (self.area, self.budget) if area is not None), default=None)

    def bounds(self, region: tuple[int, int]) -> tuple[int, int]:
        """Return the largest width and height of a result of a region in pixels, whatever its
        area.
        """
        width = self.width or self.height or LONGEST
        height = self.height or self.width or LONGEST
        if self.scale is None:
            return width, height
        # Rounded up: a tile at the edge is no smaller than the reduction of its last pixel.
        return (
            min(width, max(1, math.ceil(min(region[0] * self.scale, LONGEST)))),
            min(height, max(1, math.ceil(min(region[1] * self.scale, LONGEST)))),
        )

    def check(self, region: tuple[int, int], size: tuple[int, int]) -> None:
        """Raise ParameterError with the reason where a result of a region is too large."""
        (width, height), (widest, highest) = size, self.bounds(region)
        over = ''
        if width > widest:
            over = f'wider than {widest} pixels'
        elif height > highest:
            over = f'higher than {highest} pixels'
        elif (area := self.largest_area) is not None and width * height > area:
            over = f'more than {area} pixels'
        if over:
            raise ParameterError(f'{width} x {height} is {over}, the limit here.')


ALL_ON = Features()
UNLIMITED = Limits()
