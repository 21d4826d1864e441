"""What IIIF's paths are written in: plain numbers, and parts that are told apart from the right."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal, NamedTuple

from django_large_image.exceptions import ParameterError

# Only ASCII's digits and a dot, so many that any sensible number has room.
INTEGER = '[0-9]{1,18}'
DECIMAL = r'(?=[0-9.]{1,36}(?![0-9.]))(?:[0-9]+\.?[0-9]*|\.[0-9]+)'
_QUALITY_FORMAT = re.compile(r'([a-z]{1,16})\.([a-z0-9]{1,8})').fullmatch
_LIKELY = (
    re.compile(r'full|square|(pct:)?[^,]+,.*').fullmatch,
    re.compile(r'\^?(full|max|pct:.*|!?[0-9]*,[0-9]*)').fullmatch,
    re.compile(r'!?[0-9]+(\.[0-9]*)?').fullmatch,
    re.compile(r'(default|color|gray|bitonal)(\..*)?').fullmatch,
)
# An image request is taken for one while that many of its parts look right.
_LIKELY_ENOUGH = 2


class SplitPath(NamedTuple):
    """What a path asks of which image; `parts` are region, size, rotation and quality.format."""

    identifier: str
    kind: Literal['base', 'info', 'image']
    parts: tuple[str, ...]


def split_path(path: str) -> SplitPath:
    """Return what the decoded path behind `{prefix}/{version}/` asks for.

    Identifiers may hold slashes, so that it is read from the right. The path of a file in folders
    looks like an image request too: at least two of four parts have to look like IIIF's.
    """
    identifier, slash, last = path.rpartition('/')
    if slash and last == 'info.json':
        return SplitPath(identifier, 'info', ())
    identifier, *parts = path.rsplit('/', len(_LIKELY))
    likely = [like(part) for like, part in zip(_LIKELY, parts, strict=False)]
    if len(parts) == len(_LIKELY) and len(_LIKELY) - likely.count(None) >= _LIKELY_ENOUGH:
        return SplitPath(identifier, 'image', tuple(parts))
    return SplitPath(path.removesuffix('/'), 'base', ())


def split_quality(text: str) -> tuple[str, str]:
    """Return quality and format of `{quality}.{format}`; raises ParameterError."""
    if found := _QUALITY_FORMAT(text):
        return found[1], found[2]
    raise ParameterError('The last part of the path is {quality}.{format}, as in default.jpg.')


def half_up(numerator: int, denominator: int = 1) -> int:
    """Return the nearest whole number, the larger one of two."""
    return (2 * numerator + denominator) // (2 * denominator)


def nearest(value: Fraction) -> int:
    """Return the nearest whole number of a fraction, the larger one of two."""
    return half_up(value.numerator, value.denominator)
