"""Compressed blocks of a TIFF as files of their own, without decoding a pixel.

A block becomes a file only if its header says what is expected of it: what is damaged, or decodes
to something else, never leaves here under the name of a picture.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache

from django_large_image.pixels.raster import Size

_SOI, _EOI, _SOS = b'\xff\xd8', b'\xff\xd9', 0xDA
_DQT, _DHT, _DRI = 0xDB, 0xC4, 0xDD
# Baseline, extended and progressive; browsers read no other.
_FRAMES = {0xC0, 0xC1, 0xC2}
# Application data and comments: thumbnails, orientation, places, colour spaces that contradict the
# TIFF. TIFF readers follow none of it, browsers would.
_REMARKS = {*range(0xE0, 0xF0), 0xFE}
_KNOWN = _FRAMES | _REMARKS | {_DQT, _DHT, _DRI}
# The marker that says how colours are stored; without one decoders guess.
_ADOBE = b'\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00'
_RGB, _YCBCR = b'\x00', b'\x01'
# Four tables of each kind take much less.
_MAX_TABLES = 0xFFFF

_VP8_KEY_FRAME = b'\x9d\x01\x2a'
_VP8L_SIGNATURE = 0x2F


def jpeg_file(
    block: bytes, size: Size, channels: int, *, ycbcr: bool, tables: bytes = b''
) -> bytes | None:
    """Return a block as a JPEG file; its compressed pixels stay as they are.

    `size` is (width, height). `ycbcr` says how three channels are stored. `tables` is the stream of
    those that blocks have in common, empty where each has its own. None for a block that is no JPEG
    of 8 bits of that size and those channels.
    """
    try:
        head, found = _head(tables, channels, ycbcr)
        parts, markers = [head], set(found)
        for marker, segment in _segments(block):
            if marker in _FRAMES and _frame(segment) != (8, *size, channels):
                return None
            markers.add(marker)
            parts.append(segment)
    except (IndexError, ValueError, struct.error):
        return None
    complete = {_DQT, _DHT, _SOS} <= markers and len(_FRAMES & markers) == 1
    return b''.join(parts) if complete else None


def webp_file(block: bytes, size: Size) -> bytes | None:
    """Return a block as a WebP file; None unless it is one of that size, still and opaque."""
    try:
        riff, length, kind, payload = struct.unpack_from('<4sI8sI', block)
        # One chunk and no more, padded to an even length.
        if riff != b'RIFF' or length != 12 + payload + payload % 2 or len(block) < 8 + length:
            return None
        if kind == b'WEBPVP8 ':
            found = _vp8_size(block)
        elif kind == b'WEBPVP8L':
            found = _vp8l_size(block)
        else:
            return None
    except struct.error:
        return None
    return block[: 8 + length] if found == size else None


@lru_cache(maxsize=64)
def _head(tables: bytes, channels: int, ycbcr: bool) -> tuple[bytes, frozenset[int]]:
    """Return what files of blocks with common tables begin with, and which segments that holds.

    Raises `ValueError` or `IndexError` for tables that are none.
    """
    parts, found = [_SOI], set()
    if channels == 3:
        parts += [_ADOBE, _YCBCR if ycbcr else _RGB]
    if len(tables) > _MAX_TABLES:
        raise ValueError
    for marker, segment in _segments(tables) if tables else ():
        if marker in _FRAMES or marker == _SOS:
            raise ValueError
        found.add(marker)
        parts.append(segment)
    return b''.join(parts), frozenset(found)


def _segments(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (marker, segment) of a JPEG stream, of its start, its end and its remarks aside.

    The last is its first scan with all that follows, the end of the image included. Raises
    `ValueError` or `IndexError` for what is none.
    """
    if not stream.startswith(_SOI):
        raise ValueError
    start = len(_SOI)
    while stream[start] == 0xFF:
        marker = stream[start + 1]
        if marker == _SOS:
            # Compressed data holds no 0xFF but before a zero or a marker.
            yield marker, stream[start : stream.index(_EOI, start) + len(_EOI)]
            return
        if marker == _EOI[1]:
            return
        stop = start + 2 + int.from_bytes(stream[start + 2 : start + 4], 'big')
        if marker not in _KNOWN or not start + 4 <= stop <= len(stream):
            break
        if marker not in _REMARKS:
            yield marker, stream[start:stop]
        start = stop
    raise ValueError


def _frame(segment: bytes) -> tuple[int, int, int, int]:
    """Return (bits, width, height, channels) of a frame header."""
    bits, height, width, channels = struct.unpack_from('>BHHB', segment, 4)
    return bits, width, height, channels


def _vp8_size(block: bytes) -> Size | None:
    frame, code, width, height = struct.unpack_from('<B2x3sHH', block, 20)
    # The lowest bit is 0 in a key frame; two bits beside each length are for scaling.
    return (width & 0x3FFF, height & 0x3FFF) if code == _VP8_KEY_FRAME and not frame & 1 else None


def _vp8l_size(block: bytes) -> Size | None:
    signature, bits = struct.unpack_from('<BI', block, 20)
    # 14 bits of each length less one; above them transparency and the version.
    opaque = signature == _VP8L_SIGNATURE and not bits >> 28
    return ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1) if opaque else None
