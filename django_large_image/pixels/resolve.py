"""From what a style says to what is done: names to band numbers, words to numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from django_large_image.exceptions import StyleError

from .bandstyle import BandStyle, Limit, pack
from .functions import StyleFunction
from .palettes import FADE, GREYS
from .ramp import Ramp
from .raster import Band
from .statistics import BandStatistics

Frame = int | None
Statistics = Mapping[tuple[Frame, int], BandStatistics]

# The place of a colour in an image whose bands do not say what they are.
_PLACES = {'red': 0, 'green': 1, 'blue': 2}


@dataclass(frozen=True, slots=True)
class Layer:
    """One band of one frame and the colours it becomes.

    `multiply` says how it meets the layers below: it scales them, or else the brighter wins.
    `alpha` says that the band is the image's alpha, which a raster may carry as its mask only.
    """

    frame: Frame
    number: int
    ramp: Ramp
    multiply: bool = False
    alpha: bool = False
    functions: tuple[StyleFunction, ...] = ()


def resolve_layers(
    layers: Sequence[BandStyle],
    bands: Sequence[Band],
    statistics: Statistics,
    frame: Frame = None,
) -> tuple[Layer, ...]:
    """Return the layers with all words replaced; StyleError names what the image does not have."""
    return tuple(_resolve(layer, bands, statistics, frame) for layer in layers)


def open_up(layers: Sequence[Layer], bands: Sequence[Band]) -> tuple[Layer, ...]:
    """Return the layers; those with all samples alike span their type: there is no other range."""
    return tuple(
        replace(
            layer, ramp=replace(layer.ramp, low=0.0, high=_full(find_band(layer.number, bands)))
        )
        if layer.ramp.low == layer.ramp.high
        else layer
        for layer in layers
    )


def find_band(name: int | str, bands: Sequence[Band]) -> Band:
    """Return the band of a number, a colour, or a channel's name; StyleError if there is none."""
    if isinstance(name, int):
        for band in bands:
            if band.number == name:
                return band
        raise StyleError(f'There is no band {name}; the image has {len(bands)}.')
    for band in bands:
        if name in (band.interpretation.lower(), band.name.lower()):
            return band
    samples = [band for band in bands if band.interpretation != 'alpha']
    if name in _PLACES and len(samples) > 2:
        return samples[_PLACES[name]]
    if name == 'gray' and samples:
        # The green of a colour picture is the closest to its brightness.
        return samples[1] if len(samples) > 2 else samples[0]
    known = sorted({band.name or band.interpretation for band in bands} - {'undefined'})
    raise StyleError(f'There is no band "{name}"; the image has {", ".join(known) or "no names"}.')


def needed_statistics(
    layers: Sequence[BandStyle], bands: Sequence[Band], frame: Frame
) -> Iterator[tuple[Frame, int]]:
    """Yield the frame and number of every band whose statistics the layers' limits depend on."""
    for layer in layers:
        band = find_band(layer.band, bands)
        limits = [limit for limit in (layer.minimum, layer.maximum) if limit.measured]
        if not limits:
            continue
        key = layer.frame_key(frame)
        yield key, band.number
        if band.interpretation == 'alpha':
            continue
        # Whether 8-bit samples are stretched at all depends on every band.
        if _is_byte(band) and any(limit.kind == 'auto' for limit in limits):
            yield from ((key, other.number) for other in bands if other.interpretation != 'alpha')


def _resolve(
    style: BandStyle, bands: Sequence[Band], statistics: Statistics, default: Frame
) -> Layer:
    band = find_band(style.band, bands)
    alpha = band.interpretation == 'alpha'
    frame = style.frame_key(default)
    veil = style.band == 'alpha'
    return Layer(
        frame=frame,
        number=band.number,
        ramp=Ramp(
            low=_limit(style.minimum, band, bands, statistics, frame, upper=False),
            high=_limit(style.maximum, band, bands, statistics, frame, upper=True),
            palette=_palette(style, band, FADE if veil else GREYS),
            discrete=style.discrete,
            clamp=style.clamp,
            nodata=band.nodata if style.nodata == 'auto' else style.nodata,
        ),
        multiply=(style.composite or ('multiply' if veil else 'lighten')) == 'multiply',
        alpha=alpha,
        functions=style.functions,
    )


def _palette(style: BandStyle, band: Band, default: tuple[tuple[int, int, int, int], ...]) -> bytes:
    if style.palette == 'colortable':
        if not band.colors:
            raise StyleError(f'Band {band.number} has no color table.')
        return pack(band.colors)
    return style.palette or pack(default)


def _limit(
    limit: Limit,
    band: Band,
    bands: Sequence[Band],
    statistics: Statistics,
    frame: Frame,
    *,
    upper: bool,
) -> float:
    if limit.kind == 'value':
        return limit.value
    known = _find(statistics, frame, band.number)
    kind = limit.kind
    if kind == 'auto':
        if band.interpretation == 'alpha':
            return _alpha_end(band, known) if upper else 0.0
        if known is not None and _is_byte(band) and _spans_bytes(bands, statistics, frame):
            return 255.0 if upper else 0.0
        kind = 'max' if upper else 'min'
    if kind == 'full' or known is None:
        return _full(band) if upper or kind == 'max' else 0.0
    if limit.threshold:
        return known.percentile(limit.threshold, from_maximum=kind == 'max')
    return known.maximum if kind == 'max' else known.minimum


def _alpha_end(band: Band, known: BandStatistics | None) -> float:
    """Return what counts as opaque: wide samples often hold no more than a byte's alpha."""
    if known is None or known.maximum <= 0 or _is_byte(band):
        return _full(band)
    return known.maximum


def _spans_bytes(bands: Sequence[Band], statistics: Statistics, frame: Frame) -> bool:
    """Whether all bands look like ordinary 8-bit pictures, which are shown as they are."""
    found = [
        known
        for band in bands
        if band.interpretation != 'alpha'
        and (known := _find(statistics, frame, band.number)) is not None
    ]
    return all(0 <= known.minimum <= 254 and 2 <= known.maximum <= 255 for known in found)


def _find(statistics: Statistics, frame: Frame, number: int) -> BandStatistics | None:
    found = statistics.get((frame, number))
    if found is None and not frame:
        # The first frame is also the one of an image that has no others.
        found = statistics.get((0 if frame is None else None, number))
    return found


def _is_byte(band: Band) -> bool:
    return np.dtype(band.dtype).itemsize == 1


def _full(band: Band) -> float:
    dtype = np.dtype(band.dtype)
    if dtype == np.uint16:
        return 65535.0
    return 1.0 if dtype.kind == 'f' and band.interpretation != 'alpha' else 255.0
