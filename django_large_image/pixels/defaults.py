"""What an image looks like when no style is asked for: large-image's choice of bands."""

from __future__ import annotations

from collections.abc import Sequence

from .bandstyle import BandStyle, Limit, pack
from .palettes import GREYS, RGBA, Palette
from .raster import Band

BLACK: RGBA = (0, 0, 0, 255)
PRIMARIES: dict[str, RGBA] = {
    'red': (255, 0, 0, 255),
    'green': (0, 255, 0, 255),
    'blue': (0, 0, 255, 255),
}

_ZERO = Limit('value', 0.0)
_FULL_BYTE = Limit('value', 255.0)
_PLAIN = {pack(GREYS), *(pack((BLACK, color)) for color in PRIMARIES.values())}


def default_layers(bands: Sequence[Band]) -> tuple[BandStyle, ...]:
    """Return the layers that show these bands: the colours, else the grey, else a colour table.

    Bands that say nothing of themselves are shown as red, green and blue when there are three or
    more, and as grey otherwise. Empty only when there are no bands to show.
    """
    seen = [band for band in bands if band.interpretation != 'alpha'] or list(bands)
    named = {band.interpretation: band for band in reversed(seen)}
    primaries = {color: named[color] for color in PRIMARIES if color in named}
    if not primaries and not {'gray', 'palette'} & named.keys() and len(seen) > 2:
        primaries = dict(zip(PRIMARIES, seen, strict=False))
    if primaries:
        return tuple(_layer(band, (BLACK, PRIMARIES[key])) for key, band in primaries.items())
    if 'gray' in named:
        return (_layer(named['gray'], GREYS),)
    if 'palette' in named and named['palette'].colors:
        band = named['palette']
        last = Limit('value', float(len(band.colors or ()) - 1))
        return (BandStyle(band=band.number, minimum=_ZERO, maximum=last, palette='colortable'),)
    return tuple(_layer(band, GREYS) for band in seen[:1])


def is_plain(layers: Sequence[BandStyle]) -> bool:
    """Whether default layers show 8-bit grey, or red, green and blue, exactly as they are."""
    return len(layers) in (1, 3) and all(
        layer.palette in _PLAIN and layer.maximum == _FULL_BYTE for layer in layers
    )


def _layer(band: Band, palette: Palette) -> BandStyle:
    maximum = _maximum(band)
    return BandStyle(
        band=band.number,
        minimum=_ZERO if maximum.kind == 'value' else maximum,
        maximum=maximum,
        palette=pack(palette[::-1] if band.inverted else palette),
        nodata='auto',
    )


def _maximum(band: Band) -> Limit:
    """Return what is shown brightest: all that bytes can hold, else what there is."""
    if band.dtype != 'uint8':
        return Limit('auto')
    if band.bits is not None:
        return Limit('value', float((1 << band.bits) - 1))
    # A mask of zeros and ones would be as good as black without a stretch.
    return Limit('auto') if band.maximum is not None and band.maximum < 2 else _FULL_BYTE
