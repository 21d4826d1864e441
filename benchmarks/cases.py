"""What is measured: a raster, the tiles that are asked of it, and who can answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.tiles import Footprint


@dataclass(frozen=True)
class Stretch:
    """One band between two values in the colours of a palette."""

    low: int
    high: int
    palette: str


@dataclass(frozen=True)
class Case:
    """One row of the table.

    `goals` are the ratios to reach, by the name of a peer; the peers that are not in it are
    measured all the same.
    """

    name: str
    title: str
    filename: str
    suffix: str
    footprint: Footprint
    peers: tuple[str, ...]
    goals: dict[str, float] = field(default_factory=dict)
    stretch: Stretch | None = None

    @property
    def projected(self) -> bool:
        """Whether the tiles are those of a web map, not of the raster's own pixel grid."""
        return self.footprint.crs is not None

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
        'utm-uint16-deflate.tif',
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
        Footprint.of_pixels(12_000, 12_000),
        ('iipsrv', 'django-large-image'),
        {'iipsrv': 1.2},
    ),
    Case(
        'jp2-jpeg',
        'JP2 → JPEG tile',
        'plain.jp2',
        'jpg',
        # The coarsest two levels are too few pixels of each stored tile for iipsrv to decode.
        Footprint.of_pixels(6_000, 6_000, first=2),
        ('iipsrv', 'django-large-image'),
        {'iipsrv': 4, 'django-large-image': 1.5},
    ),
)
