"""What is measured: a raster, the tiles that are asked of it, and who can answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

from benchmarks.tiles import Footprint, Tile, tile_list

Protocol = Literal['xyz', 'iiif', 'thumbnail']


@dataclass(frozen=True)
class Stretch:
    """One band between two values in the colours of a palette."""

    low: int
    high: int
    palette: str


# The rasters of the catalogue: sensor, date and band are in their names.
CATALOG = 'scenes'
SCENE = ('S2', '20240531')


def band_file(band: str) -> str:
    """Return the filename of a band of the scene."""
    return f'{CATALOG}/{"_".join((*SCENE, band))}.tif'


@dataclass(frozen=True)
class Layer:
    """What a catalogue shows of one scene: a band of it, three as colours, or a formula of two.

    `query` is what Terracotta calls the parameters, and `bands` are those that it names.
    """

    name: Literal['singleband', 'rgb', 'compute']
    bands: tuple[str, ...]
    query: dict[str, str]

    def address(self, tile: Tile) -> str:
        """Return path and query of a tile, below the path of the catalogue."""
        values = '/'.join((*SCENE, *self.bands) if self.name == 'singleband' else SCENE)
        return f'/{self.name}/{values}/{tile.z}/{tile.x}/{tile.y}.png?{urlencode(self.query)}'


@dataclass(frozen=True)
class Case:
    """One row of the table.

    `goals` are the ratios to reach, by the name of a peer; the peers that are not in it are
    measured all the same. `protocol` is how tiles are asked for: by level, column and row, or by
    region and size as in IIIF's Image API 2; or it is one small picture of the whole image. With a
    `layer` they are asked of a catalogue, which finds the files by their keys.
    """

    name: str
    title: str
    filename: str
    suffix: str
    footprint: Footprint
    peers: tuple[str, ...]
    goals: dict[str, float] = field(default_factory=dict)
    stretch: Stretch | None = None
    protocol: Protocol = 'xyz'
    layer: Layer | None = None

    @property
    def filenames(self) -> tuple[str, ...]:
        """All files that are read."""
        return tuple(map(band_file, self.layer.bands)) if self.layer else (self.filename,)

    @property
    def projected(self) -> bool:
        """Whether the tiles are those of a web map, not of the raster's own pixel grid."""
        return self.footprint.crs is not None

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """The tiles that are asked for; the first one stands for a thumbnail."""
        if self.protocol == 'thumbnail':
            return (Tile(0, 0, 0),)
        return tile_list(self.footprint)

    def image_request(self, tile: Tile) -> str:
        """Return the request of IIIF's Image API 2 for a tile, or for the thumbnail."""
        if self.protocol == 'thumbnail':
            return f'full/!400,400/0/default.{self.suffix}'
        left, top, width, height = self.footprint.pixel_window(tile)
        columns = -(-width // self.footprint.pixel_scale(tile))
        return f'{left},{top},{width},{height}/{columns},/0/default.{self.suffix}'

    @property
    def media_type(self) -> str:
        """The content type of the answers."""
        return {'png': 'image/png', 'jpg': 'image/jpeg'}[self.suffix]


# 12000 x 12000 pixels of 60 m: the Alps, the Adriatic and the Balkans. Level 11 is the first that
# is as fine as the pixels.
UTM = Footprint(140_000, 5_340_000, 860_000, 4_620_000, crs='EPSG:32633', levels=(6, 11))
# 48 x 48 tiles of level 11 in the same land, from a corner of level 7: the pyramid's blocks are
# tiles.
MERCATOR_TILES = 48
MERCATOR_LEVEL = 11
MERCATOR_CORNER = (68 * 16, 44 * 16)
MERCATOR = Footprint.of_tiles(MERCATOR_LEVEL, MERCATOR_CORNER, MERCATOR_TILES, levels=(6, 11))

PYRAMID = Footprint.of_pixels(12_000, 12_000)
# The coarsest two levels are too few pixels of each stored tile for iipsrv to decode.
JP2 = Footprint.of_pixels(6_000, 6_000, first=2)


def iiif(protocol: Protocol, name: str, goal: float) -> Case:
    """Return a case of IIIF's Image API, of the pyramid or of the JP2, to be won by `goal`."""
    source, filename, footprint = {
        'pyramid': ('pyramid JPEG TIFF', 'pyramid-jpeg.tif', PYRAMID),
        'jp2': ('JP2', 'plain.jp2', JP2),
    }[name]
    picture = {'iiif': 'tile', 'thumbnail': 'thumbnail'}[protocol]
    return Case(
        f'{protocol}-{name}',
        f'{source} → IIIF {picture}',
        filename,
        'jpg',
        footprint,
        ('iipsrv',),
        {'iipsrv': goal},
        protocol=protocol,
    )


def catalog(title: str, layer: Layer) -> Case:
    """Return a case of a catalogue, whose rasters lie on the same grid."""
    return Case(
        f'catalog-{layer.name}',
        f'catalogue: {title}',
        band_file(layer.bands[0]),
        'png',
        UTM,
        ('terracotta',),
        {'terracotta': 10},
        layer=layer,
    )


CASES = (
    Case(
        'utm-rgb-png',
        'UTM RGB deflate COG → PNG',
        'utm-rgb-deflate.tif',
        'png',
        UTM,
        ('titiler', 'django-large-image'),
        {'titiler': 10, 'django-large-image': 6},
    ),
    Case(
        'utm-rgb-jpeg',
        'UTM RGB JPEG COG → JPEG',
        'utm-rgb-jpeg.tif',
        'jpg',
        UTM,
        ('titiler', 'django-large-image'),
        {'titiler': 10, 'django-large-image': 6},
    ),
    Case(
        'mercator-jpeg',
        'web-mercator JPEG COG → JPEG',
        'mercator-rgb-jpeg.tif',
        'jpg',
        MERCATOR,
        ('titiler', 'django-large-image'),
        {'titiler': 15},
    ),
    Case(
        'utm-uint16-png',
        'UTM uint16 with nodata → viridis PNG',
        band_file('B04'),
        'png',
        UTM,
        ('titiler', 'terracotta', 'django-large-image'),
        {'terracotta': 10, 'titiler': 20},
        Stretch(200, 9000, 'viridis'),
    ),
    Case(
        'pyramid-jpeg',
        'pyramid JPEG TIFF → JPEG tile',
        'pyramid-jpeg.tif',
        'jpg',
        PYRAMID,
        ('iipsrv', 'django-large-image'),
        {'iipsrv': 1.2},
    ),
    Case(
        'jp2-jpeg',
        'JP2 → JPEG tile',
        'plain.jp2',
        'jpg',
        JP2,
        ('iipsrv', 'django-large-image'),
        {'iipsrv': 4, 'django-large-image': 1.5},
    ),
    iiif('iiif', 'pyramid', 1.2),
    iiif('iiif', 'jp2', 4),
    iiif('thumbnail', 'pyramid', 3),
    iiif('thumbnail', 'jp2', 3),
    catalog(
        'uint16 → viridis PNG',
        Layer('singleband', ('B04',), {'colormap': 'viridis', 'stretch_range': '[200,9000]'}),
    ),
    catalog(
        'three of uint16 → RGB PNG',
        Layer(
            'rgb',
            ('B04', 'B08', 'B02'),
            {
                'r': 'B04',
                'g': 'B08',
                'b': 'B02',
                'r_range': '[200,9000]',
                'g_range': '[500,12000]',
                'b_range': '[200,7000]',
            },
        ),
    ),
    catalog(
        'NDVI of two of uint16 → rdylgn PNG',
        Layer(
            'compute',
            ('B08', 'B04'),
            {
                'expression': '(v1-v2)/(v1+v2)',
                'v1': 'B08',
                'v2': 'B04',
                'stretch_range': '[-1,1]',
                'colormap': 'rdylgn',
            },
        ),
    ),
)
