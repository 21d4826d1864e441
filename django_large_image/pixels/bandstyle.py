"""How one band is to be shown: the values of one entry of a style, checked at the door."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, Literal

from django_large_image.exceptions import StyleError

from .functions import StyleFunction, parse_functions
from .palettes import COLORTABLE, Palette, parse_palette

LimitKind = Literal['value', 'auto', 'min', 'max', 'full']
Composite = Literal['lighten', 'multiply']

_THRESHOLD_KINDS = ('min', 'max', 'auto')


@dataclass(frozen=True, slots=True)
class Limit:
    """One end of the range that a palette spans.

    A `value` as it stands, or what the statistics say (`min`, `max`, `auto`), leaving out the
    fraction `threshold` of the samples, or the end of the sample type (`full`).
    """

    kind: LimitKind = 'auto'
    value: float = 0.0
    threshold: float = 0.0

    @classmethod
    def parse(cls, value: object, key: str) -> Limit:
        """Read a number, `auto`, `min`, `max`, `full` or a threshold such as `min:0.02`."""
        if value is None:
            return cls()
        kind, colon, rest = str(value).partition(':')
        if kind in ('auto', 'min', 'max', 'full') and not colon:
            return cls(kind)  # type: ignore[arg-type]
        if kind in _THRESHOLD_KINDS and colon:
            threshold = parse_number(rest, key)
            if not 0 <= threshold <= 1:
                raise StyleError(f'The threshold of "{key}" must be a fraction from 0 to 1.')
            return cls(kind, threshold=threshold)  # type: ignore[arg-type]
        return cls('value', parse_number(value, key))

    def __str__(self) -> str:
        if self.kind == 'value':
            return f'{self.value:.17g}'
        return f'{self.kind}:{self.threshold:.17g}' if self.threshold else self.kind

    @property
    def measured(self) -> bool:
        """Whether statistics are needed to know it."""
        return self.kind in _THRESHOLD_KINDS


@dataclass(frozen=True, slots=True)
class BandStyle:
    """One layer of a picture.

    `band` is a 1-based number or a name; `palette` is packed RGBA, `colortable`, or `None` for the
    default. `nodata` may be `auto`: whatever the file declares.
    """

    band: int | str = 1
    frame: int | None = None
    framedelta: int = 0
    minimum: Limit = Limit()
    maximum: Limit = Limit()
    palette: bytes | Literal['colortable'] | None = None
    discrete: bool = False
    nodata: float | Literal['auto'] | None = None
    composite: Composite | None = None
    clamp: bool = True
    functions: tuple[StyleFunction, ...] = ()

    @classmethod
    def parse(
        cls, entry: Mapping[str, Any], allowed_functions: frozenset[str] = frozenset()
    ) -> BandStyle:
        """Check one entry of a style; StyleError names the key that is wrong."""
        return cls(
            band=parse_band(entry.get('band')),
            frame=_parse_frame(entry.get('frame')),
            framedelta=parse_integer(entry.get('framedelta') or 0, 'framedelta'),
            minimum=Limit.parse(entry.get('min'), 'min'),
            maximum=Limit.parse(entry.get('max'), 'max'),
            palette=_parse_palette(entry.get('palette')),
            discrete=parse_choice(entry.get('scheme'), 'scheme', ('linear', 'discrete'))
            == 'discrete',
            nodata=_parse_nodata(entry.get('nodata')),
            composite=parse_choice(entry.get('composite'), 'composite', ('lighten', 'multiply')),  # type: ignore[arg-type]
            clamp=_parse_flag(entry.get('clamp'), 'clamp', default=True),
            functions=parse_functions(entry.get('function'), allowed_functions),
        )

    def canonical(self) -> dict[str, Any]:
        """Return JSON-able values that are the same for entries that mean the same."""
        palette = self.palette
        values: dict[str, Any] = {
            'band': self.band,
            'frame': self.frame,
            'framedelta': self.framedelta or None,
            'min': str(self.minimum),
            'max': str(self.maximum),
            'palette': palette.hex() if isinstance(palette, bytes) else palette,
            'scheme': 'discrete' if self.discrete else None,
            'nodata': None if self.nodata is None else str(self.nodata),
            'composite': self.composite,
            'clamp': None if self.clamp else False,
            'function': [asdict(function) for function in self.functions] or None,
        }
        return {key: value for key, value in values.items() if value is not None}

    def frame_key(self, default: int | None) -> int | None:
        """Return the frame to read; `None` and 0 are both the first one, and stay as given."""
        if self.frame is not None:
            frame = self.frame
        elif self.framedelta:
            frame = (default or 0) + self.framedelta
        else:
            return default
        return default if frame == (default or 0) else frame


@lru_cache(maxsize=256)
def pack(palette: Palette) -> bytes:
    """Return the colours as RGBA bytes, which hash and compare cheaply."""
    return bytes(chain.from_iterable(palette))


def parse_number(value: object, key: str) -> float:
    """Return a finite number given as such or as text; StyleError otherwise."""
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise StyleError(f'"{key}" is not a number: {_show(value)}.') from None
    if not math.isfinite(number):
        raise StyleError(f'"{key}" must be finite.')
    return number


def parse_integer(value: object, key: str) -> int:
    """Return a whole number given as such or as text; StyleError otherwise."""
    number = parse_number(value, key)
    if number != int(number) or abs(number) > 2**31:
        raise StyleError(f'"{key}" is not a whole number: {_show(value)}.')
    return int(number)


def parse_choice(value: object, key: str, choices: tuple[str, ...]) -> str | None:
    """Return one of the words, or `None` when nothing is given; StyleError otherwise."""
    if value is None:
        return None
    if not isinstance(value, str) or value not in choices:
        raise StyleError(f'"{key}" must be one of {", ".join(choices)}, not {_show(value)}.')
    return value


def parse_band(value: object) -> int | str:
    """Return a band number from 1 up, or a band's name in lower case."""
    if value is None:
        return 1
    if isinstance(value, str) and not value.lstrip('+-').replace('.', '', 1).isdigit():
        if not value.strip() or len(value) > 200:
            raise StyleError('"band" must be a number or the name of a band.')
        return value.strip().lower()
    number = parse_integer(value, 'band')
    if number < 1:
        raise StyleError(f'Bands count from 1; there is no band {number}.')
    return number


def _parse_frame(value: object) -> int | None:
    if value is None:
        return None
    frame = parse_integer(value, 'frame')
    if frame < 0:
        raise StyleError(f'Frames count from 0; there is no frame {frame}.')
    return frame


def _parse_palette(value: object) -> bytes | Literal['colortable'] | None:
    if value is None:
        return None
    return 'colortable' if value == COLORTABLE else pack(parse_palette(value))


def _parse_nodata(value: object) -> float | Literal['auto'] | None:
    if value is None:
        return None
    if value == 'auto':
        return 'auto'
    if str(value).lower() == 'nan':
        return math.nan
    return parse_number(value, 'nodata')


def _parse_flag(value: object, key: str, *, default: bool) -> bool:
    if value is None:
        return default
    if not isinstance(value, bool) and value not in (0, 1):
        raise StyleError(f'"{key}" must be true or false, not {_show(value)}.')
    return bool(value)


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'
