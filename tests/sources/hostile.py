"""Files that somebody made to do harm, and the secret that none of them may show."""

from __future__ import annotations

import gzip
import html
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from osgeo import gdal

from tests import factories

SECRET = 77
OWN = 5
# In the text file that none may show.
WORDS = 'do-not-tell-anyone'

Entry = tuple[int, int, int, 'int | bytes']


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


# What drivers read that look beside an image without being told to; their kinds of samples.
SEEKERS = {
    'a.jp2': ('JP2OpenJPEG', 'uint8'),
    'a.bmp': ('BMP', 'uint8'),
    'a.pgm': ('PNM', 'uint8'),
    'a.asc': ('AAIGrid', 'int16'),
    'N00E000.hgt': ('SRTMHGT', 'int16'),
    'a.grb2': ('GRIB', 'float64'),
}


def sought(folder: Path, name: str) -> Path:
    """An image of one of the `SEEKERS`."""
    driver, dtype = SEEKERS[name]
    side, step = 1201, 1 / 1200
    placed = (-step / 2, step, 0, 1 + step / 2, 0, -step)
    data = np.full((side, side), OWN, dtype)
    return factories.raster(folder / name, data, epsg=4326, geotransform=placed, driver=driver)


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


class Lure(NamedTuple):
    """What a hostile file may try to reach: a raster, a text, and a server that counts."""

    raster: Path
    text: Path
    url: str


def tiff(*directories: Sequence[Entry], following: int = 0) -> bytes:
    """A little-endian TIFF of directories of (tag, type, count, value or bytes of the value).

    The last directory is followed by the one at the offset `following`.
    """
    body = bytearray(b'II*\0\0\0\0\0')
    place = 4
    for entries in directories:
        written = b''
        for tag, kind, count, value in sorted(entries, key=lambda entry: entry[0]):
            if isinstance(value, bytes):
                at, value = len(body), bytes(value)
                body += value + b'\0' * (len(value) % 2)
                value = at
            written += struct.pack('<HHII', tag, kind, count, value)
        body[place : place + 4] = struct.pack('<I', len(body))
        body += struct.pack('<H', len(entries)) + written
        place = len(body)
        body += struct.pack('<I', following)
    return bytes(body)


def grey(width: int = 16, height: int = 16, *more: Entry) -> list[Entry]:
    """The tags of a grey image in one strip, at whose place there is whatever the file begins with.

    `more` replaces tags and adds others.
    """
    tags = {
        entry[0]: entry
        for entry in (
            (256, 4, 1, width),
            (257, 4, 1, height),
            (258, 3, 1, 8),
            (259, 3, 1, 1),
            (262, 3, 1, 1),
            (273, 4, 1, 8),
            (277, 3, 1, 1),
            (278, 4, 1, height),
            (279, 4, 1, min(width * height, 2**32 - 1)),
            *more,
        )
    }
    return list(tags.values())


def box(kind: bytes, content: bytes) -> bytes:
    """A box of JPEG 2000."""
    return struct.pack('>I', 8 + len(content)) + kind + content


def png(*chunks: tuple[bytes, bytes], side: int = 16) -> bytes:
    """A grey PNG with chunks of one's own before its pixels."""
    header = struct.pack('>IIBBBBB', side, side, 8, 0, 0, 0, 0)
    packed = zlib.compress((b'\0' + bytes([OWN]) * side) * side)
    parts = [(b'IHDR', header), *chunks, (b'IDAT', packed), (b'IEND', b'')]
    return b'\x89PNG\r\n\x1a\n' + b''.join(
        struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
        for kind, data in parts
    )


def documents(lure: Lure) -> dict[str, str]:
    """Texts that GDAL's drivers, or other libraries, follow to other files and hosts."""
    size = 'rasterXSize="64" rasterYSize="64"'
    source = '<SimpleSource><SourceFilename>{}</SourceFilename><SourceBand>1</SourceBand>'
    band = '<VRTRasterBand dataType="Byte" band="1"'
    simple = f'<VRTDataset {size}>{band}>{source}</SimpleSource></VRTRasterBand></VRTDataset>'
    service = '<GDAL_WMS><Service name="{0}"><ServerUrl>{1}/${{z}}/${{x}}/${{y}}</ServerUrl>'
    window = (
        '<DataWindow><UpperLeftX>-10</UpperLeftX><UpperLeftY>10</UpperLeftY><LowerRightX>10'
        '</LowerRightX><LowerRightY>-10</LowerRightY><SizeX>256</SizeX><SizeY>256</SizeY>'
        '</DataWindow><BandsCount>1</BandsCount></GDAL_WMS>'
    )
    return {
        'vrt': simple.format(lure.raster),
        'vrt-url': simple.format(f'/vsicurl/{lure.url}/a.tif'),
        'vrt-zip-url': simple.format(f'/vsizip//vsicurl/{lure.url}/a.zip/a.tif'),
        'vrt-late': f'plain text before {simple.format(lure.raster)}',
        'vrt-raw': (
            f'<VRTDataset {size}>{band} subClass="VRTRawRasterBand"><SourceFilename>/etc/passwd'
            '</SourceFilename></VRTRasterBand></VRTDataset>'
        ),
        'vrt-python': (
            f'<VRTDataset {size}>{band} subClass="VRTDerivedRasterBand"><PixelFunctionLanguage>'
            'Python</PixelFunctionLanguage><PixelFunctionType>leak</PixelFunctionType>'
            '<PixelFunctionCode><![CDATA[import os\ndef leak(*args, **kwargs):\n    os._exit(99)'
            ']]></PixelFunctionCode></VRTRasterBand></VRTDataset>'
        ),
        'wms': f'{service.format("WMS", lure.url)}</Service>{window}',
        'tms': f'{service.format("TMS", lure.url)}</Service>{window}',
        'wmts': f'<Capabilities xmlns="http://www.opengis.net/wmts/1.0">{lure.url}</Capabilities>',
        'gti': (
            f'<GDALTileIndexDataset><IndexDataset>{lure.url}</IndexDataset></GDALTileIndexDataset>'
        ),
        'gdalg': f'{{"type": "gdal_streamed_alg", "command_line": "gdal raster {lure.raster}"}}',
        'stacta': (
            '{"stac_extensions": ["tiled-assets"], "type": "Feature", "stac_version": "1.0.0",'
            f'"asset_templates": {{"a": {{"href": "{lure.url}"}}}}}}'
        ),
        'svg': (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'width="9" height="9"><image xlink:href="file://{lure.raster}"/></svg>'
        ),
        'entity': f'<!DOCTYPE a [<!ENTITY b SYSTEM "file://{lure.text}">]><VRTDataset>&b;',
        'postscript': f'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({lure.text}) run\n',
        'pdf': f'%PDF-1.7\n1 0 obj <</URI ({lure.url})>> endobj\n',
        'magick': f"push graphic-context\nimage over 0,0 0,0 '{lure.url}'\npop graphic-context",
        'vms': f'[Virtual Microscope Specimen]\nNoLayers=1\nImageFile={lure.raster}\n',
        'csv': f'a,b\n{lure.url},{lure.raster}\n',
        'envi': f'ENVI\nsamples = 9\nlines = 9\nbands = 1\ndata file = {lure.text}\n',
    }


def naming(folder: Path, lure: Lure) -> Iterator[Path]:
    """Write files that name other files and hosts, with sidecars that do."""
    texts = documents(lure)
    for label, text in texts.items():
        for suffix in ('tif', 'png', 'svs'):
            path = folder / f'{label}.{suffix}'
            path.write_text(text)
            yield path
    tif = factories.raster(folder / 'plain.tif', np.full((128, 128), OWN, 'uint8')).read_bytes()
    jpg = factories.raster(folder / 'plain.jpg', np.full((128, 128), OWN, 'uint8'), driver='JPEG')
    for content, suffix in ((tif, 'tif'), (jpg.read_bytes(), 'jpg')):
        for sidecar in ('ovr', 'msk', 'aux', 'aux.xml', 'ovr.msk', 'OVR', 'idx'):
            path = folder / f'beside-{sidecar}.{suffix}'
            path.write_bytes(content)
            path.with_name(f'{path.name}.{sidecar}').write_text(texts['vrt'])
            yield path
    for domain, key, value in (
        ('OVERVIEWS', 'OVERVIEW_FILE', lure.raster),
        ('OVERVIEWS', 'OVERVIEW_FILE', f'/vsicurl/{lure.url}/a.tif'),
        ('ProxyOverviewRequest', 'FILENAME', lure.raster),
        ('SUBDATASETS', 'SUBDATASET_1_NAME', f'GTIFF_DIR:1:{lure.raster}'),
        ('GEOLOCATION', 'X_DATASET', f'/vsicurl/{lure.url}/x.tif'),
        ('RPC', 'RPC_DEM', lure.raster),
        ('', 'INTERNAL_MASK_FLAGS_1', 2),
        ('xml:XMP', 'rdf:about', lure.url),
    ):
        path = folder / f'metadata-{domain or "none"}-{"url" if lure.url in str(value) else ""}.tif'
        yield with_metadata(path.with_stem(path.stem.replace(':', '-')), domain, **{key: value})
        beside = folder / f'pam-{path.stem.replace(":", "-")}.tif'
        beside.write_bytes(tif)
        beside.with_name(f'{beside.name}.aux.xml').write_text(
            f'<PAMDataset><Metadata domain="{domain}"><MDI key="{key}">{value}</MDI></Metadata>'
            f'<SRS>{html.escape(grids(lure))}</SRS><GeoTransform>0,9,0,0,0,-9</GeoTransform>'
            '</PAMDataset>'
        )
        yield beside
    yield from _containers(folder, lure, tif)


def grids(lure: Lure) -> str:
    """A projection whose definition names files."""
    return (
        'PROJCS["a",GEOGCS["b",DATUM["c",SPHEROID["d",6378137,298.25]],PRIMEM["Greenwich",0],'
        'UNIT["degree",0.0174532925199433]],PROJECTION["Mercator_1SP"],'
        'PARAMETER["central_meridian",0],PARAMETER["scale_factor",1],PARAMETER["false_easting",0],'
        'PARAMETER["false_northing",0],UNIT["metre",1],EXTENSION["PROJ4","+proj=merc +a=6378137 '
        f'+b=6378137 +nadgrids={lure.text},{lure.url}/a.gsb +wktext +no_defs"]]'
    )


def _containers(folder: Path, lure: Lure, tif: bytes) -> Iterator[Path]:
    """Write rasters whose own metadata name others, and archives under the names of rasters."""
    citation = f'ESRI PE String = {grids(lure)}|'.encode()
    keys = [1, 1, 0, 4, 1024, 0, 1, 1, 1026, 34737, len(citation), 0, 3072, 0, 1, 32767]
    keys += [3073, 34737, len(citation), 0]
    path = folder / 'citation.tif'
    path.write_bytes(
        tiff(
            grey(
                16,
                16,
                (33550, 12, 3, struct.pack('<3d', 10, 10, 0)),
                (33922, 12, 6, struct.pack('<6d', 0, 0, 0, 1e6, 1e6, 0)),
                (34735, 3, len(keys), struct.pack(f'<{len(keys)}H', *keys)),
                (34737, 2, len(citation), citation),
            )
        )
    )
    yield path
    ome = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="64" '
        'SizeY="64" SizeZ="1" SizeC="1" SizeT="1"><TiffData IFD="0">'
        f'<UUID FileName="{lure.raster}">urn:uuid:1</UUID></TiffData></Pixels></Image></OME>'
    ).encode()
    path = folder / 'companion.ome.tif'
    path.write_bytes(tiff(grey(16, 16, (270, 2, len(ome), ome))))
    yield path
    gml = (
        '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" '
        'xmlns:xlink="http://www.w3.org/1999/xlink"><gml:featureMember>'
        f'<gml:RectifiedGridCoverage><gml:rectifiedGridDomain xlink:href="{lure.url}/a.gml"/>'
        f'<gml:RectifiedGrid srsName="{lure.url}/crs.xml"/><gml:File><gml:fileName>{lure.raster}'
        '</gml:fileName></gml:File></gml:RectifiedGridCoverage></gml:featureMember>'
        '</gml:FeatureCollection>'
    ).encode()
    instance = box(b'asoc', box(b'lbl ', b'gml.root-instance') + box(b'xml ', gml))
    association = box(b'asoc', box(b'lbl ', b'gml.data') + instance)
    jp2 = factories.raster(
        folder / 'gml.jp2', np.full((64, 64), OWN, 'uint8'), driver='JP2OpenJPEG'
    )
    content = jp2.read_bytes()
    start = content.index(b'jp2c') - 4
    jp2.write_bytes(content[:start] + association + content[start:])
    yield jp2
    for name in ('archive.tif', 'N00E000.hgt.zip', 'archive.zip'):
        with zipfile.ZipFile(folder / name, 'w', zipfile.ZIP_DEFLATED) as archive:
            archive.writestr('a.tif', tif)
            archive.writestr('N00E000.hgt', bytes(25934402))
        yield folder / name
    with tarfile.open(folder / 'tar.tif', 'w') as tar:
        link = tarfile.TarInfo('a.tif')
        link.type, link.linkname = tarfile.SYMTYPE, str(lure.raster)
        tar.addfile(link)
    yield folder / 'tar.tif'
    (folder / 'gzip.tif').write_bytes(gzip.compress(bytes(100_000_000), 9))
    yield folder / 'gzip.tif'


def _overlapping(count: int, size: int) -> bytes:
    """A TIFF of many private tags that all claim the same bytes."""
    entries = [(65000 - number, 7, size, 8) for number in range(count)]
    content = tiff(grey(16, 16, *entries))
    return content + bytes(max(0, size + 8 - len(content)))


def _packed(count: int, size: int) -> bytes:
    """A PNG of many texts, each unpacked of that size."""
    text = zlib.compress(bytes(size), 9)
    return png(*[(b'zTXt', b'a%d\0\0' % number + text) for number in range(count)])


# A place on the map of the world.
PLACED: list[Entry] = [
    (33550, 12, 3, struct.pack('<3d', 1e-3, 1e-3, 0)),
    (33922, 12, 6, struct.pack('<6d', 0, 0, 0, 10, 50, 0)),
    (34735, 3, 8, struct.pack('<8H', 1, 1, 0, 1, 2048, 0, 1, 4326)),
]

BOMBS: dict[str, Callable[[], bytes]] = {
    'strip.tif': lambda: tiff(grey(2**31 - 1, 2**31 - 1)),
    'line.tif': lambda: tiff(grey(2**31 - 1, 1)),
    'column.tif': lambda: tiff(grey(1, 2**31 - 1)),
    'lines.tif': lambda: tiff(grey(65535, 65535, (278, 4, 1, 1), (273, 4, 65535, 8))),
    'rows.tif': lambda: tiff(grey(2**20, 2**20, (278, 4, 1, 2**20))),
    'bits.tif': lambda: tiff(grey(16, 16, (258, 3, 1, 65535))),
    'samples.tif': lambda: tiff(grey(16, 16, (277, 3, 1, 65535))),
    'nothing.tif': lambda: tiff(grey(0, 0)),
    'compression.tif': lambda: tiff(grey(16, 16, (259, 3, 1, 50000))),
    'palette.tif': lambda: tiff(grey(16, 16, (262, 3, 1, 3), (320, 3, 2**31, 8))),
    'loop.tif': lambda: tiff(grey(), following=264),
    'self.tif': lambda: tiff(grey(), following=8),
    'tags.tif': lambda: tiff(grey(16, 16, *[(n, 3, 1, 0) for n in range(400, 65535)]), following=8),
    'sub.tif': lambda: tiff(grey(16, 16, (330, 4, 1, 8), (34665, 4, 1, 8))),
    'subs.tif': lambda: tiff(grey(16, 16, (330, 4, 2000, b'\x08\0\0\0' * 2000))),
    'directories.tif': lambda: tiff(*[grey()] * 65535),
    'overlapping.tif': lambda: _overlapping(4000, 2_000_000),
    'counts.tif': lambda: tiff(grey(16, 16, (42112, 2, 2**32 - 1, 8), (34675, 7, 2**32 - 1, 8))),
    'points.tif': lambda: tiff(
        grey(16, 16, (33922, 12, 6 * 100_000, struct.pack('<6d', 0, 0, 0, 1, 1, 0) * 100_000))
    ),
    'metadata.tif': lambda: tiff(
        grey(16, 16, (42112, 2, 8_000_034, b'<GDALMetadata>' + b'<Item/>' * 1_142_860))
    ),
    'nested.tif': lambda: tiff(grey(16, 16, (42112, 2, 3_000_000, b'<a>' * 1_000_000))),
    'overview.tif': lambda: tiff(
        grey(), grey(2**31 - 1, 2**31 - 1, (254, 4, 1, 1)), grey(0, 0, (254, 4, 1, 1))
    ),
    'mask.tif': lambda: tiff(grey(), grey(2**20, 2**20, (254, 4, 1, 4), (262, 3, 1, 4))),
    'nan.tif': lambda: tiff(
        grey(
            16,
            16,
            (33550, 12, 3, struct.pack('<3d', float('nan'), float('inf'), 0)),
            (33922, 12, 6, struct.pack('<6d', 0, 0, 0, float('nan'), float('-inf'), 0)),
            (34735, 3, 8, struct.pack('<8H', 1, 1, 0, 1, 2048, 0, 1, 4326)),
        )
    ),
    'pixel.tif': lambda: tiff(grey(1, 1, *PLACED)),
    'wide.tif': lambda: tiff(grey(65535, 1, *PLACED)) + bytes(65535),
    'high.tif': lambda: tiff(grey(1, 65535, *PLACED)) + bytes(65535),
    'denormal.tif': lambda: tiff(
        grey(
            16,
            16,
            (33550, 12, 3, struct.pack('<3d', 5e-324, 1e308, 0)),
            (33922, 12, 6, struct.pack('<6d', 0, 0, 0, 1e308, -1e308, 0)),
            (34735, 3, 8, struct.pack('<8H', 1, 1, 0, 1, 2048, 0, 1, 4326)),
        )
    ),
    'texts.png': lambda: _packed(300, 7_900_000),
    'profile.png': lambda: png((b'iCCP', b'a\0\0' + zlib.compress(bytes(500_000_000), 9))),
    'side.png': lambda: png(side=16)[:16] + struct.pack('>II', 2**31 - 1, 2**31 - 1) + png()[24:],
    'screen.gif': lambda: b'GIF89a' + struct.pack('<HHBBB', 65535, 65535, 0xF7, 0, 0) + bytes(900),
    'frames.gif': lambda: (
        b'GIF89a'
        + struct.pack('<HHBBB', 8000, 8000, 0x80, 0, 0)
        + bytes(6)
        + (b',' + struct.pack('<HHHHB', 0, 0, 8000, 8000, 0) + b'\x02\x02\x44\x01\0') * 2000
        + b';'
    ),
    'side.bmp': lambda: (
        b'BM'
        + struct.pack('<IHHIIiiHHIIiiII', 99, 0, 0, 54, 40, 2**31 - 1, 2**31 - 1, 1, 24, *[0] * 6)
    ),
    'side.jpg': lambda: (
        b'\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc2\0\x11\x08\xff\xff\xff\xff\x03'
        b'\1\x44\0\2\x11\0\3\x11\0' + bytes(2000)
    ),
    'side.webp': lambda: b'RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0' + b'\xff' * 6 + bytes(8),
    'tiles.jp2': lambda: _codestream(2**31, 2**31, 1, 1),
    'image.jp2': lambda: _codestream(2**32 - 1, 2**32 - 1, 2**32 - 1, 2**32 - 1),
    'components.jp2': lambda: _codestream(64, 64, 64, 64, 16384),
    'boxes.jp2': lambda: (
        b'\0\0\0\x0cjP  \r\n\x87\n' + b'\0\0\0\x14ftypjp2 \0\0\0\0jp2 ' + b'\0\0\0\x08asoc' * 20_000
    ),
    'side.pgm': lambda: b'P5 2147483647 2147483647 255\n' + bytes(100),
    'side.asc': lambda: (
        b'ncols 2147483647\nnrows 2147483647\nxllcorner 0\nyllcorner 0\ncellsize 1\n1 2 3\n'
    ),
    'grid.asc': lambda: b'ncols 100\nnrows 100\nxllcorner 0\nyllcorner 0\ncellsize 0\n1 2 3\n',
    'side.grb': lambda: b'GRIB\0\0\0\2' + struct.pack('>Q', 2**40) + b'\xff' * 200,
    'side.grb1': lambda: b'GRIB\xff\xff\xff\x01' + b'\xff' * 200,
    'side.dt0': lambda: b'UHL1' + b'9' * 3500,
    'side.dem': lambda: b'USGS DEM'.ljust(144) + b'9' * 1200,
}


def _codestream(width: int, height: int, across: int, down: int, components: int = 1) -> bytes:
    size = struct.pack('>HIIIIIIIIH', 0, width, height, 0, 0, across, down, 0, 0, components)
    size += b'\x07\x01\x01' * components
    return (
        b'\xff\x4f\xff\x51'
        + struct.pack('>H', min(2 + len(size), 65535))
        + size
        + b'\xff\x52\0\x0c\0\0\0\1\0\5\4\4\0\1\xff\x5c\0\x13\x40'
        + bytes(16)
        + b'\xff\x90\0\x0a\0\0\0\0\0\0\0\1\xff\x93'
        + bytes(100)
    )


# How files of each kind begin.
MAGICS = {
    'tif': b'II*\0\x08\0\0\0',
    'btf': b'II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0',
    'big.tif': b'MM\0*\0\0\0\x08\0\x10',
    'png': b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\0\0\0\0',
    'jpg': b'\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0',
    'gif': b'GIF89a\x10\0\x10\0\xf7\0\0',
    'webp': b'RIFF\xff\0\0\0WEBPVP8 ',
    'vp8l': b'RIFF\xff\0\0\0WEBPVP8L',
    'bmp': b'BM\xff\xff\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x10\0\0\0\x10\0\0\0',
    'jp2': b'\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ',
    'j2k': b'\xff\x4f\xff\x51\0\x29',
    'pgm': b'P5 16 16 255\n',
    'grb': b'GRIB\0\0\0\2\0\0\0\0\0\0\2\0',
    'avif': b'\0\0\0\x1cftypavif\0\0\0\0',
    'jxl': b'\0\0\0\x0cJXL \r\n\x87\n',
    'psd': b'8BPS\0\1',
    'ico': b'\0\0\1\0\1\0',
    'fli': b'\x80\0\0\0\x11\xaf',
    'dds': b'DDS |\0\0\0',
    'icns': b'icns\0\0\1\0',
    'sgi': b'\1\xda\1\1\0\3',
    'tga': b'\0\0\x0a\0\0\0\0\0\0\0\0\0\x10\0\x10\0\x18\0',
    'hdf': b'\x89HDF\r\n\x1a\n',
    'ndpi': b'II*\0\x10\0\0\0',
    'asc': b'ncols 9\nnrows 9\nxllcorner 0\nyllcorner 0\ncellsize 1\n',
    'dt0': b'UHL1',
}


def claiming(folder: Path) -> Iterator[Path]:
    """Write files that claim more than they have."""
    for name, make in BOMBS.items():
        (folder / name).write_bytes(make())
        yield folder / name


def noise(folder: Path, each: int = 2) -> Iterator[Path]:
    """Write random bytes behind the first ones of each kind of file."""
    dice = random.Random(4)
    for suffix, magic in MAGICS.items():
        for number in range(each):
            path = folder / f'noise-{number}.{suffix}'
            path.write_bytes(magic + dice.randbytes(dice.choice((0, 50, 500, 5000))))
            yield path


def pyramid(path: Path, compression: str = 'JPEG', bands: int = 3) -> Path:
    """A tiled TIFF on the web's map, with overviews: tiles are sent from it as they are stored."""
    extent = 20037508.342789244
    return factories.raster(
        path,
        factories.gradient(1024, 1024, bands),
        epsg=3857,
        bounds=(-extent, -extent, extent, extent),
        driver='COG',
        options={
            'COMPRESS': compression,
            'BLOCKSIZE': 256,
            **({'QUALITY': 60} if compression in ('JPEG', 'WEBP') else {}),
        },
    )


def cuts(folder: Path, count: int = 200) -> Iterator[Path]:
    """Write a valid pyramid, cut at so many places."""
    content = pyramid(folder / 'whole.tif').read_bytes()
    # Half of them in what comes first: the directories.
    places = [len(content) * n // count for n in range(0, count, 2)]
    places += [2000 * n // count for n in range(1, count, 2)]
    for number, place in enumerate(sorted(places)):
        path = folder / f'cut-{number}.tif'
        path.write_bytes(content[:place])
        yield path


def damaged(folder: Path, each: int = 15) -> Iterator[Path]:
    """Write pyramids with bytes rewritten: in their directories, and in their blocks."""
    dice = random.Random(5)
    for compression in ('JPEG', 'WEBP', 'DEFLATE', 'LZW'):
        content = pyramid(folder / f'whole-{compression}.tif', compression).read_bytes()
        for number in range(each):
            changed = bytearray(content)
            reach = 2500 if number % 2 else len(content)
            for _ in range(dice.choice((1, 3, 10))):
                place = dice.randrange(8, reach)
                value = dice.choice(
                    (b'\0' * 4, b'\xff' * 4, b'\xff\xff\xff\x7f', dice.randbytes(4))
                )
                changed[place : place + 4] = value
            path = folder / f'damaged-{compression}-{number}.tif'
            path.write_bytes(changed)
            yield path


NAMES = [
    'vsizip',
    'vsicurl',
    'a:b.tif',
    'GTIFF_DIR:1:a.tif',
    'GTIFF_DIR:2:GTIFF_DIR:1:a.tif',
    'GTIFF_RAW:a.tif',
    'HDF5:"a.tif":b',
    'JPEG_SUBFILE:0,10,a.tif',
    'NETCDF:"a.tif":b.tif',
    'new\nline.tif',
    'per%00cent.tif',
    'per%2e%2ecent.tif',
    'question?.tif',
    'hash#.tif',
    '<VRTDataset>.tif',
    '{"type": "x"}.tif',
    'quote".tif',
    "apostrophe'.tif",
    'back\\slash.tif',
    '-dash.tif',
    'image.tif[page=1].tif',
    'a b.tif',
    '..tif',
    'ünïcödé.tif',
    'MEM:::DATAPOINTER=1',
    'PG:dbname=a.tif',
    'vrt:a.tif',
]


def named(folder: Path) -> Iterator[Path]:
    """Write plain images under names that GDAL, or a library, could take for something else."""
    content = factories.raster(folder / 'a.tif', np.full((64, 64), OWN, 'uint8')).read_bytes()
    for name in NAMES:
        (folder / name).write_bytes(content)
        yield folder / name
