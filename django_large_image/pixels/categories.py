"""Classes of values, each with its colour: land cover, clouds, anything that is not to be mixed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from django_large_image.exceptions import StyleError

from .colormap import Colors, with_nothing
from .palettes import RGBA, parse_color
from .stretch import STEPS, Steps

MAX_LENGTH = 65536


@dataclass(frozen=True, slots=True)
class Category:
    """All values from `low` to `high`, both ends included, in one colour."""

    low: float
    high: float
    color: RGBA
    name: str = ''

    @property
    def value(self) -> float | list[float | None]:
        """The one value, or both ends; an open end is None."""
        if self.low == self.high:
            return _shown(self.low)
        return [None if math.isinf(end) else _shown(end) for end in (self.low, self.high)]


@dataclass(frozen=True, slots=True)
class Categories:
    """Up to 255 categories; a value is of the first one that holds it, or of none."""

    entries: tuple[Category, ...]

    @classmethod
    def parse(cls, value: object) -> Categories:
        """Read an object of colours by value, or a list of pairs of these, or JSON of either.

        A value is a number, or a list of two numbers (null: open) for all from one to the other;
        as the key of an object it is written as JSON. A colour is a list of 3 or 4 numbers from 0
        to 255, hexadecimal digits, or a name. Raises `StyleError` for anything else.
        """
        if isinstance(value, str):
            return _parse(value)
        pairs: Iterable[Any]
        if isinstance(value, Mapping):
            pairs = [(_key(key), color) for key, color in value.items()]
        elif isinstance(value, list) and all(_is_pair(pair) for pair in value):
            pairs = value
        else:
            raise StyleError('Categories are an object of colors by value, or a list of pairs.')
        return cls._checked(Category(*_ends(said), written_color(color)) for said, color in pairs)

    @classmethod
    def described(cls, entries: object) -> Categories:
        """Read a list of `{"value", "name", "color"}`; raises `StyleError` for anything else."""
        if not isinstance(entries, list) or not all(isinstance(e, Mapping) for e in entries):
            raise StyleError('Categories are a list of objects.')
        return cls._checked(
            Category(*_ends(e.get('value')), written_color(e.get('color')), str(e.get('name', '')))
            for e in entries
        )

    @classmethod
    def _checked(cls, entries: Iterable[Category]) -> Categories:
        found = tuple(entries)
        if not found or len(found) > STEPS:
            raise StyleError(f'A picture shows 1 to {STEPS} categories, not {len(found)}.')
        return cls(found)

    @property
    def colors(self) -> Colors:
        """RGBA (256, 4) of nothing and of the categories, from 1."""
        colors = np.zeros((STEPS, 4), np.uint8)
        colors[: len(self.entries)] = [entry.color for entry in self.entries]
        return with_nothing(colors)

    def steps(self, values: NDArray[Any]) -> Steps:
        """Return the number of the category of each value, from 1; 0 for none."""
        ends, cells = _cells(self)
        numbers = np.abs(values) if values.dtype.kind == 'c' else values
        numbers = numbers.astype(np.float64)
        place = np.searchsorted(ends, numbers)
        # Before an end, or on it; NaN is before the last one, infinity.
        on = ends[np.minimum(place, len(ends) - 1)] == numbers
        found: Steps = np.take(cells, 2 * place + on)
        return found


@lru_cache(maxsize=128)
def _cells(categories: Categories) -> tuple[NDArray[np.float64], Steps]:
    """Return all ends in order, and the category of what lies before, on, before the next, ..."""
    ends = np.unique([end for entry in categories.entries for end in (entry.low, entry.high)])
    cells = np.zeros(2 * len(ends) + 2, np.uint8)
    # The first one wins: it comes last.
    for number, entry in reversed(list(enumerate(categories.entries, 1))):
        first, last = np.searchsorted(ends, [entry.low, entry.high])
        cells[2 * first + 1 : 2 * last + 2] = number
    return ends, cells


@lru_cache(maxsize=128)
def _parse(text: str) -> Categories:
    if len(text) > MAX_LENGTH:
        raise StyleError('These are too many categories.')
    return Categories.parse(_loaded(text))


def _loaded(text: str) -> object:
    try:
        loaded: object = json.loads(text)
    except (ValueError, RecursionError):
        raise StyleError('The categories are not valid JSON.') from None
    if isinstance(loaded, str):
        raise StyleError('Categories are an object of colors by value, or a list of pairs.')
    return loaded


def _key(key: object) -> object:
    """Return the value that the key of an object stands for."""
    try:
        return json.loads(str(key))
    except (ValueError, RecursionError):
        raise StyleError(f'A category is a number or two, not {str(key)[:40]!r}.') from None


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2


def _ends(said: object) -> tuple[float, float]:
    if not isinstance(said, list):
        number = _number(said)
        return number, number
    if len(said) != 2:
        raise StyleError('A range of a category has two ends.')
    low = -math.inf if said[0] is None else _number(said[0])
    high = math.inf if said[1] is None else _number(said[1])
    if low > high:
        raise StyleError('A range of a category begins after its end.')
    return low, high


def _number(value: object, what: str = 'A category is a number or two') -> float:
    try:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError
        number = float(value)
    except (TypeError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise StyleError(f'{what}, not {str(value)[:40]!r}.')
    return number


def written_color(value: object) -> RGBA:
    """Return the colour that JSON writes as hexadecimal digits, a name, or numbers from 0 to 255.

    Raises `StyleError` for anything else.
    """
    if isinstance(value, str):
        digits = len(value) in (6, 8) and all(each in '0123456789abcdefABCDEF' for each in value)
        return parse_color(f'#{value}' if digits else value)
    if not isinstance(value, list | tuple) or not 3 <= len(value) <= 4:
        raise StyleError('A color is hexadecimal digits, a name, or 3 or 4 numbers.')
    parts = [_number(part, 'A part of a color is a number') for part in (*value, 255)[:4]]
    if not all(0 <= part <= 255 for part in parts):
        raise StyleError('The numbers of a color are from 0 to 255.')
    red, green, blue, alpha = (int(part) for part in parts)
    return red, green, blue, alpha


def _shown(number: float) -> float:
    return int(number) if number == int(number) else number
