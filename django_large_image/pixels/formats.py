"""The table of output formats. Adding one is adding a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from PIL import features

from django_large_image.exceptions import FormatError

from . import encoders
from .encoders import DEFAULTS, EncodeOptions
from .picture import BlankPicture, Picture

__all__ = ['FORMATS', 'EncodeOptions', 'Format', 'get_format']

# Blank tiles are kept once encoded, in pixels: blank maps would take too much memory.
_LARGEST_BLANK = 512 * 512

# libjpeg's, below the format's own.
_JPEG_SIDE = 65500


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a picture.

    `suffixes` are what a URL may end in, `name` among them. `large_image` is large-image's
    encoding of the same. `alpha` says whether transparency survives. `largest_side` is in pixels, 0
    where no side is too long.
    """

    name: str
    suffixes: tuple[str, ...]
    media_type: str
    encoder: Callable[[Picture, EncodeOptions], bytes]
    alpha: bool
    large_image: str
    largest_side: int = 0

    def encode(self, picture: Picture, options: EncodeOptions = DEFAULTS) -> bytes:
        """Return the picture as a file; FormatError for one that the format cannot hold."""
        self.check(picture.width, picture.height)
        if isinstance(picture, BlankPicture) and picture.height * picture.width <= _LARGEST_BLANK:
            return _blank(self, picture.height, picture.width, options)
        return self.encoder(picture, options)

    def check(self, width: int, height: int) -> None:
        """Raise FormatError with the limit for a size that the format cannot hold."""
        if self.largest_side and max(width, height) > self.largest_side:
            raise FormatError(
                f'{self.name} holds no side of more than {self.largest_side} pixels: '
                f'{width} x {height} is too large for it.'
            )


@lru_cache(maxsize=16)
def _blank(output: Format, height: int, width: int, options: EncodeOptions) -> bytes:
    """Return the constant bytes of a picture in which nothing is seen."""
    return output.encoder(BlankPicture(height, width), options)


_ROWS = (
    Format('png', ('png',), 'image/png', encoders.png, True, 'PNG'),
    Format('jpeg', ('jpg', 'jpeg', 'jfif'), 'image/jpeg', encoders.jpeg, False, 'JPEG', _JPEG_SIDE),
    Format('webp', ('webp',), 'image/webp', encoders.webp, True, 'WEBP', 16383),
    Format('avif', ('avif',), 'image/avif', encoders.avif, True, 'AVIF'),
    Format('tiff', ('tif', 'tiff', 'tiled'), 'image/tiff', encoders.tiff, True, 'TILED'),
    Format('jp2', ('jp2', 'jpeg2000'), 'image/jp2', encoders.jp2, True, 'JPEG2000'),
    Format('gif', ('gif',), 'image/gif', encoders.gif, True, 'GIF', 65535),
    Format('bmp', ('bmp',), 'image/bmp', encoders.opaque('BMP'), False, 'BMP'),
    Format('pdf', ('pdf',), 'application/pdf', encoders.pdf, False, 'PDF', _JPEG_SIDE),
    # What else large-image writes through Pillow.
    Format('ppm', ('ppm',), 'image/x-portable-pixmap', encoders.opaque('PPM'), False, 'PPM'),
    Format('pcx', ('pcx',), 'image/x-pcx', encoders.opaque('PCX'), False, 'PCX', 65534),
    Format('dib', ('dib',), 'image/bmp', encoders.opaque('DIB'), False, 'DIB'),
    Format('eps', ('eps',), 'application/postscript', encoders.opaque('EPS'), False, 'EPS'),
    Format('mpo', ('mpo',), 'image/mpo', encoders.opaque('MPO'), False, 'MPO', _JPEG_SIDE),
    Format('sgi', ('sgi',), 'image/sgi', encoders.opaque('SGI'), False, 'SGI', 65535),
    Format('xbm', ('xbm',), 'image/xbm', encoders.opaque('XBM', '1'), False, 'XBM'),
    Format('tga', ('tga',), 'image/x-tga', encoders.opaque('TGA'), False, 'TGA', 65535),
    Format('npy', ('npy',), 'application/octet-stream', encoders.npy, True, 'NPY'),
)
# Pillow's name of the codec that a format cannot do without.
_CODECS = {'avif': 'avif', 'jp2': 'jpg_2000', 'webp': 'webp'}

FORMATS: dict[str, Format] = {
    suffix: row
    for row in _ROWS
    if row.name not in _CODECS or features.check(_CODECS[row.name])
    for suffix in row.suffixes
}


def get_format(suffix: str) -> Format:
    """Return the format of a suffix such as `png` or `.JPG`; FormatError lists the known ones."""
    try:
        return FORMATS[suffix.lower().removeprefix('.')]
    except KeyError:
        raise FormatError(f'Unknown format. Known formats: {", ".join(FORMATS)}.') from None
