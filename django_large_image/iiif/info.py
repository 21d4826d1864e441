"""info.json of both versions: what an image service tells of an image and of itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django_large_image.exceptions import ParameterError

from .features import (
    ALL_ON,
    FEATURES,
    FORMATS,
    LONGEST,
    QUALITIES,
    UNLIMITED,
    Features,
    Limits,
)
from .versions import PROTOCOL, VERSIONS, Version

# What clients ask for the entries of `sizes` and of `tiles` with, in either version.
_SIZED = ('sizeByW', 'sizeByWh')
_TILED = ('regionByPx', *_SIZED)


@dataclass(frozen=True, slots=True)
class Tiles:
    """Tiles of a width and height in pixels, at whole factors of reduction (1 is full size)."""

    width: int
    height: int
    factors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pyramid:
    """An image as IIIF shows it: its size in pixels, its tiles, and sizes (width, height) of the
    whole image that are fast to get.

    `readable` is the largest size at which the whole may be read, (0, 0) where it never may; None
    where there is no such limit.
    """

    width: int
    height: int
    tiles: tuple[Tiles, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()
    readable: tuple[int, int] | None = None

    @classmethod
    def of(cls, width: int, height: int, tile: tuple[int, int], factors: Iterable[int]) -> Pyramid:
        """Return the pyramid of an image whose reductions by factors are all cut into one kind of
        tiles; sides of its reductions are rounded up.
        """
        factors = tuple(sorted(factors))
        sizes = tuple((-(-width // factor), -(-height // factor)) for factor in reversed(factors))
        return cls(width, height, (Tiles(*tile, factors),), sizes)


def build_info(
    version: str,
    uri: str,
    pyramid: Pyramid,
    limits: Limits = UNLIMITED,
    features: Features = ALL_ON,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return info.json of the service at a base URI (without slash at its end).

    Every entry of `sizes` and `tiles` can be fetched under the limits and with the features.
    `extra` is added: `rights`, `attribution` and `logo` under the version's names, any other
    property as it is; in 3.0 the contexts of extensions as `@context`.
    """
    bounds = _bounds(pyramid, limits)
    upscaling = bool(bounds) and (limits.scale is None or limits.scale > 1)
    parts = {
        'sizes': list(_sizes(pyramid, limits, features)),
        'tiles': list(_tiles(pyramid, limits, features)),
    }
    told = _Told(
        VERSIONS[version],
        features,
        [name for name in FEATURES if upscaling or name != 'sizeUpscaling'],
        bounds,
        {'width': pyramid.width, 'height': pyramid.height},
        {name: entries for name, entries in parts.items() if entries},
    )
    return _extended(told.rules, _BUILDERS[version](uri, told), extra or {})


@dataclass(frozen=True, slots=True)
class _Told:
    """What both versions tell: the names of features that the limits leave, largest sides and
    area, the size of the image, `sizes` and `tiles`.
    """

    rules: Version
    features: Features
    possible: list[str]
    bounds: dict[str, int]
    size: dict[str, int]
    parts: dict[str, Any]

    def on(self, names: Iterable[str], beyond: int | None = None) -> list[str]:
        """Return those names that are switched on, and not taken by a level in any case."""
        required = frozenset() if beyond is None else self.rules.required(beyond)
        return [name for name in names if self.features.allows(name) and name not in required]


def _classic(uri: str, told: _Told) -> dict[str, Any]:
    """Return info.json of version 2."""
    words = told.rules.words
    profile = {
        'formats': told.on(FORMATS),
        'qualities': told.on(QUALITIES),
        'supports': [word for name in told.on(told.possible) for word in words.get(name, (name,))],
        **told.bounds,
    }
    return {
        '@context': told.rules.context,
        '@id': uri,
        'protocol': PROTOCOL,
        **told.size,
        'profile': [told.rules.profile(told.features), profile],
        **told.parts,
    }


def _modern(uri: str, told: _Told) -> dict[str, Any]:
    """Return info.json of version 3."""
    level = told.rules.level(told.features)
    extra = {
        'extraFormats': told.on(FORMATS, level),
        # Those are listed even where the level takes them.
        'extraQualities': told.on(QUALITIES[1:]),
        'extraFeatures': told.on(told.possible, level),
    }
    return {
        '@context': told.rules.context,
        'id': uri,
        'type': 'ImageService3',
        'protocol': PROTOCOL,
        'profile': f'level{level}',
        **told.size,
        **told.bounds,
        **told.parts,
        **{name: values for name, values in extra.items() if values},
    }


_BUILDERS = {'2': _classic, '3': _modern}


def _bounds(pyramid: Pyramid, limits: Limits) -> dict[str, int]:
    """Return maxWidth, maxHeight and maxArea where there are such limits.

    The limit of the scale is none of IIIF's: for the whole image it is one of width and height.
    """
    width, height = limits.bounds((pyramid.width, pyramid.height))
    sides = {'maxWidth': width, 'maxHeight': height}
    return {
        **(sides if min(width, height) < LONGEST else {}),
        **({} if limits.area is None else {'maxArea': limits.area}),
    }


def _sizes(pyramid: Pyramid, limits: Limits, features: Features) -> Iterator[dict[str, int]]:
    """Yield the sizes of the whole image that can be fetched."""
    if not all(map(features.allows, _SIZED)):
        return
    for size in pyramid.sizes:
        with suppress(ParameterError):
            limits.check((pyramid.width, pyramid.height), size)
            yield {'width': size[0], 'height': size[1]}


def _tiles(pyramid: Pyramid, limits: Limits, features: Features) -> Iterator[dict[str, Any]]:
    """Yield tiles, no larger than the limits, with the reductions that can be fetched."""
    if not all(map(features.allows, _TILED)):
        return
    merged: dict[tuple[int, int], set[int]] = {}
    for tiles in pyramid.tiles:
        sides = _within(tiles, limits.bounds((pyramid.width, pyramid.height)), limits.area)
        factors = (f for f in tiles.factors if limits.scale is None or f * limits.scale >= 1)
        merged.setdefault(sides, set()).update(factors)
    for (width, height), kept in merged.items():
        if kept:
            yield {'width': width, 'height': height, 'scaleFactors': sorted(kept)}


def _within(tiles: Tiles, bounds: tuple[int, int], area: int | None) -> tuple[int, int]:
    """Return the sides of tiles, halved until they are within an area."""
    width, height = min(tiles.width, bounds[0]), min(tiles.height, bounds[1])
    while area is not None and width * height > max(1, area):
        if width >= height:
            width = (width + 1) // 2
        else:
            height = (height + 1) // 2
    return width, height


def _extended(rules: Version, info: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return info.json with what a project adds: contexts stand before IIIF's, which is last."""
    added = {
        named: value
        for name, value in extra.items()
        if name != '@context' and value and (named := rules.properties.get(name, name))
    }
    if rules.contexts and (contexts := extra.get('@context')):
        contexts = [contexts] if isinstance(contexts, str) else contexts
        info['@context'] = [*(uri for uri in contexts if uri != rules.context), rules.context]
    return {**info, **added}
