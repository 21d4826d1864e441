"""Pictures to bytes: one function per format, each thread-safe and without a trace on disk."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from django_large_image.exceptions import FormatError

from .picture import WHITE, Color, IndexedPicture, Picture

isal_zlib: Any
try:
    isal_zlib = import_module('isal.isal_zlib')
except ImportError:  # pragma: no cover
    isal_zlib = None
_crc32 = zlib.crc32 if isal_zlib is None else isal_zlib.crc32


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """How to encode.

    `quality` (1-100) is for the lossy formats, each of which has its own default. `background`
    stands behind the transparent pixels of the formats that have no alpha.
    """

    quality: int | None = None
    background: Color = WHITE
    lossless: bool = False


DEFAULTS = EncodeOptions()
JPEG_QUALITY = 85
WEBP_QUALITY = 80
AVIF_QUALITY = 60

_SIGNATURE = b'\x89PNG\r\n\x1a\n'
_COLOR_TYPES = {'L': 0, 'RGB': 2, 'LA': 4, 'RGBA': 6}
_INDEXED = 3
_UP = 2
# The one index that 255 colours leave over.
_GIF_NOTHING = 255
# The level that costs least; isa-l counts from 0 to 3, zlib from 0 to 9.
_LEVEL = 1
# Two to this power is how many bytes isa-l looks back. The filter has taken out what lies above, so
# more finds little, and takes longer.
_WINDOW = 9


def png(picture: Picture, options: EncodeOptions = DEFAULTS) -> bytes:
    """Encode as PNG: 16 bits per channel for uint16 pictures, 8 for all others."""
    if isinstance(picture, IndexedPicture):
        return _indexed_png(picture)
    picture = picture.displayable
    if picture.data.dtype != np.uint16:
        picture = picture.to_uint8()
    depth = 8 * picture.data.itemsize
    return _png(picture.data, depth, _COLOR_TYPES[picture.mode])


def jpeg(picture: Picture, options: EncodeOptions = DEFAULTS) -> bytes:
    """Encode as JPEG with halved chroma; transparent pixels show the background."""
    flat = picture.to_uint8().flatten(options.background)
    return _opencv(
        '.jpg',
        flat,
        [
            cv2.IMWRITE_JPEG_QUALITY,
            options.quality or JPEG_QUALITY,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
        ],
    )


def webp(picture: Picture, options: EncodeOptions = DEFAULTS) -> bytes:
    """Encode as WebP, with the method that costs least."""
    quality = options.quality or WEBP_QUALITY
    return _pillow(picture, 'WEBP', quality=quality, method=0, lossless=options.lossless)


def avif(picture: Picture, options: EncodeOptions = DEFAULTS) -> bytes:
    """Encode as AVIF, as fast as the encoder goes."""
    return _pillow(picture, 'AVIF', quality=options.quality or AVIF_QUALITY, speed=10)


def tiff(picture: Picture, options: EncodeOptions = DEFAULTS) -> bytes:
    """Encode as a plain TIFF without georeference; one channel of any type stays as it is."""
    if picture.mode == 'L' and picture.data.dtype != np.uint8:
        return _save(_exact_grey(picture.data[:, :, 0]), 'TIFF', compression='tiff_lzw')
    return _pillow(picture, 'TIFF', compression='tiff_lzw')


def jp2(picture: Picture, options: EncodeOptions = DEFAULTS) -> bytes:
    """Encode as JPEG 2000, without loss unless a quality is asked for."""
    if options.quality is None:
        return _pillow(picture, 'JPEG2000')
    # Pillow speaks of decibels of signal over noise; 30 to 50 is the useful range.
    return _pillow(
        picture,
        'JPEG2000',
        irreversible=True,
        quality_mode='dB',
        quality_layers=[25 + options.quality / 4],
    )


def gif(picture: Picture, options: EncodeOptions = DEFAULTS) -> bytes:
    """Encode as GIF with up to 256 colours of its own; alpha becomes on or off."""
    image = _image(picture)
    if image.mode == 'L':
        return _save(image, 'GIF')
    # The median cut that Pillow would take is many times slower.
    indexed = image.convert('RGB').quantize(255, method=Image.Quantize.FASTOCTREE)
    if not picture.has_alpha:
        return _save(indexed, 'GIF')
    hidden = image.getchannel('A').point(lambda alpha: 255 if alpha < 128 else 0)
    indexed.paste(_GIF_NOTHING, mask=hidden)
    return _save(indexed, 'GIF', transparency=_GIF_NOTHING)


def pdf(picture: Picture, options: EncodeOptions = DEFAULTS) -> bytes:
    """Encode as a PDF of one page that is a JPEG; transparent pixels show the background."""
    flat = picture.to_uint8().flatten(options.background)
    # The same picture is the same file, whenever it is written.
    undated = {'creationDate': None, 'modDate': None}
    return _pillow(flat, 'PDF', quality=options.quality or JPEG_QUALITY, **undated)


def opaque(encoding: str, mode: str = '') -> Callable[[Picture, EncodeOptions], bytes]:
    """Return the encoder of a format that Pillow writes and that has no alpha.

    `mode` is Pillow's of the pixels, where the format takes one only.
    """

    def encode(picture: Picture, options: EncodeOptions = DEFAULTS) -> bytes:
        image = _image(picture.to_uint8().flatten(options.background))
        return _save(image.convert(mode) if mode else image, encoding)

    return encode


def npy(picture: Picture, options: EncodeOptions = DEFAULTS) -> bytes:
    """Encode as numpy's own format: the array (height, width, channels) as it is."""
    output = BytesIO()
    np.save(output, picture.data, allow_pickle=False)
    return output.getvalue()


def _indexed_png(picture: IndexedPicture) -> bytes:
    colors = picture.colors
    extra = _chunk(b'PLTE', colors[:, :3].tobytes())
    clear = np.flatnonzero(colors[:, 3] != 255)
    if picture.has_alpha and clear.size:
        extra += _chunk(b'tRNS', colors[: clear[-1] + 1, 3].tobytes())
    return _png(picture.pixels, 8, _INDEXED, extra)


def _png(data: NDArray[Any], depth: int, color_type: int, extra: bytes = b'') -> bytes:
    height, width = data.shape[:2]
    return b''.join(
        (
            _SIGNATURE,
            _chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, depth, color_type, 0, 0, 0)),
            extra,
            _chunk(b'IDAT', _deflate(_filtered(data))),
            _chunk(b'IEND', b''),
        )
    )


def _chunk(kind: bytes, payload: bytes) -> bytes:
    check = _crc32(payload, _crc32(kind))
    return b''.join((struct.pack('>I', len(payload)), kind, payload, struct.pack('>I', check)))


def _deflate(lines: NDArray[np.uint8]) -> bytes:
    if isal_zlib is not None:
        return bytes(isal_zlib.compress(lines, _LEVEL, _WINDOW))
    # Nothing but repetitions of one byte, for the same reason.
    runs = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
    return runs.compress(lines.data) + runs.flush()


def _filtered(data: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the scan lines, each after its filter byte, as differences from the line above."""
    height = data.shape[0]
    if data.dtype == np.uint16:
        data = data.astype('>u2')
    rows = np.ascontiguousarray(data).view(np.uint8).reshape(height, -1)
    lines = np.empty((height, rows.shape[1] + 1), np.uint8)
    lines[:, 0] = _UP
    lines[:1, 1:] = rows[:1]
    np.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])
    return lines


def _opencv(suffix: str, picture: Picture, parameters: list[int]) -> bytes:
    data = picture.data
    if picture.mode == 'RGB':
        data = cv2.cvtColor(np.ascontiguousarray(data), cv2.COLOR_RGB2BGR)
    done, buffer = cv2.imencode(suffix, np.ascontiguousarray(data), parameters)
    if not done:
        raise FormatError('The picture could not be encoded.')
    return bytes(buffer)


def _exact_grey(data: NDArray[Any]) -> Image.Image:
    data = np.ascontiguousarray(data)
    return Image.fromarray(data if data.dtype == np.uint16 else data.astype(np.float32))


def _image(picture: Picture) -> Image.Image:
    picture = picture.to_uint8()
    data = np.ascontiguousarray(picture.data)
    return Image.fromarray(data[:, :, 0] if picture.mode == 'L' else data)


def _pillow(picture: Picture, encoding: str, **options: Any) -> bytes:
    return _save(_image(picture), encoding, **options)


def _save(image: Image.Image, encoding: str, **options: Any) -> bytes:
    output = BytesIO()
    try:
        image.save(output, encoding, **options)
    except (OSError, OverflowError, ValueError, SystemError):
        raise FormatError(f'The picture cannot be written as {encoding}.') from None
    return output.getvalue()
