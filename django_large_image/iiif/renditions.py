"""The pictures of an image that its manifest names: such as its service gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django_large_image.exceptions import ParameterError, UnsupportedError
from django_large_image.iiif.features import Features, Limits
from django_large_image.iiif.info import Pyramid
from django_large_image.iiif.presentation import Rendition
from django_large_image.iiif.request import ImageRequest
from django_large_image.pixels.formats import get_format

# The largest side of a thumbnail in pixels.
_THUMBNAIL = 256
# Formats that browsers show, the usual one first.
_SHOWN = ('jpg', 'png', 'webp', 'gif')


@dataclass(frozen=True, slots=True)
class Renditions:
    """Pictures of all of an image, by the service of a version, its features and its limits."""

    version: str
    facts: Pyramid
    limits: Limits
    features: Features

    @property
    def size(self) -> tuple[int, int]:
        """The width and height of the image."""
        return self.facts.width, self.facts.height

    def largest(self) -> Rendition:
        """Return `max`, or else the largest of the image's sizes that can be fetched.

        A canvas has to show one: where none can be fetched, as it would be.
        """
        sizes = sorted(self.facts.sizes, reverse=True)
        named = (form for size in sizes for form in _forms(*size))
        return self._first(('max', *named)) or Rendition('full/max/0/default.jpg', self.size)

    def thumbnail(self) -> Rendition | None:
        """Return a picture within a square, never enlarged; None where none can be fetched."""
        largest = self.largest().size
        scale = min(1.0, *(_THUMBNAIL / side for side in self.size))
        # Rounding makes no side longer than the service gives.
        small = (
            min(max(1, round(side * scale)), most)
            for side, most in zip(self.size, largest, strict=True)
        )
        forms = _forms(*small)
        return self._first((*forms, 'max') if max(largest) <= _THUMBNAIL else forms)

    def _first(self, forms: Iterable[str]) -> Rendition | None:
        """Return the picture of the first size, as a path writes it, that can be fetched."""
        suffix = next(filter(self.features.allows, _SHOWN), None)
        if suffix is None:
            return None
        return next(filter(None, (self._picture(form, suffix) for form in forms)), None)

    def _picture(self, form: str, suffix: str) -> Rendition | None:
        wanted = ImageRequest.parse(self.version, 'full', form, '0', f'default.{suffix}')
        output = get_format(suffix)
        try:
            size = wanted.resolve(*self.size, self.limits, self.features).size
            output.check(*size)
        except (ParameterError, UnsupportedError):
            return None
        if any(side > most for side, most in zip(size, self.facts.readable or size, strict=True)):
            return None
        return Rendition(f'full/{form}/0/default.{suffix}', size, output.media_type)


def _forms(width: int, height: int) -> tuple[str, ...]:
    return f'{width},{height}', f'{width},', f',{height}'
