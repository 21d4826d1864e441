"""An image request of IIIF: parsed, checked and resolved to pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django_large_image.exceptions import ParameterError
from django_large_image.pixels.turning import turned_size

from .features import ALL_ON, FORMATS, QUALITIES, UNLIMITED, Features, Limits
from .region import Region
from .rotation import Rotation
from .size import Size, proportional
from .syntax import SplitPath, split_path, split_quality
from .versions import VERSIONS

__all__ = ['Derivative', 'ImageRequest', 'SplitPath', 'split_path']

_LARGEST = Size('max')


@dataclass(frozen=True, slots=True)
class Derivative:
    """What to make of an image, in IIIF's order: window, size, mirror, turn, quality, format.

    `window` is (left, top, right, bottom) in pixels of the whole image, `size` (width, height)
    before turning by 0 <= `degrees` < 360 clockwise, `format` the suffix.
    """

    window: tuple[int, int, int, int]
    size: tuple[int, int]
    mirrored: bool
    degrees: float
    quality: str
    format: str


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """`{region}/{size}/{rotation}/{quality}.{format}` of one version ('2' or '3')."""

    version: str
    region: Region
    size: Size
    rotation: Rotation
    quality: str
    format: str

    @staticmethod
    def parse(
        version: str, region: str, size: str, rotation: str, quality_format: str
    ) -> ImageRequest:
        """Return the request of a path's decoded parts, the same one for the same parts.

        Raises ParameterError (400).
        """
        return _parse(version, region, size, rotation, quality_format)

    @property
    def features(self) -> tuple[str, ...]:
        """IIIF's names of what it takes to answer, quality and format among them."""
        raised = self.size.upscaling and VERSIONS[self.version].caret
        named = (
            self.region.feature,
            self.size.feature,
            'sizeUpscaling' if raised else None,
            *self.rotation.features,
            self.quality,
            self.format,
        )
        return tuple(filter(None, named))

    def resolve(
        self,
        width: int,
        height: int,
        limits: Limits = UNLIMITED,
        features: Features = ALL_ON,
    ) -> Derivative:
        """Return what to make of an image of a size in pixels.

        Raises UnsupportedError (501) for what is switched off, ParameterError (400) for an empty
        region and for results over the limits.
        """
        if features.switched_off:
            features.require(self.features)
        left, top, right, bottom = window = self.region.resolve(width, height)
        region = right - left, bottom - top
        size = self.size.resolve(region, limits)
        if features.switched_off and _is_larger(size, region):
            # What is to fit a box needs not fill it.
            if self.size.form != 'confined':
                features.require(('sizeUpscaling',))
            elif not features.allows('sizeUpscaling'):
                size = _LARGEST.resolve(region, limits)
        rotation = self.rotation
        area = limits.largest_area
        if area is not None and rotation.degrees:
            _check_turned(rotation, size, area)
        return Derivative(
            window, size, rotation.mirrored, rotation.degrees, self.quality, self.format
        )

    def canonical(
        self, derivative: Derivative, width: int, height: int, limits: Limits = UNLIMITED
    ) -> str:
        """Return the canonical path `{region}/{size}/{rotation}/{quality}.{format}` of what
        `resolve` gave for an image of this size under the same limits, percent-encoded.
        """
        left, top, right, bottom = window = derivative.window
        region = right - left, bottom - top
        place = f'{left},{top},{region[0]},{region[1]}'
        if window == (0, 0, width, height):
            place = 'full'
        name = _modern if VERSIONS[self.version].caret else _classic
        rotation = Rotation(derivative.degrees, derivative.mirrored)
        look = f'{derivative.quality}.{derivative.format}'
        return f'{place}/{name(region, derivative.size, limits)}/{rotation}/{look}'


@lru_cache(maxsize=4096)
def _parse(
    version: str, region: str, size: str, rotation: str, quality_format: str
) -> ImageRequest:
    if version not in VERSIONS:
        raise ParameterError(f'The version of IIIF is one of {", ".join(VERSIONS)}.')
    quality, suffix = _parse_look(quality_format)
    return ImageRequest(
        version,
        Region.parse(region),
        # Tiles of one image differ in little but their place.
        _parse_size(size, version),
        _parse_rotation(rotation),
        quality,
        suffix,
    )


_parse_size = lru_cache(maxsize=1024)(Size.parse)
_parse_rotation = lru_cache(maxsize=1024)(Rotation.parse)


@lru_cache(maxsize=64)
def _parse_look(text: str) -> tuple[str, str]:
    quality, suffix = split_quality(text)
    if quality not in QUALITIES:
        raise ParameterError(f'The quality is one of {", ".join(QUALITIES)}.')
    if suffix not in FORMATS:
        raise ParameterError(f'The format is one of {", ".join(FORMATS)}.')
    return quality, suffix


def _is_larger(size: tuple[int, int], region: tuple[int, int]) -> bool:
    return size[0] > region[0] or size[1] > region[1]


def _check_turned(rotation: Rotation, size: tuple[int, int], area: int) -> None:
    """Raise ParameterError where turning makes too much of a size that is within the limits.

    Of a long strip it makes a square of that length.
    """
    width, height = turned_size(size, rotation.degrees)
    if width * height > area:
        raise ParameterError(
            f'Turned by {rotation.degrees:g} degrees it is {width} x {height}, '
            f'more than {area} pixels, the limit here.'
        )


def _classic(region: tuple[int, int], size: tuple[int, int], limits: Limits) -> str:
    """Return the canonical size of version 2."""
    width, height = size
    if size == region:
        return 'full'
    return (
        f'{width},' if proportional(region[1], region[0], width) == height else f'{width},{height}'
    )


def _modern(region: tuple[int, int], size: tuple[int, int], limits: Limits) -> str:
    """Return the canonical size of version 3."""
    caret = '%5E' if _is_larger(size, region) else ''
    if size == Size('max', upscaling=bool(caret)).resolve(region, limits):
        return f'{caret}max'
    return f'{caret}{size[0]},{size[1]}'
