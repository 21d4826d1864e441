"""The rotation of an image request: `90`, or `!22.5` for what is mirrored before."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django_large_image.exceptions import ParameterError

from .syntax import DECIMAL

_ROTATION = re.compile(f'(!?)({DECIMAL})').fullmatch
# Digits behind the dot: a finer turn moves no pixel.
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Rotation:
    """A turn clockwise by 0 <= degrees < 360, mirrored left to right before if so."""

    degrees: float
    mirrored: bool = False

    @classmethod
    def parse(cls, text: str) -> Rotation:
        """Return the rotation of a path's part, 360 as 0; raises ParameterError."""
        found = _ROTATION(text)
        if found is None or float(found[2]) > 360:
            raise ParameterError(
                'The rotation is a number from 0 to 360, digits and a dot, ! before it mirrors.'
            )
        return cls(round(float(found[2]), _DIGITS) % 360, bool(found[1]))

    @property
    def features(self) -> tuple[str, ...]:
        """IIIF's names of what this takes."""
        mirroring = ('mirroring',) if self.mirrored else ()
        if not self.degrees:
            return mirroring
        return (*mirroring, 'rotationArbitrary' if self.degrees % 90 else 'rotationBy90s')

    def __str__(self) -> str:
        number = f'{self.degrees:.{_DIGITS}f}'.rstrip('0').rstrip('.')
        return f'{"!" * self.mirrored}{number}'
