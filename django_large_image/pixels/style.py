"""The style language of large-image, read once into a value that knows what it needs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django_large_image.exceptions import StyleError

from .bandstyle import BandStyle, parse_choice, parse_integer
from .compose import OutputType, Rasters, compose, find_raster, plain
from .defaults import default_layers, is_plain
from .functions import StyleFunction, parse_functions
from .icc import colors_to_srgb, to_srgb
from .picture import Picture
from .raster import Band, Raster
from .resolve import (
    Frame,
    Layer,
    Statistics,
    find_band,
    needed_statistics,
    open_up,
    resolve_layers,
)

MAX_BANDS = 64

_DTYPES = ('uint8', 'uint16', 'float', 'source')


@dataclass(frozen=True, slots=True)
class Style:
    """How an image is shown: layers of bands, or its default look when there are none.

    `icc` is what the style says of colour profiles: `True` or an intent to follow them, `False`
    not to, or `None`, which follows those that the rasters are given. `key` is canonical JSON, the
    same for styles that mean the same, for cache keys and ETags.
    """

    layers: tuple[BandStyle, ...] = ()
    dtype: OutputType | None = None
    axis: int | None = None
    functions: tuple[StyleFunction, ...] = ()
    icc: bool | str | None = None
    key: str = '{}'

    @classmethod
    def parse(
        cls,
        value: str | Mapping[str, Any] | None,
        *,
        allowed_functions: frozenset[str] = frozenset(),
    ) -> Style:
        """Read a style from JSON or from the object itself; `None` is the default look.

        Raises StyleError, saying what is wrong, for anything that is not a style. A `function` is
        refused unless its full name is in `allowed_functions`.
        """
        document = _load(value)
        entries = _entries(document)
        layers = tuple(BandStyle.parse(entry, allowed_functions) for entry in entries)
        functions = (
            parse_functions(document.get('function'), allowed_functions)
            if 'bands' in document
            else ()
        )
        dtype = _first(parse_choice(e.get('dtype'), 'dtype', _DTYPES) for e in [document, *entries])
        axis = _first(_parse_axis(entry.get('axis')) for entry in [document, *entries])
        icc = _parse_icc(document.get('icc'))
        canonical = {
            'bands': [layer.canonical() for layer in layers] or None,
            'dtype': dtype,
            'axis': axis,
            'function': [asdict(function) for function in functions] or None,
            'icc': icc,
        }
        said = {key: item for key, item in canonical.items() if item is not None}
        key = json.dumps(said, sort_keys=True, separators=(',', ':'))
        return cls(layers, dtype, axis, functions, icc, key)

    @property
    def identity(self) -> bool:
        """Whether nothing is asked for but the default look."""
        return self.key == '{}'

    def frames(self, default_frame: Frame = None, frame_count: int = 1) -> tuple[Frame, ...]:
        """Return the frames to read, each once; StyleError for one that the image does not have.

        A frame that is the default one appears as that was given, `None` included.
        """
        found = [layer.frame_key(default_frame) for layer in self.layers] or [default_frame]
        frames = tuple(dict.fromkeys(found))
        for frame in frames:
            if frame is not None and not 0 <= frame < max(frame_count, 1):
                raise StyleError(f'There is no frame {frame}; the image has {frame_count}.')
        return frames

    def band_numbers(self, bands: Sequence[Band]) -> tuple[int, ...]:
        """Return the numbers of the bands to read, in the order they are shown, each once.

        The alpha band is among them only when the style names it.
        """
        layers = self.layers or default_layers(bands)
        return tuple(dict.fromkeys(find_band(layer.band, bands).number for layer in layers))

    def needs_statistics(
        self, bands: Sequence[Band], frame: Frame = None
    ) -> tuple[tuple[Frame, int], ...]:
        """Return the (frame, band number) pairs whose statistics `apply` will want."""
        layers = self.layers or default_layers(bands)
        return tuple(dict.fromkeys(needed_statistics(layers, bands, frame)))

    def resolve(
        self, bands: Sequence[Band], statistics: Statistics, *, frame: Frame = None
    ) -> tuple[Layer, ...]:
        """Return the layers with numbers in place of names and words."""
        if self.layers:
            return resolve_layers(self.layers, bands, statistics, frame)
        return open_up(resolve_layers(default_layers(bands), bands, statistics, frame), bands)

    def apply(
        self,
        rasters: Rasters,
        statistics: Statistics | None = None,
        *,
        frame: Frame = None,
        bands: Sequence[Band] | None = None,
    ) -> Picture:
        """Return the picture of the rasters, which are keyed by frame as `frames` names them.

        `bands` are those of the whole image, alpha included; without them the rasters' own are
        all that is known. `statistics` are those of `needs_statistics`; for any that is missing
        the range of the sample type is taken. `frame` is the default frame.
        """
        frames = self.frames(frame, 1 << 31)
        first = find_raster(rasters, frames[0])
        bands = bands or first.bands
        if not bands:
            raise StyleError('The image has no bands to show.')
        if self.icc is not False and first.profile is not None:
            bands = colors_to_srgb(bands, first.profile, self.icc)
            rasters = {key: to_srgb(raster, self.icc) for key, raster in rasters.items()}
            first = find_raster(rasters, frames[0])
        if not self.layers:
            layers = default_layers(bands)
            if is_plain(layers) and not self.functions and _is_shown_by_mask(first):
                return plain(first, [find_band(layer.band, bands).number for layer in layers])
        layers_resolved = self.resolve(bands, statistics or {}, frame=frame)
        return compose(
            layers_resolved, rasters, dtype=self.dtype, axis=self.axis, functions=self.functions
        )


def _load(value: str | Mapping[str, Any] | None) -> Mapping[str, Any]:
    if value is None or value == '':
        return {}
    document: object = value
    if isinstance(value, str):
        try:
            document = json.loads(value, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise StyleError('The style is not valid JSON.') from None
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        raise StyleError('The style must be a JSON object.')
    return document


def _refuse_constant(name: str) -> float:
    raise StyleError(f'{name} is not a number that JSON knows.')


def _entries(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if 'bands' in document:
        bands = document['bands']
        if isinstance(bands, Mapping):
            bands = [bands]
        if not isinstance(bands, list | tuple) or not all(isinstance(b, Mapping) for b in bands):
            raise StyleError('"bands" must be a list of objects.')
        if len(bands) > MAX_BANDS:
            raise StyleError(f'A style takes at most {MAX_BANDS} bands, not {len(bands)}.')
        return list(bands)
    said = {key for key, value in document.items() if value is not None}
    return [document] if said - {'icc'} else []


def _parse_axis(value: object) -> int | None:
    return None if value is None else parse_integer(value, 'axis')


def _parse_icc(value: object) -> bool | str | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) < 50:
        return value.lower()
    raise StyleError('"icc" must be true, false or the name of a rendering intent.')


def _first(values: Iterable[Any]) -> Any:
    return next((value for value in values if value is not None), None)


def _is_shown_by_mask(raster: Raster) -> bool:
    """Whether the mask alone says what is missing: it is there, or no band declares nodata."""
    return raster.mask is not None or all(band.nodata is None for band in raster.bands)
