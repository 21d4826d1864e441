"""What EXIF says of which way up an image is: in a directory of a TIFF, or in a TIFF of its own
among the parts of a PNG or WebP.

Sources: TIFF 6.0, section 8; PNG 3, section 11.3.5.3 (eXIf); RFC 9649, section 2.7 (VP8X, EXIF).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from django_large_image.sources.claims import PNG_MAGIC, png_parts

_ORIENTATION = 274
# Of a directory's entries; real ones have some dozens.
_MAX_ENTRIES = 4096
# Of parts, and of bytes of EXIF.
_MAX_PARTS = 4096
_MAX_BYTES = 64 * 1024
# In the flags of VP8X.
_HAS_EXIF = 0x08


def orientation(file: BinaryIO, directory: int = 0) -> int:
    """Return the value of the tag in a directory of a TIFF or BigTIFF, 1 without one.

    `directory` is its place; 0 is the first one. Raises `struct.error` for what is no TIFF.
    """
    magic = _read(file, 0, 8)
    order, big = ('<' if magic[:2] == b'II' else '>'), b'+' in magic[:4]
    if not directory:
        (directory,) = struct.unpack(f'{order}4xI', magic)
    count, entry = ('Q', 'HHQH6x') if big else ('H', 'HHIH2x')
    head, form = struct.Struct(order + count), struct.Struct(order + entry)
    (entries,) = head.unpack(_read(file, directory, head.size))
    body = _read(file, directory + head.size, form.size * min(entries, _MAX_ENTRIES))
    whole = len(body) // form.size * form.size
    values = (value for tag, _, _, value in form.iter_unpack(body[:whole]) if tag == _ORIENTATION)
    return next(values, 1)


def embedded(file: BinaryIO) -> bytes:
    """Return the TIFF that is the EXIF of a PNG or WebP; empty without one.

    Of a PNG only what stands before its pixels is looked at. Raises `struct.error` for a WebP that
    ends too early.
    """
    head = file.read(21)
    if head.startswith(PNG_MAGIC):
        found = _in_png(file)
    elif head[8:16] == b'WEBPVP8X' and head[20] & _HAS_EXIF:
        found = _in_webp(file)
    else:
        found = b''
    # As it stands in a JPEG: some writers leave that before it.
    return found.removeprefix(b'Exif\0\0')


def _in_png(file: BinaryIO) -> bytes:
    for name, length in islice(png_parts(file), _MAX_PARTS):
        if name == b'eXIf':
            return file.read(min(length, _MAX_BYTES))
    return b''


def _in_webp(file: BinaryIO) -> bytes:
    for name, length in webp_parts(file):
        if name == b'EXIF':
            return file.read(min(length, _MAX_BYTES))
    return b''


def webp_parts(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield the name and the length of each part of a WebP; the file stands at its content then.

    Raises `struct.error` where the file ends.
    """
    place = 12
    for _ in range(_MAX_PARTS):
        name, length = struct.unpack('<4sI', _read(file, place, 8))
        yield name, length
        place += 8 + length + length % 2


def _read(file: BinaryIO, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size)
