"""The region of an image request: `full`, `square`, `x,y,w,h` or `pct:x,y,w,h`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from django_large_image.exceptions import ParameterError, RegionError

from .syntax import DECIMAL, INTEGER, nearest

_PIXELS = re.compile(','.join([f'({INTEGER})'] * 4)).fullmatch
_PERCENT = re.compile('pct:' + ','.join([f'({DECIMAL})'] * 4)).fullmatch
_FEATURES = {'square': 'regionSquare', 'px': 'regionByPx', 'pct': 'regionByPct'}


@dataclass(frozen=True, slots=True)
class Region:
    """A part of an image: left, top, width and height in pixels or in exact percent, from the top
    left; none of them for `full` and `square`, which is the middle.
    """

    form: Literal['full', 'square', 'px', 'pct']
    box: tuple[int, ...] | tuple[Fraction, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Region:
        """Return the region of a path's part; raises ParameterError."""
        if found := _PIXELS(text):
            return cls('px', tuple(map(int, found.groups())))
        if text == 'full':
            return cls('full')
        if text == 'square':
            return cls('square')
        if found := _PERCENT(text):
            return cls('pct', tuple(map(Fraction, found.groups())))
        raise ParameterError(
            'The region is full, square, x,y,w,h or pct:x,y,w,h; numbers are digits and a dot.'
        )

    @property
    def feature(self) -> str | None:
        """IIIF's name of what this form takes; None for what every service can do."""
        return _FEATURES.get(self.form)

    def resolve(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return (left, top, right, bottom) in pixels of an image, within it and never empty.

        Raises RegionError for a region without size or wholly outside.
        """
        if self.form == 'full':
            return 0, 0, width, height
        if self.form == 'square':
            side = min(width, height)
            left, top = (width - side) // 2, (height - side) // 2
            return left, top, left + side, top + side
        x, y, w, h = self.box
        if not w or not h:
            raise RegionError('The region is empty.')
        far_x, far_y = (width, height) if self.form == 'px' else (100, 100)
        if x >= far_x or y >= far_y:
            raise RegionError(f'The region is outside the image of {width} x {height} pixels.')
        if self.form == 'pct':
            left, right = _span(Fraction(x), Fraction(w), width)
            top, bottom = _span(Fraction(y), Fraction(h), height)
            return left, top, right, bottom
        return int(x), int(y), min(int(x + w), width), min(int(y + h), height)


def _span(start: Fraction, length: Fraction, pixels: int) -> tuple[int, int]:
    """Return the first and the end of the pixels of a range in percent: one at least."""
    first = nearest(start * pixels / 100)
    end = min(nearest((start + length) * pixels / 100), pixels)
    if first < end:
        return first, end
    first = int(start * pixels / 100)
    return first, first + 1
