"""The size of an image request: `full`, `max`, `w,`, `,h`, `pct:n`, `w,h` or `!w,h`, in 3.0 with
`^` before what may be larger than the region.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Literal

from django_large_image.exceptions import ParameterError

from .features import UNLIMITED, Limits
from .syntax import DECIMAL, INTEGER, half_up, nearest
from .versions import VERSIONS, Version

_SIDES = re.compile(f'(!?)({INTEGER})?,({INTEGER})?').fullmatch
_PERCENT = re.compile(f'pct:({DECIMAL})').fullmatch
_FEATURES = {
    'w': 'sizeByW',
    'h': 'sizeByH',
    'wh': 'sizeByWh',
    'confined': 'sizeByConfinedWh',
    'pct': 'sizeByPct',
}


@dataclass(frozen=True, slots=True)
class Size:
    """How large a region becomes; `width` and `height` are 0 and `percent` None where not given.

    `upscaling` says whether it may become larger than it is.
    """

    form: Literal['full', 'max', 'w', 'h', 'wh', 'confined', 'pct']
    width: int = 0
    height: int = 0
    percent: Fraction | None = None
    upscaling: bool = False

    @classmethod
    def parse(cls, text: str, version: str) -> Size:
        """Return the size of a path's part in a version; raises ParameterError."""
        rules = VERSIONS[version]
        raised = rules.caret and text.startswith('^')
        size = cls._parse(text[1:] if raised else text, rules, raised or not rules.caret)
        if size is None:
            known = ' or '.join(rules.sizes)
            enlarged = ', ^ before it enlarges' if rules.caret else ''
            raise ParameterError(f'The size is {known}{enlarged}; numbers are digits and a dot.')
        if size.form not in ('full', 'max') and not (size.width or size.height or size.percent):
            raise ParameterError('The size is zero.')
        return size

    @classmethod
    def _parse(cls, text: str, rules: Version, upscaling: bool) -> Size | None:
        if text == 'max':
            # Enlarging is asked for by `^`, whatever the version does with other forms.
            return cls('max', upscaling=upscaling and rules.caret)
        if text == 'full':
            return cls('full') if 'full' in rules.sizes else None
        if found := _PERCENT(text):
            return cls('pct', percent=Fraction(found[1]), upscaling=upscaling)
        found = _SIDES(text)
        if found is None:
            return None
        confined, width, height = found.groups()
        if width and height:
            form: Literal['confined', 'wh'] = 'confined' if confined else 'wh'
            # A side of zero is none.
            sides = (int(width), int(height))
            return cls(form, *(sides if all(sides) else (0, 0)), upscaling=upscaling)
        if confined or not (width or height):
            return None
        if width:
            return cls('w', width=int(width), upscaling=upscaling)
        return cls('h', height=int(height), upscaling=upscaling)

    @property
    def feature(self) -> str | None:
        """IIIF's name of what this form takes; None for what every service can do."""
        return _FEATURES.get(self.form)

    def resolve(self, region: tuple[int, int], limits: Limits = UNLIMITED) -> tuple[int, int]:
        """Return (width, height) in pixels of what becomes of a region of a size in pixels.

        It keeps the region's aspect ratio, but for `w,h`. `max` and `!w,h` give what the limits
        leave; ParameterError for other sizes over them, for less than a pixel, and for larger than
        the region without `upscaling`.
        """
        if self.form == 'max':
            return self._largest(region, limits)
        if self.form == 'confined':
            if self.width > region[0] and self.height > region[1]:
                self._check_upscaling(region, (self.width, self.height))
            return _fit(region, (self.width, self.height), limits)
        size = self._plain(region)
        if not all(size):
            raise ParameterError(
                f'The size of a region of {region[0]} x {region[1]} is less than one pixel.'
            )
        self._check_upscaling(region, size)
        limits.check(region, size)
        return size

    def _plain(self, region: tuple[int, int]) -> tuple[int, int]:
        """Return the size that is asked for, limits or not."""
        width, height = region
        if self.form == 'w':
            return self.width, proportional(height, width, self.width)
        if self.form == 'h':
            return proportional(width, height, self.height), self.height
        if self.form == 'wh':
            return self.width, self.height
        if self.percent is None:
            return region
        scale = self.percent / 100
        return nearest(width * scale), nearest(height * scale)

    def _largest(self, region: tuple[int, int], limits: Limits) -> tuple[int, int]:
        if self.upscaling and limits.told:
            return _fit(region, limits.bounds(region), limits)
        return _fit(region, region, limits)

    def _check_upscaling(self, region: tuple[int, int], size: tuple[int, int]) -> None:
        larger = size[0] > region[0] or size[1] > region[1]
        if not self.upscaling and (larger or (self.percent is not None and self.percent > 100)):
            raise ParameterError(
                f'The size is larger than the region of {region[0]} x {region[1]} pixels: '
                'it takes ^ before it to enlarge.'
            )


def proportional(side: int, whole: int, part: int) -> int:
    """Return what becomes of one side of a region when the other one goes from `whole` to `part`.

    The nearest pixel, but for reductions by powers of two: those are rounded up as tiles are, so
    that `w,` gives exactly the tile that `w,h` gives. It is off by less than a pixel either way.
    """
    power = (-(-whole // part) - 1).bit_length()
    if part == _reduced(whole, power):
        tiled = _reduced(side, power)
        if abs(tiled * whole - side * part) < whole:
            return tiled
    return half_up(side * part, whole)


def _reduced(side: int, power: int) -> int:
    """Return a side divided by a power of two, rounded up."""
    return -(-side >> power)


def _fit(region: tuple[int, int], box: tuple[int, int], limits: Limits) -> tuple[int, int]:
    """Return the largest size with a region's aspect ratio in a box and within the limits.

    No side is less than a pixel.
    """
    width, height = region
    widest, highest = map(min, box, limits.bounds(region))
    if width * highest <= widest * height:
        size = min(widest, max(1, proportional(width, height, highest))), highest
    else:
        size = widest, min(highest, max(1, proportional(height, width, widest)))
    area = limits.largest_area
    if area is None or size[0] * size[1] <= area:
        return size
    if width >= height:
        return _of_area(region, size, area)
    across, down = _of_area((height, width), size[::-1], area)
    return down, across


def _of_area(lying: tuple[int, int], size: tuple[int, int], area: int) -> tuple[int, int]:
    """Return a size with the aspect ratio of a region that is no higher than wide, in an area that
    is less than that of a larger `size`.
    """
    width, height = lying
    across = max(1, min(size[0], isqrt(area * width // height), area))
    return across, max(1, min(size[1], proportional(height, width, across), area // across))
