"""Files that somebody made to do harm, and the secret that none of them may show."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from osgeo import gdal

from tests import factories

SECRET = 77
OWN = 5


def secret(folder: Path) -> Path:
    """A raster that no other file may lead to."""
    return factories.raster(folder / 'secret.tif', np.full((64, 64), SECRET, 'uint8'))


def vrt(path: Path, target: Path) -> Path:
    """A VRT that shows another file."""
    path.write_text(
        '<VRTDataset rasterXSize="64" rasterYSize="64"><VRTRasterBand dataType="Byte" band="1">'
        f'<SimpleSource><SourceFilename>{target}</SourceFilename><SourceBand>1</SourceBand>'
        '</SimpleSource></VRTRasterBand></VRTDataset>'
    )
    return path


def with_metadata(path: Path, domain: str, **items: object) -> Path:
    """A TIFF whose metadata name what they like."""
    dataset = gdal.GetDriverByName('GTiff').Create(str(path), 128, 128, 1)
    dataset.GetRasterBand(1).Fill(OWN)
    dataset.SetMetadata({key: str(value) for key, value in items.items()}, domain)
    dataset = None
    return path


def sparse_tiff(path: Path, width: int, height: int, block: int, bands: int = 1) -> Path:
    """A TIFF of a few hundred bytes that claims any size; none of its blocks is there."""
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (277, 3, 1, bands),
        (284, 3, 1, 1),
        (322, 4, 1, block),
        (323, 4, 1, block),
        (324, 4, 1, 0),
        (325, 4, 1, 0),
    ]
    body = b''.join(struct.pack('<HHII', *entry) for entry in entries)
    path.write_bytes(b'II*\0' + struct.pack('<IH', 8, len(entries)) + body + b'\0\0\0\0')
    return path


def png_bomb(path: Path, side: int) -> Path:
    """A PNG of a few kilobytes that unpacks to side x side grey pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack('>I', zlib.crc32(kind + data))
        return struct.pack('>I', len(data)) + kind + data + crc

    header = struct.pack('>IIBBBBB', side, side, 8, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = b'\0' * min(side + 1, 1_000_000)
    packed = b''.join(packer.compress(row) for _ in range(60)) + packer.flush()
    path.write_bytes(
        b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', packed) + chunk(b'IEND', b'')
    )
    return path
