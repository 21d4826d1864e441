"""What a file claims to hold: looked at before a library takes it at its word."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from django_large_image.exceptions import UnreadableError
from django_large_image.sources.streamed import open_file

PNG_MAGIC = b'\x89PNG\r\n\x1a\n'
TIFF_MAGIC = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
MAX_DIRECTORIES = 16384
# Bytes of a value by its type: BYTE, ASCII, SHORT, ... LONG8, SLONG8, IFD8.
_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8)
# Offsets and lengths of blocks: as many as the image is large.
_BLOCKS = {273, 279, 324, 325}
# Of all else, such as profiles and XML: parsed, that takes some ten times as much.
_MAX_TEXT_BYTES = 32 * 1024 * 1024
# What many directories may have in common, beyond the size of the file.
_SHARED_BYTES = 1024 * 1024
# A library unpacks up to 8 MB from each compressed text of a PNG.
_MAX_TEXTS = 16
_MAX_CHUNKS = 4096
# Classic TIFF and BigTIFF: the first offset's place, the formats of an offset and of the number of
# tags, the length of a tag, and the format of its tag, type and count.
_CLASSIC = (4, 'I', 'H', 12, 'HHI4x')
_BIG = (8, 'Q', 'Q', 20, 'HHQ8x')


def check_claims(path: str, limit: int = MAX_DIRECTORIES) -> None:
    """Raise `UnreadableError` for a TIFF of more than `limit` directories, or of which more would
    be read than it has, and for a PNG of many packed texts.

    Directories that lead round in circles count each time. What cannot be read passes. Of a remote
    file the same bytes are read that GDAL reads, to be asked in its configuration.
    """
    try:
        with open_file(path) as file:
            magic = file.read(8)
            over = magic[:4] in TIFF_MAGIC and _has_too_much(file, limit)
            over = over or (magic == PNG_MAGIC and _packed_texts(file) > _MAX_TEXTS)
    except (OSError, RuntimeError, ValueError):
        return
    if over:
        raise UnreadableError('Unreadable image: it claims to hold more than it can.')


def _has_too_much(file: BinaryIO, limit: int) -> bool:
    size = file.seek(0, os.SEEK_END)
    blocks = texts = 0
    for number, claimed in enumerate(_directories(file), 1):
        blocks, texts = blocks + claimed[0], texts + claimed[1]
        shared = blocks + texts > 2 * size + _SHARED_BYTES
        if shared or texts > _MAX_TEXT_BYTES or number > limit:
            return True
    return False


def _packed_texts(file: BinaryIO) -> int:
    """Return how many compressed texts stand before the pixels of a PNG."""
    names = [name for name, _ in islice(png_parts(file), _MAX_CHUNKS)]
    texts = names.count(b'zTXt') + names.count(b'iTXt')
    return texts if len(names) < _MAX_CHUNKS else _MAX_CHUNKS


def png_parts(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield the name and the length of each part of a PNG before its pixels; the file stands at
    its content then.
    """
    place = len(PNG_MAGIC)
    while True:
        file.seek(place)
        head = file.read(8)
        length, name = struct.unpack('>I4s', head.ljust(8, b'\0'))
        if len(head) < 8 or name == b'IDAT':
            return
        yield name, length
        # Its checksum follows.
        place += 8 + length + 4


def _directories(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield how many bytes each directory and its tags claim: with blocks, and for all else.

    A file that ends too early has the directories before its end.
    """
    file.seek(0)
    magic = file.read(4)
    order = '<' if magic[:2] == b'II' else '>'
    place, offset, number, length, form = _BIG if b'+' in magic else _CLASSIC
    tag = struct.Struct(order + form)
    beside = struct.calcsize(offset)
    while True:
        at = _read(file, place, order + offset)
        entries = _read(file, at, order + number) if at else None
        if not at or entries is None:
            return
        body = file.read(length * min(entries, 0xFFFF))
        blocks, texts = len(body), 0
        for name, kind, count in tag.iter_unpack(body[: len(body) // length * length]):
            size = count * (_SIZES[kind] if kind < len(_SIZES) else 0)
            if size > beside:
                blocks, texts = (
                    (blocks + size, texts) if name in _BLOCKS else (blocks, texts + size)
                )
        yield blocks, texts
        place = at + struct.calcsize(number) + length * entries


def _read(file: BinaryIO, place: int, form: str) -> int | None:
    try:
        file.seek(place)
        value: int = struct.unpack(form, file.read(struct.calcsize(form)))[0]
    except (OSError, OverflowError, RuntimeError, struct.error, ValueError):
        return None
    return value
