"""The typed values of keys as texts whose order is that of the values, and back.

Texts are what a database can index whatever the kind; those of numbers and dates are never shown.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal, InvalidOperation

from django.utils.dateparse import parse_datetime

from django_large_image.exceptions import ParameterError

Value = str | int | float | date | datetime

# Each has a column of its own in the table of datasets.
MAX_KEYS = 8
# In characters of one value, and in bytes of all values of a dataset: databases limit what an entry
# of an index may hold.
MAX_LENGTH = 128
MAX_BYTES = 2000
# Whole numbers above are no longer told apart as floating point.
_EXACT = 2**53
_NAME = re.compile(r'[A-Za-z]\w{0,62}', re.ASCII)
# Parameters of queries, which no key may be called.
RESERVED = frozenset('ascending bbox columns keys limit order_by page time total'.split())
_COMPACT = re.compile(r'(\d{4})(\d\d)(\d\d)(?:T?(\d\d)(\d\d)(\d\d)?)?(Z?)', re.ASCII)
_DAY = re.compile(r'\d{4}-\d\d-\d\d', re.ASCII)
# Where a point in time has its `T`.
_AFTER_DAY = 'U'
# What in a path leaves a key open, or leads to another path.
_NO_VALUES = frozenset(('*', '.', '..'))
_ESCAPE = re.compile('%(?:2F|25)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kind:
    """How the values of a key are written into the database, and read."""

    encode: Callable[[Value], str]
    decode: Callable[[str], str | int | float]


def validate_name(name: str) -> None:
    """Raise `ParameterError` for a name that no key may have."""
    if not _NAME.fullmatch(name) or '__' in name or name.endswith('_'):
        raise ParameterError(
            f'{name!r} cannot be the name of a key: it has to be of letters, digits and single '
            'underscores, and begin with a letter.'
        )
    if name in RESERVED:
        raise ParameterError(f'{name!r} cannot be the name of a key: it is a parameter of queries.')


def values_of(path: str, count: int) -> list[str]:
    """Return the values that a path of a URL names, in the order of their keys.

    Where one value is wanted the path is all of it. Else slashes are between values; as servers
    decode `%2F` in a URL, too, one within a value is what is still `%2F` then (`%252F` in the URL),
    and `%25` is a percent sign before `2F` or `25`. Any other percent sign stands for itself.
    """
    parts = [path.strip('/')] if count == 1 else path.split('/')
    return [_ESCAPE.sub(_unescaped, value) for value in parts if value]


def encode(kind: str, value: Value) -> str:
    """Return the text of a value, which may itself be written as text.

    Raises `ParameterError` for one that is none of this kind.
    """
    return KINDS[kind].encode(value)


def decode(kind: str, text: str) -> str | int | float:
    """Return the value of a text as JSON shows it."""
    return KINDS[kind].decode(text)


def last(kind: str, text: str) -> str:
    """Return the greatest text that a value means as the end of a range: of a day, all of it."""
    return f'{text}{_AFTER_DAY}' if kind == 'date' and _DAY.fullmatch(text) else text


def _unescaped(escape: re.Match[str]) -> str:
    return '%' if escape[0] == '%25' else '/'


def _encode_text(value: Value) -> str:
    text = value.isoformat() if isinstance(value, date) else str(value)
    if not text or len(text) > MAX_LENGTH:
        raise ParameterError(f'The value of a key has 1 to {MAX_LENGTH} characters.')
    if not text.isprintable():
        raise ParameterError('The value of a key has characters that cannot be printed.')
    if text in _NO_VALUES:
        raise ParameterError(f'{text!r} cannot be the value of a key: it means something in paths.')
    return text


def _encode_number(value: Value) -> str:
    """Return 16 hexadecimal digits: the bits of a float64, in the order of the numbers."""
    if isinstance(value, bool | date):
        raise _unfit(value, 'number')
    try:
        exact = Decimal(value.strip()) if isinstance(value, str) else Decimal(value)
        number = float(exact)
    except (InvalidOperation, OverflowError, ValueError):
        raise _unfit(value, 'number') from None
    if not math.isfinite(number):
        raise _unfit(value, 'number')
    if abs(number) >= _EXACT and Decimal(number) != exact:
        raise ParameterError(f'{str(value)[:40]!r} has more digits than a number can hold.')
    # No negative zero.
    (bits,) = struct.unpack('>Q', struct.pack('>d', number + 0.0))
    return f'{bits ^ (2**64 - 1 if bits >> 63 else 1 << 63):016x}'


def _decode_number(text: str) -> int | float:
    bits = int(text, 16)
    (number,) = struct.unpack(
        '>d', struct.pack('>Q', bits ^ (1 << 63 if bits >> 63 else 2**64 - 1))
    )
    return int(number) if number == int(number) and abs(number) <= _EXACT else float(number)


def _encode_date(value: Value) -> str:
    """Return `2024-05-31`, or a point in time in UTC to the microsecond."""
    if isinstance(value, str):
        value = _parse_date(value)
    if isinstance(value, datetime):
        value = value.astimezone(timezone.utc) if value.tzinfo else value
        return value.strftime('%Y-%m-%dT%H:%M:%S.%fZ').rjust(27, '0')
    if isinstance(value, date):
        return value.isoformat()
    raise _unfit(value, 'date')


def _parse_date(text: str) -> date | datetime:
    """Return what ISO 8601 says with or without its separators; without a zone it is UTC."""
    written = text.strip()
    if compact := _COMPACT.fullmatch(written):
        year, month, day, hour, minute, second, zone = compact.groups()
        written = f'{year}-{month}-{day}'
        if hour:
            written += f'T{hour}:{minute}:{second or "00"}{zone}'
    try:
        if _DAY.fullmatch(written):
            return date.fromisoformat(written)
        # In a query `+` is a space.
        parsed = parse_datetime(re.sub(r' (\d\d:?\d\d)$', r'+\1', written))
        if parsed is not None:
            return parsed.astimezone(timezone.utc) if parsed.tzinfo else parsed
    except (OverflowError, ValueError):
        pass
    raise _unfit(text, 'date')


def _decode_date(text: str) -> str:
    return text.replace('.000000', '')


def _unfit(value: object, kind: str) -> ParameterError:
    return ParameterError(f'{str(value)[:40]!r} is no {kind}.')


KINDS = {
    'text': Kind(_encode_text, str),
    'number': Kind(_encode_number, _decode_number),
    'date': Kind(_encode_date, _decode_date),
}
